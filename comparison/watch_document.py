"""A watch or a digest as it is kept: JSON of a version, which is read without any words."""

import json
from dataclasses import astuple, fields, is_dataclass
from datetime import time
from typing import Any

from comparison.errors import RequestError
from comparison.run_reference import (
    Filtered,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    Unfinished,
)
from comparison.watch import Digest, MetricRule, OnlyRuns, QuietHours, Watch, WeeklySchedule

VERSION = 1
_SPOTS = frozenset({"at", "end"})  # where a run was named: of the words, not of the run
_BESIDE = frozenset({"experiment_id", "visible"})
_REFERENCES: dict[str, type[Any]] = {
    each.__name__: each for each in (Named, Linked, Latest, Leading, Pinned, Registered, Unfinished, OfDay, Filtered)
}


def watch_document(watching: Watch) -> str:
    """The watch without the experiment it is tied to and what its channel may see, which are kept beside it."""
    content = {each.name: getattr(watching, each.name) for each in fields(Watch) if each.name not in _BESIDE}
    return _document({"watch": {name: _encoded(value) for name, value in content.items() if value}})


def digest_document(digest: Digest) -> str:
    hours = digest.hours
    content = {"days": list(hours.days), "at": _clock(hours.at), "zone": hours.zone}
    return _document({"digest": content | {"experiments": list(digest.experiments)}})


def watch_from(document: str) -> Watch:
    """Raises RequestError for what is no watch, or of a later version."""
    content = _content(document, "watch")
    try:
        said = {each.name: content[each.name] for each in fields(Watch) if each.name in content}
        return Watch(**{"place": ""} | {name: _decoded(name, value) for name, value in said.items()})
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _unread() from error


def digest_from(document: str) -> Digest:
    """Raises RequestError for what is no digest, or of a later version."""
    content = _content(document, "digest")
    try:
        hours = WeeklySchedule(tuple(content["days"]), time.fromisoformat(content["at"]), content["zone"])
        return Digest(hours, tuple(content["experiments"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unread() from error


def _document(content: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION} | content, separators=(",", ":"))


def _content(document: str, what: str) -> dict[str, Any]:
    try:
        content = json.loads(document)
    except ValueError as error:
        raise _unread() from error
    if not isinstance(content, dict) or content.get("version") != VERSION or not isinstance(content.get(what), dict):
        raise _unread()
    found: dict[str, Any] = content[what]
    return found


def _unread() -> RequestError:
    return RequestError("What is kept of this watch cannot be read.", remedy="Remove it, and set it up again.")


def _encoded(value: object) -> object:
    match value:
        case QuietHours(begin=begin, end=end, zone=zone):
            return [_clock(begin), _clock(end), zone]
        case MetricRule():
            return list(astuple(value))
        case tuple():
            return [_encoded(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            content = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in _SPOTS}
            return {"kind": type(value).__name__} | content
    return value


def _decoded(name: str, value: Any) -> Any:
    match name:
        case "baseline":
            return _reference_from(value)
        case "only":
            return OnlyRuns(value)
        case "rules":
            return tuple(MetricRule(*rule) for rule in value)
        case "quiet":
            return QuietHours(time.fromisoformat(value[0]), time.fromisoformat(value[1]), value[2])
    return tuple(value) if isinstance(value, list) else value


def _reference_from(content: dict[str, Any]) -> RunReference:
    found: RunReference = _REFERENCES[content["kind"]](
        **{name: value for name, value in content.items() if name != "kind"}
    )
    return found


def _clock(at: time) -> str:
    return at.isoformat("minutes")
