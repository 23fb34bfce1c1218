"""A watched experiment that is renamed, deleted or restored: the watch goes with it, and the channel is told once."""

import logging
from dataclasses import replace

import pytest
from mlflow import MlflowClient

from bot.backoff import PollBackoff
from bot.notifier.poller import Poller
from bot.notifier.subscriptions import YOUNG, WatchedExperiments
from bot.playground.slack import EXPERIMENTS, STANDUP
from comparison.notifications.message import MessageKind
from comparison.runs import Experiment
from comparison.tracking.mlflow import MlflowSource
from handlers.watch.stored_watch import watch_of
from tests.bot.notifier.stage import IRIS, MINUTE, Stage, ended
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store


class House:
    """A stage on which is looked every 15 s."""

    def __init__(self, runs=None):
        self.stage = Stage(runs)
        self.runs = self.stage.runs
        self.clock = self.stage.clock
        stage = self.stage
        follow = WatchedExperiments(stage.watches, stage.outbox, stage.subscriptions, self.runs, self.clock.ms)
        pace = PollBackoff("looking", 15, self.clock.seconds, lambda: 0.5)
        self.poller = Poller(
            stage.outbox,
            stage.subscriptions,
            self.runs,
            pace,
            self.clock.ms,
            self.clock.seconds,
            watched_experiments=follow,
        )

    def look(self, seconds=15):
        self.clock.wait(seconds)
        return self.poller.poll()

    def rename(self, name):
        self.runs.more_experiments = [Experiment("1", name)]
        self.runs.runs = [replace(run, experiment=Experiment("1", name)) for run in self.runs.runs]

    def kept(self, number=0):
        return self.stage.watches.every()[number]

    def notices(self):
        return [(each.channel, each.about) for each in self.stage.outbox.listed() if each.kind is MessageKind.NOTICE]

    def told(self):
        return [each.run_ids[0].strip("0") for each in self.stage.outbox.listed() if each.kind is MessageKind.RUN]


@pytest.fixture
def house():
    found = House()
    found.runs.more_experiments.append(IRIS)
    return found


def test_a_watch_knows_the_id_of_its_experiment_after_a_look(house):
    house.stage.watch()
    house.stage.watch("ir*")
    house.look()
    assert [each.experiment_id for each in house.stage.watches.every()] == ["1", ""]


def test_a_renamed_experiment_is_watched_on_and_the_watch_says_its_new_name(house):
    house.stage.watch("iris only failures")
    house.look()
    house.rename("iris, the second")
    house.look()
    assert watch_of(house.kept()).place == "iris, the second"
    assert house.stage.watches.changes(house.kept().workspace, EXPERIMENTS)[0].by == ""
    house.runs.runs.append(ended("A", house.clock.ms(), experiment=Experiment("1", "iris, the second")))
    assert house.look().fresh == 1
    assert house.notices() == []


def test_a_run_of_a_renamed_experiment_is_told_by_whatever_name_it_comes(house):
    house.stage.watch()
    house.look()
    house.rename("iris-2")
    house.runs.runs.append(ended("A", house.clock.ms(), experiment=IRIS))
    house.look()
    assert house.told() == ["A"]


def test_an_experiment_that_takes_the_old_name_is_not_watched(house):
    house.stage.watch()
    house.look()
    house.runs.more_experiments = [Experiment("1", "iris-old"), Experiment("2", "iris")]
    house.look()
    house.runs.runs.append(ended("B", house.clock.ms(), experiment=Experiment("2", "iris")))
    house.look()
    assert house.told() == []
    assert watch_of(house.kept()).place == "iris-old"


def test_that_an_experiment_was_deleted_is_told_once_in_each_channel(house):
    house.stage.watch()
    house.stage.watch("iris only failures")
    house.stage.watch(channel=STANDUP)
    house.look()
    house.runs.deleted["1"] = IRIS
    for _ in range(5):
        house.look()
    words = "The experiment iris was deleted in MLflow, so I have nothing to tell of it any more."
    assert sorted(channel for channel, about in house.notices() if about.startswith(words)) == [EXPERIMENTS, STANDUP]
    assert all(each.gone_at for each in house.stage.watches.every())


