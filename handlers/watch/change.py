"""`pause fraud`, `resume all`, `change watch fraud to only failures`: what the buttons of the list do, by words."""

from collections.abc import Sequence
from dataclasses import fields, replace

from comparison.language.quoting import place_words
from comparison.reports.watches import changed_report, nothing_report, which_report
from comparison.request import ChangeWatch
from comparison.watch import Watch
from handlers.channel_settings import channel_words
from handlers.services import Services
from handlers.slack.delivery import Delivery
from handlers.slack.escape import mrkdwn, one_line
from handlers.slack.render import draw
from handlers.stores import StoredWatch
from handlers.utterance import Utterance
from handlers.watch.command import is_described, watches_of_place
from handlers.watch.edit import DOINGS, EditedWatch, store_edit
from handlers.watch.list import draw_list, watches_shown
from handlers.watch.stored_watch import WatchState, require_change, sentence_of, watch_of

REQUESTS = (ChangeWatch,)  # what this feature answers

_PAST = {"pause": "Paused", "resume": "Resumed", "change": "Changed"}
_BACK = {"pause": "resume", "resume": "pause"}
_WORDS = 200


def answer(request: ChangeWatch, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    watches = services.watches.of_channel(utterance.team, utterance.channel)
    here = [each for each in watches if each.is_digest == request.is_digest]
    if not here:
        report = nothing_report(command=services.command, place=channel_words(utterance))
        delivery.answer_privately(
            draw_list(watches_shown(utterance, services)) if watches else lambda r: draw(report, rung=r)
        )
        return
    is_named = bool(request.place) and not request.is_all
    found = watches_of_place(request, here, services) if is_named else here
    if request.what != "change" and request.watching is not None:
        found, of_place = [each for each in found if is_described(each, request.watching)], found
        if not found:
            words = [each.words for each in of_place]
            which = which_report(words, command=services.command, verb=request.what)
            delivery.answer_privately(lambda rung: draw(which, rung=rung))
            return
    is_one = len(found) == 1
    if request.what == "change" and (not is_one or request.watching is None):
        _show(f"Press *Edit …* at {_named(found)} to change it.", utterance, services, delivery)
    elif not is_one and not request.place and not request.is_all:
        _show(f"Several are watched: say which to {request.what}, or all.", utterance, services, delivery)
    elif request.what == "change":
        _change(found[0], request, utterance, services, delivery)
    else:
        _turn(found, request, utterance, services, delivery)


def show_progress(_request: ChangeWatch, _utterance: Utterance, _services: Services, _delivery: Delivery) -> None:
    """The answer is there at once."""


def _named(found: Sequence[StoredWatch]) -> str:
    return mrkdwn(one_line(sentence_of(found[0])), _WORDS) if len(found) == 1 else "the watch you mean"


def _show(note: str, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    """The list, whose buttons do what words left open."""
    delivery.answer_privately(draw_list(watches_shown(utterance, services, note=note)))


def _turn(
    found: Sequence[StoredWatch], request: ChangeWatch, utterance: Utterance, services: Services, delivery: Delivery
) -> None:
    """Pauses or resumes. What is so already is said to the asker alone."""
    require_change(found, utterance, delivery.outlet, services)
    turned = [each for each in found if DOINGS[request.what](each, utterance, services)[1]]
    what = _PAST[request.what]
    if not turned:
        _show(f"{what} already: {_named(found)}.", utterance, services, delivery)
        return
    back = "digest" if request.is_digest else "all" if request.is_all else place_words(request.place)
    report = changed_report(
        what,
        [sentence_of(each) for each in turned],
        command=services.command,
        place=channel_words(utterance),
        back=[f"{_BACK[request.what]} {back}".strip()],
    )
    delivery.answer_publicly(lambda rung: draw(report, rung=rung, changed_by=utterance.user))


def _change(
    stored: StoredWatch, request: ChangeWatch, utterance: Utterance, services: Services, delivery: Delivery
) -> None:
    """The watch with the options that were said; those that were not stay. Raises RequestError for what cannot be."""
    before, options = watch_of(stored), request.watching
    if before is None or options is None:
        _show("I do not understand the words of this watch any more.", utterance, services, delivery)
        return
    require_change([stored], utterance, delivery.outlet, services)
    said = {each.name: getattr(options, each.name) for each in fields(Watch) if _is_said(options, each.name)}
    edit = EditedWatch(WatchState(stored.id), stored.channel, watching=replace(before, **said))
    after = store_edit(edit, stored, utterance, services) or stored
    if after.words == stored.words:
        _show(f"As it was: {_named([after])}.", utterance, services, delivery)
        return
    report = changed_report(
        "Changed",
        [sentence_of(after)],
        command=services.command,
        place=channel_words(utterance),
        doubts=(f"Before it was: {sentence_of(stored)}.",),
    )
    delivery.answer_publicly(lambda rung: draw(report, rung=rung, changed_by=utterance.user))


def _is_said(options: Watch, name: str) -> bool:
    return bool(getattr(options, name) != getattr(Watch(""), name))
