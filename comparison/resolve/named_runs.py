"""Runs that are named: by id, prefix, name, `experiment/name`, link, pin or model version. Never a guess unsaid.

Where a name is not there, lines are offered that work as they stand.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from comparison.concurrency import Threads, side_by_side
from comparison.errors import (
    Ambiguous,
    FilterRefused,
    NotUnderstood,
    RequestError,
    RunNotFound,
    TrackingUnavailable,
)
from comparison.language.names import Kind, Names
from comparison.language.parser import parse
from comparison.language.quoting import complete_request, quoted
from comparison.names import NEAR, nearest_names, plainly, words
from comparison.request import Request
from comparison.resolve.scope import ID_PREFIX, ChosenRuns, SearchScope, plain_reference, side_of
from comparison.run_reference import (
    Latest,
    Leading,
    Linked,
    Named,
    Pinned,
    Registered,
    RunReference,
)
from comparison.runs import Run, Side, has_results
from comparison.tracking.mlflow_links import linked_runs, linked_workspace, model_version
from comparison.tracking.source import RunSource, can_resemble, holds, resembles, with_any_accents

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


# Runs that a message speaks of: MLflow links, and names in backticks or quotes.


MOST_NAMES = 30  # looked up; a message full of code has many
_LONGEST = 250  # characters of a run's name
_SPOKEN = re.compile(
    r"(?P<url>https?://[^\s<>|]+)|`(?P<code>[^`\n]+)`|“(?P<curly>[^”\n]+)”|\"(?P<straight>[^\"\n]+)\"|(?<!\w)'(?P<single>[^'\n]+)'(?!\w)"
)
_ID_PREFIX = re.compile(r"[0-9a-f]{6,32}", re.IGNORECASE)


def runs_in_text(texts: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Ids from links (True) and names as written (False), in the order they come, each once."""
    found: dict[tuple[str, bool], None] = {}
    for text in texts:
        for part in _SPOKEN.finditer(text):
            if part["url"]:
                found.update(dict.fromkeys((run_id.lower(), True) for run_id, _ in linked_runs(part["url"])))
            else:
                name = next(filter(None, part.groups()[1:])).strip()
                found.update({(name, False): None} if name and len(name) <= _LONGEST else {})
    return tuple(found)


def mentioned_runs(texts: Iterable[str], source: RunSource) -> tuple[str, ...]:
    """What to type for each run that is meant: ids of links, whether there or not, and names that runs have."""
    spoken = runs_in_text(texts)
    names = [name for name, is_link in spoken if not is_link][:MOST_NAMES]
    known = dict(zip(names, side_by_side([partial(_is_run, name, source) for name in names]), strict=True))
    written = [what if is_link else quoted(what) for what, is_link in spoken if is_link or known.get(what)]
    return tuple(dict.fromkeys(filter(None, written)))


def compare_request(written: Sequence[str]) -> str:
    return " vs ".join(written)


def _is_run(name: str, source: RunSource) -> bool:
    try:
        return bool(
            source.called(name, limit=1) or (_ID_PREFIX.fullmatch(name) and source.with_prefix(name.lower(), limit=1))
        )
    except FilterRefused:
        return False  # no run can be called so


# What is offered where names are not there: lines whose names were all seen, so that each works as it stands.


def not_found_together(
    missing: Mapping[int, RunNotFound],
    found: Iterable[Sequence[Side]],
    references: Sequence[RunReference],
) -> RunNotFound:
    """One error for all references of a request that name nothing, by their place; its lines mend all of them.

    No run is offered that stands in the request already, nor one without results where others have some.
    """
    place, first = min(missing.items())
    taken = {run.run_id for sides in found for side in sides for run in side.runs}
    known = {spot: references[spot] for spot in missing}
    if not all(isinstance(each, Named) for each in known.values()):
        return first if len(missing) == 1 else replace(first, near=(), example="")
    near = {spot: _near(known[spot], error, taken, len(references)) for spot, error in missing.items()}
    if all(error.elsewhere for error in missing.values()):
        return replace(first, example=_without_place(first), near=())
    if len(missing) == 1:
        return replace(first, near=near[place], example=_completed(first, near[place])) if first.seen else first
    names = [plain_reference(getattr(known[spot], "text", "")) for spot in sorted(missing)]
    where = first.problem.partition(names[0])[2].rstrip(".")
    problem = f"There is no run called {', '.join(names[:-1])} or {names[-1]}{where}."
    return replace(first, problem=problem, near=(), example=_all_mended(missing, near))


def _near(reference: RunReference, error: RunNotFound, taken: Collection[str], count: int) -> tuple[str, ...]:
    """The nearest names among the runs that were seen; to compare with, those that logged something come first."""
    others = [run for run in error.seen if run.run_id not in taken]
    wanted = getattr(reference, "text", "")
    place, sign, name = wanted.rpartition("/")
    within = [run for run in others if sign and run.experiment.name.casefold() == place.strip().casefold()]
    if within:
        return tuple(
            f"{within[0].experiment.name}/{each}" for each in nearest_names(name, [run.name for run in within])
        )
    with_results = [run for run in others if has_results(run)]
    alike = nearest_names(wanted, [run.name for run in with_results]) if count > 1 else ()
    return alike or nearest_names(wanted, [run.name for run in others])


