"""Who is who among processes that share a database: each holds a numbered slot for as long as it lives.

On PostgreSQL a slot is a lock of a session: it ends with the process, or 25 s after its machine is gone. That needs
the session to be ours: a pooler in between must pool sessions, not transactions. On SQLite there is one slot, the
lock of a file beside ours: one process at a time delivers, and another takes over when it dies.
"""

import logging
import os
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from filelock import FileLock, Timeout

from bot.store.database import beside, is_file, libpq

if TYPE_CHECKING:
    from psycopg import Connection


log = logging.getLogger(__name__)

COUNT = 64
_OURS = 0x6D6C636D  # "mlcm": tells our locks from others in the database
_UNANSWERED_MS = 10_000  # a server that is silent so long is gone; before it gives our slot to others


class ProcessLocks(Protocol):
    """What is asked of the database raises what the database raises, unless it says otherwise."""

    def take(self) -> int | None:
        """The lowest free number, ours from now on; None when all are held, or another process holds the file."""
        ...

    def is_held(self) -> bool:
        """Whether ours is still ours. When it is not: stop what works under its number. Never raises."""
        ...

    def dead(self, numbers: Collection[int]) -> Iterator[int]:
        """Slots in which nobody is, of these; each is held while it is looked at."""
        ...

    def release(self) -> None: ...


def open_process_locks(database_url: str) -> ProcessLocks:
    """Takes nothing yet."""
    return DatabaseFileLock(database_url) if is_file(database_url) else PostgresLocks(database_url)


class PostgresLocks:
    """Advisory locks of one PostgreSQL session of our own."""

    def __init__(self, address: str) -> None:
        self._address = libpq(address) | {"tcp_user_timeout": _UNANSWERED_MS}
        self._session: Connection[Any] | None = None
        self._number: int | None = None

    def take(self) -> int | None:
        self.release()
        self._session = self._connect()
        for number in range(COUNT):
            if self._lock(number):
                self._number = number
                return number
        self.release()
        return None

    def is_held(self) -> bool:
        import psycopg

        if self._session is None or self._number is None:
            return False
        question = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
            " AND classid = %s::bigint::oid AND objid = %s::bigint::oid"
        )
        try:
            return bool(self._ask(question, _OURS, self._number))
        except (psycopg.Error, OSError):
            return False

    def dead(self, numbers: Collection[int]) -> Iterator[int]:
        for number in sorted(set(numbers) - {self._number}):
            if 0 <= number < COUNT and self._lock(number):
                try:
                    yield number
                finally:
                    self._unlock(number)

    def release(self) -> None:
        session, self._session, self._number = self._session, None, None
        if session is not None:
            session.close()

    def _connect(self) -> "Connection[Any]":
        import psycopg

        session = psycopg.connect(**self._address, autocommit=True)
        for name, seconds in (("idle", 10), ("interval", 5), ("count", 3)):  # the server's own look at whether we live
            session.execute(f"SET tcp_keepalives_{name} = {seconds}")
        row = session.execute("SELECT pg_backend_pid()").fetchone()
        if row is not None and row[0] != session.info.backend_pid:
            log.warning(
                "a pooler stands before PostgreSQL: it must pool sessions, not transactions, or a process that dies"
                " keeps its slot; DATABASE_URL had better lead to PostgreSQL itself"
            )
        return session

    def _lock(self, number: int) -> bool:
        return bool(self._ask("SELECT pg_try_advisory_lock(%s, %s)", _OURS, number))

    def _unlock(self, number: int) -> None:
        import psycopg

        try:
            self._ask("SELECT pg_advisory_unlock(%s, %s)", _OURS, number)
        except (psycopg.Error, OSError):
            log.debug("the session ended, and its locks with it")

    def _ask(self, question: str, *values: int) -> Any:
        if self._session is None:
            raise RuntimeError("No slot has been taken.")
        row = self._session.execute(question, values).fetchone()
        return row[0] if row is not None else None


class DatabaseFileLock:
    """The lock of a file beside the database, which the system takes back when its holder dies."""

    def __init__(self, address: str) -> None:
        self._path = beside(address, "engine.lock")
        # No soft lock instead, where the file system has none: that would outlive its holder.
        self._lock = FileLock(self._path, blocking=False, thread_local=False, fallback_to_soft=False)
        self._file: os.stat_result | None = None

    def take(self) -> int | None:
        self.release()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
            self._file = self._path.stat()
        except (Timeout, OSError, NotImplementedError):
            self.release()
            return None
        return 0

    def is_held(self) -> bool:
        """False also when somebody has removed the file: the next one would then lock another."""
        try:
            return self._file is not None and os.path.samestat(self._file, self._path.stat())
        except OSError:
            return False

    def dead(self, numbers: Collection[int]) -> Iterator[int]:  # noqa: ARG002 -- nobody else can work on this file
        return iter(())

    def release(self) -> None:
        self._file = None
        self._lock.release()
