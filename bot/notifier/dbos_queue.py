"""DBOS as we use it: one queue, no schedules, no listeners, and quiet. Nothing else speaks to it.

It imports in a second or more, so nothing here is imported before the engine starts.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from bot.store.database import keep_private, server_engine

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions, WorkflowStatus


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


# Where the durable engine keeps its work: in our PostgreSQL database, or in a file beside ours.


_FROZEN_MS = 60_000  # a transaction left open this long by a process that froze is ended by the server
_BUSY_MS = 30_000


def is_file(address: str) -> bool:
    return make_url(address).get_backend_name() == "sqlite"


def beside(address: str, ending: str) -> Path:
    """The file next to our SQLite file: `mlcompare.db` has `mlcompare-engine.db`."""
    database = Path(make_url(address).database or "mlcompare.db").absolute()
    return database.with_name(f"{database.stem}-{ending}")


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


# What the engine's library says, said in our log: one line, now and then, without tracebacks.


log = logging.getLogger(__name__)

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
