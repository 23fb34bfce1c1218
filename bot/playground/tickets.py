"""What Slack hands out to be used later: trigger ids (3 s, once) and response URLs (30 min, five times)."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

TRIGGER_SECONDS = 3.0
URL_SECONDS = 30 * 60.0
URL_USES = 5


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

    def use_url(self, token: str) -> tuple[ResponseUrl | None, str]:
        """What it answers to, counted as used; or None and the error."""
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
