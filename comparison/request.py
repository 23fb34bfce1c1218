"""What people ask: one frozen variant a command. Made by the parser, answered by the rest.

`at` and `end` are the spot of a run in what was said, for errors; they do not count when requests are compared.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comparison.run_reference import Among, Linked, Named, OneRun, RunReference

if TYPE_CHECKING:
    from comparison.watch import Digest, Watch


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
    part: str = ""  # one part of the answer: "metrics", "parameters", "tags", "datasets" or "details"; "" : all of it
    tolerance: float | None = None  # a fraction of the baseline within which values are the same
    margin: float | None = field(default=None, kw_only=True)  # in the unit of the metric, within which groups are
    text: str = field(default="", compare=False)  # as said, for errors and for saying it again
    only_metrics: bool = False  # none but the named ones
    without_metrics: tuple[str, ...] = ()
    goal: str = ""  # higher or lower is better, of the named metrics
    excluded: tuple[RunReference, ...] = ()  # runs that are left out of those that are meant together
    without_parameters: tuple[str, ...] = ()
    by_change: bool = False  # the largest change first, whatever decides


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
    among: Among = Among()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Running:
    """`running`: what runs now, and what seems dead."""

    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Failed:
    """`failed since yesterday`."""

    since: str = ""  # in the words of comparison/language/dates.py
    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Standup:
    """`standup`, `standup since monday`, `standup 24h`."""

    since: str = ""
    experiment: str = ""
    text: str = field(default="", compare=False)
    metrics: tuple[str, ...] = ()
    among: Among = Among()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class SetDefault:
    """`set experiment fraud`, `set goal cost lower`, `set examples on`; an empty value takes it back."""

    what: str  # experiment, metric, goal, tolerance or examples
    value: str = ""
    metric: str = ""  # of a goal, or of a tolerance for one metric
    text: str = field(default="", compare=False)
    taken_back: str = ""  # the value that is taken back, where it was named: `unset metric f1`


@dataclass(frozen=True, slots=True)
class Pin:
    """`pin <run>`, `unpin` (then `run` is None)."""

    run: OneRun | None
    experiment: str = ""
    text: str = field(default="", compare=False)
    taken_back: OneRun | None = None  # the run that is no longer to be pinned, where it was named


@dataclass(frozen=True, slots=True)
class ShowSettings:
    """`settings`: what is set for the channel."""

    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """`watch fraud only failures`: the channel is told when runs end; an empty place is the channel's experiment."""

    watching: "Watch"
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
    watching: "Watch | None" = None


@dataclass(frozen=True, slots=True)
class ChangeWatch:
    """`pause fraud`, `resume all`, `change watch fraud to only failures`; an empty place is the only watch there is.

    `watching` of a change has the options that are to hold, None where none is said; else it tells which of several
    watches is meant, as in Unwatch.
    """

    what: str  # pause, resume or change
    place: str = ""
    text: str = field(default="", compare=False)
    is_all: bool = False
    watching: "Watch | None" = None
    is_digest: bool = False  # the digest is meant, and no watch


@dataclass(frozen=True, slots=True)
class ListWatches:
    """`watches`: what is watched for the channel."""

    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PlanDigest:
    """`digest weekdays 9:30 Europe/Berlin`; `digest off` (then `digest` is None)."""

    digest: "Digest | None"
    text: str = field(default="", compare=False)
    changed: tuple[str, ...] = ()  # of `change the digest to 8am`: days, hour, zone, experiments; the rest stays


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
    among: Among = Among()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Curves:
    """`curves A vs B by val_loss`, `how did A train?`: metrics over steps. The first run is the baseline."""

    runs: tuple[RunReference, ...]
    experiment: str = ""
    metrics: tuple[str, ...] = ()  # one picture each; none: the primary one
    goal: str = ""  # higher or lower is better, where the request says so
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Sweep:
    """`sweep lr-sweep`, `what matters in fraud?`: the trials of a search, and which parameters matter.

    `parent` names a run whose children they are, or an experiment; None: those of `experiment`, or of the channel's.
    """

    parent: Named | Linked | None = None
    experiment: str = ""
    metrics: tuple[str, ...] = ()  # two: what can be had of both
    goal: str = ""
    text: str = field(default="", compare=False)


ELSEWHERE = "*"  # as a scope: all channels without a rule of their own
DIRECT = "direct"  # as a scope: direct messages and the Home tab


@dataclass(frozen=True, slots=True)
class ShowAccess:
    """`access`: what may be seen here; `scope` is "" for the channel itself, else ELSEWHERE or DIRECT."""

    scope: str = ""
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """`access fraud*, churn`: experiments that may be seen, as names and patterns; None takes the rule back."""

    patterns: tuple[str, ...] | None
    scope: str = ""
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RestrictChanges:
    """`access changes admins`: who may pin, set and watch; members of the channel unless it is for admins."""

    is_for_admins: bool
    scope: str = ""
    text: str = field(default="", compare=False)


Request = (
    Compare
    | Curves
    | Sweep
    | Help
    | Show
    | Top
    | Running
    | Failed
    | Standup
    | SetDefault
    | Pin
    | ShowSettings
    | WatchRequest
    | Unwatch
    | ChangeWatch
    | ListWatches
    | PlanDigest
    | Experiments
    | Runs
    | ShowAccess
    | AccessRequest
    | RestrictChanges
)
