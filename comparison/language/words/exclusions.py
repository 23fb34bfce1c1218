"""What is left out: `except xgb-v1`, `without failed`, `not by maya`."""

from collections.abc import Sequence

from comparison.language.atoms import Atom, spelt
from comparison.language.draft import PARTS, Draft, Guess, refuse
from comparison.language.intents import HARD, STATUS
from comparison.language.names import Kind
from comparison.run_reference import Exclusion

_LEFT_OUT = (Kind.RUN, Kind.METRIC, Kind.EXPERIMENT, Kind.USER, Kind.PARAMETER)
_FORCED = {
    "by": Kind.USER,
    "user": Kind.USER,
    "in": Kind.EXPERIMENT,
    "experiment": Kind.EXPERIMENT,
    "metrics": Kind.METRIC,
    "parameters": Kind.PARAMETER,
}


def read_except(draft: Draft, atom: Atom, place: int) -> int:
    """What is left out, one or several; by what it is a name of, or by the word before it."""
    last, forced = place + 1, None
    before = draft.atoms[place - 1].kinds if place else {}
    if atom.text.casefold() == "drop" and Kind.METRIC in before:  # `did the accuracy drop?`
        return place + 1
    behind = draft.atoms[draft.skip(place + 1) :][:1]
    if draft.about and behind and behind[0].key in ("latest", "previous"):
        draft.thread["remove"] = atom  # `drop latest`, of the comparison that stands
        return place + 1
    while True:
        at = draft.skip(last, "of", "in", "by", "with", "user", "all", "metrics", "parameters")
        forced = next((_FORCED[e.key] for e in draft.atoms[last:at] if e.key in _FORCED), forced)
        size = _left_out(draft, at, forced) if at < len(draft.atoms) else 0
        if not size:
            break
        last = at + size
        again = draft.skip(last)
        if any(each.text.casefold() in ("just", "nur") for each in draft.atoms[last : again + 2]):
            return last  # `no failures, just what runs`
        if not (
            again < len(draft.atoms)
            and draft.atoms[again].key in (",", "and", "or")
            and _may_be_left_out(draft, again + 1)
        ):
            return last
        last = again + 1
    at = draft.skip(last)
    is_comparing = at < len(draft.atoms) and draft.atoms[at].key in ("than", "better", "worse")
    if last > place + 1 or (is_comparing and atom.text.casefold() in ("not", "nicht", "pas", "no", "não")):
        return last
    follows = next((each for each in draft.atoms[place + 1 : at + 1] if each.key in PARTS), atom)
    if follows.key in PARTS and (draft.intent in ("", "compare") or draft.about):  # `without params`: metrics alone
        draft.note("part", [atom, follows])
        draft.part = "metrics"
        return draft.atoms.index(follows) + 1
    if follows.key in PARTS:
        remedy = "Say only metrics to name what is shown, or only differences."
        raise refuse(f"I cannot leave out {follows.text}.", remedy, draft.example_line(), [follows])
    raise refuse(f"{atom.text.capitalize()} what?", "Name what is left out.", draft.example_line(), [atom])


def read_isnt(draft: Draft, atom: Atom, place: int) -> int:
    """`the best that isn't xgb-v2`; in `isn't xgb-v2 better than xgb-v1?` it says nothing."""
    if any(each.key in ("than", "better", "worse", "vs", "compare") for each in draft.atoms):
        return place + 1
    return read_except(draft, atom, place)


def read_but(draft: Draft, atom: Atom, place: int) -> int:
    """`all runs but xgb-bad`; before another word of ours it says nothing."""
    at = draft.skip(place + 1)
    follows = draft.atoms[at] if at < len(draft.atoms) else None
    behind = draft.atoms[at + 1 : at + 2]
    if follows and follows.is_run and behind and behind[0].key in HARD:
        return place + 1  # `but A vs B`: another comparison
    is_of_all = any(each.key in ("all", "everything") for each in draft.atoms[:place])
    if follows and Kind.METRIC in follows.kinds and not is_of_all:
        return place + 1  # `ok but f1?`
    return (
        read_except(draft, atom, place)
        if follows and (follows.kinds or follows.is_run or follows.quoted)
        else place + 1
    )


def _may_be_left_out(draft: Draft, place: int) -> bool:
    at = draft.skip(place, "of", "in", "by")
    atom = draft.atoms[at] if at < len(draft.atoms) else None
    return atom is not None and (
        bool(atom.kinds) or atom.is_run or atom.is_unknown or atom.quoted or atom.key in STATUS
    )


def _left_out(draft: Draft, place: int, forced: Kind | None) -> int:
    """Notes what is left out here, and how many atoms say it."""
    atom = draft.atoms[place]
    if atom.key in STATUS and not atom.quoted and forced is None:
        _exclude(draft, "status", atom.key, [atom])
        return 1
    behind = draft.atoms[place + 1 : place + 2]
    if atom.key == "filter" or (atom.key == "where" and behind and behind[0].key == "filter"):
        size = 1 + (atom.key == "where")
        _exclude(draft, "filter", draft.atoms[place + size - 1].text, draft.atoms[place : place + size])
        return size
    order = _LEFT_OUT if draft.intent != "standup" else (Kind.EXPERIMENT, *_LEFT_OUT)
    kind = forced or next((each for each in order if each in atom.kinds), None)
    words, last = [atom], place + 1
    if kind is None and not (atom.is_run or atom.is_unknown or atom.quoted):
        return 0
    if kind is None or kind not in atom.kinds:
        kind = kind or (Kind.EXPERIMENT if draft.intent == "standup" else Kind.RUN)
        words, last = draft.unknown_words(place) if atom.is_unknown and not atom.quoted else (words, last)
        if not (atom.is_run and kind is Kind.RUN):
            draft.guesses.append(Guess(kind, spelt(words)))
    name = atom.kinds.get(kind) or spelt(words)
    if kind is Kind.RUN and atom.is_unknown and not atom.quoted:  # `no mlps`: all that are called so
        bare = spelt(words[:-1]) if len(words) > 1 and words[-1].key == "run" else name
        name = f"{prefix}*" if (prefix := draft.prefix(bare)) else name
    if kind is Kind.METRIC:
        draft.note("without_metrics", words)
        draft.without_metrics.append(name)
    elif kind is Kind.PARAMETER:
        draft.note("without_parameters", words)
        draft.without_parameters.append(name)
    else:
        _exclude(draft, kind.value, name, words)
    return last - place


def _exclude(draft: Draft, kind: str, name: str, atoms: Sequence[Atom]) -> None:
    draft.note("excluded", atoms)
    if Exclusion(kind, name) not in draft.excluded:
        draft.excluded.append(Exclusion(kind, name))


READERS = {"except": read_except, "isnt": read_isnt, "but": read_but}
