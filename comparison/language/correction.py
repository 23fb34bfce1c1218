"""What was said with a name put where the wrong or doubtful one stood, so that it can be said again as it stands."""

import re

from comparison.judgement.goals import EITHER
from comparison.language.quotes import quoted as quote

__all__ = ["complete_request", "offered", "quote"]

_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|<[^>]*>?|[^\s,]+")


def complete_request(text: str, at: int | None, end: int | None, name: str) -> str:
    """The text with `name` in place of what stands at the spot; "" where there is no spot or no way to write it."""
    written = quote(name)
    if at is None or not 0 <= at < len(text) or not written:
        return ""
    if end is None or end <= at:
        found = _TOKEN.match(text, at)
        end = found.end() if found else at
    if name.isdecimal() and text[at:end].lstrip("-").isdecimal():  # a number in place of a number is no name
        written = name
    return f"{text[:at]}{written}{text[end:]}".strip() if end > at else ""


def offered(metric: str) -> str:
    """How a goal is set, where nobody knows which: no direction is proposed."""
    return f"set goal {quote(metric) or metric} {EITHER}"
