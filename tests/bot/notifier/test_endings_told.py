"""What a channel reads of runs that were resumed, ended without a time or were pruned: a real store, and the stand-in."""

import logging
from dataclasses import dataclass

import pytest
from mlflow import MlflowClient

from bot.backoff import PollBackoff
from bot.notifier.checks import PostedRunChecks, SilentRunChecks
from bot.notifier.poller import Poller
from bot.playground.slack import EXPERIMENTS
from comparison.notifications.message import MessageKind
from comparison.tracking.mlflow import MlflowSource
from handlers.watch.notification import notification_reply
from tests.bot.notifier.stage import HOUR, Clock, Stage, clear, slack_at
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

DAY = 24 * HOUR


@dataclass
class House:
    """A stage around a real store, with a clock of its own: what is logged is logged at its time."""

    client: MlflowClient
    stage: Stage
    clock: Clock
    slack: object

    def __post_init__(self):
        stage = self.stage
        self.experiment = new_experiment(self.client)
        self.name = self.client.get_experiment(self.experiment).name
        stage.deliverer = stage.deliverer_on(self.slack.api_url, notification_reply)
        pace = PollBackoff("looking", 15, self.clock.seconds, lambda: 0.5)
        runs = stage.runs
        self.poller = Poller(
            stage.outbox, stage.subscriptions, runs, pace, self.clock.ms, self.clock.seconds, handful=5
        )
        self.rechecker = PostedRunChecks(stage.outbox, runs, self.clock.ms)
        self.silence = SilentRunChecks(stage.outbox, stage.subscriptions, runs, self.clock.ms)

    def start(self, name, **facts):
        return log_run(self.client, self.experiment, name, status="RUNNING", started=self.clock.ms(), **facts)

    def log(self, run_id, name, value, step=0):
        self.client.log_metric(run_id, name, value, timestamp=self.clock.ms(), step=step)

    def end(self, run_id, status="FINISHED"):
        self.client.set_terminated(run_id, status, end_time=self.clock.ms())

    def resume(self, run_id):
        """As `mlflow.start_run(run_id=...)` does it: the old end stays."""
        self.client.update_run(run_id, status="RUNNING")

    def look(self, looks=5):
        for _ in range(looks):
            self.clock.wait(15)
            self.poller.poll()
        self.rechecker.check()
        self.stage.work_on_all()

    def read(self):
        return [message.text for message in self.slack.messages(EXPERIMENTS)]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return new_store(tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def slack(clock):
    with slack_at(clock) as stand_in:
        yield stand_in


@pytest.fixture
def house(uri, clock, slack):
    clear(slack)
    clock.wait(7 * DAY / 1000)
    return House(MlflowClient(uri), Stage(MlflowSource(uri), slack, clock), clock, slack)


def test_a_run_told_as_failed_that_is_resumed_after_three_days_and_finishes_as_the_best_is_told_as_such(house):
    before = house.start("before")
    house.log(before, "accuracy", 0.8)
    house.end(before)
    house.clock.wait(HOUR / 1000)
    house.stage.watch(f"{house.name} broadcast new best", ago=0)
    house.look()
    phoenix = house.start("phoenix")
    house.log(phoenix, "accuracy", 0.5, step=9)
    house.clock.wait(600)
    house.end(phoenix, "FAILED")
    house.look()
    assert [text.splitlines()[0] for text in house.read()] == [
        f"💥 phoenix in {house.name} failed at step 9 (accuracy 0.5; ran 10 min, usual 0 s)."
    ]
    house.clock.wait(3 * DAY / 1000)
    house.resume(phoenix)
    house.look()
    house.clock.wait(HOUR / 1000)
    house.log(phoenix, "accuracy", 0.95, step=20)
    house.end(phoenix)
    house.look(12)
    first, second = house.read()
    assert first.startswith(f"💥 phoenix in {house.name} failed")
    assert second.startswith(f"🏆 New best in {house.name}: phoenix, accuracy 0.95 (+0.15 over before)")


def test_a_run_that_fails_and_finishes_within_the_hour_is_one_message_that_is_edited(house):
    house.stage.watch(house.name)
    house.look()
    run_id = house.start("quick")
    house.end(run_id, "FAILED")
    house.look()
    house.resume(run_id)
    house.look()
    assert [text.splitlines()[0] for text in house.read()] == [f"quick in {house.name} is running again."]
    house.log(run_id, "accuracy", 0.7)
    house.end(run_id)
    house.look()
    (only,) = house.read()
    assert only.startswith(f"🏆 First accuracy in {house.name}: quick, 0.7")


@pytest.mark.parametrize("status", ["FAILED", "KILLED", "FINISHED"])
def test_a_run_that_ends_without_a_time_is_told_once(house, status):
    house.stage.watch(house.name)
    house.look()
    run_id = house.start("abrupt")
    house.log(run_id, "accuracy", 0.7)
    house.clock.wait(DAY / 1000)
    house.look()
    house.client.update_run(run_id, status=status)
    house.look(12)
    (only,) = house.read()
    assert "abrupt" in only


def test_a_run_whose_end_was_logged_in_seconds_is_told_once_and_takes_no_years(house):
    house.stage.watch(house.name)
    house.look()
    run_id = house.start("hasty")
    house.look()
    house.client.set_terminated(run_id, "FAILED", end_time=house.clock.ms() // 1000)
    house.look(12)
    (only,) = house.read()
    assert only.startswith(f"💥 hasty in {house.name} failed before it logged a metric")


def test_pruned_trials_are_counted_apart_in_their_sweep_and_are_no_failures(house):
    house.stage.watch(house.name)
    house.look()
    parent = house.start("study", tags={"optuna.study_direction": "MAXIMIZE"})
    tags = {"mlflow.parentRunId": parent, "param_directions": "{}"}
    for number, status in enumerate(["KILLED", "KILLED", "FAILED", "FINISHED"]):
        trial = house.start(f"trial-{number}", tags=tags)
        house.log(trial, "accuracy", number / 10)
        house.end(trial, status)
    house.look()
    (only,) = house.read()
    assert only.startswith("Sweep study: 4 of 4 ended, 1 failed, 2 pruned")


def test_who_watches_failures_hears_nothing_of_a_pruned_trial(house):
    house.stage.watch(f"{house.name} only failures")
    house.look()
    for name, tags in (("pruned", {"pruned": "true"}), ("failed", {})):
        run_id = house.start(name, tags=tags)
        house.end(run_id, "FAILED")
    house.look()
    (only,) = house.read()
    assert only.startswith(f"💥 failed in {house.name} failed before it logged a metric")


def test_a_pruned_trial_of_its_own_is_told_without_alarm(house):
    house.stage.watch(house.name)
    house.look()
    run_id = house.start("early", tags={"state": "PRUNED", "number": "3"})
    house.log(run_id, "accuracy", 0.7)
    house.end(run_id)
    house.look()
    (only,) = house.read()
    assert only.startswith(f"early in {house.name} was pruned: its search gave it up early")


def test_a_run_whose_steps_began_again_is_not_reported_as_dead_while_it_logs_and_is_when_it_stops(house):
    house.stage.watch(house.name)
    run_id = house.start("again")
    for step in range(20):
        house.log(run_id, "loss", 1 - step / 100, step)
        house.clock.wait(60)
    house.clock.wait(10 * 3600)
    for step in range(3):  # it was killed, and started again by the same id
        house.log(run_id, "loss", 1 - step / 100, step)
        house.clock.wait(60)
    assert house.silence.check() == 0
    house.clock.wait(20 * 3600)
    assert house.silence.check() == 1
    house.stage.work_on_all()
    (only,) = house.read()
    assert only.startswith(f"again in {house.name} seems dead: RUNNING, but silent for 20 h")
    assert [each.kind for each in house.stage.outbox.listed()] == [MessageKind.DEAD]
