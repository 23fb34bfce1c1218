"""The durable queue, which carries deliveries through crashes: one at a time per channel, retried.

A delivery is a chain of short turns, each a workflow of its own: one that waits holds no thread and no place in its
channel, and one that waits for days leaves no more behind than one that is done at once.

DBOS keeps the queue; nothing else of the bot speaks to it. It imports in a second or more, so nothing of it is imported
before the queue starts.
"""

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bot.backoff import Backoff
from bot.notifier.outbox import QueuedMessage
from bot.notifier.process_locks import ProcessLocks
from bot.store.database import beside, is_file, keep_private, server_engine

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions, WorkflowStatus

log = logging.getLogger(__name__)

# DBOS as we use it: one queue, no schedules, no listeners, and quiet.


NAME = "mlcompare"
QUEUE = "slack"
_WORKFLOW = "deliver"
_VERSION = "1"  # fixed: by default it is a hash of the code, and a deployment would orphan what waits
POLL = 0.5  # s between two looks into the queue
_LISTENING = 0.5  # s between two looks for what we never use, in memory; and how long an end may take
_FAILED = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_UNFINISHED = ["ENQUEUED", "DELAYED", "PENDING"]
_STARTING = 60.0  # s another engine of this process has for its end
_ONLY = threading.Lock()  # DBOS is one per process


@dataclass(frozen=True, slots=True)
class QueuedCall:
    """A workflow to be: its id holds for ever, a second one with it is none."""

    id: str
    channel: str
    arguments: tuple[Any, ...]
    delay: float = 0.0

    @property
    def options(self) -> "EnqueueOptions":
        options: EnqueueOptions = {
            "workflow_name": _WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": self.id,
            "queue_partition_key": self.channel,
            "app_version": _VERSION,
        }
        return {**options, "delay_seconds": self.delay} if self.delay > 0 else options


