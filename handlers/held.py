"""What a button holds: the runs and options of its comparison, so that it works on every replica, a year later.

Ids and options only. The same goes into the metadata of the message, without what people typed.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from comparison.following import compared
from comparison.outcome import Comparison, GoalSource, MetricComparison
from comparison.request import Compare
from comparison.runs import Run
from handlers.limits import VALUE

MOST_PAYLOAD = 1_000  # characters of the metadata
_ID = re.compile(r"[0-9a-zA-Z]{1,64}")
_FLAGS = {"a": "everything", "b": "best", "d": "differing", "w": "why"}


@dataclass(frozen=True, slots=True)
class Held:
    """A comparison as it stands in a message. `seen` tells whether its runs have moved on since."""

    request: Compare
    asked_by: str = ""
    seen: str = ""


def hold(request: Compare, comparison: Comparison, *, asked_by: str = "") -> Held | None:
    """What to hold of a comparison that was made; None where a side is more than one run."""
    if any(len(side.runs) != 1 for side in comparison.sides):
        return None
    runs = [side.runs[0] for side in comparison.sides]
    told = compared([run.run_id for run in runs])
    kept = replace(request, runs=told.runs, experiment="", part="", text="")
    return Held(kept, asked_by, digest(runs, comparison.metrics))


def digest(runs: Iterable[Run], metrics: Iterable[MetricComparison] = ()) -> str:
    """Differs where anything of the runs does that a comparison shows, or what the channel agreed on."""
    agreed: list[tuple[str, object]] = [
        (each.name, each.goal.value) for each in metrics if each.goal_source is GoalSource.CHANNEL
    ]
    agreed += [(each.name, each.tolerance) for each in metrics if each.tolerance_source is GoalSource.CHANNEL]
    told: list[Any] = [
        (
            run.run_id,
            run.name,
            run.status.value,
            run.ended_at,
            run.deleted,
            [(name, metric.value, metric.step) for name, metric in sorted(run.metrics.items())],
            sorted(run.parameters.items()),
            sorted(run.tags.items()),
        )
        for run in runs
    ]
    told += [sorted(agreed)] if agreed else []
    return sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def write(held: Held) -> str:
    """As the value of a button; "" where it does not fit."""
    request = held.request
    flags = "".join(sign for sign, name in _FLAGS.items() if getattr(request, name))
    told: dict[str, Any] = {"r": ",".join(ids(request))}
    told |= {"o": flags} if flags else {}
    told |= {"s": request.at_step} if request.at_step is not None else {}
    told |= {"t": request.tolerance} if request.tolerance is not None else {}
    told |= {"u": held.asked_by} if held.asked_by else {}
    told |= {"d": held.seen} if held.seen else {}
    told |= {"m": list(request.metrics)} if request.metrics else {}
    text = json.dumps(told, separators=(",", ":"))
    return text if len(text) <= VALUE else ""


def read(value: str) -> Held | None:
    """What a button holds; None for what is none of ours, or of a version that held something else."""
    try:
        told = json.loads(value)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    runs = str(told.get("r", "")).split(",")
    metrics, step = told.get("m", []), told.get("s")
    if len(runs) < 2 or not all(map(_ID.fullmatch, runs)) or not _are_texts(metrics):
        return None
    if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
        return None
    tolerance = told.get("t")
    if not (tolerance is None or (isinstance(tolerance, int | float) and 0 <= tolerance < 1)):
        return None
    flags = {name: sign in str(told.get("o", "")) for sign, name in _FLAGS.items()}
    request = replace(compared(runs), metrics=tuple(metrics), at_step=step, tolerance=tolerance, **flags)  # type: ignore[arg-type]
    return Held(request, str(told.get("u", "")), str(told.get("d", "")))


def ids(request: Compare) -> tuple[str, ...]:
    """The full ids of runs that were compared."""
    return tuple(getattr(each, "text", "") for each in request.runs)


def payload(held: Held | None, run_ids: Sequence[str]) -> dict[str, Any]:
    """For the metadata, which others can read: ids and options."""
    request = held.request if held else None
    told: dict[str, Any] = {"runs": list(run_ids)}
    for name in _FLAGS.values():
        told |= {name: True} if request and getattr(request, name) else {}
    told |= {"at_step": request.at_step} if request and request.at_step is not None else {}
    told |= {"tolerance": request.tolerance} if request and request.tolerance is not None else {}
    while len(json.dumps(told)) > MOST_PAYLOAD:
        told["runs"].pop()
    return told


def _are_texts(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(each, str) for each in told)
