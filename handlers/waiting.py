"""Doing something later, unless it is called off."""

from collections.abc import Callable
from threading import Timer


def start_timer(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    """Does the work in a thread of its own after so long; what is returned calls it off if it has not begun."""
    timer = Timer(seconds, work)
    timer.daemon = True
    timer.start()
    return timer.cancel
