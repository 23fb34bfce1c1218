"""What a channel asked to be told of. It is kept as the words it was asked in; these are what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from fnmatch import fnmatchcase

from comparison.run_reference import RunReference

PATTERN = "*?["


def is_pattern(place: str) -> bool:
    return any(sign in place for sign in PATTERN)


def is_called(experiment: str, place: str) -> bool:
    """Whether this is the experiment's name, whatever its case, or a pattern that fits it."""
    name, wanted = experiment.casefold(), place.casefold()
    return name == wanted or (is_pattern(wanted) and fnmatchcase(name, wanted))


class OnlyRuns(StrEnum):
    FAILURES = "failures"
    BETTER = "better"
    WORSE = "worse"
    NEW_BEST = "new best"


@dataclass(frozen=True, slots=True)
class MetricRule:
    """`sign` is a comparison with `amount`, or a move of so much against the baseline: drops, rises, changes."""

    metric: str
    sign: str
    amount: float
    is_percent: bool = False  # of a move: a share of the baseline

    def __str__(self) -> str:
        return f"{self.metric} {self.condition}"

    @property
    def condition(self) -> str:
        """What is asked of the metric, exactly: `< 0.2`, `drops by 2 %`."""
        amount = f"{repr(float(self.amount)).removesuffix('.0')}{' %' if self.is_percent else ''}"
        return f"{self.sign} by {amount}" if self.sign in DIRECTIONS else f"{self.sign} {amount}"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to `end`, over midnight where the end comes first. `zone` is a name of the time zone database."""

    begin: time
    end: time
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Watch:
    """`place` is an experiment's name or a pattern of names. No baseline: the pinned one, else the previous run.

    `experiment_id` is the experiment of that name, whatever it is called by now; "" for a pattern, or not known yet.
    """

    place: str
    against: str = ""  # "", previous, best, baseline or run
    baseline: RunReference | None = None  # where against is run
    where: str = ""
    user: str = ""
    only: OnlyRuns | None = None
    rules: tuple[MetricRule, ...] = ()  # all must hold
    metrics: tuple[str, ...] = ()  # the first is primary
    quiet: QuietHours | None = None
    excepted: tuple[str, ...] = ()  # names or patterns of experiments that are not watched after all
    mentions_owner: bool = False
    broadcasts: bool = False  # a new best that an edit brought is also said aloud
    only_clear: bool = False  # only runs whose difference is more than the noise of earlier repeats explains
    seeds: int | None = None  # told once so many seeds of a configuration finished, of all of them; None: of each run
    experiment_id: str = ""
    visible: tuple[str, ...] | None = None  # names and patterns that its channel may see; None: all. Never in its words

    @property
    def is_pattern(self) -> bool:
        return is_pattern(self.place)


@dataclass(frozen=True, slots=True)
class WeeklySchedule:
    """Days of the week, Monday is 0, and the time on them."""

    days: tuple[int, ...]
    at: time
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Digest:
    """A standup that comes by itself. No experiments: all."""

    hours: WeeklySchedule
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
    watching: Watch
    since: int  # ms since the epoch, by our clock
    past: frozenset[str] = frozenset()


DIRECTIONS: Mapping[str, tuple[int, ...]] = {"drops": (-1,), "rises": (1,), "changes": (-1, 1)}
