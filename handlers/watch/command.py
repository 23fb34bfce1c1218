"""`watch fraud`, `unwatch fraud`, `digest 9:30`, `pause fraud`: what the channel is told of unasked, by words."""

import logging
from collections.abc import Sequence
from dataclasses import fields, replace

from comparison.errors import RequestError
from comparison.language.digest_command import changed_digest, digest_words
from comparison.language.quoting import place_words
from comparison.notifications.matching import covers_experiment
from comparison.notifications.validation import ValidatedWatch, validate
from comparison.reports.watches import (
    cannot_post,
    changed_report,
    digest_off_report,
    digest_report,
    digest_sentence,
    not_watched,
    nothing_report,
    removed_report,
    same_report,
    too_many,
    watch_sentence,
    watching_report,
    which_report,
)
from comparison.request import ChangeWatch, PlanDigest, Unwatch, WatchRequest
from comparison.resolve.scope import find_experiment
from comparison.watch import Digest, OnlyRuns, Watch, next_time
from handlers.access.rules import require_member
from handlers.channel_settings import channel_words
from handlers.services import Services
from handlers.slack.blocks import Block, Reply, aside, push
from handlers.slack.client import SlackError
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, Draw
from handlers.slack.limits import ALL_TEXT, BLOCKS, TEXT, text_weight
from handlers.slack.render import draw
from handlers.stores import MAX_WATCHES, StoredWatch, TooManyWatches, defaults_of
from handlers.utterance import Utterance
from handlers.watch.edit import WATCH_ACTIONS, EditedWatch, store_edit
from handlers.watch.list import confirm_remove_all, draw_list, watches_shown
from handlers.watch.notification import PostedNotification, example_notification
from handlers.watch.stored_watch import (
    LIST,
    WatchState,
    digest_in,
    known_digest,
    new_id,
    require_change,
    sentence_of,
    set_up_line,
    watch_of,
    watches_here,
    with_line_below,
    words_of,
)

log = logging.getLogger(__name__)

REQUESTS = (WatchRequest, Unwatch, PlanDigest, ChangeWatch)  # what this feature answers


_EXAMPLE = "Preview: your last finished run would have looked like this"
_IF_IT_FITTED = "Preview, if it fitted: your last finished run would have looked like this"
_SHORTENED = "Shortened here: a notification has more."


def answer(
    request: WatchRequest | Unwatch | PlanDigest | ChangeWatch,
    utterance: Utterance,
    services: Services,
    delivery: Delivery,
) -> None:
    match request:
        case WatchRequest():
            _watch(request, utterance, services, delivery)
        case Unwatch():
            _unwatch(request, utterance, services, delivery)
        case PlanDigest():
            set_digest(request, utterance, services, delivery)
        case ChangeWatch():
            _change_watch(request, utterance, services, delivery)


def show_progress(
    request: WatchRequest | Unwatch | PlanDigest | ChangeWatch,
    _utterance: Utterance,
    _services: Services,
    delivery: Delivery,
) -> None:
    if isinstance(request, WatchRequest):
        delivery.show_working("Looking it up in MLflow …")


