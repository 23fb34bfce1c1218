"""Where runs are looked for: the experiments that are named, the channel's own, and without which runs."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, RunNotFound, spot_in
from comparison.language.quoting import complete_request
from comparison.names import nearest_names
from comparison.run_reference import Group, Latest, Leading, RunReference
from comparison.runs import Experiment, Run, Side
from comparison.tracking.source import RunSource

ID_PREFIX = 8  # characters of an id that people read
HALF = 0.5  # of the deadline, for what a few runs tell as well as many
LONGEST = 120  # characters of a name in a sentence
_ID_START = re.compile(r"[0-9a-f]{4,32}", re.IGNORECASE)
_LISTED = 5  # experiments that are named where none is nearly the wanted one


class ChosenRuns(StrEnum):
    """What becomes of a name that several runs have."""

    NEWEST = "newest"  # the newest is taken, and its side says so
    ASK = "ask"  # Ambiguous is raised with the runs, for a person to choose


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Runs, the newest first. `near` are names like the one that was asked for, where there are none."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


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


def find_experiment(name: str, source: RunSource, *, text: str = "") -> Experiment:
    """The experiment of this name or id, whatever its case. Raises ExperimentNotFound with the nearest names."""
    known = source.experiments()
    wanted = name.strip().casefold()
    for fits in (
        [each for each in known if each.name == name],
        [each for each in known if each.name.casefold() == wanted],
        [each for each in known if each.experiment_id == name.strip()],
    ):
        if fits:
            return fits[0]
    alike, (at, end) = nearest_names(name, [each.name for each in known]), spot_in(text, name)
    there = ", ".join(each.name for each in known[:_LISTED])
    listed = "" if alike else f"The experiments are {there}{' …' if len(known) > _LISTED else ''}."
    example = "list experiments" if known else ""
    if alike:
        example = complete_request(text, at, end, alike[0])
    raise ExperimentNotFound(
        f"There is no experiment called {name}.",
        remedy=listed if known else "No experiment at all can be seen from here.",
        near=alike,
        example=example,
        text=text,
        at=at,
        end=end,
    )


def find_experiments(names: Iterable[str], source: RunSource, *, text: str = "") -> tuple[Experiment, ...]:
    """All experiments of these names, each once. Raises ExperimentNotFound for the first that is not there."""
    found = [find_experiment(name, source, text=text) for name in names]
    return tuple({each.experiment_id: each for each in found}.values())


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


def is_called(name: str, run: Run) -> bool:
    """By name in any case, with stars, as `experiment/name`, or by the start of the id."""
    wanted, own = name.casefold(), run.name.casefold()
    if wanted in (own, f"{run.experiment.name.casefold()}/{own}"):
        return True
    if set("*?") & set(wanted) and fnmatch.fnmatchcase(own, wanted):
        return True
    return bool(_ID_START.fullmatch(name)) and run.run_id.startswith(wanted)


def no_such_among(name: str, runs: Iterable[Run], *, text: str = "") -> RunNotFound:
    """A run that is left out of those that are meant and is none of them."""
    at, end = spot_in(text, name, first=True)
    return RunNotFound(
        f"There is no run called {name} among these, so it cannot be left out.",
        "Name one of them.",
        near=nearest_names(name, [run.name for run in runs]),
        text=text,
        at=at,
        end=end,
    )


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
