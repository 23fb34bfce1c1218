"""Earlier repeats of an experiment: what chance does to its metrics there, and which runs repeat a run.

One search an experiment, of its newest runs; what was found is remembered for a while, for everybody who compares.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from cachetools import LRUCache

from comparison.errors import RequestError
from comparison.judgement.repeats import Configuration, KnownNoise, repeat_key, seed_of
from comparison.judgement.statistics import pool_near
from comparison.runs import Goal, Run, Status, family_of
from comparison.tracking.source import RunSource

FEWEST_TRIALS = 10  # of a search, of which the best is taken for picked: of few, some run is the best anyway
MAX_RUNS = 1_000  # newest finished runs of an experiment that are looked at: one page
FRESH_MS = 15 * 60_000  # for which what was found is used again
MAX_EXPERIMENTS = 100  # remembered at once
SHARE = 0.35  # of the deadline of MLflow: the answer does not wait longer for this


@dataclass(frozen=True, slots=True)
class PastRun:
    """A finished run as far as repeats need it. Times in ms since the epoch; metrics are finite."""

    run_id: str
    seed: object
    commit: str
    started_at: int
    ended_at: int
    metrics: Mapping[str, float]
    first: tuple[int, str] = (0, "")  # when the first run of its seed ended, and the id of that


@dataclass(frozen=True, slots=True)
class Family:
    """The trials of one search that logged a metric: how many, and their ends."""

    runs: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PastRepeats:
    """The repeats of one experiment, a group each configuration; `is_cut`: there are older runs as well."""

    groups: Mapping[Configuration, tuple[PastRun, ...]] = field(default_factory=dict)
    is_cut: bool = False
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)  # of runs by metric and person, "": of all
    families: Mapping[tuple[str, str], "Family"] = field(default_factory=dict)  # by parent, or search, and metric

    def noise(self, metric: str, values: Sequence[float]) -> KnownNoise | None:
        """The pooled spread of a metric among repeats whose values are near these; None where there are none."""
        near: list[list[float]] = []
        newest = 0
        for group in self.groups.values():
            logged = [run for run in group if metric in run.metrics]
            # without a seed, equal values are one run that was logged again
            distinct = (
                logged if all(run.seed for run in logged) else list({r.metrics[metric]: r for r in logged}.values())
            )
            if len(distinct) > 1:
                near.append([run.metrics[metric] for run in distinct])
                newest = max(newest, *(run.ended_at for run in distinct))
        found = pool_near(near, values) if near else None
        return KnownNoise(found, newest or None) if found and found.sd else None

    def noise_between(self, metric: str, runs: Sequence[Run]) -> KnownNoise | None:
        """As `noise`, near what these runs logged; None too where it is too little to judge by, or one has no value."""
        values = [run.metrics[metric].value for run in runs if metric in run.metrics]
        if len(values) < len(runs) or not all(map(math.isfinite, values)):
            return None
        found = self.noise(metric, values)
        return found if found is not None and found.noise.is_enough else None

    def first_seeds(self, run: Run, seeds: int) -> tuple[str, ...]:
        """The ids of the repeats of a run, of the first so many seeds to finish; () where it was not the last of them.

        So it is told of one run only, however many end at once or are run again later.
        """
        group = sorted(self.groups.get(_key(run), ()), key=lambda each: each.first)[:seeds]
        is_last = len(group) == seeds and group[-1].first[1] == run.run_id
        return tuple(each.run_id for each in group) if is_last else ()

    def other_group(self, run: Run) -> tuple[str, ...]:
        """The ids of the newest repeats of another configuration that share a metric and all ended before this run."""
        others = [
            group
            for key, group in self.groups.items()
            if key != _key(run)
            and all(each.ended_at <= run.over_at for each in group)
            and any(not each.metrics.keys().isdisjoint(run.metrics) for each in group)
        ]
        found = max(others, key=lambda group: max(each.ended_at for each in group), default=())
        return tuple(each.run_id for each in found)

    def best_of(self, run: Run, metric: str, goal: Goal) -> int | None:
        """The number of trials of its search that the run is the best of; None where it is not, or they are few."""
        family = self.families.get((family_of(run), metric))
        value = run.metrics[metric].value if metric in run.metrics else math.nan
        if family is None or family.runs < FEWEST_TRIALS or goal is Goal.UNKNOWN:
            return None
        return family.runs if value == (family.low if goal is Goal.LOWER else family.high) else None

    def of(self, run: Run) -> tuple[str, ...]:
        """The ids of the runs that repeat this one, the run among them, the newest first; () where there are none."""
        ids = tuple(each.run_id for each in self.groups.get(_key(run), ()))
        return ids if len(ids) > 1 and run.run_id in ids else ()


NO_REPEATS = PastRepeats()


class RepeatsCache:
    """Earlier repeats by experiment, for as long as they are fresh; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: LRUCache[str, tuple[int, PastRepeats]] = LRUCache(MAX_EXPERIMENTS)
        self._lock = Lock()

    def read(self, source: RunSource, experiment_id: str, now: int) -> PastRepeats:
        """Reads the repeats of one experiment; `now` in ms. None are known where MLflow does not answer in time."""
        try:
            return self.find(source, experiment_id, now)
        except RequestError:
            with self._lock:
                known = self._known.get(experiment_id)
            return known[1] if known else PastRepeats()

    def find(self, source: RunSource, experiment_id: str, now: int, *, since: int = 0) -> PastRepeats:
        """As `read`, but raises what MLflow does not answer with.

        What was found before `since` (ms) is not used, so that a run that ended then is among them.
        """
        with self._lock:
            known = self._known.get(experiment_id)
        if known and 0 <= now - known[0] < FRESH_MS and known[0] >= since:
            return known[1]
        part = source.part(
            "attributes.status = 'FINISHED'", experiment_ids=(experiment_id,), limit=MAX_RUNS, share=SHARE
        )
        found = PastRepeats(group_repeats(part.runs), part.is_cut, _counts(part.runs), group_families(part.runs))
        with self._lock:
            self._known[experiment_id] = (now, found)
        return found


