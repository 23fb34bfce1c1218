"""`watch …`, `unwatch …`: what a channel wants to hear of by itself; and what becomes of watches that stand."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from comparison.errors import NotUnderstood
from comparison.language.atoms import OWNING, Atom, cover, is_silent, merged
from comparison.language.draft import UNWATCH, WATCH, Command, Draft, Example, Guess, WatchDraft, always, refuse
from comparison.language.intents import TELLING
from comparison.language.lexicon import PLURAL, Role, one_of
from comparison.language.names import Kind, Names
from comparison.language.quoting import QUOTES, joined, place_words, written
from comparison.language.tokens import scan
from comparison.language.watch_options import MESSAGES, OPTIONS, READERS, read_end, read_hours, read_rate
from comparison.language.watch_rules import (
    ANYBODY,
    ONLY,
    put_metric,
    read_next,
    read_own,
    read_seeds,
    read_sweep,
    read_when,
)
from comparison.request import ChangeWatch, ListWatches, PlanDigest, Request, Unwatch, WatchRequest
from comparison.watch import OnlyRuns, Watch

_PLAN = "digest weekdays 9:30 Europe/Berlin"
_SILENT = frozenset(
    {"and", ",", "with", "but", "dash", "finished", "all", "every", "everything", "experiments", "each_new", "watch"}
)
_SAYING_NOTHING = one_of("gets got soon always automatically through arrives appears lands closely carefully")
_ONE_RUN = one_of("run job model training trial")
_STARTING = frozenset({"starting", "beginning", "start", "begin"})
_MOVING = one_of("goes drops falls rises hits reaches exceeds beats")
_LEADING_VERBS = TELLING | {"drop", "give", "send", "shoot", "away", "want", "love", "glad", "happy"}
_OPTION_KEYS = frozenset({*READERS, "watch_when"})
_NOTHING = Names()
_NEW = frozenset({"new", "upcoming", "future", "automatically"})


def watch_words(watching: Watch) -> str:
    """What to type behind `watch`."""
    return joined(_place_words(watching.place), *(option.write(watching) for option in OPTIONS))


@lru_cache(maxsize=1_024)
def _place_words(place: str) -> str:
    """The experiment of a watch: in quotes where a watch would take it for something else, such as `hourly`."""
    plain = place_words(place)
    text = f"watch {plain} only failures"
    watch = WatchDraft("watch", merged(cover(scan(text), _NOTHING, text), text), 0, _NOTHING, text, _OPTION_KEYS)
    try:
        read_on(watch, 1, None)
        is_plain = watch.watching == Watch(place, only=OnlyRuns.FAILURES)
    except NotUnderstood:
        is_plain = False
    return plain if is_plain or not place else next((f"{o}{place}{c}" for o, c in QUOTES if c not in place), plain)


def _watch(draft: Draft) -> Request:
    watch = new_watch(draft, draft.intent, draft.atoms, draft.place)
    atom = draft.atoms[draft.place]
    watch.ends_all = draft.intent == "unwatch" and not atom.spelling.startswith(("unwatch", "remove", "delete"))
    read_before(watch)
    place = draft.place + 1
    if atom.key == "mention":
        place = draft.place
    elif draft.intent == "watch_when":
        place = watch.tried(place, lambda at: read_when(watch, atom, at))
    read_on(watch, place, draft.is_read)
    request = _watch_request(watch, atom)
    draft.guesses += [Guess(*each) for each in watch.guesses]
    return request


def new_watch(draft: Draft, intent: str, atoms: list[Atom], place: int) -> WatchDraft:
    """A watch of which nothing is read yet."""
    return WatchDraft(intent, atoms, place, draft.names, draft.text, _OPTION_KEYS)


def read_before(draft: WatchDraft) -> None:
    """What stands before the word that says what is done: `fraud nicht mehr beobachten`, `only notify about …`."""
    draft.holds_against = draft.atoms[draft.place].key == "compare"
    place = 0
    while place < draft.place:
        each = draft.atoms[place]
        if each.key == "only" or each.key in ONLY:
            draft.only = each if each.key == "only" else draft.only
            if each.key in ONLY:
                draft.choose(ONLY[each.key], each)
            place += 1
        elif each.key in ("make", "set", "watch", "cannot", "show", "with") or each.spelling in _LEADING_VERBS:
            place += 1
        elif set(each.kinds) == {Kind.USER} or draft.text.startswith("<@", each.at):
            place = draft.tried(place, lambda at: _refuse_person(draft, at))
        elif (
            is_silent(each)
            or Kind.EXPERIMENT in each.kinds
            or Kind.RUN in each.kinds
            or each.key in (",", "and", "pattern", "id", "of", "in")
        ):
            place = draft.tried(place, lambda at: _read_next_word(draft, at))
        else:
            raise draft.refused(f"I do not understand “{each.text}”.", "Say watch and the experiment.", [each])


def _refuse_person(draft: WatchDraft, place: int) -> int:
    problem = "I tell the channel, not one person."
    remedy = "The owner of each run can be mentioned; or say it to me in a direct message."
    raise draft.refused(problem, remedy, [draft.atoms[place]], options="mention owner")


def read_on(draft: WatchDraft, place: int, is_read: Callable[[str], bool] | None) -> None:
    """All that follows. The first refusal is raised at the end, so that its line has all that is understood."""
    if draft.only is not None and place < len(draft.atoms):
        only = draft.only
        place = draft.tried(place, lambda at: _only_before(draft, only, at))
    while place < len(draft.atoms):
        place = draft.tried(place, lambda at: _read_next_word(draft, at))
    if draft.refusal is not None:
        raise draft.completed(draft.refusal, watch_words, is_read)


def _only_before(draft: WatchDraft, only: Atom, place: int) -> int:
    """`only notify about improvements`; what is told of a rule or a run is told only then anyway."""
    at = place
    while at < len(draft.atoms) and (is_silent(draft.atoms[at]) or draft.atoms[at].key in ("of", "in", "when")):
        at += 1
    is_state = draft.key(at) in ONLY
    return READERS["only"](draft, only, at) if is_state else place


def _watch_request(draft: WatchDraft, atom: Atom) -> Request:
    watching = draft.watching
    if watching.excepted and not watching.place:
        watching = replace(watching, place="*")
    if draft.intent == "unwatch" and watching.only and not watching.place and atom.spelling[:2] == "do":
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
    at = draft.at if draft.at is not None else draft.run.at if draft.run is not None else atom.end
    return WatchRequest(watching, draft.text, at, watch_words(watching))


def _read_next_word(draft: WatchDraft, place: int) -> int:
    atom = draft.atoms[place]
    return next(last for read in _CASES if (last := read(draft, atom, place)) is not None)


def _quoted(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    if atom.key == "help":
        raise refuse("Help is said alone.", "Say help watch.", "help watch", [atom])
    return draft.read_place(place) if atom.quoted and not draft.watching.place else None


def _unwatchable(draft: WatchDraft, atom: Atom, place: int) -> None:
    """Raises NotUnderstood for `every 5th run`, `the next run`, `my run`."""
    if not draft.is_place(atom) and not atom.quoted:
        read_rate(draft, place)
        read_next(draft, place)
        read_own(draft, place)


def _held_against(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`compare each new run with the baseline`."""
    is_comparing = (draft.holds_against or atom.key == "compare") and atom.key in ("with", "compare")
    if not is_comparing or draft.is_place(atom):
        return None
    draft.holds_against = atom.key == "compare"
    return READERS["against"](draft, atom, place + 1) if atom.key == "with" else place + 1


