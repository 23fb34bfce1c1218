"""From references to the runs that they name or describe, looked for side by side."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import Threads
from comparison.errors import RunNotFound
from comparison.resolve.described_runs import best_of, filtered, latest, leading, of_day, top, unfinished
from comparison.resolve.groups import all_runs, each_once, sides_of_group, sweep, sweeps_as_sides, with_groups
from comparison.resolve.named_runs import (
    by_words,
    full_id,
    joined_by_commas,
    not_found_together,
    pinned,
    registered,
    side_called,
    side_of_id,
)
from comparison.resolve.scope import ChosenRuns, SearchScope, find_experiment, with_default
from comparison.run_reference import (
    AllRuns,
    BestOf,
    Filtered,
    Group,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.runs import Side
from comparison.tracking.source import RunSource

SIDE_BY_SIDE = 16
RELATIVE = (Leading, TopRuns, AllRuns, Pinned)  # they look where the other runs of the request are


def find_runs(  # noqa: PLR0913 -- all but two have defaults and are given by name
    references: Sequence[RunReference],
    source: RunSource,
    *,
    experiment: str = "",
    text: str = "",
    metric: str = "",
    defaults: ChannelDefaults | None = None,
    now: datetime | None = None,
    several: ChosenRuns = ChosenRuns.NEWEST,
    excluded: Sequence[RunReference] = (),
) -> list[Side]:
    """A side a reference, in their order, looked for side by side; a sweep, `top 3` or `all runs` is several sides.

    `excluded` are left out of what is told and not named. A run that is named is no second time one of several.

    `experiment` narrows to it, else the default one narrows what is not named; `metric` is what the request names
    first; `text` is what was said, for errors; `several` says what becomes of a name that several runs have. All full
    ids are one `source.get`. Raises RunNotFound, Ambiguous,
    ExperimentNotFound, FilterRefused or TrackingUnavailable.
    """
    within = (find_experiment(experiment, source, text=text),) if experiment else ()
    scope = SearchScope(source, within, text, metric, defaults or ChannelDefaults(), now, several, _names_of(excluded))
    references = sweeps_as_sides(references, scope)
    try:
        return _find_sides(references, scope)
    except RunNotFound:
        joined = joined_by_commas(references, scope)
        if joined == list(references):
            raise
        return _find_sides(joined, scope)


def _find_sides(references: Sequence[RunReference], scope: SearchScope) -> list[Side]:
    source, scope = scope.source, with_groups(references, scope)
    ids = list(dict.fromkeys(filter(None, map(full_id, references))))
    first = [place for place, each in enumerate(references) if not full_id(each) and not isinstance(each, RELATIVE)]
    found: dict[int, list[Side]] = {}
    with Threads(SIDE_BY_SIDE) as threads:
        answers = {place: threads.submit(_look, references[place], scope) for place in first}
        fetched = dict(zip(ids, source.get(ids), strict=True)) if ids else {}
        missing = _put_found(answers, found)
        with_id = [place for place, each in enumerate(references) if full_id(each)]
        found.update(
            {place: [side_of_id(references[place], fetched[full_id(references[place])], scope)] for place in with_id}
        )
        if missing:
            raise not_found_together(missing, found.values(), references)
        where = _beside(found, scope)
        later = [place for place in range(len(references)) if place not in found]
        answers = {place: threads.submit(choose_runs, references[place], where) for place in later}
        missing = _put_found(answers, found)
        if missing:
            raise not_found_together(missing, found.values(), references)
    return each_once(references, found, scope)


def _put_found(answers: Mapping[int, Future[list[Side]]], found: dict[int, list[Side]]) -> dict[int, RunNotFound]:
    """Puts the sides to those that are found; the errors of references that name nothing, by their place."""
    missing: dict[int, RunNotFound] = {}
    for place, answer in answers.items():
        try:
            found[place] = answer.result()
        except RunNotFound as error:
            missing[place] = error
    return missing


def _names_of(excluded: Sequence[RunReference]) -> tuple[str, ...]:
    return tuple(
        each.run_id if isinstance(each, Linked) else each.text for each in excluded if isinstance(each, Linked | Named)
    )


def _look(reference: RunReference, scope: SearchScope) -> list[Side]:
    if isinstance(reference, Named):
        return [by_words(reference, scope)]
    if isinstance(reference, SweepRuns):
        return sweep(reference, scope)
    return choose_runs(reference, with_default(scope))


def _beside(found: Mapping[int, Sequence[Side]], scope: SearchScope) -> SearchScope:
    """`best` is the best where the request says, else in the channel's experiment, else where the other runs are."""
    narrowed = with_default(scope)
    if narrowed.experiments:
        return narrowed
    others = {run.experiment.experiment_id: run.experiment for sides in found.values() for s in sides for run in s.runs}
    return replace(scope, experiments=tuple(others.values()))


def choose_runs(reference: RunReference, scope: SearchScope) -> list[Side]:
    """The sides told so, each with a note on how it was chosen. Raises RunNotFound and what the source raises."""
    try:
        return _CHOOSERS[type(reference)](reference, scope)
    except RunNotFound:
        own = _by_own_name(reference, scope)
        if own is None:
            raise
        return [own]


def _by_own_name(reference: RunReference, scope: SearchScope) -> Side | None:
    """The run that is called as the word of ours that was typed: `baseline` where none is pinned. A sign forbids it."""
    match reference:
        case Pinned():
            word = "baseline"
        case Unfinished():
            word = "running"
        case Registered(model="", alias=alias) if alias:
            word = alias
        case _:
            return None
    typed = scope.text[reference.at : reference.at + len(word)]
    if typed.casefold() != word.casefold() or scope.text[: reference.at].endswith("@"):
        return None
    found = scope.source.called(typed, experiment_ids=scope.ids)
    return side_called(found, typed, Named(typed, reference.at), scope) if found else None


_CHOOSERS: dict[type, Callable[[Any, SearchScope], list[Side]]] = {
    Latest: latest,
    Leading: leading,
    TopRuns: top,
    Pinned: pinned,
    Registered: registered,
    Unfinished: unfinished,
    OfDay: of_day,
    Filtered: filtered,
    AllRuns: all_runs,
    Group: sides_of_group,
    BestOf: best_of,
}
