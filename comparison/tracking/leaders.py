"""The best runs by a metric, found quickly on a store that sorts slowly.

Sorting by a metric on the server takes 13 s for one experiment of a 100,000-run store; filtering by a metric takes a
fraction of a second. So: look at the newest runs, take the best of them as the bar, and ask only for runs above the
bar. Each answer raises the bar to the best of another page; when an answer is not full, nobody is missing. The
answer is exact at the moment of the last question, the run that ended a second ago included.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from cachetools import LRUCache

from comparison.concurrency import both
from comparison.runs import Run
from comparison.tracking.searches import OVER
from comparison.tracking.source import Ranking, Recent, _beyond, metric

SAMPLE = 30  # runs to set the first bar by, of each experiment
PAGE = 200  # runs above the bar in one answer, at most
LEAST = 20  # likewise, at least
VALUES = 30_000  # metrics, parameters and tags in one answer
EVERYTHING = 10_000  # runs, where a bar does not help
QUESTIONS = 40  # each raises the bar; a store where this is not enough changes faster than it can be read


class Searching(Protocol):
    """The part of a RunSource that is needed here."""

    def search(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> list[Run]: ...


def leaders(ranking: Ranking, source: Searching, *, count: int = 1, known: Iterable[Run] = ()) -> tuple[Run, ...]:
    """The `count` best runs, best first; of equal ones the newest first. Runs without a finite value do not count.

    `known` are runs just fetched that are likely to lead: with them the first question is often the last.
    """
    if not metric(ranking.metric):
        return ()  # MLflow cannot be asked for a metric that is called so
    best = best_runs(ranking, known, count)
    if len(best) < count:
        best = best_runs(ranking, [*best, *_ask(ranking, source, "", SAMPLE + count)], count)
    if len(best) < count:
        return best_runs(ranking, [*best, *_all_that_logged(ranking, source)], count)
    page = max(page_of(best), 2 * count)
    for _ in range(QUESTIONS):
        beyond = _beyond(ranking, best[-1].metrics[ranking.metric].value)
        above = _ask(ranking, source, beyond, page)
        raised = best_runs(ranking, [*best, *above], count)
        if len(above) < page:
            return raised
        if raised == best:  # MLflow counts a page of values that are not numbers as above the bar: look behind them
            return best_runs(ranking, [*best, *_ask(ranking, source, beyond, EVERYTHING)], count)
        best = raised
    return best


def page_of(runs: Sequence[Run]) -> int:
    """How many runs like these are quick to read: a server needs long for those that logged thousands of metrics."""
    values = sum(len(run.metrics) + len(run.parameters) + len(run.tags) for run in runs)
    return max(LEAST, min(PAGE, VALUES * len(runs) // max(values, 1)))


def _all_that_logged(ranking: Ranking, source: Searching) -> list[Run]:
    """Few of the newest logged the metric: ask for those that did, on either side of zero."""
    key = metric(ranking.metric)
    return [run for part in (f"{key} >= 0", f"{key} < 0") for run in _ask(ranking, source, part, EVERYTHING)]


def _ask(ranking: Ranking, source: Searching, part: str, limit: int) -> list[Run]:
    where = " AND ".join(each for each in (ranking.where, part) if each)
    return source.search(where, experiment_ids=ranking.experiment_ids, limit=limit)


def best_runs(ranking: Ranking, runs: Iterable[Run], count: int) -> tuple[Run, ...]:
    """The best of these runs with a finite value, best first; of equal ones the newest first."""
    there = {run.run_id: run for run in runs if _is_ranked(run, ranking.metric)}
    sign = 1 if ranking.downwards else -1
    ordered = sorted(
        there.values(),
        key=lambda run: (sign * run.metrics[ranking.metric].value, -(run.started_at or 0), run.run_id),
    )
    return tuple(ordered[:count])


def _is_ranked(run: Run, metric: str) -> bool:
    return metric in run.metrics and math.isfinite(run.metrics[metric].value)


# Leaders remembered between questions: the second `best` asks only for what may have changed since the first.


GOOD_FOR = 600.0  # seconds; then every run is asked for again, also those changed long after their end
OVERLAP = 900_000  # ms that the clock of a training machine may be behind ours
CHANGED = 200  # ended or still running runs looked at; with more it is as quick to ask for the leaders
MAX_RANKINGS = 500  # remembered


class LeaderSource(Protocol):
    """The part of a RunSource that is needed here."""

    def get(self, run_ids: Sequence[str]) -> list[Run | None]: ...

    def these(self, run_ids: Sequence[str]) -> list[Run]: ...

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]: ...


@dataclass(frozen=True, slots=True)
class _CachedRanking:
    runs: tuple[Run, ...]
    looked_at: float  # by the clock of the process
    looked_at_ms: int  # by the wall
    asked_for: int


class LeaderCache:
    """Safe to use from any thread. `clock` counts seconds, `wall` is ms since the epoch."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], int] = lambda: int(time.time() * 1_000)
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._rankings: LRUCache[Ranking, _CachedRanking] = LRUCache(MAX_RANKINGS)

    def leaders(self, ranking: Ranking, source: LeaderSource, count: int) -> tuple[Run, ...]:
        """The leaders, remembered for a while; otherwise like the function `leaders`."""
        with self._lock:
            cached = self._rankings.get(ranking)
        began, began_ms = self._clock(), self._wall()
        found = None
        is_good = cached is not None and cached.asked_for >= count and began - cached.looked_at < GOOD_FOR
        if cached and is_good and not ranking.where:
            found = self._with_news(ranking, source, cached)
            if found is not None and cached.runs and len(found) >= min(count, len(cached.runs)):
                self._keep(
                    ranking,
                    _CachedRanking(
                        _slim(ranking, found, cached.asked_for), cached.looked_at, began_ms, cached.asked_for
                    ),
                )
                return found[:count]
        known = _as_they_are(cached.runs, source) if cached else []
        found = leaders(ranking, source, count=count, known=known)
        self._keep(ranking, _CachedRanking(_slim(ranking, found, count), began, began_ms, count))
        return found

    def _with_news(self, ranking: Ranking, source: LeaderSource, cached: _CachedRanking) -> tuple[Run, ...] | None:
        """The leaders among those kept, as they are now, and the runs that ended since or still run; None: too many.

        Also None when a kept one fell behind: then somebody that was not kept may have passed it.
        """
        since = cached.looked_at_ms - OVERLAP
        questions = (f"attributes.end_time > {since}", "attributes.status = 'RUNNING'")
        with ThreadPoolExecutor(3) as threads:
            now = threads.submit(_as_they_are, cached.runs, source)
            news = [
                threads.submit(source.search, where, experiment_ids=ranking.experiment_ids, limit=CHANGED)
                for where in questions
            ]
            fresh = [each.result() for each in news]
            current = now.result()
        if any(len(each) >= CHANGED for each in fresh) or not _all_hold(ranking, cached.runs, current):
            return None
        known = {run.run_id: run for run in [*current, *fresh[0], *fresh[1]]}
        return leaders(ranking, _Nothing(), count=cached.asked_for, known=known.values())

    def _keep(self, ranking: Ranking, cached: _CachedRanking) -> None:
        with self._lock:
            self._rankings[ranking] = cached


