"""What one question to MLflow may take: time and values; and whether anybody still waits for the answer."""

import socket
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

ALL = 500_000  # metrics, parameters and tags that are read for one question: about 50 MB of MLflow's JSON
PAGE = 15_000  # of one page: a server takes 50 to 100 µs for each
FIRST = 10  # runs in the first page of runs that are not known yet; one may have logged thousands of metrics
GROWTH = 8  # times as many runs as the page before had, at most
MOST = 1_000  # runs in a page, however small they are
PAGE_SIZE = 1_000  # experiments or models in a page
MOST_PAGES = 200  # of experiments or of models: 200,000 things


class NobodyWaits(Exception):  # noqa: N818 -- named for what happened
    """The time is over, or who asked has gone: there is no use in reading on."""


class TooMuch(Exception):  # noqa: N818 -- likewise
    """The answer holds more than is read for one question."""


@dataclass
class Budget:
    """The budget of one question; `until` by `clock`, which counts seconds. Safe to use from any thread."""

    until: float
    clock: Callable[[], float]
    spent: int = 0
    _is_given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self._is_given_up.is_set() or self.clock() > self.until

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._is_given_up.set()

    def check(self) -> None:
        """Raises NobodyWaits, or TooMuch where so much was read already."""
        if self.is_over:
            raise NobodyWaits
        if self.spent > ALL:
            raise TooMuch


def page_size(weight: float | None, before: int | None, most: int = MOST, values: float = PAGE) -> int:
    """Runs to ask for, so that they hold so many `values`. `weight` is what one is known to hold, None: nothing is.

    `before` is how many the page before asked for, None: this is the first.
    """
    if weight is None:
        return min(FIRST, most)
    fitting = int(min(PAGE, values) / max(weight, 1))
    grown = fitting if before is None else min(fitting, before * GROWTH)
    return max(1, min(grown, most))


def every_page(search: Callable[..., Any], *words: Any, budget: Budget) -> list[Any]:
    """What is on all of them. Raises NobodyWaits, or TooMuch where there are more pages than anybody needs."""
    found: list[Any] = []
    token = None
    for _ in range(MOST_PAGES):
        budget.check()
        page = search(*words, max_results=PAGE_SIZE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found
    raise TooMuch


# MLflow's client takes no budget along: its transport finds here the one of the question that its thread asks.
ASKING: ContextVar[Budget | None] = ContextVar("asking", default=None)
LARGEST = 16_000_000  # bytes of one answer of a server; reading its JSON takes ten times as much memory
_PIECE = 64 * 1024


def read_in_pieces(response: Any, **_options: Any) -> None:
    """A hook for responses of `requests`: the body is read here, and given up where it is too large or in vain.

    Its own way to read waits for a whole piece, however slowly that trickles in.
    """
    _acknowledge_at_once(response)
    budget = ASKING.get()
    if budget is None:
        return
    pieces, size = [], 0
    while piece := response.raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        pieces.append(piece)
        if size > LARGEST or budget.is_over:
            response.close()
            raise TooMuch if size > LARGEST else NobodyWaits
    response._content = b"".join(pieces)  # noqa: SLF001 -- where requests itself keeps what was read
    response._content_consumed = True  # noqa: SLF001 -- likewise


def _acknowledge_at_once(response: Any) -> None:
    """Tells the server that the head of its answer has come, where the system can; the body may wait for that.

    `mlflow server` with several workers, as it starts by default, sends the two apart and the body only once the head
    is acknowledged; a Linux client puts that off by 40 ms.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    sock = getattr(getattr(response.raw, "connection", None), "sock", None)
    if quick is not None and sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, quick, 1)