class DbosQueue:
    """Launched at once; raises what the database raises. `end` ends it."""

    def __init__(self, storage: "Engine", executor: str, run: Callable[..., None], claims: int) -> None:
        if not _ONLY.acquire(timeout=_STARTING):
            raise RuntimeError("Another delivery queue is open in this process; close it first.")
        self._storage = storage
        self._overheard = DbosLog("dbos")
        self._mutex = threading.Lock()
        self._running: set[str] = set()
        try:
            self._launch(executor, run, claims)
            self._client = self._connect()
        except BaseException:
            self.end(0)
            raise

    def _launch(self, executor: str, run: Callable[..., None], claims: int) -> None:
        self._overheard.open()
        from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

        config = DBOSConfig(
            name=NAME,
            system_database_engine=self._storage,
            application_version=_VERSION,
            executor_id=executor,
            serializer=DBOSPortableJSONSerializer(),  # JSON, never pickle: rows are data
            use_listen_notify=False,
            log_level="WARNING",
            max_executor_threads=claims + 4,
            notification_listener_polling_interval_sec=_LISTENING,
            scheduler_polling_interval_sec=3600.0,
        )
        DBOS(config=config)

        @DBOS.workflow(name=_WORKFLOW)
        def deliver(*arguments: Any) -> None:
            workflow_id = DBOS.workflow_id or ""
            with self._mutex:
                self._running.add(workflow_id)
            try:
                run(*arguments)
            finally:
                with self._mutex:
                    self._running.discard(workflow_id)

        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=claims,
            partition_concurrency=1,
            polling_interval_sec=POLL,
            on_conflict="always_update",
        )

    def _connect(self) -> "DBOSClient":
        from dbos import DBOSClient, DBOSPortableJSONSerializer

        serializer = DBOSPortableJSONSerializer()
        return DBOSClient(system_database_engine=self._storage, application_name=NAME, serializer=serializer, lazy=True)

    def put(self, jobs: Sequence[QueuedCall]) -> None:
        """Enqueues all or none; those whose id is known are left as they are."""
        with self._storage.begin() as connection:
            for job in sorted(jobs, key=lambda each: each.id):  # two processes lock in the same order
                self._client.enqueue_in_transaction(connection, job.options, *job.arguments)

    @staticmethod
    def step(work: Callable[[], list[Any]]) -> list[Any]:
        """Does work in a workflow and keeps what it returned; done before, returns that."""
        from dbos import DBOS

        return DBOS.run_step({"name": "attempt"}, work)

    @staticmethod
    def follow(job: QueuedCall) -> None:
        """Enqueues the next workflow from a workflow, once."""
        from dbos import DBOS

        DBOS.enqueue_workflow_with_options(job.options, *job.arguments)

    @staticmethod
    def forget(workflow_ids: list[str]) -> None:
        from dbos import DBOS

        DBOS.delete_workflows(workflow_ids)

    @staticmethod
    def unfinished() -> list[str]:
        """The ids of all that waits or is worked on."""
        return [each.workflow_id for each in _listed(status=_UNFINISHED)]

    @staticmethod
    def finished(before: datetime, failed_before: datetime) -> list[str]:
        """The ids of what ended before, or came to nothing before."""
        ended = _listed(status="SUCCESS", completed_before=before.astimezone(UTC).isoformat())
        failed = _listed(status=_FAILED, end_time=failed_before.astimezone(UTC).isoformat())
        return [each.workflow_id for each in (*ended, *failed)]

    @staticmethod
    def pending() -> dict[str, str]:
        """What is worked on, or was when its executor died: workflow id → executor."""
        return {each.workflow_id: each.executor_id or "" for each in _listed(status="PENDING")}

    def running(self) -> set[str]:
        """What this process works on."""
        with self._mutex:
            return set(self._running)

    @staticmethod
    def give_back(workflow_ids: Sequence[str]) -> None:
        """Gives workflows back to the queue that nobody works on: those of an executor that is known to be dead.

        One that has ended meanwhile stays as it is. How often each was taken up before is forgotten.
        """
        from dbos import DBOS

        if workflow_ids:
            DBOS.resume_workflows(list(workflow_ids), queue_name=QUEUE)

    def recover(self, executor: str) -> int:
        """Gives back to the queue what a dead executor worked on; how many."""
        found = [each for each, worker in self.pending().items() if worker == executor]
        self.give_back(found)
        return len(found)

    @staticmethod
    def is_looking() -> bool:
        """Whether the thread that looks into the queue lives."""
        return any(each.name == f"queue-worker-{QUEUE}" for each in threading.enumerate())

    def end(self, seconds: int) -> None:
        """Takes nothing more, waits so long for what runs; what runs still is recovered at the next start."""
        from dbos import DBOS

        self._overheard.hush()  # it complains of what it cannot finish
        try:
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)
        finally:
            _ONLY.release()


def _listed(**wanted: Any) -> "list[WorkflowStatus]":
    from dbos import DBOS

    return DBOS.list_workflows(queue_name=QUEUE, application_name=NAME, load_input=False, load_output=False, **wanted)


# Where DBOS keeps its work: in our PostgreSQL database, or in a file beside ours.


_FROZEN_MS = 60_000  # a transaction left open this long by a process that froze is ended by the server
_BUSY_MS = 30_000


def open_storage(address: str, connections: int) -> Engine:
    """An engine for the queue's tables; connects when first used."""
    return _file(address) if is_file(address) else _server(address, connections)


def _server(address: str, connections: int) -> Engine:
    engine = server_engine(address, connections=connections, patience=10)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {_FROZEN_MS}")
        connection.commit()

    return engine


