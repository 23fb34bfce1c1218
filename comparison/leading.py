"""The best runs by a metric, found quickly on a store that sorts slowly.

Sorting by a metric on the server takes 13 s for one experiment of a 100,000-run store; filtering by a metric takes a
fraction of a second. So: look at the newest runs, take the best of them as the bar, and ask only for runs above the
bar. Each answer raises the bar to the best of another page; when an answer is not full, nobody is missing. The
answer is exact at the moment of the last question, the run that ended a second ago included.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from comparison.runs import Goal, Run

SAMPLE = 30  # runs to set the first bar by
PAGE = 200  # runs above the bar in one answer
EVERYTHING = 10_000  # runs, where a bar does not help
QUESTIONS = 40  # each raises the bar; a store where this is not enough changes faster than it can be read


class Searching(Protocol):
    """The part of a RunSource that is needed here."""

    def search(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> list[Run]: ...


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is looked for: `where` is MLflow's filter language, "" for any run."""

    metric: str
    goal: Goal
    experiment_ids: tuple[str, ...]
    where: str = ""
    worst: bool = False  # from the other end

    @property
    def downwards(self) -> bool:
        """Whether smaller values come first."""
        return (self.goal is Goal.LOWER) != self.worst

    def beyond(self, bar: float) -> str:
        """The filter that runs fit which come before one with this value."""
        return " AND ".join(filter(None, (self.where, _beyond(self, bar))))


def leaders(ranking: Ranking, source: Searching, *, count: int = 1, known: Iterable[Run] = ()) -> tuple[Run, ...]:
    """The `count` best runs, best first; of equal ones the newest first. Runs without a finite value do not count.

    `known` are runs just fetched that are likely to lead: with them the first question is often the last.
    """
    best = _best(ranking, known, count)
    if len(best) < count:
        best = _best(ranking, [*best, *_ask(ranking, source, "", SAMPLE + count)], count)
    if len(best) < count:
        return _best(ranking, [*best, *_all_that_logged(ranking, source)], count)
    for _ in range(QUESTIONS):
        beyond = _beyond(ranking, best[-1].metrics[ranking.metric].value)
        above = _ask(ranking, source, beyond, PAGE)
        raised = _best(ranking, [*best, *above], count)
        if len(above) < PAGE:
            return raised
        if raised == best:  # MLflow counts a page of values that are not numbers as above the bar: look behind them
            return _best(ranking, [*best, *_ask(ranking, source, beyond, EVERYTHING)], count)
        best = raised
    return best


def _all_that_logged(ranking: Ranking, source: Searching) -> list[Run]:
    """Few of the newest logged the metric: ask for those that did, on either side of zero."""
    key = _quoted(ranking.metric)
    return [run for part in (f"{key} >= 0", f"{key} < 0") for run in _ask(ranking, source, part, EVERYTHING)]


def _ask(ranking: Ranking, source: Searching, part: str, limit: int) -> list[Run]:
    where = " AND ".join(each for each in (ranking.where, part) if each)
    return source.search(where, experiment_ids=ranking.experiment_ids, limit=limit)


def _best(ranking: Ranking, runs: Iterable[Run], count: int) -> tuple[Run, ...]:
    there = {run.run_id: run for run in runs if _is_ranked(run, ranking.metric)}
    sign = 1 if ranking.downwards else -1
    ordered = sorted(
        there.values(),
        key=lambda run: (sign * run.metrics[ranking.metric].value, -(run.started_at or 0), run.run_id),
    )
    return tuple(ordered[:count])


def _is_ranked(run: Run, metric: str) -> bool:
    return metric in run.metrics and math.isfinite(run.metrics[metric].value)


def _beyond(ranking: Ranking, bar: float) -> str:
    return f"{_quoted(ranking.metric)} {'<' if ranking.downwards else '>'} {bar!r}"


def _quoted(metric: str) -> str:
    return f"metrics.`{metric}`" if '"' in metric else f'metrics."{metric}"'
