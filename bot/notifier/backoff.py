"""How long until something is done again: its interval; longer and longer while it fails or is slow."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

MOST = 300.0  # seconds between two tries, where the interval itself is not longer
_DOUBLINGS = 16


class PollBackoff:
    """`chance` gives numbers from 0 to 1: not all processes ask at once. Trouble is logged when it begins and ends."""

    def __init__(self, name: str, interval: float, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._name = name
        self._interval = interval
        self._clock = clock
        self._chance = chance
        self._misses = 0
        self._since = 0.0
        self._why = ""
        self._fails = False

    @property
    def interval(self) -> float:
        """Seconds, without chance."""
        return min(self._interval * 2.0 ** min(self._misses, _DOUBLINGS), max(MOST, self._interval))

    @property
    def pause(self) -> float:
        """Seconds until the next time."""
        return self.interval * (0.95 + 0.1 * self._chance())

    def problem(self, patience: float = 0.0) -> str:
        """Why it fails, once that has been so for `patience` seconds; "" when it does not, however slow it is."""
        return self._why if self._fails and self._clock() - self._since >= patience else ""

    def miss(self, why: str) -> None:
        """It failed."""
        self._fails = True
        self._lose(why)

    def drag(self, why: str) -> None:
        """It was slow."""
        self._fails = False
        self._lose(why)

    def _lose(self, why: str) -> None:
        self._misses += 1
        if not self._why:
            self._since = self._clock()
            log.warning("%s: %s", self._name, why, extra={"next_s": round(self.interval, 1)})
        self._why = why

    def hit(self) -> None:
        """It went well."""
        if self._why:
            log.warning("%s: well again", self._name, extra={"after_s": round(self._clock() - self._since)})
        self._misses, self._why, self._fails = 0, "", False


# How long a message waits until it is tried again: longer each time.


_FIRST, _MOST = 5.0, 60.0  # seconds between two tries
_REMEMBERED = 5_000


class RetryLater(Exception):  # noqa: N818 -- named for what happened
    """It is to be tried again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 0.1)


@dataclass
class RetryPauses:
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
