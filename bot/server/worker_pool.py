"""Threads of our own, bounded, so that Slack's listeners are never held by MLflow; channels and people take turns.

Acknowledgements go first: while Slack waits for one, no message is drawn, for as long as that does no harm.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from handlers.services import Work

log = logging.getLogger(__name__)

LIMIT = 5_000  # works that may wait
PER_PERSON = 250  # of them, with those under way, of one person in one channel
CHANNELS = 4  # times as many of one person, in all channels together
ASIDE = 192  # works that may wait for Slack's turn beside those that are worked on
IDLE = 30.0  # seconds after which a thread without work ends
_FIRST = 8  # works of a channel at once, until it is known that Slack lets it post so many
_PUT_OFF = 2  # after Slack made one of them wait
HELD_BACK = 0.2  # seconds at most; then a message is drawn whatever else waits


@dataclass
class _Lane:
    """The works of one channel, each person's in order; and how many of them may be under way."""

    window: int = _FIRST
    begun: int = 0
    aside: int = 0  # of those begun
    waiting: dict[str, deque[Callable[[], None]]] = field(
        default_factory=dict
    )  # by person; whose turn it is comes first

    def put(self, work: Callable[[], None], person: str) -> None:
        self.waiting.setdefault(person, deque()).append(work)

    def take(self) -> tuple[Callable[[], None], str]:
        """The next work and whose it is; that person is the last to have another turn."""
        person = next(iter(self.waiting))
        works = self.waiting.pop(person)
        work = works.popleft()
        if works:
            self.waiting[person] = works
        self.begun += 1
        return work, person


@dataclass
class _Begun:
    """A work under way, for the thread that does it."""

    work: Callable[[], None]
    channel: str
    person: str
    was_put_off: bool = False


