"""The runs of a group: those of a pattern, of a filter, or of one name but for the seed."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from comparison.concurrency import side_by_side
from comparison.judgement.repeats import are_repeats, is_chance, is_of_configuration
from comparison.names import nearest_names
from comparison.resolve.among import pattern_of
from comparison.run_reference import Group
from comparison.runs import Run
from comparison.tracking.source import RunSource

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


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Runs, the newest first. `near` are names like the one that was asked for, where there are none."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


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
    repeats = _repeats(name, like)
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


def _repeats(name: str, runs: Sequence[Run]) -> list[Run]:
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
