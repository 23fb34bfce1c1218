"""A watch or a digest as it is kept: JSON of a version, which is read without any words."""

import json
from dataclasses import fields
from datetime import time
from typing import Any

from comparison import run_reference
from comparison.errors import RequestError
from comparison.run_reference import Named, RunReference
from comparison.watch import Digest, MetricRule, OnlyRuns, QuietHours, Watch, WeeklySchedule

VERSION = 1
_SPOTS = frozenset({"at", "end"})  # where a run was named: of the words, not of the run
_PLAIN = ("place", "against", "where", "user", "mentions_owner", "broadcasts", "only_clear", "seeds")
_REFERENCES = ("Named", "Linked", "Latest", "Leading", "Pinned", "Registered", "Unfinished", "OfDay", "Filtered")


def watch_document(watching: Watch) -> str:
    """The watch without the experiment it is tied to, which is kept beside it."""
    content: dict[str, Any] = {name: getattr(watching, name) for name in _PLAIN}
    content |= {"metrics": list(watching.metrics), "excepted": list(watching.excepted)}
    content["only"] = watching.only.value if watching.only else ""
    content["rules"] = [[rule.metric, rule.sign, rule.amount, rule.is_percent] for rule in watching.rules]
    if watching.baseline is not None:
        content["baseline"] = _reference(watching.baseline)
    if quiet := watching.quiet:
        content["quiet"] = [_clock(quiet.begin), _clock(quiet.end), quiet.zone]
    return _document({"watch": {name: value for name, value in content.items() if value}})


def digest_document(digest: Digest) -> str:
    hours = digest.hours
    content = {"days": list(hours.days), "at": _clock(hours.at), "zone": hours.zone}
    return _document({"digest": content | {"experiments": list(digest.experiments)}})


def watch_from(document: str) -> Watch:
    """Raises RequestError for what is no watch, or of a later version."""
    content = _content(document, "watch")
    try:
        quiet, only = content.get("quiet"), content.get("only")
        return Watch(
            **{name: content[name] for name in _PLAIN if name in content and name != "place"},
            place=content.get("place", ""),
            baseline=_reference_from(content["baseline"]) if "baseline" in content else None,
            only=OnlyRuns(only) if only else None,
            rules=tuple(MetricRule(*rule) for rule in content.get("rules", ())),
            metrics=tuple(content.get("metrics", ())),
            excepted=tuple(content.get("excepted", ())),
            quiet=QuietHours(time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1]), quiet[2]) if quiet else None,
        )
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


def _reference(reference: RunReference) -> dict[str, Any]:
    content = {each.name: getattr(reference, each.name) for each in fields(reference) if each.name not in _SPOTS}
    return {"kind": type(reference).__name__} | content


def _reference_from(content: dict[str, Any]) -> RunReference:
    if content["kind"] not in _REFERENCES:
        raise ValueError(content["kind"])
    kind: type[Named] = getattr(run_reference, content["kind"])
    return kind(**{name: value for name, value in content.items() if name != "kind"})


def _clock(at: time) -> str:
    return at.isoformat("minutes")
