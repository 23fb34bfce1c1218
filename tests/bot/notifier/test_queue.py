"""The durable engine: what was handed over is delivered, whatever dies on the way."""

import contextlib
import gc
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from bot.backoff import Backoff
from bot.notifier import queue
from bot.notifier.outbox import QueuedMessage
from bot.notifier.process_locks import open_process_locks
from bot.notifier.queue import DbosQueue, DeliveryQueue
from bot.settings import database_address
from tests.bot.process import KEPT, ROOT
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

WORKER = Path(__file__).with_name("worker.py")


def due(message_id, channel="C1", revision=1):
    return QueuedMessage(message_id, revision, "T1", channel)


def wait_until(holds, seconds=60):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


class Deliveries:
    """Notes who is called and when; answers what is told, else that nothing is left to do."""

    def __init__(self):
        self.calls = []
        self.answers = {}
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, message_id, revision):
        self.calls.append((message_id, revision, time.monotonic()))
        assert self.go_on.wait(30)
        answers = self.answers.get(message_id, [])
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def of(self, message_id):
        return [at for called, _, at in self.calls if called == message_id]

    @property
    def ids(self):
        return [called for called, _, _ in self.calls]


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """The library leaves a connection open where PostgreSQL was restarted under it: that is no fault of later tests."""
    yield
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*psycopg.*was deleted while still open", category=ResourceWarning)
        gc.collect()


@pytest.fixture
def deliveries():
    return Deliveries()


@pytest.fixture
def file(tmp_path):
    return f"sqlite:///{tmp_path}/mlcompare.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, file):
    return file if request.param == "sqlite" else database_address(request.getfixturevalue("postgres"))


@pytest.fixture
def started(deliveries):
    """Starts engines, one after another, and ends them."""
    with contextlib.ExitStack() as ends:

        def start(address, **more):
            engine = DeliveryQueue(address, 0, deliveries, **more)
            engine.start()
            ends.callback(engine.stop, 1)
            return engine

        yield start
        deliveries.go_on.set()


@pytest.fixture
def hasty(monkeypatch):
    """Looks into the queue often, for tests that wait for many turns."""
    for name, seconds in (("POLL", 0.05), ("_LISTENING", 0.02)):
        monkeypatch.setattr(f"bot.notifier.queue.{name}", seconds)


def test_what_is_handed_over_is_delivered_once_however_often_it_is_handed_over(address, started, deliveries, hasty):
    engine = started(address)
    for _ in range(3):
        engine.hand_over([due("a"), due("b", "C2")])
    engine._handed.clear()  # as after a restart
    engine.hand_over([due("a"), due("b", "C2"), due("b", "C2", revision=2)])
    wait_until(lambda: len(deliveries.calls) == 3)
    time.sleep(0.3)
    assert sorted(call[:2] for call in deliveries.calls) == [("a", 1), ("b", 1), ("b", 2)]
    assert engine.problem == ""


def test_a_delivery_that_waits_is_called_again_and_leaves_its_channel_to_others(file, started, deliveries, hasty):
    deliveries.answers["slow"] = [queue.SHORT + 0.1]
    engine = started(file)
    engine.hand_over([due("slow")])
    wait_until(lambda: deliveries.of("slow"))
    engine.hand_over([due("quick")])
    wait_until(lambda: len(deliveries.calls) == 3)
    first, again = deliveries.of("slow")
    assert again - first > queue.SHORT
    assert first < deliveries.of("quick")[0] < again


def test_a_short_wait_is_waited_for_in_place_and_holds_up_its_own_channel_only(file, started, deliveries, hasty):
    deliveries.answers = {"a": [0.5, 0.5]}
    engine = started(file, workers=1)
    engine.hand_over([due("a"), due("b"), *(due(f"d{n}", f"D{n}") for n in range(5))])
    wait_until(lambda: len(deliveries.calls) == 9)
    assert len(DbosQueue.finished(*[queue.datetime.now(queue.UTC)] * 2)) <= 7  # one turn for each
    first, second, third = deliveries.of("a")
    assert second - first > 0.45
    assert third - second > 0.45
    assert deliveries.of("b")[0] > third
    assert all(deliveries.of(f"d{n}")[0] < third for n in range(5))


