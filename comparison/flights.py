"""The same question asked at the same moment is asked once, and its answer given to all askers."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Flights(Generic[_Answer]):
    """One call of `ask` for each key at a time, in the threads of `executor`."""

    def __init__(self, executor: Executor, ask: Callable[[str], _Answer]) -> None:
        self._executor = executor
        self._ask = ask
        self._lock = threading.RLock()  # a flight may land while it is being started
        self._under_way: dict[str, Future[_Answer]] = {}

    def start(self, key: str) -> Future[_Answer]:
        """The flight for this key that is under way, or a new one."""
        with self._lock:
            flight = self._under_way.get(key)
            if flight is None or flight.done():
                flight = self._executor.submit(self._ask, key)
                self._under_way[key] = flight
                flight.add_done_callback(lambda landed: self._land(key, landed))
            return flight

    def _land(self, key: str, flight: Future[_Answer]) -> None:
        with self._lock:
            if self._under_way.get(key) is flight:  # not one that started since
                del self._under_way[key]
