"""What there is to say of runs that ended: found out for a message, put into words by comparison/reports."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from comparison.judgement.primary_metric import PrimaryMetric
from comparison.judgement.result import Comparison
from comparison.runs import Experiment, Run, Side, Status
from comparison.tracking.source import ModelVersion

if TYPE_CHECKING:
    from comparison.queries.sweeps import SweepAnswer  # numpy, which a list of messages can do without


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of a run that did not finish. Times are in ms; None: not known."""

    ran: int | None = None
    last_metric: str = ""
    last_value: float | None = None
    last_step: int | None = None
    usual: int | None = None  # how long its siblings that finished took, the median
    siblings: int = 0  # how many of them
    usual_step: int | None = None  # the last step they reached, the median


@dataclass(frozen=True, slots=True)
class RunNews:
    """News of a run that ended. No comparison: there is nothing to hold it against, and `why_alone` says why."""

    run: Run
    comparison: Comparison | None = None
    why_alone: str = ""
    is_best: bool = False
    best_by: PrimaryMetric | None = None
    best_before: Run | None = None  # the best of those that ended before it; None: it is the first, or was not asked
    failure: Failure | None = None
    lacking: tuple[str, ...] = ()  # metrics that the runs before it have and it has not, though it says it finished
    looked_at: int = 0  # how many runs before it those are
    versions: tuple[ModelVersion, ...] = ()
    owner: str = ""  # whom to mention, as MLflow knows them; "" : nobody
    metrics: tuple[str, ...] = ()  # that the watch names: only these are shown
    doubts: tuple[str, ...] = ()  # what was asked for and could not be had, a sentence each
    noise: float | None = None  # how far two runs must differ in `best_by` to be told apart; None: not known
    seeds: Side | None = None  # that are all in now: the news is of them, and `run` was the last


@dataclass(frozen=True, slots=True)
class NewsGroup:
    """Runs of one experiment or one sweep, counted: by status, the best so far, and how far apart they are."""

    experiment: Experiment
    counts: Mapping[str, int]  # by status, in MLflow's words; RUNNING for those that still run
    runs: tuple[Run, ...] = ()  # those shown, the best first
    by: PrimaryMetric | None = None
    best: Run | None = None
    is_new_best: bool = False  # better than all of the experiment before
    best_before: Run | None = None  # where that was asked for and is known
    noise: float | None = None  # how far two runs must differ to tell a new best from that one; None: not known
    earlier: int | None = None  # runs of the experiment that came before and logged the metric; None: not known
    valued: int = 0  # how many runs the three below are of
    low: float | None = None  # of the finite values
    middle: float | None = None  # the median
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ManyNews:
    """A sweep (then `parent`), a burst, or what was held back in quiet hours; `groups`, the busiest first."""

    groups: tuple[NewsGroup, ...]
    parent: Run | None = None
    is_sweep: bool = False
    is_over: bool = False
    was_quiet: bool = False
    unwanted: int = 0  # runs that ended too and that no watch wants to hear of
    left_out: int = 0  # runs that were not looked at, since they are too many; at least so many where `is_cut`
    is_cut: bool = False  # there may be more runs than were counted
    doubts: tuple[str, ...] = ()  # what was asked for and could not be had, a sentence each
    sweep: "SweepAnswer | None" = None  # what it found, once it is over


@dataclass(frozen=True, slots=True)
class SilentNews:
    """A run that seems dead (`silent` ms without a word), or that is back."""

    run: Run
    silent: int = 0
    is_back: bool = False
    usual: int | None = None  # ms between two of its metrics
    owner: str = ""  # as of RunNews


News = RunNews | ManyNews | SilentNews


@dataclass(frozen=True, slots=True)
class Unwanted:
    """No watch wants to hear of it; `why` is for who asks what became of it."""

    why: str


@dataclass(frozen=True, slots=True)
class NewsFacts:
    """News, and the ids of all runs it speaks of, wanted by the watch with this id."""

    news: News
    watch_id: str = ""
    run_ids: tuple[str, ...] = field(default=())


