"""A Slack in this process: what a bot can call, what a bot is sent, and everything a test wants to know of both."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from bot.playground.context import Context, Installation, Tickets
from bot.playground.events import EventDelivery, EventSender, Sockets
from bot.playground.faults import Faults, RateLimits
from bot.playground.oauth import OAuth
from bot.playground.server import Pages, Serving, build
from bot.playground.user_actions import UserActions, find_action
from bot.playground.web_api import as_slack
from bot.playground.workspace import BOT_USER, Call, Channel, Files, Message, View, Workspace, furnish

EXPERIMENTS, STANDUP, GENERAL = "C0EXPERIMENTS", "C0STANDUP", "C0GENERAL"
MAYA = "U0MAYA"
WAIT = 30.0
_GLANCE = 0.05  # seconds after which it is looked again: what is waited for may be of the bot, not of the workspace


class Neighbour:
    """A workspace beside the stand-in's own: what people do there, and what there is to see."""

    def __init__(self, context: Context, people: UserActions) -> None:
        self._context = context
        self.workspace = context.workspace
        self.people = people
        self.faults = context.faults
        ending = context.workspace.team.removeprefix("T")
        self.channel, self.user = f"C0EXPERIMENTS{ending}", f"U0MAYA{ending}"

    def command(self, text: str) -> EventDelivery:
        return self.people.command("/mlcompare", text, channel=self.channel, user=self.user)

    def mention(self, text: str) -> list[EventDelivery]:
        return self.people.message(f"@mlcompare {text}", channel=self.channel, user=self.user)[1]

    def event(self, kind: str, **more: Any) -> list[EventDelivery]:
        """One of Slack's own events, such as `app_uninstalled`."""
        return self.people.event({"type": kind, "event_ts": self.workspace.new_ts(), **more})

    def posts(self) -> list[Message]:
        """What the bot said, to all or to one person."""
        return [each for each in self.workspace.everything() if each.user == BOT_USER and not each.by_slack]

    @property
    def calls(self) -> list[Call]:
        with self.workspace.changed:
            return list(self.workspace.calls)


