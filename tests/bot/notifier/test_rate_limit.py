"""Edits take turns, so that Slack is asked no faster than it takes them, and MLflow is not asked in vain."""

import pytest

from bot.notifier.rate_limit import EDITS, EDITS_AT_ONCE, EditSlots
from tests.bot.notifier.stage import Clock
from tests.fakes.turns import FakeTurns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def turns():
    return FakeTurns()


@pytest.fixture
def edits(turns, clock):
    return EditSlots(turns, clock.ms)


def ask_many(edits, count):
    return [edits.wait("T1", f"m{number}") for number in range(count)]


def test_a_few_edits_go_at_once_and_many_are_spaced_to_what_slack_takes_in_a_minute(edits):
    waits = ask_many(edits, EDITS_AT_ONCE + 50)
    assert [wait for wait in waits if not wait] == [0.0] * (EDITS_AT_ONCE + 1)
    assert max(waits) == 49 * EDITS / 1000
    assert 60 / (EDITS / 1000) <= 50


def test_two_processes_share_them_and_two_workspaces_do_not(edits, turns, clock):
    ask_many(edits, EDITS_AT_ONCE + 1)
    assert EditSlots(turns, clock.ms).wait("T1", "another") > 0
    assert EditSlots(turns, clock.ms).wait("T2", "another") == 0


def test_a_turn_is_kept_for_the_message_that_waits_for_it_and_taken_once(edits, clock):
    ask_many(edits, EDITS_AT_ONCE + 1)
    first, second = edits.wait("T1", "first"), edits.wait("T1", "second")
    assert 0 < first < second
    clock.wait(first)
    assert edits.wait("T1", "second") == pytest.approx(second - first)
    assert edits.wait("T1", "first") == 0
    assert edits.wait("T1", "first") > second - first


def test_when_slack_says_to_wait_no_turn_is_before(edits, turns, clock):
    ask_many(edits, EDITS_AT_ONCE + 1)
    early = edits.wait("T1", "early")
    edits.hold("T1", 30)
    assert early < 30
    assert edits.wait("T1", "early") >= 30
    assert edits.wait("T1", "another") >= 30
    assert EditSlots(turns, clock.ms).wait("T1", "of another process") >= 30
    clock.wait(40)
    assert edits.wait("T1", "early") == 0
