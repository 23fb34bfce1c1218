"""What a channel asked to be told of. It is kept as the words it was asked in; these are what they mean."""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from comparison.request import RunReference
from comparison.watching.hours import Hours, Quiet
from comparison.watching.rules import Rule

PATTERN = "*?["


def is_pattern(place: str) -> bool:
    return any(sign in place for sign in PATTERN)


def is_called(experiment: str, place: str) -> bool:
    """Whether this is the experiment's name, whatever its case, or a pattern that fits it."""
    name, wanted = experiment.casefold(), place.casefold()
    return name == wanted or (is_pattern(wanted) and fnmatchcase(name, wanted))


class Only(StrEnum):
    FAILURES = "failures"
    BETTER = "better"
    WORSE = "worse"
    NEW_BEST = "new best"


@dataclass(frozen=True, slots=True)
class Watching:
    """`place` is an experiment's name or a pattern of names. No baseline: the pinned one, else the previous run.

    `experiment_id` is the experiment of that name, whatever it is called by now; "" for a pattern, or not known yet.
    """

    place: str
    against: str = ""  # "", previous, best, baseline or run
    baseline: RunReference | None = None  # where against is run
    where: str = ""
    user: str = ""
    only: Only | None = None
    rules: tuple[Rule, ...] = ()  # all must hold
    metrics: tuple[str, ...] = ()  # the first is primary
    quiet: Quiet | None = None
    excepted: tuple[str, ...] = ()  # names or patterns of experiments that are not watched after all
    mentions_owner: bool = False
    broadcasts: bool = False  # a new best that an edit brought is also said aloud
    experiment_id: str = ""

    @property
    def is_pattern(self) -> bool:
        return is_pattern(self.place)


@dataclass(frozen=True, slots=True)
class Digest:
    """A standup that comes by itself. No experiments: all."""

    hours: Hours
    experiments: tuple[str, ...] = ()

    def fits(self, experiment: str) -> bool:
        """Whether an experiment of this name is in it."""
        return not self.experiments or any(is_called(experiment, place) for place in self.experiments)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A watch as it is decided by: whose it is, since when, and which runs were over already when it began."""

    id: str
    workspace: str
    channel: str
    watching: Watching
    since: int  # ms since the epoch, by our clock
    past: frozenset[str] = frozenset()
