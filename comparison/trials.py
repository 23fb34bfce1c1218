"""Trials of a hyperparameter search: which of them the search gave up early. That is no failure.

How it is told differs. Optuna's storage for MLflow makes such a run KILLED, Optuna's callback tags one that FINISHED
`state: PRUNED`, and code of one's own tags `pruned: true` or `status: pruned` and often ends as FAILED.
"""

import re
from collections.abc import Mapping

from comparison.runs import Run, Status

STUDY_TAG = "optuna.study_direction"  # of the run that is the whole search, as Optuna's storage makes it
_TRIAL_TAG = "param_directions"  # likewise, of a trial
_CALLBACK_TAGS = frozenset({"number", "datetime_start", "direction"})  # of a trial, as Optuna's callback makes it
_STATE = re.compile(r"(?:.*[._/:\- ])?(?:trial[._\- ]?)?(?:state|status|outcome)", re.IGNORECASE)
_FLAG = re.compile(r"(?:.*[._/:\- ])?(?:is|was|trial)?[._\- ]?pruned", re.IGNORECASE)
_NO = frozenset({"", "0", "false", "no", "none", "null", "n", "f"})
_BOOKKEEPING = frozenset({"trial_id"})  # what Optuna's storage logs into a search
_SYSTEM = "system/"
_ILL = frozenset({Status.FAILED, Status.KILLED})


def is_pruned(status: Status, tags: Mapping[str, str]) -> bool:
    """By what MLflow says of the run and its own tags. A pruned network that was trained to its end is none."""
    if status in (Status.RUNNING, Status.SCHEDULED):
        return False
    states = [_state(value) for name, value in tags.items() if _STATE.fullmatch(name)]
    if "pruned" in states:
        return True
    if _is_trial(tags):
        return _is_flagged(tags) or (status is Status.KILLED and not states)
    return status in _ILL and _is_flagged(tags)


def family_of(run: Run) -> str:
    """What the trials of one search share: their parent, else their experiment; "" for a run that is no trial."""
    if run.parent_id:
        return run.parent_id
    is_trial = run.tags.keys() >= _CALLBACK_TAGS or "trial_name" in run.tags
    return f"searches of {run.experiment.experiment_id}" if is_trial else ""


def has_results(run: Run) -> bool:
    """Whether it logged a metric of its own, besides what the tracker and a search log by themselves."""
    bookkeeping = _BOOKKEEPING if STUDY_TAG in run.tags else frozenset()
    return any(not name.startswith(_SYSTEM) and name not in bookkeeping for name in run.metrics)


def _state(value: str) -> str:
    """`PRUNED`, `TrialState.PRUNED` and `pruned at epoch 3` say the same."""
    words = value.strip().casefold().split()
    return words[0].rpartition(".")[2].rstrip(":;,") if words else ""


def _is_flagged(tags: Mapping[str, str]) -> bool:
    return any(_FLAG.fullmatch(name) and value.strip().casefold() not in _NO for name, value in tags.items())


def _is_trial(tags: Mapping[str, str]) -> bool:
    if STUDY_TAG in tags:
        return False
    names = {name.casefold() for name in tags}
    return _TRIAL_TAG in names or names >= _CALLBACK_TAGS or any(name.startswith("optuna") for name in names)
