"""Names that MLflow has: what lists are filled from, and words read by them; kept for half a minute.

Nobody waits for them longer than Slack waits. What came too late is there for the next letter that is typed; what a
request lacks is looked up once.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from cachetools import LRUCache

from comparison.concurrency import DaemonThreads
from comparison.errors import RequestError
from comparison.judgement.goals import goal_of
from comparison.language.draft import Guess, LeftOver
from comparison.language.names import Kind, Names
from comparison.language.parser import Interpretation
from comparison.reports.help import shown_metric
from comparison.request import Request
from comparison.runs import Experiment, Goal, Metric, Run, Status
from comparison.tracking.source import RunSource, holds

log = logging.getLogger(__name__)

FRESH_SECONDS = 30.0  # seconds an answer is used; then it is asked for again, and used until the new one is there
STALE_SECONDS = 600.0  # seconds after which an answer is not used any more
MAX_ANSWERS = 500  # answers kept
MAX_LOOKUPS = 64  # questions under way; with more, lists stay as they are
NEWEST_RUNS = 300  # runs looked through without asking
MATCHING_RUNS = 100  # runs asked for by what was typed
MEASURED = 50  # runs of which is kept what they logged
_NO_VALUE = Metric(float("nan"))
_FIRST = 0.6  # of the time, for the newest runs
_SHORTLY = 0.5  # seconds for a new answer where there is an old one
_LONGEST = 100  # characters of what was typed that are looked for
_Answer = TypeVar("_Answer")
WITHIN = 1.0  # seconds for all lookups of names; what is not there by then is not known
MOST = 4  # words of a request that are looked up


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """Runs, the newest first; `problem` says why there may be more, in a few words."""

    runs: tuple[Run, ...]
    problem: str = ""


@dataclass
class _CachedAnswer:
    asked_at: float
    future: Future[Any]
    last: Any = None  # the answer before this one
    last_at: float = field(default=float("-inf"))


class LookupTimeout(Exception):  # noqa: N818 -- named for what happened
    """No answer in time."""


class LookupCache:
    """Safe to use from any thread. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float], threads: int = 8) -> None:
        self._clock = clock
        self._threads = DaemonThreads(threads, "lookup")
        self._lock = threading.Lock()
        self._answers: LRUCache[Hashable, _CachedAnswer] = LRUCache(MAX_ANSWERS)
        self._names: tuple[object, object, Names] = (None, None, Names())
        self._scope: Hashable = None

    def within(self, scope: Hashable) -> "LookupCache":
        """The same cache for a source that shows less: neither sees what the other keeps."""
        scoped = copy(self)
        scoped._scope, scoped._names = scope, (None, None, Names())  # noqa: SLF001 -- a copy of itself
        return scoped

    def get(self, key: Hashable, ask: Callable[[], _Answer], seconds: float) -> _Answer:
        """The answer; an old one where the new one is not there in time. Raises Late, or what asking raises."""
        cached = self._asked(key, ask)
        patience = max(seconds, 0.0) if cached.last is None else min(max(seconds, 0.0), _SHORTLY)
        try:
            answer: _Answer = cached.future.result(patience)
        except NotInTime:
            if cached.last is None:
                raise LookupTimeout from None
            return cached.last  # type: ignore[no-any-return]
        except RequestError:
            if cached.last is None:
                raise
            return cached.last  # type: ignore[no-any-return]
        return answer

    def runs(self, source: RunSource, typed: str, experiment_ids: tuple[str, ...], seconds: float) -> FoundRuns:
        """Runs whose id, name, user, experiment or tags hold every word that was typed. Never raises RequestError."""
        begun = self._clock()
        wanted = " ".join(typed.split())[:_LONGEST]
        newest = partial(_newest, source, experiment_ids)
        known, problem = self._try(("newest", experiment_ids), newest, begun + seconds * _FIRST)
        fitting = [run for run in known or () if matches_typed(run, wanted)]
        questions = _questions(source, wanted, experiment_ids) if len(fitting) < MATCHING_RUNS else {}
        for key, ask in questions.items():  # all at once
            self._begin(key, ask)
        for key, ask in questions.items():
            more, trouble = self._try(key, ask, begun + seconds)
            fitting += [run for run in more or () if _within(run, experiment_ids)]
            problem = problem or trouble
        found = {run.run_id: run for run in fitting if not run.deleted}
        return FoundRuns(tuple(sorted(found.values(), key=lambda run: -(run.started_at or 0))), problem)

    def experiments(self, source: RunSource, seconds: float) -> tuple[tuple[Experiment, ...], str]:
        """All of them, and why there may be more."""
        found, problem = self._try("experiments", source.experiments, self._clock() + seconds)
        return found or (), problem

    def these(self, source: RunSource, run_ids: Sequence[str], seconds: float) -> FoundRuns:
        ids = tuple(run_ids)
        found, problem = self._try(("these", ids), lambda: source.get(ids), self._clock() + seconds)
        return FoundRuns(tuple(run for run in found or () if run is not None), problem)

    def names(self, source: RunSource, seconds: float, *, more: Sequence[Run] = ()) -> Names:
        """What experiments and the newest runs are called, who made those and what they logged, and of `more` runs.

        Never raises: what cannot be asked for in time is not known.
        """
        ends = self._clock() + seconds
        newest = partial(_newest, source, ())
        self._begin("experiments", source.experiments)
        self._begin(("newest", ()), newest)
        experiments = self._quietly("experiments", source.experiments, ends) or ()
        runs = self._quietly(("newest", ()), newest, ends) or ()
        if more:
            return _names_of(experiments, (*runs, *more))
        known_experiments, known_runs, names = self._names
        if known_experiments is not experiments or known_runs is not runs:
            names = _names_of(experiments, runs)
            self._names = (experiments, runs, names)
        return names

    def called(self, source: RunSource, texts: Sequence[str], seconds: float) -> tuple[Run, ...]:
        """A run each of those that are called so, and of the people that are. Never raises."""
        ends = self._clock() + seconds
        questions: dict[Hashable, Callable[[], list[Run]]] = {}
        for text in {" ".join(text.split())[:_LONGEST] for text in texts} - {""}:
            pattern = "".join("_" if sign in "'\"%\\" else sign for sign in text)
            questions["called", text] = partial(source.called, text, limit=1)
            questions["user", text] = partial(source.search, f"tags.mlflow.user ILIKE '{pattern}'", limit=1)
        for key, ask in questions.items():  # all at once
            self._begin(key, ask)
        return tuple(run for key, ask in questions.items() for run in self._quietly(key, ask, ends) or ())

    def _quietly(self, key: Hashable, ask: Callable[[], _Answer], ends: float) -> _Answer | None:
        try:
            return self._try(key, ask, ends)[0]
        except Exception:
            log.exception("names could not be asked for")
            return None

    def _begin(self, key: Hashable, ask: Callable[[], Any]) -> None:
        with suppress(LookupTimeout):
            self._asked(key, ask)

    def _try(self, key: Hashable, ask: Callable[[], _Answer], ends: float) -> tuple[_Answer | None, str]:
        try:
            return self.get(key, ask, ends - self._clock()), ""
        except LookupTimeout:
            return None, "MLflow is slow: type again in a moment"
        except RequestError:
            return None, "MLflow cannot be asked right now: try again in a minute"

    def _asked(self, key: Hashable, ask: Callable[[], Any]) -> _CachedAnswer:
        """What is kept, asked for again where it is old or went wrong."""
        key = (self._scope, key)
        now = self._clock()
        with self._lock:
            cached = self._answers.get(key)
            if cached is not None and not self._is_over(cached, now):
                return cached
            under_way = sum(not each.future.done() for each in self._answers.values())
            if under_way >= MAX_LOOKUPS:
                raise LookupTimeout
            last, last_at = self._last(cached, now)
            cached = _CachedAnswer(now, self._threads.submit(ask), last, last_at)
            self._answers[key] = cached
            return cached

    @staticmethod
    def _is_over(cached: _CachedAnswer, now: float) -> bool:
        return cached.future.done() and (cached.future.exception() is not None or now - cached.asked_at > FRESH_SECONDS)

    @staticmethod
    def _last(cached: _CachedAnswer | None, now: float) -> tuple[Any, float]:
        """The answer that is used until there is another one."""
        if cached is None:
            return None, float("-inf")
        if cached.future.exception() is None:
            last, at = cached.future.result(), cached.asked_at
        else:
            last, at = cached.last, cached.last_at
        return (last, at) if now - at < STALE_SECONDS else (None, float("-inf"))


