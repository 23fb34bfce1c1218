"""Watches are kept with who changed what and when: the same in memory, in an SQLite file and in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.store.database import open_database
from bot.store.watches import StoredWatches
from comparison.errors import RequestError
from handlers.stores import MAX_WATCHES, InMemoryWatches, StoredWatch, TooManyWatches, WatchChange
from tests.databases import KINDS, both
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

FRAUD = StoredWatch("w1", "T1", "C1", "fraud, only failures", "U1", 1_700_000_000.125)


@pytest.fixture(params=KINDS)
def engine(request, both):
    return both(request.param)


@pytest.fixture(params=["in memory", *KINDS])
def watches(request, both):
    return InMemoryWatches() if request.param == "in memory" else StoredWatches(both(request.param))


def test_nothing_is_watched_at_first(watches):
    assert watches.get("w1") is None
    assert (watches.every(), watches.of_channel("T1", "C1"), watches.changes("T1", "C1")) == ([], [], [])
    assert watches.channels_of("T1", "U1") == []


def test_a_watch_is_kept_as_it_was_asked_for(watches):
    asked = replace(FRAUD, words="größe/* 🎯 where tags.x = 'y'", past=("b", "a"), is_primed=True)
    watches.add(asked)
    assert watches.get("w1") == asked
    assert watches.of_channel("T1", "C1") == watches.every() == [asked]
    assert watches.changes("T1", "C1") == [
        WatchChange("w1", "T1", "C1", "U1", 1_700_000_000, "added", "", asked.words),
    ]


def test_a_channel_lists_its_own_the_oldest_first_and_digests_last(watches):
    digest = replace(FRAUD, id="w0", words="weekdays 9:30", is_digest=True, created_at=1.0)
    younger = replace(FRAUD, id="w2", created_at=FRAUD.created_at + 1)
    elsewhere = replace(FRAUD, id="w3", channel="C2")
    for each in (younger, digest, FRAUD, elsewhere, replace(FRAUD, id="w4", workspace="T2")):
        watches.add(each)
    assert [each.id for each in watches.of_channel("T1", "C1")] == ["w1", "w2", "w0"]
    assert [each.id for each in watches.every()] == ["w1", "w3", "w4", "w2", "w0"]


def test_a_watch_is_tied_to_its_experiment_until_its_words_are_others(watches):
    watches.add(FRAUD)
    watches.tie("w1", "7", gone_at=5)
    assert (watches.get("w1").experiment_id, watches.get("w1").gone_at) == ("7", 5)
    assert watches.edit("w1", "fraud-2", by="", at=9, experiment_id="7").experiment_id == "7"
    assert watches.edit("w1", "iris", by="U2", at=9) == replace(FRAUD, words="iris")
    assert [each.what for each in watches.changes("T1", "C1")] == ["edited", "edited", "added"]


def test_a_channel_has_room_for_so_many_and_for_one_more_when_one_is_removed(watches):
    for number in range(MAX_WATCHES):
        watches.add(replace(FRAUD, id=f"w{number}", is_digest=number % 2 == 0))
    with pytest.raises(TooManyWatches):
        watches.add(replace(FRAUD, id="one too many"))
    watches.add(replace(FRAUD, id="elsewhere", channel="C2"))
    watches.remove("w7", by="U1", at=9)
    watches.add(replace(FRAUD, id="again"))
    assert len(watches.of_channel("T1", "C1")) == MAX_WATCHES
    assert watches.get("one too many") is None


def test_one_takes_the_place_of_another_or_nothing_changes(watches):
    for number in range(MAX_WATCHES):
        watches.add(replace(FRAUD, id=f"w{number}", words=f"weekdays 9:{number}"))
    watches.add(replace(FRAUD, id="new", created_by="U2", created_at=1_700_000_009.0), instead_of=["w3", "gone"])
    assert watches.get("w3") is None
    assert len(watches.of_channel("T1", "C1")) == MAX_WATCHES
    assert [(each.watch_id, each.what, each.by) for each in watches.changes("T1", "C1", limit=2)] == [
        ("new", "added", "U2"),
        ("w3", "removed", "U2"),
    ]
    watches.add(replace(FRAUD, id="elsewhere", channel="C2"))
    with pytest.raises(TooManyWatches):
        watches.add(replace(FRAUD, id="newer"), instead_of=["elsewhere"])
    assert watches.get("elsewhere") is not None


def test_what_was_over_when_a_watch_began_is_kept_and_is_no_change_of_anybodys(watches):
    watches.add(FRAUD)
    watches.prime("w1", (run for run in ("b", "a")))
    watches.prime("unknown", ["a"])
    assert watches.get("w1") == replace(FRAUD, past=("b", "a"), is_primed=True)
    assert [each.what for each in watches.changes("T1", "C1")] == ["added"]


def test_each_change_of_a_watch_is_recorded_with_who_when_and_what_it_was(watches):
    watches.add(FRAUD)
    assert watches.edit("w1", "fraud", by="U2", at=10) == replace(FRAUD, words="fraud")
    assert watches.pause("w1", by="", at=20, why="the channel is archived")
    paused = watches.get("w1")
    assert (paused.paused_at, paused.paused_by, paused.paused_why) == (20, "", "the channel is archived")
    assert watches.resume("w1", by="U3", at=30)
    assert watches.remove("w1", by="U4", at=40) == replace(FRAUD, words="fraud")
    told = [(each.by, each.at, each.what, each.before, each.after) for each in watches.changes("T1", "C1")]
    assert told[:4] == [
        ("U4", 40, "removed", "fraud", ""),
        ("U3", 30, "resumed", "the channel is archived", ""),
        ("", 20, "paused", "", "the channel is archived"),
        ("U2", 10, "edited", FRAUD.words, "fraud"),
    ]
    assert [each.what for each in watches.changes("T1", "C1", limit=2)] == ["removed", "resumed"]
    assert watches.changes("T1", "C2") == watches.changes("T2", "C1") == []


def test_what_changes_nothing_is_not_recorded(watches):
    watches.add(FRAUD)
    assert not watches.resume("w1", by="U1", at=1)
    assert watches.pause("w1", by="U1", at=0)
    assert watches.get("w1").is_paused
    assert not watches.pause("w1", by="U2", at=2, why="again")
    assert [each.what for each in watches.changes("T1", "C1")] == ["paused", "added"]


def test_a_watch_that_is_not_there_cannot_be_changed(watches):
    assert watches.edit("w1", "x", by="U1", at=1) is None
    assert watches.remove("w1", by="U1", at=1) is None
    assert not watches.pause("w1", by="U1", at=1)
    assert not watches.resume("w1", by="U1", at=1)
    assert watches.changes("T1", "C1") == []


def test_a_person_s_channels_are_those_of_their_watches_the_last_first(watches):
    for place, channel in enumerate(("C1", "C2", "C1", "C3")):
        watches.add(replace(FRAUD, id=f"w{place}", channel=channel, created_at=float(place)))
    watches.add(replace(FRAUD, id="other", channel="C9", created_by="U2"))
    watches.remove("w3", by="U1", at=9)
    assert watches.channels_of("T1", "U1") == ["C1", "C2"]
    assert watches.channels_of("T1", "U1", limit=1) == ["C1"]
    assert watches.channels_of("T2", "U1") == []


def test_another_replica_knows_of_a_watch_at_once(engine):
    StoredWatches(engine).add(FRAUD)
    other = open_database(engine.url)
    assert StoredWatches(other).get("w1") == FRAUD
    other.dispose()


def test_a_watch_that_is_added_twice_is_one(engine):
    watches = StoredWatches(engine)
    watches.add(FRAUD)
    watches.add(FRAUD)
    assert len(watches.changes("T1", "C1")) == 1


def test_the_changes_of_all_channels_are_listed_the_last_first(engine):
    watches = StoredWatches(engine)
    watches.add(FRAUD)
    watches.add(replace(FRAUD, id="w2", channel="C2"))
    assert [each.watch_id for each in watches.every_change()] == ["w2", "w1"]
    assert [each.watch_id for each in watches.every_change(channel="C1")] == ["w1"]
    assert [each.watch_id for each in watches.every_change(limit=1)] == ["w2"]


def test_however_many_add_at_once_a_channel_gets_no_more_than_it_has_room_for(engine):
    others = [open_database(engine.url) for _ in range(3 if engine.dialect.name == "postgresql" else 0)]
    stores = [StoredWatches(each) for each in (engine, *others)]

    def add(number):
        try:
            stores[number % len(stores)].add(replace(FRAUD, id=f"w{number}"))
        except TooManyWatches:
            return 0
        return 1

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(add, range(MAX_WATCHES + 14))) == MAX_WATCHES
    assert len(stores[0].of_channel("T1", "C1")) == len(stores[0].changes("T1", "C1", limit=99)) == MAX_WATCHES
    for each in others:
        each.dispose()


def test_a_watch_that_several_pause_or_remove_at_once_is_paused_and_removed_once(engine):
    watches = StoredWatches(engine)
    watches.add(FRAUD)
    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(lambda at: watches.pause("w1", by="U1", at=at), range(6))) == 1
        gone = list(threads.map(lambda at: watches.remove("w1", by="U1", at=at), range(6)))
    assert len([each for each in gone if each]) == 1
    assert [each.what for each in watches.changes("T1", "C1")] == ["removed", "paused", "added"]


def test_a_server_that_hung_up_on_an_idle_connection_is_asked_again(both):
    engine = both("postgresql")
    watches, other = StoredWatches(engine), open_database(engine.url)
    watches.add(FRAUD)
    with other.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    assert watches.pause("w1", by="U1", at=5)
    other.dispose()


@pytest.mark.parametrize(
    "change",
    [
        lambda watches: watches.add(FRAUD),
        lambda watches: watches.edit("w1", "x", by="U1", at=1),
        lambda watches: watches.pause("w1", by="U1", at=1),
        lambda watches: watches.resume("w1", by="U1", at=1),
        lambda watches: watches.remove("w1", by="U1", at=1),
    ],
    ids=["add", "edit", "pause", "resume", "remove"],
)
def test_what_cannot_be_kept_is_said_with_what_to_do(change):
    gone = open_database("sqlite:////proc/nowhere/state.db")
    with pytest.raises(RequestError, match=r"I cannot keep that.*Nothing was changed") as told:
        change(StoredWatches(gone))
    assert "Try again" in told.value.remedy
    gone.dispose()


def test_what_cannot_be_read_is_not_taken_for_nothing():
    gone = open_database("sqlite:////proc/nowhere/state.db")
    watches = StoredWatches(gone)
    for ask in (lambda: watches.get("w1"), lambda: watches.of_channel("T1", "C1"), lambda: watches.changes("T1", "C1")):
        with pytest.raises(RequestError, match="my database does not answer"):
            ask()
    with pytest.raises(OSError, match="nowhere"):
        watches.every()
    assert watches.channels_of("T1", "U1") == []
    gone.dispose()
