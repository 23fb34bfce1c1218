"""From how a run was named to the run: ids, prefixes, names, `experiment/name`, links. Never a guess unsaid."""

import difflib
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from comparison.errors import Ambiguous, ExperimentNotFound, RunNotFound
from comparison.request import Linked, Named, RunReference
from comparison.runs import Experiment, Run, Side
from comparison.source import RunSource

SHORT = 8  # characters of an id that people read
SEEN = 100  # newest runs among which near names are looked for
NEAR = 5
SIDE_BY_SIDE = 16
FEW = 10  # runs named where a prefix fits several
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_PREFIX = re.compile(r"[0-9a-f]{4,31}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where to look: the source, the experiments meant (none: all), and what was said, for errors."""

    source: RunSource
    experiments: tuple[Experiment, ...]
    text: str

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)


def find_all(
    references: Sequence[RunReference], source: RunSource, *, experiment: str = "", text: str = ""
) -> list[Side]:
    """One side a reference, in their order, looked for side by side; all full ids in one `source.get`.

    `experiment` narrows names to it; `text` is what was said, for errors. Raises RunNotFound, Ambiguous,
    ExperimentNotFound or TrackingUnavailable.
    """
    scope = _Scope(source, (find_experiment(experiment, source, text=text),) if experiment else (), text)
    ids = list(dict.fromkeys(filter(None, map(_full_id, references))))
    named = [each for each in references if isinstance(each, Named) and not _full_id(each)]

    def by_id() -> dict[str, Run | None]:
        return dict(zip(ids, source.get(ids), strict=True)) if ids else {}

    with ThreadPoolExecutor(max(1, min(len(named), SIDE_BY_SIDE))) as threads:
        sides = [threads.submit(_by_words, each, scope) for each in named]
        fetched = by_id()
        found = {id(each): side.result() for each, side in zip(named, sides, strict=True)}
    return [found[id(each)] if id(each) in found else _by_id(each, fetched, scope) for each in references]


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
    raise ExperimentNotFound(
        f"There is no experiment called {name}.",
        remedy="" if known else "The bot sees no experiment at all on this MLflow server.",
        near=near(name, [each.name for each in known]),
        text=text,
        at=_spot(name, text),
    )


def near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names most like this one, those that hold it or start alike first."""
    wanted = name.casefold()
    known = list(dict.fromkeys(each for each in names if each))
    holding = [each for each in known if len(wanted) > 1 and (wanted in each.casefold() or each.casefold() in wanted)]
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold()[:200], each)
    alike = difflib.get_close_matches(wanted[:200], folded, n=NEAR, cutoff=0.55)
    return tuple(dict.fromkeys([*(folded[each] for each in alike), *holding]))[:NEAR]


def _full_id(reference: RunReference) -> str:
    if isinstance(reference, Linked):
        return reference.run_id.lower()
    return reference.text.lower() if _ID.fullmatch(reference.text) else ""


def _by_id(reference: RunReference, fetched: dict[str, Run | None], scope: _Scope) -> Side:
    run = fetched[_full_id(reference)]
    if run is not None:
        return Side(run.name, (run,))
    at = reference.at
    if isinstance(reference, Linked):
        problem = f"The link leads to run {reference.run_id[:SHORT]}…, and there is no such run on this MLflow server."
        raise RunNotFound(problem, remedy="It may be of another server, or deleted for good.", text=scope.text, at=at)
    raise RunNotFound(
        f"There is no run with the id {reference.text[:SHORT]}… on this MLflow server.",
        remedy="It may be of another server, or deleted for good.",
        text=scope.text,
        at=at,
    )


def _by_words(reference: Named, scope: _Scope) -> Side:
    side = _named(reference.text, reference, scope)
    if side is None and reference.otherwise:
        side = _named(reference.otherwise, reference, scope)
    if side is None:
        raise _not_found(reference, scope)
    return side


def _named(name: str, reference: Named, scope: _Scope) -> Side | None:
    """By name, by the start of the id, by `experiment/name`, by the name in another case: the first that fits."""
    called, prefixed = scope.source.called(name, experiment_ids=scope.ids), []
    if not called and _PREFIX.fullmatch(name):
        prefixed = scope.source.with_prefix(name.lower(), limit=FEW + 1)
    if called:
        return _newest(called, name)
    if prefixed:
        return _only(prefixed, reference, scope)
    return _within_experiment(name, scope) or _in_any_case(name, scope)


def _newest(runs: list[Run], name: str) -> Side:
    run = max(runs, key=lambda each: each.started_at or 0)
    if len(runs) == 1:
        return Side(run.name, (run,))
    count = f"{len(runs)} or more" if len(runs) >= 50 else str(len(runs))
    places = len({each.experiment.experiment_id for each in runs})
    where = f" in {places} experiments" if places > 1 else ""
    return Side(run.name, (run,), (f"newest of {count} runs called {name}{where}",))


def _only(runs: list[Run], reference: Named, scope: _Scope) -> Side:
    if len(runs) == 1:
        return Side(runs[0].name, (runs[0],))
    length = next((n for n in range(SHORT, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 32)
    count = f"{FEW} or more" if len(runs) > FEW else str(len(runs))
    raise Ambiguous(
        f"{count} run ids start with {reference.text}.",
        remedy="Type more of the id.",
        near=tuple(run.run_id[:length] for run in runs[:NEAR]),
        text=scope.text,
        at=reference.at,
    )


def _within_experiment(name: str, scope: _Scope) -> Side | None:
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
        side = (
            _newest(found, wanted) if found else _in_any_case(wanted, _Scope(scope.source, (experiment,), scope.text))
        )
        if side:
            return side
    return None


def _in_any_case(name: str, scope: _Scope) -> Side | None:
    pattern = re.sub(r"['\"%\\]", "_", name)
    found = scope.source.search(f"attributes.run_name ILIKE '{pattern}'", experiment_ids=scope.ids)
    found = [run for run in found if run.name.casefold() == name.casefold()]
    if not found:
        return None
    side = _newest(found, found[0].name)
    said = f"called {side.label}; {name} was asked for"
    return Side(side.label, side.runs, (said, *side.notes))


def _not_found(reference: Named, scope: _Scope) -> RunNotFound:
    seen = scope.source.newest(experiment_ids=scope.ids, limit=SEEN)
    place = f" in {scope.experiments[0].name}" if scope.experiments else ""
    name = reference.text if len(reference.text) <= 120 else f"{reference.text[:120]}…"
    return RunNotFound(
        f"There is no run called {name}{place}.",
        remedy="" if seen else f"There are no runs{place or ' on this MLflow server'} yet that the bot can see.",
        near=near(reference.text, [run.name for run in seen]),
        text=scope.text,
        at=reference.at,
    )


def _spot(name: str, text: str) -> int | None:
    place = text.rfind(name)
    return None if place < 0 else place
