"""What channels agreed on is kept: for all replicas, with who set it, and known while the database is away."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.settings import database_address
from bot.store.channel_defaults import StoredDefaults
from bot.store.database import open_database
from bot.store.migrate import upgrade
from comparison.channel_defaults import ChannelDefaults, ChannelSetting
from comparison.errors import RequestError
from comparison.runs import Goal
from handlers.stores import DefaultChange, InMemoryChannelDefaults
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

METRIC = ChannelSetting("metric", "val_auc", by="U1", at=100)
COST = ChannelSetting("goal", "lower", "cost", "U2", 200)


def opened_at(kind, request, tmp_path):
    is_file = kind == "sqlite"
    address = f"sqlite:///{tmp_path}/state.db" if is_file else database_address(request.getfixturevalue("postgres"))
    opened = open_database(address)
    upgrade(opened)
    request.addfinalizer(opened.dispose)
    return opened


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    return opened_at(request.param, request, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql", "in memory"])
def kept(request, tmp_path):
    if request.param == "in memory":
        return InMemoryChannelDefaults()
    return StoredDefaults(opened_at(request.param, request, tmp_path))


def test_nothing_is_set_at_first(kept):
    assert kept.of("T1", "C1") == ChannelDefaults()
    assert kept.settings("T1", "C1") == []
    assert kept.changed_by("T1", "U1") == []


def test_what_is_set_for_a_channel_is_its_own(kept):
    kept.change("T1", "C1", [METRIC, COST, ChannelSetting("experiment", "fraud"), ChannelSetting("pinned", "a" * 32)])
    assert kept.of("T1", "C1") == ChannelDefaults("fraud", "val_auc", {"cost": Goal.LOWER}, "a" * 32)
    assert kept.of("T1", "C2") == ChannelDefaults()
    assert kept.of("T2", "C1") == ChannelDefaults()


def test_each_change_tells_what_was_before_and_by_whom(kept):
    assert kept.change("T1", "C1", [METRIC, COST]) == [ChannelSetting("metric"), ChannelSetting("goal", metric="cost")]
    assert kept.change("T1", "C1", [ChannelSetting("metric", "f1", by="U3", at=300)]) == [METRIC]
    assert kept.settings("T1", "C1") == [ChannelSetting("metric", "f1", by="U3", at=300), COST]


def test_what_is_taken_back_is_not_set_any_more_and_who_did_it_is_known(kept):
    kept.change("T1", "C1", [METRIC])
    kept.change("T1", "C1", [ChannelSetting("metric", by="U2", at=300)])
    assert kept.of("T1", "C1") == ChannelDefaults()
    assert kept.settings("T1", "C1") == []
    assert kept.change("T1", "C1", [METRIC]) == [ChannelSetting("metric", by="U2", at=300)]


def test_the_channels_of_a_person_come_last_changed_first(kept):
    for place, channel in enumerate(("C1", "C2", "C3")):
        kept.change("T1", channel, [ChannelSetting("metric", "f1", by="U1", at=place)])
    kept.change("T1", "C1", [ChannelSetting("experiment", "fraud", by="U1", at=9)])
    kept.change("T1", "C4", [ChannelSetting("metric", "f1", by="U2", at=99)])
    assert kept.changed_by("T1", "U1") == ["C1", "C3", "C2"]
    assert kept.changed_by("T1", "U1", limit=1) == ["C1"]


def test_every_change_is_recorded_with_who_when_and_what_was_before(kept):
    kept.change("T1", "C1", [METRIC, COST])
    kept.change("T1", "C1", [ChannelSetting("metric", "f1", by="U3", at=300)])
    kept.change("T1", "C1", [ChannelSetting("goal", "", "cost", "U1", 400)])
    kept.change("T1", "C2", [METRIC])
    assert kept.changes("T1", "C1") == [
        DefaultChange("T1", "C1", "U1", 400, "goal", "cost", "lower", ""),
        DefaultChange("T1", "C1", "U3", 300, "metric", "", "val_auc", "f1"),
        DefaultChange("T1", "C1", "U2", 200, "goal", "cost", "", "lower"),
        DefaultChange("T1", "C1", "U1", 100, "metric", "", "", "val_auc"),
    ]
    assert kept.changes("T1", "C1", limit=1)[0].by == "U1"
    assert kept.changes("T2", "C1") == []


def test_a_change_that_cannot_be_recorded_is_not_made(engine):
    kept = StoredDefaults(engine)
    kept.change("T1", "C1", [METRIC])
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE default_changes")
    with pytest.raises(RequestError, match="Nothing was changed"):
        kept.change("T1", "C1", [ChannelSetting("metric", "f1", by="U3", at=300)])
    assert kept.of("T1", "C1").metric == "val_auc"
    assert kept.changes("T1", "C1") == []


def test_of_changes_at_once_each_records_what_it_replaced(engine):
    kept = StoredDefaults(engine)
    kept.change("T1", "C1", [ChannelSetting("metric", "m", by="U1")])
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: kept.change("T1", "C1", [ChannelSetting("metric", f"m{n}", by=f"U{n}")]), range(16)))
    told = kept.changes("T1", "C1")
    assert [each.before for each in told] == [*(each.after for each in told[1:]), ""]


def test_another_replica_knows_at_once(engine):
    StoredDefaults(engine).change("T1", "C1", [METRIC])
    assert StoredDefaults(engine).of("T1", "C1").metric == "val_auc"


def test_people_who_set_different_things_at_once_are_all_heard(engine):
    kept = StoredDefaults(engine)
    goals = [ChannelSetting("goal", "higher", f"m{number}") for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda each: kept.change("T1", "C1", [each]), goals))
    assert len(kept.of("T1", "C1").goals) == 24


def test_names_of_any_script_are_kept_as_they_are(kept):
    kept.change(
        "T1", "C1", [ChannelSetting("goal", "lower", "größe/ошибка 🎯"), ChannelSetting("experiment", "x" * 500)]
    )
    assert kept.of("T1", "C1").goals == {"größe/ошибка 🎯": Goal.LOWER}
    assert kept.of("T1", "C1").experiment == "x" * 500


def test_a_goal_of_a_later_version_is_left_alone(kept):
    kept.change("T1", "C1", [ChannelSetting("goal", "near 0.5", "ratio"), ChannelSetting("tempo", "fast"), METRIC])
    assert kept.of("T1", "C1") == ChannelDefaults(metric="val_auc")


def test_while_the_database_is_away_what_was_known_is_used(tmp_path):
    opened = open_database(f"sqlite:///{tmp_path}/state.db")
    upgrade(opened)
    kept = StoredDefaults(opened)
    kept.change("T1", "C1", [METRIC])
    assert kept.of("T1", "C1").metric == "val_auc"
    with opened.begin() as connection:
        connection.exec_driver_sql("DROP TABLE defaults")
    assert kept.of("T1", "C1").metric == "val_auc"
    assert kept.of("T1", "C2") == ChannelDefaults()
    assert kept.changed_by("T1", "U1") == []
    opened.dispose()


def test_what_cannot_be_kept_is_said_and_changes_nothing():
    gone = open_database("sqlite:////proc/nowhere/state.db")
    kept = StoredDefaults(gone)
    with pytest.raises(RequestError, match=r"I cannot keep that.*Nothing was changed"):
        kept.change("T1", "C1", [METRIC])
    assert kept.of("T1", "C1") == ChannelDefaults()
    gone.dispose()


def test_a_name_longer_than_any_metric_has_is_refused(engine):
    kept = StoredDefaults(engine)
    with pytest.raises(RequestError, match="255"):
        kept.change("T1", "C1", [METRIC, ChannelSetting("goal", "lower", "x" * 256)])
    assert kept.settings("T1", "C1") == []
