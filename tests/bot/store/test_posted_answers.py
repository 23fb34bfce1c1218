"""Posted lists, standups and single runs are found again: here, after a restart, and without a database in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.settings import database_address
from bot.store.database import answers, open_database
from bot.store.migrate import upgrade
from bot.store.posted_answers import KEPT, StoredAnswers
from comparison.language.follow_up import Answered
from comparison.request import Top
from handlers.stores import InMemoryAnswers, PostedAnswer
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_record(ts="1.1", **changes):
    content = {
        "id": f"C1:{ts}",
        "workspace": "T1",
        "channel": "C1",
        "thread": "",
        "message_ts": ts,
        "asked_by": "U1",
        "at": int(NOON.timestamp()),
        "line": "top 5 by metric f1 in fraud",
        "runs": ("a" * 32, "b" * 32),
        "labels": ("old", "größer"),
        "experiments": ("fraud", "fraud"),
        "failed": (("c" * 32, "oom", "fraud"),),
    }
    return PostedAnswer(**(content | changes))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    is_file = request.param == "sqlite"
    address = f"sqlite:///{tmp_path}/state.db" if is_file else database_address(request.getfixturevalue("postgres"))
    opened = open_database(address)
    upgrade(opened)
    yield opened
    opened.dispose()


def test_an_answer_is_found_by_its_thread_and_asker_also_by_another_replica(engine):
    StoredAnswers(engine, lambda: NOON).remember(a_record())
    other = StoredAnswers(engine, lambda: NOON)
    assert other.in_thread("C1", "1.1") == [a_record()]
    assert other.in_thread("C1", "1.1", "T1") == [a_record()]
    assert other.recent("T1", "U1") == [a_record()]
    assert other.in_thread("C1", "1.1", "T2") == []
    assert other.in_thread("C2", "1.1") == []
    assert other.in_thread("C1", "") == []
    assert other.recent("T1", "U2") == []


@pytest.mark.parametrize("kind", ["stored", "in memory"])
def test_answers_of_a_thread_come_newest_first(engine, kind):
    store = StoredAnswers(engine, lambda: NOON) if kind == "stored" else InMemoryAnswers()
    store.remember(a_record())
    store.remember(a_record("2.2", thread="1.1", at=int(NOON.timestamp()) + 5))
    assert [each.message_ts for each in store.in_thread("C1", "1.1")] == ["2.2", "1.1"]
    assert [each.message_ts for each in store.recent("T1", "U1", limit=1)] == ["2.2"]


def test_what_can_be_talked_about_is_the_question_and_what_was_shown():
    assert a_record().answered() == Answered(
        Top(5, "f1", experiment="fraud"),
        ("a" * 32, "b" * 32),
        ("old", "größer"),
        ("fraud", "fraud"),
        (("c" * 32, "oom", "fraud"),),
    )


def test_a_question_in_words_that_are_not_understood_any_more_is_forgotten():
    assert a_record(line="sing me a song").answered() is None


def test_an_answer_of_a_year_ago_is_kept_and_an_older_one_is_removed(engine):
    StoredAnswers(engine, lambda: NOON).remember(a_record())
    for days, count in ((365, 2), (401, 2)):
        later = NOON + timedelta(days=days)
        record = a_record(f"{days}.1", at=int(later.timestamp()))
        StoredAnswers(engine, lambda later=later: later).remember(record)
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(answers)).scalar() == count
    assert KEPT == 400 * 24 * 3600


def test_without_its_table_what_this_process_posted_is_known(engine):
    store = StoredAnswers(engine, lambda: NOON)
    answers.drop(engine)
    store.remember(a_record())
    assert store.in_thread("C1", "1.1") == [a_record()]