# What is to be said in a channel: which runs share one message, and what is already said or waits to be.


class MessageKind(StrEnum):
    """What a message is about."""

    RUN = "run"  # one run that ended
    SWEEP = "sweep"  # the children of one parent
    BURST = "burst"  # many runs at once, or those of a quiet night
    DEAD = "dead"  # a run that seems dead
    BACK = "back"  # one that seemed dead and is not
    BEST = "best"  # a new best that an edit brought, where a watch asks for it
    DIGEST = "digest"  # a standup that comes by itself
    NOTICE = "notice"  # to the owner of a watch that was paused


@dataclass(frozen=True, slots=True)
class WantedMessage:
    """A message wanted in a channel. With the key of one that stands it adds its runs to it."""

    key: str  # `run:<workspace>:<channel>:<run id>`: one message a channel and run, whatever number of watches want it
    kind: MessageKind
    workspace: str
    channel: str
    run_ids: tuple[str, ...] = ()
    watch_ids: tuple[str, ...] = ()  # in the order in which they are asked whether they want it
    experiment_ids: tuple[str, ...] = ()
    not_before: int = 0  # ms since the epoch
    about: str = ""  # of a notice its words, of a digest its local day, of a dead run since when it is silent (ms)


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A message that waits, or was posted and can still be added to."""

    key: str
    kind: MessageKind
    workspace: str
    channel: str
    experiment_ids: tuple[str, ...]
    last: int  # ms since the epoch: when a run joined it
    is_waiting: bool = False
    not_before: int = 0
    since: int = 0  # ms since the epoch: when it was wanted first; 0: it is not known


# What is known of a run that did not end well: how far it came, and how far its siblings did.


ILL = frozenset({Status.FAILED, Status.KILLED})
_FEWEST = 3  # runs before, to say what such a run should have
_NEARLY_ALL = 0.9
_SYSTEM = "system/"  # what the tracker itself logs


def comparable_runs(run: Run, finished: Sequence[Run]) -> list[Run]:
    """Finished runs to compare this one with: of the same sweep if there are any, else runs without a parent."""
    others = [each for each in finished if each.run_id != run.run_id]
    if run.parent_id:
        return [each for each in others if each.parent_id == run.parent_id] or [e for e in others if e.parent_id]
    return [each for each in others if not each.parent_id]


def failure_of(run: Run, finished: Sequence[Run]) -> Failure | None:
    """Failure of a run; None: it did not fail. `finished` are runs of its experiment that did."""
    if run.status not in ILL:
        return None
    beside = comparable_runs(run, finished)
    lengths = [length for each in beside if (length := run_time(each)) is not None]
    name = last_logged(run)
    last = run.metrics.get(name)
    steps = [each.metrics[name].step for each in beside if name in each.metrics]
    furthest = int(median(steps)) if steps else 0
    return Failure(
        ran=run_time(run),
        last_metric=name,
        last_value=last.value if last else None,
        last_step=last.step if last else None,
        usual=int(median(lengths)) if lengths else None,
        siblings=len(lengths),
        usual_step=furthest or None,
    )


def missing_metrics(run: Run, finished: Sequence[Run]) -> tuple[str, ...]:
    """The metrics that nearly all of the runs before it logged and it did not, though it says it finished."""
    beside = comparable_runs(run, finished)
    if run.status is not Status.FINISHED or len(beside) < _FEWEST:
        return ()
    counts = Counter(name for each in beside for name in each.metrics if not name.startswith(_SYSTEM))
    usual = [name for name, count in counts.most_common() if count >= _NEARLY_ALL * len(beside)]
    return tuple(name for name in usual if name not in run.metrics)


def run_time(run: Run) -> int | None:
    """Time that a run took, in ms."""
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return None
    return run.ended_at - run.started_at


def last_logged(run: Run) -> str:
    """The metric that was logged last, "" when none was."""
    own = {name: metric for name, metric in run.metrics.items() if not name.startswith(_SYSTEM)} or run.metrics
    return max(own, key=lambda name: (own[name].logged_at, own[name].step, name), default="")