def _completed(error: RunNotFound, near: Sequence[str]) -> str:
    return complete_request(error.text, error.at, error.end, near[0]) if near else ""


def _all_mended(missing: Mapping[int, RunNotFound], near: Mapping[int, Sequence[str]]) -> str:
    """What was said with the nearest name in place of each that is not there, each run once; "" where one has none."""
    chosen: dict[int, str] = {}
    for spot in sorted(missing):
        name = next((each for each in near[spot] if each not in chosen.values()), "")
        if not name:
            return ""
        chosen[spot] = name
    text = next(iter(missing.values())).text
    for spot in sorted(missing, key=lambda each: -(missing[each].at or 0)):
        text = complete_request(text, missing[spot].at, missing[spot].end, chosen[spot])
        if not text:
            return ""
    return text


def _without_place(error: RunNotFound) -> str:
    """What was said without the experiment that does not have the run."""
    place = re.compile(rf"\s+(?:in|of|from|for)\s+([\"“]?){re.escape(error.place)}[\"”]?(?=\s|$|[,.?!])", re.IGNORECASE)
    line = place.sub("", error.text)
    return line.strip() if line != error.text else ""


def elsewhere_words(runs: Sequence[Run]) -> str:
    """`; it is in fraud`, for a run that another experiment has."""
    places = list(dict.fromkeys(run.experiment.name for run in runs))
    return f"; it is in {' and '.join(places[:2])}" if places else ""


# Every line that is offered, before it is shown


def working_offers(
    error: RequestError,
    names: Names,
    is_run: Callable[[str], bool],
    understood: Callable[[str], Request | None] | None = None,
) -> RequestError:
    """The error with those of its lines and names only that can be typed as they stand.

    A line is read, and what it names is looked for among the names that are known and the runs that were seen;
    `is_run` is asked for one more name at most. `understood` reads a line where it was said, in a thread, too. Nothing
    is taken away where no names are known.
    """
    if not names.all(Kind.EXPERIMENT):
        return error
    seen = {run.name for run in getattr(error, "seen", ())} | {run.name for run in error.choices}
    looked_up: list[str] = []

    def is_known_run(name: str) -> bool:
        if Kind.RUN in names.called(name) or names.is_id(name) or name in seen:
            return True
        place, sign, own = name.rpartition("/")
        if sign and Kind.EXPERIMENT in names.called(place):
            return is_known_run(own)
        if looked_up and looked_up[0] != name:
            return False
        looked_up[:] = [name]
        return is_run(name)

    def works(line: str) -> bool:
        try:
            request = (understood and understood(line)) or parse(line, names)
        except NotUnderstood:
            return False
        return _is_there(request, names, is_known_run)

    lines = {name: next(filter(works, corrections(error, name)), "") for name in error.near}
    near = tuple(name for name, line in lines.items() if line or not corrections(error, name))
    example = error.example if not error.example or works(error.example) else ""
    return replace(error, near=near, lines=tuple(lines[name] for name in near), example=example)


def corrections(error: RequestError, name: str) -> tuple[str, ...]:
    """The request with this name in place of the wrong one: as a name, else as the word of ours that it is."""
    completed = complete_request(error.text, error.at, error.end, name)
    if not isinstance(error, NotUnderstood) or error.at is None or error.end is None:
        return (completed,) if completed else ()
    plain = f"{error.text[: error.at]}{name}{error.text[error.end :]}".strip()
    return tuple(filter(None, dict.fromkeys((plain, completed) if plain == error.example else (completed, plain))))


def _is_there(request: Request, names: Names, is_run: Callable[[str], bool]) -> bool:
    """Whether the runs and experiments that a request names are there, and no run stands in it twice."""
    runs = [*getattr(request, "runs", ()), getattr(request, "run", None)]
    named = [each for each in runs if isinstance(each, Named)]
    if len({each.text for each in named}) < len(named):
        return False
    among = getattr(request, "among", None)
    places = [getattr(request, "experiment", ""), *(among.experiments if among else ())]
    places += [each.experiment for each in runs if isinstance(each, Latest | Leading)]
    known = set(names.all(Kind.EXPERIMENT)) | {each.casefold() for each in names.all(Kind.EXPERIMENT)}
    are_places = all(each in known or each.casefold() in known or _is_open(each) for each in places)
    return are_places and all(is_run(each.text) or (each.otherwise and is_run(each.otherwise)) for each in named)


def _is_open(place: str) -> bool:
    """Whether it is no name of one experiment: none, all, a pattern or an id."""
    return not place or bool(set("*?") & set(place)) or place.isdecimal()
