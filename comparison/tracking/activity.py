"""What ended since a moment and what runs now: few questions, no more runs than can be told, and remembered.

A server needs about 1 ms for each run it returns, more for large ones, so that the limits are what makes an answer
quick. Where a server is too slow for that many, what came in time is told, with word that there may be more.

The second time only what may have changed is asked for, side by side: the runs that ended since, those that were
deleted, and those that run. A run that was deleted, runs again or ended anew is seen at once. What was logged into a
run long after its end, or with an end long past, is seen when the memory is old: who tells which of them is the best
asks for that one as it is now.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from cachetools import LRUCache

from comparison.concurrency import both
from comparison.runs import Run, Status
from comparison.tracking.leaders import CHANGED, GOOD_FOR, OVERLAP
from comparison.tracking.source import Activity, Part

MAX_FINISHED = 300
MAX_FAILED = 100
MAX_RUNNING = 100
PAGES = 5  # of runs that did not finish: a sweep may have pruned hundreds
BEGUN_BEFORE = 7 * 86_400_000  # ms before the moment that a run which does not tell its end may have begun
UNDATED_FOR = 60.0  # seconds; of a run that does not tell its end nobody knows for how long it has been over
MAX_PLACES = 20  # sets of experiments whose runs are remembered
MAX_VALUES = 100_000  # metrics, parameters and tags that are remembered of a set


class ActivitySource(Protocol):
    """The part of a RunSource that is needed here."""

    def part(
        self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50, ended: bool = False
    ) -> Part: ...

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = ()) -> list[Run]: ...


class RememberedSource(ActivitySource, Protocol):
    """What is needed besides to ask for what may have changed."""

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]: ...

    def deleted_runs(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> Part:
        """Runs that fit MLflow's filter language and were deleted, from these experiments."""
        ...


