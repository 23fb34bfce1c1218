"""Slack in, Slack out: one file a feature, and the drawing of reports as Block Kit."""

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_bolt import App

    from handlers.conversation import Feature
    from handlers.services import Services


def use(services: "Services") -> Callable[..., Any]:
    """The middleware that puts what listeners may use into Bolt's context: `app.use(use(services))`."""

    def put_services(context: dict[str, Any], next_: Callable[[], Any]) -> None:
        context["services"] = services
        next_()

    return put_services


def all_features() -> tuple[ModuleType, ...]:
    """Every feature, a line each. The order matters: what nobody else heard comes last.

    A feature has `register(app)` where it listens to Slack by itself, and `REQUESTS`, `answer` and `show_progress`
    where it answers requests that people type.
    """
    from handlers import (  # noqa: PLC0415 -- parts of handlers are used without Bolt
        catch_all,
        channel_settings,
        conversation,
        curves,
        help,  # noqa: A004 -- the feature is called what people type
        home,
        standup,
        unfurl,
    )
    from handlers.access import feature as access  # noqa: PLC0415 -- as above
    from handlers.compare import buttons, dialog, goals, linked_runs, message, picker  # noqa: PLC0415 -- as above
    from handlers.watch import command, edit, notification_buttons  # noqa: PLC0415 -- as above
    from handlers.watch import list as watch_list  # noqa: PLC0415 -- as above

    return (
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
        notification_buttons,
        home,
        unfurl,
        catch_all,
    )


def features_by_request() -> dict[type, "Feature"]:
    """Which feature answers which kind of request."""
    return {
        request: feature  # modules that name REQUESTS have what a Feature promises
        for feature in all_features()
        for request in getattr(feature, "REQUESTS", ())
    }


def register_all(app: "App") -> None:
    """Who is answered at all, then every feature's listeners, in the order of `all_features`."""
    from handlers.access import outsiders  # noqa: PLC0415 -- as above

    app.use(outsiders.turn_away)
    for feature in all_features():
        if hasattr(feature, "register"):
            feature.register(app)
