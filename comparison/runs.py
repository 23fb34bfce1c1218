"""The things compared: runs, and sides of one or more runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
