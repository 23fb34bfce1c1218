"""What was acknowledged is answered, once, whenever and however the process that heard it is killed."""

import json
import logging
import os
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.playground.slack import STANDUP, SlackStandIn
from bot.server.takeover import has_ended, new_owner, resume
from bot.settings import database_address
from bot.store.claims import StoredClaims
from bot.store.database import claims, inbox, open_database, processes
from bot.store.inbox import StoredInbox
from bot.store.migrate import upgrade
from handlers.stores import AnswerStage, LeftRequest, Storing
from handlers.utterance import Utterance
from tests.bot.process import BotProcess, SlowMlflow
from tests.endings import running
from tests.fakes.runs import FakeRuns
from tests.handlers.compare.test_dialog import chosen
from tests.handlers.compare.test_dialog import opened as dialog
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.workshop import NOW, Workshop
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

A, B = "a" * 32, "b" * 32
WORDS = f"{A} vs {B}"
HISTORY = frozenset({"commands", "chat:write", "app_mentions:read", "im:history", "channels:history"})
SAID = Utterance(
    "old vs new", "U0MAYA", "T1", "C0EXPERIMENTS", "command:1", response_url="http://127.0.0.1:9/x", trigger="t"
)


class TwoRuns(SlowMlflow):
    """Knows two runs, of which the second is better."""

    @staticmethod
    def reply(path):
        if "runs/get" not in path:
            return SlowMlflow.reply(path)
        run_id = A if A in path else B
        info = {"run_id": run_id, "run_name": f"run-{run_id[0]}", "experiment_id": "1", "status": "FINISHED"}
        times = {"start_time": 1_700_000_000_000, "end_time": 1_700_000_100_000, "lifecycle_stage": "active"}
        metric = {"key": "accuracy", "value": 0.8 if run_id == A else 0.9, "timestamp": 1_700_000_050_000, "step": 1}
        return 200, {"run": {"info": info | times, "data": {"metrics": [metric], "params": [], "tags": []}}}


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def mlflow():
    with TwoRuns() as stand_in:
        yield stand_in


@pytest.fixture
def start(tmp_path, slack, mlflow):
    started = []

    def begin(**more):
        folder = tmp_path / f"bot{len(started)}"
        folder.mkdir()
        settings = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow.url,
            "DATABASE_URL": f"sqlite:///{tmp_path}/state.db",
        }
        bot = BotProcess(folder, {**settings, **more})
        started.append(bot)
        bot.wait_until_it_serves()
        slack.bot_url = f"{bot.url}/slack/events"
        return bot

    yield begin
    for bot in started:
        with bot:
            print(bot.log)


def kill(bot):
    bot.process.kill()
    bot.wait(10)


def left_in(tmp_path):
    with sqlite3.connect(tmp_path / "state.db") as connection:
        return connection.execute("SELECT count(*) FROM inbox").fetchone()[0]


def wait_until_nothing_is_left(tmp_path, seconds=60):
    until = time.monotonic() + seconds
    while left_in(tmp_path):
        assert time.monotonic() < until, "something is still to be answered"
        time.sleep(0.1)


def answers(slack):
    return [message.text for message in slack.messages()]


# The real process


def test_what_waited_for_mlflow_is_answered_once_by_the_next_process_in_place_of_what_was_shown(
    start, slack, mlflow, tmp_path
):
    bot = start()
    mlflow.go_on.clear()
    slack.mention(WORDS)
    shown = slack.wait_for_message("Comparing", timeout=30)
    wait_until_it_is_known_where(tmp_path)
    assert slack.command("/mlcompare", WORDS).was_taken
    kill(bot)
    assert len(slack.messages()) == 1
    mlflow.go_on.set()
    start()
    slack.wait_until(lambda: sum("run-b is better" in text for text in answers(slack)) == 2, 30)
    wait_until_nothing_is_left(tmp_path)
    assert [message.ts for message in slack.messages() if message.thread_ts] == [shown.ts]
    assert len(answers(slack)) == 2
    assert slack.ephemerals == []


