"""`pause fraud`, `change the fraud watch to failures only`, `delete the fraud watch`: watches that stand."""

from dataclasses import replace

from comparison.language.commands.watch_draft import WatchDraft
from comparison.language.commands.watches import new_watch, read_on, watch_words
from comparison.language.draft import Command, Draft, Example, Guess, refuse
from comparison.language.names import Kind
from comparison.language.quoting import joined, place_words, written
from comparison.request import ChangeWatch, ListWatches, PlanDigest, Request, Unwatch, WatchRequest
from comparison.watch import Watch

_RESUMING = ("un", "resume", "reactivate", "restart", "continue", "turn back on", "re-enable", "reenable", "start")
_LEADS = frozenset(
    {"pause", "cannot", "make", "set", "swap", "refresh", "add", "off", "unset", "show", "except", "quiet", "finished"}
)
_OPTIONAL = frozenset({"quiet", "mention", "broadcast", "except", "against", "metrics", "where", "only"})
_UNTIL = ("until", "since", "time", "during")
_CHANGING = Example("change watch {experiment} to only failures", "change watch to only failures")


def _read_watch(draft: Draft, verb: int, said: str) -> WatchDraft:
    """What is said of the watch, without the verb and the word watch itself."""
    rest = [
        each
        for place, each in enumerate(draft.atoms)
        if (place != verb or (each.key == "quiet" and said == "change watch"))
        and not (not each.quoted and each.key in ("watch", "watches", "digest") and Kind.EXPERIMENT not in each.kinds)
        and each.text.casefold()
        not in (
            "notifications",
            "alerts",
            "messages",
            "notification",
            "alert",
            "again",
            "back",
            "hold",
            "on hold",
            "subscription",
            "subscriptions",
            "so",
        )
    ]
    watch = new_watch(draft, "unwatch", [draft.atoms[verb], *rest], 0)
    watch.verb = said
    read_on(watch, 1, draft.is_read)
    draft.guesses += [Guess(*each) for each in watch.guesses]
    return watch


def _described(watch: WatchDraft) -> Watch | None:
    options = replace(watch.watching, place="")
    return None if options == Watch("") else options


def _pause(draft: Draft) -> Request:
    verb = next(place for place in (_verb(draft, "pause"), _verb(draft, "quiet"), _verb(draft), 0) if place is not None)
    said = draft.atoms[verb].text.casefold()
    is_turned_on = said == "turn" and any(each.text.casefold() in ("on", "back on") for each in draft.atoms)
    what = "resume" if is_turned_on or said.startswith(_RESUMING) else "pause"
    is_digest = any(each.key == "digest" for each in draft.atoms)
    timed = next((place for place, each in enumerate(draft.atoms) if place > verb and each.key in _UNTIL), None)
    if timed is not None:
        _refuse_time(draft, verb, what, timed)
    runs = [each for each in draft.atoms if Kind.RUN in each.kinds and Kind.EXPERIMENT not in each.kinds]
    if runs and not any(each.key in ("watch", "watches") for each in draft.atoms):
        name = runs[0].kinds[Kind.RUN]
        remedy = "I read MLflow and change nothing in it. A watch I can pause: say of which experiment."
        raise refuse(f"I cannot {said} a run.", remedy, f"show {written(name)}", [draft.atoms[verb]])
    watch = _read_watch(draft, verb, what)
    if is_digest:
        return ChangeWatch(what, text=draft.text, is_digest=True)
    is_all = watch.is_all and watch.watching == Watch("*")
    return ChangeWatch(what, watch.watching.place, draft.text, is_all, _described(watch))


def _refuse_time(draft: Draft, verb: int, what: str, place: int) -> None:
    named = [each.kinds[Kind.EXPERIMENT] for each in draft.atoms if Kind.EXPERIMENT in each.kinds]
    is_all = any(each.key in ("all", "everything") for each in draft.atoms)
    line = joined(what, "digest" if any(e.key == "digest" for e in draft.atoms) else "", *map(place_words, named[:1]))
    last = place
    while last + 1 < len(draft.atoms) and draft.atoms[last + 1].role is None and not draft.atoms[last + 1].kinds:
        last += 1
    first = place - 1 if place > verb + 1 and draft.atoms[place - 1].key == "of" else place
    spot = draft.atoms[first : last + 1]
    said = draft.text[spot[0].at : spot[-1].end][:60]
    other = "resume" if what == "pause" else "pause"
    problem = f"I cannot {what} “{said}”: a watch is paused until somebody resumes it."
    raise refuse(
        problem, f"{what.capitalize()} it, and say {other} when it is time.", f"{line} all" if is_all else line, spot
    )


def _verb(draft: Draft, key: str = "") -> int | None:
    """The first atom of this key, or of any that says what is done."""
    atoms = enumerate(draft.atoms)
    return next((place for place, each in atoms if (each.key == key if key else each.key in _LEADS)), None)


def _change(draft: Draft) -> Request:
    should = next((place for place, each in enumerate(draft.atoms) if each.text.casefold() == "should"), 0)
    verb = should or (0 if draft.atoms[0].text.casefold() in ("let", "have") else _verb(draft) or 0)
    if any(each.key == "digest" for each in draft.atoms):
        return ListWatches(draft.text)
    watch = _read_watch(draft, verb, "change watch")
    if draft.atoms[verb].text.casefold() == "add" and _described(watch) is None and watch.watching.place:
        return WatchRequest(watch.watching, draft.text, watch.at or 0, watch_words(watch.watching))
    return ChangeWatch("change", watch.watching.place, draft.text, watching=_described(watch))


def _end(draft: Draft) -> Request:
    verb = _verb(draft) or 0
    if any(each.key == "digest" for each in draft.atoms):
        return PlanDigest(None, draft.text)
    named = next((place for place, each in enumerate(draft.atoms) if each.key == "watch"), 0)
    if taken := [each for each in draft.atoms[verb + 1 : named] if each.key in _OPTIONAL]:
        places = [each.kinds[Kind.EXPERIMENT] for each in draft.atoms if Kind.EXPERIMENT in each.kinds]
        line = joined("change watch", *map(place_words, places[:1]))
        raise refuse("I cannot take an option away by words.", "The button Edit does it:", line, taken)
    watch = _read_watch(draft, verb, "unwatch")
    is_all = watch.is_all and watch.watching == Watch("*")
    is_all |= watch.watching == Watch("") and any(each.key in ("all", "watches", "everything") for each in draft.atoms)
    place = "*" if is_all else watch.watching.place
    return Unwatch(place, draft.text, is_all, _whole(watch) if not is_all else None)


def _whole(watch: WatchDraft) -> Watch | None:
    return watch.watching if _described(watch) is not None else None


def _line(request: ChangeWatch) -> str:
    if request.is_digest:
        return f"{request.what} digest"
    options = watch_words(request.watching) if request.watching else ""
    if request.what != "change":
        return joined(request.what, "all" if request.is_all else place_words(request.place), options)
    return joined("change watch", place_words(request.place), f"to {options}" if options else "")


COMMANDS = {
    "pause": Command(
        _pause,
        "pause a watch",
        "",
        Example("pause {experiment}", "pause all"),
        is_whole=lambda _draft: True,
    ),
    "change_watch": Command(
        _change,
        "change a watch",
        "",
        _CHANGING,
        ((ChangeWatch, _line),),
        is_whole=lambda _draft: True,
    ),
    "end_watch": Command(_end, is_whole=lambda _draft: True),
}
