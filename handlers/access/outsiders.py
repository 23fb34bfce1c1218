"""People whom the bot does not answer: turned away at every door, each time with a sentence that says why.

One middleware stands before all listeners, so that no feature has to think of it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, BoltResponse
from slack_bolt.context import BoltContext
from slack_sdk import WebClient

from comparison.report import Report
from handlers.access.people import (
    ACTION,
    COMMAND,
    EVENT,
    HOME,
    OF_MESSAGE,
    OPTIONS,
    SHORTCUT,
    SUBMISSION,
    Sender,
    sender,
)
from handlers.compare.dialog import NOTE, option
from handlers.conversation import answer_words, hand_over
from handlers.services import Services, Work
from handlers.slack.blocks import plain, section
from handlers.slack.client import SlackClient, SlackError
from handlers.utterance import (
    Utterance,
    button_press,
    from_action,
    from_direct_message,
    from_mention,
    from_shortcut,
    team,
)

log = logging.getLogger(__name__)

_PATIENCE = 10.0  # seconds to be put off by Slack
_EVERY = 60  # seconds in which somebody is told once in a channel
_SHORT = "I only answer full members of this workspace"


def turn_away(  # noqa: PLR0913, PLR0917 -- Bolt injects by name
    body: dict[str, Any],
    context: BoltContext,
    client: WebClient,
    ack: Ack,
    next_: Callable[[], Any],
    services: Services,
) -> BoltResponse | None:
    """The middleware: lets people of the workspace by."""
    who = sender(body)
    why = services.admission.refusal(who, _own(context, body)) if who else ""
    if who is None or not why or _is_a_link(who, body):
        next_()
        return None
    log.info("not answered: somebody from outside", extra={"user": who.user, "door": who.kind})
    return _answer(who, why, body, context, client, ack, services)


def _is_a_link(who: Sender, body: dict[str, Any]) -> bool:
    """A button that only opens an address tells us of it, too: there is nothing to say."""
    return who.kind == ACTION and button_press(body).action.startswith("open:")


def _own(context: BoltContext, body: dict[str, Any]) -> frozenset[str]:
    """The workspace and the company that the token is of; empty while Slack has not told.

    A token of all workspaces of a company is of the one that the payload is from, too.
    """
    known = context.authorize_result
    if not known:
        return frozenset()
    here = team(body) if context.is_enterprise_install else None
    return frozenset(filter(None, (known.team_id, known.enterprise_id, here)))


def _answer(  # noqa: PLR0913, PLR0917 -- what the middleware was given
    who: Sender,
    why: str,
    body: dict[str, Any],
    context: BoltContext,
    client: WebClient,
    ack: Ack,
    services: Services,
) -> BoltResponse:
    if who.kind == COMMAND:
        return ack(text=why, response_type="ephemeral")
    if who.kind == OPTIONS:
        return ack(options=[option(_SHORT, NOTE)])
    if who.kind == SUBMISSION:
        return ack(response_action="update", view=_dialog(why))
    acknowledged = ack()
    if who.kind == HOME:
        outlet = SlackClient.of(client, services.sleep, _PATIENCE)
        services.pool.submit(Work(lambda: _publish(outlet, who.user, why), who.user, who.user))
    elif (utterance := _utterance_of(who, body, context)) is not None:
        _tell(utterance, why, client, services)
    return acknowledged


def _utterance_of(who: Sender, body: dict[str, Any], context: BoltContext) -> Utterance | None:
    """Where a sentence can be told; None where nobody is to be told."""
    if not who.user:
        return None
    if who.kind == EVENT:
        is_mention = body["event"].get("type") == "app_mention"
        read = from_mention if is_mention else from_direct_message
        return read(body, context.bot_user_id or "")
    if who.kind == ACTION:
        utterance = from_action(body)
    elif who.kind in {SHORTCUT, OF_MESSAGE}:
        utterance = from_shortcut(body)
    else:
        return None
    return utterance if utterance.channel else replace(utterance, channel=utterance.user, is_direct=True)


def _tell(utterance: Utterance, why: str, client: WebClient, services: Services) -> None:
    """Tells them alone, and not at every word."""
    minute = int(services.now().timestamp()) // _EVERY
    job = answer_words(utterance, client, services)

    def tell() -> None:
        try:
            is_new = services.claims.claim(f"outside:{utterance.user}:{utterance.channel}:{minute}")
        except Exception:  # noqa: BLE001 -- told twice is better than never
            is_new = True
        if is_new:
            job.tell(Report(headline=why, summary=why))

    hand_over(job, services, tell)


def _publish(outlet: SlackClient, user: str, why: str) -> None:
    try:
        outlet.publish_home(user, {"type": "home", "blocks": [section(why)]})
    except SlackError as failure:
        log.info("a Home tab could not be drawn: %s", failure)


def _dialog(why: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain("Not for you", 24),
        "close": plain("Close", 24),
        "blocks": [section(why)],
    }
