"""All wording: a comparison, a call for help or an error in words, as a Report. No markup, any surface."""

from comparison.wording.answer import word
from comparison.wording.choices import choice
from comparison.wording.failing import error_report
from comparison.wording.helping import Examples, examples_of, help_report
from comparison.wording.reasons import part, reasons

__all__ = ["Examples", "choice", "error_report", "examples_of", "help_report", "part", "reasons", "word"]
