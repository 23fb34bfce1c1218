"""What people do in the workspace, and what the bot is sent for it."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

from bot.playground.context import ApiError, Context
from bot.playground.events import EventDelivery, EventSender
from bot.playground.limits import check_options
from bot.playground.web_api import accepted_view, as_slack, change, content_of, is_true, links_of, view_stack
from bot.playground.workspace import APP, BOT_USER, Channel, Message, View, Workspace

Payload = dict[str, Any]


class UserActions:
    """What people do; each returns how the bot took it. Not for the server's own thread: it waits for the bot."""

    def __init__(self, context: Context, sender: EventSender) -> None:
        self._context = context
        self._sender = sender

    def command(self, command: str, text: str, *, channel: str, user: str) -> EventDelivery:
        """A slash command, typed in a channel."""
        workspace, installation = self._context.workspace, self._context.installation
        room = self._room(channel)
        if command not in installation.commands:
            self._slack_says(room, user, f"{command} is not a valid command.")
            return EventDelivery(0, 0.0, error="unknown_command")
        fields = {
            "token": "verification-token",
            "team_id": workspace.users[user].team,
            **({"enterprise_id": workspace.enterprise} if workspace.enterprise else {}),
            "team_domain": "playground",
            "channel_id": room.id,
            "channel_name": "directmessage" if room.is_im else room.name,
            "user_id": user,
            "user_name": workspace.users[user].name,
            "command": command,
            "text": as_command(workspace, text) if installation.escapes_commands else text,
            "api_app_id": APP,
            "is_enterprise_install": "true" if self._is_organisations() else "false",
            "response_url": self._response_url(room.id, user),
            "trigger_id": self._context.tickets.new_trigger(user),
        }
        delivery = self._sender.command(fields)
        if not delivery.was_taken:
            failure = "operation_timeout" if delivery.error == "http_timeout" else "dispatch_failed"
            self._slack_says(room, user, f"{command} failed with the error “{failure}”")
        elif delivery.answer:
            self._show_answer(room, user, delivery.answer, f"{command} {text}".strip())
        return delivery

    def message(
        self, text: str, *, channel: str, user: str, thread_ts: str = "", deliveries: int = 1
    ) -> tuple[Message, list[EventDelivery]]:
        """A message, and the events it makes: a mention, a direct message, or none."""
        workspace, room = self._context.workspace, self._room(channel)
        written = as_message(workspace, text)
        message = workspace.put(Message(workspace.new_ts(), room.id, user, written, thread_ts=thread_ts))
        done: list[EventDelivery] = []
        for event in [*self._events_of(message, room), *self._links_of(message.text, room, user, message)]:
            done += self.event(event, deliveries=deliveries, is_shared=room.is_shared)
        return message, done

    def compose(self, text: str, *, user: str) -> list[EventDelivery]:
        """A message that is being written: the app is told of its links before it is sent, and not where."""
        workspace = self._context.workspace
        done = [self.event(event) for event in self._links_of(as_message(workspace, text), None, user)]
        return [delivery for each in done for delivery in each]

    def event(self, event: Payload, *, deliveries: int = 1, is_shared: bool = False) -> list[EventDelivery]:
        """Any event, in its envelope, each delivery with the same event_id."""
        is_organisations, company = self._is_organisations(), self._context.workspace.enterprise or None
        authorization: Payload = {"enterprise_id": company, "user_id": BOT_USER, "is_bot": True}
        authorization["team_id"] = None if is_organisations else self._context.workspace.team
        authorization["is_enterprise_install"] = is_organisations
        payload = {
            "token": "verification-token",
            "team_id": self._context.workspace.team,
            **({"enterprise_id": company} if company else {}),
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self._context.workspace.clock()),
            "authorizations": [authorization],
            "is_ext_shared_channel": is_shared,
            "event_context": secrets.token_hex(8),
        }
        return self._sender.event(payload, deliveries)

    def open_home(self, user: str, tab: str = "home") -> list[EventDelivery]:
        if "app_home_opened" not in self._context.installation.events:
            return []
        shown = self._context.workspace.home.get(user)
        event: Payload = {
            "type": "app_home_opened",
            "user": user,
            "tab": tab,
            "event_ts": self._context.workspace.new_ts(),
        }
        event["channel"] = self._context.workspace.direct(user).id
        return self.event({**event, "view": shown.as_slack()} if shown else event)

    def press(self, message: Message, action: Payload, user: str) -> EventDelivery:
        """A button pressed or an option chosen in a message; `action` as Slack sends it."""
        room = self._room(message.channel)
        about: Payload = {"type": "message", "message_ts": message.ts, "channel_id": room.id}
        about |= {"is_ephemeral": message.is_ephemeral, "is_app_unfurl": False}
        if message.thread_ts:
            about["thread_ts"] = message.thread_ts
        name = "directmessage" if room.is_im else room.name
        payload = self._interaction("block_actions", user) | {
            "container": about,
            "channel": {"id": room.id, "name": name},
        }
        if not message.is_ephemeral:
            payload["message"] = message.as_slack()
        payload["response_url"] = self._response_url(room.id, user, message_ts=message.ts, thread_ts=message.thread_ts)
        return self._sender.interaction(payload | {"state": {"values": {}}, "actions": [self._timed(action)]})

    def press_in_view(self, view: View, action: Payload, user: str) -> EventDelivery:
        payload = self._interaction("block_actions", user)
        payload |= {"container": {"type": "view", "view_id": view.id}, "view": view.as_slack()}
        return self._sender.interaction(payload | {"actions": [self._timed(action)]})

    def submit(self, view: View, user: str) -> EventDelivery:
        """A modal sent off; what the bot answers decides what is on screen."""
        payload = self._interaction("view_submission", user) | {"view": view.as_slack(), "response_urls": []}
        delivery = self._sender.interaction(payload)
        if delivery.was_taken:
            self._follow(view, delivery.answer)
        return delivery

    def close_view(self, view: View, user: str) -> EventDelivery | None:
        self._take_away(view)
        if not view.content.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user) | {"view": view.as_slack(), "is_cleared": False}
        return self._sender.interaction(payload)

    def options(self, source: Message | View, query: Payload, user: str) -> EventDelivery:
        """The options of an external select; `asked` has action_id, block_id and value. Bad ones are an error."""
        payload = self._interaction("block_suggestion", user) | query
        if isinstance(source, View):
            payload |= {"container": {"type": "view", "view_id": source.id}, "view": source.as_slack()}
        else:
            payload |= {"container": {"type": "message", "message_ts": source.ts, "channel_id": source.channel}}
            payload |= {"channel": {"id": source.channel}, "message": source.as_slack()}
        delivery = self._sender.interaction(payload)
        refusal = check_options(delivery.answer) if delivery.was_taken else None
        return EventDelivery(delivery.status, delivery.seconds, delivery.body, refusal.error) if refusal else delivery

    def shortcut(self, callback_id: str, user: str, message: Message | None = None) -> EventDelivery:
        """A global shortcut, or with a message that message's."""
        payload = self._interaction("message_action" if message else "shortcut", user)
        payload |= {"callback_id": callback_id, "action_ts": self._context.workspace.new_ts()}
        if message:
            room = self._room(message.channel)
            url = self._response_url(room.id, user, thread_ts=message.thread_ts)
            payload |= {"message": message.as_slack(), "message_ts": message.ts, "response_url": url}
            payload["channel"] = {"id": room.id, "name": as_slack(room).get("name", "directmessage")}
        return self._sender.interaction(payload)

    def _events_of(self, message: Message, room: Channel) -> list[Payload]:
        event: Payload = {**message.as_slack(), "channel": room.id, "event_ts": message.ts}
        team = self._context.workspace.users[message.user].team
        if room.is_shared or team != self._context.workspace.team:
            event |= {"team": team, "user_team": team, "source_team": team}
        wanted = self._context.installation.events
        kind = "im" if room.is_im else "group" if room.is_private else "channel"
        name = "message.im" if room.is_im else "message.groups" if room.is_private else "message.channels"
        events = []
        if mentions_bot(message.text) and not room.is_im and "app_mention" in wanted:
            events.append({**event, "type": "app_mention"})
        if name in wanted and BOT_USER in room.members:
            events.append({**event, "channel_type": kind})
        return events

    def _links_of(
        self, text: str, room: Channel | None, user: str, message: Message | None = None
    ) -> Iterator[Payload]:
        """One event for all links of the app's domains."""
        installation = self._context.installation
        links = [{"domain": domain, "url": url} for url, domain in links_of(text, installation.unfurl_domains)]
        if not links or "link_shared" not in installation.events or "links:read" not in installation.scopes:
            return
        stamp = self._context.workspace.new_ts()
        event: Payload = {"type": "link_shared", "user": user, "links": links, "event_ts": stamp}
        event |= {"unfurl_id": f"U{secrets.token_hex(8)}", "channel": room.id if room else "COMPOSER"}
        event |= {"source": "conversations_history" if room else "composer"}
        event |= {"message_ts": message.ts if message else f"Uxxxxxxx-{stamp}"}
        event |= {"is_bot_user_member": room is not None and BOT_USER in room.members}
        if message is not None and message.thread_ts:
            event["thread_ts"] = message.thread_ts
        yield event

    def _interaction(self, kind: str, user: str) -> Payload:
        person, company = self._context.workspace.users[user], self._context.workspace.enterprise
        return {
            "type": kind,
            "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team},
            "api_app_id": APP,
            "token": "verification-token",
            "trigger_id": self._context.tickets.new_trigger(user),
            "team": {"id": self._context.workspace.team, "domain": "playground"},
            "enterprise": {"id": company, "name": "Organisation"} if company else None,
            "is_enterprise_install": self._is_organisations(),
        }

    def _is_organisations(self) -> bool:
        """Whether the app is installed in all of the organisation, and not in this workspace for itself."""
        workspace, oauth = self._context.workspace, self._context.oauth
        return not oauth.is_installed(workspace.team) and oauth.is_installed(workspace.enterprise)

    def _timed(self, action: Payload) -> Payload:
        return {**action, "action_ts": self._context.workspace.new_ts()}

    def _room(self, channel: str) -> Channel:
        room = self._context.workspace.channel(channel)
        if room is None:
            raise LookupError(f"The workspace has no channel {channel}.")
        return room

    def _response_url(self, channel: str, user: str, **about: str) -> str:
        return f"{self._context.url}response/{self._context.tickets.new_url(channel, user, **about)}"

    def _slack_says(self, room: Channel, user: str, text: str) -> None:
        workspace = self._context.workspace
        workspace.put(Message(workspace.new_ts(), room.id, user, text, only_to=user, by_slack=True))

    def _show_answer(self, room: Channel, user: str, answer: Payload, typed: str) -> None:
        try:
            content = content_of(self._context, answer)
        except ApiError as refused:
            if str(refused) != "no_text":
                self._slack_says(room, user, f"The app's answer could not be shown: “{refused}”")
            return
        all_see = answer.get("response_type") == "in_channel"
        seen_by: Payload = {"command": typed} if all_see else {"only_to": user}
        self._context.workspace.put(Message(self._context.workspace.new_ts(), room.id, BOT_USER, **content, **seen_by))

    def _follow(self, view: View, answer: Payload) -> None:
        """What `response_action` asks for; errors are left to whoever draws the modal."""
        wish = answer.get("response_action")
        if wish == "errors":
            return
        if wish == "clear":
            with self._context.workspace.changing():
                self._context.workspace.open_views = []
        elif wish == "update":
            change(self._context, view, accepted_view(self._context, answer.get("view")))
        elif wish == "push":
            view_stack(self._context, view.user, accepted_view(self._context, answer.get("view")))
        else:
            self._take_away(view)

    def _take_away(self, view: View) -> None:
        workspace = self._context.workspace
        with workspace.changing():
            everything = is_true(view.content.get("clear_on_close"))
            workspace.open_views = [] if everything else [other for other in workspace.open_views if other != view.id]


