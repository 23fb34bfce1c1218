"""Slack's rate limits: about one post a second in a channel, and a tier of calls a minute for the rest."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

A_MINUTE = 60.0
POSTING = "chat.postMessage"
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
TIER_OF = {
    "apps.connections.open": 1,
    "conversations.list": 2,
    "chat.update": 3,
    "chat.delete": 3,
    "conversations.history": 3,
    "conversations.replies": 3,
    "conversations.info": 3,
    "conversations.open": 3,
    "users.lookupByEmail": 3,
    "conversations.join": 3,
    "reactions.add": 3,
    "team.info": 3,
    "bots.info": 3,
    "conversations.members": 4,
    "chat.postEphemeral": 4,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
    "users.info": 4,
}
BURST_OF_POSTS = 3
SPECIAL_A_MINUTE = 300


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """Buckets that refill: `wait` says how long a caller has to stay away, 0 when it may go on."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def wait(self, method: str, channel: str = "") -> int:
        """Whole seconds, as Retry-After says them."""
        if method == POSTING:
            return self._take((method, channel), size=BURST_OF_POSTS, rate=1.0)
        a_minute = TIERS.get(TIER_OF.get(method, 0), SPECIAL_A_MINUTE)
        return self._take((method, ""), size=a_minute, rate=a_minute / A_MINUTE)

    def _take(self, key: tuple[str, str], *, size: float, rate: float) -> int:
        with self._lock:
            now = self._clock()
            bucket = self._buckets.setdefault(key, _Bucket(size, now))
            bucket.left = min(size, bucket.left + (now - bucket.at) * rate)
            bucket.at = now
            if bucket.left >= 1:
                bucket.left -= 1
                return 0
            return max(1, math.ceil((1 - bucket.left) / rate))
