"""Questions asked side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

SIDE_BY_SIDE = 8
_Answer = TypeVar("_Answer")
_Other = TypeVar("_Other")


def together(asks: Sequence[Callable[[], _Answer]]) -> list[_Answer]:
    """The answers in order; what one of them raises is raised."""
    if len(asks) < 2:
        return [ask() for ask in asks]
    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(asks))) as threads:
        return [answer.result() for answer in [threads.submit(ask) for ask in asks]]


def both(one: Callable[[], _Answer], other: Callable[[], _Other]) -> tuple[_Answer, _Other]:
    """Two questions of different kinds side by side; what one of them raises is raised."""
    with ThreadPoolExecutor(1) as thread:
        second = thread.submit(other)
        first = one()
        return first, second.result()