def _as_they_are(runs: Sequence[Run], source: LeaderSource) -> list[Run]:
    """The same runs as they are now, without those that are gone or deleted: one question, however many they are."""
    ids = [run.run_id for run in runs]
    found = source.these(ids) if len(ids) > 1 else [run for run in source.get(ids) if run is not None]
    return [run for run in found if not run.deleted]


def _slim(ranking: Ranking, runs: Sequence[Run], count: int) -> tuple[Run, ...]:
    """What is kept of leaders, who may hold thousands of metrics: they are asked for again before they are shown."""
    own = ({ranking.metric: run.metrics[ranking.metric]} for run in runs[:count])
    return tuple(
        replace(run, metrics=each, parameters={}, tags={}) for run, each in zip(runs[:count], own, strict=True)
    )


class _Nothing:
    """A source that has nothing to add: what is known is all."""

    def search(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> list[Run]:  # noqa: ARG002 -- as Searching
        return []


def _all_hold(ranking: Ranking, before: Sequence[Run], now: Sequence[Run]) -> bool:
    current = {run.run_id: run for run in now}
    for run in before:
        metric = current[run.run_id].metrics.get(ranking.metric) if run.run_id in current else None
        old = run.metrics[ranking.metric].value
        if metric is None or (metric.value > old if ranking.downwards else metric.value < old):
            return False
    return True


# The best run of each of several experiments, asked for together and remembered between questions.
# A question that filters by a metric costs a large store the same for one experiment as for all: it reads every run
# that logged the metric. So experiments that share a metric are asked for in one, above the lowest of their bars. Each
# full page raises the bars; a page that is not full means that nobody is missing. The next time two questions are
# enough: the best as they are now, and the runs that ended since.


MOST_QUESTIONS = 4  # each raises the bars; experiments that need more are left out
MAX_CHAMPIONS = 2_000  # remembered


class ChampionSource(Protocol):
    """The part of a RunSource that is needed here."""

    def these(self, run_ids: Sequence[str]) -> list[Run]: ...

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]: ...