def test_a_process_that_ended_before_it_had_kept_that_it_told_tells_nothing_twice(house):
    house.stage.watch()
    house.look()
    house.runs.deleted["1"] = IRIS
    house.look()
    house.stage.watches.tie(house.kept().id, "1")
    house.look(600)
    assert len(house.notices()) == 1


def test_an_experiment_that_is_restored_is_watched_on_and_deleted_again_it_is_told_again(house):
    house.stage.watch()
    house.look()
    house.runs.deleted["1"] = IRIS
    house.look()
    house.runs.deleted.clear()
    house.look()
    assert house.kept().gone_at == 0
    house.runs.runs.append(ended("A", house.clock.ms()))
    house.look()
    assert house.told() == ["A"]
    house.runs.deleted["1"] = IRIS
    house.runs.deleted_at = 2
    house.look()
    assert len(house.notices()) == 2


def test_one_that_was_removed_for_good_is_told_and_a_new_one_of_its_name_is_watched_from_then_on(house):
    house.stage.watch()
    house.look()
    house.runs.more_experiments.clear()
    house.look()
    assert len(house.notices()) == 1
    house.runs.more_experiments.append(Experiment("9", "iris"))
    house.look()
    assert (house.kept().experiment_id, house.kept().gone_at) == ("9", 0)


def test_an_experiment_that_is_not_listed_yet_is_not_gone(house):
    house.stage.watches.add(replace(house.stage.watch(), id="w2", words="new", experiment_id="7"))
    house.runs.runs.append(ended("A", 5, experiment=Experiment("7", "new")))
    real, house.runs.experiments = house.runs.experiments, lambda: (IRIS,)
    house.look()
    house.runs.experiments = real
    house.look()
    assert house.notices() == []


def test_a_watch_of_something_that_was_never_there_is_told_after_some_minutes(house):
    house.stage.watch("irsi", ago=0, is_primed=False)
    house.look()
    assert house.notices() == []
    house.look(YOUNG)
    assert "The experiment irsi is not there in MLflow" in house.notices()[0][1]


def test_that_it_is_gone_waits_until_the_quiet_hours_are_over(house):
    house.stage.watch("iris quiet 11:00-14:00")
    house.look()
    house.runs.deleted["1"] = IRIS
    house.look()
    (notice,) = house.stage.outbox.listed()
    assert notice.not_before - house.clock.ms() > 100 * MINUTE


def test_an_experiment_that_may_not_be_seen_is_not_said_to_be_deleted(house):
    house.stage.watch()
    house.look()
    house.runs.more_experiments.clear()
    tell = house.runs.state_of

    def deny(experiment_id):
        house.runs.down = "MLflow does not let the bot see this (403)."
        try:
            return tell(experiment_id)
        finally:
            house.runs.down = ""

    house.runs.state_of = deny
    assert house.look().is_ours
    assert (house.notices(), house.kept().gone_at) == ([], 0)


def test_a_real_store_whose_experiment_is_renamed_deleted_and_restored(tmp_path):
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    uri = new_store(tmp_path)
    client = MlflowClient(uri)
    experiment = new_experiment(client, "fraud")
    seconds = [0.0]
    house = House(MlflowSource(uri, clock=lambda: seconds[0]))

    def look():
        for _ in range(2):  # what is listed is renewed behind the asker's back
            seconds[0] += 100
            house.runs._catalogue.renewed()
            house.look(100)

    house.stage.watch("fraud only failures")
    look()
    client.rename_experiment(experiment, "fraud, the second")
    look()
    assert house.kept().words == '"fraud, the second" only failures'
    client.delete_experiment(experiment)
    look()
    assert len(house.notices()) == 1
    client.restore_experiment(experiment)
    look()
    assert house.kept().gone_at == 0
    run_id = log_run(client, experiment, "late", status="RUNNING")
    client.set_terminated(run_id, "FAILED", end_time=house.clock.ms())
    look()
    assert [each.run_ids for each in house.stage.outbox.listed() if each.kind is MessageKind.RUN] == [(run_id,)]
