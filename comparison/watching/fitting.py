"""Whether a watch wants to hear of a run: first by what the run is, then by how it compares."""

from comparison.outcome import Comparison, Standing
from comparison.runs import Experiment, Run, Status
from comparison.watching.rules import holds
from comparison.watching.watch import Only, Watching, is_called

_FAILED = frozenset({Status.FAILED, Status.KILLED})


def is_watched(watching: Watching, experiment: Experiment) -> bool:
    """Whether this experiment is watched: by its id where that is known, so that its name may change."""
    if not watching.experiment_id:
        return covers(watching, experiment.name)
    is_it = experiment.experiment_id == watching.experiment_id
    return is_it and not any(is_called(experiment.name, place) for place in watching.excepted)


def covers(watching: Watching, experiment: str) -> bool:
    """Whether an experiment of this name is watched."""
    if not is_called(experiment, watching.place):
        return False
    return not any(is_called(experiment, place) for place in watching.excepted)


def fits(watching: Watching, run: Run) -> bool:
    """By experiment, user and status: what can be told of the run by itself. `where` only MLflow can tell."""
    if not is_watched(watching, run.experiment) or run.deleted:
        return False
    if watching.user and run.user.casefold() != watching.user.casefold():
        return False
    return watching.only is not Only.FAILURES or run.status in _FAILED


def is_wanted(watching: Watching, run: Run, comparison: Comparison | None, *, is_best: bool) -> bool:
    """By how it compares with its baseline (None: there is none); where that cannot be told it is not wanted."""
    if not all(holds(rule, run, comparison) for rule in watching.rules):
        return False
    match watching.only:
        case Only.NEW_BEST:
            return is_best and run.status not in _FAILED
        case Only.BETTER:
            return _standing(comparison, Standing.BETTER) and run.status not in _FAILED
        case Only.WORSE:
            return _standing(comparison, Standing.WORSE)
    return True


def _standing(comparison: Comparison | None, wanted: Standing) -> bool:
    """By the first metric that the watch names or the channel agreed on; else by the verdict over all."""
    if comparison is None:
        return False
    primary = next((each for each in comparison.metrics if each.primary), None)
    if primary is not None:
        return primary.changes[0].outcome.value == wanted.value
    return comparison.verdicts[0].standing is wanted
