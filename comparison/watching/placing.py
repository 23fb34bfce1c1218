"""The experiment that a watch names: found, or not with what was meant, before anything else is looked up."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

from comparison.completing import completed
from comparison.errors import ExperimentNotFound, NotUnderstood, RequestError
from comparison.finding import find_experiment, plain
from comparison.request import Watch
from comparison.runs import Experiment
from comparison.source import RunSource
from comparison.watching.fitting import covers
from comparison.watching.watch import Watching

_SUGGESTED = 5
_NEARLY = 0.8  # two names that are one misspelt, rather than one and words behind it
_OPTIONS = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."


def placed(request: Watch, known: Sequence[Experiment], source: RunSource) -> tuple[Watching, tuple[Experiment, ...]]:
    """With the experiment's own name, and all that it covers. Raises ExperimentNotFound, or what to type."""
    watching = request.watching
    if not watching.place:
        raise nowhere(request, known)
    try:
        name = find_experiment(watching.place, source).name
    except ExperimentNotFound as error:
        if not watching.is_pattern:
            raise _gone_on(request, known, error) or _unknown(request, error) from error
    else:
        watching = replace(watching, place=name)
    return watching, tuple(each for each in known if covers(watching, each.name))


def nowhere(request: Watch, known: Sequence[Experiment]) -> RequestError:
    names = tuple(each.name for each in known)[:_SUGGESTED]
    return NotUnderstood(
        "Which experiment shall I watch?",
        remedy="Name it, or a pattern such as team/*; or set one for this channel with set experiment.",
        example="watch *",
        near=names,
        text=request.text,
    )


def _unknown(request: Watch, error: ExperimentNotFound) -> RequestError:
    """With the spot where the place was named, not another word like it."""
    text, place, at = request.text, request.watching.place, request.at
    if not text[at:].startswith(place) and (found := text.find(place, at)) >= 0:
        at = found
    end = at + len(place) if text[at:].startswith(place) else None
    spot = at if text else None
    example = completed(text, spot, end, error.near[0]) if error.near else ""
    hint = "" if error.near else "For those that are still to come say a pattern, such as team/*."
    remedy = error.remedy or hint
    problem = f"There is no experiment called {plain(place)}."
    return replace(error, problem=problem, remedy=remedy, example=example, text=text, at=spot, end=end)


def _gone_on(request: Watch, known: Sequence[Experiment], error: ExperimentNotFound) -> RequestError | None:
    """`watch fraud but quickly`: an experiment with words behind it that say nothing; None where none begins it."""
    place, text = request.watching.place, request.text
    begun = [each.name for each in known if f"{place} ".casefold().startswith(f"{each.name} ".casefold())]
    at = text.find(place, request.at)
    if not begun or at < 0 or (error.near and _is_nearly(place, error.near[0])):
        return None
    name = max(begun, key=len)
    rest = place[len(name) :].strip()
    spot = at + len(place) - len(rest)
    is_listed = rest.split()[0].casefold() in ("and", "or", "&", "+")
    problem = f"{plain(name)} is watched by itself." if is_listed else f"I do not understand {plain(rest)}."
    remedy = "For the other set up a second watch, or watch both with a pattern such as team/*."
    return NotUnderstood(
        problem,
        remedy=remedy if is_listed else _OPTIONS,
        example=f"{text[: at + len(name)]}{text[at + len(place) :]}".strip(),
        text=text,
        at=spot,
        end=spot + len(rest),
    )


def _is_nearly(name: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, name.casefold()[:200], other.casefold()[:200]).ratio() > _NEARLY
