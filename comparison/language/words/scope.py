"""Where runs are from: `in fraud`, `of maya`, `for churn`."""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

from comparison.language.atoms import Atom
from comparison.language.draft import EVERYWHERE, LISTS, PARTS, Draft, refuse
from comparison.language.lexicon import Role
from comparison.language.names import Kind
from comparison.language.words.filters import read_user
from comparison.language.words.metrics import read_metrics
from comparison.language.words.periods import read_newest, read_time

_EVERYWHERE = frozenset({*LISTS, "", "show", "status"})  # intents that may be of all experiments


def read_in(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    if at < len(draft.atoms) and draft.atoms[at].key == "time" and not draft.atoms[at].kinds:
        return read_time(draft, draft.atoms[at], at)
    follows = draft.atoms[at] if at < len(draft.atoms) else None
    if follows and follows.key == "every" and draft.atoms[at + 1 : at + 2] and draft.atoms[at + 1].key == "experiment":
        problem = "I find the best of one experiment, or of all together."
        remedy = "A standup says the best so far of each experiment:"
        if draft.intent in LISTS and draft.intent != "top":
            draft.put_in(EVERYWHERE, [follows])
            return at + 2
        raise refuse(problem, remedy, "standup", [atom, draft.atoms[at + 1]])
    if follows and (follows.key in PARTS or (follows.role is Role.RUN and follows.key != "alias")):
        return at  # `what changed in the params`, `a regression in latest vs champion`
    if follows and (follows.key == "alias" or (follows.key == "experiments" and draft.intent in _EVERYWHERE)):
        if follows.key == "experiments":
            draft.put_in(EVERYWHERE, [follows])
        return at + (follows.key == "experiments")  # `which run is in production?`, `failed in all experiments`
    if (
        at < len(draft.atoms)
        and Kind.RUN in draft.atoms[at].kinds
        and Kind.EXPERIMENT not in draft.atoms[at].kinds
        and draft.intent not in LISTS
    ):
        return at  # `is f1 higher in xgb-v2`
    if follows and Kind.METRIC in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
        return read_metrics(draft, at)  # `better in f1`
    name, atoms, last = draft.name_of(place + 1, Kind.EXPERIMENT)
    if not name:
        raise refuse("Which experiment?", f"Name it after {atom.text.casefold()}.", draft.example_line(), [atom])
    draft.put_in(name, atoms)
    return last


def read_of(draft: Draft, atom: Atom, place: int) -> int:
    """`of`, `from`, `for`: what follows says what it is."""
    at = draft.skip(place + 1, "all") if draft.intent in LISTS else draft.skip(place + 1)
    if at == len(draft.atoms):
        return place + 1
    if (last := read_newest(draft, place)) is not None:
        return last
    follows = draft.atoms[at]
    if follows.key == "every":
        return read_in(draft, atom, place)  # `the best of every experiment`
    is_many = draft.intent in LISTS or any(each.key in ("top", "all") for each in draft.groups[-1])
    if Kind.EXPERIMENT in follows.kinds and (is_many or not follows.is_run):
        draft.put_in(follows.kinds[Kind.EXPERIMENT], [follows])
        return at + 1
    if Kind.USER in follows.kinds and not follows.possessive and not follows.is_run:
        return read_user(draft, atom, place)
    if follows.key == "time":
        return read_time(draft, follows, at)
    if follows.is_unknown and follows.metric and atom.text.casefold() in ("on", "for"):
        return read_metrics(draft, at)
    is_scope = atom.text.casefold() in ("of", "from", "for", "von", "für", "de", "du", "del", "da")
    if is_many and is_scope and follows.is_unknown and not follows.possessive:
        return read_in(draft, atom, place)
    return place + 1


READERS = {"in": read_in, "of": read_of}
