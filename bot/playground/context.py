"""What every part of the stand-in works with, and how one says no."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_hex, token_urlsafe
from typing import Any

from bot.playground.faults import Faults, RateLimits
from bot.playground.limits import Refusal
from bot.playground.oauth import OAuth
from bot.playground.workspace import Files, Workspace

LEAST_SCOPES = frozenset({"commands", "chat:write", "app_mentions:read", "im:history", "users:read"})
LEAST_EVENTS = frozenset({"app_mention", "message.im", "app_home_opened"})
LINK_SCOPES, LINK_EVENTS = frozenset({"links:read", "links:write"}), frozenset({"link_shared"})
RETRIES = (0.0, 60.0, 300.0)  # seconds before each of Slack's retries of an event


@dataclass(frozen=True)
class Installation:
    """How the app is installed: its secrets, new ones each time, its scopes, and what it asked to be sent."""

    bot_token: str = field(default_factory=lambda: f"xoxb-{token_urlsafe(32)}", repr=False)
    app_token: str = field(default_factory=lambda: f"xapp-{token_urlsafe(32)}", repr=False)
    signing_secret: str = field(default_factory=lambda: token_hex(16), repr=False)
    scopes: frozenset[str] = LEAST_SCOPES
    events: frozenset[str] = LEAST_EVENTS
    commands: frozenset[str] = frozenset({"/mlcompare"})
    unfurl_domains: tuple[str, ...] = ()  # whose links the app is told of, as its manifest names them
    escapes_commands: bool = True
    keeps_pace: bool = False  # answers 429 when the bot goes faster than Slack allows
    retries: tuple[float, ...] = ()  # seconds before each retry of an event that was not taken


@dataclass(frozen=True, slots=True)
class ResponseUrl:
    """Where answers go. `message_ts` is the message whose button was pressed; "" for a slash command."""

    channel: str
    user: str
    made: float
    message_ts: str = ""
    thread_ts: str = ""
    command: str = ""
    used: int = 0


class Tickets:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._triggers: dict[str, tuple[str, float]] = {}
        self._used_triggers: set[str] = set()
        self._urls: dict[str, ResponseUrl] = {}

    def new_trigger(self, user: str) -> str:
        trigger = f"{int(self._clock())}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        with self._lock:
            self._triggers[trigger] = (user, self._clock())
        return trigger

    def take_trigger(self, trigger: str) -> tuple[str, str]:
        """Whose it was, and the error that refuses it ("" for none)."""
        with self._lock:
            if trigger in self._used_triggers:
                return "", "exchanged_trigger_id"
            user, made = self._triggers.get(trigger, ("", 0.0))
            if not user:
                return "", "invalid_trigger_id"
            if self._clock() - made > TRIGGER_SECONDS:
                return "", "expired_trigger_id"
            self._used_triggers.add(trigger)
            return user, ""

    def new_url(self, channel: str, user: str, **about: Any) -> str:
        """The path's last part."""
        token = secrets.token_hex(16)
        with self._lock:
            self._urls[token] = ResponseUrl(channel, user, self._clock(), **about)
        return token

    def knows_url(self, token: str) -> bool:
        with self._lock:
            return token in self._urls

    def use_url(self, token: str) -> tuple[ResponseUrl | None, str]:
        """The response URL of this token, counted as used; or None and the error."""
        with self._lock:
            url = self._urls.get(token)
            if url is None:
                return None, "no_such_url"
            if self._clock() - url.made > URL_SECONDS:
                return None, "expired_url"
            if url.used >= URL_USES:
                return None, "used_url"
            self._urls[token] = replace(url, used=url.used + 1)
            return url, ""


@dataclass
class Context:
    installation: Installation
    workspace: Workspace
    tickets: Tickets
    pace: RateLimits
    faults: Faults = field(default_factory=Faults)
    files: Files = field(default_factory=Files)
    bot_url: str = ""  # where the bot listens; unused while a socket is open
    url: str = ""  # our own address, ending in "/"
    open_socket: Callable[[], str] = lambda: ""
    examples: tuple[str, ...] = ()  # lines that can be clicked on the page
    on_calm: Callable[[], None] = lambda: None  # called when faults are switched off
    oauth: OAuth = field(default_factory=lambda: OAuth(time.time))  # who installed the app by themselves


class ApiError(Exception):
    """A method's `{"ok": false}`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: dict[str, Any] = {"ok": False, "error": error, **more}

    @classmethod
    def refusing(cls, refusal: Refusal) -> "ApiError":
        answer = refusal.as_answer()
        return cls(answer.pop("error"), **{key: value for key, value in answer.items() if key != "ok"})


# What Slack hands out to be used later: trigger ids (3 s, once) and response URLs (30 min, five times).


TRIGGER_SECONDS = 3.0
URL_SECONDS = 30 * 60.0
URL_USES = 5
