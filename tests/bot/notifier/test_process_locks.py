"""Slots: who is who among processes that share a database."""

import sqlite3
import time

import pytest

from bot.notifier.process_locks import open_process_locks
from bot.settings import database_address
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]


@pytest.fixture
def shared(postgres):
    return database_address(postgres)


@pytest.fixture
def file(tmp_path):
    return f"sqlite:///{tmp_path}/state/mlcompare.db"


@pytest.fixture
def process():
    """Makes slots as processes would hold them; all are given back in the end."""
    made = []

    def start(address):
        made.append(open_process_locks(address))
        return made[-1]

    yield start
    for each in made:
        each.release()


def test_processes_on_postgresql_take_the_lowest_free_slot(shared, process):
    first, second, third = (process(shared) for _ in range(3))
    assert [first.take(), second.take()] == [0, 1]
    first.release()
    until = time.monotonic() + 30
    while third.take() != 0:  # PostgreSQL learns a moment later that a connection has ended
        assert time.monotonic() < until, "the slot is not free"
        third.release()
        time.sleep(0.1)


def test_no_slot_is_free_when_all_are_held(shared, process, monkeypatch):
    monkeypatch.setattr("bot.notifier.process_locks.COUNT", 2)
    assert [process(shared).take() for _ in range(3)] == [0, 1, None]


def test_one_process_at_a_time_holds_a_file(file, process):
    first, second = process(file), process(file)
    assert first.take() == 0
    assert second.take() is None
    assert first.is_held()
    assert not second.is_held()
    first.release()
    assert second.take() == 0
    assert not first.is_held()


def test_a_slot_taken_again_is_the_same_one(file, shared, process):
    for each in (process(file), process(shared)):
        assert each.take() == each.take() == 0
        assert each.is_held()


def test_the_lock_of_a_file_leaves_the_database_alone(file, process, tmp_path):
    process(file).take()
    with sqlite3.connect(tmp_path / "state" / "mlcompare.db") as database:
        database.execute("CREATE TABLE t (x)")


def test_a_file_is_no_longer_held_when_its_lock_was_removed(file, process, tmp_path):
    slots = process(file)
    slots.take()
    (tmp_path / "state" / "mlcompare-engine.lock").unlink()
    assert not slots.is_held()


def test_a_slot_is_no_longer_held_when_its_session_was_ended(shared, process, postgres_server):
    lost, other = process(shared), process(shared)
    lost.take()
    assert lost.is_held()
    postgres_server.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mlcompare' AND state = 'idle'"
    )
    assert not lost.is_held()
    assert other.take() == 0
    assert lost.take() == 1


def test_slots_with_nobody_in_them_are_held_while_they_are_looked_at(shared, process):
    here, there, late = process(shared), process(shared), process(shared)
    here.take()
    there.take()
    seen = []
    for dead in here.dead({0, 1, 2, 3}):
        seen.append(dead)
        assert list(there.dead({dead})) == []
    assert seen == [2, 3]
    assert late.take() == 2


def test_nobody_else_is_looked_for_on_a_file(file, process):
    slots = process(file)
    slots.take()
    assert list(slots.dead({0, 1, 2})) == []


def test_the_session_of_a_slot_is_watched_by_both_ends(shared, process):
    slots = process(shared)
    slots.take()
    given = slots._session.info.get_parameters()
    assert (given["keepalives_idle"], given["keepalives_interval"], given["keepalives_count"]) == ("10", "5", "3")
    assert given["application_name"] == "mlcompare"


def test_a_slot_cannot_be_taken_while_the_database_is_away(process):
    with pytest.raises(Exception, match="connection failed") as refused:
        process("postgresql+psycopg://someone:s3cret@127.0.0.1:9/nothing").take()
    assert "s3cret" not in str(refused.value)
