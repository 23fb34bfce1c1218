"""The things compared: runs, and sides of one or more runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Goal(StrEnum):
    """Which way a metric is meant to go."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What MLflow says of a run; it cannot be trusted to mean that the run is alive or well."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    UNKNOWN = "UNKNOWN"


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
    primary_metric: str = ""  # from tag `mlcompare.metric`; "" when not set
    baseline: str = ""  # a run id, from tag `mlcompare.baseline`; "" when not set


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it stood when it was fetched. Times are ms since the epoch, None when unknown."""

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


@dataclass(frozen=True, slots=True)
class Side:
    """A labelled set of one or more runs. The first side of a comparison is the baseline."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()  # how it was chosen, where that was not plain: "newest of 3 runs of that name"
