"""The bot as a process while what it needs is broken for real: every run is told of in the end, and once."""

import re
import sqlite3
import time

import pytest
from sqlalchemy import text

from bot.notifier.notifier import STANDING_BY
from bot.playground.context import Installation
from bot.playground.slack import SlackStandIn
from bot.playground.workspace import BOT_USER
from bot.store.database import open_database
from bot.store.migrate import upgrade
from bot.store.watches import StoredWatches
from tests.bot.process import BotProcess
from tests.chaos.counting import payload_of
from tests.chaos.training import Training, new_experiments
from tests.chaos.trial import HISTORY
from tests.chaos.watchers import OWNER, a_watch, invite

BEFORE = "0004"  # the database's revision of the release before
FIVE_MINUTES = 5 * 60_000
PLACES = ("old", "away", "right", "slow", "fast", "archived", "left", "taken", "ending")


class House:
    """Two bots on one file, of which the first works; an experiment and a channel for each place."""

    def __init__(self, folder, mlflow, slack):
        self.folder, self.mlflow, self.slack = folder, mlflow, slack
        self.address = f"sqlite:///{folder}/state.db"
        self.bots = []
        names = {f"{place}-{folder.name}": place for place in PLACES}
        self.experiments = {names[name]: made for name, made in new_experiments(mlflow.url, list(names)).items()}
        self.names = {place: name for name, place in names.items()}
        self.training = Training(mlflow.url, self.experiments, 1, seed=1)
        invite(slack.workspace, map(self.channel, PLACES))

    @staticmethod
    def channel(place):
        return f"C0{place.upper()}"

    def start(self):
        folder = self.folder / f"bot{len(self.bots)}"
        folder.mkdir()
        settings = {
            "SLACK_BOT_TOKEN": self.slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.installation.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "MLFLOW_TRACKING_URI": self.mlflow.url,
            "DATABASE_URL": self.address,
            "MLCOMPARE_POLL_SECONDS": "1",
        }
        self.bots.append(BotProcess(folder, settings))
        return self.bots[-1]

    def stored(self, question):
        with sqlite3.connect(self.folder / "state.db", timeout=10) as connection:
            found = connection.execute(question).fetchall()
        connection.close()
        return found

    def watch_all(self):
        engine = open_database(self.address)
        watches = StoredWatches(engine)
        for place in PLACES:
            watches.add(a_watch(f"w-{place}", self.channel(place), self.names[place]))
        engine.dispose()

    def end(self, place, *, off=0):
        self.training.off[place] = off
        return self.training.end_one(place, f"run-{place}", "FINISHED")

    def wait_for(self, *places, seconds=40):
        """The messages of these places, once each has one."""
        wanted = set(map(self.channel, places))
        self.slack.wait_until(lambda: wanted <= {message.channel for message in self.slack.messages()}, seconds)
        return [message for message in self.slack.messages() if message.channel in wanted]


@pytest.fixture(scope="module")
def house(tmp_path_factory, mlflow_server):
    with SlackStandIn(Installation(scopes=HISTORY)) as slack:
        folder = tmp_path_factory.mktemp("broken")
        made = House(folder, mlflow_server, slack)
        engine = open_database(made.address)
        upgrade(engine, BEFORE)
        with engine.begin() as connection:
            agreed = "'T0PLAYGROUND', 'C0OLD', 'goal', 'accuracy', 'lower', 'U0MAYA', 1"
            connection.execute(text(f"INSERT INTO defaults VALUES ({agreed})"))  # noqa: S608 -- our own words
        engine.dispose()
        made.start().wait_until_it_serves()
        made.bots[0].wait_until_ready()
        made.watch_all()
        made.bots[0].wait_for_log("telling channels of runs")
        made.start()
        yield made
        made.training.close()
        for bot in made.bots:
            with bot:
                print(bot.log)


def test_a_database_of_the_release_before_is_brought_up_to_date_at_the_start_and_what_was_agreed_on_holds(house):
    house.end("old")
    [message] = house.wait_for("old")
    assert house.stored("SELECT what, value FROM defaults") == [("goal", "lower")]
    assert "run-old" in message.text


