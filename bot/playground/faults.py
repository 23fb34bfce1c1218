"""What goes wrong on purpose, and how often: switched on by tests and from the page."""

import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    SLACK_ERROR = "slack_error"
    REFUSED_BLOCKS = "refused_blocks"
    ANSWER_LOST = "answer_lost"
    SLOW = "slow"
    SLOW_ANSWER = "slow_answer"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class Fault:
    """`method` "" is every method; `left` None is until it is switched off. `response_url` is a method here too."""

    id: int
    kind: FaultKind
    method: str = ""
    left: int | None = 1
    seconds: float = 1.0
    status: int = 503
    error: str = "internal_error"
    blocks: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "method": self.method,
            "left": self.left,
            "seconds": self.seconds,
            "status": self.status,
            "error": self.error,
            "blocks": sorted(self.blocks),
        }


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def rate_limit(self, times: int | None = 1, *, retry_after: float = 1, method: str = "") -> Fault:
        """429 with Retry-After."""
        return self.add(FaultKind.RATE_LIMITED, method=method, left=times, seconds=retry_after)

    def fail(self, times: int | None = 1, *, status: int = 503, method: str = "") -> Fault:
        """An HTTP error whose body is HTML."""
        return self.add(FaultKind.SERVER_ERROR, method=method, left=times, status=status)

    def answer_error(self, error: str, times: int | None = 1, *, method: str = "") -> Fault:
        """`{"ok": false, "error": …}` without doing anything."""
        return self.add(FaultKind.SLACK_ERROR, method=method, left=times, error=error)

    def refuse_blocks(self, *kinds: str, times: int | None = None) -> Fault:
        """`invalid_blocks` for a message that holds one of these blocks, as in a workspace without them."""
        return self.add(FaultKind.REFUSED_BLOCKS, left=times, blocks=frozenset(kinds))

    def lose_answer(self, times: int | None = 1, *, method: str = "") -> Fault:
        """The call is done, and the connection ends before the answer."""
        return self.add(FaultKind.ANSWER_LOST, method=method, left=times)

    def slow_down(self, seconds: float, times: int | None = 1, *, method: str = "") -> Fault:
        """The answer takes this long; what was asked is done at the end."""
        return self.add(FaultKind.SLOW, method=method, left=times, seconds=seconds)

    def answer_late(self, seconds: float, times: int | None = 1, *, method: str = "") -> Fault:
        """What was asked is done at once, and the answer takes this long."""
        return self.add(FaultKind.SLOW_ANSWER, method=method, left=times, seconds=seconds)

    def hang_up(self, times: int | None = 1, *, method: str = "") -> Fault:
        """The connection ends and nothing was done."""
        return self.add(FaultKind.HANG_UP, method=method, left=times)

    def add(self, kind: FaultKind, **details: Any) -> Fault:
        fault = Fault(next(self._ids), kind, **details)
        with self._lock:
            self._active.append(fault)
        return fault

    def remove(self, fault_id: int) -> None:
        with self._lock:
            self._active = [fault for fault in self._active if fault.id != fault_id]

    def clear(self) -> None:
        with self._lock:
            self._active = []

    @property
    def active(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._active)

    def take(self, kind: FaultKind, method: str) -> Fault | None:
        """The oldest fault of the kind for the method, counted down by one."""
        with self._lock:
            for at, fault in enumerate(self._active):
                if fault.kind == kind and fault.method in ("", method):
                    self._count_down(at)
                    return fault
        return None

    def refused(self, kinds: frozenset[str]) -> str:
        """A block type of these that is refused now; "" for none."""
        with self._lock:
            for at, fault in enumerate(self._active):
                found = sorted(fault.blocks & kinds)
                if fault.kind == FaultKind.REFUSED_BLOCKS and found:
                    self._count_down(at)
                    return found[0]
        return ""

    def _count_down(self, at: int) -> None:
        left = self._active[at].left
        if left is None:
            return
        if left <= 1:
            del self._active[at]
        else:
            self._active[at] = replace(self._active[at], left=left - 1)


# Slack's rate limits: about one post a second in a channel, and a tier of calls a minute for the rest.


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


class RateLimits:
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
