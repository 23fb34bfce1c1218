"""The experiment that a watch names: found, or not with what was meant, before anything else is looked up."""

import difflib
import html
import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.completing import completed
from comparison.errors import ExperimentNotFound, NotUnderstood, RequestError
from comparison.finding import find_experiment, plain
from comparison.request import Watch
from comparison.runs import Experiment
from comparison.source import RunSource
from comparison.watch_reading import read, words_of
from comparison.watching.fitting import is_watched
from comparison.watching.watch import Watching, is_pattern
from comparison.words import split

_SUGGESTED = 5
_LEADS = re.compile(r"(?:(?:for|just|with|on|any|all|the) )+", re.IGNORECASE)
_HELD = re.compile(r"(?:compared?|relative|in comparison|as opposed) (?:to|with) |baseline (?:is )?", re.IGNORECASE)
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
            raise _gone_on(request, known, error.near) or _unknown(request, error) from error
    else:
        watching = replace(watching, place=name)
    covered = tuple(each for each in known if is_watched(watching, each))
    if not covered and watching.is_pattern and (told := _gone_on(request, known, ())):
        raise told
    return watching, covered


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


def _gone_on(request: Watch, known: Sequence[Experiment], near: Sequence[str]) -> RequestError | None:
    """`watch fraud but quickly`: an experiment with words behind it that say nothing; None where none begins it."""
    place, text = request.watching.place, request.text
    written = place if place in text else html.escape(place, quote=False)
    at = text.find(written, request.at)
    name = _begun(place, [each.name for each in known])
    if not name or at < 0 or _is_quoted(text, at) or (near and _is_nearly(place, near[0])):
        return None
    rest = written[len(html.escape(name, quote=False) if written != place else name) :].strip()
    spot = at + len(written) - len(rest)
    is_listed = rest.split()[0].casefold() in ("and", "or", "&", "+")
    problem = (
        f"{plain(name)} is watched by itself." if is_listed else f"I do not understand {plain(html.unescape(rest))}."
    )
    remedy = "For the other set up a second watch, or watch both with a pattern such as team/*."
    return NotUnderstood(
        problem,
        remedy=remedy if is_listed else _OPTIONS,
        example=f"{text[:spot]}{_as_option(rest)}{text[spot + len(rest) :]}".replace("  ", " ").strip(),
        text=text,
        at=spot,
        end=spot + len(rest),
    )


def _begun(place: str, names: Sequence[str]) -> str:
    """The longest name, or the pattern, with which the place begins and goes on; "" for none."""
    begun = [name for name in names if place.casefold().startswith(f"{name} ".casefold())]
    first = place.split(maxsplit=1)[0]
    return max(begun, key=len, default=first if is_pattern(first) and first != place else "")


def _is_quoted(text: str, at: int) -> bool:
    return any(word.is_quoted and word.at <= at < word.end for word in split(text))


def _as_option(said: str) -> str:
    """The option that these words nearly are: `only failures`, `when loss < 1`; "" for none."""
    held = _HELD.match(said)
    core = said[held.end() :] if held else _LEADS.sub("", said)
    for option in ("against",) if held else ("only", "when"):
        line = f"watch x {option} {core}"
        try:
            found, _at = read(words_of(line)[1:], line)
        except NotUnderstood:
            continue
        if found.place == "x":
            return f"{option} {core}"
    return ""


def _is_nearly(name: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, name.casefold()[:200], other.casefold()[:200]).ratio() > _NEARLY