def wait_until_it_is_known_where(tmp_path):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with sqlite3.connect(tmp_path / "state.db") as connection:
            if connection.execute("SELECT count(*) FROM inbox WHERE working_ts <> ''").fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("not stored")


@pytest.mark.parametrize("may_read", [True, False], ids=["may read history", "may not"])
def test_an_answer_that_was_being_told_is_not_told_again(start, slack, tmp_path, may_read):
    if may_read:
        slack.reinstall(scopes=HISTORY)
    bot = start().wait_until_ready()
    slack.faults.answer_late(4, method="chat.postMessage")
    assert slack.command("/mlcompare", WORDS).was_taken
    slack.wait_for_message("run-b is better", timeout=30)
    kill(bot)
    again = start()
    again.wait_for_log("taken over")
    wait_until_nothing_is_left(tmp_path)
    assert len(answers(slack)) == 1
    told = [message.text for message in slack.ephemerals]
    if may_read:
        assert told == []
    else:
        assert len(told) == 1
        assert "I was restarted while answering" in told[0]
        assert f"/mlcompare {WORDS}" in told[0]


def test_of_two_processes_on_postgresql_the_other_answers_what_the_killed_one_left(start, slack, mlflow, postgres):
    shared = {"DATABASE_URL": postgres, "MLCOMPARE_TAKEOVER_SECONDS": "3"}
    others = [start(**shared)]
    killed = start(**shared)
    mlflow.go_on.clear()
    assert slack.command("/mlcompare", WORDS).was_taken
    mlflow.wait_until_asked()
    kill(killed)
    mlflow.go_on.set()
    slack.wait_for_message("run-b is better", timeout=30)
    others[0].wait_for_log("taken over")
    others[0].terminate()
    assert others[0].wait() == 0
    assert len([text for text in answers(slack) if "better" in text]) == 1
    assert slack.ephemerals == []


def test_a_process_that_ends_well_leaves_nothing_and_one_that_had_no_time_leaves_it_to_the_next(
    start, slack, mlflow, tmp_path
):
    bot = start(MLCOMPARE_DRAIN_SECONDS="0.2").wait_until_ready()
    slack.command("/mlcompare", WORDS)
    slack.wait_for_message("run-b is better", timeout=30)
    wait_until_nothing_is_left(tmp_path)
    mlflow.go_on.clear()
    slack.command("/mlcompare", f"{B} vs {A}")
    mlflow.wait_until_asked()
    bot.terminate()
    assert bot.wait() == 1
    mlflow.go_on.set()
    assert left_in(tmp_path) == 1
    start()
    slack.wait_for_message("run-a is worse", timeout=30)
    wait_until_nothing_is_left(tmp_path)
    assert len(answers(slack)) == 2


# What is stored


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    is_file = request.param == "sqlite"
    address = f"sqlite:///{tmp_path}/state.db" if is_file else database_address(request.getfixturevalue("postgres"))
    opened = open_database(address)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def opened(engine, clock):
    made = []

    def begin(owner):
        made.append(StoredInbox(engine, clock, owner, held_up=30))  # a busy machine takes its time
        return made[-1]

    yield begin
    for each in made:
        each.close()


def rows(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(inbox))


def died(owner, *watchers, clock):
    """The others look, time passes without a beat of the owner, and they look again: what each of them takes."""
    for each in watchers:
        each.take_over()
    clock.pass_(seconds=31)
    return [each.take_over() for each in watchers]


def test_what_was_put_is_kept_until_it_is_done(engine, opened):
    ours = opened("a")
    assert ours.put("command:1", SAID)
    assert ours.begin_telling_soon("command:1", AnswerStage.TELLING)()
    assert rows(engine) == 1
    ours.done("command:1")
    ours.close()
    assert rows(engine) == 0


