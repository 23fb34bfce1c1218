"""A name as it can be typed: in quotes where it would be read as something else."""

import re

from comparison.errors import NotUnderstood
from comparison.language.cover import cover
from comparison.language.names import Names
from comparison.language.scanner import scan

QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("`", "`"), ("```", "```"))
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.+/-]*")
_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
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
    ends_plainly = name[-1].isalnum() or name[-1] in "*_/"  # a last "?" asks, other signs end a sentence
    return name if is_pattern and ends_plainly else quoted(name)
