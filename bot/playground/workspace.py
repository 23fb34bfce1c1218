"""What a workspace holds: people, channels, messages, views, files, the calls made; and who waits for a change."""

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bot.playground.limits import Refusal
from bot.playground.schema import Problem

TEAM = "T0PLAYGROUND"
APP = "A0MLCOMPARE"
BOT = "B0MLCOMPARE"
BOT_USER = "U0MLCOMPARE"


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    is_bot: bool = False
    email: str = ""
    team: str = TEAM  # another one: somebody of another company
    is_guest: bool = False
    is_stranger: bool = False  # of another company, and in no channel with the app
    is_admin: bool = False  # administers the workspace, as its owner


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    members: frozenset[str] = frozenset()
    is_im: bool = False
    is_private: bool = False
    is_archived: bool = False
    topic: str = ""
    is_shared: bool = False  # with another company


@dataclass(frozen=True, slots=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: tuple[dict[str, Any], ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()
    thread_ts: str = ""
    only_to: str = ""  # an ephemeral message: the one who sees it
    metadata: dict[str, Any] = field(default_factory=dict)
    broadcast: bool = False
    edited: str = ""  # the ts of the last edit
    command: str = ""  # the command that is shown above an answer in the channel
    by_slack: bool = False  # Slack itself speaks: "operation_timeout"
    warnings: tuple[str, ...] = ()
    deleted: bool = False
    team: str = TEAM

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.only_to)

    def as_slack(self, *, with_metadata: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text}
        answer["team"] = self.team
        if self.user == BOT_USER:
            answer |= {"bot_id": BOT, "app_id": APP}
        if self.blocks:
            answer["blocks"] = list(self.blocks)
        if self.attachments:
            answer["attachments"] = list(self.attachments)
        if self.thread_ts:
            answer["thread_ts"] = self.thread_ts
        if self.edited:
            answer["edited"] = {"user": self.user, "ts": self.edited}
        if self.metadata and with_metadata:
            answer["metadata"] = self.metadata
        return answer


@dataclass(frozen=True, slots=True)
class View:
    id: str
    user: str
    content: dict[str, Any]
    hash: str
    root: str = ""
    previous: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def as_slack(self) -> dict[str, Any]:
        return {
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
            **self.content,
            "id": self.id,
            "team_id": TEAM,
            "app_id": APP,
            "bot_id": BOT,
            "hash": self.hash,
            "root_view_id": self.root or self.id,
            "previous_view_id": self.previous or None,
            "state": {"values": self.values},
        }


@dataclass(frozen=True, slots=True)
class Call:
    """A request the bot made: to a Web API method, or to a response_url (then the method is `response_url`)."""

    method: str
    arguments: dict[str, Any]
    at: float
    status: int
    answer: dict[str, Any] | None  # None: nobody was told


class Workspace:
    """Everything in memory. Safe to use from any thread; every change wakes those who wait."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        team: str = TEAM,
        name: str = "Playground",
        enterprise: str = "",
    ) -> None:
        """`enterprise`: the id of the organisation that it is of."""
        self.clock = clock
        self.team = team
        self.name = name
        self.enterprise = enterprise
        self.changed = threading.Condition(threading.RLock())
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.calls: list[Call] = []
        self.views: dict[str, View] = {}
        self.open_views: list[str] = []  # the stack on screen, the lowest first
        self.home: dict[str, View] = {}
        self.reactions: list[tuple[str, str, str]] = []
        self.version = 0
        self.is_closing = False
        self._messages: dict[tuple[str, str], Message] = {}
        self._last = 0
        self._numbers = itertools.count(1)

    @contextmanager
    def changing(self) -> Iterator[None]:
        with self.changed:
            yield
            self.version += 1
            self.changed.notify_all()

    def new_ts(self) -> str:
        """A timestamp no other message of the workspace has."""
        with self.changed:
            self._last = max(self._last + 1, int(self.clock() * 1_000_000))
            return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        with self.changed:
            return f"{prefix}{next(self._numbers):07d}"

    def put(self, message: Message) -> Message:
        message = message if message.team == self.team else replace(message, team=self.team)
        with self.changing():
            self._messages[message.channel, message.ts] = message
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        return self.put(replace(message, **changes))

    def find(self, channel: str, ts: str) -> Message | None:
        with self.changed:
            message = self._messages.get((channel, ts))
        return None if message is None or message.deleted else message

    def record(self, call: Call) -> None:
        with self.changing():
            self.calls.append(call)

    def everything(self, channel: str = "") -> list[Message]:
        """Messages and ephemerals still to be seen, oldest first."""
        with self.changed:
            found = [m for m in self._messages.values() if not m.deleted and channel in ("", m.channel)]
        return sorted(found, key=lambda message: message.ts)

    def channel(self, name: str) -> Channel | None:
        """Finds a channel by id, by name with or without `#`; a user's id is the direct messages with them."""
        with self.changed:
            if name in self.users:
                return self.direct(name)
            plain = name.removeprefix("#")
            return self.channels.get(name) or next((c for c in self.channels.values() if c.name == plain), None)

    def direct(self, user: str) -> Channel:
        with self.changed:
            known = next((c for c in self.channels.values() if c.is_im and user in c.members), None)
            return known or self.add_channel("", members=(user, BOT_USER), is_im=True)

    def add_user(self, name: str, real_name: str = "", user_id: str = "", **more: Any) -> User:
        identity = user_id or self.new_id("U")
        about = {"team": self.team, "email": f"{name}@playground.example", **more}
        user = User(identity, name, real_name or name.title(), **about)
        with self.changing():
            self.users[user.id] = user
        return user

    def add_channel(self, name: str, *, channel_id: str = "", members: tuple[str, ...] = (), **more: Any) -> Channel:
        prefix = "D" if more.get("is_im") else "C"
        channel = Channel(channel_id or self.new_id(prefix), name, frozenset(members), **more)
        with self.changing():
            self.channels[channel.id] = channel
        return channel

    def change_channel(self, channel: Channel, **changes: Any) -> Channel:
        with self.changing():
            self.channels[channel.id] = replace(channel, **changes)
        return self.channels[channel.id]


def furnish(workspace: Workspace, ending: str = "") -> None:
    """A small team: three people, of whom one is an admin, the bot, and three channels of which it has joined two.

    The ids end with `ending`: no two workspaces have a channel or a person of one id.
    """
    workspace.users[BOT_USER] = User(BOT_USER, "mlcompare", "mlcompare", is_bot=True, team=workspace.team)
    people = ("U0MAYA", "maya", "Maya Okafor"), ("U0JONAS", "jonas", "Jonas Lind"), ("U0PRIYA", "priya", "Priya Rao")
    for user_id, name, real_name in people:
        workspace.add_user(name, real_name, f"{user_id}{ending}", is_admin=user_id == "U0MAYA")
    everyone = tuple(f"{user_id}{ending}" for user_id, _, _ in people)
    rooms = (
        ("C0EXPERIMENTS", "ml-experiments", (*everyone, BOT_USER), "What we train, and whether it got better"),
        ("C0STANDUP", "standup", (*everyone, BOT_USER), "Yesterday, today, what is in the way"),
        ("C0GENERAL", "general", everyone, "mlcompare has not been invited here"),
    )
    for channel_id, name, members, topic in rooms:
        workspace.add_channel(name, channel_id=f"{channel_id}{ending}", members=members, topic=topic)
    workspace.add_channel("", channel_id=f"D0MAYA{ending}", members=(f"U0MAYA{ending}", BOT_USER), is_im=True)


def with_values(workspace: Workspace, view: View, values: dict[str, Any]) -> View:
    """The view with what was typed into it."""
    filled = replace(view, values=values)
    with workspace.changing():
        workspace.views[view.id] = filled
    return filled


# Uploaded files: the addresses that take them, and what was sent there.


LARGEST = 10_000_000  # bytes that the stand-in keeps of one file
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class File:
    """One upload. `content` is empty until it was sent; `is_complete` when the app said so; `scans` are still to come.

    A message that shows a file is refused as long as scans are left: each refusal takes one.
    """

    id: str
    name: str
    length: int
    alt_text: str = ""
    title: str = ""
    content: bytes = field(default=b"", repr=False)
    is_complete: bool = False
    scans: int = 0

    @property
    def mimetype(self) -> str:
        return next((kind for start, kind in PICTURES.items() if self.content.startswith(start)), "")


class Files:
    """All uploads, and the addresses that take them. `scans` is how often Slack has to look at the next ones."""

    def __init__(self) -> None:
        self.known: dict[str, File] = {}
        self.scans = 0
        self._addresses: dict[str, str] = {}

    def begin(self, name: str, length: int, alt_text: str) -> tuple[str, File]:
        """A token of an address, and the file."""
        file = File(f"F{secrets.token_hex(5).upper()}", name, length, alt_text, scans=self.scans)
        token = secrets.token_hex(16)
        self.known[file.id] = file
        self._addresses[token] = file.id
        return token, file

    def receive(self, token: str, content: bytes) -> bool:
        """Whether the address takes these bytes: once, and as many as were announced."""
        file = self.known.get(self._addresses.pop(token, ""))
        if file is None or len(content) != file.length:
            return False
        self.known[file.id] = replace(file, content=content)
        return True

    def refusal(self, blocks: list[dict[str, Any]]) -> Refusal | None:
        """Why a message with these blocks is not taken: a file that is none, or was not looked at yet."""
        for at, block in enumerate(blocks):
            slack_file = block.get("slack_file") if block.get("type") == "image" else None
            if not isinstance(slack_file, dict) or "id" not in slack_file:
                continue
            file = self.known.get(str(slack_file["id"]))
            if file is None or not file.is_complete or not file.mimetype or file.scans:
                if file is not None and file.scans:
                    self.known[file.id] = replace(file, scans=file.scans - 1)
                return Refusal("invalid_blocks", (Problem("invalid slack file", f"/blocks/{at}/slack_file"),))
        return None
