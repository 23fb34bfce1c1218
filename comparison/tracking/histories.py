"""Histories of one metric for many runs at once: what an answer in bulk proves, and what is remembered of it."""

import math
import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from comparison.runs import Metric, Run

RUNS_IN_BULK = 100  # that one request takes
POINTS_IN_BULK = 2_500  # of each run in one answer, the most that MLflow gives
ALL_IN_BULK = 80_000  # points in one answer: 14 MB of MLflow's JSON
ROWS_OF_OLDER = 25_000  # that servers before 3.15 read for one answer, however many there are
FIRST_STEP, LAST_STEP = -(2**62), 2**62  # a range that holds every step: without one, negative steps are left out
REMEMBERED = 1_000_000  # points of runs that are over: 24 MB
SAMPLE = 50  # steps of each run in a sample


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Logged points of a metric as columns of one length, in no promised order. `times` in ms since the epoch.

    `is_complete`: no logged point is missing. Otherwise they are a sample that keeps the first and the last.
    """

    steps: Sequence[int]
    values: Sequence[float]
    times: Sequence[int]
    is_complete: bool = True

    def __len__(self) -> int:
        return len(self.steps)


def history_of(points: Iterable[tuple[int, float, int]], *, is_complete: bool = True) -> History:
    """From (step, value, time) of each point."""
    rows = list(points)
    return History(
        array("q", (row[0] for row in rows)),
        array("d", (row[1] for row in rows)),
        array("q", (row[2] for row in rows)),
        is_complete,
    )


def points_for(runs: int) -> int:
    """How many points of each of so many runs to ask for, so that one answer is not too large."""
    return max(20, min(POINTS_IN_BULK, ALL_IN_BULK // max(runs, 1)))


def read_bulk(rows: Sequence[Mapping[str, Any]], most: int) -> dict[str, History]:
    """By run id, what an answer of MLflow's interval call holds; runs of which it holds nothing are absent.

    Servers before 3.15 sample the steps of all runs together, later ones those of each run. Either way an answer is
    whole where fewer steps came than were asked for, over all runs, and no run brought as many points.
    """
    points: dict[str, list[tuple[int, float, int]]] = {}
    for row in rows:
        point = (int(row.get("step", 0)), _number(row["value"]), int(row["timestamp"]))
        points.setdefault(str(row["run_id"]), []).append(point)
    steps = {point[0] for each in points.values() for point in each}
    is_whole = len(steps) < most and len(rows) < ROWS_OF_OLDER
    return {run_id: history_of(each, is_complete=is_whole and len(each) < most) for run_id, each in points.items()}


def read_samples(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Metric]]:
    """By run id, the points of an answer of MLflow's interval call."""
    found: dict[str, list[Metric]] = {}
    for row in rows:
        point = Metric(_number(row["value"]), int(row.get("step", 0)), int(row["timestamp"]))
        found.setdefault(str(row["run_id"]), []).append(point)
    return {run_id: by_step(points) for run_id, points in found.items()}


def by_step(points: Iterable[Metric]) -> list[Metric]:
    """The points by step, those of one step by time."""
    return sorted(points, key=lambda each: (each.step, each.logged_at))


def _number(value: Any) -> float:
    """A number as MLflow writes it in JSON: NaN is text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


_Points = TypeVar("_Points", bound=Sized)


class PointsCache(Generic[_Points]):
    """What runs that are over logged of a metric, the least used forgotten first. Safe to use from any thread."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._known: LRUCache[tuple[Any, ...], _Points] = LRUCache(most, getsizeof=lambda each: len(each) + 50)
        self._mutex = threading.Lock()

    def get(self, run: Run, metric: str) -> _Points | None:
        with self._mutex:
            return self._known.get(_key(run, metric))

    def put(self, run: Run, metric: str, points: _Points) -> None:
        """Remembers it where it cannot change any more and is not very much."""
        if run.is_over and len(points) < self._known.maxsize // 4:
            with self._mutex:
                self._known[_key(run, metric)] = points


def _key(run: Run, metric: str) -> tuple[Any, ...]:
    """What changes when a run logs again: its end, and the last point of the metric."""
    last = run.metrics.get(metric)
    return (run.run_id, metric, run.status, run.ended_at, last and (last.step, last.logged_at, repr(last.value)))
