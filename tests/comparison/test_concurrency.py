"""Older Pythons trip over `ast.parse` in two threads at once; nobody who compares notices."""

import sys
import threading
import time
import weakref

import pytest

from comparison.compare import compare
from comparison.concurrency import retry_on_race
from tests.comparison.builders import run

LONG = "{" + ", ".join(f"'{n}': {n}" for n in range(300)) + "}"


def churn(until):
    """Garbage whose collection runs Python code: in the midst of a parse it lets other threads go on."""
    while time.monotonic() < until:
        ring = weakref.WeakSet([churn])
        ring.ring = ring
        weakref.finalize(ring, lambda: sum(range(50)))


def test_values_read_in_many_threads_are_read_as_in_one():
    until, changed = time.monotonic() + 1.0, []

    def read():
        while time.monotonic() < until:
            one, other = run("A", parameters={"p": LONG}), run("B", parameters={"p": LONG.replace(" ", "  ")})
            changed.append(compare(one, other).parameters.changed)

    threads = [threading.Thread(target=read) for _ in range(4)] + [threading.Thread(target=churn, args=(until,))]
    switches = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switches)
    assert changed
    assert set(changed) == {()}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_lost_race_is_run_again(wrapped):
    losses = [SystemError("mismatch"), SystemError("mismatch")]

    def ask():
        if losses and wrapped:
            raise RuntimeError("the store failed") from losses.pop()
        if losses:
            raise losses.pop()
        return "an answer"

    assert retry_on_race(ask) == "an answer"


def test_what_always_fails_and_what_is_no_race_is_raised():
    asked = []

    def ask(error):
        asked.append(error)
        raise error

    with pytest.raises(ValueError, match="no race"):
        retry_on_race(lambda: ask(ValueError("no race")))
    assert len(asked) == 1
    with pytest.raises(SystemError, match="always"):
        retry_on_race(lambda: ask(SystemError("always")))
