"""From how a run was named to the run: ids, prefixes, names, `experiment/name`, links. Never a guess unsaid."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import Threads, side_by_side
from comparison.errors import (
    Ambiguous,
    ExperimentNotFound,
    FilterRefused,
    RequestError,
    RunNotFound,
    TrackingUnavailable,
)
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, rank, value_of
from comparison.judgement.repeats import settle_side
from comparison.judgement.result import GoalSource
from comparison.language.correction import complete_request, offered
from comparison.language.dates import since
from comparison.names import NEAR, as_logged, fold, nearest_names, plainly, words
from comparison.resolve.among import Narrowing, gather, is_called, lead, narrow, no_such_among
from comparison.resolve.comma_names import joined_by_commas
from comparison.resolve.experiments import find_experiment
from comparison.resolve.groups import FoundGroup, find_group, find_groups
from comparison.run_reference import (
    AllRuns,
    Among,
    BestOf,
    Exclusion,
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
from comparison.runs import Experiment, Goal, Run, Side, Status
from comparison.tracking.filters import can_resemble, holds, is_child_of, resembles, with_any_accents
from comparison.tracking.leaders import SAMPLE
from comparison.tracking.mlflow_links import linked_workspace, model_version
from comparison.tracking.source import Ranking, RunSource
from comparison.trials import STUDY_TAG, has_results

SHORT = 8  # characters of an id that people read
SEEN = 100  # newest runs among which near names are looked for
MOST_TOGETHER = 20  # sides of `all runs`; as many as a table can hold
KIN = 20  # runs that share a word with a name that is not there
WORDS = 2  # of such a name, the longest, that are looked for
SHORTEST_WORD = 3  # characters
SOON = 0.35  # of the deadline, for near names
MOST_OF_A_SWEEP = 19  # sides; with the baseline they are what a table can hold
MOST_TRIALS = 5_000  # of a sweep, of which the best is looked for
SIDE_BY_SIDE = 16
FEW = 10  # runs named where a prefix fits several
MOST_CALLED = 50  # runs of one name that are asked for
LONGEST = 120  # characters of a name in a sentence
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


RELATIVE: Sequence[type] = (Leading, TopRuns, AllRuns, Pinned)  # they look where the other runs of the request are


_RELATIVE = tuple(RELATIVE)
_SEVERAL = (TopRuns, AllRuns, Group, SweepRuns)  # runs that are meant together
_PREFIX = re.compile(r"[0-9a-f]{4,31}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>|]+")
_CUT = ".…"  # how short ids are written


_OTHERWISE = {  # words of ours that a run may be called by: what means the other thing
    "baseline": "@baseline means the pinned one",
    "latest": "@latest means the last to end",
    "previous": "@previous means the one before the last to end",
    "best": "@best means the best",
    "running": "@running means the newest that still runs",
    **{
        alias: f"@{alias} means the model version with this alias"
        for alias in ("champion", "challenger", "production", "staging")
    },
}


class ChosenRuns(StrEnum):
    """What becomes of a name that several runs have."""

    NEWEST = "newest"  # the newest is taken, and its side says so
    ASK = "ask"  # Ambiguous is raised with the runs, for a person to choose


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
    references = _sweeps_as_sides(references, scope)
    try:
        return _found(references, scope)
    except RunNotFound:
        joined = joined_by_commas(references, text, lambda name: _is_name(name, scope))
        if joined == list(references):
            raise
        return _found(joined, scope)


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

    def refuse(self, problem: str, reference: RunReference, **more: Any) -> RunNotFound:
        return RunNotFound(problem, text=self.text, at=reference.at, **more)


def _found(references: Sequence[RunReference], scope: SearchScope) -> list[Side]:
    source, scope = scope.source, _with_groups(references, scope)
    ids = list(dict.fromkeys(filter(None, map(_full_id, references))))
    first = [place for place, each in enumerate(references) if not _full_id(each) and not isinstance(each, _RELATIVE)]
    found: dict[int, list[Side]] = {}
    with Threads(SIDE_BY_SIDE) as threads:
        asked = {place: threads.submit(_look, references[place], scope) for place in first}
        fetched = dict(zip(ids, source.get(ids), strict=True)) if ids else {}
        found.update({place: answer.result() for place, answer in asked.items()})
        found.update({place: [_by_id(each, fetched, scope)] for place, each in enumerate(references) if _full_id(each)})
        where = _beside(found, scope)
        later = [place for place in range(len(references)) if place not in found]
        asked = {place: threads.submit(choose_runs, references[place], where) for place in later}
        found.update({place: answer.result() for place, answer in asked.items()})
    return _once(references, found, scope)


def _with_groups(references: Sequence[RunReference], scope: SearchScope) -> SearchScope:
    """The scope with the groups that are told by a name, where they are several: they share a question."""
    named = [each for each in references if isinstance(each, Group) and not each.where and not each.pattern]
    if len(named) < 2:
        return scope
    return replace(scope, groups=find_groups(named, scope.source, experiment_ids=_with_default(scope).ids))


def _names_of(excluded: Sequence[RunReference]) -> tuple[str, ...]:
    return tuple(
        each.run_id if isinstance(each, Linked) else each.text for each in excluded if isinstance(each, Linked | Named)
    )


def _once(references: Sequence[RunReference], found: Mapping[int, Sequence[Side]], scope: SearchScope) -> list[Side]:
    """All sides in order, without those of several whose run has a side of its own already."""
    own = {
        run.run_id
        for place, each in enumerate(references)
        if not isinstance(each, _SEVERAL)
        for side in found[place]
        for run in side.runs
    }
    kept: list[Side] = []
    for place, each in enumerate(references):
        for side in found[place]:
            if not isinstance(each, _SEVERAL):
                kept.append(side)
                continue
            rest = tuple(run for run in side.runs if run.run_id not in own)
            if len(rest) == len(side.runs):
                kept.append(side)
            elif rest:
                gone = ", ".join(run.name for run in side.runs if run.run_id in own)
                kept.append(_group_side(side.label, rest, (*side.notes[1:], f"without {gone}, a side of its own")))
            elif isinstance(each, Group):
                raise scope.refuse(f"All runs of {side.label} are sides of their own.", each)
            if not isinstance(each, Group):
                own |= {run.run_id for run in rest}
    _refuse_shared(references, found, scope)
    return kept


def _refuse_shared(references: Sequence[RunReference], found: Mapping[int, Sequence[Side]], scope: SearchScope) -> None:
    """Raises RequestError where two groups have runs in common: they would be compared with themselves."""
    groups = [(each, found[place][0]) for place, each in enumerate(references) if isinstance(each, Group)]
    for number, (each, side) in enumerate(groups):
        for _other, former in groups[:number]:
            ids = {run.run_id for run in former.runs}
            shared = [run.name for run in side.runs if run.run_id in ids]
            if shared and len(shared) == len(side.runs) == len(former.runs):
                both = f"Both sides are the same runs: {former.label}"
                raise scope.refuse(
                    f"{both}." if former.label == side.label else f"{both} and {side.label}.",
                    each,
                    remedy="Name another group on one side.",
                )
            if shared:
                names = f"{', '.join(shared[:3])}{' and more' if len(shared) > 3 else ''}"
                raise scope.refuse(
                    f"{names} {'is' if len(shared) == 1 else 'are'} in both {former.label} and {side.label}.",
                    each,
                    remedy="Narrow one of the two, so that no run is compared with itself.",
                )


def _look(reference: RunReference, scope: SearchScope) -> list[Side]:
    if isinstance(reference, Named):
        return [_by_words(reference, scope)]
    if isinstance(reference, SweepRuns):
        return _sweep(reference, scope)
    return choose_runs(reference, _with_default(scope))


def _with_default(scope: SearchScope) -> SearchScope:
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


def _beside(found: Mapping[int, Sequence[Side]], scope: SearchScope) -> SearchScope:
    """`best` is the best where the request says, else in the channel's experiment, else where the other runs are."""
    narrowed = _with_default(scope)
    if narrowed.experiments:
        return narrowed
    others = {run.experiment.experiment_id: run.experiment for sides in found.values() for s in sides for run in s.runs}
    return replace(scope, experiments=tuple(others.values()))


