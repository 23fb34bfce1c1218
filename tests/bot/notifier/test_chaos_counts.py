"""The count of `make chaos` is right: it sees what is lost, doubled, or says something else than it should."""

import pytest

from bot.notifier.outbox import id_of
from bot.playground.slack import SlackStandIn
from bot.playground.workspace import BOT_USER, TEAM, Message
from tests.chaos.counting import count
from tests.chaos.training import Ended
from tests.chaos.watchers import Watchers, invite
from tests.endings import running

RUNS = [Ended(f"{number:032x}", f"run-{number:05d}", "iris", "FINISHED", 0.0) for number in range(3)]
WATCHERS = Watchers(("iris",), {"C0IRIS": ["iris"]})


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        invite(stand_in.workspace, WATCHERS.places)
        yield stand_in


def say(slack, text, delivery, runs=()):
    payload = {"delivery": delivery, "runs": list(runs)}
    metadata = {"event_type": "mlcompare_answer", "event_payload": payload}
    ts = slack.workspace.new_ts()
    slack.workspace.put(Message(ts, "C0IRIS", BOT_USER, text, metadata=metadata))


def tell(slack, run, text=""):
    delivery = id_of(f"run:{TEAM}:C0IRIS:{run.run_id}")
    say(slack, text or f"{run.name} is better than run-00009.", delivery, [run.run_id])


def test_each_run_told_once_is_well(slack):
    for run in RUNS:
        tell(slack, run)
    found = count(slack, RUNS, WATCHERS, {})
    assert (found.lost, found.doubled, found.unasked, found.wrong) == (set(), {}, set(), [])


def test_a_run_that_nobody_was_told_of_is_lost_and_one_told_twice_is_doubled(slack):
    for run in (RUNS[0], RUNS[1], RUNS[1]):
        tell(slack, run)
    found = count(slack, RUNS, WATCHERS, {})
    assert found.lost == {("C0IRIS", RUNS[2].run_id)}
    assert found.doubled == {("C0IRIS", RUNS[1].run_id): 2}


def test_a_run_in_a_message_of_its_own_and_in_a_shared_one_is_doubled(slack):
    tell(slack, RUNS[0])
    say(slack, "3 runs ended in iris, best accuracy 0.9", "shared")
    found = count(slack, RUNS, WATCHERS, {"shared": [run.run_id for run in RUNS]})
    assert found.doubled == {("C0IRIS", RUNS[0].run_id): 2}
    assert found.wrong == []


def test_counters_that_do_not_add_up_and_words_on_another_run_are_wrong(slack):
    tell(slack, RUNS[0], "run-00001 is better than run-00000.")
    say(slack, "3 runs ended in iris", "shared")
    found = count(slack, RUNS, WATCHERS, {"shared": [RUNS[1].run_id, RUNS[2].run_id]})
    assert len(found.wrong) == 2


def test_a_message_that_nobody_asked_for_is_told(slack):
    say(slack, "run-00007 is better.", "another", ["f" * 32])
    found = count(slack, RUNS[:0], WATCHERS, {})
    assert found.unasked == {("C0IRIS", "f" * 32)}
