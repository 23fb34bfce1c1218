"""The best run of each of several experiments, asked for together.

A question that filters by a metric costs a large store the same for one experiment as for all: it reads every run that
logged the metric. So experiments that share a metric are asked for in one, above the lowest of their bars. Each full
page raises the bars; a page that is not full means that nobody is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from comparison.leading import Ranking
from comparison.quick.primary import is_better, value_of
from comparison.runs import Goal, Run
from comparison.source import RunSource

PAGE = 200
QUESTIONS = 4


@dataclass(frozen=True, slots=True)
class Contest:
    """What the experiments are judged by, and where to look, in MLflow's filter language."""

    metric: str
    goal: Goal
    where: str = ""


def champions(contest: Contest, known: Mapping[str, Sequence[Run]], source: RunSource) -> dict[str, Run]:
    """The best run by experiment id, exact. `known` are some runs of each; one without a value is not looked up.

    Experiments that cannot be settled within a few questions are left out, the last of `known` first.
    """
    best = {key: run for key, runs in known.items() if (run := _best(contest, runs)) is not None}
    for _ in range(QUESTIONS):
        if not best:
            break
        page = _ask(contest, best, source)
        raised = {key: _best(contest, [run, *_of(page, key)]) or run for key, run in best.items()}
        if len(page) < PAGE:
            return raised
        is_stuck = raised == best
        best = dict(list(raised.items())[: (len(raised) + 1) // 2 if is_stuck else len(raised)])
    return {}


def _ask(contest: Contest, best: Mapping[str, Run], source: RunSource) -> list[Run]:
    bars = [run.metrics[contest.metric].value for run in best.values()]
    bar = max(bars) if contest.goal is Goal.LOWER else min(bars)
    ranking = Ranking(contest.metric, contest.goal, tuple(best), contest.where)
    return source.search(ranking.beyond(bar), experiment_ids=ranking.experiment_ids, limit=PAGE)


def _of(runs: Iterable[Run], key: str) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == key]


def _best(contest: Contest, runs: Iterable[Run]) -> Run | None:
    """Of equal ones the one that comes first."""
    found: tuple[float, Run] | None = None
    for run in runs:
        value = value_of(run, contest.metric)
        if value is not None and (found is None or is_better(value, found[0], contest.goal)):
            found = (value, run)
    return found[1] if found else None
