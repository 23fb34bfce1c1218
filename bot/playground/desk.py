"""What every part of the stand-in works with, and how one says no."""

from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex, token_urlsafe
from typing import Any

from bot.playground.faults import Faults
from bot.playground.limits import Refusal
from bot.playground.pace import Pace
from bot.playground.state import Workspace
from bot.playground.tickets import Tickets

LEAST_SCOPES = frozenset({"commands", "chat:write", "app_mentions:read", "im:history"})
LEAST_EVENTS = frozenset({"app_mention", "message.im", "app_home_opened"})
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
    escapes_commands: bool = True
    keeps_pace: bool = False  # answers 429 when the bot goes faster than Slack allows
    retries: tuple[float, ...] = ()  # seconds before each retry of an event that was not taken


@dataclass
class Desk:
    installation: Installation
    workspace: Workspace
    tickets: Tickets
    pace: Pace
    faults: Faults = field(default_factory=Faults)
    bot_url: str = ""  # where the bot listens; unused while a socket is open
    url: str = ""  # our own address, ending in "/"
    open_socket: Callable[[], str] = lambda: ""


class SlackError(Exception):
    """A method's `{"ok": false}`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: dict[str, Any] = {"ok": False, "error": error, **more}

    @classmethod
    def refusing(cls, refusal: Refusal) -> "SlackError":
        answer = refusal.as_answer()
        return cls(answer.pop("error"), **{key: value for key, value in answer.items() if key != "ok"})
