"""The best run of each of several experiments, asked for together and remembered between questions.

A question that filters by a metric costs a large store the same for one experiment as for all: it reads every run that
logged the metric. So experiments that share a metric are asked for in one, above the lowest of their bars. Each full
page raises the bars; a page that is not full means that nobody is missing. The next time two questions are enough: the
best as they are now, and the runs that ended since.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from cachetools import LRUCache

from comparison.concurrency import both
from comparison.runs import Run
from comparison.tracking.leaders import CHANGED, GOOD_FOR, OVERLAP, best_runs, page_of
from comparison.tracking.run_searches import OVER
from comparison.tracking.source import Ranking, Recent, metric

QUESTIONS = 4  # each raises the bars; experiments that need more are left out
SAMPLE = 30  # runs of each experiment, the newest, that set the first bar
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
    for _ in range(QUESTIONS):
        if not best:
            break
        size = page_of(list(best.values()))
        page = _beyond(ranking, best, source, size)
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
        ask = partial(_as_they_are, [each.run_id for each in cached.values()], recent, source)
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


def _as_they_are(run_ids: Sequence[str], recent: Recent, source: ChampionSource) -> list[Run]:
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


def _beyond(ranking: Ranking, best: Mapping[str, Run], source: ChampionSource, size: int) -> list[Run]:
    bars = [run.metrics[ranking.metric].value for run in best.values()]
    bar = max(bars) if ranking.downwards else min(bars)
    return source.search(ranking.beyond(bar), experiment_ids=tuple(best), limit=size)


def _and(*parts: str) -> str:
    return " AND ".join(filter(None, parts))


def _of(runs: Iterable[Run], key: str) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == key]


def _best(ranking: Ranking, runs: Iterable[Run]) -> Run | None:
    return next(iter(best_runs(ranking, runs, 1)), None)
