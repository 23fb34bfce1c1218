"""Characters that act on what shows them (a terminal, a line of text), in the forms that act on nothing.

Names of runs are data: one that holds an escape sequence must not paint, move or answer anything in a terminal, and one
that turns the direction of writing must not reorder our words.
"""

import json
import re
import unicodedata
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

_UNUSUAL = re.compile(r"[^\x20-\x7e]")  # all that could act is among these
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # part of Persian words and of emoji
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # which keep a text's direction to itself
_BLANKS = "\n\r\t\v\f\u2028\u2029\x85"
_Value = TypeVar("_Value")


def acts(character: str) -> bool:
    """Whether it is no character to be seen: controls, marks of direction, breaks of lines, broken surrogates."""
    return unicodedata.category(character) in _ACTING and character not in _JOINERS


def dropped(text: str) -> str:
    """Without them, on one line, for reading; isolates that are ended stay."""
    isolates = "" if text.count(_ISOLATE) != text.count(_END_ISOLATE) else f"{_ISOLATE}{_END_ISOLATE}"

    def seen(found: re.Match[str]) -> str:
        if found[0] in _BLANKS:
            return " "
        return "" if acts(found[0]) and found[0] not in isolates else found[0]

    return _UNUSUAL.sub(seen, text)


def written_out(text: str) -> str:
    r"""On one line, each written as an escape, such as `\x1b`: texts that differ stay different."""
    return _UNUSUAL.sub(lambda found: found[0].encode("unicode_escape").decode() if acts(found[0]) else found[0], text)


def clean(value: _Value) -> _Value:
    """The same value with them dropped from all texts within."""
    cleaned: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        cleaned = dropped(value)
    elif isinstance(value, tuple | list):
        cleaned = type(value)(map(clean, value))
    elif is_dataclass(value) and not isinstance(value, type):
        cleaned = replace(value, **{each.name: clean(getattr(value, each.name)) for each in fields(value)})
    return cleaned  # type: ignore[no-any-return]


def json_text(document: Any) -> str:
    """JSON for people and programs: letters as they are, and each of these as an escape that reads as itself."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return _UNUSUAL.sub(lambda found: _unit(found[0]) if acts(found[0]) and found[0] != "\n" else found[0], text)


def _unit(character: str) -> str:
    """A character as JSON escapes it: two halves for what lies beyond 16 bits."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