class WorkerPool:
    """Runs at most `size` works at once; at most `limit` others wait in line. Threads start when needed.

    Channels take turns, and within each its people. However many works one channel has, there is room for those of
    another: each may have two thirds of what the others leave. A work that waits for Slack's turn, by `sleep`, makes
    room for another, and its channel begins few works until Slack keeps up.
    """

    def __init__(self, size: int, limit: int = LIMIT, per_person: int = PER_PERSON) -> None:
        self._size = size
        self._limit = limit
        self._per_person = per_person
        self._lanes: dict[str, _Lane] = {}  # by channel; whose turn it is comes first
        self._of: Counter[tuple[str, str]] = Counter()  # works of a person, in a channel; "": in all
        mutex = threading.Lock()
        self._work = threading.Condition(mutex)  # there is some, or there will be no more
        self._done = threading.Condition(mutex)  # some was finished
        self._current = threading.local()
        self._waiting = 0
        self._threads = 0
        self._idle = 0
        self._busy = 0
        self._aside = 0
        self._closed = False

    def submit(self, work: Callable[[], None]) -> int | None:
        """How many wait before this one; None when full, crowded or closing: the work was not taken.

        Works of no channel share no limit but that of all, works of no person none.
        """
        channel, person = (work.channel, work.person) if isinstance(work, Work) else ("", "")
        with self._work:
            if self._closed or self.is_full or self.is_crowded(person, channel):
                return None
            before = max(0, self._waiting - (self._size - self._busy))
            self._lanes.setdefault(channel, _Lane()).put(work, person)
            self._waiting += 1
            self._count(person, channel, 1)
            self._wake()
            return before

    def is_crowded(self, person: str, channel: str) -> bool:
        """Whether this person has as many works here as one may have, in this channel or in all."""
        inside, everywhere = self._of[person, channel], self._of[person, ""]
        return bool(person) and (inside >= self._per_person or everywhere >= CHANNELS * self._per_person)

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def busy(self) -> int:
        return self._busy

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._limit

    def sleep(self, seconds: float) -> None:
        """Waits for Slack's turn; a work of ours makes room for another meanwhile."""
        begun: _Begun | None = getattr(self._current, "begun", None)
        if begun is None or not self._set_aside(begun):
            time.sleep(seconds)
            return
        try:
            time.sleep(seconds)
        finally:
            with self._work:
                self._lanes[begun.channel].aside -= 1
                self._aside -= 1
                self._busy += 1  # more than there is room for, for the moment that a post takes

    def drain(self, seconds: float) -> int:
        """Takes no more work and waits for what was taken, at most so long; how many works were left."""
        until = time.monotonic() + seconds
        with self._done:
            self._closed = True
            self._work.notify_all()
            while self._left() and (left := until - time.monotonic()) > 0:
                self._done.wait(left)
            return self._left()

    def _left(self) -> int:
        return self._busy + self._aside + self._waiting

    def _set_aside(self, begun: _Begun) -> bool:
        with self._work:
            begun.was_put_off = True
            lane = self._lanes[begun.channel]
            lane.window = _PUT_OFF
            if self._aside >= ASIDE:
                return False
            lane.aside += 1
            self._aside += 1
            self._busy -= 1
            self._wake()
            return True

    def _run(self) -> None:
        while (begun := self._next()) is not None:
            self._current.begun = begun
            try:
                begun.work()
            except BaseException:
                log.exception("work failed")  # and the worker lives on: whatever was raised, others wait in line
            finally:
                self._current.begun = None
                self._finish(begun)

    def _next(self) -> _Begun | None:
        """The next work, waited for; None when this thread is not needed any more."""
        with self._work:
            self._idle += 1
            until = time.monotonic() + IDLE
            while (begun := self._begin()) is None and (left := until - time.monotonic()) > 0:
                if self._closed and not self._waiting:
                    break
                self._work.wait(left)
            self._idle -= 1
            if begun is None:
                self._threads -= 1
            else:
                self._wake()  # for another thread, where there is more
            return begun

    def _begin(self) -> _Begun | None:
        """A work of the first channel in turn that may begin one; it is the last to have another turn."""
        if self._busy >= self._size or not self._waiting:
            return None
        for channel, lane in self._lanes.items():
            if not lane.waiting or (channel and lane.begun >= min(self._share(lane), lane.window)):
                continue
            work, person = lane.take()
            self._lanes[channel] = self._lanes.pop(channel)
            self._waiting -= 1
            self._busy += 1
            return _Begun(work, channel, person)
        return None

    def _share(self, lane: _Lane) -> int:
        """How many works of one channel may be under way."""
        others = self._busy - (lane.begun - lane.aside)
        return max(1, 2 * (self._size - others) // 3)

    def _finish(self, begun: _Begun) -> None:
        with self._done:
            lane = self._lanes[begun.channel]
            lane.begun -= 1
            if not begun.was_put_off:
                lane.window = min(lane.window + 1, self._size)
            if not lane.begun and not lane.waiting:
                del self._lanes[begun.channel]
            self._count(begun.person, begun.channel, -1)
            self._busy -= 1
            self._wake()
            self._done.notify_all()

    def _count(self, person: str, channel: str, more: int) -> None:
        for key in {(person, channel), (person, "")}:
            self._of[key] += more
            if not self._of[key]:
                del self._of[key]

    def _wake(self) -> None:
        """A thread for the next work that may begin, if there is one."""
        if not self._waiting or self._busy >= self._size:
            return
        if self._idle:
            self._work.notify()
        elif self._threads < self._size + self._aside:
            self._threads += 1
            threading.Thread(target=self._run, name=f"worker-{self._threads}", daemon=True).start()


class Precedence:
    """A context for drawing a message, which at most `most` threads are in; and one for acknowledging."""

    def __init__(self, most: int, held_back: float = HELD_BACK) -> None:
        self._most = most
        self._held_back = held_back
        self._changed = threading.Condition()
        self._drawing = 0
        self._acknowledging = 0

    @contextmanager
    def acknowledging(self) -> Iterator[None]:
        with self._changed:
            self._acknowledging += 1
        try:
            yield
        finally:
            with self._changed:
                self._acknowledging -= 1
                if not self._acknowledging:
                    self._changed.notify_all()

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._acknowledging, self._held_back)
            self._changed.wait_for(lambda: self._drawing < self._most)
            self._drawing += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._drawing -= 1
            self._changed.notify_all()
