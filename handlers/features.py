"""Every feature, a line each, and who listens to what. A feature is a file and a line here."""

import logging
import re
from functools import partial
from types import ModuleType
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.report import Report
from handlers import (
    channel_settings,
    conversation,
    curves,
    help,  # noqa: A004 -- the feature is called what people type
    home,
    standup,
    unfurl,
)
from handlers.access import command as access
from handlers.access import outsiders
from handlers.compare import buttons, dialog, goals, message, picker
from handlers.conversation import answer_words
from handlers.services import Feature, Services, Work
from handlers.utterance import from_action
from handlers.watch import command, edit, notification
from handlers.watch import list as watch_list

log = logging.getLogger(__name__)

FEATURES: tuple[ModuleType, ...] = (  # the order matters: who comes first hears first
    conversation,
    message,
    picker,
    buttons,
    goals,
    dialog,
    curves,
    standup,
    channel_settings,
    access,
    help,
    command,
    watch_list,
    edit,
    notification,
    home,
    unfurl,
)
"""Each has `register(app)` where it listens to Slack by itself, and `REQUESTS`, `answer` and `show_progress` where it
answers requests that people type."""


def features_by_request() -> dict[type, Feature]:
    """The feature that answers each kind of request."""
    return {
        request: feature  # modules that name REQUESTS have what a Feature promises
        for feature in FEATURES
        for request in getattr(feature, "REQUESTS", ())
    }


def register_all(app: App) -> None:
    """Who is answered at all, then every feature's listeners in the order of FEATURES, then what nobody else heard."""
    app.use(outsiders.turn_away)
    for feature in FEATURES:
        if hasattr(feature, "register"):
            feature.register(app)
    catch_all(app)


# What no feature listens to: acknowledged, so that Slack shows nobody an error, and answered where somebody waits.


_ANYTHING = re.compile("")
_OLD = "That button no longer does anything. It may be from an older version of me."


def catch_all(app: App) -> None:
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
    job = answer_words(pressed, client, services)
    tell = partial(job.tell, Report(headline=_OLD, summary=_OLD))
    services.pool.submit(Work(tell, pressed.channel, pressed.user))


def offer_nothing(ack: Any) -> None:
    ack(options=[])


def acknowledge(ack: Any) -> None:
    """Nothing to do; among these are the Home tab, edits, and joins."""
    ack()
