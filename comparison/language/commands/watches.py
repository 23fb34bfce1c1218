"""`watch …`, `unwatch …`: what a channel wants to hear of by itself, its options in any order."""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

from dataclasses import replace

from comparison.language.command import Command
from comparison.language.commands.watch_draft import WatchDraft
from comparison.language.commands.watch_options import ONLY, OPTIONS, READERS, read_seeds, read_when
from comparison.language.cover import Atom
from comparison.language.draft import Draft, Guess
from comparison.language.example import UNWATCH, WATCH
from comparison.language.lexicon import Role
from comparison.language.names import Kind
from comparison.language.phrases import joined
from comparison.language.quotes import place_words
from comparison.language.sides import OWNING, is_silent
from comparison.language.slots import refuse
from comparison.request import Request, Unwatch, WatchRequest
from comparison.watch import Watch

_MESSAGES = frozenset(  # what a watch sends
    {"updates", "update", "news", "alerts", "notifications", "messages", "posts", "pings", "spam", "notices"}
)
_PLAN = "digest weekdays 9:30 Europe/Berlin"


def watch_words(watching: Watch) -> str:
    """What to type behind `watch`."""
    return joined(place_words(watching.place), *(option.write(watching) for option in OPTIONS))


def _read(draft: Draft) -> Request:
    watch = WatchDraft(
        draft.intent, draft.atoms, draft.place, draft.names, draft.text, frozenset({*READERS, "watch_when"})
    )
    request = _read_all(watch)
    draft.guesses += [Guess(*each) for each in watch.guesses]
    return request


def _read_all(draft: WatchDraft) -> Request:
    atom = draft.atoms[draft.place]
    place = 0
    while place < draft.place:  # `fraud nicht mehr beobachten`
        each = draft.atoms[place]
        is_known = (
            is_silent(each) or Kind.EXPERIMENT in each.kinds or each.key in (",", "and", "pattern", "make", "set")
        )
        if not is_known:
            raise draft.refused(f"I do not understand “{each.text}”.", "Say watch and the experiment.", [each])
        place = place + 1 if each.key in ("make", "set") else _next(draft, place)
    place = draft.place + 1
    if draft.intent == "watch_when":
        place = read_when(draft, atom, place)
    while place < len(draft.atoms):
        place = _next(draft, place)
    return _request(draft, atom)


def _request(draft: WatchDraft, atom: Atom) -> Request:
    watching = draft.watching
    if watching.excepted and not watching.place:
        watching = replace(watching, place="*")
    if draft.intent == "unwatch" and watching.only and not watching.place and atom.text.casefold()[:2] == "do":
        remedy = "Each watch in the list can be edited, or watch what you want."
        raise draft.refused("That says what I shall not say, and not of which watch.", remedy, [atom], "watches")
    if draft.intent == "unwatch" and watching.excepted:
        raise draft.refused(
            "I end watches one by one, or all of them.", "The list has a button for each.", [atom], "watches"
        )
    if draft.intent == "unwatch":
        if watching.place == "*" and draft.is_all and watching == Watch("*"):
            return Unwatch("*", draft.text, is_all=True)
        options = None if watching == Watch(watching.place) else watching
        return Unwatch(watching.place, draft.text, watching=options)
    return WatchRequest(watching, draft.text, atom.end if draft.at is None else draft.at, watch_words(watching))


def _next(draft: WatchDraft, place: int) -> int:
    atom = draft.atoms[place]
    if atom.key == "help":
        raise refuse("Help is said alone.", "Say help watch.", "help watch", [atom])
    read = READERS.get(atom.key)
    if read is not None and not (Kind.EXPERIMENT in atom.kinds and not draft.watching.place):
        return read(draft, atom, place + 1)
    behind = draft.atoms[place + 1] if place + 1 < len(draft.atoms) else None
    if atom.text.casefold() in OWNING and behind and behind.is_unknown and not draft.watching.place:
        return draft.read_place(place + 1)
    if atom.is_unknown and draft.text.startswith("<#", atom.at):  # the channel that is to hear of it
        return place + 1
    if atom.key == "off" and draft.intent == "watch" and not draft.watching.place and len(draft.atoms) == 2:
        draft.intent = "unwatch"
        return place + 1
    if atom.key == "everything" and (draft.watching.place or "metric" in atom.text.casefold()):
        raise draft.refused(f"I do not understand “{atom.text}”.", "A watch shows the metrics that it names.", [atom])
    if atom.possessive and Kind.USER in atom.kinds and Kind.EXPERIMENT not in atom.kinds:
        draft.once("by", atom)  # `maya's runs in fraud`
        draft.watching = replace(draft.watching, user=atom.kinds[Kind.USER])
        return place + 1
    if (last := read_seeds(draft, place)) is not None:
        return last
    is_of_messages = atom.text.casefold() in _MESSAGES and Kind.EXPERIMENT not in atom.kinds
    if (
        is_of_messages
        or is_silent(atom)
        or atom.key
        in (
            "and",
            ",",
            "with",
            "but",
            "dash",
            "finished",
            "all",
            "every",
            "everything",
            "experiments",
        )
    ):
        if (
            atom.key in ("all", "everything", "experiments", "every")
            and not draft.watching.place
            and _is_everything(draft, place)
        ):
            draft.put_place("*", atom)
            draft.is_all = True
        return place + 1
    if atom.key in ONLY and not atom.quoted and not (draft.watching.place == "" and Kind.EXPERIMENT in atom.kinds):
        draft.choose(ONLY[atom.key], atom)
        return place + 1
    if atom.key == "standup" and (draft.watching.place or Kind.EXPERIMENT not in atom.kinds):
        raise draft.refused("A standup is planned with digest.", "Say the days and the hour.", [atom], _PLAN)
    return draft.read_place(place)


def _is_everything(draft: WatchDraft, place: int) -> bool:
    """`all`, `all experiments`, `everything`; not `all runs of fraud`."""
    return (
        not any(
            Kind.EXPERIMENT in each.kinds or each.is_unknown or each.quoted or each.key == "pattern"
            for each in draft.atoms[place + 1 : place + 6]
            if each.role is not Role.SLOT or each.key in ("of", "in")
        )
        or draft.atoms[place].key == "experiments"
        or (place + 1 < len(draft.atoms) and draft.atoms[place + 1].key == "except")
    )


def _unwatch_line(request: Unwatch) -> str:
    return (
        "unwatch all" if request.is_all else f"unwatch {watch_words(request.watching or Watch(request.place))}".strip()
    )


COMMANDS = {
    "watch": Command(
        _read,
        "watch an experiment",
        "",
        WATCH,
        ((WatchRequest, lambda request: f"watch {watch_words(request.watching)}".strip()),),
        is_whole=lambda _draft: True,
    ),
    "watch_when": Command(_read, is_whole=lambda _draft: True),
    "unwatch": Command(
        _read,
        "end a watch",
        "",
        UNWATCH,
        ((Unwatch, _unwatch_line),),
        is_whole=lambda _draft: True,
    ),
}
