"""Carries deliveries through crashes: a durable queue, one at a time per channel, retried.

A delivery is a chain of short turns, each a workflow of its own: one that waits holds no thread and no place in its
channel, and one that waits for days leaves no more behind than one that is done at once.
"""

import logging
import math
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from bot.backoff import Backoff
from bot.notifier.dbos_queue import DbosQueue, QueuedCall, open_storage
from bot.notifier.outbox import QueuedMessage
from bot.notifier.process_locks import ProcessLocks

log = logging.getLogger(__name__)

TRIES = 12  # times a delivery may fail by a fault of ours, over about 25 minutes
FAULTS = Backoff(1.0, 300.0)  # between two of them
CONNECTIONS = 6  # to PostgreSQL, at most; one is held all the time
CHUNK = 200  # handed over in one transaction
REMEMBERED = 100_000  # handed over and not asked for again
CLAIMS = 4  # taken from the queue at once, for each that can run: it is looked into twice a second
LOST = 15.0  # s that what is ours may not be worked on
PROBE = 5.0  # s an answer of the database counts
SHORT, PATIENCE = 1.5, 4.0  # s: a wait that is short, and how long all of them may be together
AMENDS = timedelta(minutes=10)  # after which what the library gave up may be begun anew


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try of a delivery. `failures`: how many before it ended in an error nobody expected."""

    message_id: str
    revision: int
    channel: str
    number: int = 0
    failures: int = 0

    @property
    def workflow_id(self) -> str:
        first = f"{_PREFIX}{self.message_id}:{self.revision}"
        return f"{first}{_MARK}{self.number}" if self.number else first

    def job(self, delay: float = 0.0) -> QueuedCall:
        arguments = (self.message_id, self.revision, self.channel, self.number, self.failures)
        return QueuedCall(self.workflow_id, self.channel, arguments, delay)


class Deliver(Protocol):
    def __call__(self, message_id: str, revision: int, /) -> float | None:
        """Works on a message. Seconds to wait before it is called again; None: nothing is left to do."""
        ...


class GiveUp(Protocol):
    def __call__(self, message_id: str, revision: int, why: str, /) -> None:
        """A delivery failed too often by a fault of ours."""
        ...


class DeliveryQueue:
    """Calls `deliver` for what was handed over, in threads, until it says that nothing is left; one per process."""

    def __init__(
        self, database_url: str, slot: int, deliver: Deliver, *, workers: int = 8, give_up: GiveUp | None = None
    ) -> None:
        self._address = database_url
        self._slot = slot
        self._deliver = deliver
        self._give_up = give_up
        self._workers = workers
        self._seats = threading.Semaphore(workers)
        self._library: DbosQueue | None = None
        self._storage: Engine | None = None
        self._ending = threading.Event()
        self._mutex = threading.Lock()
        self._busy = 0
        self._handed: set[tuple[str, int]] = set()  # ids of messages, with their revisions
        self._lost: dict[str, float] = {}
        self._started_at = 0.0
        self._probed: tuple[float, str] = (-PROBE, "")
        self._unstarted = "it has not been started"

    def start(self) -> None:
        """Takes a second or more; raises what the database raises. What was left when we died is taken up again."""
        storage = open_storage(self._address, CONNECTIONS)
        try:
            self._library = DbosQueue(storage, str(self._slot), self._run, CLAIMS * self._workers)
        except BaseException as error:
            storage.dispose()
            self._unstarted = f"the connection to its database failed: {_kind(error)}"
            raise
        self._storage = storage
        self._started_at = time.monotonic()

    @property
    def problem(self) -> str:
        """Why deliveries do not go on; "" when they do."""
        if self._storage is None or self._library is None or self._ending.is_set():
            return self._unstarted
        now = time.monotonic()
        if now - self._probed[0] >= PROBE:
            self._probed = (now, self._probe(self._storage))
        is_looking = self._library.is_looking() or now - self._started_at < PROBE  # its threads start one by one
        return self._probed[1] or ("" if is_looking else "nothing looks into the queue")

    def hand_over(self, dues: Sequence[QueuedMessage]) -> None:
        """What was handed over once, at this revision, is not taken again, whatever became of it."""
        library = self._open
        fresh = [due for due in dues if (due.id, due.revision) not in self._handed]
        for start in range(0, len(fresh), CHUNK):
            some = fresh[start : start + CHUNK]
            library.put([Attempt(due.id, due.revision, f"{due.workspace}:{due.channel}").job() for due in some])
            if len(self._handed) + len(some) > REMEMBERED:
                self._handed.clear()  # the queue knows them
            self._handed.update((due.id, due.revision) for due in some)

    def adopt(self, slots: ProcessLocks) -> int:
        """Takes over what processes left that have died; how many. To be called every few seconds."""
        library = self._open
        pending = library.pending()
        self._take_up_lost(library, {each for each, executor in pending.items() if executor == str(self._slot)})
        others = {int(each) for each in pending.values() if each.isdecimal()} - {self._slot}
        return sum(self.recover(slot) for slot in slots.dead(others)) if others else 0

    def _take_up_lost(self, library: DbosQueue, ours: set[str]) -> None:
        """What the queue gave us in an answer that was lost: nobody works on it, and its channel waits for it."""
        now = time.monotonic()
        self._lost = {each: self._lost.get(each, now) for each in ours - library.running()}
        library.give_back([each for each, since in self._lost.items() if now - since >= LOST])

    def recover(self, slot: int) -> int:
        """Takes over what the process in this slot worked on; only if it is known to be dead."""
        found = self._open.recover(str(slot))
        if found:
            log.warning("taken over from a process that ended", extra={"slot": slot, "count": found})
        return found

    def prune(self, before_ms: int) -> int:
        """Forgets deliveries that ended before; how many rows. What is due still can then be handed over anew."""
        library = self._open
        before = datetime.fromtimestamp(before_ms / 1000, UTC)
        found = library.finished(before, datetime.now(UTC) - AMENDS)
        alive = {
            first_of(each) for each in library.unfinished()
        }  # whose first turn keeps a second chain from beginning
        old = [each for each in found if first_of(each) not in alive]
        for start in range(0, len(old), CHUNK):
            library.forget(old[start : start + CHUNK])
        self._handed.clear()
        return len(old)

    def stop(self, seconds: float) -> None:
        """Begins nothing more; what runs has so long to finish. The rest is done by others or at the next start."""
        library = self._library
        if library is None or self._ending.is_set():
            return
        self._unstarted = "it has been stopped"
        self._ending.set()
        self._seats.release(CLAIMS * self._workers)  # those that wait for their turn go back to the queue
        ending = threading.Thread(target=self._end, args=(library, seconds), name="delivery-end", daemon=True)
        ending.start()
        ending.join(seconds + 2)  # a database that is away would hold us much longer

    @property
    def _open(self) -> DbosQueue:
        if self._library is None or self._ending.is_set():
            raise RuntimeError(f"The delivery queue is not open: {self._unstarted}.")
        return self._library

    def _run(self, message_id: str, revision: int, channel: str, number: int, failures: int) -> None:
        """The workflow. A process that dies in it has it begun anew by another: a delivery may be tried twice.

        So what is done at once, as most are, needs no step that is recorded. How it goes on is: the next is one.
        """
        turn = Attempt(message_id, revision, channel, number, failures)
        found = self._attempt(turn)
        if found[0] is None:
            return
        wait, failed = DbosQueue.step(lambda: found)
        if wait is None:
            return
        DbosQueue.follow(replace(turn, number=number + 1, failures=failed).job(wait))
        if number > 2:
            DbosQueue.forget([replace(turn, number=number - 2).workflow_id])  # not the first: it says "handed over"

    def _attempt(self, turn: Attempt) -> list[Any]:
        """Seconds until the next turn or None, and the failures up to then."""
        with self._mutex:
            self._busy += 1
        try:
            return self._called(turn)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
            return self._failed(turn, error)
        finally:
            with self._mutex:
                self._busy -= 1

    def _called(self, turn: Attempt) -> list[Any]:
        """A short wait is waited for here, without a seat: a turn of its own costs the queue more."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._seats:
                if self._ending.is_set():
                    return [0.0, turn.failures]
                wait = self._deliver(turn.message_id, turn.revision)
            if wait is None or wait > SHORT or time.monotonic() + wait > until:
                return [None if wait is None else max(0.0, float(wait)), 0]
            self._ending.wait(wait)

    def _failed(self, turn: Attempt, error: Exception) -> list[Any]:
        failures, incident = turn.failures + 1, f"{secrets.randbelow(1_000_000):06d}"
        where = {"delivery": turn.message_id, "revision": turn.revision, "failures": failures}
        log.error("incident %s: a delivery failed", incident, exc_info=error, extra=where)
        if failures < TRIES:
            return [FAULTS.pause(failures - 1), failures]
        return [
            None
            if self._is_given_up(turn, f"failed {failures} times, the last as incident {incident}")
            else FAULTS.most,
            failures,
        ]

    def _is_given_up(self, turn: Attempt, why: str) -> bool:
        try:
            if self._give_up is not None:
                self._give_up(turn.message_id, turn.revision, why)
        except Exception as error:  # noqa: BLE001 -- nobody knows yet that it failed: it goes on
            log.warning("a delivery cannot be given up", extra={"delivery": turn.message_id, "reason": _reason(error)})
            return False
        return True

    def _end(self, library: DbosQueue, seconds: float) -> None:
        try:
            library.end(math.ceil(seconds) if self._busy else 0)
        except Exception as error:  # noqa: BLE001 -- there is nobody to tell, and the process ends
            log.warning("the delivery queue did not end well", extra={"reason": _reason(error)})
        if self._storage is not None:
            self._storage.dispose()

    @staticmethod
    def _probe(storage: Engine) -> str:
        question = "PRAGMA user_version" if storage.dialect.name == "sqlite" else "SELECT 1"
        try:
            with storage.connect() as connection:
                connection.execute(text(question))
        except Exception as error:  # noqa: BLE001 -- whatever it is, that is the problem
            return f"its database does not answer: {_kind(error)}"
        return ""


def _kind(error: BaseException) -> str:
    """Kind of an error, without the database's words, which name where it is: /readyz tells this to whoever asks."""
    return type(_cause(error)).__name__


def _reason(error: BaseException) -> str:
    return f"{_kind(error)}: {_cause(error)}".strip().partition("\n")[0]


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


# One try of a delivery; a delivery is a chain of them, the first of which stays as long as the chain goes on.


_PREFIX = "deliver:"
_MARK = "#"


def first_of(workflow_id: str) -> str:
    """The id of the first turn of the same chain."""
    first, mark, number = workflow_id.rpartition(_MARK)
    return first if mark and number.isdecimal() else workflow_id