def test_a_run_that_ended_while_mlflow_was_down_is_told_once_it_is_back_and_the_log_says_so_once(house):
    now = int(time.time() * 1000)
    house.training.end_one("away", "run-before", "FINISHED")
    house.wait_for("away")
    told = {"experiment_id": house.experiments["away"], "start_time": now, "run_name": "run-away"}
    run_id = house.training._tell("runs/create", told)["run"]["info"]["run_id"]
    house.mlflow.kill()
    try:
        store = house.mlflow.store_uri.removeprefix("sqlite:///")
        with sqlite3.connect(store) as connection:
            ended = (int(time.time() * 1000), run_id)
            connection.execute("UPDATE runs SET status = 'FINISHED', end_time = ? WHERE run_uuid = ?", ended)
        connection.close()
        house.bots[0].wait_for_log("looking for runs that ended: ")
    finally:
        house.mlflow.start()
    house.slack.wait_until(lambda: len(house.slack.messages("C0AWAY")) == 2, 40)
    assert "run-away" in house.slack.messages("C0AWAY")[1].text
    told = re.findall("looking for runs that ended: (.*)", house.bots[0].log)
    assert len(told) == 2
    assert told[1].startswith("well again")


def test_while_slack_is_down_nothing_is_lost_nor_when_the_clocks_of_training_machines_are_minutes_off(house):
    down = house.slack.faults.fail(None)
    house.end("right")
    house.end("slow", off=-FIVE_MINUTES)
    house.end("fast", off=FIVE_MINUTES)
    house.slack.wait_until(lambda: house.slack.count("chat.postMessage"), 20)
    tried = len(house.slack.calls)
    house.slack.wait_until(lambda: len(house.slack.calls) > tried + 1, 20)
    house.slack.faults.remove(down.id)
    messages = house.wait_for("right", "slow", "fast")
    assert sorted(message.channel for message in messages) == ["C0FAST", "C0RIGHT", "C0SLOW"]
    assert [message for message in messages if f"run-{message.channel[2:].lower()}" not in message.text] == []


def test_where_the_bot_may_not_speak_any_more_the_watch_is_paused_and_its_owner_is_told_once(house):
    house.slack.archive("C0ARCHIVED")
    house.slack.leave("C0LEFT")
    house.end("archived")
    house.end("left")
    house.slack.wait_until(lambda: len(house.slack.messages("D0MAYA")) == 2, 20)
    told = sorted(re.search(r"<#(\w+)>", message.text)[1] for message in house.slack.messages("D0MAYA"))
    assert told == ["C0ARCHIVED", "C0LEFT"]
    paused = house.stored("SELECT id FROM watches WHERE paused_at > 0 ORDER BY id")
    assert paused == [("w-archived",), ("w-left",)]
    assert not house.slack.messages("C0ARCHIVED") + house.slack.messages("C0LEFT")


def test_of_two_bots_on_one_file_the_second_stands_by_and_takes_over_what_the_killed_one_was_at(house):
    first, second = house.bots
    second.wait_for_log(STANDING_BY)
    house.slack.faults.answer_late(5, method="chat.postMessage")
    run = house.end("taken")
    house.wait_for("taken")
    looked = house.slack.count("conversations.history")
    first.process.kill()
    first.wait(10)
    second.wait_for_log("telling channels of runs that end")
    house.slack.wait_until(lambda: house.slack.count("conversations.history") > looked, 30)
    [message] = house.wait_for("taken")
    assert payload_of(message)["runs"][-1:] == [run.run_id]


def test_asked_to_end_in_the_middle_of_a_delivery_the_bot_finishes_it(house):
    second = house.bots[-1]
    house.slack.faults.answer_late(2, method="chat.postMessage")
    house.end("ending")
    house.wait_for("ending")
    second.terminate()
    assert second.wait(20) == 0
    assert house.stored("SELECT channel FROM messages WHERE state = 'waiting'") == []
    everywhere = [message.channel for message in house.slack.messages() if message.user == BOT_USER]
    assert everywhere.count("C0ENDING") == everywhere.count("C0TAKEN") == 1
    assert everywhere.count(house.slack.workspace.direct(OWNER).id) == 2
