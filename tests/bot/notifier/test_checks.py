"""What was announced follows what becomes of its runs: for a day, and with few requests."""

from dataclasses import replace

import pytest

from bot.notifier.checks import PostedRunChecks, SilentRunChecks
from bot.notifier.outbox import PostedState, RunEnd, id_of
from bot.playground.slack import EXPERIMENTS
from bot.playground.workspace import TEAM
from comparison.notifications.message import MessageKind, WantedMessage
from comparison.notifications.new_runs import fingerprint_of
from comparison.runs import Metric, Run, Status
from comparison.tracking.source import ModelVersion
from tests.bot.notifier.stage import HOUR, IRIS, MINUTE, Stage, ended


class House:
    """Messages that stand, and runs that change."""

    def __init__(self):
        self.stage = Stage()
        self.runs = self.stage.runs
        self.runs.more_experiments.append(IRIS)
        self.clock = self.stage.clock
        self.outbox = self.stage.outbox
        self.rechecker = PostedRunChecks(self.outbox, self.runs, self.clock.ms)
        self.silence = SilentRunChecks(self.outbox, self.stage.subscriptions, self.runs, self.clock.ms)

    def stand(self, name, kind=MessageKind.RUN, key="", is_final=False):
        """A run that ended and the message that tells of it; its id."""
        run = ended(name, self.clock.ms())
        self.runs.runs.append(run)
        cursor = self.outbox.cursor(self.clock.ms())
        key = key or f"{kind.value}:{TEAM}:{EXPERIMENTS}:{run.run_id}"
        news = WantedMessage(key, kind, TEAM, EXPERIMENTS, (run.run_id,), ("w1",), ("1",))
        end = RunEnd(run.status.value, run.ended_at, fingerprint_of(run))
        self.outbox.record(cursor, self.clock.ms(), {run.run_id: end}, [news], self.clock.ms())
        return self.post(id_of(key), is_final=is_final)

    def post(self, message_id, *, is_final=False):
        row = self.outbox.get(message_id)
        stands = PostedState(row.revision, "1.0", is_final=is_final)
        self.outbox.record_posted(message_id, stands, self.clock.ms())
        return message_id

    def change(self, name, /, **facts):
        self.runs.runs = [replace(run, **facts) if run.name == name else run for run in self.runs.runs]

    def due(self):
        return [each.id for each in self.outbox.due(self.clock.ms())]

    def run(self, name, heard, begun=0, **facts):
        """A run that still runs and logged last at `heard` (ms)."""
        facts.setdefault("metrics", {"loss": Metric(1.0, 10, heard)} if heard else {})
        run = Run(f"{name:0<32}", name, IRIS, Status.RUNNING, started_at=begun or heard - MINUTE, **facts)
        self.runs.runs = [each for each in self.runs.runs if each.name != name] + [run]

    def announced(self, kind):
        found = [each for each in self.outbox.listed() if each.kind is kind]
        for each in found:
            if not each.ts:
                self.post(each.id)
        return [each.run_ids[0].strip("0") for each in found]


@pytest.fixture
def house():
    return House()


def test_nothing_posted_asks_nothing(house):
    assert (house.rechecker.check(), house.rechecker.end()) == (0, 0)
    assert house.runs.asked == []


def test_a_run_that_stays_as_it_was_leaves_its_message_alone(house):
    house.stand("A")
    assert house.rechecker.check() == 0
    assert house.due() == []


@pytest.mark.parametrize(
    "news",
    [
        {"metrics": {"accuracy": Metric(0.9)}},
        {"tags": {"stage": "candidate"}},
        {"status": Status.RUNNING},
        {"name": "A, the good one"},
        {"parameters": {"lr": "0.1"}},
    ],
)
def test_what_changes_in_a_run_makes_its_message_due_once(house, news):
    a = house.stand("A")
    house.stand("B")
    house.change("A", **news)
    assert house.rechecker.check() == 1
    assert house.due() == [a]
    house.post(a)
    assert house.rechecker.check() == 0


def test_a_model_that_is_registered_later_makes_its_message_due(house):
    a = house.stand("A")
    house.runs.models.append((ModelVersion("fraud", "3", "A".ljust(32, "0")), ()))
    assert house.rechecker.check() == 1
    assert house.due() == [a]


def test_young_messages_are_looked_at_each_time_and_older_ones_every_ten_minutes(house):
    house.stand("A")
    house.rechecker.check()
    house.clock.wait(20 * 60)
    house.rechecker.check()
    asked = [house.runs.asked.count("these")]
    for _ in range(11):
        house.clock.wait(60)
        house.rechecker.check()
        asked.append(house.runs.asked.count("these"))
    assert asked == [2] * 10 + [3] * 2


def test_after_a_day_a_message_stays_as_it_is(house):
    house.stand("A")
    house.clock.wait(25 * 3600)
    house.change("A", tags={"late": "yes"})
    assert house.rechecker.check() == 0
    assert house.runs.asked == []


def test_many_runs_are_asked_for_in_few_requests(house):
    for number in range(500):
        house.stand(f"r{number:03d}x")
    house.rechecker.check()
    assert house.runs.asked == ["these", "versions_of"] * 2


