"""The buttons below a comparison: some change the message in place, some are answered in its thread.

Whoever sees the message may press. All that is needed is in the buttons themselves, so they work on every replica and
after a year; nothing is ever posted twice for one press.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import RequestError
from comparison.formats.csv import to_csv
from comparison.language.compare_command import (
    Change,
    all_repeats,
    all_shown,
    best_read,
    fewer_shown,
    last_read,
    only_differing,
    refreshed,
    report_part,
    swapped,
    why_asked,
)
from comparison.language.follow_up import follow
from comparison.report import Report
from comparison.request import Compare, Curves, Request
from handlers.compare import message as compare_message
from handlers.compare.message import ADD, CSV, MENU, PREFIX, ComparisonState, comparison_value, from_value, state_of
from handlers.conversation import Job, ParsedRequest, RunClaim, answer_words, hand_over
from handlers.lookup_cache import WITHIN
from handlers.services import Feature, Services
from handlers.slack.blocks import Reply, plain
from handlers.slack.client import ANSWER, SlackClient, SlackError, SlackErrorKind
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip
from handlers.slack.fallback import BlockLevel, Draw, send_with_fallback
from handlers.slack.render import draw
from handlers.stores import defaults_of
from handlers.utterance import ButtonPress, DialogSubmission, Utterance, button_press, dialog_submission

_OLD = "That button no longer does anything: I cannot tell which runs it compared. Name them, and I compare them anew."
_NOTHING_NEW = "Up to date."
_PATIENCE = 30.0  # seconds to be put off by Slack
_MOST_CURVES = 2  # metrics whose curves are drawn for one press
_TOGETHER = 5  # seconds: what is pressed twice within so long is one press
_PLACES: Mapping[str, Change] = {
    "swap": swapped,
    "all": all_shown,
    "fewer": fewer_shown,
    "best": best_read,
    "last": last_read,
    "differing": only_differing,
    "refresh": refreshed,
    "whole": lambda previous: replace(previous, why=False),
}
_REPLIES: Mapping[str, Callable[[Compare], Request]] = {
    "why": why_asked,
    "repeats": all_repeats,
    "curves": lambda previous: Curves(
        previous.runs, previous.experiment, previous.metrics[:_MOST_CURVES], previous.goal, previous.text
    ),
    CSV: lambda previous: previous,
    "pair": lambda previous: previous,
    "parameters": report_part("parameters"),
    "tags": report_part("tags"),
    "details": report_part("details"),
}


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(on_button)
    app.view(ADD_DIALOG)(on_run_to_add)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = button_press(body)
    state = comparison_in(pressed)
    wanted = pressed.choice if pressed.action == MENU else pressed.action.removeprefix(PREFIX)
    if state is None:
        job = answer_words(pressed.utterance, client, services)
        hand_over(job, services, lambda: job.tell(Report(headline=_OLD, summary=_OLD)))
    elif wanted == ADD:
        open_add_dialog(pressed, state, client, services)
    elif wanted in _REPLIES:
        job = reply_to(pressed, state, wanted, client, services)
        job.call_off.append(services.later(services.working_after, job.show_progress))
        hand_over(job, services, job.run)
    elif wanted in _PLACES:
        place = MessagePlace(pressed.utterance.channel, pressed.message_ts, pressed.utterance.response_url)
        changed = _PLACES[wanted](state.request)
        job = change_in(EditRequest(changed, state, place, pressed.utterance, wanted == "refresh"), client, services)
        hand_over(job, services, job.run)


def on_run_to_add(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """What cannot be a run is said in the dialog; what is not found is told to who typed it."""
    submitted = dialog_submission(body)
    wish = added_run(submitted, services)
    if isinstance(wish, str):
        ack(response_action="errors", errors={ADD_BLOCK: wish})
        return
    ack()
    job = change_in(wish, client, services)
    hand_over(job, services, job.run)


def comparison_in(pressed: ButtonPress) -> ComparisonState | None:
    """What the message holds: by the button itself, else by any other of the row."""
    values = [pressed.choice, *(value for name, value in pressed.values.items() if name.startswith(PREFIX))]
    return next((state for value in values if (state := from_value(value))), None)


def reply_to(pressed: ButtonPress, state: ComparisonState, wanted: str, client: WebClient, services: Services) -> Job:
    """An answer in the thread of the message; the same press by several people at once is answered once."""
    utterance = pressed.utterance
    thread = utterance.thread_ts or pressed.message_ts
    spot = sha256(f"{utterance.channel}:{pressed.message_ts}:{wanted}:{_state(state)}".encode()).hexdigest()[:20]
    moment = int(services.now().timestamp()) // _TOGETHER
    keys = [f"press:{spot}:{each}" for each in (moment - 1, moment)]
    in_thread = replace(utterance, thread_ts=thread, answer_ts=thread, delivery=keys[-1])
    request = _REPLIES[wanted](state.request)
    feature: Feature = CsvFile() if wanted == CSV else services.features.get(type(request), compare_message)
    return answer_words(
        in_thread,
        client,
        services,
        meaning=ParsedRequest(lambda: (request, feature)),
        claim=RunClaim(services, *keys),
    )


@dataclass(frozen=True)
class CsvFile:
    """The feature that posts all of a comparison as a file, in its thread."""

    def answer(self, request: Compare, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        """Raises RequestError where the app may not send files there."""
        comparison = compare_message.fetch_and_compare(request, services, defaults_of(services.defaults, utterance))
        content = to_csv(comparison).encode("utf-8-sig")  # by which spreadsheets know the encoding
        rows = len(comparison.metrics) * len(comparison.candidates)
        comment = f"All {rows:,} rows of this comparison."
        try:
            delivery.outlet.share_file(
                utterance.channel, "comparison.csv", content, comment=comment, thread_ts=utterance.thread_ts
            )
        except SlackError as failure:
            if failure.kind not in (SlackErrorKind.DENIED, SlackErrorKind.NOT_HERE, SlackErrorKind.FORBIDDEN):
                raise
            ids = " ".join(side.runs[0].run_id[:8] for side in comparison.sides)
            raise RequestError(
                "I may not send files here.",
                "The app needs the scope files:write, and has to be in this channel. In a terminal: "
                f"mlcompare compare {ids} --format csv",
            ) from failure

    def show_progress(self, request: Compare, utterance: Utterance, services: Services, delivery: Delivery) -> None: ...


def _state(state: ComparisonState) -> str:
    return f"{state.request.runs}{state.seen}"


# A message of ours changed in place: as the bot, or by response_url where it is not the bot's to change.


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """Where a message stands; `response_url` of what was pressed in it, "" when there is none."""

    channel: str
    message_ts: str
    response_url: str = ""


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What a message is to be: another request over what it holds, by whom."""

    request: Compare
    state: ComparisonState
    place: MessagePlace
    utterance: Utterance
    is_refresh: bool = False  # then it is left alone where nothing is new


