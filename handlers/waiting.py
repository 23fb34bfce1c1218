"""Doing something later, unless it is called off."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

log = logging.getLogger(__name__)

MOST = 5_000  # things that may wait

_Entry = tuple[float, int, list[Callable[[], None]]]


def start_timer(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    """Does the work in a thread of its own after so long; what is returned calls it off if it has not begun."""
    timer = Timer(seconds, work)
    timer.daemon = True
    timer.start()
    return timer.cancel


class Allowance:
    """At most so many a second, over a while; `burst` at once. `clock` counts seconds."""

    def __init__(self, a_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._a_second = a_second
        self._burst = burst
        self._clock = clock
        self._left = float(burst)
        self._at = clock()
        self._mutex = threading.Lock()

    def take(self) -> bool:
        """Whether one more is allowed now; it then counts."""
        with self._mutex:
            at = self._clock()
            self._left = min(self._burst, self._left + (at - self._at) * self._a_second)
            self._at = at
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Timers:
    """The same in at most so many threads, however much waits. What does not fit any more is not done."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="later")
        self._changed = threading.Condition()
        self._waiting: list[_Entry] = []  # a heap by when; an entry without work was called off
        self._numbers = itertools.count()
        self._is_started = False

    def start(self, seconds: float, work: Callable[[], None]) -> Callable[[], None]:
        held = [work]
        with self._changed:
            if len(self._waiting) < MOST:
                heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), held))
                self._changed.notify()
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._run, name="timers", daemon=True).start()
        return held.clear

    def _run(self) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) is None or pause > 0:
                    self._changed.wait(pause)
                _at, _number, held = heapq.heappop(self._waiting)
            if held:
                self._executor.submit(_do, held)

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        return self._waiting[0][0] - time.monotonic() if self._waiting else None


def _do(held: list[Callable[[], None]]) -> None:
    """What is held, unless it was called off while all threads were busy."""
    try:
        work = held.pop()
    except IndexError:
        return
    try:
        work()
    except Exception:
        log.exception("what was to be done later failed")
