"""All wording: a comparison, a call for help or an error in words, as a Report. No markup, any surface."""

from comparison.wording.answer import word

__all__ = ["word"]
