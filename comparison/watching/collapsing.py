"""Which messages a channel gets for runs that ended: one each, one a sweep, one a burst, one for a quiet night."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from comparison.runs import Run

HANDFUL = 5  # messages that may wait for one channel; what comes on top shares one
BURST = 10 * 60_000  # ms without a further run after which a burst is over


class Kind(StrEnum):
    RUN = "run"
    SWEEP = "sweep"
    BURST = "burst"
    QUIET = "quiet"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message. An announcement with the key of one that stands adds its runs to it."""

    key: str
    kind: Kind
    run_ids: tuple[str, ...]
    not_before: int = 0  # ms since the epoch


@dataclass(frozen=True, slots=True)
class Standing:
    """What a watch has announced and can still be added to, or waits: `last` is when a run joined it, in ms."""

    key: str
    kind: Kind
    last: int
    is_waiting: bool = False


def collapse(
    watch_id: str, fresh: Sequence[Run], standing: Iterable[Standing], *, now: int, quiet_until: int | None = None
) -> tuple[Announcement, ...]:
    """Every fresh run is in exactly one announcement, in the order they ended."""
    known = list(standing)
    sweeps = {each.key for each in known if each.kind is Kind.SWEEP}
    parents = {run.parent_id for run in fresh if run.parent_id}
    groups: dict[str, tuple[Kind, list[str]]] = {}
    alone: list[Run] = []
    for run in fresh:
        sweep = _sweep(watch_id, run.parent_id or run.run_id)
        if run.parent_id or run.run_id in parents or sweep in sweeps:
            groups.setdefault(sweep, (Kind.SWEEP, []))[1].append(run.run_id)
        else:
            alone.append(run)
    if alone and quiet_until is not None:
        groups[f"quiet:{watch_id}:{quiet_until}"] = Kind.QUIET, [run.run_id for run in alone]
    elif alone:
        _share(watch_id, alone, known, now, groups)
    return tuple(Announcement(key, kind, tuple(ids), quiet_until or 0) for key, (kind, ids) in groups.items())


def _share(
    watch_id: str, alone: Sequence[Run], known: Sequence[Standing], now: int, groups: dict[str, tuple[Kind, list[str]]]
) -> None:
    burst = next((each.key for each in known if each.kind is Kind.BURST and now - each.last < BURST), "")
    waiting = sum(each.is_waiting for each in known)
    if burst or waiting + len(alone) > HANDFUL:
        groups[burst or f"burst:{watch_id}:{alone[0].run_id}"] = Kind.BURST, [run.run_id for run in alone]
        return
    groups.update({f"run:{watch_id}:{run.run_id}": (Kind.RUN, [run.run_id]) for run in alone})


def _sweep(watch_id: str, parent_id: str) -> str:
    return f"sweep:{watch_id}:{parent_id}"