def matches_typed(run: Run, typed: str) -> bool:
    """Whether every word stands in its id, name, user, experiment or tags."""
    texts = [run.run_id, run.name, run.user, run.experiment.name, *run.tags.keys(), *run.tags.values()]
    text = "\n".join(texts).casefold()
    return all(word in text for word in typed.casefold().split())


def _questions(source: RunSource, typed: str, ids: tuple[str, ...]) -> dict[Hashable, Callable[[], list[Run]]]:
    """What to ask for what was typed."""
    wheres = [holds(field, typed) for field in ("attributes.run_name", "tags.mlflow.user") if typed]
    found: dict[Hashable, Callable[[], list[Run]]] = {
        ("search", where, ids): partial(_fitting, source, where, ids) for where in wheres
    }
    if _may_be_id(typed):
        found["prefix", typed.lower()] = partial(source.with_prefix, typed.lower(), limit=MATCHING_RUNS)
    return found


def _newest(source: RunSource, ids: tuple[str, ...]) -> list[Run]:
    return _slim(source.part(experiment_ids=ids, limit=NEWEST_RUNS).runs)


def _fitting(source: RunSource, where: str, ids: tuple[str, ...]) -> list[Run]:
    return _slim(source.part(where, experiment_ids=ids, limit=MATCHING_RUNS).runs)


