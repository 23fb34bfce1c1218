"""What was said with a name put where the wrong or doubtful one stood, so that it can be said again as it stands."""

import re

from comparison.errors import RequestError
from comparison.judgement.goals import EITHER
from comparison.language.parser import parse
from comparison.request import Compare
from comparison.run_reference import Named

_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]*(?:/[\w.+-]+)*")
_QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("'", "'"))
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|<[^>]*>?|[^\s,]+")
_OTHER = "0" * 32
_LONGEST = 500  # characters of a name that anybody would type


def complete_request(text: str, at: int | None, end: int | None, name: str) -> str:
    """The text with `name` in place of what stands at the spot; "" where there is no spot or no way to write it."""
    written = quote(name)
    if at is None or not 0 <= at < len(text) or not written:
        return ""
    if end is None or end <= at:
        found = _TOKEN.match(text, at)
        end = found.end() if found else at
    return f"{text[:at]}{written}{text[end:]}".strip() if end > at else ""


def quote(name: str) -> str:
    """The name as it can be typed, in quotes unless it is a plain word that means nothing else; "" if it cannot be."""
    bare = (("", ""),) if _PLAIN.fullmatch(name) else ()
    if len(name) > _LONGEST:
        return ""
    pairs = sorted(_QUOTES, key=lambda pair: pair[0] in name or pair[1] in name)  # first those that it does not hold
    return next((f"{o}{name}{c}" for o, c in (*bare, *pairs) if _is_read_back(f"{o}{name}{c}", name)), "")


def offered(metric: str) -> str:
    """How a goal is set, where nobody knows which: no direction is proposed."""
    return f"set goal {quote(metric) or metric} {EITHER}"


def _is_read_back(written: str, name: str) -> bool:
    """Whether it is read as this name wherever it stands."""
    other = Named(_OTHER)
    told = {f"{written} vs {_OTHER}": (Named(name), other), f"{_OTHER} vs {written}": (other, Named(name))}
    try:
        return all(isinstance(read := parse(text), Compare) and read.runs == runs for text, runs in told.items())
    except RequestError:
        return False
