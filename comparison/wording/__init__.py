"""All wording: a comparison, a call for help or an error in words, as a Report. No markup, any surface."""

from comparison.wording.answer import word
from comparison.wording.choices import choice
from comparison.wording.failing import error_report
from comparison.wording.helping import help_report
from comparison.wording.reasons import part, reasons

__all__ = ["choice", "error_report", "help_report", "part", "reasons", "word"]
