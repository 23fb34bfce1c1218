"""Writes that many threads ask for at once, made by one thread: what waits goes into one transaction."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection, Engine

Job = Callable[[Connection], Any]

_AT_ONCE = 200  # jobs in one transaction


class Writer:
    """Jobs are done in the order they came. Its thread starts with the first, and ends with `close`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted: deque[tuple[Job, Future[Any]]] = deque()
        self._work = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, job: Job) -> Future[Any]:
        """What the job returned once it is in the database; holds what the database raised when it is not."""
        future: Future[Any] = Future()
        with self._work:
            if self._is_closed:
                future.set_exception(OSError("the writer is closed"))
                return future
            self._wanted.append((job, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            self._work.notify()
        return future

    def close(self, seconds: float) -> None:
        """Takes nothing more, and waits at most so long for what was taken."""
        with self._work:
            self._is_closed = True
            self._work.notify()
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while batch := self._next():
            try:
                results = self._transact([job for job, _future in batch])
            except BaseException as error:  # noqa: BLE001 -- each who waits is told
                for _job, future in batch:
                    future.set_exception(error)
            else:
                for (_job, future), result in zip(batch, results, strict=True):
                    future.set_result(result)

    def _next(self) -> list[tuple[Job, Future[Any]]]:
        """Empty when there will be no more."""
        with self._work:
            while not self._wanted and not self._is_closed:
                self._work.wait()
            return [self._wanted.popleft() for _ in range(min(len(self._wanted), _AT_ONCE))]

    def _transact(self, jobs: list[Job]) -> list[Any]:
        with self._engine.begin() as connection:
            return [job(connection) for job in jobs]
