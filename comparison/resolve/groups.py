"""Several runs that are meant together: groups, the children of a sweep, all runs; none of them twice."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import side_by_side
from comparison.judgement.repeats import are_repeats, is_chance, is_of_configuration, settle_side
from comparison.names import nearest_names
from comparison.resolve.named_runs import find_named
from comparison.resolve.scope import (
    ChosenRuns,
    FoundGroup,
    SearchScope,
    gather,
    narrow,
    pattern_of,
    side_of,
    with_default,
    without_excluded,
)
from comparison.run_reference import AllRuns, Exclusion, Group, RunReference, SweepRuns, TopRuns
from comparison.runs import Run, Side, Status
from comparison.tracking.source import RunSource, is_child_of

# The runs of a group: those of a pattern, of a filter, or of one name but for the seed.


MOST_OF_A_GROUP = 500
_MOST_CONDITIONS = 6  # of a filter by parameters, each of which costs the server a join
_WHOLE_NUMBER = re.compile(r"\d{1,15}")
_NUMBER = re.compile(r"[+-]?[\d.]+(?:e[+-]?\d+)?", re.IGNORECASE)
_ID_START = re.compile(r"[0-9a-f]{8,32}", re.IGNORECASE)
_SEED = r"(?:seeds?|s|rng|random[-_ ]?(?:state|seed)|rep|repeat|replica|replicate|fold|cv|run|trial|try)"
_SEEDED = re.compile(rf"[\s_.:/#-]*{_SEED}[\s_.:=/#-]*\d+")
_SEED_AT_END = re.compile(rf"(?:[\s_.:/#-]*{_SEED}[\s_.:=/#-]*\d+|[\s_.:/#-]+\d+)$", re.IGNORECASE)
_NUMBERED = re.compile(r"[\s_.:/#-]+\d+")
_SIGNS = re.compile(r"['\"\\%]")


def find_group(reference: Group, source: RunSource, *, experiment_ids: Sequence[str] = ()) -> FoundGroup:
    """One question for a pattern or a filter, two for a name, three where it is a tag. Raises FilterRefused.

    All of them: which count is for the comparison to say.
    """
    ids = tuple(experiment_ids)
    if reference.where:
        found = source.search(reference.where, experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
        return _settled(reference.name or reference.where, found)
    if reference.pattern:
        pattern = _SIGNS.sub("_", reference.pattern).replace("*", "%").replace("?", "_")
        found = source.search(f"attributes.run_name ILIKE '{pattern}'", experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
        wanted = reference.pattern.casefold()
        return _settled(reference.pattern, [run for run in found if fnmatch.fnmatchcase(run.name.casefold(), wanted)])
    named = _called(reference.name, source, ids)
    return _repeats_of(named, source) if isinstance(named, Run) else named


def find_groups(
    references: Sequence[Group], source: RunSource, *, experiment_ids: Sequence[str] = ()
) -> Mapping[Group, FoundGroup]:
    """As `find_group`, of several that are told by a name: one question each, and one more for each experiment."""
    asks = [partial(_called, each.name, source, tuple(experiment_ids)) for each in references]
    found = dict(zip(references, side_by_side(asks), strict=True))
    groups = {each: group for each, group in found.items() if isinstance(group, FoundGroup)}
    runs = {each: run for each, run in found.items() if isinstance(run, Run)}
    homes: dict[str, list[Run]] = {}
    for run in runs.values():
        homes.setdefault(run.experiment.experiment_id, []).append(run)
    shared = side_by_side([partial(_alike, each, source) for each in homes.values()])
    known = dict(zip(homes, shared, strict=True))
    left = [each for each, run in runs.items() if known[run.experiment.experiment_id] is None]
    alone = dict(zip(left, side_by_side([partial(_repeats_of, runs[each], source) for each in left]), strict=True))
    together = {
        each: _group_of(run, alike)
        for each, run in runs.items()
        if (alike := known[run.experiment.experiment_id]) is not None
    }
    return {**groups, **together, **alone}


def _called(name: str, source: RunSource, ids: tuple[str, ...]) -> FoundGroup | Run:
    """The group of that name, else the run that is called so and whose repeats are meant."""
    like, prefixed = side_by_side(
        [
            partial(
                source.search,
                f"attributes.run_name ILIKE '{pattern_of(name)}%'",
                experiment_ids=ids,
                limit=MOST_OF_A_GROUP + 1,
            ),
            partial(_by_id, name, source),
        ]
    )
    repeats = _seeds_of_name(name, like)
    named = [run for run in repeats if run.name.casefold() == name.casefold()] or prefixed
    if named and len(named) == max(len(repeats), 1):
        return max(named, key=lambda run: run.started_at or 0)
    if repeats:
        return _settled(name, repeats)
    tagged = source.search(f"tags.`group` = '{pattern_of(name)}'", experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
    if tagged:
        return _settled(name, tagged, ("by the tag group",))
    return FoundGroup(name, (), near=nearest_names(name, [run.name for run in like]))


def _alike(runs: Sequence[Run], source: RunSource) -> list[Run] | None:
    """All runs of an experiment that have the parameters which these share; None where those do not narrow enough."""
    first, *rest = [_conditions(run.parameters) for run in runs]
    shared = [each for each in first if all(each in other for other in rest)]
    if not rest or not shared:
        return None
    limit = (MOST_OF_A_GROUP + 1) * len(runs)
    home = (runs[0].experiment.experiment_id,)
    found = source.search(" AND ".join(shared[:_MOST_CONDITIONS]), experiment_ids=home, limit=limit)
    return found if len(found) < limit else None


def _seeds_of_name(name: str, runs: Sequence[Run]) -> list[Run]:
    """Runs of this name with a seed behind it: `mlp-32-seed1`, `mlp-32_s1`; else with a number: `mlp-32-1`."""
    rests = [(run, run.name.casefold()[len(name) :]) for run in runs if run.name.casefold().startswith(name.casefold())]
    seeded = [run for run, rest in rests if _SEEDED.fullmatch(rest)]
    same = [run for run, rest in rests if not rest]
    return [*seeded, *same] if seeded else [run for run, rest in rests if not rest or _NUMBERED.fullmatch(rest)]


def _by_id(name: str, source: RunSource) -> list[Run]:
    return source.with_prefix(name.lower(), limit=2)[:1] if _ID_START.fullmatch(name) else []


def _repeats_of(run: Run, source: RunSource) -> FoundGroup:
    """The runs of its experiment with its configuration, by one question; the run alone where it logged no parameter.

    MLflow narrows by what its filters can say; numbers are compared as numbers here.
    """
    conditions = _conditions(run.parameters)
    found = (
        source.search(
            " AND ".join(conditions[:_MOST_CONDITIONS]),
            experiment_ids=(run.experiment.experiment_id,),
            limit=MOST_OF_A_GROUP + 1,
        )
        if conditions
        else []
    )
    return _group_of(run, found)


def _group_of(run: Run, found: Sequence[Run]) -> FoundGroup:
    """The run's repeats among those found."""
    conditions = _conditions(run.parameters)
    repeats = {each.run_id: each for each in found if are_repeats(run, each)} or {run.run_id: run}
    chance = [name for name in run.parameters if is_chance(name)]
    but = f", but for {', '.join(chance[:3])}" if chance else ""
    note = (
        f"the parameters of {run.name}{but}"
        if conditions
        else f"{run.name} logged no parameters, so its repeats are not known"
    )
    return _settled(group_name(list(repeats.values()), run), list(repeats.values()), (note,))