def test_no_more_deliveries_run_at_once_than_there_are_workers(file, started, deliveries, hasty):
    deliveries.go_on.clear()
    engine = started(file, workers=2)
    engine.hand_over([due(str(n), f"C{n}") for n in range(6)])
    wait_until(lambda: len(deliveries.calls) == 2)
    time.sleep(0.5)
    assert len(deliveries.calls) == 2
    deliveries.go_on.set()
    wait_until(lambda: len(deliveries.calls) == 6)


def test_a_delivery_that_waits_for_long_leaves_little_behind(file, started, deliveries, hasty):
    deliveries.answers["a"] = [0.0] * 12
    engine = started(file)
    engine.hand_over([due("a")])
    wait_until(lambda: len(deliveries.calls) == 13)
    wait_until(lambda: not DbosQueue.unfinished())
    assert len(DbosQueue.finished(*[queue.datetime.now(queue.UTC)] * 2)) <= 4


def test_what_goes_wrong_is_logged_with_its_incident_and_tried_again(file, started, deliveries, caplog, hasty):
    deliveries.answers["a"] = [ValueError("no such thing")]
    engine = started(file)
    engine.hand_over([due("a")])
    wait_until(lambda: len(deliveries.calls) == 2)
    (record,) = [each for each in caplog.records if "incident" in each.message]
    assert record.levelno == logging.ERROR
    assert "no such thing" in str(record.exc_info[1])
    assert deliveries.of("a")[1] - deliveries.of("a")[0] >= 1


def test_a_delivery_is_given_up_after_so_many_failures_and_somebody_is_told(
    file, started, deliveries, monkeypatch, hasty
):
    monkeypatch.setattr(queue, "TRIES", 2)
    monkeypatch.setattr(queue, "FAULTS", Backoff(0.1, 0.1))
    deliveries.answers["a"] = [ValueError("no")] * 9
    told = []

    def give_up(message_id, revision, why):
        told.append((message_id, revision, why))
        if len(told) == 1:
            raise OSError("the database is away")

    started(file, give_up=give_up).hand_over([due("a")])
    wait_until(lambda: len(told) == 2)
    time.sleep(0.5)
    assert len(deliveries.calls) == 3
    assert told[1][:2] == ("a", 1)
    assert told[1][2].startswith("failed 3 times, the last as incident ")


def test_what_runs_is_finished_at_the_end_and_what_waits_is_done_after_the_next_start(file, started, deliveries, hasty):
    deliveries.go_on.clear()
    engine = started(file, workers=1)
    engine.hand_over([due("runs"), due("waits", "C2"), due("queued", "C1")])
    wait_until(lambda: deliveries.calls)
    threading.Timer(0.5, deliveries.go_on.set).start()
    engine.stop(5)
    assert len(deliveries.calls) == 1
    assert engine.problem == "it has been stopped"
    with pytest.raises(RuntimeError, match="has been stopped"):
        engine.hand_over([due("x")])
    started(file)
    wait_until(lambda: len(deliveries.calls) == 3)
    time.sleep(0.3)
    assert sorted(deliveries.ids) == ["queued", "runs", "waits"]


def test_an_end_does_not_wait_for_ever(file, started, deliveries, hasty):
    deliveries.go_on.clear()
    engine = started(file)
    engine.hand_over([due("hangs")])
    wait_until(lambda: deliveries.calls)
    began = time.monotonic()
    engine.stop(1)
    assert time.monotonic() - began < 15  # the delivery would go on for 30
    deliveries.go_on.set()
    started(file)
    wait_until(lambda: deliveries.ids == ["hangs", "hangs"])


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(file, started, deliveries, hasty):
    deliveries.answers["waits"] = [3600.0]
    engine = started(file)
    engine.hand_over([due("done"), due("waits", "C2")])
    wait_until(lambda: len(DbosQueue.unfinished()) == 1 and len(deliveries.calls) == 2)
    assert engine.prune(1_000_000) == 0
    assert engine.prune(int(time.time() * 1000) + 1000) == 1
    engine.hand_over([due("done"), due("waits", "C2")])
    wait_until(lambda: len(deliveries.calls) == 3)
    assert deliveries.ids.count("done") == 2