def test_what_is_being_answered_or_was_is_not_put_again(engine, opened, clock):
    ours, other = opened("a"), opened("b")
    assert ours.put("command:1", SAID)
    assert not ours.put("command:1", SAID)
    assert not other.put("command:1", SAID)
    assert StoredClaims(engine, clock).claim("command:2")
    assert not ours.put("command:2", SAID)
    assert rows(engine) == 1


def test_what_was_answered_is_not_put_again_by_anybody_even_where_nobody_claimed_it(engine, opened):
    ours, other = opened("a"), opened("b")
    assert ours.put_soon("command:1", SAID)() is Storing.STORED
    ours.done("command:1")
    ours.close()  # waits for what was taken
    assert other.put_soon("command:1", SAID)() is Storing.TAKEN
    assert rows(engine) == 0


def test_claims_of_what_was_answered_are_removed_after_a_day(engine, opened, clock):
    ours, other = opened("a"), opened("b")
    assert ours.put("command:1", SAID)
    ours.done("command:1")
    ours.close()
    other.take_over()
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(claims)) == 1
    clock.pass_(seconds=26 * 3600)
    other.take_over()
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(claims)) == 0


def test_what_was_not_taken_may_come_again(engine, opened):
    ours = opened("a")
    assert ours.put("command:1", SAID)
    ours.drop("command:1")
    assert ours.put("command:1", SAID)
    assert rows(engine) == 1


def test_of_a_request_that_comes_to_many_at_once_while_it_is_being_answered_one_is_theirs(engine, opened):
    processes = [opened(f"p{number}") for number in range(4)]

    def answer(process, key):
        if process.put_soon(key, SAID)() is not Storing.STORED:
            return False
        process.done(key)
        return True

    keys = [f"command:{number}" for number in range(100)]
    with ThreadPoolExecutor(16) as threads:
        took = list(threads.map(answer, processes * len(keys), [key for key in keys for _ in processes]))
    assert sum(took) == len(keys)


def test_done_without_a_database_is_remembered(clock):
    gone = open_database("sqlite:////proc/nowhere/state.db")
    ours = StoredInbox(gone, clock, "a")
    assert ours.put_soon("command:1", SAID)() is Storing.UNSURE
    ours.done("command:1")
    assert ours.put_soon("command:1", SAID)() is Storing.TAKEN
    ours.done("")
    assert ours.put_soon("", SAID)() is Storing.UNSURE, "what has no name is not known again"
    ours.close()
    gone.dispose()


def test_what_a_dead_process_left_is_taken_by_one_other_with_all_that_was_said(opened, clock):
    dead, first, second = map(opened, "abc")
    dead.put("command:1", SAID)
    dead.show("command:1", "1.5")
    dead.begin_telling_soon("command:1", AnswerStage.TELLING)()
    taken = died("a", first, second, clock=clock)
    assert sorted(map(len, taken)) == [0, 1]
    [left] = [*taken[0], *taken[1]]
    told = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    said = Utterance("old vs new", "U0MAYA", "T1", "C0EXPERIMENTS", "command:1", response_url="http://127.0.0.1:9/x")
    assert left == LeftRequest("command:1", said, AnswerStage.TELLING, "1.5", told, told, times=1)


def test_of_many_that_take_over_at_once_each_row_goes_to_one(opened, clock):
    dead = opened("dead")
    for number in range(60):
        dead.put(f"command:{number}", SAID)
    others = [opened(f"other-{number}") for number in range(4)]
    for each in others:
        each.take_over()
    clock.pass_(seconds=31)
    start = threading.Barrier(4)

    def take(each):
        start.wait(10)
        return [left.key for left in each.take_over()]

    with ThreadPoolExecutor(4) as threads:
        taken = [key for keys in threads.map(take, others) for key in keys]
    assert sorted(taken) == sorted(f"command:{number}" for number in range(60))


def test_a_process_that_lives_keeps_what_it_answers_whatever_its_clock_says(engine, opened, clock):
    early = StoredInbox(engine, lambda: clock() - timedelta(minutes=7), "early")
    early.put("command:1", SAID)
    other = opened("b")
    for _ in range(6):
        assert other.take_over() == []
        clock.pass_(seconds=10)
        early.beat()
    assert early.begin_telling_soon("command:1", AnswerStage.TELLING)()
    early.close()