def _sweep(reference: SweepRuns, scope: SearchScope) -> list[Side]:
    parent = find_runs([reference.parent], scope.source, text=scope.text, several=scope.several)[0].runs[0]
    own, home = is_child_of(parent.run_id), (parent.experiment.experiment_id,)
    children = scope.source.search(own, experiment_ids=home, limit=MOST_OF_A_SWEEP + 1 + len(scope.excluded))
    if not children:
        raise scope.refuse(f"{parent.name} has no child runs: it is no sweep.", reference)
    kept = _without_excluded(children, scope)
    note = f"of sweep {parent.name}"
    if len(kept) > MOST_OF_A_SWEEP:
        note += f", the newest {MOST_OF_A_SWEEP} of more"
    return [Side(run.name, (run,), (note,)) for run in kept[:MOST_OF_A_SWEEP]]


def _sweeps_as_sides(references: Sequence[RunReference], scope: SearchScope) -> Sequence[RunReference]:
    """The children of several parents are a side each; those of one parent are compared with each other."""
    sweeps = [each for each in references if isinstance(each, SweepRuns)]
    if len(sweeps) < 2:
        return references
    found = side_by_side([partial(find_runs, [each.parent], scope.source, text=scope.text) for each in sweeps])
    parents = {id(each): sides[0].runs[0] for each, sides in zip(sweeps, found, strict=True)}
    return [
        Group(where=is_child_of(parent.run_id), name=f"children of {parent.name}", at=each.at)
        if (parent := parents.get(id(each)))
        else each
        for each in references
    ]


def _without_excluded(runs: Sequence[Run], scope: SearchScope, *, is_whole: bool = True) -> list[Run]:
    """Raises RunNotFound for one that is none of them, where these are all there are."""
    for name in scope.excluded:
        if is_whole and runs and not any(is_called(name, run) for run in runs):
            raise no_such_among(name, runs, text=scope.text)
    return [run for run in runs if not any(is_called(name, run) for name in scope.excluded)]


