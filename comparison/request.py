"""What people ask: one frozen variant a command. Made by the parser, answered by the rest.

`at` and `end` are the spot of a run in what was said, for errors; they do not count when requests are compared.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comparison.watching.watch import Digest, Watching

# What is asked of many runs


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is left out: `except xgb-bad`, `without failed`, `not by maya`."""

    kind: str  # run, experiment, user, status, metric or filter
    name: str


@dataclass(frozen=True, slots=True)
class Among:
    """Which runs are meant, beside the experiment; empty: all. All that is said must hold."""

    user: str = ""
    status: str = ""  # running, failed or finished
    since: str = ""  # in words: `yesterday`, `monday 9am`
    until: str = ""  # in words; a day is meant to its end
    where: str = ""  # in MLflow's own filter language
    excluded: tuple[Exclusion, ...] = ()
    count: int | None = None  # so many of them at most

    def __bool__(self) -> bool:
        """Whether anything is said."""
        return self != Among()


# Runs, as people name them


@dataclass(frozen=True, slots=True)
class Named:
    """A full id, an id prefix (4 or more), a name, or `experiment/name`."""

    text: str
    at: int = field(default=0, compare=False)
    otherwise: str = ""  # the other reading, tried when nothing has the first name: `run A` may be a run called A
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Linked:
    """A run taken from a pasted MLflow link."""

    run_id: str
    experiment_id: str = ""
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Latest:
    """`latest`, `latest~2`, `previous`, `latest by maya`: the newest ended run, or so many before it."""

    back: int = 0
    user: str = ""
    at: int = field(default=0, compare=False)
    experiment: str = ""  # its own, where the request has several


@dataclass(frozen=True, slots=True)
class Leading:
    """`best`, `best accuracy`, `worst loss`: by the metric's goal; no metric named: the primary one."""

    metric: str = ""
    worst: bool = False
    at: int = field(default=0, compare=False)
    user: str = ""
    experiment: str = ""  # its own, where the request has several