def test_a_process_that_was_taken_for_dead_does_not_tell(opened, clock):
    paused, other = opened("a"), opened("b")
    paused.put("command:1", SAID)
    assert len(died("a", other, clock=clock)[0]) == 1
    assert not paused.begin_telling_soon("command:1", AnswerStage.TELLING)()
    paused.done("command:1")
    assert other.begin_telling_soon("command:1", AnswerStage.TELLING)()


def test_a_process_that_ends_leaves_the_rest_at_once_and_tells_nothing_more(opened):
    ending, other = opened("a"), opened("b")
    ending.put("command:1", SAID)
    ending.close()
    assert not ending.begin_telling_soon("command:1", AnswerStage.TELLING)()
    assert [left.key for left in other.take_over()] == ["command:1"]


def test_nothing_is_taken_over_after_thirty_minutes(engine, opened, clock):
    dead, other = opened("a"), opened("b")
    dead.put("command:1", SAID)
    clock.pass_(minutes=29)
    dead.put("command:2", SAID)
    other.take_over()
    clock.pass_(seconds=61)
    assert [left.key for left in other.take_over()] == ["command:2"]
    clock.pass_(minutes=30)
    other.take_over()
    assert rows(engine) == 0
    assert other.begin_telling_soon("command:2", AnswerStage.TELLING)()


def test_the_predecessor_of_a_file_is_known_to_have_ended(opened):
    with subprocess.Popen(["true"]) as ended:
        number = ended.pid
    machine = new_owner().split("|")[0]
    predecessor, alive = f"{machine}|{number}|x", f"{machine}|{os.getppid()}|x"
    assert [has_ended(each) for each in (predecessor, alive, "elsewhere|1|x", "?")] == [True, False, False, False]
    assert has_ended(f"{machine}|{os.getpid()}|before")
    opened(predecessor).put("command:1", SAID)
    opened(alive).put("command:2", SAID)
    assert [left.key for left in opened("b").take_over(has_ended)] == ["command:1"]


def test_processes_that_left_nothing_are_forgotten(engine, opened, clock):
    opened("a").beat()
    clock.pass_(days=2)
    opened("b").take_over()
    with engine.connect() as connection:
        assert connection.scalars(select(processes.c.id)).all() == ["b"]


def test_what_another_version_wrote_is_read_as_far_as_it_can_be(engine, opened, clock):
    dead, other = opened("a"), opened("b")
    dead.put("command:1", SAID)
    dead.put("command:2", SAID)
    with engine.begin() as connection:
        newer = json.dumps({"words": "help", "user": "U", "team": "T", "channel": "C", "delivery": "d", "mood": "good"})
        connection.execute(inbox.update().where(inbox.c.key == "command:1").values(said=newer))
        connection.execute(inbox.update().where(inbox.c.key == "command:2").values(said="{}"))
    [[left]] = died("a", other, clock=clock)
    assert left.utterance.words == "help"


def test_without_a_database_nobody_is_held_up_and_it_is_said_once(clock, caplog):
    gone = open_database("sqlite:////proc/nowhere/state.db")
    ours = StoredInbox(gone, clock, "a")
    for number in range(20):
        assert ours.put(f"command:{number}", SAID)
        assert ours.begin_telling_soon(f"command:{number}", AnswerStage.TELLING)()
        ours.done(f"command:{number}")
        clock.pass_(seconds=2)
    ours.close()
    gone.dispose()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_locked_database_holds_nobody_up_for_long_and_all_is_well_afterwards(tmp_path, clock):
    engine = open_database(f"sqlite:///{tmp_path}/state.db")
    upgrade(engine)
    ours = StoredInbox(engine, clock, "a")
    ours.take_over()
    with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert ours.put("command:1", SAID)
        assert ours.put("command:2", SAID)
        assert ours.begin_telling_soon("command:1", AnswerStage.TELLING)()
        ours.done("command:1")
        assert time.monotonic() - began < 1.5
        lock.execute("ROLLBACK")
    lock.close()
    clock.pass_(seconds=6)
    assert ours.put("command:3", SAID)
    ours.take_over()
    assert rows(engine) == 1
    ours.close()
    engine.dispose()


