"""When edits may go: Slack takes about fifty a minute from an app, over all channels together.

They take turns before anything is found out for them: a busy store would otherwise be asked again for each refusal.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.notifying.turns import EDITS, EDITS_AT_ONCE, Turns, edits_of

_REMEMBERED = 5_000


@dataclass
class Edits:
    """`now` is in ms. A turn that is waited for is kept here; one whose process ends is lost, and nobody minds."""

    turns: Turns
    now: Callable[[], int]
    _held: dict[str, int] = field(init=False, default_factory=dict)  # ms: no turn of the workspace is before
    _kept: dict[str, int] = field(init=False, default_factory=dict)  # ms: when the turn of a message is
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def wait(self, workspace: str, message_id: str) -> float:
        """Seconds until this message's turn, which is kept for it; 0: it is now, and is taken."""
        with self._mutex:
            turn = self._kept.pop(message_id, None)
            if turn is not None and turn < self._held.get(workspace, 0):
                turn = None
        now = self.now()
        if turn is None:
            turn = now + self.turns.take(edits_of(workspace), now, EDITS, EDITS_AT_ONCE)
        if turn <= now:
            return 0.0
        with self._mutex:
            if len(self._kept) >= _REMEMBERED:
                self._kept.clear()
            self._kept[message_id] = turn
        return (turn - now) / 1000

    def hold(self, workspace: str, seconds: float) -> None:
        """Slack said to wait: nobody's turn is before."""
        until = self.now() + round(seconds * 1000)
        self.turns.hold(edits_of(workspace), until)
        with self._mutex:
            self._held[workspace] = max(self._held.get(workspace, 0), until)
