"""The pool: first come, first served, bounded, and nothing ends a worker."""

import logging
import threading

import pytest

from bot.pool import WorkerPool

SOON = 10


@pytest.fixture
def gate():
    return threading.Event()


def test_work_is_done(gate):
    pool = WorkerPool(2)
    assert pool.submit(gate.set) == 0
    assert gate.wait(SOON)


def test_at_most_so_many_works_run_at_once_and_all_are_done():
    pool, mutex, running, most = WorkerPool(4), threading.Lock(), [0], [0]

    def work():
        with mutex:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.005)
        with mutex:
            running[0] -= 1

    for _ in range(60):
        pool.submit(work)
    assert pool.drain(SOON) == 0
    assert most == [4]


def test_works_are_begun_in_the_order_in_which_they_came(gate):
    pool, begun = WorkerPool(1), []
    pool.submit(lambda: gate.wait(SOON))
    for number in range(20):
        pool.submit(lambda number=number: begun.append(number))
    gate.set()
    pool.drain(SOON)
    assert begun == list(range(20))


def test_who_waits_is_told_how_many_wait_before(gate):
    pool, busy = WorkerPool(2), threading.Barrier(3)
    for _ in range(2):
        pool.submit(lambda: (busy.wait(SOON), gate.wait(SOON)))
    busy.wait(SOON)
    assert [pool.submit(lambda: None) for _ in range(3)] == [0, 1, 2]
    gate.set()
    pool.drain(SOON)


def test_a_full_pool_says_so_and_takes_work_again_later(gate):
    pool, busy = WorkerPool(1, limit=2), threading.Event()
    pool.submit(lambda: (busy.set(), gate.wait(SOON)))
    busy.wait(SOON)
    assert [pool.submit(lambda: None) for _ in range(3)] == [0, 1, None]
    assert pool.is_full
    gate.set()
    again = threading.Event()
    for _ in range(1000):
        if pool.submit(again.set) is not None:
            break
        threading.Event().wait(0.01)
    assert again.wait(SOON)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_work_that_fails_is_logged_and_ends_no_worker(error, gate, caplog):
    pool = WorkerPool(1)

    def fail():
        raise error

    with caplog.at_level(logging.ERROR):
        pool.submit(fail)
        pool.submit(gate.set)
        assert gate.wait(SOON)
    assert "work failed" in caplog.text


def test_draining_finishes_what_runs_and_what_waits_and_takes_nothing_new(gate):
    pool, done = WorkerPool(1), []
    pool.submit(lambda: gate.wait(SOON))
    pool.submit(lambda: done.append("waited"))
    threading.Timer(0.05, gate.set).start()
    assert pool.drain(SOON) == 0
    assert done == ["waited"]
    assert pool.submit(lambda: None) is None


def test_draining_ends_at_its_deadline_and_says_how_much_is_left(gate):
    pool = WorkerPool(1)
    pool.submit(lambda: gate.wait(SOON))
    pool.submit(lambda: None)
    assert pool.drain(0.05) == 2
    gate.set()
