"""Growing pauses between tries of what fails; and until something is done again, its interval while it goes well."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

_MAX_DOUBLINGS = 16
log = logging.getLogger(__name__)

MAX_POLL_PAUSE = 300.0  # seconds between two tries, where the interval itself is not longer
_MAX_MESSAGES = 5_000  # whose tries are remembered


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: `first`, then twice as long each time, at most `most`."""

    first: float
    most: float

    def pause(self, tries: int) -> float:
        """Seconds until the next try, after so many pauses before this one; 0: the first."""
        return float(min(self.first * 2.0 ** min(max(tries, 0), _MAX_DOUBLINGS), self.most))


RETRIES = Backoff(5.0, 60.0)  # of one message


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
        return Backoff(self._interval, max(MAX_POLL_PAUSE, self._interval)).pause(self._misses)

    @property
    def pause(self) -> float:
        """Seconds until the next time."""
        return self.interval * (0.95 + 0.1 * self._chance())

    def problem(self, patience: float = 0.0) -> str:
        """Why it fails, once that has been so for `patience` seconds; "" when it does not, however slow it is."""
        return self._why if self._fails and self._clock() - self._since >= patience else ""

    def failure(self, why: str) -> None:
        """Notes a failure."""
        self._fails = True
        self._note(why)

    def slowness(self, why: str) -> None:
        """Notes that it was slow."""
        self._fails = False
        self._note(why)

    def _note(self, why: str) -> None:
        self._misses += 1
        if not self._why:
            self._since = self._clock()
            log.warning("%s: %s", self._name, why, extra={"next_s": round(self.interval, 1)})
        self._why = why

    def success(self) -> None:
        """Notes that it went well."""
        if self._why:
            log.warning("%s: well again", self._name, extra={"after_s": round(self._clock() - self._since)})
        self._misses, self._why, self._fails = 0, "", False


class RetryLater(Exception):  # noqa: N818 -- named for what happened
    """Raised by what is to be tried again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 0.1)


@dataclass
class RetryPauses:
    """Growing pauses, by message; those of the last few thousand messages."""

    _tries: LRUCache[str, int] = field(init=False, default_factory=lambda: LRUCache(_MAX_MESSAGES))
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def grow(self, message_id: str, first: float = RETRIES.first) -> float:
        """Seconds until the next try: twice as long each time."""
        with self._mutex:
            tries = self._tries.get(message_id, 0)
            self._tries[message_id] = tries + 1
        return replace(RETRIES, first=first).pause(tries)

    def tries(self, message_id: str) -> int:
        with self._mutex:
            return self._tries.get(message_id, 0)

    def forget(self, message_id: str) -> None:
        with self._mutex:
            self._tries.pop(message_id, None)
