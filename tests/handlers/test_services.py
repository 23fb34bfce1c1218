"""Timers: done after a while in a few threads, unless called off; and no more of something than is allowed."""

import threading
import time

from handlers.services import Allowance, Timers

SOON = 10


def test_what_is_due_first_is_done_first():
    timers, done, all_done = Timers(1), [], threading.Event()
    timers.start(0.3, lambda: (done.append("last"), all_done.set()))
    timers.start(0.1, lambda: done.append("second"))
    timers.start(0.0, lambda: done.append("first"))
    assert all_done.wait(SOON)
    assert done == ["first", "second", "last"]


def test_what_was_called_off_is_not_done():
    timers, done, all_done = Timers(1), [], threading.Event()
    call_off = timers.start(0.05, lambda: done.append("called off"))
    timers.start(0.2, all_done.set)
    call_off()
    assert all_done.wait(SOON)
    call_off()
    assert done == []


def test_what_is_called_off_while_all_threads_are_busy_is_not_done():
    timers, done, go_on, begun, all_done = Timers(1), [], threading.Event(), threading.Event(), threading.Event()
    timers.start(0.0, lambda: (begun.set(), go_on.wait(SOON)))
    assert begun.wait(SOON)
    call_off = timers.start(0.0, lambda: done.append("called off"))
    timers.start(0.0, all_done.set)
    time.sleep(0.1)
    call_off()
    go_on.set()
    assert all_done.wait(SOON)
    assert done == []


def test_what_fails_is_logged_and_ends_no_thread(caplog):
    timers, all_done = Timers(1), threading.Event()
    timers.start(0.0, lambda: 1 / 0)
    timers.start(0.05, all_done.set)
    assert all_done.wait(SOON)
    assert "what was to be done later failed" in caplog.text


def test_thousands_wait_in_a_few_threads():
    timers, before = Timers(4), threading.active_count()
    calls = [timers.start(30, lambda: None) for _ in range(3_000)]
    assert threading.active_count() - before <= 5
    for call_off in calls:
        call_off()


def test_so_many_are_allowed_at_once_and_a_second():
    at = [100.0]
    allowance = Allowance(10, 20, lambda: at[0])
    assert [allowance.take() for _ in range(21)] == [True] * 20 + [False]
    at[0] += 0.25
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    at[0] += 3_600
    assert sum(allowance.take() for _ in range(100)) == 20
