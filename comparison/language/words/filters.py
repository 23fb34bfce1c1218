"""Filters of the runs that are meant: whose they are, `where …`, `lr = 0.1`."""

import re
from dataclasses import replace

from comparison.language.cover import Atom
from comparison.language.draft import LISTS, Draft, is_number
from comparison.language.intents import HARD
from comparison.language.names import Kind
from comparison.language.quotes import written
from comparison.language.sides import is_silent
from comparison.language.slots import refuse

_BARE_TERM = re.compile(  # of a filter, without its column
    r"(?<![\w.`'\"])(?P<name>[\w-]+)\s*(?P<sign>!=|>=|<=|=|>|<|\bis\b|\bequals\b)\s*(?P<value>'[^']*'|\"[^\"]*\"|-?[\w.]+)"
)
_LEADS_SIDE = frozenset({"where", "wobei", "dónde"})  # `which run used lr=0.1` lists runs


def read_user(draft: Draft, atom: Atom, place: int) -> int:
    name, atoms, last = draft.name_of(draft.skip(place + 1), Kind.USER)
    follows = draft.atoms[last] if last < len(draft.atoms) else None
    if not name and follows and follows.text.startswith("@"):
        name, atoms, last = follows.text, [follows], last + 1
    if not name or name.casefold() in ("me", "myself"):
        raise refuse("Whose runs?", "Name the person as MLflow knows them.", draft.example_line(), [atom])
    draft.put_user(name.lstrip("@"), atoms)
    return last


def read_parameter(draft: Draft, atom: Atom, place: int) -> int:
    """`lr = 0.1`, `lr 0.1` as a filter; `what lr did xgb-v2 use` as a question for parameters."""
    column = "params" if Kind.PARAMETER in atom.kinds else "tags"
    name = atom.kinds.get(Kind.PARAMETER) or atom.kinds[Kind.TAG]
    at = place + 1
    while at < len(draft.atoms) and draft.atoms[at].text in ("=", "==", "is", "of", "set", "to"):
        at += 1
    value = draft.atoms[at] if at < len(draft.atoms) else None
    is_value = value is not None and not value.kinds and (is_number(value) or value.quoted)
    is_equal = value is not None and draft.atoms[at - 1].text in ("=", "==") and value.is_unknown
    behind = draft.atoms[at + 1 : at + 2]
    is_side = draft.intent in ("", "compare") and (draft.hard > 0 or bool(behind and behind[0].key in HARD))
    if value is not None and (is_value or is_equal) and is_side:  # `depth 8 vs depth 10`
        where = f"{column}.`{name}` = '{value.text}'"
        draft.add(replace(atom, key="filter", text=where, kinds={}, end=value.end))
        return at + 1
    if value is not None and (is_value or is_equal):
        draft.note("where", [atom, value])
        draft.where = f"{column}.`{name}` = '{value.text}'"
        return at + 1
    if draft.intent == "sweeps":
        place_ = next((each.kinds[Kind.EXPERIMENT] for each in draft.atoms if Kind.EXPERIMENT in each.kinds), "")
        line = f"what matters in {written(place_)}" if place_ else draft.example("sweeps")
        problem = f"I weigh all parameters of a sweep together, not {name} alone."
        raise refuse(problem, "What matters most stands first:", line, [atom])
    if draft.intent in LISTS or draft.part or draft.intent in ("curves", "sweeps"):
        draft.left.append(atom)
    else:
        draft.note("part", [atom])
        draft.part = "parameters" if column == "params" else "tags"
    return place + 1


_BOUNDS = {"above": ">", "exceeding": ">", "at least": ">=", "below": "<", "under": "<", "at most": "<="}


def read_bound(draft: Draft, place: int) -> int | None:
    """`f1 above 0.7` as a filter; None where no such thing begins here."""
    said = draft.atoms[place : place + 2]
    if len(said) < 2 or Kind.METRIC not in said[0].kinds or said[1].key != "bound":
        return None
    atom = said[0]
    sign, at = draft.atoms[place + 1].text.casefold(), draft.skip(place + 2)
    value = draft.atoms[at] if at < len(draft.atoms) and is_number(draft.atoms[at]) else None
    if value is None or value.text.endswith("%"):
        return None
    draft.note("where", [atom, value])
    draft.where = f"metrics.`{atom.kinds[Kind.METRIC]}` {_BOUNDS[sign]} {value.text}"
    return at + 1


def read_where(draft: Draft, atom: Atom, place: int) -> int:
    at = place + 1
    if at < len(draft.atoms) and draft.atoms[at].kinds.keys() & {Kind.PARAMETER, Kind.TAG}:
        return at  # `where lr = 0.1`, which `_parameter` reads
    if at == len(draft.atoms) or draft.atoms[at].key != "filter":
        line = "list runs where params.lr = '0.1'"
        raise refuse("That is no filter of MLflow's.", "Write it as in MLflow's search box.", line, [atom])
    group = draft.groups[-1]
    is_side = draft.is_parted or not any(not is_silent(each) for each in group) or draft.lead() == "latest"
    is_side = is_side and not draft.are_many()
    is_side = is_side and atom.text.casefold() in _LEADS_SIDE
    if draft.intent in ("compare", "", "show", "pin", "who", "status") and is_side:
        draft.add(atom)
        draft.groups[-1].append(draft.atoms[at])
    else:
        draft.note("where", [draft.atoms[at]])
        draft.where = _prefixed(draft, draft.atoms[at].text)
    return at + 1


def _prefixed(draft: Draft, where: str) -> str:
    """A filter with the column of each known name: `f1 > 0.7` is of a metric, `depth = 8` of a parameter."""

    def column(found: re.Match[str]) -> str:
        kinds = draft.names.called(found["name"])
        sign = "=" if found["sign"].isalpha() else found["sign"]
        if Kind.METRIC in kinds and not found["value"].startswith(("'", '"')):
            return f"metrics.`{kinds[Kind.METRIC]}` {sign} {found['value']}"
        if Kind.PARAMETER in kinds:
            bare = found["value"].strip("'\"")
            return f"params.`{kinds[Kind.PARAMETER]}` {sign} '{bare}'"
        return found[0]

    return _BARE_TERM.sub(column, where)


def read_filter(draft: Draft, atom: Atom, place: int) -> int:
    if (
        draft.intent in ("compare", "")
        and not draft.are_many()
        and (draft.is_parted or not any(not is_silent(e) for e in draft.groups[-1]))
    ):
        draft.add(atom)
    else:
        draft.note("where", [atom])
        draft.where = _prefixed(draft, atom.text)
    return place + 1


READERS = {"user": read_user, "where": read_where, "filter": read_filter}
