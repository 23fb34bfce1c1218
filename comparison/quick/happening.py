"""What happened since a moment and what runs now: few questions, no more runs than can be told.

A server needs 1 to 2 ms for each run it returns, so that the limits are what makes an answer quick.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from comparison.quick.place import Place
from comparison.runs import Run, Status
from comparison.source import RunSource

FINISHED = 300
FAILED = 100
RUNNING = 100
PAGES = 5  # of runs that did not finish: a sweep may have pruned hundreds
BEGUN_BEFORE = 7 * 86_400_000  # ms before the moment that a run which does not tell its end may have begun


@dataclass(frozen=True, slots=True)
class Found:
    """Runs, the last to end or to begin first. `is_cut`: there may be more of them."""

    runs: tuple[Run, ...] = field(default=())
    is_cut: bool = False


def finished_since(ms: int, place: Place, source: RunSource) -> Found:
    """Runs that MLflow says finished; trials that were pruned may be among them."""
    where = f"attributes.status = 'FINISHED' AND attributes.end_time > {ms}"
    found = source.ended(where, experiment_ids=place.ids, limit=FINISHED)
    return Found(tuple(found), len(found) >= FINISHED)


def ill_since(ms: int, place: Place, source: RunSource) -> Found:
    """Runs that did not finish; of failures as many as FAILED, whatever number of trials were pruned meanwhile."""
    found: dict[str, Run] = {}
    where = f"attributes.status != 'FINISHED' AND attributes.end_time > {ms}"
    until = ""
    for _ in range(PAGES):
        page = source.ended(f"{where}{until}", experiment_ids=place.ids, limit=FAILED)
        fresh = [run for run in page if run.run_id not in found]
        found |= {run.run_id: run for run in fresh}
        ends = [run.ended_at for run in page if run.ended_at]
        if len(page) < FAILED or not fresh or not ends:
            return Found(tuple(found.values()))
        if len(failures(found.values())) >= FAILED:
            break
        until = f" AND attributes.end_time <= {min(ends)}"
    return Found(tuple(found.values()), is_cut=True)


def undated_since(ms: int, place: Place, source: RunSource) -> Found:
    """Runs that are over without telling when, and were heard of since; the last one heard of first."""
    found = source.undated(ms - BEGUN_BEFORE, experiment_ids=place.ids)
    return Found(tuple(in_order(run for run in found if run.over_at > ms)))


def failures(runs: Iterable[Run]) -> list[Run]:
    """Those that failed, were killed or ended otherwise ill."""
    return [run for run in runs if run.is_over and run.status not in (Status.FINISHED, Status.PRUNED)]


def in_order(runs: Iterable[Run]) -> list[Run]:
    """The last one to end first, each once."""
    known = {run.run_id: run for run in runs}
    return sorted(known.values(), key=lambda run: -run.over_at)


def running_now(place: Place, source: RunSource) -> Found:
    """Runs that are said to run."""
    found = source.search("attributes.status = 'RUNNING'", experiment_ids=place.ids, limit=RUNNING)
    return Found(tuple(found), len(found) >= RUNNING)
