"""`watch fraud only failures`, `unwatch fraud`: what the channel is told of unasked. All see who asked for it."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from comparison.errors import RequestError
from comparison.finding import find_experiment
from comparison.request import PlanDigest, Unwatch, Watch
from comparison.watching.fitting import covers
from comparison.watching.vetting import Vetted, vet
from comparison.watching.watch import Only, Watching
from comparison.watching.worded import said as worded
from comparison.wording import watches as wording
from handlers import limits, planning, watch_list
from handlers.agreed import defaults_of
from handlers.announcing import Announced, example
from handlers.blocks import aside, push
from handlers.drawing import draw
from handlers.escaping import clip, one_line
from handlers.failures import SlackFailed
from handlers.ladder import Draw
from handlers.permitted import may_change, refused
from handlers.posting import Delivery
from handlers.reply import Block, Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services
from handlers.settings import place_of
from handlers.watched import LIST, beneath, meaning, new_id, said_of, set_up, watches_here, words_of
from handlers.watches import MOST, Kept, TooMany

log = logging.getLogger(__name__)

_EXAMPLE = "Its last run to end, as it would have been announced:"
_IF_IT_FITTED = "Its last run to end, as it would have been announced if it fitted:"
_SHORTENED = "Shortened here: a notification has more."


def answer(request: Watch | Unwatch | PlanDigest, said: Said, services: Services, delivery: Delivery) -> None:
    match request:
        case Watch():
            _watch(request, said, services, delivery)
        case Unwatch():
            _unwatch(request, said, services, delivery)
        case PlanDigest():
            planning.plan(request, said, services, delivery)


def say_meanwhile(request: Watch | Unwatch | PlanDigest, _said: Said, _services: Services, delivery: Delivery) -> None:
    if isinstance(request, Watch):
        delivery.show_working("Looking it up in MLflow …")


def _watch(request: Watch, said: Said, services: Services, delivery: Delivery) -> None:
    """Nothing is kept before it is known that the channel can be told."""
    vetted = vet(request, services.runs, now=services.now(), defaults=defaults_of(services.defaults, said))
    if vetted.refused:
        raise vetted.refused[0][1]
    kept = _kept(vetted, said, services)
    here = watches_here(said, services)
    same = next((each for each in here if each.id != kept.id and is_same(meaning(each), vetted.watching)), None)
    if same is not None:
        _tell_same(same, said, services, delivery)
        return
    enter(delivery, said)
    if all(each.id != kept.id for each in here):
        _add(kept, said, services)
    others = [each for each in here if each.id != kept.id and is_of_same_place(meaning(each), vetted.watching)]
    report = wording.watching_report(
        worded(vetted.watching),
        vetted,
        also=[said_of(each) for each in others],
        command=services.command,
        place=place_of(said),
    )
    shown = _example(vetted, said, services)
    lead = _IF_IT_FITTED if _is_choosy(vetted.watching) else _EXAMPLE

    def drawn(rung: Rung) -> Reply:
        row = [push(f"Watches of {place_of(said)}", LIST, "list")]
        return _above(draw(report, rung=rung, asked_by=said.user, row=row), shown, rung, lead)

    delivery.answer(drawn)


def enter(delivery: Delivery, said: Said) -> None:
    """Raises RequestError where the channel cannot be told anything, with how to mend that."""
    try:
        delivery.enter("Setting it up …")
    except SlackFailed as failure:
        raise wording.cannot_post(failure.code, words=said.words) from failure


def is_same(one: Watching | None, other: Watching) -> bool:
    if one is None:
        return False
    plain = [replace(each, place=each.place.casefold(), experiment_id="") for each in (one, other)]
    return plain[0] == plain[1]


def is_of_same_place(one: Watching | None, other: Watching) -> bool:
    return one is not None and one.place.casefold() == other.place.casefold()


def _kept(vetted: Vetted, said: Said, services: Services) -> Kept:
    words = words_of(vetted.watching)
    return Kept(
        id=new_id(said, words, services),
        workspace=said.team,
        channel=said.channel,
        words=words,
        created_by=said.user,
        created_at=services.now().timestamp(),
        past=vetted.past or (),
        is_primed=vetted.past is not None,
        experiment_id=vetted.experiment_id,
    )


def _add(kept: Kept, said: Said, services: Services) -> None:
    try:
        services.watches.add(kept)
    except TooMany:
        raise wording.too_many(MOST, text=said.words) from None


def _tell_same(same: Kept, said: Said, services: Services, delivery: Delivery) -> None:
    report = wording.same_report(said_of(same), command=services.command, place=place_of(said), paused=same.is_paused)
    delivery.tell(lambda rung: beneath(draw(report, rung=rung), set_up(same)))


def _example(vetted: Vetted, said: Said, services: Services) -> Announced | None:
    """None where there is no run, or MLflow cannot be asked after all."""
    if vetted.last is None:
        return None
    try:
        return example(vetted.watching, said, services, vetted.last)
    except Exception:  # the watch is kept, and that is what is to be said
        log.exception("an example could not be made")
        return None


def _is_choosy(watching: Watching) -> bool:
    """Whether it asks how a run compares: the last one to end may not have been announced at all."""
    return bool(watching.rules) or watching.only in (Only.BETTER, Only.WORSE, Only.NEW_BEST)


def _above(reply: Reply, shown: Announced | None, rung: Rung, lead: str) -> Reply:
    """With the example below it, as far as there is room in one message."""
    if shown is None:
        return reply
    below = shown.draw(rung)
    text = clip(f"{reply.text}\n{lead}\n{below.text}", limits.TEXT)
    if not reply.blocks:
        return replace(reply, text=text)
    blocks: list[Block] = [*reply.blocks, aside(lead)]
    room = limits.ALL_TEXT - limits.weight([*blocks, aside(_SHORTENED)])
    left_out = False
    for block in below.blocks:
        weight = limits.weight(block)
        if weight <= room and len(blocks) < limits.BLOCKS - 1:
            blocks.append(block)
            room -= weight
        else:
            left_out = True
    return replace(reply, text=text, blocks=(*blocks, *([aside(_SHORTENED)] if left_out else [])))


def _unwatch(request: Unwatch, said: Said, services: Services, delivery: Delivery) -> None:
    here = watches_here(said, services)
    if not here and (request.is_all or not request.place):
        delivery.tell(watch_list.listed(watch_list.shown(said, services)))
    elif request.is_all:
        delivery.tell(watch_list.asking_for_all(here, place_of(said), services.command))
    elif not request.place and len(here) > 1:
        delivery.tell(watch_list.listed(watch_list.shown(said, services)))
    else:
        found = _of_place(request, here, services) if request.place else here
        chosen = [each for each in found if request.watching is None or _is_described(each, request.watching)]
        if not chosen:
            report = wording.which_report([each.words for each in found], command=services.command)
            delivery.tell(lambda rung: draw(report, rung=rung))
            return
        delivery.answer(_removed(remove(chosen, said, services, delivery), said, services))


def remove(chosen: Sequence[Kept], said: Said, services: Services, delivery: Delivery) -> list[Kept]:
    """Those that were there still. Raises RequestError, with nothing removed, where one may not be removed."""
    if not all(may_change(each, said, delivery.outlet) for each in chosen):
        raise refused()
    at = int(services.now().timestamp())
    gone = [services.watches.remove(each.id, by=said.user, at=at) for each in chosen]
    return [each for each in gone if each is not None] or list(chosen)


def _removed(gone: Sequence[Kept], said: Said, services: Services) -> Draw:
    report = wording.removed_report([each.words for each in gone], command=services.command, place=place_of(said))
    others = [each for each in gone if each.created_by != said.user]

    def drawn(rung: Rung) -> Reply:
        reply = draw(report, rung=rung, changed_by=said.user)
        return beneath(reply, set_up(others[0])) if len(others) == len(gone) == 1 else reply

    return drawn


def _is_described(kept: Kept, told: Watching) -> bool:
    """Whether these are the options of the watch, whatever its place is called."""
    watching = meaning(kept)
    return watching is not None and replace(watching, place="", experiment_id="") == replace(told, place="")


def _of_place(request: Unwatch, here: Sequence[Kept], services: Services) -> list[Kept]:
    """All watches of the place. Raises RequestError with the nearest names of what is watched."""
    known = {each.id: watching for each in here if (watching := meaning(each)) is not None}
    names = {request.place.casefold(), _name(request.place, services).casefold()}
    found = [each for each in here if each.id in known and known[each.id].place.casefold() in names]
    if found:
        return found
    unread = [each for each in here if each.id not in known and one_line(each.words).casefold() in names]
    if unread:
        return unread
    covering = next((each.place for each in known.values() if any(covers(each, name) for name in names)), "")
    places = [each.place for each in known.values()]
    raise wording.not_watched(request.place, places, text=request.text, covered_by=covering)


def _name(place: str, services: Services) -> str:
    """The name of the experiment with this id; the same where it is none, or cannot be asked for."""
    try:
        return find_experiment(place, services.runs).name if place.isdecimal() else place
    except RequestError:
        return place
