"""Asking in the background whether what the bot needs is there, so that /readyz can say so at once."""

import logging
import threading
import time
from collections.abc import Callable

from bot.backoff import Backoff
from bot.logs import describe

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
