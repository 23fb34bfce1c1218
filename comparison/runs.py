"""The things compared: runs, also trials of a search, and sides of one or more runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Goal(StrEnum):
    """The way a metric is meant to go."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What MLflow says of a run; it cannot be trusted to mean that the run is alive or well.

    PRUNED is ours: a trial that its search gave up, which is no failure. MLflow calls it KILLED, FAILED or FINISHED.
    """

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    PRUNED = "PRUNED"
    UNKNOWN = "UNKNOWN"


FIRST, LAST = 1_000_000_000_000, 4_102_444_800_000  # ms: of the years 2001 and 2100
GOING_ON = frozenset({Status.RUNNING, Status.SCHEDULED})


def milliseconds(moment: datetime) -> int:
    """A moment as runs tell theirs: in ms since the epoch."""
    return int(moment.timestamp() * 1000)


def is_moment(at: int | None) -> bool:
    """Whether a time in ms can be one. Seconds or microseconds in place of ms are why most others are not."""
    return at is not None and FIRST <= at < LAST


@dataclass(frozen=True, slots=True)
class Metric:
    """The last logged value of a metric; `step` as logged, `logged_at` in ms since the epoch."""

    value: float
    step: int = 0
    logged_at: int = 0
    points: int = 1  # how often it was logged at this step, where its history was read
    key: str = ""  # as it was logged, where it goes by a longer name: `accuracy` of `accuracy · valid`
    dataset: str = ""  # what the value was measured on, where that was logged with it
    digest: str = ""  # of the dataset
    is_unclear: bool = False  # a run with several datasets logged several values: which is this one?


@dataclass(frozen=True, slots=True)
class Dataset:
    """A logged dataset input. The digest is weak: equal digests do not prove equal data."""

    name: str
    digest: str
    context: str = ""  # training, validation, … as logged; "" when it was not said


@dataclass(frozen=True, slots=True)
class Experiment:
    experiment_id: str
    name: str
    goals: Mapping[str, Goal] = field(default_factory=dict)  # from tags `mlcompare.goal.<metric>`
    tolerances: Mapping[str, float] = field(default_factory=dict, kw_only=True)  # by metric, "" for all, from tags
    margins: Mapping[str, float] = field(default_factory=dict, kw_only=True)  # by metric, in its unit, from tags
    primary_metric: str = ""  # from tag `mlcompare.metric`; "" when not set
    baseline: str = ""  # a run id, from tag `mlcompare.baseline`; "" when not set
    compares_examples: bool = False  # from tag `mlcompare.examples`: evaluation tables may be read


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it stood when it was fetched. Times are ms since the epoch, None when unknown or impossible."""

    run_id: str
    name: str
    experiment: Experiment
    status: Status = Status.FINISHED
    started_at: int | None = None
    ended_at: int | None = None
    user: str = ""
    deleted: bool = False
    parent_id: str = ""
    commit: str = ""  # `mlflow.source.git.commit`; "" when not logged
    source: str = ""  # `mlflow.source.name`
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)  # the user's; no `mlflow.*`
    datasets: tuple[Dataset, ...] = ()
    models: tuple[str, ...] = ()  # ids of the models it made or measured
    former_end: int | None = None  # when a run that goes on had ended before it was resumed
    steps_before: int = 0  # that it had made when it began to count them anew; 0: it has not, as far as is known
    odd_times: Mapping[str, int] = field(default_factory=dict)  # `start` or `end` as logged, where it cannot be

    @property
    def is_over(self) -> bool:
        """By its status: a run that was resumed keeps the time at which it had ended before."""
        return self.status not in GOING_ON

    @property
    def heard_at(self) -> int:
        """When it last logged a metric, else when it started; ms since the epoch, 0 when neither is known.

        Nor is it known where it logged metrics at times that cannot be.
        """
        logged = [metric.logged_at for metric in self.metrics.values() if metric.logged_at]
        known = [at for at in logged if is_moment(at)]
        return 0 if logged and not known else max(*known, self.started_at or 0, 0)

    @property
    def over_at(self) -> int:
        """When a run that is over ended, else its last sign of life; ms since the epoch, 0 when there is none."""
        return self.ended_at or self.heard_at or self.started_at or 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run of a group that is not counted, and why, in words that follow its name: `failed`, `a rerun is newer`."""

    run: Run
    why: str


@dataclass(frozen=True, slots=True)
class Side:
    """A labelled set of one or more runs. The first side of a comparison is the baseline."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()  # how it was chosen, where that was not plain: "newest of 3 runs of that name"
    left_out: tuple[LeftOut, ...] = ()  # runs that were meant too and are not counted
    picked_by: str = ""  # the metric by which it was picked as the best of many runs
    picked_of: str = ""  # the person whose runs alone it was picked from
    best_of: int | None = None  # of how many finished runs it is the best; None: it was not picked so, or nobody knows


# Trials of a hyperparameter search: which of them the search gave up early. That is no failure.
# How it is told differs. Optuna's storage for MLflow makes such a run KILLED, Optuna's callback tags one that FINISHED
# `state: PRUNED`, and code of one's own tags `pruned: true` or `status: pruned` and often ends as FAILED.


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
