"""Slack in, Slack out: one file a feature, and the drawing of reports as Block Kit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_bolt import App

    from handlers.services import Services


def use(services: "Services") -> Callable[..., Any]:
    """The middleware that puts what listeners may use into Bolt's context: `app.use(use(services))`."""

    def put_services(context: dict[str, Any], next_: Callable[[], Any]) -> None:
        context["services"] = services
        next_()

    return put_services


def register_all(app: "App") -> None:
    """Every feature's listeners. The order matters: what nobody else heard comes last."""
    from handlers import (  # noqa: PLC0415 -- parts of handlers are used without Bolt
        announced,
        catch_all,
        compare,
        dialog,
        followups,
        goals,
        home,
        listening,
        picking,
        shortcuts,
        suggesting,
        watch_buttons,
    )

    chosen = (picking, followups, goals, dialog, suggesting, shortcuts)
    watched = (watch_buttons, announced)
    for feature in (listening, compare, *chosen, *watched, home, catch_all):
        feature.register(app)
