"""The pool: bounded, channels and people take turns, waiting for Slack holds no worker, and nothing ends one."""

import contextlib
import logging
import threading
import time

import pytest

from bot.server.worker_pool import Precedence, WorkerPool
from handlers.services import Work

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


class Works:
    """Works that wait until they are let go on, and what was begun and done."""

    def __init__(self, pool):
        self.pool = pool
        self.go_on = threading.Event()
        self._changed = threading.Condition()
        self.begun = []

    def put(self, channel, person="", count=1, *, work=None):
        def wait(name):
            with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            (work or self._wait)()

        name = f"{channel}{person}"
        return [self.pool.submit(Work(lambda: wait(name), channel, person)) for _ in range(count)]

    def _wait(self):
        assert self.go_on.wait(SOON)

    def wait_for(self, name, count=1):
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun.count(name) >= count, SOON), self.begun

    def finish(self):
        self.go_on.set()
        assert self.pool.drain(SOON) == 0


def test_busy_channels_leave_room_for_others():
    works = Works(WorkerPool(48))
    for channel in "abcd":
        works.put(channel, "quick", count=60, work=lambda: None)
        works.put(channel, count=60)
        works.wait_for(channel)
    works.put("other")
    works.wait_for("other")
    works.finish()
    assert [works.begun.count(channel) for channel in "abcd"] == [60] * 4


def test_one_channel_alone_comes_to_two_thirds_of_all_workers():
    works = Works(WorkerPool(30))
    works.put("first")
    works.put("first", "quick", count=40, work=lambda: None)
    works.wait_for("firstquick", 40)
    works.put("first", count=60)
    works.wait_for("first", 20)
    assert works.pool.busy == 20
    works.finish()


def test_channels_take_turns():
    pool = WorkerPool(1)
    works, started = Works(pool), threading.Event()
    pool.submit(lambda: (started.set(), works.go_on.wait(SOON)))
    assert started.wait(SOON)
    for channel in "aaaabbc":
        works.put(channel, work=lambda: None)
    works.finish()
    assert "".join(works.begun) == "abcabaa"


def test_people_in_a_channel_take_turns():
    pool = WorkerPool(1)
    works, started = Works(pool), threading.Event()
    pool.submit(lambda: (started.set(), works.go_on.wait(SOON)))
    assert started.wait(SOON)
    for person in "mmmmjjp":
        works.put("#", person, work=lambda: None)
    works.finish()
    assert works.begun == ["#m", "#j", "#p", "#m", "#j", "#m", "#m"]


def test_waiting_for_slack_holds_no_worker():
    pool, woken = WorkerPool(2), threading.Event()
    works = Works(pool)
    for channel in "abcdefgh":
        works.put(channel, work=lambda: (pool.sleep(0.5), woken.set()))
        works.wait_for(channel)
    works.put("another", work=lambda: None)
    works.wait_for("another")
    assert not woken.is_set()
    assert pool.drain(SOON) == 0
    assert works.begun == [*"abcdefgh", "another"]


def test_a_channel_that_slack_puts_off_begins_few_works_until_it_keeps_up():
    pool, mutex, under_way, most = WorkerPool(30), threading.Lock(), [0], [0]
    works = Works(pool)

    def be_put_off():
        with mutex:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        pool.sleep(0.02)
        with mutex:
            under_way[0] -= 1

    works.put("limited", count=8, work=be_put_off)
    works.wait_for("limited", 8)
    most[0] = 0
    works.put("limited", count=40, work=be_put_off)
    works.finish()
    assert most[0] <= 8
    assert works.begun.count("limited") == 48


def test_draining_waits_for_those_who_wait_for_slack():
    pool, done = WorkerPool(1), []
    works = Works(pool)
    works.put("a", work=lambda: (pool.sleep(0.2), done.append("told")))
    works.wait_for("a")
    assert pool.drain(0.01) == 1
    assert pool.drain(SOON) == 0
    assert done == ["told"]


def test_whoever_is_no_worker_waits_as_anybody_does():
    pool, began = WorkerPool(1), time.monotonic()
    pool.sleep(0.05)
    assert time.monotonic() - began >= 0.05
    assert pool.busy == 0


def test_a_person_may_have_so_many_works_in_a_channel_and_four_times_as_many_in_all():
    works = Works(WorkerPool(1, per_person=3))
    taken = works.put("a", "maya", count=4)
    assert [each is not None for each in taken] == [True, True, True, False]
    assert works.pool.is_crowded("maya", "a")
    assert not works.pool.is_crowded("maya", "b")
    assert not works.pool.is_crowded("jonas", "a")
    in_others = [works.put(channel, "maya")[0] for channel in "bcdefghijklmn"]
    assert sum(each is not None for each in in_others) == 9
    assert works.put("a", "jonas") != [None]
    works.go_on.set()
    works.wait_for("amaya", 3)
    until = time.monotonic() + SOON
    while works.pool.is_crowded("maya", "a"):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert works.put("a", "maya") != [None]
    works.finish()


def test_many_works_of_many_channels_and_people_are_each_done_once():
    pool, mutex, done = WorkerPool(6), threading.Lock(), []

    def work(number):
        if number % 7 == 0:
            pool.sleep(0.002)
        with mutex:
            done.append(number)

    for number in range(1_000):
        taken = pool.submit(Work(lambda number=number: work(number), f"C{number % 23}", f"U{number % 31}"))
        assert taken is not None
    assert pool.drain(3 * SOON) == 0
    assert sorted(done) == list(range(1_000))
    assert (pool.busy, pool.waiting) == (0, 0)


# Acknowledgements go before drawing, but drawing goes on.


def test_so_many_draw_at_once():
    precedence, mutex, drawing, most = Precedence(2), threading.Lock(), [0], [0]

    def draw():
        with precedence:
            with mutex:
                drawing[0] += 1
                most[0] = max(most[0], drawing[0])
            time.sleep(0.005)
            with mutex:
                drawing[0] -= 1

    threads = [threading.Thread(target=draw) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(SOON)
    assert most == [2]


def drawn_by(precedence):
    drawn = threading.Event()

    def draw():
        with precedence:
            drawn.set()

    threading.Thread(target=draw).start()
    return drawn


def test_nothing_is_drawn_while_something_is_acknowledged():
    precedence = Precedence(2, held_back=SOON)
    with precedence.acknowledging():
        with precedence.acknowledging():
            drawn = drawn_by(precedence)
        assert not drawn.wait(0.1)
    assert drawn.wait(SOON)


def test_drawing_is_not_held_back_for_ever():
    precedence = Precedence(2, held_back=0.05)
    with precedence.acknowledging():
        assert drawn_by(precedence).wait(SOON)


def test_what_fails_holds_nobody_back():
    precedence = Precedence(1, held_back=SOON)
    for context in (precedence.acknowledging(), precedence):
        with contextlib.suppress(ZeroDivisionError), context:
            _ = 1 / 0
    assert drawn_by(precedence).wait(SOON)