def activity(since_ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> Activity:
    """What ended since (ms) and what runs now. Where more ended than is told, the failures are asked for themselves."""
    ended, running = both(
        partial(ended_since, since_ms, experiment_ids, source), partial(running_now, experiment_ids, source)
    )
    (finished, ill), undated = both(  # few that tell no end are asked for where those that do are known
        partial(_apart, ended, since_ms, experiment_ids, source),
        partial(undated_since, since_ms, experiment_ids, source),
    )
    return Activity(since_ms, ended, finished, ill, undated, running)


def ended_since(ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> Part:
    """Runs that are over, however they ended."""
    return source.part(f"attributes.end_time > {ms}", experiment_ids=experiment_ids, limit=MAX_FINISHED, ended=True)


def _apart(ended: Part, ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> tuple[Part, Part]:
    """Runs that finished, and those that did not: asked for anew where others may have crowded them out."""
    well, ill = _by_end(ended)
    if not ended.is_cut:
        return well, ill
    if _tells_finished(ended):
        return well, ill_since(ms, experiment_ids, source)
    return both(partial(finished_since, ms, experiment_ids, source), partial(ill_since, ms, experiment_ids, source))


def _by_end(ended: Part) -> tuple[Part, Part]:
    well = tuple(run for run in ended.runs if run.status is Status.FINISHED)
    ill = tuple(run for run in ended.runs if run.status is not Status.FINISHED)
    return replace(ended, runs=well), replace(ended, runs=ill)


def _tells_finished(ended: Part) -> bool:
    """Whether enough of those that ended finished to tell of those alone."""
    return 2 * sum(run.status is Status.FINISHED for run in ended.runs) >= len(ended.runs)


def finished_since(ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> Part:
    """Runs that MLflow says finished; trials that were pruned may be among them."""
    where = f"attributes.status = 'FINISHED' AND attributes.end_time > {ms}"
    return source.part(where, experiment_ids=experiment_ids, limit=MAX_FINISHED, ended=True)


def ill_since(ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> Part:
    """Runs that did not finish; of failures as many as FAILED, whatever number of trials were pruned meanwhile."""
    found: dict[str, Run] = {}
    where = f"attributes.status != 'FINISHED' AND attributes.end_time > {ms}"
    until = ""
    for _ in range(PAGES):
        page = source.part(f"{where}{until}", experiment_ids=experiment_ids, limit=MAX_FAILED, ended=True)
        fresh = [run for run in page.runs if run.run_id not in found]
        found |= {run.run_id: run for run in fresh}
        ends = [run.ended_at for run in page.runs if run.ended_at]
        if len(page.runs) < MAX_FAILED or not page.is_cut or not fresh or not ends:
            return Part(tuple(found.values()), page.is_cut)
        if len(failures(found.values())) >= MAX_FAILED:
            break
        until = f" AND attributes.end_time <= {min(ends)}"
    return Part(tuple(found.values()), is_cut=True)


def undated_since(ms: int, experiment_ids: Sequence[str], source: ActivitySource) -> Part:
    """Runs that are over without telling when, and were heard of since; the last one heard of first."""
    return _heard_since(ms, source.undated(ms - BEGUN_BEFORE, experiment_ids=experiment_ids))


def _heard_since(ms: int, undated: Iterable[Run]) -> Part:
    return Part(tuple(in_order(run for run in undated if run.over_at > ms)))


def running_now(experiment_ids: Sequence[str], source: ActivitySource) -> Part:
    """Runs that are said to run."""
    return source.part("attributes.status = 'RUNNING'", experiment_ids=experiment_ids, limit=MAX_RUNNING)


def failures(runs: Iterable[Run]) -> list[Run]:
    """Runs that failed, were killed or ended otherwise ill."""
    return [run for run in runs if run.is_over and run.status not in (Status.FINISHED, Status.PRUNED)]


def in_order(runs: Iterable[Run]) -> list[Run]:
    """The last one to end first, each once."""
    known = {run.run_id: run for run in runs}
    return sorted(known.values(), key=lambda run: -run.over_at)


# Remembered between questions.


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Runs of a set of experiments: all that ended at `complete_from` (ms) or later, and since `since_ms` those ill.

    `running` are ids, None: there were more than were told. `deleted` are ids of those that ended and are deleted,
    None: nobody asked yet, so that one that is restored before somebody does is not noticed.
    """

    since_ms: int
    complete_from: int
    runs: Mapping[str, Run]
    running: frozenset[str] | None
    looked_at: float  # when all were asked for, by the clock of the process
    news_at: int  # ms, by the wall: what ended later is not known
    undated_at: float | None  # when those that tell no end were asked for, and there were none; None: there were some
    deleted: frozenset[str] | None = None

    def needs_undated(self, now: float) -> bool:
        return self.running is None or self.undated_at is None or now - self.undated_at >= UNDATED_FOR


class ActivityCache:
    """What ended, remembered for a while. Safe to use from any thread.

    `clock` counts seconds, `wall` is ms since the epoch.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], int] = lambda: int(time.time() * 1_000)
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._places: LRUCache[frozenset[str], _Remembered] = LRUCache(MAX_PLACES)

    def activity(
        self,
        since_ms: int,
        experiment_ids: Sequence[str],
        source: RememberedSource,
        *,
        known_ids: Sequence[str] = (),
        anew: bool = False,
    ) -> Activity:
        """Answers like the function `activity`; `anew`: whatever is remembered.

        `known_ids` are all experiments there are, where none are named.
        """
        ids = tuple(experiment_ids or known_ids)
        began, began_ms = self._clock(), self._wall()
        with self._lock:
            memory = self._places.get(frozenset(ids))
        deleted = None
        if memory and not anew and began - memory.looked_at < GOOD_FOR and since_ms >= memory.since_ms:
            changes = _ask_changes(memory, since_ms, ids, source, began)
            news = _with_changes(memory, changes, since_ms, ids, source, began)
            if news is not None:
                found, remembered = news
                self._keep(ids, replace(remembered, news_at=began_ms))
                return found
            deleted = None if changes.deleted.is_cut else changes.gone
        found = activity(since_ms, experiment_ids, source)
        self._keep(ids, _remembered(found, began, began_ms, deleted))
        return found

    def _keep(self, ids: Sequence[str], remembered: _Remembered | None) -> None:
        with self._lock:
            if remembered is None:
                self._places.pop(frozenset(ids), None)
            else:
                self._places[frozenset(ids)] = remembered


def _remembered(found: Activity, began: float, began_ms: int, deleted: frozenset[str] | None) -> _Remembered | None:
    """What is worth remembering; None where it does not tell all that ended, or is too much."""
    ended = found.ended
    complete_from = found.since_ms + 1
    if ended.is_cut:
        ends = [run.ended_at for run in ended.runs if run.ended_at]
        if not ends or found.ill.is_cut or not _tells_finished(ended):
            return None
        complete_from = min(ends)
    runs = {run.run_id: run for run in (*ended.runs, *found.ill.runs)}
    if sum(len(run.metrics) + len(run.parameters) + len(run.tags) for run in runs.values()) > MAX_VALUES:
        return None
    undated_at = None if found.undated.runs else began
    running = _running(found.running)
    return _Remembered(found.since_ms, complete_from, runs, running, began, began_ms, undated_at, deleted)


def _running(running: Part) -> frozenset[str] | None:
    return None if running.is_cut else frozenset(run.run_id for run in running.runs)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What changed since: runs that ended, were deleted, or run. `undated` is None where it was not asked for."""

    ended: Part
    deleted: Part
    running: Part
    undated: list[Run] | None

    @property
    def gone(self) -> frozenset[str]:
        return frozenset(run.run_id for run in self.deleted.runs)


def _ask_changes(
    memory: _Remembered, since_ms: int, ids: Sequence[str], source: RememberedSource, now: float
) -> _Changes:
    """Three questions side by side, a fourth where it is time to look for runs that do not tell their end."""
    since = memory.news_at - OVERLAP
    ask_ended = partial(source.part, f"attributes.end_time > {since}", experiment_ids=ids, limit=CHANGED, ended=True)
    ask_deleted = partial(
        source.deleted_runs, f"attributes.end_time > {memory.since_ms}", experiment_ids=ids, limit=CHANGED
    )
    ask_undated = partial(source.undated, since_ms - BEGUN_BEFORE, experiment_ids=ids)
    is_due = memory.needs_undated(now)
    (ended, deleted), (running, undated) = both(
        lambda: both(ask_ended, ask_deleted),
        lambda: both(partial(running_now, ids, source), lambda: ask_undated() if is_due else None),
    )
    return _Changes(ended, deleted, running, undated)


def _with_changes(  # noqa: PLR0913, PLR0917 -- what is remembered, what changed, and who is asked for the rest
    memory: _Remembered, changes: _Changes, since_ms: int, ids: Sequence[str], source: RememberedSource, now: float
) -> tuple[Activity, _Remembered] | None:
    """What is remembered with what changed since; None where all have to be asked for anew."""
    running, undated, gone = changes.running, changes.undated, changes.gone
    if changes.ended.is_cut or changes.deleted.is_cut or (memory.deleted or set()) - gone:  # one of those came back
        return None
    ended_after = memory.news_at - OVERLAP
    alive = {run.run_id for run in running.runs}
    if running.is_cut:
        alive |= source.fitting("attributes.status = 'RUNNING'", list(memory.runs))
    runs = {
        run_id: run
        for run_id, run in memory.runs.items()
        if run.ended_at and run.ended_at <= ended_after and run_id not in gone and run_id not in alive
    } | {run.run_id: run for run in changes.ended.runs}
    ended = _ended(memory.complete_from, runs.values(), since_ms)
    if ended is None:
        return None
    if undated is None and (running.is_cut or (memory.running or set()) - alive - runs.keys()):  # where are they gone?
        undated = source.undated(since_ms - BEGUN_BEFORE, experiment_ids=ids)
    finished, ill = _by_end(ended)
    if ended.is_cut:
        ill = Part(tuple(run for run in _last(runs.values(), since_ms) if run.status is not Status.FINISHED))
    heard = _heard_since(since_ms, undated or ())
    found = Activity(since_ms, ended, finished, ill, heard, running, is_remembered=True)
    undated_at = memory.undated_at if undated is None else None if undated else now
    return found, replace(memory, runs=runs, running=_running(running), deleted=gone, undated_at=undated_at)


def _ended(complete_from: int, runs: Iterable[Run], since_ms: int) -> Part | None:
    """The last runs to end, as they are told; None where too few are known."""
    over = _last(runs, since_ms)
    if complete_from <= since_ms + 1 and len(over) <= MAX_FINISHED:
        return Part(tuple(over))
    last = [run for run in over if (run.ended_at or complete_from) >= complete_from]
    known = Part(tuple(last[:MAX_FINISHED]), is_cut=True)
    return known if len(known.runs) == MAX_FINISHED and _tells_finished(known) else None


def _last(runs: Iterable[Run], since_ms: int) -> list[Run]:
    """Runs that ended since, the last first; those that tell a time that cannot be come last."""
    since = [run for run in runs if (run.ended_at or since_ms + 1) > since_ms]
    return sorted(since, key=lambda run: -(run.ended_at or 0))
