"""What a server answered, remembered: its experiments for a minute, the points of runs that are over for longer."""

import threading
from collections.abc import Callable, Sized
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar

from cachetools import LRUCache

from comparison.runs import Experiment, Run

FRESH = 60.0  # seconds; older ones are given at once and renewed behind the asker's back
JUST_NOW = 2.0  # seconds; what is this young is not asked for again


class ExperimentCache:
    """Experiments by id: names and goals are asked for more often than they change.

    `load` asks the server for all active ones; `clock` counts seconds.
    """

    def __init__(
        self,
        load: Callable[[], tuple[Experiment, ...]],
        load_one: Callable[[str], Experiment],
        executor: Executor,
        clock: Callable[[], float],
    ) -> None:
        self._load = load
        self._load_one = load_one
        self._executor = executor
        self._clock = clock
        self._lock = threading.Lock()
        self._active: tuple[Experiment, ...] = ()
        self._known: dict[str, Experiment] = {}
        self._loaded_at: float | None = None
        self._known_at: float | None = None  # when the oldest of the known was asked for
        self._loading: Future[None] | None = None
        self._asked: dict[str, Future[Experiment]] = {}

    def active(self) -> tuple[Experiment, ...]:
        """All active experiments; waits only for the first load."""
        if self._loaded_at is None:
            self._renew().result()
        elif self._age(self._loaded_at) > FRESH:
            self._renew()
        return self._active

    def known_ids(self) -> tuple[str, ...]:
        """Ids of all active experiments, and of others that were asked for; waits as `active`."""
        self.active()
        return tuple(self._known)

    def renewed(self) -> tuple[Experiment, ...]:
        """All active experiments as they are now."""
        if self._loaded_at is None or self._age(self._loaded_at) > JUST_NOW:
            self._renew().result()
        return self._active

    def one(self, experiment_id: str) -> Experiment:
        """An experiment by id, deleted ones too; waits only where it is not known yet, and asks once for all askers."""
        known = self._known.get(experiment_id)
        if known is None:
            return self._first(experiment_id)
        if self._known_at is not None and self._age(self._known_at) > FRESH:
            self._renew()
        return known

    def _age(self, at: float) -> float:
        return self._clock() - at

    def _first(self, experiment_id: str) -> Experiment:
        with self._lock:
            under_way = self._asked.get(experiment_id)
            answer = self._asked.setdefault(experiment_id, Future())
        if under_way is None:
            try:
                found = self._load_one(experiment_id)
                self._known[experiment_id] = found
                self._known_at = self._clock() if self._known_at is None else self._known_at
                answer.set_result(found)
            except BaseException as error:  # noqa: BLE001 -- whoever waits is told the same
                answer.set_exception(error)
            finally:
                self._asked.pop(experiment_id, None)
        return answer.result()

    def _renew(self) -> Future[None]:
        with self._lock:
            if self._loading is None or self._loading.done():
                self._loading = self._executor.submit(self._replace)
            return self._loading

    def _replace(self) -> None:
        active = self._load()
        self._active = active
        self._known = {each.experiment_id: each for each in active}
        self._loaded_at = self._known_at = self._clock()


# The same question asked at the same moment is asked once, and its answer given to all askers.


_Answer = TypeVar("_Answer")


class SingleFlight(Generic[_Answer]):
    """Makes one call of `ask` for each key at a time, in the threads of `executor`."""

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


REMEMBERED = 1_000_000  # points of runs that are over: 24 MB
_Points = TypeVar("_Points", bound=Sized)


class PointsCache(Generic[_Points]):
    """What runs that are over logged of a metric, the least used forgotten first. Safe to use from any thread."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._known: LRUCache[tuple[Any, ...], _Points] = LRUCache(most, getsizeof=lambda each: len(each) + 50)
        self._mutex = threading.Lock()

    def get(self, run: Run, metric: str) -> _Points | None:
        with self._mutex:
            return self._known.get(_key(run, metric))

    def put(self, run: Run, metric: str, points: _Points) -> None:
        """Remembers it where it cannot change any more and is not very much."""
        if run.is_over and len(points) < self._known.maxsize // 4:
            with self._mutex:
                self._known[_key(run, metric)] = points


def _key(run: Run, metric: str) -> tuple[Any, ...]:
    """What changes when a run logs again: its end, and the last point of the metric."""
    last = run.metrics.get(metric)
    return (run.run_id, metric, run.status, run.ended_at, last and (last.step, last.logged_at, repr(last.value)))
