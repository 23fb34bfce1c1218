"""The grammar that Slack's limits are written in: rules that look at a value and say what is wrong, and where."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)
ANY_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    words: str
    place: str  # a JSON pointer into the payload

    def __str__(self) -> str:
        return f"{self.words} [json-pointer:{self.place}]"


Rule = Callable[[Any, str], Iterator[Problem]]


def string(least: int = 1, most: int = 3000) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("must be a string", place)
        elif len(value) < least:
            yield Problem(f"must be more than {least - 1} characters", place)
        elif len(value) > most:
            yield Problem(f"must be less than {most + 1} characters", place)

    return check


def address(pattern: re.Pattern[str] = ANY_SCHEME, most: int = 3000) -> Rule:
    long_enough = string(1, most)

    def check(value: Any, place: str) -> Iterator[Problem]:
        problems = list(long_enough(value, place))
        yield from problems
        if not problems and not pattern.fullmatch(value):
            yield Problem("must be a valid URL", place)

    return check


def number(*, above: float = -math.inf) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            yield Problem("must be a number", place)
        elif value <= above:
            yield Problem(f"must be more than {above:g}", place)

    return check


def whole(least: int, most: int) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem("must be an integer", place)
        elif not least <= value <= most:
            yield Problem(f"must be between {least} and {most}", place)

    return check


def flag(value: Any, place: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem("must be a boolean", place)


def anything(_value: Any, _place: str) -> Iterator[Problem]:
    return iter(())


def mapping(value: Any, place: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem("must be an object", place)


def choice(*allowed: str) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(f"must be one of: {', '.join(allowed)}", place)

    return check


def listed(rule: Rule, least: int = 1, most: int = 100) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("must be an array", place)
            return
        if len(value) < least:
            yield Problem(f"no less than {least} items allowed", place)
        if len(value) > most:
            yield Problem(f"no more than {most} items allowed", place)
        for at, item in enumerate(value):
            yield from rule(item, f"{place}/{at}")

    return check


def maybe(rule: Rule) -> Rule:
    """The rule, or null."""
    return lambda value, place: iter(()) if value is None else rule(value, place)


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must be an object", place)
            return
        for name in required:
            if name not in value:
                yield Problem(f"missing required field: {name}", place)
        for name, content in value.items():
            if name in known:
                yield from known[name](content, f"{place}/{escape(name)}")
            else:
                yield Problem(f"invalid additional property: {name}", place)

    return check


def typed(kinds: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which rule it follows."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must be an object", place)
        elif "type" not in value:
            yield Problem("missing required field: type", place)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            yield Problem(f"unsupported type: {value['type']}", f"{place}/type")
        else:
            yield from kinds[value["type"]](value, place)

    return check


def also(rule: Rule, *more: Rule) -> Rule:
    """The rule; and, once it holds, the others too: they may rely on it."""

    def check(value: Any, place: str) -> Iterator[Problem]:
        problems = list(rule(value, place))
        yield from problems
        if not problems:
            for further in more:
                yield from further(value, place)

    return check


def needs_one_of(*names: str) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(f"must define at least one of: {', '.join(names)}", place)

    return check


def needs_exactly_one_of(*names: str) -> Rule:
    def check(value: Any, place: str) -> Iterator[Problem]:
        if sum(name in value for name in names) != 1:
            yield Problem(f"must define exactly one of: {', '.join(names)}", place)

    return check


def escape(name: str) -> str:
    """A name as a JSON pointer holds it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def parse_json(text: str | bytes) -> Any:
    """The value, strictly: a bare NaN or Infinity is no JSON. Raises ValueError."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
