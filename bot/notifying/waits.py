"""How long a message waits until it is tried again: longer each time."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

_FIRST, _MOST = 5.0, 60.0  # seconds between two tries
_REMEMBERED = 5_000


class Later(Exception):  # noqa: N818 -- named for what happened
    """It is to be tried again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 0.1)


@dataclass
class Waits:
    """Growing pauses, by message; those of the last few thousand messages."""

    _tries: "OrderedDict[str, int]" = field(init=False, default_factory=OrderedDict)
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def grow(self, message_id: str, first: float = _FIRST) -> float:
        """Seconds until the next try: twice as long each time."""
        with self._mutex:
            tries = self._tries.pop(message_id, 0)
            self._tries[message_id] = tries + 1
            while len(self._tries) > _REMEMBERED:
                self._tries.popitem(last=False)
        return min(first * 2.0 ** min(tries, 10), _MOST)

    def tries(self, message_id: str) -> int:
        return self._tries.get(message_id, 0)

    def forget(self, message_id: str) -> None:
        with self._mutex:
            self._tries.pop(message_id, None)
