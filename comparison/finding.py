"""From how a run was named to the run: ids, prefixes, names, `experiment/name`, links. Never a guess unsaid."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from comparison.choosing import RELATIVE, Scope, Several, choose
from comparison.completing import completed
from comparison.defaults import Defaults
from comparison.errors import Ambiguous, ExperimentNotFound, RunNotFound
from comparison.naming import NEAR, near
from comparison.request import Linked, Named, RunReference, SweepRuns
from comparison.runs import Experiment, Run, Side
from comparison.source import RunSource

SHORT = 8  # characters of an id that people read
SEEN = 100  # newest runs among which near names are looked for
MOST_OF_A_SWEEP = 19  # sides; with the baseline they are what a table can hold
SIDE_BY_SIDE = 16
FEW = 10  # runs named where a prefix fits several
MOST_CALLED = 50  # runs of one name that are asked for
LONGEST = 120  # characters of a name in a sentence
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_RELATIVE = tuple(RELATIVE)
_PREFIX = re.compile(r"[0-9a-f]{4,31}", re.IGNORECASE)
_CUT = ".…"  # how short ids are written


def find_all(  # noqa: PLR0913 -- all but two have defaults and are given by name
    references: Sequence[RunReference],
    source: RunSource,
    *,
    experiment: str = "",
    text: str = "",
    metric: str = "",
    defaults: Defaults | None = None,
    now: datetime | None = None,
    several: Several = Several.NEWEST,
) -> list[Side]:
    """A side a reference, in their order, looked for side by side; a sweep or a `top 3` is several sides.

    `experiment` narrows to it, else the default one narrows what is not named; `metric` is what the request names
    first; `text` is what was said, for errors; `several` says what becomes of a name that several runs have. All full
    ids are one `source.get`. Raises RunNotFound, Ambiguous,
    ExperimentNotFound, FilterRefused or TrackingUnavailable.
    """
    within = (find_experiment(experiment, source, text=text),) if experiment else ()
    scope = Scope(source, within, text, metric, defaults or Defaults(), now, several)
    ids = list(dict.fromkeys(filter(None, map(_full_id, references))))
    first = [place for place, each in enumerate(references) if not _full_id(each) and not isinstance(each, _RELATIVE)]
    found: dict[int, list[Side]] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        asked = {place: threads.submit(_look, references[place], scope) for place in first}
        fetched = dict(zip(ids, source.get(ids), strict=True)) if ids else {}
        found.update({place: answer.result() for place, answer in asked.items()})
        found.update({place: [_by_id(each, fetched, scope)] for place, each in enumerate(references) if _full_id(each)})
        where = _beside(found, scope)
        later = [place for place in range(len(references)) if place not in found]
        asked = {place: threads.submit(choose, references[place], where) for place in later}
        found.update({place: answer.result() for place, answer in asked.items()})
    return [side for place in range(len(references)) for side in found[place]]


def _look(reference: RunReference, scope: Scope) -> list[Side]:
    if isinstance(reference, Named):
        return [_by_words(reference, scope)]
    if isinstance(reference, SweepRuns):
        return _sweep(reference, scope)
    return choose(reference, _with_default(scope))


def _with_default(scope: Scope) -> Scope:
    """What is told and not named is looked for in the channel's experiment, where the request names none."""
    if scope.experiments or not scope.defaults.experiment:
        return scope
    try:
        return replace(scope, experiments=(find_experiment(scope.defaults.experiment, scope.source),))
    except ExperimentNotFound as error:
        raise ExperimentNotFound(
            f"{plain(scope.defaults.experiment)}, the experiment set for this channel, is not there any more.",
            remedy="Set another one, or take it back.",
            example="unset experiment",
            near=error.near,
        ) from error


def _beside(found: Mapping[int, Sequence[Side]], scope: Scope) -> Scope:
    """`best` is the best where the request says, else in the channel's experiment, else where the other runs are."""
    narrowed = _with_default(scope)
    if narrowed.experiments:
        return narrowed
    others = {run.experiment.experiment_id: run.experiment for sides in found.values() for s in sides for run in s.runs}
    return replace(scope, experiments=tuple(others.values()))


def _sweep(told: SweepRuns, scope: Scope) -> list[Side]:
    parent = find_all([told.parent], scope.source, text=scope.text, several=scope.several)[0].runs[0]
    children = scope.source.search(
        f"tags.mlflow.parentRunId = '{parent.run_id}'",
        experiment_ids=(parent.experiment.experiment_id,),
        limit=MOST_OF_A_SWEEP + 1,
    )
    if not children:
        raise scope.refuse(f"{parent.name} has no child runs: it is no sweep.", told)
    note = f"of sweep {parent.name}"
    if len(children) > MOST_OF_A_SWEEP:
        note += f", the newest {MOST_OF_A_SWEEP} of more"
    return [Side(run.name, (run,), (note,)) for run in children[:MOST_OF_A_SWEEP]]


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
    alike, spot = near(name, [each.name for each in known]), _spot(name, text)
    raise ExperimentNotFound(
        f"There is no experiment called {name}.",
        remedy="" if known else "The bot sees no experiment at all on this MLflow server.",
        near=alike,
        example=completed(text, spot, len(name) + (spot or 0), alike[0]) if alike else "",
        text=text,
        at=spot,
        end=None if spot is None else spot + len(name),
    )


