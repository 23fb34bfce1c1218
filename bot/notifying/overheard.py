"""What the engine's library says, said in our log: one line, now and then, without tracebacks."""

import logging
import threading
import time

log = logging.getLogger(__name__)

PAUSE = 60.0  # s: while a database is away the library complains many times a second
LONGEST = 300  # characters of what it said


class Overheard(logging.Handler):
    """Takes the library's log over while it is open."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self._logger = logging.getLogger(name)
        self._mutex = threading.Lock()
        self._next_at = 0.0
        self._unsaid = 0

    def open(self) -> None:
        """To be called before the library adds a handler of its own, which it does when it finds none."""
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
    said = record.getMessage().strip().partition("\n")[0]
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        said = f"{said} {type(error).__name__}: {error}".partition("\n")[0]
    return said[:LONGEST]
