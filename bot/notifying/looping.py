"""Something done again and again in a thread of its own, whatever goes wrong with it."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from bot.probing import describe
from comparison.errors import RequestError

log = logging.getLogger(__name__)

_FORESEEN = (SQLAlchemyError, OSError, RequestError)  # a database or MLflow that is away
_FIRST, _MOST = 1.0, 30.0  # seconds between two tries of what fails


class Trouble:
    """What goes wrong, said in the log when it begins and when it is over; `problem` is "" when all is well."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tries = 0
        self.problem = ""

    def begin(self, error: Exception) -> float:
        """Seconds to wait before the next try."""
        if not self.problem and _is_foreseen(error):
            log.warning("%s: it fails and is tried again", self._name, extra={"reason": error})
        elif not self.problem:
            log.error("%s: it fails and is tried again", self._name, exc_info=error)
        self.problem = f"{self._name}: {describe(error)}"
        self._tries += 1
        return float(min(_FIRST * 2.0 ** min(self._tries - 1, 10), _MOST))

    def end(self) -> None:
        if self.problem:
            log.warning("%s: well again", self._name)
        self._tries, self.problem = 0, ""


def _is_foreseen(error: Exception) -> bool:
    return isinstance(error, _FORESEEN) or type(error).__module__.partition(".")[0] == "psycopg"


class Loop:
    """`act` returns in how many seconds it wants to be called again."""

    def __init__(self, name: str, act: Callable[[], float]) -> None:
        self._name = name
        self._act = act
        self._ending = threading.Event()
        self._wanted = threading.Event()
        self._trouble = Trouble(name)
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str:
        return self._trouble.problem

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Called now, or again at once where it is being called."""
        self._wanted.set()

    def end(self) -> None:
        """Not called again, from now on."""
        self._ending.set()
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        """Until it has ended, at most so long."""
        if self._thread:
            self._thread.join(max(seconds, 0.0))

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                pause = self._act()
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
                if self._ending.is_set():  # what it works with has ended before it
                    return
                pause = self._trouble.begin(error)
            else:
                self._trouble.end()
            self._wanted.wait(max(pause, 0.0))
            self._wanted.clear()
