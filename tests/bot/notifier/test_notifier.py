"""The notifier as a whole: when it works, when it stands by, and what the process beside it does."""

import sqlite3
import threading
import time

import pytest
from click.testing import CliRunner
from slack_sdk import WebClient

from bot.cli import main
from bot.notifier.notifier import STANDING_BY, Notifier, NotifierStores
from bot.notifier.process_locks import open_process_locks
from bot.playground.slack import EXPERIMENTS, SlackStandIn
from bot.playground.workspace import TEAM
from bot.settings import SOURCES, Settings, survey
from bot.store.database import open_database
from bot.store.watches import StoredWatches
from handlers.stores import StoredWatch
from tests.bot.notifier.stage import IRIS, Clock, Stage, ended
from tests.bot.process import BotProcess
from tests.endings import running

SOON = 10.0


class Hand:
    """An engine that delivers in the thread that hands over; what is to wait is handed over again."""

    def __init__(self, deliver):
        self._deliver = deliver
        self.problem = ""
        self.is_open = False
        self.adopted = 0

    def start(self):
        self.is_open = True

    def hand_over(self, dues):
        for due in dues:
            self._deliver(due.id, due.revision)

    def adopt(self, _slots):
        self.adopted += 1
        return 0

    def prune(self, _before):
        return 0

    def stop(self, _seconds):
        self.is_open = False


class RealTime(Clock):
    """Real seconds, so that threads that wait and the stand-in agree."""

    def __init__(self):
        """It needs no moment to begin at."""

    @property
    def at(self):
        return time.time()

    def wait(self, seconds):
        time.sleep(seconds)


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def house(slack, tmp_path):
    return House(slack, tmp_path)


class House:
    def __init__(self, slack, folder):
        self.slack = slack
        self.url = f"sqlite:///{folder}/mlcompare.db"
        self.stage = Stage(clock=RealTime())
        self.stage.runs.more_experiments.append(IRIS)
        self.hands = []
        settings = Settings(database_url=self.url, poll_seconds=1)
        client = WebClient(token=slack.installation.bot_token, base_url=slack.api_url, timeout=5)
        services = self.stage.services
        stores = NotifierStores(self.stage.outbox, self.stage.turns)
        self.notifier = Notifier(settings, services, stores, client, new_queue=self._hand, guard=0.02)

    def _hand(self, _slot):
        self.hands.append(Hand(self.notifier._parts.deliverer.deliver))
        return self.hands[-1]

    def __enter__(self):
        self.notifier.start()
        return self

    def __exit__(self, *_error):
        self.notifier.stop(5)

    def end(self, name):
        self.stage.runs.runs.append(ended(name, round(time.time() * 1000)))


def until(holds, seconds=SOON):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("It did not come to that.")


def test_until_somebody_watches_something_nothing_is_begun(house):
    with house:
        time.sleep(0.2)
        assert (house.hands, house.notifier.problem, house.stage.runs.asked) == ([], "", [])
        house.stage.watch()
        until(lambda: house.hands and house.hands[0].is_open)


def test_a_run_that_ends_is_told_of_in_its_channel_once(house, slack):
    house.stage.watch()
    with house:
        until(lambda: "ended_after" in house.stage.runs.asked)
        house.end("A")
        message = slack.wait_for_message(channel=EXPERIMENTS)
        time.sleep(1.2)
    assert "A" in message.text
    assert len(slack.messages()) == 1


def test_it_stops_when_told_and_begins_nothing_after_that(house):
    house.stage.watch()
    with house:
        until(lambda: house.hands and house.hands[0].is_open)
        began = time.monotonic()
        house.notifier.stop(60)
        assert time.monotonic() - began < 30
        assert not house.hands[0].is_open
        names = {thread.name for thread in threading.enumerate()}
    assert not names & {"notifier", "handing on", "looking for runs that ended"}


def test_a_process_that_finds_the_file_in_use_stands_by_and_takes_over(house, caplog):
    other = open_process_locks(house.url)
    assert other.take() == 0
    house.stage.watch()
    with house:
        until(lambda: house.notifier.is_standby)
        time.sleep(0.1)
        assert house.notifier.problem == STANDING_BY
        assert house.hands == []
        other.release()
        until(lambda: house.hands)
        assert not house.notifier.is_standby
    assert caplog.text.count(STANDING_BY) == 1


def test_a_slot_that_is_lost_stops_the_work_at_once_and_another_is_taken(house, tmp_path):
    house.stage.watch()
    with house:
        until(lambda: house.hands)
        (lock,) = tmp_path.glob("*.lock")
        lock.unlink()
        until(lambda: len(house.hands) == 2)
        assert not house.hands[0].is_open
        assert house.hands[1].is_open


