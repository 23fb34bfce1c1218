"""Stored state: the same promises on an SQLite file and on PostgreSQL."""

import contextlib
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import MetaData, inspect, select, text

from bot.settings import database_address
from bot.store.claims import StoredCapabilities, StoredClaims
from bot.store.database import check_writable, claims, metadata, open_database
from bot.store.migrate import _config, migrate, newest, upgrade
from bot.store.watches import StoredWatches
from comparison.watch import OnlyRuns, Watch, digest_from, watch_from
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

CLAIM = """
import sys
from datetime import UTC, datetime
from bot.store.claims import StoredClaims
from bot.store.database import open_database
store = StoredClaims(open_database(sys.argv[1]), lambda: datetime.now(UTC))
print(sum(store.claim(f"key-{number}") for number in range(200)))
"""


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/state.db"
    return database_address(request.getfixturevalue("postgres"))


@pytest.fixture
def opened():
    """Opens databases, and closes them in the end."""
    with contextlib.ExitStack() as ends:

        def open_(address):
            engine = open_database(address)
            ends.callback(engine.dispose)
            return engine

        yield open_


@pytest.fixture
def empty(address, opened):
    return opened(address)


@pytest.fixture
def engine(empty):
    upgrade(empty)
    return empty


def test_a_key_is_claimed_once(engine, clock):
    store = StoredClaims(engine, clock)
    assert [store.claim("a"), store.claim("a"), store.claim("b")] == [True, False, True]


def test_a_key_claimed_by_one_process_is_not_won_by_another_or_after_a_restart(engine, clock):
    assert StoredClaims(engine, clock).claim("a")
    assert not StoredClaims(engine, clock).claim("a")


def test_a_key_of_any_length_and_alphabet_can_be_claimed(engine, clock):
    store = StoredClaims(engine, clock)
    for key in ("x" * 5000, "", "🙂' OR 1=1 --", "x" * 5000 + "y"):
        assert store.claim(key)
    assert not StoredClaims(engine, clock).claim("x" * 5000)


def test_of_many_threads_that_claim_one_key_one_wins(engine, clock):
    stores = [StoredClaims(engine, clock) for _ in range(4)]
    start = threading.Barrier(16)

    def claim(number):
        start.wait(10)
        return [stores[number % 4].claim(f"key-{turn}") for turn in range(20)]

    with ThreadPoolExecutor(16) as threads:
        won = list(threads.map(claim, range(16)))
    assert [sum(column) for column in zip(*won, strict=True)] == [1] * 20


def test_of_several_processes_that_claim_the_same_keys_each_key_is_won_once(engine, address):
    command = [sys.executable, "-c", CLAIM, address]
    claimants = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    won = [int(claimant.communicate(timeout=60)[0]) for claimant in claimants]
    assert sum(won) == 200


def test_a_key_that_was_not_claimed_for_a_while_is_claimed_again_by_one(engine, clock):
    stores = [StoredClaims(engine, clock) for _ in range(2)]
    assert [store.claim_again("link", 1800) for store in stores] == [True, False]
    clock.pass_(hours=0.49)
    assert [store.claim_again("link", 1800) for store in stores] == [False, False]
    clock.pass_(hours=0.02)
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda number: stores[number % 2].claim_again("link", 1800), range(8)))
    assert sum(won) == 1


def test_claims_are_forgotten_after_a_day(engine, clock):
    StoredClaims(engine, clock).claim("old")
    clock.pass_(hours=23)
    assert not StoredClaims(engine, clock).claim("old")
    clock.pass_(hours=2)
    StoredClaims(engine, clock).claim("new")
    with engine.connect() as connection:
        assert connection.scalars(select(claims.c.key)).all() == ["new"]
    assert StoredClaims(engine, clock).claim("old")


def test_a_claim_takes_less_than_two_milliseconds_in_a_file(opened, tmp_path, clock):
    engine = opened(f"sqlite:///{tmp_path}/state.db")
    upgrade(engine)
    store = StoredClaims(engine, clock)
    took = []
    for number in range(300):
        began = time.perf_counter()
        store.claim(f"key-{number}")
        took.append(time.perf_counter() - began)
    assert sorted(took)[150] < 0.002


def test_without_a_database_people_are_answered_once_and_the_log_says_so_once(opened, tmp_path, clock, caplog):
    engine = opened(f"sqlite:///{tmp_path}/never-migrated.db")
    store = StoredClaims(engine, clock)
    with caplog.at_level(logging.INFO):
        assert [store.claim("a"), store.claim("a"), store.claim("b")] == [True, False, True]
        clock.pass_(minutes=5)
        assert store.claim("c")
        assert len(caplog.records) == 1
        upgrade(engine)
        clock.pass_(minutes=5)
        assert not store.claim("a")
        assert store.claim("d")
    assert caplog.messages[-1] == "claims are stored again"
    assert not StoredClaims(engine, clock).claim("d")


