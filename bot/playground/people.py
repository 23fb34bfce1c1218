"""What people do in the workspace, and what the bot is sent for it."""

import secrets
from typing import Any

from bot.playground.chat import is_true
from bot.playground.conversations import as_slack
from bot.playground.deliveries import Courier, Delivery
from bot.playground.desk import Desk, SlackError
from bot.playground.limits import check_options
from bot.playground.posting import content_of
from bot.playground.state import APP, BOT_USER, TEAM, Channel, Message, View
from bot.playground.typed import as_command, as_message, mentions_bot
from bot.playground.views import accepted, change, stack

Payload = dict[str, Any]


class People:
    """Each doing returns how the bot took it. Not for the server's own thread: it waits for the bot."""

    def __init__(self, desk: Desk, courier: Courier) -> None:
        self._desk = desk
        self._courier = courier

    def command(self, command: str, text: str, *, channel: str, user: str) -> Delivery:
        """A slash command, typed in a channel."""
        workspace, installation = self._desk.workspace, self._desk.installation
        room = self._room(channel)
        if command not in installation.commands:
            self._slack_says(room, user, f"{command} is not a valid command.")
            return Delivery(0, 0.0, error="unknown_command")
        fields = {
            "token": "verification-token",
            "team_id": TEAM,
            "team_domain": "playground",
            "channel_id": room.id,
            "channel_name": "directmessage" if room.is_im else room.name,
            "user_id": user,
            "user_name": workspace.users[user].name,
            "command": command,
            "text": as_command(workspace, text) if installation.escapes_commands else text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self._response_url(room.id, user),
            "trigger_id": self._desk.tickets.new_trigger(user),
        }
        delivery = self._courier.command(fields)
        if not delivery.was_taken:
            failure = "operation_timeout" if delivery.error == "http_timeout" else "dispatch_failed"
            self._slack_says(room, user, f"{command} failed with the error “{failure}”")
        elif delivery.answer:
            self._show_answer(room, user, delivery.answer, f"{command} {text}".strip())
        return delivery

    def message(
        self, text: str, *, channel: str, user: str, thread_ts: str = "", deliveries: int = 1
    ) -> tuple[Message, list[Delivery]]:
        """A message, and the events it makes: a mention, a direct message, or none."""
        workspace, room = self._desk.workspace, self._room(channel)
        written = as_message(workspace, text)
        message = workspace.put(Message(workspace.new_ts(), room.id, user, written, thread_ts=thread_ts))
        done: list[Delivery] = []
        for event in self._events_of(message, room):
            done += self.event(event, deliveries=deliveries)
        return message, done

    def event(self, event: Payload, *, deliveries: int = 1) -> list[Delivery]:
        """Any event, in its envelope, each delivery with the same event_id."""
        authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
        payload = {
            "token": "verification-token",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self._desk.workspace.clock()),
            "authorizations": [{**authorization, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": secrets.token_hex(8),
        }
        return self._courier.event(payload, deliveries)

    def open_home(self, user: str, tab: str = "home") -> list[Delivery]:
        if "app_home_opened" not in self._desk.installation.events:
            return []
        shown = self._desk.workspace.home.get(user)
        event: Payload = {
            "type": "app_home_opened",
            "user": user,
            "tab": tab,
            "event_ts": self._desk.workspace.new_ts(),
        }
        event["channel"] = self._desk.workspace.direct(user).id
        return self.event({**event, "view": shown.as_slack()} if shown else event)

    def press(self, message: Message, action: Payload, user: str) -> Delivery:
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
        return self._courier.interaction(payload | {"state": {"values": {}}, "actions": [self._timed(action)]})

    def press_in_view(self, view: View, action: Payload, user: str) -> Delivery:
        payload = self._interaction("block_actions", user)
        payload |= {"container": {"type": "view", "view_id": view.id}, "view": view.as_slack()}
        return self._courier.interaction(payload | {"actions": [self._timed(action)]})

    def submit(self, view: View, user: str) -> Delivery:
        """A modal sent off; what the bot answers decides what is on screen."""
        payload = self._interaction("view_submission", user) | {"view": view.as_slack(), "response_urls": []}
        delivery = self._courier.interaction(payload)
        if delivery.was_taken:
            self._follow(view, delivery.answer)
        return delivery

    def close_view(self, view: View, user: str) -> Delivery | None:
        self._take_away(view)
        if not view.content.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user) | {"view": view.as_slack(), "is_cleared": False}
        return self._courier.interaction(payload)

    def options(self, source: Message | View, asked: Payload, user: str) -> Delivery:
        """The options of an external select; `asked` has action_id, block_id and value. Bad ones are an error."""
        payload = self._interaction("block_suggestion", user) | asked
        if isinstance(source, View):
            payload |= {"container": {"type": "view", "view_id": source.id}, "view": source.as_slack()}
        else:
            payload |= {"container": {"type": "message", "message_ts": source.ts, "channel_id": source.channel}}
            payload |= {"channel": {"id": source.channel}, "message": source.as_slack()}
        delivery = self._courier.interaction(payload)
        refusal = check_options(delivery.answer) if delivery.was_taken else None
        return Delivery(delivery.status, delivery.seconds, delivery.body, refusal.error) if refusal else delivery

    def shortcut(self, callback_id: str, user: str, message: Message | None = None) -> Delivery:
        """A global shortcut, or with a message that message's."""
        payload = self._interaction("message_action" if message else "shortcut", user)
        payload |= {"callback_id": callback_id, "action_ts": self._desk.workspace.new_ts()}
        if message:
            room = self._room(message.channel)
            url = self._response_url(room.id, user, thread_ts=message.thread_ts)
            payload |= {"message": message.as_slack(), "message_ts": message.ts, "response_url": url}
            payload["channel"] = {"id": room.id, "name": as_slack(room).get("name", "directmessage")}
        return self._courier.interaction(payload)

    def _events_of(self, message: Message, room: Channel) -> list[Payload]:
        event: Payload = {**message.as_slack(), "channel": room.id, "event_ts": message.ts}
        wanted = self._desk.installation.events
        kind = "im" if room.is_im else "group" if room.is_private else "channel"
        name = "message.im" if room.is_im else "message.groups" if room.is_private else "message.channels"
        events = []
        if mentions_bot(message.text) and not room.is_im and "app_mention" in wanted:
            events.append({**event, "type": "app_mention"})
        if name in wanted and BOT_USER in room.members:
            events.append({**event, "channel_type": kind})
        return events

    def _interaction(self, kind: str, user: str) -> Payload:
        name = self._desk.workspace.users[user].name
        return {
            "type": kind,
            "user": {"id": user, "username": name, "name": name, "team_id": TEAM},
            "api_app_id": APP,
            "token": "verification-token",
            "trigger_id": self._desk.tickets.new_trigger(user),
            "team": {"id": TEAM, "domain": "playground"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _timed(self, action: Payload) -> Payload:
        return {**action, "action_ts": self._desk.workspace.new_ts()}

    def _room(self, channel: str) -> Channel:
        room = self._desk.workspace.channel(channel)
        if room is None:
            raise LookupError(f"The workspace has no channel {channel}.")
        return room

    def _response_url(self, channel: str, user: str, **about: str) -> str:
        return f"{self._desk.url}response/{self._desk.tickets.new_url(channel, user, **about)}"

    def _slack_says(self, room: Channel, user: str, text: str) -> None:
        workspace = self._desk.workspace
        workspace.put(Message(workspace.new_ts(), room.id, user, text, only_to=user, by_slack=True))

    def _show_answer(self, room: Channel, user: str, answer: Payload, typed: str) -> None:
        try:
            content = content_of(self._desk, answer)
        except SlackError as refused:
            if str(refused) != "no_text":
                self._slack_says(room, user, f"The app's answer could not be shown: “{refused}”")
            return
        all_see = answer.get("response_type") == "in_channel"
        seen_by: Payload = {"command": typed} if all_see else {"only_to": user}
        self._desk.workspace.put(Message(self._desk.workspace.new_ts(), room.id, BOT_USER, **content, **seen_by))

    def _follow(self, view: View, answer: Payload) -> None:
        """What `response_action` asks for; errors are left to whoever draws the modal."""
        wish = answer.get("response_action")
        if wish == "errors":
            return
        if wish == "clear":
            with self._desk.workspace.changing():
                self._desk.workspace.open_views = []
        elif wish == "update":
            change(self._desk, view, accepted(self._desk, answer.get("view")))
        elif wish == "push":
            stack(self._desk, view.user, accepted(self._desk, answer.get("view")))
        else:
            self._take_away(view)

    def _take_away(self, view: View) -> None:
        workspace = self._desk.workspace
        with workspace.changing():
            everything = is_true(view.content.get("clear_on_close"))
            workspace.open_views = [] if everything else [other for other in workspace.open_views if other != view.id]
