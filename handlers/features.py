"""Every feature, a line each, and who listens to what. A feature is a file and a line here."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from slack_bolt import App

from handlers import (
    catch_all,
    channel_settings,
    conversation,
    curves,
    help,  # noqa: A004 -- the feature is called what people type
    home,
    standup,
    unfurl,
)
from handlers.access import departure, outsiders
from handlers.access import feature as access
from handlers.compare import buttons, dialog, goals, linked_runs, message, picker
from handlers.services import Feature, Services
from handlers.utterance import team
from handlers.watch import change, command, edit, notification_buttons
from handlers.watch import list as watch_list

FEATURES: tuple[ModuleType, ...] = (  # the order matters: what nobody else heard comes last
    conversation,
    message,
    picker,
    buttons,
    goals,
    dialog,
    linked_runs,
    curves,
    standup,
    channel_settings,
    access,
    help,
    command,
    watch_list,
    edit,
    change,
    notification_buttons,
    home,
    unfurl,
    departure,
    catch_all,
)
"""Each has `register(app)` where it listens to Slack by itself, and `REQUESTS`, `answer` and `show_progress` where it
answers requests that people type."""


def use(services: Services) -> Callable[..., Any]:
    """The middleware that puts what listeners may use into Bolt's context: `app.use(use(services))`."""

    def put_services(context: dict[str, Any], body: dict[str, Any], next_: Callable[[], Any]) -> None:
        context["services"] = services.of_workspace(team(body))
        next_()

    return put_services


def features_by_request() -> dict[type, Feature]:
    """The feature that answers each kind of request."""
    return {
        request: feature  # modules that name REQUESTS have what a Feature promises
        for feature in FEATURES
        for request in getattr(feature, "REQUESTS", ())
    }


def register_all(app: App) -> None:
    """Who is answered at all, then every feature's listeners, in the order of FEATURES."""
    app.use(outsiders.turn_away)
    for feature in FEATURES:
        if hasattr(feature, "register"):
            feature.register(app)
