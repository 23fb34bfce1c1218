"""What a channel asked to be told of. It is kept as the words it was asked in; these are what they mean."""

from dataclasses import dataclass
from enum import StrEnum

from comparison.request import RunReference
from comparison.watching.hours import Hours, Quiet
from comparison.watching.rules import Rule

PATTERN = "*?["


class Only(StrEnum):
    FAILURES = "failures"
    BETTER = "better"
    WORSE = "worse"
    NEW_BEST = "new best"


@dataclass(frozen=True, slots=True)
class Watching:
    """`place` is an experiment's name or a pattern of names. No baseline: the pinned one, else the previous run."""

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

    @property
    def is_pattern(self) -> bool:
        return any(sign in self.place for sign in PATTERN)


@dataclass(frozen=True, slots=True)
class Digest:
    """A standup that comes by itself. No experiments: all."""

    hours: Hours
    experiments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscription:
    """A watch as it is decided by: whose it is, since when, and which runs were over already when it began."""

    id: str
    workspace: str
    channel: str
    watching: Watching
    since: int  # ms since the epoch, by our clock
    past: frozenset[str] = frozenset()