class SlackStandIn:
    """`with SlackStandIn() as slack:` Slack is at `slack.api_url`; set `slack.bot_url` to where the bot listens.

    With a socket open, the bot is sent everything there. The bot has joined #ml-experiments and #standup, not #general.
    """

    def __init__(
        self,
        installation: Installation | None = None,
        *,
        bot_url: str = "",
        port: int = 0,
        workspace: Workspace | None = None,
    ) -> None:
        self.installation = installation or Installation()
        self.workspace = workspace or Workspace()
        if not self.workspace.users:
            furnish(self.workspace)
        clock = self.workspace.clock
        self._serving = Serving(port)
        self.sockets = Sockets()
        self.sockets.hang_up = self._serving.connections.hang_up
        self._context = Context(self.installation, self.workspace, Tickets(clock), RateLimits(clock), bot_url=bot_url)
        self._context.url = self._serving.url
        self.oauth = self._context.oauth = OAuth(clock)
        self.oauth.know(self._context)
        self.neighbours: list[Neighbour] = []
        self._others: list[Context] = []
        self._context.open_socket = lambda: (
            f"{self.url.replace('http', 'ws', 1)}socket?ticket={self.sockets.new_ticket()}"
        )
        self.sender = EventSender(self._context, self.sockets)
        self.people = UserActions(self._context, self.sender)

    @property
    def url(self) -> str:
        """The page, ending in "/"."""
        return self._serving.url

    @property
    def api_url(self) -> str:
        """Address for SLACK_API_URL."""
        return f"{self.url}api/"

    @property
    def bot_url(self) -> str:
        return self._context.bot_url

    @bot_url.setter
    def bot_url(self, address: str) -> None:
        for context in (self._context, *self._others):
            context.bot_url = address

    @property
    def examples(self) -> tuple[str, ...]:
        """Lines that can be clicked on the page."""
        return self._context.examples

    @examples.setter
    def examples(self, lines: tuple[str, ...]) -> None:
        self._context.examples = lines

    @property
    def on_calm(self) -> Callable[[], None]:
        """Called when faults are switched off, for a bot that learnt from them."""
        return self._context.on_calm

    @on_calm.setter
    def on_calm(self, forget: Callable[[], None]) -> None:
        self._context.on_calm = forget

    @property
    def faults(self) -> Faults:
        return self._context.faults

    @property
    def files(self) -> Files:
        """What was uploaded."""
        return self._context.files

    def reinstall(self, **changes: Any) -> None:
        """Change scopes, events, secrets … of the installation from now on."""
        self.installation = self._context.installation = replace(self.installation, **changes)

    def add_workspace(self, team: str, name: str, *, enterprise: str = "") -> "Neighbour":
        """Another workspace of the same Slack, with people and channels of its own, whose ids end as the team's.

        The app has to be installed there before anything is answered: see `oauth`.
        """
        workspace = Workspace(self.workspace.clock, team=team, name=name, enterprise=enterprise)
        clock = workspace.clock
        installation = replace(self.installation, bot_token=f"xoxb-none-{team}")
        context = Context(installation, workspace, Tickets(clock), RateLimits(clock), bot_url=self.bot_url)
        context.url, context.oauth = self._serving.url, self.oauth
        furnish(workspace, team.removeprefix("T"))
        self.oauth.know(context)
        self._others.append(context)
        self.neighbours.append(Neighbour(context, UserActions(context, EventSender(context, self.sockets))))
        return self.neighbours[-1]

    def start(self) -> Self:
        pages = Pages(self._context, self.people, self.sockets)
        self._serving.start(
            build(self._context, self.sockets, self._serving.connections.hang_up, pages.routes(), self._others)
        )
        return self

    def stop(self) -> None:
        self.sender.close()
        with self.workspace.changing():
            self.workspace.is_closing = True
        self._serving.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What people do

    def command(self, command: str, text: str = "", *, channel: str = EXPERIMENTS, user: str = MAYA) -> EventDelivery:
        return self.people.command(command, text, channel=channel, user=user)

    def mention(
        self, text: str, *, channel: str = EXPERIMENTS, user: str = MAYA, thread_ts: str = "", deliveries: int = 1
    ) -> list[EventDelivery]:
        """`@mlcompare` and the text; with `deliveries` the same event comes several times, retries marked."""
        words = {"channel": channel, "user": user, "thread_ts": thread_ts}
        return self.people.message(f"@mlcompare {text}", **words, deliveries=deliveries)[1]

    def direct_message(
        self, text: str, *, user: str = MAYA, thread_ts: str = "", deliveries: int = 1
    ) -> list[EventDelivery]:
        words = {"channel": self.workspace.direct(user).id, "user": user, "thread_ts": thread_ts}
        return self.people.message(text, **words, deliveries=deliveries)[1]

    def say(self, text: str, *, channel: str = EXPERIMENTS, user: str = MAYA, thread_ts: str = "") -> Message:
        """A message as typed; the bot hears of it when it would on Slack."""
        return self.people.message(text, channel=channel, user=user, thread_ts=thread_ts)[0]

    def press(self, message: Message, action_id: str, *, value: str | None = None, user: str = MAYA) -> EventDelivery:
        """A button pressed, or with `value` that option chosen. The message as it is by now is what counts."""
        now = self.workspace.find(message.channel, message.ts) or message
        return self.people.press(now, find_action(list(now.blocks), action_id, value), user)

    def press_in_view(self, view: View, action_id: str, *, value: str | None = None, user: str = MAYA) -> EventDelivery:
        now = self.workspace.views[view.id]
        return self.people.press_in_view(now, find_action(now.content["blocks"], action_id, value), user)

    def submit(self, view: View, values: dict[str, Any] | None = None, *, user: str = MAYA) -> EventDelivery:
        """A modal sent off; `values` as `view.state.values` holds them."""
        now = replace(self.workspace.views[view.id], values=values or {})
        with self.workspace.changing():
            self.workspace.views[view.id] = now
        return self.people.submit(now, user)

    def suggest(
        self, source: Message | View, action_id: str, typed: str = "", *, block_id: str = "", user: str = MAYA
    ) -> EventDelivery:
        """The options that an external select offers for what is typed."""
        return self.people.options(source, {"action_id": action_id, "block_id": block_id, "value": typed}, user)

    def archive(self, channel: str, *, is_archived: bool = True) -> None:
        """A channel put into the archive, or taken out of it again."""
        self.workspace.change_channel(self._room(channel), is_archived=is_archived)

    def leave(self, channel: str, user: str = BOT_USER) -> None:
        """Somebody is no longer in a channel; unsaid, the bot was removed from it."""
        room = self._room(channel)
        self.workspace.change_channel(room, members=room.members - {user})

    def join(self, channel: str, user: str = BOT_USER) -> None:
        """Somebody is in a channel from now on; unsaid, the bot was invited to it."""
        room = self._room(channel)
        self.workspace.change_channel(room, members=room.members | {user})

    # What there is to see

    def messages(self, channel: str = "", *, thread_ts: str = "") -> list[Message]:
        """What the bot posted for all to see, oldest first; of all channels, of one, or of one thread."""
        return [
            message
            for message in self.workspace.everything(self._id(channel))
            if message.user == "U0MLCOMPARE" and not message.is_ephemeral and thread_ts in ("", message.thread_ts)
        ]

    @property
    def ephemerals(self) -> list[Message]:
        """What only one person sees, Slack's own words too."""
        return [message for message in self.workspace.everything() if message.is_ephemeral]

    @property
    def calls(self) -> list[Call]:
        with self.workspace.changed:
            return list(self.workspace.calls)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    @property
    def modal(self) -> View | None:
        """The view on top."""
        shown = self.workspace.open_views
        return self.workspace.views[shown[-1]] if shown else None

    def home(self, user: str = MAYA) -> View | None:
        return self.workspace.home.get(user)

    def wait_until(self, holds: Callable[[], Any], timeout: float = WAIT) -> Any:
        """Waits until it is true and returns that. Raises AssertionError with what there is to see when time is up."""
        ends = time.monotonic() + timeout
        with self.workspace.changed:
            while not (result := holds()) and time.monotonic() < ends:
                self.workspace.changed.wait(_GLANCE)
        if not result:
            seen = "\n".join(f"  {message.channel} {message.text!r}" for message in self.workspace.everything())
            made = ", ".join(call.method for call in self.calls)
            raise AssertionError(f"Not within {timeout} s. Calls: {made or 'none'}. Messages:\n{seen or '  none'}")
        return result

    def wait_for_message(
        self, contains: str = "", *, channel: str = "", thread_ts: str = "", timeout: float = WAIT
    ) -> Message:
        """The first message of the bot for all to see that holds the words, in its text or its blocks."""
        return self._wait(lambda: self.messages(channel, thread_ts=thread_ts), contains, timeout)

    def wait_for_ephemeral(self, contains: str = "", *, timeout: float = WAIT) -> Message:
        return self._wait(lambda: self.ephemerals, contains, timeout)

    def wait_for_socket(self, timeout: float = WAIT) -> None:
        """Waits until the bot is connected by Socket Mode."""
        waiting = threading.Event()
        for _ in range(int(timeout / 0.02)):
            if self.sockets.count:
                return
            waiting.wait(0.02)
        raise AssertionError(f"No socket was opened within {timeout} s.")

    def _wait(self, found: Callable[[], list[Message]], contains: str, timeout: float) -> Message:
        def first() -> Message | None:
            return next((m for m in found() if contains in m.text or contains in str(m.blocks)), None)

        message: Message = self.wait_until(first, timeout)
        return message

    def _room(self, channel: str) -> Channel:
        room = self.workspace.channel(channel)
        if room is None:
            raise LookupError(f"The workspace has no channel {channel}.")
        return room

    def _id(self, channel: str) -> str:
        room = self.workspace.channel(channel) if channel else None
        return str(as_slack(room)["id"]) if room else channel
