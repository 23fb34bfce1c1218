"""The runs of a group: those of a pattern, of a filter, or of one name but for the seed."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from comparison.concurrency import side_by_side
from comparison.names import nearest_names
from comparison.resolve.among import pattern_of
from comparison.run_reference import Group
from comparison.runs import Run, Status
from comparison.tracking.source import RunSource

MOST_OF_A_GROUP = 100
_SEED = r"(?:seeds?|s|rng|random[-_ ]?(?:state|seed)|rep|repeat|replica|replicate|fold|cv|run|trial|try)"
_SEEDED = re.compile(rf"[\s_.:/#-]*{_SEED}[\s_.:=/#-]*\d+")
_NUMBERED = re.compile(r"[\s_.:/#-]+\d+")
_SIGNS = re.compile(r"['\"\\%]")


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Runs, the newest first. `near` are names like the one that was asked for, where there are none."""

    label: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


def find_group(told: Group, source: RunSource, *, experiment_ids: Sequence[str] = ()) -> FoundGroup:
    """One question for a pattern or a filter, two for a name. Raises FilterRefused.

    Runs that failed or still run are left out where others finished, and named.
    """
    ids = tuple(experiment_ids)
    if told.where:
        found = source.search(told.where, experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
        return _settled(told.where, found)
    if told.pattern:
        pattern = _SIGNS.sub("_", told.pattern).replace("*", "%").replace("?", "_")
        found = source.search(f"attributes.run_name ILIKE '{pattern}'", experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
        wanted = told.pattern.casefold()
        return _settled(told.pattern, [run for run in found if fnmatch.fnmatchcase(run.name.casefold(), wanted)])
    like, tagged = side_by_side(
        [
            partial(source.search, where, experiment_ids=ids, limit=MOST_OF_A_GROUP + 1)
            for where in (
                f"attributes.run_name ILIKE '{pattern_of(told.name)}%'",
                f"tags.`group` = '{pattern_of(told.name)}'",
            )
        ]
    )
    repeats = _repeats(told.name, like)
    if repeats:
        return _settled(told.name, repeats)
    if tagged:
        return _settled(told.name, tagged, ("by the tag group",))
    return FoundGroup(told.name, (), near=nearest_names(told.name, [run.name for run in like]))


def _repeats(name: str, runs: Sequence[Run]) -> list[Run]:
    """Those called so, with a seed behind it: `mlp-32-seed1`, `mlp-32_s1`; else with a number: `mlp-32-1`."""
    rests = [(run, run.name.casefold()[len(name) :]) for run in runs if run.name.casefold().startswith(name.casefold())]
    seeded = [run for run, rest in rests if _SEEDED.fullmatch(rest)]
    same = [run for run, rest in rests if not rest]
    return [*seeded, *same] if seeded else [run for run, rest in rests if not rest or _NUMBERED.fullmatch(rest)]


def _settled(label: str, found: Sequence[Run], notes: tuple[str, ...] = ()) -> FoundGroup:
    if len(found) > MOST_OF_A_GROUP:
        notes = (*notes, f"the newest {MOST_OF_A_GROUP} of more")
    runs = sorted(found, key=lambda run: -(run.started_at or 0))[:MOST_OF_A_GROUP]
    finished = [run for run in runs if run.status is Status.FINISHED]
    rest = [run for run in runs if run.status is not Status.FINISHED]
    if not finished or not rest:
        return FoundGroup(label, tuple(runs), notes)
    named = ", ".join(f"{run.name} ({run.status.value.lower()})" for run in rest[:5])
    more = f" and {len(rest) - 5} more" if len(rest) > 5 else ""
    return FoundGroup(label, tuple(finished), (*notes, f"without {named}{more}"))