def _conditions(parameters: Mapping[str, str]) -> list[str]:
    """What MLflow can filter by: texts as they are, whole and decimal numbers by how they begin."""
    texts, numbers = [], []
    for name, value in parameters.items():
        if not is_of_configuration(name) or _SIGNS.search(value) or set('`"') & set(name) or not 0 < len(value) < 100:
            continue
        if not _NUMBER.fullmatch(value):
            texts.append(f"params.`{name}` = '{value}'")
        elif _WHOLE_NUMBER.fullmatch(value):
            numbers.append(f"params.`{name}` LIKE '{value}%'")
        elif "e" not in value.casefold():
            numbers.append(f"params.`{name}` LIKE '{value.rstrip('0')}%'")
    return numbers + texts


def group_name(runs: Sequence[Run], run: Run) -> str:
    """What the names of repeats share before their seeds, else `repeats of` one of them."""
    stems = {_SEED_AT_END.sub("", each.name) for each in runs}
    stem = stems.pop() if len(stems) == 1 else ""
    return stem if stem and len(runs) > 1 else f"repeats of {run.name}" if len(runs) > 1 else run.name


def _settled(label: str, found: Sequence[Run], notes: tuple[str, ...] = ()) -> FoundGroup:
    if len(found) > MOST_OF_A_GROUP:
        notes = (*notes, f"the newest {MOST_OF_A_GROUP} of more")
    runs = sorted(found, key=lambda run: -(run.started_at or 0))[:MOST_OF_A_GROUP]
    return FoundGroup(label, tuple(runs), notes)


# Sides of such runs.


MOST_TOGETHER = 20  # sides of `all runs`; as many as a table can hold
MOST_OF_A_SWEEP = 19  # sides; with the baseline they are what a table can hold
MOST_TRIALS = 5_000  # of a sweep, of which the best is looked for
_SEVERAL = (TopRuns, AllRuns, Group, SweepRuns)  # runs that are meant together


def with_groups(references: Sequence[RunReference], scope: SearchScope) -> SearchScope:
    """The scope with the groups that are told by a name, where they are several: they share a question."""
    named = [each for each in references if isinstance(each, Group) and not each.where and not each.pattern]
    if len(named) < 2:
        return scope
    return replace(scope, groups=find_groups(named, scope.source, experiment_ids=with_default(scope).ids))


def sides_of_group(reference: Group, scope: SearchScope) -> list[Side]:
    """One side of several runs."""
    group = scope.groups.get(reference) or find_group(reference, scope.source, experiment_ids=scope.ids)
    runs = without_excluded(group.runs, scope, is_whole=False)
    if not runs:
        raise scope.refuse(f"No run{scope.place} fits {group.label}.", reference, near=group.near)
    return [_group_side(group.label, runs, group.notes)]