def change_in(wish: EditRequest, client: WebClient, services: Services) -> Job:
    """The message changed to what is asked of it now."""
    feature = InPlaceJob(wish, SlackClient.of(client, services.sleep, _PATIENCE))
    return answer_words(wish.utterance, client, services, meaning=ParsedRequest(lambda: (wish.request, feature)))


@dataclass(frozen=True)
class InPlaceJob:
    """The feature that edits what stands already. Nothing is shown meanwhile: the message is there."""

    wish: EditRequest
    outlet: SlackClient

    def answer(self, request: Compare, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        before, place = self.wish.state, self.wish.place
        defaults = defaults_of(services.defaults, utterance)
        comparison = compare_message.fetch_and_compare(request, services, defaults)
        state = state_of(request, comparison, asked_by=before.asked_by)
        if self.wish.is_refresh and state and state.seen == before.seen:
            delivery.answer_privately(_nothing_new)
            return
        drawing = compare_message.draw_comparison(
            request,
            comparison,
            services,
            asked_by=before.asked_by,
            changed_by=utterance.user,
            state=state,
            defaults=defaults,
        )
        is_changed = edit_message(place, drawing, utterance, services, self.outlet)
        if not is_changed:
            delivery.answer_publicly(drawing)
        if state:
            ts = place.message_ts if is_changed else delivery.posted_ts
            compare_message.remember_comparison(state, comparison, utterance, services, ts)

    def show_progress(self, request: Compare, utterance: Utterance, services: Services, delivery: Delivery) -> None: ...


def _nothing_new(rung: BlockLevel) -> Reply:
    return draw(Report(headline=_NOTHING_NEW, summary=_NOTHING_NEW), rung=rung)


# One more run for a comparison: a small dialog with a line to name it in.


log = logging.getLogger(__name__)

ADD_DIALOG = "follow:add"
ADD_BLOCK = "run"
_LONGEST = 500  # characters that can be typed
_ERROR = 150
_LATE = "The dialog could not be opened: Slack gives me three seconds for it. Please press again."
_LOST = "I no longer know which comparison this was for. Please press again."


def open_add_dialog(pressed: ButtonPress, state: ComparisonState, client: WebClient, services: Services) -> None:
    """At once, by the thread that listens: Slack waits three seconds. Never raises."""
    utterance = pressed.utterance
    payload = {
        "h": comparison_value(state),
        "c": utterance.channel,
        "m": pressed.message_ts,
        "t": utterance.thread_ts,
        "r": utterance.response_url,
    }
    metadata = services.seal.close(payload, purpose=ADD_DIALOG, user=utterance.user)
    try:
        SlackClient.of(client, services.sleep, 0.0).open_view(utterance.trigger, _view(metadata))
    except SlackError as failure:
        log.warning("a dialog could not be opened: %s", failure)
        answer_words(utterance, client, services).tell(Report(headline=_LATE, summary=_LATE))


def added_run(submitted: DialogSubmission, services: Services) -> EditRequest | str:
    """What is to be added; a sentence for the dialog where it cannot be a run."""
    metadata = services.seal.open(submitted.metadata, purpose=ADD_DIALOG, user=submitted.user) or {}
    state = from_value(metadata.get("h", ""))
    typed = submitted.typed.get(ADD_BLOCK, "").strip()
    if state is None:
        return _LOST
    if not typed:
        return "Name a run."
    words = f"add {typed}"
    try:
        visible = services.for_channel(submitted.team, metadata.get("c", ""), submitted.user)
        names = visible.lookup_cache.names(visible.runs, WITHIN)
        reading = follow(words, state.request, names, command=services.command)
    except RequestError as error:
        return clip(" ".join(filter(None, (error.problem, error.remedy))), _ERROR)
    request = reading.request if reading else None
    if not isinstance(request, Compare) or len(request.runs) <= len(state.request.runs):
        return "That names no run."
    thread = metadata.get("t", "") or metadata.get("m", "")
    place = metadata.get("c", "")
    said = submitted.utterance(place, thread, response_url=metadata.get("r", ""), is_direct=False)
    utterance = replace(said, words=words)
    return EditRequest(
        request, state, MessagePlace(utterance.channel, metadata.get("m", ""), utterance.response_url), utterance
    )


def _view(metadata: str) -> dict[str, Any]:
    hint = "A name, an id, a link, or for example latest, best accuracy, champion. Several with and."
    return {
        "type": "modal",
        "callback_id": ADD_DIALOG,
        "title": plain("Add a run", 24),
        "submit": plain("Add", 24),
        "close": plain("Cancel", 24),
        "private_metadata": metadata,
        "blocks": [
            {
                "type": "input",
                "block_id": ADD_BLOCK,
                "label": plain("Run", 100),
                "hint": plain(hint, 200),
                "element": {"type": "plain_text_input", "action_id": "typed", "max_length": _LONGEST},
            }
        ],
    }


def edit_message(
    place: MessagePlace, draw: Draw, utterance: Utterance, services: Services, outlet: SlackClient
) -> bool:
    """False where the message cannot be changed any more, so that something else is to be done."""

    def send(reply: Reply) -> None:
        marked = _marked(reply)
        try:
            outlet.update(place.channel, place.message_ts, marked)
        except SlackError as failure:
            if failure.kind is SlackErrorKind.REFUSED_BLOCKS or not place.response_url:
                raise
            log.info("a message is changed by response_url: %s", failure)
            outlet.replace(place.response_url, marked)

    try:
        send_with_fallback(draw, send, utterance.team, services.capabilities)
    except SlackError as failure:
        log.warning("a message could not be changed: %s", failure)
        return False
    return True


def _marked(reply: Reply) -> Reply:
    payload = {**reply.metadata.get("event_payload", {}), "stage": "done"}
    return Reply(reply.text, reply.blocks, metadata={"event_type": ANSWER, "event_payload": payload})
