"""What goes wrong on purpose, and how often: switched on by tests and from the page."""

import itertools
import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
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
    kind: Kind
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
        return self.add(Kind.RATE_LIMITED, method=method, left=times, seconds=retry_after)

    def fail(self, times: int | None = 1, *, status: int = 503, method: str = "") -> Fault:
        """An HTTP error whose body is HTML."""
        return self.add(Kind.SERVER_ERROR, method=method, left=times, status=status)

    def answer_error(self, error: str, times: int | None = 1, *, method: str = "") -> Fault:
        """`{"ok": false, "error": …}` without doing anything."""
        return self.add(Kind.SLACK_ERROR, method=method, left=times, error=error)

    def refuse_blocks(self, *kinds: str, times: int | None = None) -> Fault:
        """`invalid_blocks` for a message that holds one of these blocks, as in a workspace without them."""
        return self.add(Kind.REFUSED_BLOCKS, left=times, blocks=frozenset(kinds))

    def lose_answer(self, times: int | None = 1, *, method: str = "") -> Fault:
        """The call is done, and the connection ends before the answer."""
        return self.add(Kind.ANSWER_LOST, method=method, left=times)

    def slow_down(self, seconds: float, times: int | None = 1, *, method: str = "") -> Fault:
        """The answer takes this long; what was asked is done at the end."""
        return self.add(Kind.SLOW, method=method, left=times, seconds=seconds)

    def answer_late(self, seconds: float, times: int | None = 1, *, method: str = "") -> Fault:
        """What was asked is done at once, and the answer takes this long."""
        return self.add(Kind.SLOW_ANSWER, method=method, left=times, seconds=seconds)

    def hang_up(self, times: int | None = 1, *, method: str = "") -> Fault:
        """The connection ends and nothing was done."""
        return self.add(Kind.HANG_UP, method=method, left=times)

    def add(self, kind: Kind, **details: Any) -> Fault:
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

    def take(self, kind: Kind, method: str) -> Fault | None:
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
                if fault.kind == Kind.REFUSED_BLOCKS and found:
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
