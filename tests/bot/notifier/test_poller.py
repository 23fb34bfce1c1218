"""A look at MLflow costs one request, finds each end once, and becomes rarer while MLflow is not well."""

import logging
from dataclasses import replace

import pytest

from bot.backoff import PollBackoff
from bot.notifier.outbox import MessageState, PostedState
from bot.notifier.poller import BRIEF, Poller
from bot.playground.slack import STANDUP
from comparison.errors import TrackingUnavailable
from comparison.notifications.new_runs import CLOCK_SKEW_MS
from comparison.runs import Experiment, Status
from tests.bot.notifier.stage import HOUR, IRIS, MINUTE, Stage, ended

EVERY = 15.0


class Watchers:
    """A stage on which is looked every 15 s."""

    def __init__(self, **more):
        self.stage = Stage(**more)
        self.runs = self.stage.runs
        self.runs.more_experiments.append(IRIS)
        self.clock = self.stage.clock
        self.took = 0.0
        self.poller = self.another()

    def another(self, interval=EVERY):
        """Another process."""
        pace = PollBackoff("looking", interval, self.clock.seconds, lambda: 0.5)
        stage = self.stage
        return Poller(stage.outbox, stage.subscriptions, self.runs, pace, self.clock.ms, self.clock.seconds)

    def look(self, seconds=EVERY):
        self.clock.wait(seconds)
        return self.poller.poll()

    def end(self, name, ago=1_000, **facts):
        self.runs.runs.append(ended(name, self.clock.ms() - ago, **facts))

    def announced(self):
        return sorted((each.channel, each.run_ids[0].strip("0")) for each in self.stage.outbox.listed())


@pytest.fixture
def house():
    return Watchers()


def test_without_a_watch_nothing_is_asked(house):
    house.end("A")
    assert house.look().is_ours
    assert house.runs.asked == []


def test_a_paused_watch_asks_nothing_either(house):
    house.stage.watches.pause(house.stage.watch().id, by="U0MAYA", at=1)
    house.look()
    assert house.runs.asked == []


def test_a_watch_that_is_resumed_does_not_hear_of_what_ended_meanwhile(house):
    kept = house.stage.watch()
    house.look()
    house.stage.watches.pause(kept.id, by="U0MAYA", at=1)
    for _ in range(3):
        house.end("A")
        house.look(3600)
    house.stage.watches.resume(kept.id, by="U0MAYA", at=2)
    assert house.look().announced == 0
    house.end("B")
    assert house.look().announced == 1


def test_most_looks_are_one_request_whatever_number_of_watches_and_experiments_there_are(house):
    house.runs.more_experiments += [Experiment(str(number), f"fraud-{number}") for number in range(2, 50)]
    for number in range(2, 30):
        house.stage.watch(f"fraud-{number}")
    house.stage.watch("fraud-*", channel=STANDUP)
    house.look()
    asked = []
    for _ in range(5):
        house.runs.asked.clear()
        house.look()
        asked.append(house.runs.asked[1:])
    around = ["ended_after", "running", "undated"]  # each minute: what does not tell when it ended is found so
    assert asked == [["ended_after"]] * 3 + [around] + [["ended_after"]]


def test_each_end_is_announced_once_however_often_is_looked(house):
    house.stage.watch()
    house.look()
    house.end("A")
    assert [house.look().announced for _ in range(12)] == [1, *[0] * 11]
    assert house.announced() == [("C0EXPERIMENTS", "A")]


def test_two_channels_that_watch_are_both_told(house):
    house.stage.watch()
    house.stage.watch("ir*", channel=STANDUP)
    house.look()
    house.end("A")
    assert house.look().announced == 2


def test_what_had_ended_when_a_watch_began_is_not_announced(house):
    house.end("A")
    kept = house.stage.watch(ago=0)
    house.stage.watches.prime(kept.id, ["A".ljust(32, "0")])
    house.look()
    assert house.announced() == []


def test_a_watch_that_began_while_mlflow_was_away_learns_first_what_was_over_by_then(house):
    house.end("A", ago=2 * MINUTE)
    kept = house.stage.watch(ago=60, is_primed=False)
    house.end("B", ago=10_000)
    house.look()
    assert house.announced() == [("C0EXPERIMENTS", "B")]
    assert house.stage.watches.get(kept.id).is_primed
    house.look()
    assert house.runs.asked.count("ended_after") == 3