def _full_id(reference: RunReference) -> str:
    if isinstance(reference, Linked):
        return reference.run_id.lower()
    return reference.text.lower() if isinstance(reference, Named) and _ID.fullmatch(reference.text) else ""


def _by_id(reference: RunReference, fetched: dict[str, Run | None], scope: SearchScope) -> Side:
    run = fetched[_full_id(reference)]
    if run is not None:
        return Side(run.name, (run,))
    at = reference.at
    if isinstance(reference, Linked):
        raise _dead_link(reference, scope)
    raise RunNotFound(
        f"There is no run with the id {_full_id(reference)[:SHORT]}… on this MLflow server.",
        remedy="It may be of another server, or deleted for good.",
        text=scope.text,
        at=at,
    )


def _dead_link(reference: Linked, scope: SearchScope) -> RunNotFound:
    address = _ADDRESS.match(scope.text, reference.at)
    workspace = linked_workspace(address.group()) if address else ""
    run = f"run {reference.run_id[:SHORT]}…"
    if workspace:
        problem = f"The link leads to {run} in the workspace {workspace}, and there is no such run where the bot looks."
        return scope.refuse(problem, reference, remedy="The bot reads one workspace, MLFLOW_WORKSPACE.")
    problem = f"The link leads to {run}, and there is no such run on this MLflow server."
    return scope.refuse(problem, reference, remedy="It may be of another server, or deleted for good.")


def _by_words(reference: Named, scope: SearchScope) -> Side:
    """By each way in which the words may be meant, the likeliest first."""
    names = [name for name in (_as_quoted(reference, scope.text), reference.text, reference.otherwise) if name]
    for name in dict.fromkeys(names):
        side = _named(name, reference, scope)
        if side is not None:
            return side
    model = model_version(reference.text, reference.at)
    if model is not None:
        return choose_runs(model, scope)[0]
    return _deleted(reference, scope) or _nearly(reference, scope)


def _as_quoted(reference: Named, text: str) -> str:
    """The name with the blanks that were typed around it, within quotes; "" where there were none."""
    typed = text[reference.at : reference.end][1:-1] if reference.end > reference.at else ""
    return typed if typed.strip() == reference.text and typed != reference.text else ""


def _named(name: str, reference: Named, scope: SearchScope) -> Side | None:
    """By name, by the start of the id, by `experiment/name`, by the name written otherwise: the first that fits."""
    called, prefixed = scope.source.called(name, experiment_ids=scope.ids), []
    start = name.rstrip(_CUT)
    if not called and _PREFIX.fullmatch(start):
        prefixed = scope.source.with_prefix(start.lower(), limit=FEW + 1)
    if called:
        return _called(called, name, reference, scope)
    if prefixed:
        return _only(prefixed, reference, scope)
    return _within_experiment(name, reference, scope) or _written_otherwise(name, reference, scope)


def _called(runs: list[Run], name: str, reference: Named, scope: SearchScope) -> Side:
    """The run of this name; of several the newest, saying so, where people are not asked which.

    Where the name is a word of ours, too, the side says which is meant.
    """
    other = _OTHERWISE.get(name.casefold())
    meant = (f"the run called {name}; {other}",) if other else ()
    if len(runs) == 1:
        return Side(runs[0].name, (runs[0],), meant)
    newest = sorted(runs, key=lambda each: -(each.started_at or 0))
    count = f"{len(runs)} or more" if len(runs) >= MOST_CALLED else str(len(runs))
    places = len({each.experiment.experiment_id for each in runs})
    where = f" in {places} experiments" if places > 1 else ""
    if scope.several is ChosenRuns.ASK:
        raise _which(f"{count} runs are called {plain_reference(name)}{where}.", newest, reference, scope)
    return Side(newest[0].name, (newest[0],), (f"newest of {count} runs called {name}{where}", *meant))


