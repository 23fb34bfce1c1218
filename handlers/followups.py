"""The buttons below a comparison: some change the message in place, some are answered in its thread.

Whoever sees the message may press. All that is needed is in the buttons themselves, so they work on every replica and
after a year; nothing is ever posted twice for one press.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison import following
from comparison.following import Change
from comparison.report import Report
from comparison.request import Compare
from handlers import adding, compare, said
from handlers.agreed import defaults_of
from handlers.answering import Answering, Claim, Meaning, answering
from handlers.drawing import draw
from handlers.editing import Place, Wish, edit
from handlers.held import Held, hold, read
from handlers.outcomes import not_taken
from handlers.outlet import Outlet
from handlers.posting import Delivery
from handlers.reply import Reply
from handlers.row import ADD, MENU, PREFIX
from handlers.rung import Rung
from handlers.said import Pressed, Said
from handlers.services import Services, Work

_OLD = "That button no longer does anything: I cannot tell which runs it compared. Name them, and I compare them anew."
_NOTHING_NEW = "Nothing new: the runs are as they are shown."
_PATIENCE = 30.0  # seconds to be put off by Slack
_TOGETHER = 5  # seconds: what is pressed twice within so long is one press
_PLACES: Mapping[str, Change] = {
    "swap": following.swapped,
    "all": following.all_shown,
    "fewer": following.fewer_shown,
    "best": following.best_read,
    "last": following.last_read,
    "differing": following.only_differing,
    "refresh": following.refreshed,
    "whole": lambda previous: replace(previous, why=False),
}
_REPLIES: Mapping[str, Change] = {
    "why": following.why_asked,
    "parameters": following.part_of("parameters"),
    "tags": following.part_of("tags"),
    "details": following.part_of("details"),
}


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(hear_press)
    app.view(adding.CALLBACK)(hear_run_to_add)


def hear_press(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = said.pressed(body)
    held = held_by(pressed)
    wanted = pressed.choice if pressed.action == MENU else pressed.action.removeprefix(PREFIX)
    if held is None:
        work = answering(pressed.said, client, services)
        hand_over(work, services, lambda: work.tell(Report(headline=_OLD, summary=_OLD)))
    elif wanted == ADD:
        adding.open_dialog(pressed, held, client, services)
    elif wanted in _REPLIES:
        work = reply_to(pressed, held, wanted, client, services)
        work.call_off.append(services.later(services.working_after, work.say_meanwhile))
        hand_over(work, services, work.run)
    elif wanted in _PLACES:
        place = Place(pressed.said.channel, pressed.message_ts, pressed.said.response_url)
        changed = _PLACES[wanted](held.request)
        work = change_in(Wish(changed, held, place, pressed.said, wanted == "refresh"), client, services)
        hand_over(work, services, work.run)


def hear_run_to_add(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What cannot be a run is said in the dialog; what is not found is told to who typed it."""
    submitted = said.submitted(body)
    wish = adding.understood(submitted, services)
    if isinstance(wish, str):
        ack(response_action="errors", errors={adding.BLOCK: wish})
        return
    ack()
    work = change_in(wish, client, services)
    hand_over(work, services, work.run)


def held_by(pressed: Pressed) -> Held | None:
    """What the message holds: by the button itself, else by any other of the row."""
    values = [pressed.choice, *(value for name, value in pressed.values.items() if name.startswith(PREFIX))]
    return next((held for value in values if (held := read(value))), None)


def hand_over(work: Answering, services: Services, run: Callable[[], None]) -> None:
    heard = work.said
    if services.pool.submit(Work(run, heard.channel, heard.user)) is None:
        for call_off in work.call_off:
            call_off()
        services.inbox.done(heard.delivery)
        why = not_taken(heard, services)
        services.later(0.0, lambda: work.tell(Report(headline=why, summary=why)))


def reply_to(pressed: Pressed, held: Held, wanted: str, client: WebClient, services: Services) -> Answering:
    """An answer in the thread of the message; the same press by several people at once is answered once."""
    heard = pressed.said
    thread = heard.thread_ts or pressed.message_ts
    spot = sha256(f"{heard.channel}:{pressed.message_ts}:{wanted}:{_state(held)}".encode()).hexdigest()[:20]
    moment = int(services.now().timestamp()) // _TOGETHER
    keys = [f"press:{spot}:{each}" for each in (moment - 1, moment)]
    in_thread = replace(heard, thread_ts=thread, answer_ts=thread, delivery=keys[-1])
    request = _REPLIES[wanted](held.request)
    return answering(
        in_thread, client, services, meaning=Meaning(lambda: (request, compare)), claim=Claim(services, *keys)
    )


def _state(held: Held) -> str:
    return f"{held.request.runs}{held.seen}"


def change_in(wish: Wish, client: WebClient, services: Services) -> Answering:
    """The message changed to what is asked of it now."""
    feature = InPlace(wish, Outlet.of(client, services.sleep, _PATIENCE))
    return answering(wish.said, client, services, meaning=Meaning(lambda: (wish.request, feature)))


@dataclass(frozen=True)
class InPlace:
    """The feature that edits what stands already. Nothing is shown meanwhile: the message is there."""

    wish: Wish
    outlet: Outlet

    def answer(self, request: Compare, heard: Said, services: Services, delivery: Delivery) -> None:
        before, place = self.wish.held, self.wish.place
        agreed = defaults_of(services.defaults, heard)
        comparison = compare.look(request, services, agreed)
        held = hold(request, comparison, asked_by=before.asked_by)
        if self.wish.is_refresh and held and held.seen == before.seen:
            delivery.tell(_nothing_new)
            return
        drawing = compare.drawing(
            request, comparison, services, asked_by=before.asked_by, changed_by=heard.user, held=held, agreed=agreed
        )
        is_changed = edit(place, drawing, heard, services, self.outlet)
        if not is_changed:
            delivery.answer(drawing)
        if held:
            ts = place.message_ts if is_changed else delivery.posted_ts
            compare.remember(held, comparison, heard, services, ts)

    def say_meanwhile(self, request: Compare, heard: Said, services: Services, delivery: Delivery) -> None: ...


def _nothing_new(rung: Rung) -> Reply:
    return draw(Report(headline=_NOTHING_NEW, summary=_NOTHING_NEW), rung=rung)
