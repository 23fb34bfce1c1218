"""What is offered where names are not there: lines whose names were all seen, so that each works as it stands."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from comparison.errors import NotUnderstood, RequestError, RunNotFound
from comparison.language.names import Kind, Names
from comparison.language.parser import parse
from comparison.language.quoting import complete_request
from comparison.names import nearest_names
from comparison.request import Request
from comparison.resolve.search_scope import plain_reference
from comparison.run_reference import Latest, Leading, Named, RunReference
from comparison.runs import Run, Side
from comparison.trials import has_results


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
    asked: list[str] = []

    def is_known_run(name: str) -> bool:
        if Kind.RUN in names.called(name) or names.is_id(name) or name in seen:
            return True
        place, sign, own = name.rpartition("/")
        if sign and Kind.EXPERIMENT in names.called(place):
            return is_known_run(own)
        if asked and asked[0] != name:
            return False
        asked[:] = [name]
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
    said = complete_request(error.text, error.at, error.end, name)
    if not isinstance(error, NotUnderstood) or error.at is None or error.end is None:
        return (said,) if said else ()
    plain = f"{error.text[: error.at]}{name}{error.text[error.end :]}".strip()
    return tuple(filter(None, dict.fromkeys((plain, said) if plain == error.example else (said, plain))))


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
