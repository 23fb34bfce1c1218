"""Runs that are named: by id, prefix, name, `experiment/name`, link, pin or model version. Never a guess unsaid."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from comparison.concurrency import Threads
from comparison.errors import (
    Ambiguous,
    FilterRefused,
    RunNotFound,
    TrackingUnavailable,
)
from comparison.language.quoting import complete_request
from comparison.names import NEAR, nearest_names, plainly, words
from comparison.resolve.offers import elsewhere_words
from comparison.resolve.search_scope import ID_PREFIX, ChosenRuns, SearchScope, plain_reference, side_of
from comparison.run_reference import (
    Linked,
    Named,
    Pinned,
    Registered,
    RunReference,
)
from comparison.runs import Run, Side
from comparison.tracking.filters import can_resemble, holds, resembles, with_any_accents
from comparison.tracking.mlflow_links import linked_workspace, model_version

SEEN = 100  # newest runs among which near names are looked for
KIN = 20  # runs that share a word with a name that is not there
WORDS = 2  # of such a name, the longest, that are looked for
SHORTEST_WORD = 3  # characters
SOON = 0.35  # of the deadline, for near names
FEW = 10  # runs named where a prefix fits several
MOST_CALLED = 50  # runs of one name that are asked for
MOST_COMMAS = 8  # pieces of a name with commas in it
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_PREFIX = re.compile(r"[0-9a-f]{4,31}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>|]+")
_BETWEEN = re.compile(r"\s+(?:with|to|and|against)\s+", re.IGNORECASE)
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


def find_named(reference: Named | Linked, scope: SearchScope) -> Side:
    """The run that is named, looked for by itself."""
    run_id = full_id(reference)
    if isinstance(reference, Named) and not run_id:
        return by_words(reference, scope)
    return side_of_id(reference, scope.source.get([run_id])[0], scope)


def full_id(reference: RunReference) -> str:
    """The id of the run, where the reference holds all of it, else ""."""
    if isinstance(reference, Linked):
        return reference.run_id.lower()
    return reference.text.lower() if isinstance(reference, Named) and _ID.fullmatch(reference.text) else ""


def side_of_id(reference: RunReference, run: Run | None, scope: SearchScope) -> Side:
    """The run that was asked for by its full id. Raises RunNotFound where there is none."""
    if run is not None:
        return Side(run.name, (run,))
    at = reference.at
    if isinstance(reference, Linked):
        raise _dead_link(reference, scope)
    raise RunNotFound(
        f"There is no run with the id {full_id(reference)[:ID_PREFIX]}… on this MLflow server.",
        remedy="It may be of another server, or deleted for good.",
        text=scope.text,
        at=at,
    )


def _dead_link(reference: Linked, scope: SearchScope) -> RunNotFound:
    address = _ADDRESS.match(scope.text, reference.at)
    workspace = linked_workspace(address.group()) if address else ""
    run = f"run {reference.run_id[:ID_PREFIX]}…"
    if workspace:
        problem = f"The link leads to {run} in the workspace {workspace}, and there is no such run where the bot looks."
        return scope.refuse(problem, reference, remedy="The bot reads one workspace, MLFLOW_WORKSPACE.")
    problem = f"The link leads to {run}, and there is no such run on this MLflow server."
    return scope.refuse(problem, reference, remedy="It may be of another server, or deleted for good.")


def by_words(reference: Named, scope: SearchScope) -> Side:
    """The run found by the first way in which its words may be meant, the likeliest first. Raises RunNotFound."""
    names = [name for name in (_as_quoted(reference, scope.text), reference.text, reference.otherwise) if name]
    for name in dict.fromkeys(names):
        side = _named(name, reference, scope)
        if side is not None:
            return side
    model = model_version(reference.text, reference.at)
    if model is not None:
        return registered(model, scope)[0]
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
        return side_called(called, name, reference, scope)
    if prefixed:
        return _only(prefixed, reference, scope)
    return _within_experiment(name, reference, scope) or _written_otherwise(name, reference, scope)


def side_called(runs: list[Run], name: str, reference: Named, scope: SearchScope) -> Side:
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
    length = next((n for n in range(ID_PREFIX, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 32)
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
        side = side_called(found, wanted, reference, within) if found else _written_otherwise(wanted, reference, within)
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
    side = side_called(found, found[0].name, reference, scope)
    looks_the_same = unicodedata.normalize("NFC", side.label) == unicodedata.normalize("NFC", name)
    note = () if looks_the_same else (f"called {side.label}; {name} was asked for",)
    return Side(side.label, side.runs, (*note, *side.notes))


def _deleted(reference: Named, scope: SearchScope) -> Side | None:
    """A run that was deleted in MLflow and not for good; it says of itself that it was."""
    found = scope.source.called(reference.text, experiment_ids=scope.ids, deleted=True)
    return side_called(found, reference.text, reference, scope) if found else None


def _nearly(reference: Named, scope: SearchScope) -> Side:
    """The run that only differs in the blanks around its name. Raises RunNotFound with the nearest names."""
    seen = _around(reference.text, scope)
    same = [run for run in seen if plainly(run.name) == plainly(reference.text)]
    if same:
        return side_called(same, same[0].name, reference, scope)
    raise _not_found(reference, seen, scope)


def _around(name: str, scope: SearchScope) -> list[Run]:
    """The newest runs, and older ones whose names hold something of this one: as far as they come soon."""
    field = "attributes.run_name"
    long = sorted(words(name), key=lambda word: (-len(word), word))[:WORDS]
    wheres = [holds(field, name), with_any_accents(field, name), with_any_accents(field, name, apart=True)]
    wheres += [holds(field, word) for word in long if len(word) >= SHORTEST_WORD]
    questions = [("", SEEN), *((where, KIN) for where in dict.fromkeys(filter(None, wheres)))]

    def ask(where: str, limit: int) -> tuple[Run, ...]:
        try:
            return scope.source.part(where, experiment_ids=scope.ids, limit=limit, share=SOON).runs
        except (TrackingUnavailable, FilterRefused):
            return ()  # that there is no such run is worth saying without

    with Threads(len(questions)) as threads:
        found = [run for runs in threads.map(lambda each: ask(*each), questions) for run in runs]
    return list({run.run_id: run for run in found}.values())


def _not_found(reference: Named, seen: Sequence[Run], scope: SearchScope) -> RunNotFound:
    place = f" in {scope.experiments[0].name}" if scope.experiments else ""
    alike = nearest_names(reference.text, [run.name for run in seen])
    elsewhere = tuple(scope.source.called(reference.text, limit=FEW)) if scope.experiments else ()
    is_empty = not seen and not scope.source.newest(experiment_ids=scope.ids, limit=1)
    return RunNotFound(
        f"There is no run called {plain_reference(reference.text)}{place}{elsewhere_words(elsewhere)}.",
        remedy=f"There are no runs{place or ' on this MLflow server'} yet that the bot can see." if is_empty else "",
        example=complete_request(scope.text, reference.at, reference.end, alike[0]) if alike else "",
        near=alike,
        text=scope.text,
        at=reference.at,
        end=reference.end or None,
        seen=tuple(seen),
        place=scope.experiments[0].name if scope.experiments else "",
        elsewhere=elsewhere,
    )


def _is_name(name: str, scope: SearchScope) -> bool:
    if scope.source.called(name, experiment_ids=scope.ids, limit=1):
        return True
    reference = Named(name)
    return _written_otherwise(name, reference, replace(scope, several=ChosenRuns.NEWEST)) is not None


def pinned(reference: Pinned, scope: SearchScope) -> list[Side]:
    """The baseline that the channel or the experiment holds."""
    tagged = {each.baseline for each in scope.experiments if each.baseline}
    run_id = scope.defaults.pinned or (tagged.pop() if len(tagged) == 1 else "")
    if not run_id:
        raise scope.refuse("No baseline is pinned here.", reference, remedy="Pin one.", example="pin latest")
    run = scope.source.get([run_id])[0]
    if run is None:
        problem = f"The pinned baseline {run_id[:ID_PREFIX]}… is gone from MLflow."
        raise scope.refuse(problem, reference, remedy="Pin another.", example="pin latest")
    return [side_of(run, "the pinned baseline")]


def registered(reference: Registered, scope: SearchScope) -> list[Side]:
    """The run that made a version of a registered model, or a logged model."""
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
        return [side_of(there[0], f"made the logged model {behind.model}")]
    return [side_of(there[0], f"version {behind.version}{stage}{alias} of {behind.model}")]


def joined_by_commas(references: Sequence[RunReference], scope: SearchScope) -> list[RunReference]:
    """The references, with names in place of the pieces that a comma within the name made of them."""
    found: list[RunReference] = []
    rest = list(references)
    while rest:
        taken, names = 1, rest[:1]
        for count in range(len(rest), 1, -1):
            ways = _ways(rest[:count], scope.text)
            meant = next((names for names in ways if all(_is_name(each.text, scope) for each in names)), None)
            if meant:
                taken, names = count, [*meant]
                break
        found += names
        rest = rest[taken:]
    return found


def _ways(references: Sequence[RunReference], text: str) -> list[list[Named]]:
    """References as one name, and as the names on both sides of a `with`; none unless nothing but commas parts them."""
    named = [each for each in references if isinstance(each, Named) and each.end > each.at]
    if len(named) < len(references) or len(named) > MOST_COMMAS:
        return []
    if any(text[before.end : after.at].strip() != "," for before, after in pairwise(named)):
        return []
    start, end = named[0].at, named[-1].end
    cuts = [(start + found.start(), start + found.end()) for found in _BETWEEN.finditer(text[start:end])]
    starts, ends = [start, *(behind for _, behind in cuts)], [*(before for before, _ in cuts), end]
    pieces = [Named(text[first:last], first, end=last) for first, last in zip(starts, ends, strict=True)]
    return [[Named(text[start:end], start, end=end)], *([pieces] if cuts else [])]
