"""What a process does while it holds a slot: looks, reviews what stands, hands on what waits. A thread for each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.notifying.delivering import Deliverer
from bot.notifying.digesting import Digester
from bot.notifying.looping import Loop
from bot.notifying.outbox import Due, Outbox
from bot.notifying.polling import Poller
from bot.notifying.rechecking import Rechecker
from bot.notifying.silence import Silence
from bot.notifying.slots import Slots
from comparison.errors import RequestError

log = logging.getLogger(__name__)

SWEEP = 5.0  # seconds between two looks at what waits
REVIEW = 60.0  # seconds between two looks at what stands
SILENCE = 5  # reviews, of which one also looks for runs that seem dead
DEAD = 10.0  # seconds between two looks for processes that died
TIDY = 600.0
FORGET = 3600.0
_HANDED = 1_000  # messages handed on at once, of all channels in turn
_KEPT_MS = 3_600_000  # the engine's own record of what is done
_LOOK_ENDS = 1.0  # seconds
_PATIENCE = 90.0  # seconds that MLflow may be away before it counts


class Engine(Protocol):
    """Carries deliveries through crashes (bot/notifying/engine.py)."""

    @property
    def problem(self) -> str: ...

    def start(self) -> None: ...

    def hand_over(self, dues: Sequence[Due]) -> None: ...

    def adopt(self, slots: Slots) -> int: ...

    def prune(self, before_ms: int) -> int: ...

    def stop(self, seconds: float) -> None: ...


@dataclass
class Parts:
    """What outlives a slot: its caches, and how well MLflow and Slack do."""

    outbox: Outbox
    poller: Poller
    rechecker: Rechecker
    silence: Silence
    digester: Digester
    deliverer: Deliverer
    claim: Callable[[str], bool]  # true for one process
    now: Callable[[], int]  # ms
    clock: Callable[[], float]  # seconds


class Duty:
    """Started once, ended once, by who holds a slot."""

    def __init__(self, parts: Parts, engine: Engine, slots: Slots) -> None:
        self._parts = parts
        self._engine = engine
        self._slots = slots
        self._sweep = Loop("handing on", self._hand_on)
        self._poll = Loop("looking for runs that ended", self._look)
        self._loops = (
            self._sweep,
            self._poll,
            Loop("looking at what stands", self._review),
            Loop("digests", self._plan_digests),
            Loop("looking for processes that died", self._recover),
            Loop("tidying", self._tidy),
        )

    @property
    def problem(self) -> str:
        """Why it does not go well; "" when it does."""
        parts = self._parts
        known = [parts.deliverer.line.problem, parts.poller.pace.problem(_PATIENCE), self._engine.problem]
        return next(filter(None, [*known, *(loop.problem for loop in self._loops)]), "")

    def hurry(self) -> None:
        """There is something to hand on."""
        self._sweep.hurry()

    def start(self) -> None:
        self._engine.start()
        for loop in self._loops:
            loop.start()

    def stop(self, seconds: float) -> None:
        """Begins nothing new and waits so long for deliveries. A look that MLflow holds up is left: none is half."""
        until = self._parts.clock() + min(seconds, _LOOK_ENDS)
        for loop in self._loops:
            loop.end()
        self._engine.stop(seconds)
        for loop in self._loops:
            loop.wait(until - self._parts.clock())

    def _look(self) -> float:
        began = self._parts.clock()
        found = self._parts.poller.poll()
        if found.announced or found.changed:
            self.hurry()
        return self._parts.poller.pace.pause - (self._parts.clock() - began)

    def _hand_on(self) -> float:
        """What waits. The engine knows what it was given before."""
        due = self._parts.outbox.due(self._parts.now(), _HANDED)
        if due:
            self._engine.hand_over(due)
        return SWEEP

    def _review(self) -> float:
        """One process does, once a minute; while MLflow is away it is the poll that says so."""
        minute = int(self._parts.now() / 1000 / REVIEW)
        if self._parts.claim(f"notifier:review:{minute}"):
            try:
                count = self._parts.rechecker.look() + self._parts.rechecker.end()
                if minute % SILENCE == 0:
                    count += self._parts.silence.look()
            except RequestError as error:
                log.info("what stands could not be looked at: %s", error.problem)
            else:
                if count:
                    self.hurry()
        return REVIEW - self._parts.now() / 1000 % REVIEW + 0.5

    def _plan_digests(self) -> float:
        if self._parts.digester.look():
            self.hurry()
        return self._parts.digester.until_next()

    def _recover(self) -> float:
        self._engine.adopt(self._slots)
        return DEAD

    def _tidy(self) -> float:
        now = self._parts.now()
        self._engine.prune(now - _KEPT_MS)
        if self._parts.claim(f"notifier:tidy:{int(now / 1000 / FORGET)}"):
            count = self._parts.outbox.prune(now)
            if count:
                log.info("forgotten what can change nothing any more", extra={"rows": count})
        return TIDY
