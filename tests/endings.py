"""What ends while the next test begins: a server takes a fifth of a second to stop, and no test has to wait for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.playground.slack import SlackStandIn

PATIENCE = 60.0  # seconds for what is bound to end


class Endings:
    """What has been told to end, and may not have yet."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(4, "ending")
        self._begun: list[Future[None]] = []
        self._last: list[Callable[[], None]] = []

    def begin(self, end: Callable[[], None]) -> None:
        self._begun.append(self._threads.submit(end))

    def come_last(self, end: Callable[[], None]) -> None:
        """Ends it after the last test: a worker that is done is given seconds before it is killed."""
        self._last.append(end)

    def finish(self) -> None:
        """Until all has ended. Raises what one of them raised."""
        self._wait()
        while self._last:
            self.begin(self._last.pop())
        self._wait()

    def _wait(self) -> None:
        while self._begun:
            self._begun.pop().result(PATIENCE)


@cache
def endings() -> Endings:
    """Those of this worker."""
    return Endings()


@contextmanager
def running(slack: "SlackStandIn") -> "Iterator[SlackStandIn]":
    """A stand-in for Slack that stops while the next test begins."""
    try:
        yield slack.start()
    finally:
        endings().begin(slack.stop)


@pytest.fixture(scope="session", autouse=True)
def everything_ends() -> Iterator[None]:
    yield
    endings().finish()
