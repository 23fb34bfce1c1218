"""When runs were made: `since monday`, `until noon`, `yesterday`, `of the last 10 runs`."""

from dataclasses import replace

from comparison.language.atoms import Atom
from comparison.language.draft import LISTS, RANKING, Draft, refuse
from comparison.language.intents import ORDERS
from comparison.language.names import Kind
from comparison.language.quoting import written

MOST_NEWEST = 200  # runs among which the best is looked for


def read_time(draft: Draft, atom: Atom, place: int) -> int:
    if atom.possessive and draft.intent not in LISTS:
        draft.add(atom)
        return _behind_day(draft, atom, place + 1)
    behind = next((each for each in draft.atoms[place + 1 : place + 2]), None)
    if not draft.intent or (draft.intent == "compare" and not (behind and behind.key == "run")):
        lead = draft.lead()
        if not draft.are_many() and (draft.is_parted or not draft.groups[-1]) and lead != "all" and _is_one_day(atom):
            draft.add(atom)
            return place + 1
    if draft.since and "until" not in draft.spots and place and draft.atoms[place - 1].key in ("with", "and", "dash"):
        draft.note("until", [atom])
        draft.until = atom.value
        return place + 1
    draft.note("since", [atom])
    draft.since = atom.value
    is_from = place > 0 and draft.atoms[place - 1].key == "of"
    if _is_one_day(atom) and " " not in atom.value and not is_from:
        draft.day = atom.value
    return place + 1


def _behind_day(draft: Draft, atom: Atom, place: int) -> int:
    """The place behind the experiment of a day's run: `last night's nightly`. Raises NotUnderstood for a run's name."""
    at = draft.skip(place)
    follows = draft.atoms[at] if at < len(draft.atoms) else None
    if follows and Kind.EXPERIMENT in follows.kinds:
        draft.put_in(follows.kinds[Kind.EXPERIMENT], [follows])
        return at + 1
    if follows and Kind.RUN in follows.kinds and follows.role is None:
        problem = "I find a run by its name, or by its day, not by both."
        raise refuse(problem, "Name it:", f"show {written(follows.kinds[Kind.RUN])}", [atom, follows])
    return place


def _is_one_day(atom: Atom) -> bool:
    is_long = any(word in atom.text.casefold() for word in ("week", "month", "woche", "semana", "semaine"))
    return atom.value.split()[0].endswith("day") and atom.value != "1 day" and not is_long


def read_since(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    unit = draft.atoms[at + 1].text.casefold().rstrip("s") if at + 1 < len(draft.atoms) else ""
    if at < len(draft.atoms) and draft.atoms[at].key == "number" and unit in ("epoch", "step", "iteration"):
        draft.note("step", [atom, draft.atoms[at]])  # `after 10 epochs`
        draft.step = int(draft.atoms[at].value[:18])
        return at + 2
    if at == len(draft.atoms) or draft.atoms[at].key != "time":
        spot = draft.atoms[at] if at < len(draft.atoms) else atom
        if spot.key == "step" and atom.key == "since":
            problem = "I read values at one step, not from one on; curves show all of them."
            raise refuse(problem, "Leave that out.", draft.example_line(), [atom, spot])
        problem = f"I do not know when {draft.shown([spot])} is." if spot is not atom else "Since when?"
        raise refuse(problem, "Say a day, an hour or a length of time.", "standup since monday 9am", [spot])
    draft.note(atom.key if atom.key == "until" else "since", [draft.atoms[at]])
    if atom.key == "until":
        is_before = atom.text.casefold() == "before"
        draft.until = f"before {draft.atoms[at].value}" if is_before else draft.atoms[at].value
    else:
        draft.since = draft.atoms[at].value
    return at + 1


def read_during(draft: Draft, atom: Atom, place: int) -> int:
    if (last := read_newest(draft, place)) is not None:
        return last
    at = draft.skip(place + 1)
    if at < len(draft.atoms) and draft.atoms[at].key in ("time", "number") and draft.atoms[at].key == "time":
        return read_time(draft, draft.atoms[at], at)
    return read_since(draft, atom, place)


def read_newest(draft: Draft, place: int) -> int | None:
    """Where `of the last 10 runs` ends, said of the best; None where no such thing begins here."""
    at = draft.skip(place + 1)
    said = draft.atoms[at : at + 2]
    if draft.atoms[place].key == "during":  # `in the last 10 runs`
        at, said = at - 1, [replace(draft.atoms[place], key="latest"), *said[:1]]
    is_ranked = draft.intent == "top" or any(each.key in (*RANKING, "second") for each in draft.atoms)
    if not is_ranked or [each.key for each in said] != ["latest", "number"]:
        return None
    number = int(said[1].value[:9])
    if not 1 <= number <= MOST_NEWEST:
        problem = f"I look among 1 to {MOST_NEWEST} of the newest runs."
        raise refuse(problem, "Say how many.", "best of the last 10 runs", [said[1]])
    draft.note("newest", said)
    draft.newest = number
    noun = next((each for each in draft.atoms[at + 2 : at + 3] if each.key == "run"), None)
    draft.quiet += [noun] if noun else []
    return at + 2 + bool(noun)


def read_length(draft: Draft, atom: Atom, _place: int) -> int:
    """`longer than 2 hours`."""
    which, _, length = atom.value.partition(" ")
    draft.note("lasting", [atom])
    draft.longer, draft.shorter = (length, "") if which == "longer" else ("", length)
    return _place + 1


def read_order(draft: Draft, atom: Atom, place: int) -> int:
    """`the longest runs`: what a list begins with."""
    draft.note("order", [atom])
    draft.order = atom.key
    return place + 1


READERS = {
    "time": read_time,
    "since": read_since,
    "until": read_since,
    "during": read_during,
    "lasting": read_length,
    **dict.fromkeys(ORDERS, read_order),
}
