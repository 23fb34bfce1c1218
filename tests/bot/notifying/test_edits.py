"""Edits take turns, so that Slack is asked no faster than it takes them, and MLflow is not asked in vain."""

from bot.notifying.edits import APART, AT_ONCE, Edits
from tests.bot.notifying.stage import Clock


def test_a_few_edits_go_at_once_and_many_are_spaced_to_what_slack_takes_in_a_minute():
    clock = Clock()
    edits = Edits(clock.ms)
    waits = {f"m{number}": edits.wait(f"m{number}") for number in range(AT_ONCE + 50)}
    assert [wait for wait in waits.values() if not wait] == [0.0] * (AT_ONCE + 1)
    assert max(waits.values()) == 49 * APART / 1000
    assert 60 / (APART / 1000) <= 50


def test_a_turn_is_kept_for_the_message_that_waits_for_it_and_taken_once():
    clock = Clock()
    edits = Edits(clock.ms)
    for number in range(AT_ONCE + 1):
        edits.wait(f"m{number}")
    first, second = edits.wait("first"), edits.wait("second")
    assert 0 < first < second
    clock.wait(first)
    assert edits.wait("second") == second - first
    assert edits.wait("first") == 0
    assert edits.wait("first") > second - first


def test_when_slack_says_to_wait_no_turn_is_before():
    clock = Clock()
    edits = Edits(clock.ms)
    for number in range(AT_ONCE + 1):
        edits.wait(f"m{number}")
    early = edits.wait("early")
    edits.hold(30)
    assert early < 30
    assert edits.wait("early") >= 30
    assert edits.wait("another") >= 30
    clock.wait(40)
    assert edits.wait("early") == 0
