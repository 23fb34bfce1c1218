"""What ended in an experiment before a moment: what a run that ends is held against."""

from dataclasses import dataclass

from comparison.errors import FilterRefused
from comparison.leading import Ranking, leaders
from comparison.quick.primary import Primary, is_better, ranked, value_of
from comparison.runs import Experiment, Goal, Run, Status
from comparison.source import RunSource

LOOKED_AT = 30  # runs that finished before


@dataclass(frozen=True, slots=True)
class Former:
    """The last runs that finished before `moment` (ms since the epoch), the last to end first."""

    experiment: Experiment
    moment: int
    finished: tuple[Run, ...] = ()


def former(experiment: Experiment, moment: int, source: RunSource) -> Former:
    """One question."""
    found = source.ended(_finished(moment), experiment_ids=(experiment.experiment_id,), limit=LOOKED_AT)
    return Former(experiment, moment, tuple(found))


def last_ended(before: Former, source: RunSource) -> Run | None:
    """The last to end, however it did."""
    where = f"attributes.end_time < {before.moment}"
    found = source.ended(where, experiment_ids=(before.experiment.experiment_id,), limit=1)
    return found[0] if found else None


def best_before(before: Former, by: Primary, source: RunSource) -> Run | None:
    """The best of all that finished before, exact; mostly one question, none where they are few.

    None: no goal is known, or none had a finite value.
    """
    if by.goal is Goal.UNKNOWN:
        return None
    if len(before.finished) < LOOKED_AT:
        first = next(iter(ranked(before.finished, by)), None)
        return first if first and value_of(first, by.metric) is not None else None
    ranking = Ranking(by.metric, by.goal, (before.experiment.experiment_id,), _finished(before.moment))
    try:
        found = leaders(ranking, source, known=before.finished)
    except FilterRefused:
        return None  # no metric can be called so
    return found[0] if found else None


def is_new_best(run: Run, best: Run | None, by: Primary | None) -> bool:
    """Whether a run that finished is better than the best before; the first one is."""
    if by is None or by.goal is Goal.UNKNOWN or run.status is not Status.FINISHED:
        return False
    value, held = value_of(run, by.metric), value_of(best, by.metric) if best else None
    return value is not None and (held is None or is_better(value, held, by.goal))


def _finished(moment: int) -> str:
    return f"attributes.status = 'FINISHED' AND attributes.end_time < {moment}"