# What Slack sends for a button pressed or an option chosen.


Block = dict[str, Any]


def find_action(blocks: list[Block], action_id: str, value: str | None = None) -> dict[str, Any]:
    """The action for the element, with `value` chosen. Raises LookupError naming those there are."""
    found = list(elements_of(blocks))
    for block, element in found:
        if element.get("action_id") == action_id:
            return action_of(block, element, value)
    raise LookupError(f"There is no {action_id}; there are {[element.get('action_id') for _, element in found]}.")


def elements_of(blocks: list[Block]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Everything that can be used, with its block."""
    for block in blocks:
        yield from elements_of(block.get("child_blocks") or [])
        if block["type"] == "carousel":
            yield from elements_of(block["elements"])
            continue
        for holder in ("accessory", "element"):
            if isinstance(block.get(holder), dict):
                yield block, block[holder]
        holders = ("elements",) if block["type"] in ("actions", "context_actions") else ("actions",)
        for holder in holders:
            yield from ((block, element) for element in block.get(holder) or [])
        if block["type"] == "data_table":
            cells = [cell for row in block["rows"] for cell in row if cell["type"] == "action_cell"]
            yield from ((block, cell["element"]) for cell in cells)


def action_of(block: Block, element: dict[str, Any], value: str | None) -> dict[str, Any]:
    about: dict[str, Any] = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    kind = element["type"]
    if kind in ("button", "icon_button"):
        known: dict[str, Any] = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return {**about, **known}
    if kind == "feedback_buttons":
        return {**about, "value": value or element["positive_button"]["value"]}
    if kind in ("overflow", "static_select", "radio_buttons", "external_select"):
        return {**about, "selected_option": option_of(element, value)}
    if kind == "checkboxes" or kind.startswith("multi_"):
        return {**about, "selected_options": [option_of(element, value)]}
    names = {
        "users_select": "selected_user",
        "channels_select": "selected_channel",
        "conversations_select": "selected_conversation",
        "datepicker": "selected_date",
        "timepicker": "selected_time",
        "datetimepicker": "selected_date_time",
    }
    return {**about, names.get(kind, "value"): value}


def option_of(element: dict[str, Any], value: str | None) -> dict[str, Any]:
    """The option with the value; one that was loaded from elsewhere is only its value."""
    groups = [group["options"] for group in element.get("option_groups") or []]
    options: list[dict[str, Any]] = [*(element.get("options") or []), *(o for options in groups for o in options)]
    for option in options:
        if value is None or option["value"] == value:
            return option
    return {"text": {"type": "plain_text", "text": value or ""}, "value": value or ""}


# What Slack makes of what a person types: escapes, mentions, channels, links.


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