def _begun_so(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`experiments starting with team`."""
    named = draft.atom(place + 2)
    is_begun = atom.spelling in _STARTING and draft.key(place + 1) == "with" and not draft.watching.place
    if not is_begun or named is None or not (named.is_unknown or named.kinds):
        return None
    draft.put_place(f"{named.text}*", named)
    return place + 3


def _option(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """An option, hours of the day, a filter; until when it shall go on, which is refused."""
    if atom.key == "filter" and not draft.is_place(atom):
        draft.put_filter(atom.text)
        return place + 1
    if draft.is_place(atom):
        return None
    if (read := READERS.get(atom.key)) is not None:
        return read(draft, atom, place + 1)
    if not atom.quoted and (last := read_hours(draft, place, is_quiet=False)) is not None:
        return last
    return read_end(draft, atom, place + 1) if atom.key == "time" and not atom.possessive else None


def _verb_of_telling(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`when fraud fails, tell us`; `tell us nothing` is refused."""
    if atom.spelling in ("nothing", "none") and not atom.kinds:
        raise draft.refused("That would watch nothing.", "To end what is watched:", [atom], "unwatch all")
    return place + 1 if atom.spelling in TELLING and not atom.kinds else None


def _rule_or_metrics(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`watch fraud val_auc, recall`, `watch out for latency_ms over 40`; `2 experiments` says nothing."""
    if atom.key == "number" and draft.key(place + 1) == "experiment":
        return place + 2
    if _is_rule(draft, place):
        return read_when(draft, atom, place)
    is_metric = set(atom.kinds) == {Kind.METRIC} and draft.watching.place
    return READERS["metrics"](draft, atom, place) if is_metric else None


def _some_runs(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`someone's run`, `xgb runs in fraud`, `run A`, `our fraud`; sweeps alone are refused, and other channels."""
    behind = draft.atom(place + 1)
    if atom.is_unknown and atom.text.startswith("#"):
        raise draft.refused("I tell the channel in which it is said.", "Say it there:", [atom])
    if atom.possessive and atom.spelling in ANYBODY:
        return place + 1
    if atom.key == "sweep" and not draft.is_place(atom):
        return read_sweep(draft, place)
    if behind is not None and behind.spelling in PLURAL and draft.begins_names(atom):
        draft.put_filter(f"attributes.run_name ILIKE '{atom.text}%'")
        return place + 2
    if atom.spelling in _ONE_RUN and behind is not None and behind.is_unknown:
        draft.put_run(behind.text, behind)
        return place + 2
    is_owned = atom.spelling in OWNING and behind is not None and behind.is_unknown and not draft.watching.place
    return draft.read_place(place + 1) if is_owned else None


def _new_ones(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`new runs in fraud`; `new experiments` is refused. The channel that is to hear of it says nothing."""
    behind = draft.atom(place + 1)
    if atom.is_unknown and draft.text.startswith("<#", atom.at):
        return place + 1
    if atom.spelling not in _NEW or behind is None:
        return None
    if behind.key in ("experiment", "experiments"):
        problem = "I watch experiments by name or pattern, those that are there and those to come."
        raise draft.refused(problem, "All of them:", [atom, behind], "watch *")
    return place + 1 if atom.is_unknown else None


def _off(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`watch off`; `all metrics` is refused."""
    if atom.key == "off" and draft.intent == "watch" and not draft.watching.place and len(draft.atoms) == 2:
        draft.intent = "unwatch"
        return place + 1
    if atom.key == "everything" and (draft.watching.place or "metric" in atom.spelling):
        raise draft.refused(f"I do not understand “{atom.text}”.", "A watch shows the metrics that it names.", [atom])
    return None


def _person_or_seeds(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`maya's runs in fraud`, `5 seeds`, `a new best val_auc in fraud`."""
    if atom.possessive and Kind.USER in atom.kinds and Kind.EXPERIMENT not in atom.kinds:
        draft.once("by", atom)
        draft.put(user=atom.kinds[Kind.USER])
        return place + 1
    if (last := read_seeds(draft, place)) is not None:
        return last
    if draft.watching.only in (None, OnlyRuns.FAILURES) or set(atom.kinds) != {Kind.METRIC}:
        return None
    put_metric(draft, atom)
    return place + 1


def _says_nothing(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """Words that say nothing; `all`, `all experiments` are all there are."""
    is_of_messages = atom.spelling in MESSAGES and Kind.EXPERIMENT not in atom.kinds
    if not (is_of_messages or is_silent(atom) or atom.key in _SILENT or atom.spelling in _SAYING_NOTHING):
        return None
    is_all = atom.key in ("all", "everything", "experiments", "every") and not draft.watching.place
    if is_all and _is_everything(draft, place):
        draft.put_place("*", atom)
        draft.is_all = True
    return place + 1


def _how_it_ends(draft: WatchDraft, atom: Atom, place: int) -> int | None:
    """`failures`, `new best`; a standup that comes by itself is refused: it is a digest."""
    if atom.key in ONLY and not atom.quoted and not draft.is_place(atom):
        draft.choose(ONLY[atom.key], atom)
        return place + 1
    if atom.key != "standup" or draft.is_place(atom):
        return None
    if draft.intent == "unwatch":
        raise draft.refused("A standup that comes by itself is a digest.", "To end it:", [atom], "digest off")
    raise draft.refused("A standup is planned with digest.", "Say the days and the hour.", [atom], _PLAN)


_CASES: tuple[Callable[[WatchDraft, Atom, int], int | None], ...] = (  # the first that knows a word reads it
    _quoted,
    _unwatchable,
    _held_against,
    _begun_so,
    _option,
    _verb_of_telling,
    _rule_or_metrics,
    _some_runs,
    _new_ones,
    _off,
    _person_or_seeds,
    _says_nothing,
    _how_it_ends,
    lambda draft, _atom, place: draft.read_place(place),
)


def _is_rule(draft: WatchDraft, place: int) -> bool:
    """Whether a rule begins here without `when`: a metric, or a move, with a number behind it."""
    atom, behind = draft.atoms[place], draft.atoms[place : place + 5]
    is_compared = len(behind) > 1 and behind[1].key == "bound" and bool(atom.metric) and not atom.is_run
    is_begun = is_compared or set(atom.kinds) == {Kind.METRIC} or atom.key == "bound" or atom.spelling in _MOVING
    has_amount = any(each.key in ("number", "decimal") for each in behind)
    return is_begun and has_amount and any(each.metric for each in behind)


def _is_everything(draft: WatchDraft, place: int) -> bool:
    """`all`, `all experiments`, `everything`; not `all runs of fraud`."""
    return (
        not any(
            Kind.EXPERIMENT in each.kinds or each.is_unknown or each.quoted or each.key == "pattern"
            for each in draft.atoms[place + 1 : place + 6]
            if each.role is not Role.SLOT or each.key in ("of", "in")
        )
        or draft.atoms[place].key == "experiments"
        or (draft.key(place + 1) == "except")
    )


def _unwatch_line(request: Unwatch) -> str:
    return (
        "unwatch all" if request.is_all else f"unwatch {watch_words(request.watching or Watch(request.place))}".strip()
    )


# Watches that stand: `pause fraud`, `change the fraud watch to failures only`, `delete the fraud watch`


_RESUMING = ("un", "resume", "reactivate", "restart", "continue", "turn back on", "re-enable", "reenable", "start")
_VERB_KEYS = frozenset(
    {"pause", "cannot", "make", "set", "swap", "refresh", "add", "off", "unset", "show", "except", "quiet", "finished"}
)
_BESIDE_WATCH = frozenset({"on hold"}) | one_of(  # words that say nothing of a watch that is named
    "notifications notification alerts alert messages again back hold subscription subscriptions so"
)
_OPTIONAL = frozenset({"quiet", "mention", "broadcast", "except", "against", "metrics", "where", "only"})
_ENDING_KEYS = ("until", "since", "time", "during")
_CHANGING = Example("change watch {experiment} to only failures", "change watch to only failures")


def _read_named_watch(draft: Draft, verb: int, action: str) -> WatchDraft:
    """What is said of the watch, without the verb and the word watch itself."""
    rest = [
        each
        for place, each in enumerate(draft.atoms)
        if (place != verb or (each.key == "quiet" and action == "change watch"))
        and not (not each.quoted and each.key in ("watch", "watches", "digest") and Kind.EXPERIMENT not in each.kinds)
        and each.spelling not in _BESIDE_WATCH
    ]
    watch = new_watch(draft, "unwatch", [draft.atoms[verb], *rest], 0)
    watch.verb = action
    read_on(watch, 1, draft.is_read)
    draft.guesses += [Guess(*each) for each in watch.guesses]
    return watch


def _described(watch: WatchDraft) -> Watch | None:
    options = replace(watch.watching, place="")
    return None if options == Watch("") else options


def _pause(draft: Draft) -> Request:
    verb = next(
        place
        for place in (_verb_place(draft, "pause"), _verb_place(draft, "quiet"), _verb_place(draft), 0)
        if place is not None
    )
    spelling = draft.atoms[verb].spelling
    is_turned_on = spelling == "turn" and any(each.spelling in ("on", "back on") for each in draft.atoms)
    what = "resume" if is_turned_on or spelling.startswith(_RESUMING) else "pause"
    is_digest = draft.says("digest")
    timed = next((place for place, each in enumerate(draft.atoms) if place > verb and each.key in _ENDING_KEYS), None)
    if timed is not None:
        _refuse_time(draft, verb, what, timed)
    runs = [each for each in draft.atoms if Kind.RUN in each.kinds and Kind.EXPERIMENT not in each.kinds]
    if runs and not draft.says("watch", "watches"):
        name = runs[0].kinds[Kind.RUN]
        remedy = "I read MLflow and change nothing in it. A watch I can pause: say of which experiment."
        raise refuse(f"I cannot {spelling} a run.", remedy, f"show {written(name)}", [draft.atoms[verb]])
    watch = _read_named_watch(draft, verb, what)
    if is_digest:
        return ChangeWatch(what, text=draft.text, is_digest=True)
    is_all = watch.is_all and watch.watching == Watch("*")
    return ChangeWatch(what, watch.watching.place, draft.text, is_all, _described(watch))


def _refuse_time(draft: Draft, verb: int, what: str, place: int) -> None:
    named = draft.named(Kind.EXPERIMENT)
    is_all = draft.says("all", "everything")
    line = joined(what, "digest" if draft.says("digest") else "", *map(place_words, named[:1]))
    last = place
    while last + 1 < len(draft.atoms) and draft.atoms[last + 1].role is None and not draft.atoms[last + 1].kinds:
        last += 1
    first = place - 1 if place > verb + 1 and draft.atoms[place - 1].key == "of" else place
    spot = draft.atoms[first : last + 1]
    phrase = draft.text[spot[0].at : spot[-1].end][:60]
    other = "resume" if what == "pause" else "pause"
    problem = f"I cannot {what} “{phrase}”: a watch is paused until somebody resumes it."
    raise refuse(
        problem, f"{what.capitalize()} it, and say {other} when it is time.", f"{line} all" if is_all else line, spot
    )


def _verb_place(draft: Draft, key: str = "") -> int | None:
    """The first atom of this key, or of any that says what is done."""
    atoms = enumerate(draft.atoms)
    return next((place for place, each in atoms if (each.key == key if key else each.key in _VERB_KEYS)), None)


def _change(draft: Draft) -> Request:
    should = next((place for place, each in enumerate(draft.atoms) if each.spelling == "should"), 0)
    verb = should or (0 if draft.atoms[0].spelling in ("let", "have") else _verb_place(draft) or 0)
    if draft.says("digest"):
        return ListWatches(draft.text)
    watch = _read_named_watch(draft, verb, "change watch")
    if draft.atoms[verb].spelling == "add" and _described(watch) is None and watch.watching.place:
        return WatchRequest(watch.watching, draft.text, watch.at or 0, watch_words(watch.watching))
    return ChangeWatch("change", watch.watching.place, draft.text, watching=_described(watch))


def _end(draft: Draft) -> Request:
    verb = _verb_place(draft) or 0
    if draft.says("digest"):
        return PlanDigest(None, draft.text)
    named = next((place for place, each in enumerate(draft.atoms) if each.key == "watch"), 0)
    if taken := [each for each in draft.atoms[verb + 1 : named] if each.key in _OPTIONAL]:
        places = draft.named(Kind.EXPERIMENT)
        line = joined("change watch", *map(place_words, places[:1]))
        raise refuse("I cannot take an option away by words.", "The button Edit does it:", line, taken)
    watch = _read_named_watch(draft, verb, "unwatch")
    is_all = watch.is_all and watch.watching == Watch("*")
    is_all |= watch.watching == Watch("") and draft.says("all", "watches", "everything")
    place = "*" if is_all else watch.watching.place
    return Unwatch(place, draft.text, is_all, _whole(watch) if not is_all else None)


def _whole(watch: WatchDraft) -> Watch | None:
    return watch.watching if _described(watch) is not None else None


def _change_line(request: ChangeWatch) -> str:
    if request.is_digest:
        return f"{request.what} digest"
    options = watch_words(request.watching) if request.watching else ""
    if request.what != "change":
        return joined(request.what, "all" if request.is_all else place_words(request.place), options)
    return joined("change watch", place_words(request.place), f"to {options}" if options else "")


COMMANDS = {
    "watch": Command(
        _watch,
        "watch an experiment",
        "",
        WATCH,
        ((WatchRequest, lambda request: f"watch {watch_words(request.watching)}".strip()),),
        is_whole=always,
    ),
    "watch_when": Command(_watch, is_whole=always),
    "unwatch": Command(_watch, "end a watch", "", UNWATCH, ((Unwatch, _unwatch_line),), is_whole=always),
    "pause": Command(_pause, "pause a watch", "", Example("pause {experiment}", "pause all"), is_whole=always),
    "change_watch": Command(_change, "change a watch", "", _CHANGING, ((ChangeWatch, _change_line),), is_whole=always),
    "end_watch": Command(_end, is_whole=always),
}
