"""Filters of the runs that are meant: whose they are, `where …`, `lr = 0.1`."""

import re
from dataclasses import replace

from comparison.language.atoms import WORDED, Atom, is_silent
from comparison.language.draft import LISTS, RANKING, Draft, refuse
from comparison.language.intents import HARD
from comparison.language.names import Kind

_BARE_TERM = re.compile(  # of a filter, without its column
    r"(?<![\w.`'\"])(?P<name>[\w-]+)\s*(?P<sign>!=|>=|<=|=|>|<|\bis not\b|\bis\b|\bequals\b)"
    r"\s*(?P<value>'[^']*'|\"[^\"]*\"|-?[\w.]+)"
)
_REPEATS = frozenset({"seed", "seeds", "fold", "folds"})  # `the best xgb seed`
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
    """`what lr did xgb-v2 use`: a question for parameters."""
    if draft.intent == "sweeps" or _is_noun(draft, atom):
        return place + 1  # `does lr matter?`: all parameters are weighed, this one too
    if draft.intent in LISTS or draft.part or draft.intent == "curves":
        draft.left.append(atom)
    else:
        draft.note("part", [atom])
        draft.part = "parameters" if Kind.PARAMETER in atom.kinds else "tags"
    return place + 1


def _is_noun(draft: Draft, atom: Atom) -> bool:
    """Whether `seed` says only what is ranked: `the best xgb seed`."""
    return atom.text.casefold() in _REPEATS and any(each.key in RANKING for each in draft.atoms)


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
        draft.put_where(_prefixed(draft, draft.atoms[at].text), [draft.atoms[at]])
    return at + 1


def _prefixed(draft: Draft, where: str) -> str:
    """A filter with the column of each known name: `f1 > 0.7` is of a metric, `depth = 8` of a parameter."""

    def column(found: re.Match[str]) -> str:
        kinds = draft.names.called(found["name"])
        sign = {"is": "=", "equals": "=", "is not": "!="}.get(found["sign"], found["sign"])
        if Kind.METRIC in kinds and not found["value"].startswith(("'", '"')):
            return f"metrics.`{kinds[Kind.METRIC]}` {sign} {found['value']}"
        if Kind.PARAMETER in kinds:
            bare = found["value"].strip("'\"")
            return f"params.`{kinds[Kind.PARAMETER]}` {sign} '{bare}'"
        return found[0]

    return _BARE_TERM.sub(column, where)


def read_filter(draft: Draft, atom: Atom, place: int) -> int:
    if _is_side(draft, atom, place):
        draft.add(replace(atom, value=""))
    else:
        draft.put_where(_prefixed(draft, atom.text), [atom])
    return place + 1


def _is_side(draft: Draft, atom: Atom, place: int) -> bool:
    """Whether a filter is what is compared: `lr=0.1 vs lr=0.05`; said in words only beside a `vs`."""
    if draft.intent not in ("compare", "") or draft.are_many():
        return False
    is_free = draft.is_parted or not draft.has_name()
    behind = next((each.key for each in draft.atoms[place + 1 :] if not is_silent(each)), "")
    is_beside = behind in HARD or (draft.hard > 0 and draft.is_parted)
    is_listed = draft.intent == "compare" and (behind in ("and", "with", ",", "or") or draft.lead() == "filter")
    return is_free and (is_beside or is_listed or (atom.value != WORDED and draft.intent == "compare"))


READERS = {"user": read_user, "where": read_where, "filter": read_filter}
