"""All wording: a comparison, a call for help or an error in words, as a Report. No markup, any surface."""

from comparison.wording.answer import word
from comparison.wording.failing import error_report
from comparison.wording.helping import help_report

__all__ = ["error_report", "help_report", "word"]