def group_repeats(runs: Sequence[Run]) -> dict[Configuration, tuple[PastRun, ...]]:
    """Finished runs of one configuration and one commit, two and more, of each seed the newest; runs newest first.

    A run that logged no parameter tells no configuration and is in no group.
    """
    groups: dict[Configuration, dict[object, PastRun]] = {}
    for run in sorted(runs, key=lambda each: -(each.started_at or 0)):
        if run.status is Status.FINISHED and run.parameters:
            seed = seed_of(run)
            group = groups.setdefault(_key(run), {})
            newest = group.setdefault(seed or run.run_id, _past(run, seed))
            group[seed or run.run_id] = replace(newest, first=min(newest.first, (run.over_at, run.run_id)))
    return {key: tuple(group.values()) for key, group in groups.items() if len(group) > 1}


def group_families(runs: Sequence[Run]) -> dict[tuple[str, str], Family]:
    """The trials of each search, by what they share and by metric."""
    values: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        if family := family_of(run):
            for name, each in run.metrics.items():
                if math.isfinite(each.value):
                    values.setdefault((family, name), []).append(each.value)
    return {key: Family(len(found), min(found), max(found)) for key, found in values.items()}


def _counts(runs: Sequence[Run]) -> dict[tuple[str, str], int]:
    """How many of these runs logged a finite value, by metric, of all and of each person."""
    counts: Counter[tuple[str, str]] = Counter()
    for run in runs:
        names = [name for name, each in run.metrics.items() if math.isfinite(each.value)]
        counts.update((name, "") for name in names)
        if run.user:
            counts.update((name, run.user) for name in names)
    return dict(counts)


def _key(run: Run) -> Configuration:
    return repeat_key(run), run.commit


def _past(run: Run, seed: object) -> PastRun:
    metrics = {name: float(each.value) for name, each in run.metrics.items() if math.isfinite(each.value)}
    first = run.over_at, run.run_id
    return PastRun(run.run_id, seed, run.commit, run.started_at or 0, run.over_at, metrics, first)
