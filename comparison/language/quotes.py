"""Names and lines as they can be typed: in quotes where they would be read as something else."""

import re

from comparison.errors import NotUnderstood
from comparison.judgement.goals import EITHER
from comparison.language.cover import cover
from comparison.language.dates import SHORT_DAYS
from comparison.language.names import Names
from comparison.language.tokens import scan

QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("`", "`"), ("```", "```"))
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.+/-]*")
_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
_TOKEN = re.compile(r"\"[^\"]*\"?|“[^”]*”?|<[^>]*>?|[^\s,]+")
_LONGEST = 500  # characters of a name
_NOTHING = Names()


def written(name: str) -> str:
    """A name for a line to type; as it is where there is no way to type it."""
    return quoted(name) or name


def quoted(name: str) -> str:
    """A name as it can be typed: plain where it is no word of ours, else in quotes; "" where it cannot be typed."""
    if len(name) > _LONGEST:
        return ""
    if _PLAIN.fullmatch(name) and _is_plain(name):
        return name
    pairs = sorted(QUOTES, key=lambda pair: pair[0] in name or pair[1] in name)
    return next((f"{o}{name}{c}" for o, c in pairs if _is_read_back(f"{o}{name}{c}", name)), "")


def _is_plain(name: str) -> bool:
    try:
        atoms = cover(scan(f"x {name}"), _NOTHING, f"x {name}")
    except NotUnderstood:
        return False
    is_name = len(atoms) == 2 and (atoms[1].is_unknown or atoms[1].key == "id")
    return is_name and atoms[1].text == name and not atoms[1].possessive


def _is_read_back(written: str, name: str) -> bool:
    try:
        tokens = scan(f"x {written} x")
    except NotUnderstood:
        return False
    return len(tokens) == 3 and tokens[1].is_quoted and tokens[1].text == name


def place_words(name: str) -> str:
    """An experiment or a pattern of names, as it can be typed."""
    if not name:
        return ""
    is_pattern = _PATTERN.fullmatch(name) and set("*?") & set(name)
    if all(part in SHORT_DAYS for part in name.casefold().split("-")):  # `mo-fr`: hours of a watch are said so
        return f'"{name}"'
    ends_plainly = name[-1].isalnum() or name[-1] in "*_/"  # a last "?" asks, other signs end a sentence
    return name if is_pattern and ends_plainly else quoted(name)


def complete_request(text: str, at: int | None, end: int | None, name: str) -> str:
    """The text with `name` in place of what stands at the spot; "" where there is no spot or no way to write it."""
    written = quoted(name)
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
    return f"set goal {quoted(metric) or metric} {EITHER}"