# What was left is answered


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW])


def resumed(slack, runs, **left):
    with Workshop(slack, runs) as bot:
        said = Utterance("old vs new", "U0MAYA", "T0PLAYGROUND", "C0EXPERIMENTS", "command:1")
        at = int(NOW.timestamp())
        work = resume(LeftRequest("command:1", said, asked_at=at, told_at=at, **left), bot._app.client, bot.services)
        bot.services.pool.submit(work)
        return bot.transcript(), bot.waits


def test_what_was_asked_is_answered_as_if_just_asked(slack, runs):
    said, _waits = resumed(slack, runs)
    assert said.startswith("#ml-experiments:\n# ✅ new is better")


def test_what_kills_every_process_is_given_up_and_the_asker_told(slack, runs):
    said, _waits = resumed(slack, runs, times=4)
    assert said.startswith("#ml-experiments, only to U0MAYA:\n")
    assert "I was restarted while answering old vs new" in said
    assert "/mlcompare old vs new" in said


def test_an_answer_for_all_that_cannot_be_found_is_told_after_slack_had_time(slack, runs):
    slack.reinstall(scopes=HISTORY)
    said, waits = resumed(slack, runs, stage=AnswerStage.TELLING)
    assert said.startswith("#ml-experiments:\n# ✅ new is better")
    assert waits == [3.0]


def test_an_answer_for_the_asker_alone_is_asked_about_since_no_history_holds_it(slack, runs):
    slack.reinstall(scopes=HISTORY)
    said, _waits = resumed(slack, runs, stage=AnswerStage.CONFIDING)
    assert "if no answer stands above, ask again" in said
    assert slack.messages() == []


class Hanging:
    """A pool that takes work and never does it, as before a kill."""

    def submit(self, _work):
        return 0


def left_by_a_killed_bot(slack, runs, tmp_path, ask):
    """What another process takes over after a bot acknowledged what is asked, and did no more."""
    engine = open_database(f"sqlite:///{tmp_path}/state.db")
    upgrade(engine)
    ours, other = StoredInbox(engine, lambda: NOW, "a"), StoredInbox(engine, lambda: NOW, "b")
    killed = Workshop(slack, runs, pool=Hanging())
    killed.services = replace(killed.services, inbox=ours)
    with killed:
        ask()
        found = other.take_over(lambda owner: owner == "a")
    ours.close()
    other.close()
    engine.dispose()
    return found


def answered_after(slack, runs, left):
    with Workshop(slack, runs) as bot:
        for each in left:
            bot.services.pool.submit(resume(each, bot._app.client, bot.services))
        return bot.transcript()


def test_a_comparison_wished_in_the_dialog_is_posted_by_the_next_process(slack, runs, tmp_path):
    wish = chosen(OLD.run_id, NEW.run_id, place=STANDUP, metrics=["loss"])
    left = left_by_a_killed_bot(slack, runs, tmp_path, lambda: slack.submit(dialog(slack), wish))
    said = answered_after(slack, runs, left)
    assert said.startswith("#standup:\n# ✅ new is better: loss 0.50 → 0.25 (-50 %)")


def test_a_run_chosen_in_a_picker_is_compared_by_the_next_process(slack, tmp_path):
    runs = FakeRuns([OLD, a_run("train", 3), a_run("train", 4)])
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "old vs train")
        picker = slack.wait_for_ephemeral("Select")
        bot.finish()
    left = left_by_a_killed_bot(slack, runs, tmp_path, lambda: slack.press(picker, "pick:1"))
    assert answered_after(slack, runs, left).count("| Metric | Change | train | old (baseline) |") == 1
