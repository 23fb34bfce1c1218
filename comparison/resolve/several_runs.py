"""Several runs that are meant together: groups, the children of a sweep, all runs; none of them twice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import side_by_side
from comparison.judgement.repeats import settle_side
from comparison.resolve.among import gather, narrow
from comparison.resolve.groups import find_group, find_groups
from comparison.resolve.named_runs import find_named
from comparison.resolve.search_scope import ChosenRuns, SearchScope, side_of, with_default, without_excluded
from comparison.run_reference import AllRuns, Exclusion, Group, RunReference, SweepRuns, TopRuns
from comparison.runs import Run, Side, Status
from comparison.tracking.filters import is_child_of

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


def grouped(reference: Group, scope: SearchScope) -> list[Side]:
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
        (side,) = grouped(reference, scope)
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
