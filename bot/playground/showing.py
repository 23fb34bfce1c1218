"""What the page shows, as JSON: the workspace as one person sees it, and what a message or a call is made of."""

from typing import Any

from bot.playground.conversations import as_slack
from bot.playground.desk import Desk
from bot.playground.limits import measure
from bot.playground.sockets import Sockets
from bot.playground.state import BOT_USER, TEAM, Message, Workspace

CALLS_SHOWN = 100
OK = 200


def snapshot(desk: Desk, sockets: Sockets, user: str) -> dict[str, Any]:
    workspace = desk.workspace
    with workspace.changed:
        top = workspace.views[workspace.open_views[-1]] if workspace.open_views else None
        home = workspace.home.get(user)
        return {
            "team": TEAM,
            "me": user,
            "bot": BOT_USER,
            "users": {
                person.id: {"name": person.name, "real_name": person.real_name, "is_bot": person.is_bot}
                for person in workspace.users.values()
            },
            "channels": [as_slack(room) for room in workspace.channels.values() if user in room.members],
            "messages": [_seen(message) for message in workspace.everything() if message.only_to in ("", user)],
            "view": top.as_slack() if top and top.user == user else None,
            "home": home.as_slack() if home else None,
            "reactions": workspace.reactions,
            "faults": [fault.as_json() for fault in desk.faults.active],
            "calls": _calls(workspace),
            "connection": "socket" if sockets.count else "http" if desk.bot_url else "",
            "commands": sorted(desk.installation.commands),
        }


def message_details(message: Message) -> dict[str, Any]:
    """The message as Slack has it, and how near it is to each limit."""
    return {"message": message.as_slack(with_metadata=True), "figures": measure(message.text, list(message.blocks))}


def call_details(workspace: Workspace, number: int) -> dict[str, Any] | None:
    with workspace.changed:
        if number >= len(workspace.calls):
            return None
        call = workspace.calls[number]
    return {"method": call.method, "arguments": call.arguments, "status": call.status, "answer": call.answer}


def _seen(message: Message) -> dict[str, Any]:
    return {
        **message.as_slack(),
        "channel": message.channel,
        "ephemeral": message.is_ephemeral,
        "command": message.command,
        "by_slack": message.by_slack,
        "broadcast": message.broadcast,
    }


def _calls(workspace: Workspace) -> list[dict[str, Any]]:
    first = max(0, len(workspace.calls) - CALLS_SHOWN)
    return [
        {
            "number": first + at,
            "method": call.method,
            "at": call.at,
            "status": call.status,
            "error": (call.answer or {}).get("error", "") if call.answer is not None else _unsaid(call.status),
            "problems": (call.answer or {}).get("errors", []),
        }
        for at, call in enumerate(workspace.calls[first:])
    ]


def _unsaid(status: int) -> str:
    """Why there is no answer in JSON: a response_url answers "ok", a fault answers HTML or nothing."""
    return "" if status == OK else f"HTTP {status}" if status else "connection ended"
