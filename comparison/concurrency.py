"""Threads that nobody waits for when the process ends: what they ask may take minutes to be refused."""

import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from comparison.errors import RequestError, TrackingUnavailable

_Parameters = ParamSpec("_Parameters")


_Work = tuple[Future[Any], Callable[[], Any]] | None  # None: there will be no more


_Answer = TypeVar("_Answer")


class DaemonThreads(Executor):
    """A ThreadPoolExecutor of daemons, at most `most`, started when needed; they end with the last reference to it."""

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


# Questions asked again where the interpreter itself tripped over its threads.
#
# Python 3.11 before 3.11.8 and 3.12 before 3.12.2 count the depth of every `ast.parse` in one place: of two at the same
# moment one may raise SystemError (gh-106905). MLflow parses lists in filters so, and we parse values.


_TRIES = 20


def retry_on_race(ask: Callable[[], _Answer]) -> _Answer:
    """What `ask` returns, asked anew for each race it loses; it must do no harm twice."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except Exception as error:
            if not _is_lost_race(error):
                raise
    return ask()


def _is_lost_race(error: BaseException | None) -> bool:
    """MLflow wraps it in an error of its own."""
    while error is not None:
        if isinstance(error, SystemError):
            return True
        error = error.__cause__
    return False


# Questions asked side by side.


SIDE_BY_SIDE = 8


_Other = TypeVar("_Other")


class Threads(ThreadPoolExecutor):
    """Threads that go on with what surrounds whoever asks them (its context variables): a trace stays one."""

    def submit(
        self, fn: Callable[_Parameters, _Answer], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Answer]:
        return super().submit(copy_context().run, partial(fn, *args, **kwargs))


_SHARED = DaemonThreads(256, "side by side")


def side_by_side(asks: Sequence[Callable[[], _Answer]]) -> list[_Answer]:
    """The answers in order; what one of them raises is raised when all have ended.

    Who asks works along, and so needs nobody else to get through: threads are shared, and what is asked may ask so
    itself. What is answered at once, such as from a cache, is answered before another thread has woken.
    """
    waiting = deque(enumerate(asks))
    answers: list[Future[_Answer]] = [Future() for _ in asks]

    def work() -> None:
        while True:
            try:
                place, ask = waiting.popleft()
            except IndexError:
                return
            _do(answers[place], ask)

    helpers = [_SHARED.submit(copy_context().run, work) for _ in range(min(SIDE_BY_SIDE, len(asks)) - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():
            helper.result()
    return [answer.result() for answer in answers]


def both(one: Callable[[], _Answer], other: Callable[[], _Other]) -> tuple[_Answer, _Other]:
    """Two questions of different kinds side by side; what one of them raises is raised."""
    asks: list[Callable[[], Any]] = [one, other]
    first, second = side_by_side(asks)
    return first, second


def tried(ask: Callable[[], _Answer]) -> Callable[[], _Answer | RequestError]:
    """What is wrong with what was asked becomes an answer; that MLflow does not answer is raised all the same."""

    def answer() -> _Answer | RequestError:
        try:
            return ask()
        except TrackingUnavailable:
            raise
        except RequestError as error:
            return error

    return answer