def test_words_that_mean_nothing_any_more_pause_their_watch_and_its_owner_is_told(house):
    kept = house.stage.watch("iris only sometimes")
    house.look()
    house.look()
    assert house.stage.watches.get(kept.id).paused_why
    (notice,) = house.stage.outbox.listed()
    assert notice.channel == kept.created_by
    assert "watch iris only sometimes" in notice.about


def test_words_are_read_again_only_when_they_change(house):
    kept = house.stage.watch()
    house.look()
    before = house.stage.subscriptions.watching(kept.id)
    house.look()
    assert house.stage.subscriptions.watching(kept.id) is before
    house.stage.watches.edit(kept.id, "fraud", by="U0MAYA", at=1)
    house.look()
    assert house.stage.subscriptions.watching(kept.id).place == "fraud"


@pytest.mark.parametrize("off", [-5 * MINUTE, 5 * MINUTE])
def test_a_machine_whose_clock_is_five_minutes_off_is_heard_within_eight_looks(house, off):
    house.stage.watch()
    for _ in range(5):
        house.look()
    house.end("A", ago=-off)
    found = [house.look().announced for _ in range(30)]
    assert sum(found) == 1
    assert 1 in found[:8]


def test_most_looks_go_back_a_minute_and_a_half_and_one_of_eight_a_quarter_of_an_hour(house):
    house.stage.watch()
    since = []
    ask = house.runs.ended_after

    def ended_after(moment, **more):
        since.append(house.clock.ms() - moment)
        return ask(moment, **more)

    house.runs.ended_after = ended_after
    for _ in range(17):
        house.look()
    brief, long = BRIEF + EVERY * 1000, CLOCK_SKEW_MS + EVERY * 1000
    assert since == [CLOCK_SKEW_MS, *[brief] * 7, long, *[brief] * 7, long]


def test_with_rare_looks_every_one_goes_back_far(house):
    house.stage.watch()
    house.poller = house.another(interval=600)
    for name in "AB":
        house.look(600)
        house.end(name, ago=5 * MINUTE)
        assert house.look(600).announced == 1


def test_a_watch_that_is_newer_than_the_last_look_is_not_looked_for_further_back_than_it_began(house):
    house.stage.watch()
    house.look()
    house.stage.watches.remove("w1", by="U0MAYA", at=1)
    house.clock.wait(30 * 24 * 3600)
    house.end("A", ago=24 * HOUR)
    house.stage.watch(ago=60)
    house.look()
    assert house.announced() == []


def test_after_a_weekend_off_everything_that_ended_is_announced(house):
    house.stage.watch(ago=7 * 24 * 3600)
    house.look()
    house.clock.wait(60 * 3600)
    for number in range(200):
        house.end(f"r{number:03d}x", ago=number * 10 * MINUTE)
    house.poller = house.another()
    assert house.look().fresh == 200
    told = [run_id for each in house.stage.outbox.listed(limit=500) for run_id in each.run_ids]
    assert len(told) == len(set(told)) == 200


def test_one_process_looks_at_a_time(house):
    house.stage.watch()
    second = house.another()
    house.look()
    assert not second.poll().is_ours
    assert house.runs.asked.count("ended_after") == 1


def test_a_run_that_ended_otherwise_makes_its_message_due_anew(house):
    house.stage.watch()
    house.look()
    house.end("A")
    house.look()
    (message,) = house.stage.outbox.listed()
    house.runs.runs[0] = replace(house.runs.runs[0], ended_at=house.clock.ms())
    found = house.look()
    assert (found.fresh, found.changed) == (0, 1)
    assert house.stage.message(message.id).revision == message.revision + 1


