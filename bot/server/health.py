"""Readiness: what the bot needs is asked for in the background, and what the first answer needs is done before."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module

from bot.backoff import Backoff
from bot.logs import describe
from comparison.errors import RequestError
from comparison.language.parser import read
from comparison.queries.standup import standup
from comparison.request import Compare, Standup
from comparison.tracking.leaders import GOOD_FOR
from handlers.compare.message import draw_comparison, fetch_and_compare
from handlers.lookup_cache import read_with_names
from handlers.services import Services
from handlers.slack.fallback import BlockLevel

log = logging.getLogger(__name__)

_FIRST_RETRY = 1.0  # seconds after a probe that went ill


class Probe:
    """Acts again and again in a thread; `problem` says why it is not well, "" when it was within `patience`."""

    def __init__(self, name: str, act: Callable[[], None], *, every: float, patience: float = 0) -> None:
        self.name = name
        self._act = act
        self._every = every
        self._patience = patience
        self._well_at: float | None = None
        self._error = "not known yet"
        self._stopped = threading.Event()

    @property
    def problem(self) -> str:
        if not self._error:
            return ""
        patient = self._well_at is not None and time.monotonic() - self._well_at < self._patience
        return "" if patient else self._error

    def ask(self) -> bool:
        """Acts once, now; whether it went well. A change is logged, a repetition is not."""
        before = self._error
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the answer
            self._error = describe(error)
            if self._error != before:
                log.warning("%s: %s", self.name, self._error, extra={"reason": error})
            return False
        self._error, self._well_at = "", time.monotonic()
        if before:
            log.info("%s: well", self.name)
        return True

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"probe-{self.name}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        retries, tries = Backoff(min(_FIRST_RETRY, self._every), self._every), 0
        while not self._stopped.is_set():
            is_well = self.ask()
            self._stopped.wait(self._every if is_well else retries.pause(tries))
            tries = 0 if is_well else tries + 1


# A warm start: what the first answer would have to wait for is done before the bot says that it is ready.


LIBRARIES = ("pandas", "scipy.stats", "scipy.integrate", "matplotlib.backends.backend_agg")
PATIENCE = 10.0  # seconds for MLflow; where it takes longer, the bot is ready without
STANDUP_EVERY = GOOD_FOR / 2 + 5.0  # seconds; each second time what was remembered has just been forgotten


def load_libraries() -> None:
    """Imports what the first answer would have to wait for: statistics and pictures take seconds to import."""
    for each in LIBRARIES:
        import_module(each)


class WarmStart:
    """Does what takes long, and again what is forgotten after a while, each time that it is called.

    Whatever goes wrong with the runs is no reason not to be ready.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._is_first = True

    def __call__(self) -> None:
        """Imports what takes long, and asks for nobody: at first MLflow's names and newest runs, always a standup."""
        if self._is_first:
            load_libraries()
            _for_nobody(compare_newest, self._services)
        _for_nobody(ask_standup, self._services)
        if self._is_first:
            spare_the_collector()
        self._is_first = False


def _for_nobody(ask: Callable[[Services], bool], services: Services) -> None:
    """Asks in a thread of its own, which is not waited for longer than PATIENCE."""
    trial = threading.Thread(target=ask, args=(services,), name="warm-up", daemon=True)
    trial.start()
    trial.join(PATIENCE)


def spare_the_collector() -> None:
    """Takes what is loaded by now out of the garbage collector's rounds, once.

    Libraries are half a million objects that stay. To look through them takes a quarter of a second, now and then, in
    the middle of an answer or an acknowledgement.
    """
    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()


def compare_newest(services: Services) -> bool:
    """Whether two runs could be compared and the message drawn, as for a command. It goes nowhere."""
    try:
        newest = services.lookup_cache.runs(services.runs, "", (), PATIENCE).runs
        words = " vs ".join(run.run_id for run in newest[:2])
        request = read_with_names(
            lambda names: read(words, names, command=services.command), services.lookup_cache, services.runs, PATIENCE
        )
        if not isinstance(request, Compare):
            return False
        comparison = fetch_and_compare(request, services)
        draw_comparison(request, comparison, services, asked_by="")(BlockLevel.ALL)
    except RequestError as error:
        log.debug("nothing was compared at the start: %s", error.problem)
        return False
    except Exception:
        log.exception("two runs could not be compared at the start")
        return False
    return True


def ask_standup(services: Services) -> bool:
    """Whether a standup of all experiments could be had. It goes nowhere."""
    try:
        standup(Standup(), services.runs, now=services.now())
    except RequestError as error:
        log.debug("no standup could be had: %s", error.problem)
        return False
    except Exception:
        log.exception("no standup could be had")
        return False
    return True