@dataclass(frozen=True, slots=True)
class _CachedChampion:
    run_id: str
    value: float
    looked_at: float  # when every run was asked for, by the clock of the process
    news_at: int  # ms, by the wall: what ended later is not known


def champions(ranking: Ranking, recent: Recent, source: ChampionSource) -> dict[str, Run]:
    """The best run by experiment id, of those that are over and of `recent`; exact.

    Absent is an experiment of which neither `recent` nor the newest runs have a finite value, or that cannot be settled
    within a few questions.
    """
    known = {key: _of(recent.runs, key) for key in ranking.experiment_ids}
    unknown = tuple(key for key, runs in known.items() if _best(ranking, runs) is None)
    if unknown and metric(ranking.metric):
        where = _and(ranking.where, OVER)
        sample = source.search(where, experiment_ids=unknown, limit=SAMPLE * len(unknown))
        known |= {key: [*known[key], *_of(sample, key)] for key in unknown}
    return best_of_each(replace(ranking, where=_and(ranking.where, OVER)), known, source)


def best_of_each(ranking: Ranking, known: Mapping[str, Sequence[Run]], source: ChampionSource) -> dict[str, Run]:
    """The best run by experiment id, exact. `known` are some runs of each; one without a value is not looked up.

    Experiments that cannot be settled within a few questions are left out, the last of `known` first.
    """
    best = {key: run for key, runs in known.items() if (run := _best(ranking, runs)) is not None}
    for _ in range(MOST_QUESTIONS):
        if not best:
            break
        size = page_of(list(best.values()))
        page = _beyond_bars(ranking, best, source, size)
        raised = {key: _best(ranking, [run, *_of(page, key)]) or run for key, run in best.items()}
        if len(page) < size:
            return raised
        is_stuck = raised == best
        best = dict(list(raised.items())[: (len(raised) + 1) // 2 if is_stuck else len(raised)])
    return {}


class ChampionCache:
    """Champions remembered for a while. Safe to use from any thread. `clock` counts seconds, `wall` ms since 1970."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], int] = lambda: int(time.time() * 1_000)
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._known: LRUCache[tuple[str, bool, str], _CachedChampion] = LRUCache(MAX_CHAMPIONS)

    def champions(self, ranking: Ranking, recent: Recent, source: ChampionSource) -> dict[str, Run]:
        """The champions, like the function `champions`; those that are remembered are asked for in two questions.

        One where `recent` holds all that ended since. A ranking with a filter is not remembered.
        """
        if ranking.where:
            return champions(ranking, recent, source)
        began, began_ms = self._clock(), self._wall()
        cached = self._cached(ranking, began)
        found = self._with_news(ranking, cached, recent, source) if cached else {}
        rest = tuple(key for key in ranking.experiment_ids if key not in found)
        anew = champions(replace(ranking, experiment_ids=rest), recent, source) if rest else {}
        with self._lock:
            for key, run in {**anew, **found}.items():
                self._keep(ranking, key, run, cached[key].looked_at if key in found else began, began_ms)
        best = {**anew, **{key: _best(ranking, [run, *_of(recent.runs, key)]) or run for key, run in found.items()}}
        return {key: best[key] for key in ranking.experiment_ids if key in best}

    def known(self, ranking: Ranking) -> tuple[str, ...]:
        """Ids of the champions that are remembered."""
        return () if ranking.where else tuple(each.run_id for each in self._cached(ranking, self._clock()).values())

    def _cached(self, ranking: Ranking, now: float) -> dict[str, _CachedChampion]:
        with self._lock:
            known = {key: self._known.get(_key(ranking, key)) for key in ranking.experiment_ids}
        return {key: each for key, each in known.items() if each is not None and now - each.looked_at < GOOD_FOR}

    def _keep(self, ranking: Ranking, key: str, run: Run, looked_at: float, news_at: int) -> None:
        """Remembers a run that is over: one that runs says nothing of those behind it once it is gone."""
        if run.is_over:
            value = run.metrics[ranking.metric].value
            self._known[_key(ranking, key)] = _CachedChampion(run.run_id, value, looked_at, news_at)
        else:
            self._known.pop(_key(ranking, key), None)

    def _with_news(
        self, ranking: Ranking, cached: Mapping[str, _CachedChampion], recent: Recent, source: ChampionSource
    ) -> dict[str, Run]:
        """The best that is over by experiment id, of those that still hold what is remembered of them.

        One that was deleted, runs again or fell behind tells nothing: somebody who is not remembered may lead.
        """
        since = min(each.news_at for each in cached.values()) - OVERLAP
        ask = partial(_champions_now, [each.run_id for each in cached.values()], recent, source)
        if recent.ended_after is not None and recent.ended_after <= since:
            current, ended = ask(), list(recent.runs)
        else:
            where = f"attributes.end_time > {since}"
            current, ended = both(ask, partial(source.search, where, experiment_ids=tuple(cached), limit=CHANGED))
            if len(ended) >= CHANGED:
                return {}
        there = {run.run_id: run for run in current if run.is_over and not run.deleted}
        news = [run for run in (*ended, *recent.runs) if run.is_over]
        found = {}
        for key, each in cached.items():
            run = there.get(each.run_id)
            if run is not None and _holds(ranking, each, run):
                found[key] = _best(ranking, [run, *_of(news, key)]) or run
        return found


def _champions_now(run_ids: Sequence[str], recent: Recent, source: ChampionSource) -> list[Run]:
    """The runs as they are now, without those that are gone; asked for where `recent` does not tell."""
    if any(run_id not in recent.current for run_id in run_ids):
        return source.these(run_ids)
    return [run for run_id in run_ids if (run := recent.current[run_id]) is not None]


def _key(ranking: Ranking, experiment_id: str) -> tuple[str, bool, str]:
    return (ranking.metric, ranking.downwards, experiment_id)


def _holds(ranking: Ranking, cached: _CachedChampion, run: Run) -> bool:
    if not best_runs(ranking, [run], 1):
        return False
    value = run.metrics[ranking.metric].value
    return value <= cached.value if ranking.downwards else value >= cached.value


def _beyond_bars(ranking: Ranking, best: Mapping[str, Run], source: ChampionSource, size: int) -> list[Run]:
    bars = [run.metrics[ranking.metric].value for run in best.values()]
    bar = max(bars) if ranking.downwards else min(bars)
    return source.search(ranking.beyond(bar), experiment_ids=tuple(best), limit=size)


def _and(*parts: str) -> str:
    return " AND ".join(filter(None, parts))


def _of(runs: Iterable[Run], key: str) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == key]


def _best(ranking: Ranking, runs: Iterable[Run]) -> Run | None:
    return next(iter(best_runs(ranking, runs, 1)), None)