def _watch(request: WatchRequest, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    """Nothing is kept before it is known that the channel can be told."""
    require_member(utterance, delivery.outlet, services)
    vetted = validate(request, services.runs, now=services.now(), defaults=defaults_of(services.defaults, utterance))
    if vetted.refused:
        raise vetted.refused[0][1]
    stored = _kept(vetted, utterance, services)
    here = watches_here(utterance, services)
    same = next(
        (each for each in here if each.id != stored.id and is_same_watch(watch_of(each), vetted.watching)), None
    )
    if same is not None:
        _tell_same(same, utterance, services, delivery)
        return
    add_watch(delivery, utterance)
    if all(each.id != stored.id for each in here):
        _add(stored, utterance, services)
    others = [each for each in here if each.id != stored.id and is_of_same_place(watch_of(each), vetted.watching)]
    report = watching_report(
        watch_sentence(vetted.watching),
        vetted,
        also=[sentence_of(each) for each in others],
        command=services.command,
        place=channel_words(utterance),
    )
    shown = _example(vetted, utterance, services)
    lead = _IF_IT_FITTED if _is_choosy(vetted.watching) else _EXAMPLE

    def drawn(rung: BlockLevel) -> Reply:
        row = [push(f"Watches of {channel_words(utterance)}", LIST, "list")]
        return _above(draw(report, rung=rung, asked_by=utterance.user, row=row), shown, rung, lead)

    delivery.answer_publicly(drawn)


def add_watch(delivery: Delivery, utterance: Utterance) -> None:
    """Raises RequestError where the channel cannot be told anything, with how to mend that."""
    try:
        delivery.reserve("Setting it up …")
    except SlackError as failure:
        raise cannot_post(failure.code, words=utterance.words) from failure


def is_same_watch(one: Watch | None, other: Watch) -> bool:
    if one is None:
        return False
    plain = [replace(each, place=each.place.casefold(), experiment_id="") for each in (one, other)]
    return plain[0] == plain[1]


def is_of_same_place(one: Watch | None, other: Watch) -> bool:
    return one is not None and one.place.casefold() == other.place.casefold()


def _kept(vetted: ValidatedWatch, utterance: Utterance, services: Services) -> StoredWatch:
    words = words_of(vetted.watching)
    return StoredWatch(
        id=new_id(utterance, words, services),
        workspace=utterance.team,
        channel=utterance.channel,
        words=words,
        created_by=utterance.user,
        created_at=services.now().timestamp(),
        past=vetted.past or (),
        is_primed=vetted.past is not None,
        experiment_id=vetted.experiment_id,
    )


def _add(stored: StoredWatch, utterance: Utterance, services: Services) -> None:
    try:
        services.watches.add(stored)
    except TooManyWatches:
        raise too_many(MAX_WATCHES, text=utterance.words) from None


def _tell_same(same: StoredWatch, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    report = same_report(
        sentence_of(same), command=services.command, place=channel_words(utterance), paused=same.is_paused
    )
    delivery.answer_privately(lambda rung: with_line_below(draw(report, rung=rung), set_up_line(same)))


def _example(vetted: ValidatedWatch, utterance: Utterance, services: Services) -> PostedNotification | None:
    """None where there is no run, or MLflow cannot be asked after all."""
    if vetted.last is None:
        return None
    try:
        return example_notification(vetted.watching, utterance, services, vetted.last)
    except Exception:  # the watch is kept, and that is what is to be said
        log.exception("an example could not be made")
        return None


def _is_choosy(watching: Watch) -> bool:
    """Whether it asks how a run compares: the last one to end may not have been announced at all."""
    return bool(watching.rules) or watching.only in (OnlyRuns.BETTER, OnlyRuns.WORSE, OnlyRuns.NEW_BEST)


def _above(reply: Reply, shown: PostedNotification | None, rung: BlockLevel, lead: str) -> Reply:
    """With the example below it, as far as there is room in one message."""
    if shown is None:
        return reply
    below = shown.draw(rung)
    text = clip(f"{reply.text}\n{lead}\n{below.text}", TEXT)
    if not reply.blocks:
        return replace(reply, text=text)
    blocks: list[Block] = [*reply.blocks, aside(lead)]
    room = ALL_TEXT - text_weight([*blocks, aside(_SHORTENED)])
    left_out = False
    for block in below.blocks:
        weight = text_weight(block)
        if weight <= room and len(blocks) < BLOCKS - 1:
            blocks.append(block)
            room -= weight
        else:
            left_out = True
    return replace(reply, text=text, blocks=(*blocks, *([aside(_SHORTENED)] if left_out else [])))


def _unwatch(request: Unwatch, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    here = watches_here(utterance, services)
    if not here and (request.is_all or not request.place):
        delivery.answer_privately(draw_list(watches_shown(utterance, services)))
    elif request.is_all:
        delivery.answer_privately(confirm_remove_all(here, channel_words(utterance), services.command))
    elif not request.place and request.watching is None and len(here) > 1:
        delivery.answer_privately(draw_list(watches_shown(utterance, services)))
    else:
        found = watches_of_place(request, here, services) if request.place else here
        chosen = [each for each in found if request.watching is None or is_described(each, request.watching)]
        if not chosen:
            report = which_report([each.words for each in found], command=services.command)
            delivery.answer_privately(lambda rung: draw(report, rung=rung))
            return
        delivery.answer_publicly(_removed(remove_watches(chosen, utterance, services, delivery), utterance, services))


def remove_watches(
    chosen: Sequence[StoredWatch], utterance: Utterance, services: Services, delivery: Delivery
) -> list[StoredWatch]:
    """Removes watches, gives those there were. Raises RequestError, with none removed, where one may not be."""
    require_change(chosen, utterance, delivery.outlet, services)
    at = int(services.now().timestamp())
    gone = [services.watches.remove(each.id, by=utterance.user, at=at) for each in chosen]
    return [each for each in gone if each is not None] or list(chosen)


def _removed(gone: Sequence[StoredWatch], utterance: Utterance, services: Services) -> Draw:
    report = removed_report([each.words for each in gone], command=services.command, place=channel_words(utterance))
    others = [each for each in gone if each.created_by != utterance.user]

    def drawn(rung: BlockLevel) -> Reply:
        reply = draw(report, rung=rung, changed_by=utterance.user)
        return with_line_below(reply, set_up_line(others[0])) if len(others) == len(gone) == 1 else reply

    return drawn


def is_described(stored: StoredWatch, watch: Watch) -> bool:
    """Whether these are the options of the watch, whatever its place is called; a run alone is meant however."""
    watching = watch_of(stored)
    if watching is not None and watch == Watch("", where=watch.where):
        return watching.where == watch.where
    return watching is not None and replace(watching, place="", experiment_id="") == replace(watch, place="")


def watches_of_place(
    request: Unwatch | ChangeWatch, here: Sequence[StoredWatch], services: Services
) -> list[StoredWatch]:
    """All watches of the place. Raises RequestError with the nearest names of what is watched."""
    known = {each.id: watching for each in here if (watching := watch_of(each)) is not None}
    names = {request.place.casefold(), _experiment_name(request.place, services).casefold()}
    found = [each for each in here if each.id in known and known[each.id].place.casefold() in names]
    if found:
        return found
    unread = [each for each in here if each.id not in known and one_line(each.words).casefold() in names]
    if unread:
        return unread
    covering = next((each.place for each in known.values() if any(covers_experiment(each, name) for name in names)), "")
    places = [each.place for each in known.values()]
    verb = "unwatch" if isinstance(request, Unwatch) else {"change": "change watch"}.get(request.what, request.what)
    raise not_watched(request.place, places, text=request.text, covered_by=covering, verb=verb)


def _experiment_name(place: str, services: Services) -> str:
    """The name of the experiment with this id; the same where it is none, or cannot be asked for."""
    try:
        return find_experiment(place, services.runs).name if place.isdecimal() else place
    except RequestError:
        return place


# `digest weekdays 9:30 Europe/Berlin`, `digest off`: a standup that comes by itself. A channel has one.


def set_digest(request: PlanDigest, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    before = [each for each in services.watches.of_channel(utterance.team, utterance.channel) if each.is_digest]
    if request.digest is None:
        _stop(before, utterance, services, delivery)
    else:
        digest_before = digest_in(before[0]) if request.changed and before else None
        digest = changed_digest(request, digest_before) if digest_before is not None else request.digest
        _begin(digest, request.text, before, utterance, services, delivery)


def _begin(  # noqa: PLR0913, PLR0917 -- what a feature is given, taken apart
    digest: Digest, text: str, before: list[StoredWatch], utterance: Utterance, services: Services, delivery: Delivery
) -> None:
    """Begins a digest: another one than before, so that it comes today too where its hour is still to come."""
    digest, doubts = known_digest(digest, services, text=text)
    words = digest_words(digest)
    require_change(before, utterance, delivery.outlet, services)
    require_member(utterance, delivery.outlet, services)
    try:
        delivery.reserve("Setting it up …")
    except SlackError as failure:
        raise cannot_post(failure.code, words=utterance.words) from failure
    same = [each for each in before if each.words == words and not each.is_paused]
    if not same:
        _replace(before, words, utterance, services)
    report = digest_report(
        digest_sentence(digest),
        next_time(digest.hours, services.now()),
        command=services.command,
        doubts=doubts,
        replaced="" if same or not before else before[0].words,
    )
    delivery.answer_publicly(lambda rung: draw(report, rung=rung, asked_by=utterance.user))


def _replace(before: list[StoredWatch], words: str, utterance: Utterance, services: Services) -> None:
    now = services.now().timestamp()
    stored = StoredWatch(
        new_id(utterance, f"digest {words}", services),
        utterance.team,
        utterance.channel,
        words,
        utterance.user,
        now,
        is_digest=True,
    )
    try:
        services.watches.add(stored, instead_of=[each.id for each in before if each.id != stored.id])
    except TooManyWatches:
        raise too_many(MAX_WATCHES, text=utterance.words) from None


def _stop(before: list[StoredWatch], utterance: Utterance, services: Services, delivery: Delivery) -> None:
    require_change(before, utterance, delivery.outlet, services)
    at = int(services.now().timestamp())
    gone = [each for each in before if services.watches.remove(each.id, by=utterance.user, at=at)]
    words = gone[0].words if gone else ""
    report = digest_off_report(words, command=services.command, place=channel_words(utterance))
    if not gone:
        delivery.answer_privately(lambda rung: draw(report, rung=rung))
        return
    who = "" if gone[0].created_by == utterance.user else set_up_line(gone[0])

    def drawn(rung: BlockLevel) -> Reply:
        reply = draw(report, rung=rung, changed_by=utterance.user)
        return with_line_below(reply, who) if who else reply

    delivery.answer_publicly(drawn)


# `pause fraud`, `resume all`, `change watch fraud to only failures`: what the buttons of the list do, by words.


_PAST = {"pause": "Paused", "resume": "Resumed", "change": "Changed"}
_BACK = {"pause": "resume", "resume": "pause"}
_WORDS = 200


def _change_watch(request: ChangeWatch, utterance: Utterance, services: Services, delivery: Delivery) -> None:
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
    turned = [each for each in found if WATCH_ACTIONS[request.what](each, utterance, services)[1]]
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
    options_named = {each.name: getattr(options, each.name) for each in fields(Watch) if _is_said(options, each.name)}
    edit = EditedWatch(WatchState(stored.id), stored.channel, watching=replace(before, **options_named))
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