def _slim(runs: Sequence[Run]) -> list[Run]:
    """The runs without what no list shows: one metric's value, and the names of the first runs' metrics, parameters."""
    return [
        replace(
            run,
            metrics=_shown(run, with_names=place < MEASURED),
            parameters=dict.fromkeys(run.parameters, "") if place < MEASURED else {},
        )
        for place, run in enumerate(runs)
    ]


def _shown(run: Run, *, with_names: bool) -> dict[str, Metric]:
    name = shown_metric(run)
    others = dict.fromkeys(run.metrics, _NO_VALUE) if with_names else {}
    return others | ({name: run.metrics[name]} if name else {})


def _may_be_id(typed: str) -> bool:
    return 4 <= len(typed) <= 32 and all(sign in "0123456789abcdefABCDEF" for sign in typed)


def _within(run: Run, experiment_ids: Sequence[str]) -> bool:
    return not experiment_ids or run.experiment.experiment_id in experiment_ids


def _names_of(experiments: Sequence[Experiment], runs: Sequence[Run]) -> Names:
    there = [run for run in runs if not run.deleted]
    return Names.of(
        ids=(run.run_id for run in there),
        experiments=[each.name for each in experiments],
        homes=_homes(there),
        runs=[run.name for run in _best_examples_first(there) if run.name],
        users=[run.user for run in there if run.user],
        metrics=[name for run in there for name in run.metrics],
        parameters=[name for run in there for name in run.parameters],
        tags=[name for run in there for name in run.tags],
    )


def _homes(runs: Sequence[Run]) -> dict[str, str]:
    """The experiment of each run whose name no run of another experiment has."""
    homes: dict[str, set[str]] = {}
    for run in runs:
        homes.setdefault(run.name, set()).add(run.experiment.name)
    return {name: next(iter(places)) for name, places in homes.items() if len(places) == 1}


def _best_examples_first(runs: Sequence[Run]) -> list[Run]:
    """Runs that are worth comparing first: those that finished, logged something, and whose name no other has."""
    counts = Counter(run.name for run in runs)
    fit = [run for run in runs if run.status is Status.FINISHED and run.metrics and counts[run.name] == 1]
    places = Counter(run.experiment.experiment_id for run in fit)
    first = next((run.experiment.experiment_id for run in fit if places[run.experiment.experiment_id] > 1), "")
    chosen = {run.run_id: (run.experiment.experiment_id != first) for run in fit}
    return sorted(runs, key=lambda run: (run.run_id not in chosen, chosen.get(run.run_id, True)))


def read_with_names(
    read: Callable[[Names], Interpretation | None], lookup_cache: LookupCache, source: RunSource, within: float = WITHIN
) -> Request | None:
    """The request that is read by the names that are known. Raises NotUnderstood."""
    more: tuple[Run, ...] = ()
    for is_last in (*[False] * MOST, True):
        names = lookup_cache.names(source, within, more=more)
        try:
            reading = read(names)
            wanted = [each.text for each in reading.guesses if _may_be_person(each)] if reading else []
            found = () if is_last or not wanted else lookup_cache.called(source, wanted[:MOST], within)
        except LeftOver as error:
            spot = error.text[error.at or 0 : error.end]
            found = () if is_last or not spot else lookup_cache.called(source, [spot], within)
            if not {run.run_id for run in found} - {run.run_id for run in more}:
                raise
        if not {run.run_id for run in found} - {run.run_id for run in more}:
            break
        more += found
    return reading.request if reading else None


def example_name(kind: Kind, lookup_cache: LookupCache, source: RunSource) -> str:
    """A name of this kind that is there, for a line to copy; "" where none is known."""
    known = lookup_cache.names(source, WITHIN).all(kind)
    return next((name for name in known if name.isascii() and " " not in name), next(iter(known), ""))


def _may_be_person(guess: Guess) -> bool:
    """Whether it may be somebody whose runs are old, where it was taken for a metric or for nobody known."""
    return guess.kind is Kind.USER or (guess.kind is Kind.METRIC and goal_of(guess.text) is Goal.UNKNOWN)