def test_a_folder_that_cannot_be_made_holds_nobody_up(opened, tmp_path, clock):
    (tmp_path / "file").touch()
    engine = opened(f"sqlite:///{tmp_path}/file/state.db")
    store = StoredClaims(engine, clock)
    assert [store.claim("a"), store.claim("a")] == [True, False]
    assert StoredCapabilities(engine, clock).rung("T1") == 0
    with pytest.raises(OSError, match="file"):
        check_writable(engine)


FULL = """
import resource, signal, sys
from bot.store.database import check_writable, open_database
from bot.store.migrate import upgrade
engine = open_database(sys.argv[1])
upgrade(engine)
check_writable(engine)
print("well")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # no file may grow from here on, as on a disk that is full
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
check_writable(engine)
"""


def test_a_disk_that_takes_no_more_is_noticed(tmp_path):
    words = [sys.executable, "-c", FULL, f"sqlite:///{tmp_path}/state.db"]
    tried = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert tried.stdout == "well\n"
    assert "OperationalError" in tried.stderr


def test_trying_to_write_leaves_nothing_behind_and_may_be_done_by_many_at_once(engine, address):
    others = [open_database(address) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(check_writable, others * 4)) == [None] * 16
    with engine.connect() as connection:
        assert connection.scalars(select(claims.c.key)).all() == []
    for each in others:
        each.dispose()


def test_a_database_that_cannot_be_reached_holds_nobody_up(opened, clock):
    store = StoredClaims(opened("postgresql+psycopg://u:p@127.0.0.1:9/d"), clock)
    began = time.monotonic()
    assert all(store.claim(f"key-{number}") for number in range(1000))
    assert time.monotonic() - began < 5


def test_a_server_that_hung_up_is_asked_again_at_once(opened, postgres, clock):
    engine, other = (opened(database_address(postgres)) for _ in range(2))
    upgrade(engine)
    store = StoredClaims(engine, clock)
    assert store.claim("before")
    with other.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    assert store.claim("after")
    assert not StoredClaims(other, clock).claim("after")


def test_every_connection_that_a_server_hung_up_on_is_replaced(opened, postgres, postgres_server, clock):
    engine = opened(database_address(postgres))
    upgrade(engine)
    with contextlib.ExitStack() as many:
        for _ in range(6):
            many.enter_context(engine.connect())
    postgres_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    stores = [StoredClaims(engine, clock) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(lambda store: store.claim("once"), stores)) == 1


def test_a_server_that_freezes_is_given_up_and_another_connection_is_made(opened, postgres, clock):
    engine, other = (opened(database_address(postgres)) for _ in range(2))
    upgrade(engine)
    store = StoredClaims(engine, clock)
    assert store.claim("before")
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    os.kill(backend, signal.SIGSTOP)
    try:
        assert store.claim("meanwhile")
    finally:
        os.kill(backend, signal.SIGCONT)
    assert not StoredClaims(other, clock).claim("meanwhile")


def test_what_a_workspace_takes_is_everything_until_it_is_learned(engine, clock):
    assert StoredCapabilities(engine, clock).rung("T1") == 0


def test_what_a_workspace_takes_is_remembered_for_all_replicas(engine, clock):
    StoredCapabilities(engine, clock).remember("T1", 2)
    other = StoredCapabilities(engine, clock)
    assert (other.rung("T1"), other.rung("T2")) == (2, 0)


def test_what_another_replica_learns_is_known_within_a_minute(engine, clock):
    here, there = StoredCapabilities(engine, clock), StoredCapabilities(engine, clock)
    assert here.rung("T1") == 0
    there.remember("T1", 3)
    clock.pass_(seconds=61)
    assert here.rung("T1") == 3


def test_what_a_workspace_takes_is_tried_anew_after_five_minutes(engine, clock):
    store = StoredCapabilities(engine, clock)
    store.remember("T1", 1)
    clock.pass_(minutes=4)
    assert store.rung("T1") == 1
    clock.pass_(minutes=2)
    assert store.rung("T1") == 0
    assert StoredCapabilities(engine, clock).rung("T1") == 0


def test_without_a_database_what_a_workspace_takes_is_remembered_here(opened, tmp_path, clock):
    engine = opened(f"sqlite:///{tmp_path}/never-migrated.db")
    store = StoredCapabilities(engine, clock)
    assert store.rung("T1") == 0
    store.remember("T1", 2)
    clock.pass_(minutes=4)
    assert store.rung("T1") == 2


def test_migrating_makes_the_tables_the_code_describes(empty):
    assert upgrade(empty) == ("", newest())
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    check_writable(empty)


def test_migrating_again_changes_nothing_and_keeps_what_is_stored(engine, clock):
    StoredClaims(engine, clock).claim("kept")
    assert upgrade(engine) == (newest(), newest())
    assert not StoredClaims(engine, clock).claim("kept")


def test_a_database_from_the_first_release_is_brought_up_to_date(empty, clock):
    upgrade(empty, "0001")
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO claims (key, claimed_at) VALUES ('kept', 1795392000)"))
    assert upgrade(empty) == ("0001", newest())
    assert not StoredClaims(empty, clock).claim("kept")


