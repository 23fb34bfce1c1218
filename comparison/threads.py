"""Threads that nobody waits for when the process ends: what they ask may take minutes to be refused."""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Answer = TypeVar("_Answer")
_Work = tuple[Future[Any], Callable[[], Any]] | None  # None: there will be no more


class Threads(Executor):
    """As ThreadPoolExecutor, at most `most` at once, started when needed; they end with the last reference to this."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._started = 0
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._waiting: SimpleQueue[_Work] = SimpleQueue()
        weakref.finalize(self, self._waiting.put, None)

    def submit(
        self, fn: Callable[_Parameters, _Answer], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Answer]:
        future: Future[_Answer] = Future()
        self._waiting.put((future, partial(fn, *args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            self._start()
        return future

    def _start(self) -> None:
        with self._lock:
            if self._started < self._most:
                self._started += 1
                name = f"{self._name}-{self._started}"
                threading.Thread(target=_work_off, args=(self._waiting, self._idle), name=name, daemon=True).start()


def _work_off(waiting: SimpleQueue[_Work], idle: threading.Semaphore) -> None:
    while True:
        try:
            work = waiting.get_nowait()
        except Empty:
            idle.release()
            work = waiting.get()
        if work is None:
            waiting.put(None)  # for the others
            return
        _do(*work)
        del work  # what it holds may be large, and the next may be long in coming


def _do(future: Future[Any], ask: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        answer = ask()
    except BaseException as error:  # noqa: BLE001 -- it is for whoever waits
        future.set_exception(error)
    else:
        future.set_result(answer)
