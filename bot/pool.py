"""Threads of our own, bounded: first come, first served, so that Slack's listeners are never held by MLflow."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

LIMIT = 5_000  # works that may wait


class WorkerPool:
    """At most `size` works at once; the others wait in line, at most `limit` of them. Threads start when needed."""

    def __init__(self, size: int, limit: int = LIMIT) -> None:
        self._size = size
        self._limit = limit
        self._waiting: deque[Callable[[], None]] = deque()
        mutex = threading.Lock()
        self._work = threading.Condition(mutex)  # there is some, or there will be no more
        self._done = threading.Condition(mutex)  # some was finished
        self._threads = 0
        self._idle = 0
        self._busy = 0
        self._closed = False

    def submit(self, work: Callable[[], None]) -> int | None:
        """How many wait before this one; None when full or closing: the work was not taken."""
        with self._work:
            if self._closed or len(self._waiting) >= self._limit:
                return None
            before = max(0, len(self._waiting) - (self._size - self._busy))
            self._waiting.append(work)
            if self._idle < len(self._waiting) and self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._run, name=f"worker-{self._threads}", daemon=True).start()
            self._work.notify()
            return before

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> int:
        return self._busy

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._limit

    def drain(self, seconds: float) -> int:
        """Takes no more work and waits for what was taken, at most so long; how many works were left."""
        until = time.monotonic() + seconds
        with self._done:
            self._closed = True
            self._work.notify_all()
            while self._busy + len(self._waiting) and (left := until - time.monotonic()) > 0:
                self._done.wait(left)
            return self._busy + len(self._waiting)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except BaseException:
                log.exception("work failed")  # and the worker lives on: whatever was raised, others wait in line
            finally:
                with self._done:
                    self._busy -= 1
                    self._done.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._work:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._work.wait()
            self._idle -= 1
            if not self._waiting:
                self._threads -= 1
                return None
            self._busy += 1
            return self._waiting.popleft()