@dataclass(frozen=True, slots=True)
class Pinned:
    """`baseline`: the run pinned for the channel, else for the experiment."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """`champion`, `@champion`, `models:/fraud@champion`, `models:/fraud/3`: the run behind a model version.

    No model named: the only one that has the alias.
    """

    model: str = ""
    alias: str = ""
    version: str = ""
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """`running`: the newest run that still runs."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OfDay:
    """`yesterday's`, `monday's`: the newest run that ended on that day."""

    day: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Filtered:
    """`where params.lr = '0.1' and metrics.acc > 0.9`: the newest run that fits, in MLflow's own filter language."""

    where: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TopRuns:
    """`top 3 by f1`: several runs, the best first."""

    count: int
    metric: str = ""
    worst: bool = False
    at: int = field(default=0, compare=False)
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class AllRuns:
    """`all runs`, `all runs of maya`, `yesterday's runs`: each is a side of its own."""

    among: Among = Among()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`mlp-32-*`, `group:mlp-32`, `all seeds of mlp-32`, `tags.configuration = mlp-32`: one side of several runs."""

    pattern: str = ""  # of names, with stars
    where: str = ""  # or in MLflow's own filter language
    name: str = ""  # or the name that its runs share but for the seed
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SweepRuns:
    """`all in sweep <parent>`: the children of a run."""

    parent: Named | Linked
    at: int = field(default=0, compare=False)


OneRun = Named | Linked | Latest | Leading | Pinned | Registered | Unfinished | OfDay | Filtered
RunReference = OneRun | TopRuns | AllRuns | Group | SweepRuns

# Commands


@dataclass(frozen=True, slots=True)
class Compare:
    """Compare runs; the first is the baseline."""

    runs: tuple[RunReference, ...]
    experiment: str = ""  # "" : any
    metrics: tuple[str, ...] = ()  # named ones come first; the first is primary
    everything: bool = False  # also what is the same
    best: bool = False  # the best value over the steps, by the metric's goal, in place of the last
    at_step: int | None = None  # the value at this step, in place of the last
    why: bool = False  # what changed is asked first: parameters, code, data
    differing: bool = False  # nothing that is the same
    part: str = ""  # one part of the answer: "parameters", "tags", "datasets" or "details"; "" : all of it
    tolerance: float | None = None  # a fraction of the baseline within which values are the same
    text: str = field(default="", compare=False)  # as said, for errors and for saying it again
    only_metrics: bool = False  # none but the named ones
    without_metrics: tuple[str, ...] = ()
    goal: str = ""  # higher or lower is better, of the named metrics
    excluded: tuple[RunReference, ...] = ()  # runs that are left out of those that are meant together


@dataclass(frozen=True, slots=True)
class Help:
    topic: str = ""
    unasked: bool = False  # the command was given with no words


@dataclass(frozen=True, slots=True)
class Show:
    """`show <run>`, `who ran <run>` (then `who`): one run by itself."""

    run: OneRun
    experiment: str = ""
    who: bool = False
    text: str = field(default="", compare=False)
    part: str = ""  # one part of the answer, as of a comparison
    metrics: tuple[str, ...] = ()  # named ones come first
    at_step: int | None = None


@dataclass(frozen=True, slots=True)
class Top:
    """`top 5 by f1 in fraud`, `worst 3 by loss`."""

    count: int = 5
    metric: str = ""
    worst: bool = False
    experiment: str = ""
    where: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()  # shown beside the one that ranks
    at_step: int | None = None
    goal: str = ""  # higher or lower is better, where the request says so
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class Running:
    """`running`: what runs now, and what seems dead."""

    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class Failed:
    """`failed since yesterday`."""

    since: str = ""  # in the words of comparison/since.py
    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class Standup:
    """`standup`, `standup since monday`, `standup 24h`."""

    since: str = ""
    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()


@dataclass(frozen=True, slots=True)
class SetDefault:
    """`set experiment fraud`, `set goal cost lower`, `set tolerance 0.1 %`; an empty value takes it back."""

    what: str  # experiment, metric, goal or tolerance
    value: str = ""
    metric: str = ""  # of a goal, or of a tolerance for one metric
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Pin:
    """`pin <run>`, `unpin` (then `run` is None)."""

    run: OneRun | None
    experiment: str = ""
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """`settings`: what is set for the channel."""

    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Watch:
    """`watch fraud only failures`: the channel is told when runs end; an empty place is the channel's experiment."""

    watching: "Watching"
    text: str = field(default="", compare=False)
    at: int = field(default=0, compare=False)  # where the place is named
    words: str = field(default="", compare=False)  # those behind the command, as typed: read again they mean the same


@dataclass(frozen=True, slots=True)
class Unwatch:
    """`unwatch fraud`, `unwatch all`; an empty place is the only one there is.

    `watching` is set where options were said too: `unwatch fraud only failures` means that one of several.
    """

    place: str = ""
    text: str = field(default="", compare=False)
    is_all: bool = False
    watching: "Watching | None" = None


@dataclass(frozen=True, slots=True)
class Watches:
    """`watches`: what is watched for the channel."""

    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PlanDigest:
    """`digest weekdays 9:30 Europe/Berlin`; `digest off` (then `digest` is None)."""

    digest: "Digest | None"
    text: str = field(default="", compare=False)
    words: str = field(default="", compare=False)  # as those of a watch; "" for `digest off`


@dataclass(frozen=True, slots=True)
class Experiments:
    """`list experiments`."""

    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Runs:
    """`list runs in fraud`, `finished runs of maya since monday`: the newest first."""

    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()


Request = (
    Compare
    | Help
    | Show
    | Top
    | Running
    | Failed
    | Standup
    | SetDefault
    | Pin
    | Settings
    | Watch
    | Unwatch
    | Watches
    | PlanDigest
    | Experiments
    | Runs
)