def _only(runs: list[Run], reference: Named, scope: SearchScope) -> Side:
    if len(runs) == 1:
        return Side(runs[0].name, (runs[0],))
    length = next((n for n in range(SHORT, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 32)
    count = f"{FEW} or more" if len(runs) > FEW else str(len(runs))
    found = _which(f"{count} run ids start with {reference.text}.", runs, reference, scope)
    found.near = tuple(run.run_id[:length] for run in runs[:NEAR])
    found.remedy = "Type more of the id."
    raise found


def _which(problem: str, runs: Sequence[Run], reference: Named, scope: SearchScope) -> Ambiguous:
    return Ambiguous(
        problem,
        remedy="Pick one:",
        text=scope.text,
        at=reference.at,
        end=reference.end or None,
        choices=tuple(runs),
        metrics=(scope.metric,) if scope.metric else (),
    )


def _within_experiment(name: str, reference: Named, scope: SearchScope) -> Side | None:
    """`experiment/name`; either may hold slashes, so the longest experiment that exists is tried first."""
    known = {each.name.casefold(): each for each in reversed(scope.source.experiments())} if "/" in name else {}
    for cut in reversed([place for place, sign in enumerate(name) if sign == "/"]):
        experiment, wanted = known.get(name[:cut].strip().casefold()), name[cut + 1 :].strip()
        if experiment is None or not wanted:
            continue
        ids = (experiment.experiment_id,)
        found = scope.source.called(wanted, experiment_ids=ids)
        if not found and _PREFIX.fullmatch(wanted):
            prefixed = scope.source.with_prefix(wanted.lower())
            found = [run for run in prefixed if run.experiment.experiment_id in ids]
        within = replace(scope, experiments=(experiment,))
        side = _called(found, wanted, reference, within) if found else _written_otherwise(wanted, reference, within)
        if side:
            return side
    return None


def _written_otherwise(name: str, reference: Named, scope: SearchScope) -> Side | None:
    """In another case, with other blanks within, or with accents that are stored otherwise."""
    if not can_resemble(name):
        return None
    alike = resembles("attributes.run_name", name)
    found = [run for run in scope.source.search(alike, experiment_ids=scope.ids) if plainly(run.name) == plainly(name)]
    return _as_another(found, name, reference, scope) if found else None


def _as_another(found: list[Run], name: str, reference: Named, scope: SearchScope) -> Side:
    side = _called(found, found[0].name, reference, scope)
    looks_the_same = unicodedata.normalize("NFC", side.label) == unicodedata.normalize("NFC", name)
    said = () if looks_the_same else (f"called {side.label}; {name} was asked for",)
    return Side(side.label, side.runs, (*said, *side.notes))


def _deleted(reference: Named, scope: SearchScope) -> Side | None:
    """A run that was deleted in MLflow and not for good; it says of itself that it was."""
    found = scope.source.called(reference.text, experiment_ids=scope.ids, deleted=True)
    return _called(found, reference.text, reference, scope) if found else None


def _nearly(reference: Named, scope: SearchScope) -> Side:
    """The run that only differs in the blanks around its name. Raises RunNotFound with the nearest names."""
    seen = _around(reference.text, scope)
    same = [run for run in seen if plainly(run.name) == plainly(reference.text)]
    if same:
        return _called(same, same[0].name, reference, scope)
    raise _not_found(reference, seen, scope)


def _around(name: str, scope: SearchScope) -> list[Run]:
    """The newest runs, and older ones whose names hold something of this one: as far as they come soon."""
    field = "attributes.run_name"
    long = sorted(words(name), key=lambda word: (-len(word), word))[:WORDS]
    wheres = [holds(field, name), with_any_accents(field, name), with_any_accents(field, name, apart=True)]
    wheres += [holds(field, word) for word in long if len(word) >= SHORTEST_WORD]
    asked = [("", SEEN), *((where, KIN) for where in dict.fromkeys(filter(None, wheres)))]

    def ask(where: str, limit: int) -> tuple[Run, ...]:
        try:
            return scope.source.part(where, experiment_ids=scope.ids, limit=limit, share=SOON).runs
        except (TrackingUnavailable, FilterRefused):
            return ()  # that there is no such run is worth saying without

    with Threads(len(asked)) as threads:
        found = [run for runs in threads.map(lambda each: ask(*each), asked) for run in runs]
    return list({run.run_id: run for run in found}.values())


def _not_found(reference: Named, seen: Sequence[Run], scope: SearchScope) -> RunNotFound:
    place = f" in {scope.experiments[0].name}" if scope.experiments else ""
    alike = nearest_names(reference.text, [run.name for run in seen])
    is_empty = not seen and not scope.source.newest(experiment_ids=scope.ids, limit=1)
    return RunNotFound(
        f"There is no run called {plain_reference(reference.text)}{place}.",
        remedy=f"There are no runs{place or ' on this MLflow server'} yet that the bot can see." if is_empty else "",
        example=complete_request(scope.text, reference.at, reference.end, alike[0]) if alike else "",
        near=alike,
        text=scope.text,
        at=reference.at,
        end=reference.end or None,
    )


def _is_name(name: str, scope: SearchScope) -> bool:
    if scope.source.called(name, experiment_ids=scope.ids, limit=1):
        return True
    reference = Named(name)
    return _written_otherwise(name, reference, replace(scope, several=ChosenRuns.NEWEST)) is not None


def plain_reference(name: str) -> str:
    """A name for a sentence, however long it is."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"


# Runs that are not named but told: the latest, the best, the pinned one, a model's, a filter's, a sweep's.


ID_PREFIX = 8
HALF = 0.5  # of the deadline, for what a few runs tell as well as many
USERS = 200  # runs among which a user's are looked for
SPARE = 5  # sweeps without metrics that are passed over
AHEAD = 15 * 60_000  # ms that a clock may be ahead


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
    return _called(found, typed, Named(typed, reference.at), scope) if found else None


def _side(run: Run, *notes: str) -> Side:
    return Side(run.name, (run,), notes)


def _own(reference: Latest | Leading, scope: SearchScope) -> SearchScope:
    """Where this one is looked for: its own experiment, where it names one."""
    if not reference.experiment:
        return scope
    return replace(scope, experiments=(find_experiment(reference.experiment, scope.source, text=scope.text),))


def _latest(reference: Latest, scope: SearchScope) -> list[Side]:
    scope = _own(reference, scope)
    if reference.before is not None:
        return [_one_before(reference, reference.before, scope)]
    if reference.user:
        return [_latest_by(reference, scope)]
    found = scope.source.ended(experiment_ids=scope.ids, limit=reference.back + 1 + SPARE + len(scope.excluded))
    run, passed = _last_to_end(found, reference, scope)
    if run is None:
        problem = f"Only {len(found)} runs have ended{scope.place}." if found else f"No run has ended{scope.place} yet."
        raise scope.refuse(problem, reference, remedy="" if found else "Say running for one that still runs.")
    note = "latest to end" if not reference.back else f"{reference.back} before the latest to end"
    return [_side(run, note + scope.place, *passed)]


def _one_before(reference: Latest, named: Named | Linked, scope: SearchScope) -> Side:
    """The run of the same experiment that ended last before this one did, one that finished where there is one.

    Before a run that still runs it is the last to end.
    """
    within = scope.experiments[0].name if len(scope.experiments) == 1 else ""
    (side,) = find_runs(
        [named], scope.source, experiment=within, text=scope.text, defaults=scope.defaults, now=scope.now
    )
    run = side.runs[0]
    ids = (run.experiment.experiment_id,)
    until = f"attributes.end_time < {run.over_at}" if run.is_over else ""
    found = scope.source.ended(until, experiment_ids=ids, limit=reference.back + SPARE + len(scope.excluded))
    known = [each for each in _without_excluded(found, scope, is_whole=False) if each.run_id != run.run_id]
    if not known:
        raise scope.refuse(f"No run of {run.experiment.name} ended before {run.name}.", reference)
    run_before = next((each for each in known if each.status is Status.FINISHED), known[0])
    return _side(run_before, f"the run before {run.name} in {run.experiment.name}")


def _last_to_end(found: Sequence[Run], reference: Latest, scope: SearchScope) -> tuple[Run | None, tuple[str, ...]]:
    """So many back of those that ended, and what was passed over: a sweep itself, where it logged no metrics.

    One that does not tell when it ended counts by its last sign of life, and so does one whose clock is ahead.
    """
    undated = scope.source.undated(0, experiment_ids=scope.ids, limit=SAMPLE)
    fitting = [run for run in undated if not reference.user or run.user.casefold() == reference.user.casefold()]
    soon = int(scope.now.timestamp() * 1000) + AHEAD if scope.now else None
    known = {run.run_id: run for run in _without_excluded((*found, *fitting), scope, is_whole=False)}
    ordered = sorted(known.values(), key=lambda run: -_moment(run, soon))
    passed: list[Run] = []
    kept: list[Run] = []
    for run in ordered:
        if len(passed) < SPARE and _is_empty_sweep(run, ordered, scope):
            passed.append(run)
        else:
            kept.append(run)
        if len(kept) > reference.back:
            break
    if len(kept) <= reference.back:
        kept, passed = ordered, []
    notes = (f"the sweep {passed[0].name} ended later and has no metrics",) if passed else ()
    return (kept[reference.back] if len(kept) > reference.back else None), notes


def _moment(run: Run, soon: int | None) -> int:
    if run.ended_at is not None and (soon is None or run.ended_at <= soon):
        return run.ended_at
    return run.heard_at


def _is_empty_sweep(run: Run, beside: Sequence[Run], scope: SearchScope) -> bool:
    if has_results(run):
        return False
    if STUDY_TAG in run.tags or any(each.parent_id == run.run_id for each in beside):
        return True
    own = is_child_of(run.run_id)
    return bool(scope.source.search(own, experiment_ids=(run.experiment.experiment_id,), limit=1))


def _latest_by(reference: Latest, scope: SearchScope) -> Side:
    """Latest run of the user called exactly so, else of the only one whose name holds it."""
    theirs = holds("tags.mlflow.user", reference.user)
    some = scope.source.part(theirs, experiment_ids=scope.ids, limit=USERS, ended=True)
    found = [run for run in some.runs if fold(reference.user) in fold(run.user)]
    exact = [run for run in found if run.user.casefold() == reference.user.casefold()]
    users = sorted({run.user for run in found})
    if not exact and len(users) > 1:
        raise scope.refuse(f"Several users are called like {reference.user}.", reference, near=tuple(users[:5]))
    fitting = exact or found
    run, passed = _last_to_end(fitting, reference, scope)
    if run is None:
        recent = scope.source.part(experiment_ids=scope.ids, limit=SAMPLE, share=HALF)
        known = tuple(dict.fromkeys(run.user for run in recent.runs if run.user))
        problem = f"{reference.user} has no run{scope.place} that ended."
        raise scope.refuse(problem, reference, near=nearest_names(reference.user, known) or known[:5])
    before = f"{reference.back} before the " if reference.back else ""
    return _side(run, f"{before}latest by {run.user}{scope.place}", *passed)


def _leading(reference: Leading, scope: SearchScope) -> list[Side]:
    scope = _own(reference, scope)
    among = Among(user=reference.user)
    ranked = _ranked(reference, reference.metric, 1, scope, worst=reference.worst, among=among)
    word, user = "worst" if reference.worst else "best", ranked.runs[0].user
    whose = f" by {user}" if reference.user else ""
    side = _side(ranked.runs[0], f"{word} {ranked.metric}{scope.place}{whose}", *ranked.notes)
    return [
        side if reference.worst else replace(side, picked_by=ranked.metric, picked_of=user if reference.user else "")
    ]


def _top(reference: TopRuns, scope: SearchScope) -> list[Side]:
    ranked = _ranked(reference, reference.metric, reference.count, scope, worst=reference.worst, among=reference.among)
    word = "worst" if reference.worst else "best"
    if reference.count == 1 and ranked.out_of and not reference.worst:
        (run,) = ranked.runs
        side = _side(run, f"best by {ranked.metric}{scope.place}{ranked.words}", *ranked.notes)
        return [replace(side, picked_by=ranked.metric, best_of=ranked.out_of)]
    return [
        _side(run, f"number {number} of the {word} by {ranked.metric}{scope.place}{ranked.words}", *ranked.notes)
        for number, run in enumerate(ranked.runs, 1)
    ]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The best first. `words` say among which, `notes` why by this metric; `out_of` of how many, 0: nobody knows."""

    runs: tuple[Run, ...]
    metric: str
    words: str = ""
    notes: tuple[str, ...] = ()
    out_of: int = 0


def _ranked(  # noqa: PLR0913 -- two of them by name
    reference: RunReference, metric: str, count: int, scope: SearchScope, *, worst: bool, among: Among
) -> _Ranked:
    left_out = tuple(Exclusion("run", name) for name in scope.excluded)
    among = replace(among, excluded=(*among.excluded, *left_out))
    if among.count is not None:
        count = min(count, among.count)
    chosen = narrow(among, scope.source, experiments=scope.experiments, now=scope.now, text=scope.text)
    scope = replace(scope, experiments=chosen.experiments) if among.experiments else scope

    def leading(name: str, goal: Goal) -> tuple[Run, ...]:
        if goal is Goal.UNKNOWN:
            return ()
        try:
            wanted_count = count if among.newest is None else among.newest  # those are all looked at, and counted
            return lead(Ranking(name, goal, chosen.ids, worst=worst), wanted_count, chosen, scope.source)
        except FilterRefused as error:
            if among.where or chosen.filters:
                raise replace(error, text=scope.text) from error
            return ()  # no metric can be called so

    stated = _stated(metric, scope)
    if not stated:
        by = choose_primary(
            scope.source.newest(experiment_ids=chosen.ids, limit=SAMPLE), scope.experiments, scope.defaults
        )
        if by is None or by.goal is Goal.UNKNOWN:
            raise _by_which(reference, scope)
        found, wanted = leading(by.metric, by.goal), by.metric
        notes: tuple[str, ...] = (f"judged by {wanted}, as most runs logged it",)
    else:
        goal, _source = decide_goal(stated, {}, scope.defaults.goals, scope.experiments)
        found, wanted, notes = leading(stated, goal), stated, ()
        if not found:  # nobody logged it under this very name, or its goal is not known
            wanted, goal = rank_by(metric, scope, reference)
            found = leading(wanted, goal)
            notes = () if as_logged(stated, [wanted]) else (f"judged by {wanted}: no run here logged {stated}",)
    if not found:
        raise scope.refuse(f"No run{scope.place}{_meant(chosen)} logged a finite {wanted}.", reference)
    return _Ranked(found[:count], wanted, _meant(chosen), notes, 0 if among.newest is None else len(found))


def _meant(chosen: Narrowing) -> str:
    """Words for the runs that are meant, and for the experiments where several are named."""
    place = f" in {' and '.join(each.name for each in chosen.experiments)}" if len(chosen.among.experiments) > 1 else ""
    return f"{place}{chosen.words}"


def _leaders(metric: str, goal: Goal, count: int, scope: SearchScope, *, worst: bool) -> tuple[Run, ...]:
    if goal is Goal.UNKNOWN:
        return ()
    try:
        return scope.source.leaders(Ranking(metric, goal, scope.ids, worst=worst), count=count)
    except FilterRefused:
        return ()  # no metric can be called so


def _stated(metric: str, scope: SearchScope) -> str:
    """The metric named, else the request's, the channel's, the experiment's; "" when there is none."""
    own = {each.primary_metric for each in scope.experiments if each.primary_metric}
    return metric or scope.metric or scope.defaults.metric or (own.pop() if len(own) == 1 else "")


def _by_which(reference: RunReference, scope: SearchScope) -> RunNotFound:
    return scope.refuse(
        "Best by which metric?",
        reference,
        remedy="Name it, or set one for the channel with set metric.",
        example="best accuracy",
    )


def _wanted(metric: str, scope: SearchScope, reference: RunReference) -> str:
    """The stated metric. Raises RunNotFound when there is none."""
    wanted = _stated(metric, scope)
    if not wanted:
        raise _by_which(reference, scope)
    return wanted


def rank_by(metric: str, scope: SearchScope, reference: RunReference) -> tuple[str, Goal]:
    """The metric that runs are ranked by, as it was logged, and its goal.

    A channel's metric that nobody logged here gives way to the one that most runs did: it was agreed on for others.

    Raises RunNotFound when none is known, nobody logged it, or its goal is unknown.
    """
    wanted = _wanted(metric, scope, reference)
    recent = scope.source.part(experiment_ids=scope.ids, limit=SAMPLE, share=HALF).runs
    name = _logged_name(wanted, recent, scope)
    if not name and not metric and not scope.metric:
        by = choose_primary(recent, scope.experiments, scope.defaults)
        if by is not None and by.goal is not Goal.UNKNOWN:
            return by.metric, by.goal
    if not name:
        logged = list(dict.fromkeys(each for run in recent for each in run.metrics))
        raise scope.refuse(
            f"No run{scope.place} logged a metric called {wanted}.",
            reference,
            near=nearest_names(wanted, logged) or tuple(logged[:5]),
        )
    goal, _source = decide_goal(name, {}, scope.defaults.goals, scope.experiments)
    if goal is Goal.UNKNOWN:
        raise scope.refuse(
            f"No goal is known for {name}: higher or lower?",
            reference,
            remedy=f"Set it once for the channel: {offered(name)}.",
        )
    return name, goal


def _logged_name(wanted: str, recent: Sequence[Run], scope: SearchScope) -> str:
    """The metric's name among the newest runs; one that none of them logged is asked for by itself. "": nobody did."""
    if found := as_logged(wanted, list(dict.fromkeys(name for run in recent for name in run.metrics))):
        return found
    return wanted if _leaders(wanted, Goal.LOWER, 1, scope, worst=False) else ""


def _pinned(reference: Pinned, scope: SearchScope) -> list[Side]:
    tagged = {each.baseline for each in scope.experiments if each.baseline}
    run_id = scope.defaults.pinned or (tagged.pop() if len(tagged) == 1 else "")
    if not run_id:
        raise scope.refuse("No baseline is pinned here.", reference, remedy="Pin one.", example="pin latest")
    run = scope.source.get([run_id])[0]
    if run is None:
        problem = f"The pinned baseline {run_id[:ID_PREFIX]}… is gone from MLflow."
        raise scope.refuse(problem, reference, remedy="Pin another.", example="pin latest")
    return [_side(run, "the pinned baseline")]


def _registered(reference: Registered, scope: SearchScope) -> list[Side]:
    versions = scope.source.versions(model=reference.model, alias=reference.alias, version=reference.version)
    named = f"@{reference.alias}" if reference.alias else f"version {reference.version}" if reference.version else "run"
    if not versions:
        whose = (
            f"The model {reference.model} has no {named}"
            if reference.model
            else f"No registered model has the alias {named}"
        )
        raise scope.refuse(f"{whose}.", reference, remedy="Look it up in MLflow's model registry.")
    runs = scope.source.get([each.run_id for each in versions if each.run_id])
    there = [run for run in runs if run is not None and (not scope.ids or run.experiment.experiment_id in scope.ids)]
    if len(there) > 1:
        raise scope.refuse(
            f"Several models have the alias {named}.",
            reference,
            remedy="Say which.",
            near=tuple(f"models:/{each.model}@{reference.alias}" for each in versions[:5]),
        )
    if not there:
        problem = f"No run{scope.place} is behind {versions[0].model} {named}."
        raise scope.refuse(problem, reference, remedy="The version names no run, or the run is gone.")
    behind = next(each for each in versions if each.run_id == there[0].run_id)
    alias = f" @{reference.alias}" if reference.alias else ""
    stage = f", {reference.version}," if reference.version and reference.version != behind.version else ""
    if not behind.version:
        return [_side(there[0], f"made the logged model {behind.model}")]
    return [_side(there[0], f"version {behind.version}{stage}{alias} of {behind.model}")]


def _unfinished(reference: Unfinished, scope: SearchScope) -> list[Side]:
    found = scope.source.search(
        "attributes.status = 'RUNNING'", experiment_ids=scope.ids, limit=1 + len(scope.excluded)
    )
    found = _without_excluded(found, scope, is_whole=False)
    if not found:
        raise scope.refuse(f"Nothing is running{scope.place}.", reference, example="latest")
    return [_side(found[0], f"newest that still runs{scope.place}")]


def _of_day(reference: OfDay, scope: SearchScope) -> list[Side]:
    now = scope.now or datetime.now(UTC)  # only where nobody gave a clock: a library's user at a keyboard
    begin = since(reference.day, now)
    end = min(begin + timedelta(days=1), now)
    begin_ms, end_ms = (int(each.timestamp() * 1000) for each in (begin, end))
    where = f"attributes.end_time >= {begin_ms} AND attributes.end_time < {end_ms}"
    found = scope.source.ended(where, experiment_ids=scope.ids, limit=2 + len(scope.excluded))
    found = _without_excluded(found, scope, is_whole=False)
    if not found:
        raise scope.refuse(f"No run{scope.place} ended on {begin:%A, %d %B} ({begin:%Z}).", reference)
    return [_side(found[0], f"{'latest' if len(found) > 1 else 'the one'} that ended {begin:%A, %d %B} ({begin:%Z})")]


def _filtered(reference: Filtered, scope: SearchScope) -> list[Side]:
    try:
        found = scope.source.search(reference.where, experiment_ids=scope.ids, limit=2 + len(scope.excluded))
        found = _without_excluded(found, scope, is_whole=False)
    except RequestError as error:
        raise replace(
            error, text=error.text or scope.text, at=reference.at if error.at is None else error.at
        ) from error
    if not found:
        raise scope.refuse(f"No run{scope.place} fits {reference.where}.", reference)
    return [_side(found[0], f"{'newest of several' if len(found) > 1 else 'the only one'} where {reference.where}")]


def _all(reference: AllRuns, scope: SearchScope) -> list[Side]:
    """Each a side of its own, the newest first, no more than a table can hold."""
    left_out = tuple(Exclusion("run", name) for name in scope.excluded)
    among = replace(reference.among, excluded=(*reference.among.excluded, *left_out))
    chosen = narrow(among, scope.source, experiments=scope.experiments, now=scope.now, text=scope.text)
    found = gather(chosen, scope.source, limit=MOST_TOGETHER)
    if not found.runs:
        raise scope.refuse(f"There are no runs{scope.place}{_meant(chosen)}.", reference)
    count = f", the newest {len(found.runs)} of more" if found.is_cut else f", {len(found.runs)} in all"
    return [_side(run, f"of all runs{scope.place}{_meant(chosen)}{count}") for run in found.runs]


def _grouped(reference: Group, scope: SearchScope) -> list[Side]:
    """One side of several runs."""
    group = scope.groups.get(reference) or find_group(reference, scope.source, experiment_ids=scope.ids)
    runs = _without_excluded(group.runs, scope, is_whole=False)
    if not runs:
        raise scope.refuse(f"No run{scope.place} fits {group.label}.", reference, near=group.near)
    return [_group_side(group.label, runs, group.notes)]


def _best_of(told: BestOf, scope: SearchScope) -> list[Side]:
    """The best run of a group, or of the children of a run, with of how many it is the best."""
    label, runs = _meant_together(told.of, scope)
    experiments = list({run.experiment.experiment_id: run.experiment for run in runs}.values())
    there = replace(scope, experiments=tuple(experiments))
    if named := told.metric or scope.metric:
        logged = list(dict.fromkeys(name for run in runs for name in run.metrics))
        metric = as_logged(named, logged) or named
        goal = decide_goal(metric, {}, scope.defaults.goals, experiments)[0]
    elif by := choose_primary(runs, experiments, scope.defaults):
        metric, goal = by.metric, by.goal
    else:
        raise _by_which(told, scope)
    if goal is Goal.UNKNOWN:
        metric, goal = rank_by(metric, there, told)
    by = PrimaryMetric(metric, goal, GoalSource.REQUEST, MetricSource.REQUEST)
    valued = [run for run in rank(runs, by) if value_of(run, metric) is not None]
    if not valued:
        raise scope.refuse(f"No run of {label} logged a finite {metric}.", told)
    run, word = valued[-1 if told.worst else 0], "worst" if told.worst else "best"
    side = _side(run, f"{word} {metric} of {len(valued):,} runs: {label}")
    return [side if told.worst else replace(side, picked_by=metric, best_of=len(valued))]


def _meant_together(told: Group | SweepRuns, scope: SearchScope) -> tuple[str, Sequence[Run]]:
    """What a group is called, and its runs that count."""
    if isinstance(told, Group):
        (side,) = _grouped(told, scope)
        return side.label, side.runs
    parent = find_runs([told.parent], scope.source, text=scope.text, several=scope.several)[0].runs[0]
    home = (parent.experiment.experiment_id,)
    children = scope.source.search(is_child_of(parent.run_id), experiment_ids=home, limit=MOST_TRIALS)
    if not children:
        raise scope.refuse(f"{parent.name} has no child runs: it is no sweep.", told)
    finished = [run for run in _without_excluded(children, scope) if run.status is Status.FINISHED]
    return parent.name, finished or children


def _group_side(label: str, runs: Sequence[Run], notes: Sequence[str] = ()) -> Side:
    side = settle_side(Side(label, tuple(runs)))
    named = ", ".join(run.name for run in side.runs[:5])
    more = f" and {len(side.runs) - 5} more" if len(side.runs) > 5 else ""
    only = "the only run that counts" if side.left_out else "the only run that fits"
    count = f"mean of {len(side.runs)} runs: {named}{more}" if len(side.runs) > 1 else f"{only}: {named}"
    return replace(side, notes=(count, *notes))


_CHOOSERS: dict[type, Callable[[Any, SearchScope], list[Side]]] = {
    Latest: _latest,
    Leading: _leading,
    TopRuns: _top,
    Pinned: _pinned,
    Registered: _registered,
    Unfinished: _unfinished,
    OfDay: _of_day,
    Filtered: _filtered,
    AllRuns: _all,
    Group: _grouped,
    BestOf: _best_of,
}