def test_while_mlflow_is_away_it_is_asked_less_and_less_and_the_log_says_so_twice(house, caplog):
    house.stage.watch()
    house.look()
    house.runs.down = "MLflow could not be reached."
    with caplog.at_level(logging.INFO):
        pauses = []
        for _ in range(7):
            assert house.look(house.poller.pace.pause).problem == "MLflow could not be reached."
            pauses.append(house.poller.pace.pause)
        assert house.poller.pace.problem(90) == "MLflow could not be reached."
        house.end("A")
        house.runs.down = ""
        found = house.look(house.poller.pace.pause)
    assert pauses == [30, 60, 120, 240, 300, 300, 300]
    assert found.announced == 1
    assert house.poller.pace.pause == EVERY
    assert [record.message for record in caplog.records if record.name == "bot.backoff"] == [
        "looking: MLflow could not be reached.",
        "looking: well again",
    ]


def test_what_ended_while_mlflow_was_away_is_announced_when_it_is_back(house):
    house.stage.watch()
    house.look()
    house.runs.down = "MLflow could not be reached."
    for name in "ABC":
        house.end(name)
        house.look(300)
    house.runs.down = ""
    house.look(300)
    assert len(house.announced()) == 3


def test_a_slow_mlflow_is_asked_less_which_is_said_and_is_no_failure(house, caplog):
    house.stage.watch()
    ask = house.runs.ended_after

    def slowly(moment, **more):
        house.clock.wait(9)
        return ask(moment, **more)

    house.runs.ended_after = slowly
    assert house.look().problem == ""
    assert house.poller.pace.pause == 30
    assert "looking: MLflow is slow, the last look took 9.0 s" in caplog.text
    house.clock.wait(100)
    assert house.poller.pace.problem(90) == ""
    house.runs.ended_after = ask
    house.look(30)
    assert house.poller.pace.pause == EVERY


def test_one_who_denies_is_told_of(house):
    house.stage.watch()

    def deny(*_asked, **_more):
        raise TrackingUnavailable("MLflow does not let the bot see this (403).")

    house.runs.ended_after = deny
    house.look()
    house.clock.wait(90)
    assert "403" in house.poller.pace.problem(90)


def test_who_begins_to_watch_while_mlflow_is_asked_misses_nothing(house):
    house.stage.watch()
    house.look()
    ask = house.runs.ended_after

    def meanwhile(moment, **more):
        house.runs.ended_after = ask
        house.stage.watch(channel=STANDUP, ago=0, is_primed=False)
        house.clock.wait(2)
        house.end("A")
        return ask(moment, **more)

    house.runs.ended_after = meanwhile
    house.look()
    house.look()
    assert house.announced() == [("C0EXPERIMENTS", "A"), ("C0STANDUP", "A")]


def test_more_runs_than_one_request_takes_in_are_all_found_in_one_look(house):
    house.stage.watch()
    house.look()
    one = ended("A", house.clock.ms())
    at = [house.clock.ms() + 10 * number for number in range(12_000)]
    house.runs.runs += [replace(one, run_id=f"{number:032d}", ended_at=end) for number, end in enumerate(at)]
    house.clock.wait(24 * 3600)
    assert house.look().fresh == 12_000
    assert house.look().fresh == 0


def test_a_store_where_thousands_end_in_a_quarter_of_an_hour_is_looked_at_to_the_end_each_time(house):
    house.stage.watch()
    house.look()
    one = ended("A", 0)
    for number in range(16):
        at = house.clock.ms()
        ends = [(f"{number:02d}{each:030d}", at + each) for each in range(400)]
        house.runs.runs += [replace(one, run_id=run_id, ended_at=end) for run_id, end in ends]
        assert house.look().fresh == 400


def test_a_pattern_that_matches_nothing_yet_asks_nothing_and_begins_when_it_does(house):
    house.stage.watch("fraud-*")
    house.look()
    assert "ended_after" not in house.runs.asked
    fraud = Experiment("7", "fraud-eu")
    house.runs.more_experiments.append(fraud)
    house.end("A", experiment=fraud)
    assert house.look().announced == 1


def test_a_message_that_waits_is_in_the_outbox_with_the_watch_that_wants_it(house):
    kept = house.stage.watch()
    house.look()
    house.end("A")
    house.look()
    (message,) = house.stage.outbox.listed()
    assert (message.state, message.watch_ids, message.experiment_ids) == (MessageState.WAITING, (kept.id,), ("1",))


# Runs that are resumed, and runs that do not tell when they ended


def start(house, name, **facts):
    run = replace(ended(name, house.clock.ms()), status=Status.RUNNING, ended_at=None, **facts)
    house.runs.runs.append(run)
    return run