def _file(address: str) -> Engine:
    path = beside(address, "engine.db")
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_private(path)
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, pool_size=5, max_overflow=0, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # wait for the writer now, never fail half-way
        # The library asks SQLite for the present, which an old SQLite knows to the second only, or not at all.
        connection.create_function("strftime", 2, _present)  # "%s", "now"
        connection.create_function("unixepoch", 1, _present)  # "subsec"
        for pragma in (f"busy_timeout = {_BUSY_MS}", "foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _present(*_words: str) -> float:
    """Seconds since 1970, with their fraction."""
    return time.time()


# What DBOS says, said in our log: one line, now and then, without tracebacks.


PAUSE = 60.0  # s: while a database is away the library complains many times a second
LONGEST = 300  # characters of what it said


class DbosLog(logging.Handler):
    """Takes the library's log over while it is open."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self._logger = logging.getLogger(name)
        self._mutex = threading.Lock()
        self._next_at = 0.0
        self._unsaid = 0

    def open(self) -> None:
        """Opens the handler; to be called before the library adds one of its own, which it does when it finds none."""
        self._logger.handlers[:] = [self]
        self._logger.propagate = False

    def hush(self) -> None:
        """Says nothing more. It stays where it is: threads that outlive the library would complain elsewhere."""
        self.setLevel(logging.CRITICAL)

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        with self._mutex:
            if now < self._next_at:
                self._unsaid += 1
                return
            self._next_at, unsaid, self._unsaid = now + PAUSE, self._unsaid, 0
        log.warning("the delivery queue has trouble", extra={"reason": _said(record), "unsaid": unsaid})


def _said(record: logging.LogRecord) -> str:
    message = record.getMessage().strip().partition("\n")[0]
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        message = f"{message} {type(error).__name__}: {error}".partition("\n")[0]
    return message[:LONGEST]


# Our deliveries in it: in order and one at a time in a channel, retried, taken over from processes that died.


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
        self._dbos_queue: DbosQueue | None = None
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
            self._dbos_queue = DbosQueue(storage, str(self._slot), self._run, CLAIMS * self._workers)
        except BaseException as error:
            storage.dispose()
            self._unstarted = f"the connection to its database failed: {_kind(error)}"
            raise
        self._storage = storage
        self._started_at = time.monotonic()

    @property
    def problem(self) -> str:
        """Why deliveries do not go on; "" when they do."""
        if self._storage is None or self._dbos_queue is None or self._ending.is_set():
            return self._unstarted
        now = time.monotonic()
        if now - self._probed[0] >= PROBE:
            self._probed = (now, self._probe(self._storage))
        is_looking = self._dbos_queue.is_looking() or now - self._started_at < PROBE  # its threads start one by one
        return self._probed[1] or ("" if is_looking else "nothing looks into the queue")

    def hand_over(self, dues: Sequence[QueuedMessage]) -> None:
        """What was handed over once, at this revision, is not taken again, whatever became of it."""
        dbos_queue = self._open
        fresh = [due for due in dues if (due.id, due.revision) not in self._handed]
        for start in range(0, len(fresh), CHUNK):
            some = fresh[start : start + CHUNK]
            dbos_queue.put([Attempt(due.id, due.revision, f"{due.workspace}:{due.channel}").job() for due in some])
            if len(self._handed) + len(some) > REMEMBERED:
                self._handed.clear()  # the queue knows them
            self._handed.update((due.id, due.revision) for due in some)

    def adopt(self, slots: ProcessLocks) -> int:
        """Takes over what processes left that have died; how many. To be called every few seconds."""
        dbos_queue = self._open
        pending = dbos_queue.pending()
        self._take_up_lost(dbos_queue, {each for each, executor in pending.items() if executor == str(self._slot)})
        others = {int(each) for each in pending.values() if each.isdecimal()} - {self._slot}
        return sum(self.recover(slot) for slot in slots.dead(others)) if others else 0

    def _take_up_lost(self, dbos_queue: DbosQueue, ours: set[str]) -> None:
        """What the queue gave us in an answer that was lost: nobody works on it, and its channel waits for it."""
        now = time.monotonic()
        self._lost = {each: self._lost.get(each, now) for each in ours - dbos_queue.running()}
        dbos_queue.give_back([each for each, since in self._lost.items() if now - since >= LOST])

    def recover(self, slot: int) -> int:
        """Takes over what the process in this slot worked on; only if it is known to be dead."""
        found = self._open.recover(str(slot))
        if found:
            log.warning("taken over from a process that ended", extra={"slot": slot, "count": found})
        return found

    def prune(self, before_ms: int) -> int:
        """Forgets deliveries that ended before; how many rows. What is due still can then be handed over anew."""
        dbos_queue = self._open
        before = datetime.fromtimestamp(before_ms / 1000, UTC)
        found = dbos_queue.finished(before, datetime.now(UTC) - AMENDS)
        alive = {
            first_of(each) for each in dbos_queue.unfinished()
        }  # whose first turn keeps a second chain from beginning
        old = [each for each in found if first_of(each) not in alive]
        for start in range(0, len(old), CHUNK):
            dbos_queue.forget(old[start : start + CHUNK])
        self._handed.clear()
        return len(old)

    def stop(self, seconds: float) -> None:
        """Begins nothing more; what runs has so long to finish. The rest is done by others or at the next start."""
        dbos_queue = self._dbos_queue
        if dbos_queue is None or self._ending.is_set():
            return
        self._unstarted = "it has been stopped"
        self._ending.set()
        self._seats.release(CLAIMS * self._workers)  # those that wait for their turn go back to the queue
        ending = threading.Thread(target=self._end, args=(dbos_queue, seconds), name="delivery-end", daemon=True)
        ending.start()
        ending.join(seconds + 2)  # a database that is away would hold us much longer

    @property
    def _open(self) -> DbosQueue:
        if self._dbos_queue is None or self._ending.is_set():
            raise RuntimeError(f"The delivery queue is not open: {self._unstarted}.")
        return self._dbos_queue

    def _run(self, message_id: str, revision: int, channel: str, number: int, failures: int) -> None:
        """The workflow. A process that dies in it has it begun anew by another: a delivery may be tried twice.

        So what is done at once, as most are, needs no step that is recorded. How it goes on is: the next is one.
        """
        attempt = Attempt(message_id, revision, channel, number, failures)
        found = self._attempt(attempt)
        if found[0] is None:
            return
        wait, failed = DbosQueue.step(lambda: found)
        if wait is None:
            return
        DbosQueue.follow(replace(attempt, number=number + 1, failures=failed).job(wait))
        if number > 2:
            DbosQueue.forget([replace(attempt, number=number - 2).workflow_id])  # not the first: it says "handed over"

    def _attempt(self, attempt: Attempt) -> list[Any]:
        """Seconds until the next turn or None, and the failures up to then."""
        with self._mutex:
            self._busy += 1
        try:
            return self._called(attempt)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
            return self._failed(attempt, error)
        finally:
            with self._mutex:
                self._busy -= 1

    def _called(self, attempt: Attempt) -> list[Any]:
        """A short wait is waited for here, without a seat: a turn of its own costs the queue more."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._seats:
                if self._ending.is_set():
                    return [0.0, attempt.failures]
                wait = self._deliver(attempt.message_id, attempt.revision)
            if wait is None or wait > SHORT or time.monotonic() + wait > until:
                return [None if wait is None else max(0.0, float(wait)), 0]
            self._ending.wait(wait)

    def _failed(self, attempt: Attempt, error: Exception) -> list[Any]:
        failures, incident = attempt.failures + 1, f"{secrets.randbelow(1_000_000):06d}"
        where = {"delivery": attempt.message_id, "revision": attempt.revision, "failures": failures}
        log.error("incident %s: a delivery failed", incident, exc_info=error, extra=where)
        if failures < TRIES:
            return [FAULTS.pause(failures - 1), failures]
        return [
            None
            if self._is_given_up(attempt, f"failed {failures} times, the last as incident {incident}")
            else FAULTS.most,
            failures,
        ]

    def _is_given_up(self, attempt: Attempt, why: str) -> bool:
        try:
            if self._give_up is not None:
                self._give_up(attempt.message_id, attempt.revision, why)
        except Exception as error:  # noqa: BLE001 -- nobody knows yet that it failed: it goes on
            log.warning(
                "a delivery cannot be given up", extra={"delivery": attempt.message_id, "reason": _reason(error)}
            )
            return False
        return True

    def _end(self, dbos_queue: DbosQueue, seconds: float) -> None:
        try:
            dbos_queue.end(math.ceil(seconds) if self._busy else 0)
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
