"""Where runs are looked for, and what every way of finding them needs of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, RunNotFound
from comparison.resolve.among import is_called, no_such_among
from comparison.resolve.experiments import find_experiment
from comparison.resolve.groups import FoundGroup
from comparison.run_reference import Group, Latest, Leading, RunReference
from comparison.runs import Experiment, Run, Side
from comparison.tracking.source import RunSource

ID_PREFIX = 8  # characters of an id that people read
HALF = 0.5  # of the deadline, for what a few runs tell as well as many
LONGEST = 120  # characters of a name in a sentence


class ChosenRuns(StrEnum):
    """What becomes of a name that several runs have."""

    NEWEST = "newest"  # the newest is taken, and its side says so
    ASK = "ask"  # Ambiguous is raised with the runs, for a person to choose


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to look. No experiments: all of them. `metric` is what the request names first; `text` is for errors."""

    source: RunSource
    experiments: tuple[Experiment, ...] = ()
    text: str = ""
    metric: str = ""
    defaults: ChannelDefaults = field(default_factory=ChannelDefaults)
    now: datetime | None = None
    several: ChosenRuns = ChosenRuns.NEWEST
    excluded: tuple[str, ...] = ()  # names or ids of runs that are left out of what is not named
    groups: Mapping[Group, FoundGroup] = field(default_factory=dict)  # that were found already, in one go

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)

    @property
    def place(self) -> str:
        """` in fraud`, or nothing."""
        return f" in {self.experiments[0].name}" if len(self.experiments) == 1 else ""

    def refuse(self, problem: str, reference: RunReference, *, word: str = "", **more: Any) -> RunNotFound:
        """What to raise; `word` is what of the reference is wrong, where it was said."""
        at, end = spot_of(word, self.text, reference.at) if word else (reference.at, None)
        return RunNotFound(problem, text=self.text, at=at, end=end, **more)


def spot_of(word: str, text: str, behind: int = 0) -> tuple[int | None, int | None]:
    """Where a word stands in what was said, best behind a place; None and None where it was not said."""
    whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    found = whole.search(text, max(0, behind)) or whole.search(text)
    return (found.start(), found.end()) if found else (None, None)


def with_default(scope: SearchScope) -> SearchScope:
    """What is told and not named is looked for in the channel's experiment, where the request names none."""
    if scope.experiments or not scope.defaults.experiment:
        return scope
    try:
        return replace(scope, experiments=(find_experiment(scope.defaults.experiment, scope.source),))
    except ExperimentNotFound as error:
        raise ExperimentNotFound(
            f"{plain_reference(scope.defaults.experiment)}, "
            "the experiment set for this channel, is not there any more.",
            remedy="Set another one, or take it back.",
            example="unset experiment",
            near=error.near,
        ) from error


def with_own_experiment(reference: Latest | Leading, scope: SearchScope) -> SearchScope:
    """Where this one is looked for: its own experiment, where it names one."""
    if not reference.experiment:
        return scope
    return replace(scope, experiments=(find_experiment(reference.experiment, scope.source, text=scope.text),))


def without_excluded(runs: Sequence[Run], scope: SearchScope, *, is_whole: bool = True) -> list[Run]:
    """The runs but for those left out. Raises RunNotFound for one that is none of them, where these are all."""
    for name in scope.excluded:
        if is_whole and runs and not any(is_called(name, run) for run in runs):
            raise no_such_among(name, runs, text=scope.text)
    return [run for run in runs if not any(is_called(name, run) for name in scope.excluded)]


def side_of(run: Run, *notes: str) -> Side:
    """A side of one run, with notes on how it was chosen."""
    return Side(run.name, (run,), notes)


def plain_reference(name: str) -> str:
    """A name for a sentence, however long it is."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