ROWS_OF_0004 = {
    "claims": {"key": "kept", "claimed_at": 1795392000},
    "capabilities": {"team": "T1", "rung": 2, "until": 1795392000},
    "comparisons": {
        "id": "C1:1.1", "workspace": "T1", "channel": "C1", "thread": "1.0", "message_ts": "1.1", "asked_by": "U1",
        "at": 1795392000, "told": '{"runs": ["größer"]}',
    },
    "defaults": {
        "workspace": "T1", "channel": "C1", "what": "goal", "metric": "cost", "value": "lower", "changed_by": "U1",
        "changed_at": 1795392000,
    },
    "inbox": {
        "key": "a", "owner": "p1", "asked_at": 1795392000, "said": "{}", "stage": "asked", "told_at": 0,
        "working_ts": "1.2", "times": 1,
    },
    "processes": {"id": "p1", "beat_at": 1795392000},
}  # fmt: skip


def test_a_database_of_the_release_before_is_brought_up_to_date_with_all_it_holds(empty):
    upgrade(empty, "0004")
    tables = MetaData()
    tables.reflect(empty)
    assert set(tables.tables) == {*ROWS_OF_0004, "alembic_version"}
    with empty.begin() as connection:
        for name, row in ROWS_OF_0004.items():
            connection.execute(tables.tables[name].insert().values(row))
    assert upgrade(empty) == ("0004", newest())
    with empty.connect() as connection:
        kept = {name: connection.execute(tables.tables[name].select()).mappings().all() for name in ROWS_OF_0004}
        assert kept == {name: [row] for name, row in ROWS_OF_0004.items()}
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_watches_of_the_release_before_have_their_meaning_beside_their_words(empty, caplog):
    upgrade(empty, "0007")
    tables = MetaData()
    tables.reflect(empty)
    row = {
        "workspace": "T1", "channel": "C1", "created_by": "U1", "created_at": 1795392000.0, "past": "[]",
        "is_primed": True, "paused_at": 0, "paused_by": "", "paused_why": "", "experiment_id": "", "gone_at": 0,
    }  # fmt: skip
    words = {"w1": "fraud only failures by maya", "w2": "fraud only naps", "d1": "weekdays 9:30 Europe/Berlin"}
    with empty.begin() as connection:
        for key, said in words.items():
            values = row | {"id": key, "words": said, "is_digest": key == "d1"}
            connection.execute(tables.tables["watches"].insert().values(values))
    upgrade(empty)
    kept = {each.id: each for each in StoredWatches(empty).every()}
    assert {key: each.words for key, each in kept.items()} == words
    assert watch_from(kept["w1"].meaning) == Watch("fraud", user="maya", only=OnlyRuns.FAILURES)
    assert digest_from(kept["d1"].meaning).hours.zone == "Europe/Berlin"
    assert kept["w2"].meaning == ""
    assert "w2 are not understood any more" in caplog.text


def test_a_migration_that_is_taken_back_leaves_the_release_before(empty):
    upgrade(empty)
    config = _config()
    with empty.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    assert set(inspect(empty).get_table_names()) == {*ROWS_OF_0004, "alembic_version"}
    assert upgrade(empty) == ("0004", newest())


def test_replicas_may_migrate_at_the_same_moment(opened, empty, address):
    engines = [opened(address) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert {after for _, after in threads.map(upgrade, engines)} == {newest()}


def test_a_file_that_another_is_just_making_is_waited_for(opened, tmp_path):
    path = tmp_path / "state.db"
    first = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    first.execute("CREATE TABLE something (it)")
    first.execute("BEGIN IMMEDIATE")
    first.execute("INSERT INTO something VALUES (1)")
    threading.Timer(0.2, lambda: first.execute("COMMIT")).start()
    engine = opened(f"sqlite:///{path}")
    assert upgrade(engine)[1] == newest()
    first.close()


def test_a_database_of_a_newer_release_is_left_as_it_is(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert upgrade(engine) == ("9999", "9999")


def test_migrate_says_what_it_did(opened, address, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", address)
    first, second = (CliRunner().invoke(migrate) for _ in range(2))
    assert (first.exit_code, first.output) == (0, f"Brought the database to {newest()}.\n")
    assert (second.exit_code, second.output) == (0, f"The database is up to date ({newest()}).\n")
    engine = opened(address)
    assert {"claims", "capabilities"} <= set(inspect(engine).get_table_names())


def test_migrate_says_what_is_wrong_without_the_password(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://user:hunter22@127.0.0.1:9/d")
    result = CliRunner().invoke(migrate)
    assert result.exit_code == 1
    assert "cannot be brought up to date" in result.output
    assert "hunter22" not in result.output
    monkeypatch.setenv("DATABASE_URL", "mongodb://user:hunter22@h/d")
    result = CliRunner().invoke(migrate)
    assert result.exit_code == 1
    assert "DATABASE_URL" in result.output
    assert "hunter22" not in result.output
