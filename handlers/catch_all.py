"""What no feature listens to: acknowledged, so that Slack shows nobody an error, and answered where somebody waits."""

import logging
import re
from functools import partial
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.report import Report
from handlers.conversation import answer_words
from handlers.services import Services, Work
from handlers.utterance import from_action

log = logging.getLogger(__name__)

_ANYTHING = re.compile("")
_OLD = "That button no longer does anything. It may be from an older version of me."


def register(app: App) -> None:
    app.command(_ANYTHING)(on_unknown_command)
    app.action(_ANYTHING)(on_unknown_action)
    app.options(_ANYTHING)(offer_nothing)
    app.shortcut(_ANYTHING)(acknowledge)
    app.view(_ANYTHING)(acknowledge)
    app.view_closed(_ANYTHING)(acknowledge)
    app.event(_ANYTHING)(acknowledge)


def on_unknown_command(ack: Any, command: dict[str, Any], services: Services) -> None:
    name = str(command.get("command", ""))
    log.warning("unknown command %s", name)
    ack(text=f"I do not know {name}. Try {services.command} help.", response_type="ephemeral")


def on_unknown_action(ack: Any, body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    pressed = from_action(body)
    log.warning("unknown action, with value %s", pressed.words[:80])
    work = answer_words(pressed, client, services)
    tell = partial(work.tell, Report(headline=_OLD, summary=_OLD))
    services.pool.submit(Work(tell, pressed.channel, pressed.user))


def offer_nothing(ack: Any) -> None:
    ack(options=[])


def acknowledge(ack: Any) -> None:
    """Nothing to do; among these are the Home tab, edits, and joins."""
    ack()
