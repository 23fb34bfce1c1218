"""What Slack makes of what a person types: escapes, mentions, channels, links."""

import re

from bot.playground.state import BOT_USER, Workspace

_PARTS = re.compile(r"(?P<link>https?://[^\s<>|]*[^\s<>|.,;:!?'\")\]}])|(?P<mark>[@#])(?P<name>[\w.-]*\w)")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_message(workspace: Workspace, typed: str) -> str:
    """The text of a message: `<@U…>`, `<#C…|name>`, `<https://…>`, and `&`, `<`, `>` escaped."""
    return _written(workspace, typed, with_names=False)


def as_command(workspace: Workspace, typed: str) -> str:
    """The text of a slash command whose manifest says `should_escape`: `<@U…|name>`, and the rest as in a message."""
    return _written(workspace, typed, with_names=True)


def mentions_bot(text: str) -> bool:
    return re.search(rf"<@{BOT_USER}(\|[^>]*)?>", text) is not None


def _written(workspace: Workspace, typed: str, *, with_names: bool) -> str:
    known = re.compile(rf"<@({'|'.join(map(re.escape, workspace.users))})>")
    written, done = [], 0
    for found in re.finditer(f"{known.pattern}|{_PARTS.pattern}", typed):
        written.append(escaped(typed[done : found.start()]))
        written.append(_replaced(workspace, found, with_names=with_names))
        done = found.end()
    return "".join([*written, escaped(typed[done:])])


def _replaced(workspace: Workspace, found: re.Match[str], *, with_names: bool) -> str:
    if found["link"]:
        return f"<{escaped(found['link'])}>"
    if found[1]:
        return found[0]
    users = {user.name: user for user in workspace.users.values()}
    rooms = {room.name: room for room in workspace.channels.values() if room.name}
    if found["mark"] == "@" and found["name"] in users:
        user = users[found["name"]]
        return f"<@{user.id}|{user.name}>" if with_names else f"<@{user.id}>"
    if found["mark"] == "#" and found["name"] in rooms:
        return f"<#{rooms[found['name']].id}|{found['name']}>"
    return escaped(found[0])