def test_a_second_engine_waits_until_the_first_has_ended(file, tmp_path, started, monkeypatch):
    monkeypatch.setattr("bot.notifier.queue._STARTING", 0.1)
    started(file)
    with pytest.raises(RuntimeError, match="Another delivery queue"):
        started(f"sqlite:///{tmp_path}/other.db")


def test_an_engine_that_cannot_start_says_why_without_the_password(deliveries, file, started):
    engine = DeliveryQueue("postgresql+psycopg://someone:s3cret@127.0.0.1:9/nothing", 0, deliveries)
    assert engine.problem == "it has not been started"
    with pytest.raises(Exception, match="connection failed"):
        engine.start()
    assert "onnection" in engine.problem
    assert "s3cret" not in engine.problem + repr(engine)
    assert started(file).problem == ""


def test_deliveries_go_on_after_postgresql_was_restarted(postgres, postgres_server, started, deliveries, caplog):
    engine = started(database_address(postgres))
    engine.hand_over([due("before")])
    wait_until(lambda: deliveries.calls)
    postgres_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    postgres_server.stop()
    time.sleep(0.5)
    engine._probed = (-queue.PROBE, "")
    assert engine.problem.startswith("its database does not answer: ")
    with pytest.raises(Exception, match="connection"):
        engine.hand_over([due("meanwhile", "C3")])
    postgres_server.start()
    engine.hand_over([due("after", "C2"), due("meanwhile", "C3")])
    wait_until(lambda: {"after", "meanwhile"} <= set(deliveries.ids))
    engine._probed = (-queue.PROBE, "")
    assert engine.problem == ""
    ours = [each for each in caplog.records if each.name.startswith("bot")]
    assert len(ours) <= 1
    assert all(each.exc_info is None for each in ours)


def test_what_the_queue_gave_in_an_answer_that_was_lost_is_done_all_the_same(
    address, started, deliveries, monkeypatch, hasty
):
    monkeypatch.setattr(queue, "LOST", 0.3)
    deliveries.answers["a"] = [3600.0]
    engine, slots = started(address), open_process_locks(address)
    slots.take()
    engine.hand_over([due("a")])
    wait_until(lambda: DbosQueue.unfinished() == ["deliver:a:1#1"])
    schema = "" if address.startswith("sqlite") else "dbos."
    with engine._storage.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = '0'")  # noqa: S608 -- ours
    assert engine.adopt(slots) == 0
    time.sleep(0.3)
    engine.adopt(slots)
    wait_until(lambda: len(deliveries.calls) == 2)
    slots.release()


class Worker:
    """worker.py as a process of its own, which hands these over and delivers."""

    def __init__(self, address, folder, *message_ids):
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), address, str(folder), *message_ids],
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.kill()
        self.process.stdin.close()
        self.process.wait(10)


def test_a_process_does_what_a_killed_one_had_begun(address, tmp_path):
    def lines(begin):
        written = tmp_path / "written"
        text = written.read_text(encoding="utf-8") if written.exists() else ""
        return [line for line in text.splitlines() if line.startswith(begin)]

    with Worker(address, tmp_path, "hang", "a", "b") as one, Worker(address, tmp_path, "hang", "c", "d") as other:
        wait_until(lambda: lines("began hang") and (lines("stands by") or len(lines("slot")) == 2))
        victim = next(each for each in (one, other) if lines(f"began hang {each.process.pid}"))
        victim.process.kill()
        (tmp_path / "go").touch()
        survivor = one if victim is other else other
        wait_until(lambda: lines(f"done hang {survivor.process.pid}"))
        wait_until(lambda: {line.split()[1] for line in lines("done")} == {"hang", "a", "b", "c", "d"})
        assert len(lines("began hang")) == 2
        survivor.process.stdin.close()
        assert survivor.process.wait(10) == 0
