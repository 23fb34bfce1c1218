"""What runs must be like, said in words, as filters: `accuracy over 0.94`, `at least 60 fps`, `lr 0.1`, `non-xgb`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.goals import goal_of
from comparison.language.cover import Atom, logged
from comparison.language.names import Kind, Names, pieces
from comparison.language.quotes import written
from comparison.language.sides import is_silent
from comparison.language.slots import refuse
from comparison.runs import Goal

WORDED = "worded"  # the value of a filter that stood here in words
_SIGNS = {
    ">": "above, over, exceeding, exceeds, more than, greater than, higher than, bigger than, larger than, beyond, >",
    "<": "below, under, less than, lower than, smaller than, <",
    ">=": "at least, min, minimum, no less than, not less than, not below, not under, >=, ≥",
    "<=": "at most, max, maximum, no more than, not more than, not above, not over, up to, <=, ≤",
    "!=": "!=",
}
BOUNDS = {word: sign for sign, words in _SIGNS.items() for word in words.split(", ")}
_BETTER, _WORSE = (">", "<"), ("<", ">")  # where higher is better, where lower is
_BY_GOAL = {
    **dict.fromkeys(("better than", "faster than", "beat", "beats"), _BETTER),
    **dict.fromkeys(("worse than", "slower than"), _WORSE),
}
_EQUAL = frozenset({"=", "==", "is", "was", "of", "set", "to", "equals", "equal to", ":"})
_NOT = frozenset({"not", "isn't", "is not", "!=", "other than", "isnt"})
_LONGER = frozenset({"longer than", "shorter than", "faster than"})
_TAKES = frozenset({"took", "take", "takes", "taking", "ran", "run", "running", "runs", "lasted"})
_OTHERWISE = re.compile(r"non-(.+)", re.IGNORECASE)  # `non-xgb runs`
_ELSEWHERE = frozenset({"watch", "watch_when", "unwatch", "digest", "set", "unset", "goal", "make"})


def is_number(atom: Atom) -> bool:
    """Whether it says how much; `1.25` may look like an hour."""
    return (atom.key in ("number", "decimal") and atom.text != "%") or (
        atom.key == "time" and atom.text.replace(".", "", 1).isdecimal()
    )


def conditioned(atoms: list[Atom], names: Names) -> list[Atom]:
    """The atoms with each condition that is said in words as one filter."""
    if any(each.key in _ELSEWHERE for each in atoms):
        return atoms
    found: list[Atom] = []
    place = 0
    while place < len(atoms):
        atom = atoms[place]
        if (length := _how_long(atoms, place)) is not None:
            found.append(length[0])
            place = length[1]
            continue
        if (version := _version(atoms, place)) is not None:
            found.append(version[0])
            place = version[1]
            continue
        read = _of_metric(atoms, place) or _of_parameter(atoms, place)
        if read is not None:
            where, last = read
            end = atoms[last - 1]
            found.append(replace(atom, text=where, end=end.end, last=end.last, key="filter", kinds={}, value=WORDED))
            place = last
        elif (listed := _metrics(atom, names)) is not None:
            found += listed
            place += 1
        elif whole := _whole_name(atoms, atom, names):
            found.append(replace(atom, text=whole, key="", kinds={Kind.RUN: whole}))
            place += 1
        elif atom.is_unknown and not atom.quoted and (other := _OTHERWISE.fullmatch(atom.text)):
            found += [
                replace(atom, text="not", key="except"),
                replace(atom, text=other[1], kinds=names.called(other[1])),
            ]
            place += 1
        else:
            found.append(atom)
            place += 1
    return found


def _metrics(atom: Atom, names: Names) -> list[Atom] | None:
    """`precision/recall` as a list of two."""
    parts = atom.text.split("/") if atom.is_unknown and not atom.quoted and "/" in atom.text else []
    called = [names.called(part).get(Kind.METRIC) or names.metric(part) for part in parts]
    if not called or not all(called):
        return None
    said = [replace(atom, text=part, kinds={Kind.METRIC: name}) for part, name in zip(parts, called, strict=True)]
    return [each for metric in said for each in (replace(atom, text=",", key=","), metric)][1:]


def _whole_name(atoms: Sequence[Atom], atom: Atom, names: Names) -> str:
    """The run whose name begins as another one in the sentence does: `mlp-32-seed-1 vs seed-2`; "" for none."""
    place = atoms.index(atom)
    is_listed = place > 0 and atoms[place - 1].key in (",", "and", "or", "vs", "&")  # `A seed 1, 2 and 3`
    if atom.quoted or not (atom.is_unknown or (atom.key == "number" and is_listed)):
        return ""
    tail = pieces(atom.text)
    for other in atoms:
        key = pieces(other.kinds[Kind.RUN]) if Kind.RUN in other.kinds and other.role is None else ()
        if tail and len(key) > len(tail) and (run := names.called("", (*key[: -len(tail)], *tail)).get(Kind.RUN)):
            return run
    return ""


def _how_long(atoms: Sequence[Atom], place: int) -> tuple[Atom, int] | None:
    """`took more than 2h`, `longer than 1 hour`, and where it ends; None where no such thing begins here."""
    at = _skip(atoms, place + 1)
    said = atoms[place].text.casefold()
    is_led = said in _LONGER or (said in BOUNDS and any(each.text.casefold() in _TAKES for each in atoms[:place]))
    is_time = at < len(atoms) and atoms[at].key == "time" and atoms[at].value[:1].isdigit()
    if not (is_led and is_time):
        return None
    is_longer = BOUNDS[said].startswith(">") if said in BOUNDS else said.startswith("longer")
    value = f"{'longer' if is_longer else 'shorter'} {atoms[at].value}"
    return replace(atoms[place], end=atoms[at].end, last=atoms[at].last, key="lasting", value=value, kinds={}), at + 1


def _version(atoms: Sequence[Atom], place: int) -> tuple[Atom, int] | None:
    """`the champion of price-model`, `price-model production`: a version of a registered model, and where it ends."""
    at = _skip(atoms, place + 1, frozenset({"of", "for", "from", "in"}))
    pair = [atoms[place], *atoms[at : at + 1]]
    if len(pair) < 2 or any(each.quoted or Kind.RUN in each.kinds or Kind.EXPERIMENT in each.kinds for each in pair):
        return None
    named = [each for each in pair if each.key == "alias" or Kind.ALIAS in each.kinds]
    models = [each for each in pair if Kind.MODEL in each.kinds or (each.is_unknown and each.is_identifier)]
    if len(named) != 1 or len(models) != 1 or models[0].possessive:
        return None
    alias, model = named[0].kinds.get(Kind.ALIAS, named[0].text), models[0].kinds.get(Kind.MODEL, models[0].text)
    text = f"models:/{model}@{alias.casefold()}"
    return replace(pair[0], text=text, end=pair[1].end, last=pair[1].last, key="model", kinds={}), at + 1


def _skip(atoms: Sequence[Atom], place: int, words: frozenset[str] = frozenset()) -> int:
    """The place behind what says nothing there."""
    while place < len(atoms) and not atoms[place].quoted and not atoms[place].kinds:
        if not (is_silent(atoms[place]) or atoms[place].text.casefold() in words):
            break
        place += 1
    return place


def _sign(atom: Atom, metric: str) -> str:
    said = atom.text.casefold()
    if said in _BY_GOAL and (goal := goal_of(metric)) is not Goal.UNKNOWN:
        return _BY_GOAL[said][goal is Goal.LOWER]
    return BOUNDS.get(said, "")


def _of_metric(atoms: Sequence[Atom], place: int) -> tuple[str, int] | None:
    """`accuracy over 0.94`, `at least 60 fps`: the filter, and where it ends."""
    atom = atoms[place]
    if metric := _metric(atom):
        at = _skip(atoms, place + 1, _EQUAL)
        sign = _sign(atoms[at], metric) if at < len(atoms) else ""
        at = _skip(atoms, at + 1)
        if sign and at < len(atoms) and _is_amount(atoms, at):
            return f"metrics.`{metric}` {sign} {_digits(atoms[at])}", at + 1
        return None
    at = _skip(atoms, place + 1)
    if not atom.quoted and at < len(atoms) and _is_amount(atoms, at):
        behind = _skip(atoms, at + 1, frozenset({"of", "in"}))
        metric = _metric(atoms[behind]) if behind < len(atoms) else ""
        if metric and (sign := _sign(atom, metric)):
            return f"metrics.`{metric}` {sign} {_digits(atoms[at])}", behind + 1
    return None


def _metric(atom: Atom) -> str:
    return "" if atom.quoted or atom.possessive or Kind.RUN in atom.kinds else atom.kinds.get(Kind.METRIC, "")


def _is_amount(atoms: Sequence[Atom], place: int) -> bool:
    """Whether a number stands here that is no share of something else."""
    behind = atoms[place + 1].text if place + 1 < len(atoms) else ""
    return is_number(atoms[place]) and not atoms[place].text.endswith("%") and behind not in ("%", "percent")


def _digits(atom: Atom) -> str:
    return atom.value if atom.key == "number" else f"0{atom.text}" if atom.text.startswith(".") else atom.text


def _of_parameter(atoms: Sequence[Atom], place: int) -> tuple[str, int] | None:
    """`lr 0.1`, `gpu is t4`, `depth not 6`: the filter, and where it ends."""
    atom = atoms[place]
    kind = next((kind for kind in (Kind.PARAMETER, Kind.TAG) if kind in atom.kinds), None)
    if kind is None or atom.possessive or atom.quoted or {Kind.RUN, Kind.METRIC, Kind.EXPERIMENT} & atom.kinds.keys():
        return None
    column = f"{'params' if kind is Kind.PARAMETER else 'tags'}.`{atom.kinds[kind]}`"
    at = place + 1
    sign = "="
    while at < len(atoms) and not atoms[at].quoted and atoms[at].text.casefold() in (*_EQUAL, *_NOT):
        sign = "!=" if atoms[at].text.casefold() in _NOT else sign
        at += 1
    value = atoms[at] if at < len(atoms) else None
    if value is None:
        return None
    bound = BOUNDS.get(value.text.casefold(), "") if kind is Kind.PARAMETER and not value.quoted else ""
    if bound and at + 1 < len(atoms) and is_number(atoms[at + 1]):
        problem = f"“{atom.text}” is a parameter: MLflow finds its values as text, not by more or less."
        line = f"list runs where params.{written(atom.kinds[kind])} = '{atoms[at + 1].text}'"
        raise refuse(problem, "Name the value that it has.", line, [atom, atoms[at + 1]])
    is_word = value.role is not None and place > 0 and atoms[place - 1].key == "where" and _ends(atoms, at + 1)
    is_value = is_word or is_number(value) or value.quoted or value.is_unknown
    if not is_value or value.possessive or "'" in value.text or value.text in ("=", "=="):
        return None
    is_led = (place > 0 and atoms[place - 1].key in ("with", "where")) or value.is_identifier
    if value.is_unknown and at == place + 1 and not (is_led and _ends(atoms, at + 1)):
        return None  # `which lr gave …`, `model foo bar`
    return f"{column} {sign} '{logged(value.text)}'", at + 1


def _ends(atoms: Sequence[Atom], place: int) -> bool:
    """Whether what a condition says can end here."""
    return place == len(atoms) or not (atoms[place].is_unknown or is_number(atoms[place]))
