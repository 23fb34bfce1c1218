"""What differs in parameters and tags: numbers as numbers, maps key by key, the rest as text."""

import ast
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from comparison.outcome import Difference, Differences
from comparison.races import again
from comparison.runs import Side

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_LONGEST_NUMBER = 40  # longer ones are text: an id or a hash, not a measure
_LONGEST_STRUCTURE = 20_000  # characters; MLflow keeps 6,000 of a parameter
_DEEPEST = 30  # nested brackets; deeper ones are text
_BAD_ESCAPE = re.compile(r"\\(?![\\'\"abfnrtvxuUN])")
_BYTES, _NO_ESCAPE_OF_BYTES = re.compile(r"(?<![\w'\"])[bB]['\"]"), re.compile(r"\\[uUN]")
_RUN_INTO_WORD = re.compile(r"(?:[0-9]|0[xX]\w{0,20})(?:and|else|for|if|in|is|or|not)\b")
_BRACKETS = re.compile(r"[\[\](){}]")
_ABSENT = "not logged"

_MOST_PYTHON = 500_000  # characters read as Python in one comparison, which is slow; the rest is text
_OPENING = ("{", "[", "(")

_Values = Mapping[str, str]
_Structure = dict[Any, Any] | list[Any] | tuple[Any, ...]


def compare_texts(sides: Sequence[Side], kind: str) -> Differences:
    """The `kind` ("parameters" or "tags") of the sides, in order of name."""
    logged: list[list[_Values]] = [[getattr(run, kind) for run in side.runs] for side in sides]
    names = {name for side in logged for values in side for name in values}
    reading = _Reading()
    for name in sorted(names):
        _compare_name(name, [[values.get(name) for values in side] for side in logged], reading)
    return Differences(tuple(reading.changed), reading.same)


@dataclass(slots=True)
class _Reading:
    """What was found so far; each text is parsed once, and no more Python than people wait for."""

    changed: list[Difference] = field(default_factory=list)
    same: dict[str, str] = field(default_factory=dict)
    structures: dict[str, _Structure | None] = field(default_factory=dict)
    python: int = _MOST_PYTHON

    def structure(self, text: str) -> _Structure | None:
        """A map or list written as JSON or as Python does; None for any other text, however hostile."""
        if text not in self.structures:
            self.structures[text] = self._parse(text) if text.lstrip()[:1] in _OPENING else None
        return self.structures[text]

    def _parse(self, text: str) -> _Structure | None:
        if len(text) > _LONGEST_STRUCTURE or _depth(text) > _DEEPEST:
            return None
        try:
            return _as_structure(json.loads(text, object_pairs_hook=_without_repeats))
        except ValueError:
            self.python -= len(text)
            return None if self.python < 0 else _parse_python(text)

    def key(self, text: str | None) -> Hashable:
        """What two values share when they are the same: a number, a structure, or the text itself."""
        if text is None:
            return None
        number = _number(text)
        if number is not None:
            return number
        structure = self.structure(text)
        return text if structure is None else _structure_key(structure)

    def joined(self, side: Sequence[str | None]) -> str | None:
        """One text for the values of a side's runs: each once, in order."""
        if all(text is None for text in side):
            return None
        distinct: dict[Hashable, str] = {}
        for text in side:
            distinct.setdefault(self.key(text), _ABSENT if text is None else text)
        return " | ".join(distinct.values())


def _compare_name(name: str, sides: list[list[str | None]], reading: _Reading) -> None:
    first = sides[0][0]
    if first is not None and all(text == first for side in sides for text in side):
        reading.same[name] = first
        return
    keys = [{reading.key(text) for text in side} for side in sides]
    if all(key == keys[0] for key in keys):
        reading.same[name] = reading.joined(sides[0]) or ""
        return
    maps = _maps(sides, reading)
    if maps is None:
        reading.changed.append(Difference(name, tuple(reading.joined(side) for side in sides)))
        return
    for inner in sorted({inner for side in maps for values in side for inner in values}):
        _compare_name(f"{name}.{inner}", [[values.get(inner) for values in side] for side in maps], reading)


def _number(text: str) -> Decimal | None:
    """The number a text is, exactly; None for text, which `nan`, `1_000` and very long numbers are too."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_NUMBER or not _NUMBER.fullmatch(stripped):
        return None
    return Decimal(stripped)


def _as_structure(found: object) -> _Structure | None:
    return found if isinstance(found, dict | list | tuple) else None


def _parse_python(text: str) -> _Structure | None:
    if _is_warned_of(text):
        return None
    try:
        return _as_structure(again(partial(ast.literal_eval, text.strip())))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _is_warned_of(text: str) -> bool:
    """Whether Python might print a warning while it reads this (some harmless texts too)."""
    escapes = text.replace("\\\\", "")
    if _BAD_ESCAPE.search(escapes) or _RUN_INTO_WORD.search(text):
        return True
    return bool(_BYTES.search(text) and _NO_ESCAPE_OF_BYTES.search(escapes))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _depth(text: str) -> int:
    """How deep the brackets nest, those within strings counted too."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _structure_key(value: Any) -> Hashable:
    if isinstance(value, dict):
        return ("map", frozenset((str(key), _structure_key(inner)) for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(_structure_key(inner) for inner in value))
    text = _shown(value)
    number = _number(text)
    return text if number is None else number


def _maps(sides: list[list[str | None]], reading: _Reading) -> list[list[dict[str, str | None]]] | None:
    """Every value as a flat map from dotted key to text; None unless all of them are maps."""
    maps: list[list[dict[str, str | None]]] = []
    for side in sides:
        found = [None if text is None else _flat_map(reading.structure(text)) for text in side]
        if any(values is None for values in found):
            return None
        maps.append([values for values in found if values is not None])
    return maps


def _flat_map(structure: _Structure | None) -> dict[str, str | None] | None:
    if not isinstance(structure, dict) or not structure:
        return None
    pairs = _pairs(structure)
    flat: dict[str, str | None] = dict(pairs)
    return flat if len(flat) == len(pairs) else None  # two ways to say one key: only the text is sure


def _pairs(structure: Mapping[Any, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in structure.items():
        if isinstance(value, dict) and value:
            pairs += _pairs(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", _shown(value)))
    return pairs


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