def change(house, name, **facts):
    house.runs.runs = [replace(run, **facts) if run.name == name else run for run in house.runs.runs]


def post(house):
    for each in house.stage.outbox.listed():
        house.stage.outbox.record_posted(each.id, PostedState(each.revision, "1.0"), house.clock.ms())


def keys(house):
    return [each.key.removeprefix("run:T0PLAYGROUND:C0EXPERIMENTS:") for each in house.stage.outbox.listed()]


@pytest.mark.parametrize("days", [0.2, 3, 20])
def test_a_run_told_as_failed_that_is_resumed_and_finishes_days_later_is_announced_again_once(house, days):
    house.stage.watch()
    house.look()
    house.end("A", status=Status.FAILED)
    house.look()
    post(house)
    change(house, "A", status=Status.RUNNING, ended_at=None, former_end=house.clock.ms())
    house.look(60)
    house.clock.wait(days * 24 * 3600)
    house.stage.outbox.prune(house.clock.ms())
    house.look()
    change(house, "A", status=Status.FINISHED, ended_at=house.clock.ms(), former_end=None)
    assert [house.look().announced for _ in range(9)] == [1, *[0] * 8]
    assert len(set(keys(house))) == 2


def test_what_waits_still_tells_of_a_run_that_ended_again_and_no_second_message_does(house):
    house.stage.watch()
    house.look()
    house.end("A", status=Status.FAILED)
    house.look()
    house.clock.wait(3 * 3600)
    change(house, "A", status=Status.FINISHED, ended_at=house.clock.ms())
    house.look()
    (message,) = house.stage.outbox.listed()
    assert message.revision == 2


def test_a_run_that_ends_without_telling_when_is_announced_once_within_a_minute(house):
    house.stage.watch()
    house.look()
    house.clock.wait(3600)
    start(house, "A")
    house.clock.wait(30)
    change(house, "A", status=Status.FAILED)
    found = [house.look().announced for _ in range(12)]
    assert sum(found) == 1
    assert 1 in found[:4]


@pytest.mark.parametrize("at", [None, 1], ids=["no time", "a time of long before"])
def test_a_run_of_days_that_was_seen_to_run_is_announced_once_whatever_time_it_tells(house, at):
    house.stage.watch()
    start(house, "A", started_at=house.clock.ms() - 99 * HOUR)
    for _ in range(6):
        house.look()
    ended_at = None if at is None else house.clock.ms() - 9 * HOUR
    change(house, "A", status=Status.FAILED, ended_at=ended_at)
    assert sum(house.look().announced for _ in range(12)) == 1


def test_what_had_ended_without_telling_when_before_the_bot_began_is_not_announced(house):
    start(house, "A", started_at=house.clock.ms() - HOUR)
    change(house, "A", status=Status.FAILED)
    house.stage.watch(ago=0)
    assert sum(house.look().announced for _ in range(12)) == 0


def test_what_ended_while_nothing_was_watched_is_not_announced_even_if_it_was_seen_to_run(house):
    kept = house.stage.watch()
    start(house, "A")
    house.look()
    house.stage.watches.pause(kept.id, by="U0MAYA", at=1)
    house.look()
    change(house, "A", status=Status.FINISHED, ended_at=house.clock.ms())
    house.look(3 * 3600)
    house.stage.watches.resume(kept.id, by="U0MAYA", at=2)
    assert sum(house.look().announced for _ in range(12)) == 0


def test_a_run_that_was_deleted_is_restored_and_ends_soon_after_is_announced(house):
    house.stage.watch()
    start(house, "A")
    house.look()
    change(house, "A", deleted=True)
    for _ in range(6):
        house.look()
    change(house, "A", deleted=False)
    for _ in range(6):
        house.look()
    change(house, "A", status=Status.FINISHED, ended_at=house.clock.ms())
    assert sum(house.look().announced for _ in range(6)) == 1


def test_a_run_that_goes_on_and_is_deleted_is_asked_for_once_more(house):
    house.stage.watch()
    start(house, "A")
    house.look()
    change(house, "A", deleted=True)
    for _ in range(12):
        house.look()
    assert house.runs.asked.count("these") == 1
