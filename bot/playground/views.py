"""Web API: views.*."""

import secrets
from dataclasses import replace
from typing import Any

from bot.playground.chat import Answer, Arguments
from bot.playground.desk import Desk, SlackError
from bot.playground.limits import check_view
from bot.playground.posting import named
from bot.playground.state import View

DEEPEST = 3


def open_view(desk: Desk, arguments: Arguments) -> Answer:
    user, error = desk.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise SlackError(error)
    content = _content(desk, arguments, "modal")
    view = View(desk.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with desk.workspace.changing():
        desk.workspace.views[view.id] = view
        desk.workspace.open_views = [view.id]
    return {"ok": True, "view": view.as_slack()}


def push(desk: Desk, arguments: Arguments) -> Answer:
    user, error = desk.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise SlackError(error)
    view = stack(desk, user, _content(desk, arguments, "modal"))
    return {"ok": True, "view": view.as_slack()}


def stack(desk: Desk, user: str, content: dict[str, Any]) -> View:
    """A view over those on screen. Raises SlackError when there are three already."""
    under = desk.workspace.open_views
    if len(under) >= DEEPEST:
        raise SlackError("push_limit_reached")
    root, previous = (under[0], under[-1]) if under else ("", "")
    view = View(desk.workspace.new_id("V"), user, content, secrets.token_hex(8), root, previous)
    with desk.workspace.changing():
        desk.workspace.views[view.id] = view
        desk.workspace.open_views = [*under, view.id]
    return view


def update(desk: Desk, arguments: Arguments) -> Answer:
    view_id, external = arguments.get("view_id"), arguments.get("external_id")
    found = [
        view
        for view in desk.workspace.views.values()
        if view.id == view_id or (external and view.content.get("external_id") == external)
    ]
    if not found:
        raise SlackError("not_found")
    if arguments.get("hash") not in (None, "", found[-1].hash):
        raise SlackError("hash_conflict")
    view = change(desk, found[-1], _content(desk, arguments, found[-1].content["type"]))
    return {"ok": True, "view": view.as_slack()}


def change(desk: Desk, view: View, content: dict[str, Any]) -> View:
    """Inputs whose block keeps its id keep what was typed."""
    kept = {block["block_id"] for block in content["blocks"]}
    values = {block: value for block, value in view.values.items() if block in kept}
    changed = replace(view, content=content, hash=secrets.token_hex(8), values=values)
    with desk.workspace.changing():
        desk.workspace.views[view.id] = changed
    return changed


def publish(desk: Desk, arguments: Arguments) -> Answer:
    user = str(arguments.get("user_id") or "")
    if user not in desk.workspace.users:
        raise SlackError("invalid_arguments")
    shown = desk.workspace.home.get(user)
    if shown and arguments.get("hash") not in (None, "", shown.hash):
        raise SlackError("hash_conflict")
    content = _content(desk, arguments, "home")
    view = View(shown.id if shown else desk.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with desk.workspace.changing():
        desk.workspace.home[user] = view
        desk.workspace.views[view.id] = view
    return {"ok": True, "view": view.as_slack()}


def accepted(desk: Desk, view: Any) -> dict[str, Any]:
    """The view as Slack keeps it. Raises SlackError with each fault's place."""
    refusal = check_view(view)
    if refusal:
        raise SlackError.refusing(refusal)
    return {**view, "blocks": list(named(desk.workspace, view["blocks"]))}


def _content(desk: Desk, arguments: Arguments, kind: str) -> dict[str, Any]:
    content = accepted(desk, arguments.get("view"))
    if content["type"] != kind:
        raise SlackError("invalid_arguments")
    return content