def test_a_burst_without_a_further_run_for_ten_minutes_is_over(house):
    burst = house.stand("A", MessageKind.BURST)
    house.clock.wait(9 * 60)
    assert house.rechecker.end() == 0
    house.clock.wait(2 * 60)
    assert house.rechecker.end() == 1
    assert house.outbox.get(burst).is_final
    assert house.due() == [burst]


def test_a_sweep_is_over_when_its_parent_has_ended(house):
    house.runs.runs.append(Run("p" * 32, "parent", IRIS, Status.RUNNING, started_at=1))
    sweep = house.stand("A", MessageKind.SWEEP, key=f"sweep:{TEAM}:{EXPERIMENTS}:{'p' * 32}")
    house.clock.wait(HOUR / 1000)
    assert house.rechecker.end() == 0
    house.change("parent", status=Status.FINISHED, ended_at=house.clock.ms())
    assert house.rechecker.end() == 1
    assert house.outbox.get(sweep).is_final
    assert house.rechecker.end() == 0


def test_a_sweep_whose_parent_never_ends_is_over_after_a_day(house):
    house.runs.runs.append(Run("p" * 32, "parent", IRIS, Status.RUNNING, started_at=1))
    house.stand("A", MessageKind.SWEEP, key=f"sweep:{TEAM}:{EXPERIMENTS}:{'p' * 32}")
    house.clock.wait(25 * 3600)
    assert house.rechecker.end() == 1


def test_a_run_that_falls_silent_is_reported_once(house):
    house.stage.watch()
    house.run("A", house.clock.ms())
    assert house.silence.check() == 0
    house.clock.wait(2 * 3600)
    assert [house.silence.check() for _ in range(3)] == [1, 0, 0]
    assert house.announced(MessageKind.DEAD) == ["A"]


def test_one_request_tells_what_is_silent(house):
    house.stage.watch()
    house.run("A", house.clock.ms())
    house.silence.check()
    assert house.runs.asked == ["experiments", "running"]


def test_a_run_that_logs_again_is_reported_as_back_once(house):
    house.stage.watch()
    house.run("A", house.clock.ms())
    house.clock.wait(2 * 3600)
    house.silence.check()
    assert house.announced(MessageKind.DEAD) == ["A"]
    house.run("A", house.clock.ms(), begun=house.clock.ms() - 3 * HOUR)
    assert [house.silence.check() for _ in range(3)] == [1, 0, 0]
    assert house.announced(MessageKind.BACK) == ["A"]
    house.clock.wait(4 * 3600)
    assert house.silence.check() == 1
    assert house.announced(MessageKind.DEAD) == ["A", "A"]


def test_the_end_of_a_run_that_seemed_dead_is_told_as_an_end_and_not_again_as_being_back(house):
    house.stage.watch()
    house.run("A", house.clock.ms())
    house.clock.wait(2 * 3600)
    house.silence.check()
    house.announced(MessageKind.DEAD)
    house.change("A", status=Status.FINISHED, ended_at=house.clock.ms())
    assert house.silence.check() == 0


def test_where_only_failures_are_told_of_a_good_end_says_that_it_was_not_dead(house):
    house.stage.watch("iris only failures")
    house.run("A", house.clock.ms())
    house.clock.wait(2 * 3600)
    house.silence.check()
    assert house.announced(MessageKind.DEAD) == ["A"]
    house.change("A", status=Status.FINISHED, ended_at=house.clock.ms())
    assert [house.silence.check(), house.silence.check()] == [1, 0]
    assert house.announced(MessageKind.BACK) == ["A"]


def test_what_was_silent_already_when_a_watch_began_is_not_reported(house):
    house.run("A", house.clock.ms() - 5 * HOUR)
    house.stage.watch(ago=60)
    assert house.silence.check() == 0
    house.clock.wait(24 * 3600)
    assert house.silence.check() == 0


def test_a_run_with_a_slow_beat_that_dies_after_a_watch_began_is_reported(house):
    begun = house.clock.ms() - 20 * HOUR
    house.run(
        "A", house.clock.ms() - 2 * HOUR, begun=begun, metrics={"loss": Metric(1, 18, house.clock.ms() - 2 * HOUR)}
    )
    house.stage.watch(ago=60)
    assert house.silence.check() == 0
    house.clock.wait(12 * 3600)
    assert house.silence.check() == 1


def test_a_silence_of_more_than_a_week_is_no_news(house):
    house.stage.watch(ago=30 * 24 * 3600)
    house.run("A", house.clock.ms() - 8 * 24 * HOUR)
    assert house.silence.check() == 0


def test_a_run_that_logs_all_at_its_end_is_given_three_times_as_long_as_the_others_took(house):
    house.stage.watch()
    at = house.clock.ms()
    house.runs.runs.append(replace(ended("before", at - HOUR), started_at=at - 6 * HOUR))
    house.run("A", 0, begun=at)
    house.clock.wait(10 * 3600)
    assert house.silence.check() == 0
    house.clock.wait(6 * 3600)
    assert house.silence.check() == 1


@pytest.mark.parametrize("words", ["iris only better", "iris when loss < 0.2", "iris by somebody", "fraud"])
def test_watches_that_ask_for_something_else_hear_nothing_of_dead_runs(house, words):
    house.stage.watch(words)
    house.run("A", house.clock.ms())
    house.clock.wait(2 * 3600)
    assert house.silence.check() == 0