def _full_id(reference: RunReference) -> str:
    if isinstance(reference, Linked):
        return reference.run_id.lower()
    return reference.text.lower() if isinstance(reference, Named) and _ID.fullmatch(reference.text) else ""


def _by_id(reference: RunReference, fetched: dict[str, Run | None], scope: Scope) -> Side:
    run = fetched[_full_id(reference)]
    if run is not None:
        return Side(run.name, (run,))
    at = reference.at
    if isinstance(reference, Linked):
        problem = f"The link leads to run {reference.run_id[:SHORT]}…, and there is no such run on this MLflow server."
        raise RunNotFound(problem, remedy="It may be of another server, or deleted for good.", text=scope.text, at=at)
    raise RunNotFound(
        f"There is no run with the id {_full_id(reference)[:SHORT]}… on this MLflow server.",
        remedy="It may be of another server, or deleted for good.",
        text=scope.text,
        at=at,
    )


def _by_words(reference: Named, scope: Scope) -> Side:
    side = _named(reference.text, reference, scope)
    if side is None and reference.otherwise:
        side = _named(reference.otherwise, reference, scope)
    if side is None:
        raise _not_found(reference, scope)
    return side


def _named(name: str, reference: Named, scope: Scope) -> Side | None:
    """By name, by the start of the id, by `experiment/name`, by the name in another case: the first that fits."""
    called, prefixed = scope.source.called(name, experiment_ids=scope.ids), []
    start = name.rstrip(_CUT)
    if not called and _PREFIX.fullmatch(start):
        prefixed = scope.source.with_prefix(start.lower(), limit=FEW + 1)
    if called:
        return _called(called, name, reference, scope)
    if prefixed:
        return _only(prefixed, reference, scope)
    return _within_experiment(name, reference, scope) or _in_any_case(name, reference, scope)


def _called(runs: list[Run], name: str, reference: Named, scope: Scope) -> Side:
    """The run of this name; of several the newest, saying so, where people are not asked which."""
    if len(runs) == 1:
        return Side(runs[0].name, (runs[0],))
    newest = sorted(runs, key=lambda each: -(each.started_at or 0))
    count = f"{len(runs)} or more" if len(runs) >= MOST_CALLED else str(len(runs))
    places = len({each.experiment.experiment_id for each in runs})
    where = f" in {places} experiments" if places > 1 else ""
    if scope.several is Several.ASK:
        raise _which(f"{count} runs are called {plain(name)}{where}.", newest, reference, scope)
    return Side(newest[0].name, (newest[0],), (f"newest of {count} runs called {name}{where}",))


def _only(runs: list[Run], reference: Named, scope: Scope) -> Side:
    if len(runs) == 1:
        return Side(runs[0].name, (runs[0],))
    length = next((n for n in range(SHORT, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 32)
    count = f"{FEW} or more" if len(runs) > FEW else str(len(runs))
    found = _which(f"{count} run ids start with {reference.text}.", runs, reference, scope)
    found.near = tuple(run.run_id[:length] for run in runs[:NEAR])
    found.remedy = "Type more of the id."
    raise found


def _which(problem: str, runs: Sequence[Run], reference: Named, scope: Scope) -> Ambiguous:
    return Ambiguous(
        problem,
        remedy="Say its id, or in which experiment.",
        text=scope.text,
        at=reference.at,
        end=reference.end or None,
        choices=tuple(runs),
        metrics=(scope.metric,) if scope.metric else (),
    )


def _within_experiment(name: str, reference: Named, scope: Scope) -> Side | None:
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
        side = _called(found, wanted, reference, within) if found else _in_any_case(wanted, reference, within)
        if side:
            return side
    return None


def _in_any_case(name: str, reference: Named, scope: Scope) -> Side | None:
    pattern = re.sub(r"['\"%\\]", "_", name)
    found = scope.source.search(f"attributes.run_name ILIKE '{pattern}'", experiment_ids=scope.ids)
    found = [run for run in found if run.name.casefold() == name.casefold()]
    if not found:
        return None
    side = _called(found, found[0].name, reference, scope)
    said = f"called {side.label}; {name} was asked for"
    return Side(side.label, side.runs, (said, *side.notes))


def _not_found(reference: Named, scope: Scope) -> RunNotFound:
    seen = scope.source.newest(experiment_ids=scope.ids, limit=SEEN)
    place = f" in {scope.experiments[0].name}" if scope.experiments else ""
    alike = near(reference.text, [run.name for run in seen])
    return RunNotFound(
        f"There is no run called {plain(reference.text)}{place}.",
        remedy="" if seen else f"There are no runs{place or ' on this MLflow server'} yet that the bot can see.",
        example=completed(scope.text, reference.at, reference.end, alike[0]) if alike else "",
        near=alike,
        text=scope.text,
        at=reference.at,
        end=reference.end or None,
    )


def plain(name: str) -> str:
    """A name for a sentence, however long it is."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"


def _spot(name: str, text: str) -> int | None:
    place = text.rfind(name)
    return None if place < 0 else place
