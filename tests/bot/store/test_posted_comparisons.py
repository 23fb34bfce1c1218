"""Posted comparisons are found again: in this process, after a restart, and without a database in memory."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.settings import database_address
from bot.store.database import open_database
from bot.store.migrate import upgrade
from bot.store.posted_answers import StoredComparisons
from handlers.stores import InMemoryComparisons, PostedComparison
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_record(ts="1.1", **changes):
    told = {
        "id": f"C1:{ts}",
        "workspace": "T1",
        "channel": "C1",
        "thread": "",
        "message_ts": ts,
        "asked_by": "U1",
        "at": int(NOON.timestamp()),
        "runs": ("a" * 32, "b" * 32),
        "labels": ("old", "größer"),
        "experiment": "iris",
        "metrics": ("f1",),
        "best": True,
        "at_step": None,
    }
    return PostedComparison(**(told | changes))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    is_file = request.param == "sqlite"
    address = f"sqlite:///{tmp_path}/state.db" if is_file else database_address(request.getfixturevalue("postgres"))
    opened = open_database(address)
    upgrade(opened)
    yield opened
    opened.dispose()


def test_a_comparison_is_found_by_its_id_thread_and_asker_also_by_another_replica(engine):
    StoredComparisons(engine, lambda: NOON).remember(a_record())
    other = StoredComparisons(engine, lambda: NOON)
    assert other.get("C1:1.1") == a_record()
    assert other.in_thread("C1", "1.1") == a_record()
    assert other.recent("T1", "U1") == [a_record()]
    assert other.get("C1:9.9") is None
    assert other.in_thread("C2", "1.1") is None
    assert other.in_thread("C1", "") is None
    assert other.recent("T1", "U2") == []


@pytest.mark.parametrize("kind", ["stored", "in memory"])
def test_the_newest_of_a_thread_is_meant(engine, kind):
    kept = StoredComparisons(engine, lambda: NOON) if kind == "stored" else InMemoryComparisons()
    kept.remember(a_record())
    kept.remember(a_record("2.2", thread="1.1", at=int(NOON.timestamp()) + 5))
    assert kept.in_thread("C1", "1.1").message_ts == "2.2"
    assert [each.message_ts for each in kept.recent("T1", "U1", limit=1)] == ["2.2"]


def test_a_message_that_was_changed_is_remembered_as_it_stands(engine):
    kept = StoredComparisons(engine, lambda: NOON)
    kept.remember(a_record())
    kept.remember(a_record(runs=("b" * 32, "a" * 32)))
    assert kept.in_thread("C1", "1.1").runs[0] == "b" * 32
    assert len(kept.recent("T1", "U1")) == 1


def test_a_comparison_of_a_year_ago_is_kept_and_an_older_one_is_removed(engine):
    StoredComparisons(engine, lambda: NOON).remember(a_record())
    later = NOON + timedelta(days=365)
    StoredComparisons(engine, lambda: later).remember(a_record("2.2", at=int(later.timestamp())))
    assert StoredComparisons(engine, lambda: later).get("C1:1.1") is not None
    last = NOON + timedelta(days=401)
    kept = StoredComparisons(engine, lambda: last)
    kept.remember(a_record("3.3", at=int(last.timestamp())))
    assert kept.get("C1:1.1") is None
    assert kept.get("C1:2.2") is not None


def test_without_a_database_what_this_process_posted_is_known():
    gone = open_database("sqlite:////proc/nowhere/state.db")
    kept = StoredComparisons(gone, lambda: NOON)
    kept.remember(a_record())
    assert kept.get("C1:1.1") == a_record()
    assert kept.in_thread("C1", "1.1") == a_record()
    assert kept.recent("T1", "U1") == [a_record()]
    gone.dispose()


def test_memory_forgets_the_oldest():
    kept = InMemoryComparisons()
    for number in range(2_001):
        kept.remember(a_record(f"{number}.0"))
    assert kept.get("C1:0.0") is None
    assert kept.get("C1:2000.0") is not None
