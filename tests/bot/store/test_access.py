"""Rules of who may see what are kept in the database: for all replicas, with who made them, and none is half kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.store.channel_defaults import StoredAccess
from comparison.channel_defaults import ACCESS, CHANGES, ChannelSetting
from comparison.request import ELSEWHERE
from handlers.access.rules import AccessRule, AccessRules, InMemoryAccess, write_patterns
from tests.databases import both, postgres_server

__all__ = ["both", "postgres_server"]

IRIS = ChannelSetting(ACCESS, write_patterns(["iris", "größe *"]), by="U1", at=100)
NOTHING = ChannelSetting(ACCESS, write_patterns([]), by="U2", at=200)


@pytest.fixture(params=["sqlite", "postgresql", "in memory"])
def kept(request):
    return (
        InMemoryAccess()
        if request.param == "in memory"
        else StoredAccess(request.getfixturevalue("both")(request.param))
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def stored(request, both):
    return StoredAccess(both(request.param))


def test_a_rule_is_kept_for_its_channel_and_what_was_before_is_told(kept):
    assert kept.every() == []
    assert kept.change("T1", "C1", IRIS).value == ""
    assert kept.change("T1", "C1", NOTHING).value == IRIS.value
    assert kept.every() == [AccessRule("T1", "C1", NOTHING)]


def test_a_rule_that_is_taken_back_is_none_any_more(kept):
    kept.change("T1", "C1", IRIS)
    assert kept.change("T1", "C1", ChannelSetting(ACCESS, by="U2", at=300)).value == IRIS.value
    assert kept.every() == []


def test_workspaces_channels_and_kinds_of_rules_are_apart(kept):
    kept.change("T1", "C1", IRIS)
    kept.change("T1", ELSEWHERE, NOTHING)
    kept.change("T2", "C1", NOTHING)
    kept.change("T1", "C1", ChannelSetting(CHANGES, "admins", by="U1", at=300))
    book = AccessRules(kept).read()
    assert book.visible("T1", "C1").patterns == ("iris", "größe *")
    assert book.visible("T1", "C9").patterns == ()
    assert book.visible("T2", "C1").patterns == ()
    assert book.visible("T2", "C9").patterns == ()  # shared with the other workspace, as far as can be told
    assert (book.is_for_admins("T1", "C1"), book.is_for_admins("T2", "C2")) == (True, False)


def test_a_rule_holds_at_once_on_every_replica(stored):
    first, second = AccessRules(stored), AccessRules(StoredAccess(stored._engine))
    assert second.read().visible("T1", "C1") is None
    first.store.change("T1", "C1", IRIS)
    assert second.read().visible("T1", "C1").patterns == ("iris", "größe *")


def test_each_change_is_recorded_the_last_first(stored):
    stored.change("T1", "C1", IRIS)
    stored.change("T1", "C1", NOTHING)
    told = stored.every_change()
    assert [(each.channel, each.by, each.at, each.before, each.after) for each in told] == [
        ("C1", "U2", 200, IRIS.value, NOTHING.value),
        ("C1", "U1", 100, "", IRIS.value),
    ]
    assert len(stored.every_change(limit=1)) == 1


def test_of_admins_who_change_one_rule_at_once_each_is_recorded_after_the_one_before(stored):
    values = [ChannelSetting(ACCESS, write_patterns([f"e{number}"]), by=f"U{number}", at=number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: stored.change("T1", "C1", each), values))
    told = stored.every_change()
    assert len(told) == 8
    assert {each.before for each in told} == {"", *(each.value for each in values)} - {stored.every()[0].setting.value}


def test_what_was_read_last_holds_while_the_database_is_away():
    class Store(InMemoryAccess):
        is_away = False

        def every(self):
            if self.is_away:
                raise OSError("away")
            return super().every()

    store = Store()
    rules = AccessRules(store)
    store.change("T1", "C1", IRIS)
    rules.read()
    store.is_away = True
    assert rules.read().visible("T1", "C1").patterns == ("iris", "größe *")
