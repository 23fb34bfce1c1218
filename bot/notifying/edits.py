"""When edits may go: Slack takes about fifty a minute from an app, over all channels together.

They take turns before anything is found out for them: a busy store would otherwise be asked again for each refusal.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

APART = 1_250  # ms between two, once many wait
AT_ONCE = 15  # after a calm time
_REMEMBERED = 5_000


@dataclass
class Edits:
    """Turns of one process; `now` is in ms. Others have their own, and Slack's word on waiting holds them all back."""

    now: Callable[[], int]
    _next: int = field(init=False, default=0)  # ms: when the next turn is
    _held: int = field(init=False, default=0)  # ms: no turn before
    _turns: dict[str, int] = field(init=False, default_factory=dict)
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def wait(self, message_id: str) -> float:
        """Seconds until this message's turn, which is kept for it; 0: it is now, and is taken."""
        with self._mutex:
            now = self.now()
            turn = self._turns.pop(message_id, None)
            if turn is None or turn < self._held:
                turn = max(self._next, self._held, now - AT_ONCE * APART)
                self._next = turn + APART
            if turn <= now:
                return 0.0
            if len(self._turns) >= _REMEMBERED:
                self._turns.clear()
            self._turns[message_id] = turn
            return (turn - now) / 1000

    def hold(self, seconds: float) -> None:
        """Slack said to wait: nobody's turn is before."""
        with self._mutex:
            self._held = max(self._held, self.now() + round(seconds * 1000))