def test_a_database_that_is_away_is_told_of_and_waited_for(house, caplog):
    def fail():
        raise OSError("the database is gone")

    every, house.stage.watches.every = house.stage.watches.every, fail
    with house:
        until(lambda: house.notifier.problem)
        house.stage.watches.every = every
        house.stage.watch()
        until(lambda: house.hands and house.hands[0].is_open)
        until(lambda: not house.notifier.problem)
    assert "it fails and is tried again" in caplog.text
    assert "well again" in caplog.text


def test_a_dead_token_is_told_as_the_reason(house, slack):
    slack.faults.answer_error("token_revoked", None)
    house.stage.watch()
    with house:
        until(lambda: "ended_after" in house.stage.runs.asked)
        house.end("A")
        until(lambda: "token was revoked" in house.notifier.problem)


def test_notify_needs_only_what_it_uses_and_names_every_gap(monkeypatch):
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    ran = CliRunner().invoke(main, ["notify"])
    assert ran.exit_code == 1
    assert "SLACK_BOT_TOKEN is not set" in ran.output
    assert "MLFLOW_TRACKING_URI is not set" in ran.output
    assert "SIGNING" not in ran.output


@pytest.mark.parametrize(("said", "notifies"), [("", True), ("on", True), ("OFF", False)])
def test_serve_tells_channels_of_runs_unless_it_is_told_not_to(monkeypatch, said, notifies):
    monkeypatch.setenv("MLCOMPARE_NOTIFIER", said)
    assert Settings().notifies is notifies


@pytest.mark.parametrize(
    ("name", "value"),
    [("MLCOMPARE_NOTIFIER", "maybe"), ("MLCOMPARE_POLL_SECONDS", "0"), ("MLCOMPARE_COLLAPSE_AFTER", "0")],
)
def test_a_setting_of_it_that_cannot_be_is_told_with_what_can(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    (problem,) = survey()[1]
    assert (problem.name, problem.remedy) == (name, SOURCES[name])


def keep(path, words, past):
    """A watch, as a conversation would have left it."""
    engine = open_database(f"sqlite:///{path}")
    kept = StoredWatch("w1", TEAM, EXPERIMENTS, words, "U0MAYA", time.time(), past=(past,), is_primed=True)
    StoredWatches(engine).add(kept)
    engine.dispose()


def log_run(tracking, experiment, name, accuracy):
    from mlflow import MlflowClient

    client = MlflowClient(tracking)
    found = client.get_experiment_by_name(experiment)
    place = found.experiment_id if found else client.create_experiment(experiment)
    run = client.create_run(place, run_name=name)
    client.log_metric(run.info.run_id, "accuracy", accuracy)
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def told_of(slack, run_id):
    payloads = [message.metadata.get("event_payload", {}) for message in slack.messages(EXPERIMENTS)]
    return [payload for payload in payloads if payload.get("runs", ())[-1:] == [run_id]]


def test_runs_of_a_real_server_are_told_of_once_by_two_processes_on_one_file(slack, mlflow_server, tmp_path):
    settings = {
        "SLACK_BOT_TOKEN": slack.installation.bot_token,
        "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "MLFLOW_TRACKING_URI": mlflow_server.url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/mlcompare.db",
        "MLCOMPARE_POLL_SECONDS": "1",
    }
    first = log_run(mlflow_server.url, "notified", "first", 0.8)
    for name in ("serve", "notify"):
        (tmp_path / name).mkdir()
    with BotProcess(tmp_path / "serve", settings) as serve:
        serve.wait_until_it_serves()
        keep(tmp_path / "mlcompare.db", "notified", first)
        serve.wait_for_log("telling channels of runs that end")
        with BotProcess(tmp_path / "notify", settings, command="notify") as notify:
            notify.wait_for_log("stands by")
            second = log_run(mlflow_server.url, "notified", "second", 0.9)
            slack.wait_until(lambda: told_of(slack, second), 30)
            assert serve.ready()[1]["notifier"] == "ok"
            serve.terminate()
            assert serve.wait() == 0
            third = log_run(mlflow_server.url, "notified", "third", 0.95)
            slack.wait_until(lambda: told_of(slack, third), 30)
            notify.terminate()
            assert notify.wait() == 0
    assert [len(told_of(slack, run_id)) for run_id in (first, second, third)] == [0, 1, 1]
    for process in (serve, notify):
        assert "Traceback" not in process.log
        assert slack.installation.bot_token not in process.log
    rows = sqlite3.connect(tmp_path / "mlcompare.db")
    assert rows.execute("SELECT state, count(*) FROM messages GROUP BY state").fetchall() == [("posted", 2)]
    rows.close()