def _group_side(label: str, runs: Sequence[Run], notes: Sequence[str] = ()) -> Side:
    side = settle_side(Side(label, tuple(runs)))
    named = ", ".join(run.name for run in side.runs[:5])
    more = f" and {len(side.runs) - 5} more" if len(side.runs) > 5 else ""
    only = "the only run that counts" if side.left_out else "the only run that fits"
    count = f"mean of {len(side.runs)} runs: {named}{more}" if len(side.runs) > 1 else f"{only}: {named}"
    return replace(side, notes=(count, *notes))


def sweep(reference: SweepRuns, scope: SearchScope) -> list[Side]:
    """The children of a run, each a side of its own."""
    parent = _parent(reference, scope)
    own, home = is_child_of(parent.run_id), (parent.experiment.experiment_id,)
    children = scope.source.search(own, experiment_ids=home, limit=MOST_OF_A_SWEEP + 1 + len(scope.excluded))
    if not children:
        raise scope.refuse(f"{parent.name} has no child runs: it is no sweep.", reference)
    left = without_excluded(children, scope)
    note = f"of sweep {parent.name}"
    if len(left) > MOST_OF_A_SWEEP:
        note += f", the newest {MOST_OF_A_SWEEP} of more"
    return [Side(run.name, (run,), (note,)) for run in left[:MOST_OF_A_SWEEP]]


def _parent(reference: SweepRuns, scope: SearchScope) -> Run:
    """The run whose children are meant; its name is looked for everywhere."""
    everywhere = SearchScope(scope.source, text=scope.text, several=scope.several)
    return find_named(reference.parent, everywhere).runs[0]


def sweeps_as_sides(references: Sequence[RunReference], scope: SearchScope) -> Sequence[RunReference]:
    """The children of several parents are a side each; those of one parent are compared with each other."""
    sweeps = [each for each in references if isinstance(each, SweepRuns)]
    if len(sweeps) < 2:
        return references
    newest = replace(scope, several=ChosenRuns.NEWEST)
    found = side_by_side([partial(_parent, each, newest) for each in sweeps])
    parents = {id(each): parent for each, parent in zip(sweeps, found, strict=True)}
    return [
        Group(where=is_child_of(parent.run_id), name=f"children of {parent.name}", at=each.at)
        if (parent := parents.get(id(each)))
        else each
        for each in references
    ]


def meant_together(reference: Group | SweepRuns, scope: SearchScope) -> tuple[str, Sequence[Run]]:
    """What a group is called, and its runs that count."""
    if isinstance(reference, Group):
        (side,) = sides_of_group(reference, scope)
        return side.label, side.runs
    parent = _parent(reference, scope)
    home = (parent.experiment.experiment_id,)
    children = scope.source.search(is_child_of(parent.run_id), experiment_ids=home, limit=MOST_TRIALS)
    if not children:
        raise scope.refuse(f"{parent.name} has no child runs: it is no sweep.", reference)
    finished = [run for run in without_excluded(children, scope) if run.status is Status.FINISHED]
    return parent.name, finished or children


def all_runs(reference: AllRuns, scope: SearchScope) -> list[Side]:
    """Each a side of its own, the newest first, no more than a table can hold."""
    left_out = tuple(Exclusion("run", name) for name in scope.excluded)
    among = replace(reference.among, excluded=(*reference.among.excluded, *left_out))
    chosen = narrow(among, scope.source, experiments=scope.experiments, now=scope.now, text=scope.text)
    found = gather(chosen, scope.source, limit=MOST_TOGETHER)
    if not found.runs:
        raise scope.refuse(f"There are no runs{scope.place}{chosen.meaning}.", reference)
    count = f", the newest {len(found.runs)} of more" if found.is_cut else f", {len(found.runs)} in all"
    return [side_of(run, f"of all runs{scope.place}{chosen.meaning}{count}") for run in found.runs]


def each_once(
    references: Sequence[RunReference], found: Mapping[int, Sequence[Side]], scope: SearchScope
) -> list[Side]:
    """All sides in order, without those of several whose run has a side of its own already."""
    own = {
        run.run_id
        for place, each in enumerate(references)
        if not isinstance(each, _SEVERAL)
        for side in found[place]
        for run in side.runs
    }
    sides: list[Side] = []
    for place, each in enumerate(references):
        for side in found[place]:
            if not isinstance(each, _SEVERAL):
                sides.append(side)
                continue
            rest = tuple(run for run in side.runs if run.run_id not in own)
            if len(rest) == len(side.runs):
                sides.append(side)
            elif rest:
                gone = ", ".join(run.name for run in side.runs if run.run_id in own)
                sides.append(_group_side(side.label, rest, (*side.notes[1:], f"without {gone}, a side of its own")))
            elif isinstance(each, Group):
                raise scope.refuse(f"All runs of {side.label} are sides of their own.", each)
            if not isinstance(each, Group):
                own |= {run.run_id for run in rest}
    _refuse_shared(references, found, scope)
    return sides


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
