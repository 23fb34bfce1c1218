"""Everything real at once: the bot as a process, a `mlflow server` behind a proxy that breaks it, Slack's stand-in."""

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from mlflow import MlflowClient

from bot.playground.slack import EXPERIMENTS, GENERAL, SlackStandIn
from tests.bot.process import BotProcess
from tests.handlers.reading import read
from tests.logged import log_run, new_experiment
from tests.mlflow_proxy import Fault, MlflowProxy

HOSTILE = "<!channel> *bold* `code` |pipe| _x_ <@U0MAYA> \u202eright\u202c 🚀 & <b>"


@pytest.fixture(scope="module")
def logged(mlflow_server):
    """An experiment with two runs as in the docs, and many more; ids by name."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    client = MlflowClient(mlflow_server.store_uri)
    experiment = new_experiment(client, "end to end")
    data = [("iris", "d1", "training")]
    ids = {
        "A": log_run(client, experiment, "A", {"accuracy": 0.85, "loss": [0.9, 0.5]}, params={"C": 1.0}, datasets=data),
        "B": log_run(client, experiment, "B", {"accuracy": 0.92, "loss": [0.8, 0.6]}, params={"C": 0.5}, datasets=data),
        "hostile": log_run(client, experiment, HOSTILE, {"accuracy": 0.5}, params={"note\n": HOSTILE}),
    }
    for number in range(21):
        ids[f"r{number}"] = log_run(client, experiment, f"r{number}", {"accuracy": 0.5 + number / 100})
    return ids


@pytest.fixture(scope="module")
def proxy(mlflow_server):
    with MlflowProxy(mlflow_server.url) as between:
        yield between


@pytest.fixture(scope="module")
def stage(tmp_path_factory, proxy, logged):
    folder = tmp_path_factory.mktemp("bot")
    with SlackStandIn() as slack:
        settings = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": proxy.url,
            "MLFLOW_UI_URL": "https://mlflow.example.com",
            "MLCOMPARE_MLFLOW_TIMEOUT": "3",
            "MLCOMPARE_WORKERS": "12",  # as many as the server answers within that time on a busy machine
        }
        with BotProcess(folder, settings) as bot:
            bot.wait_until_it_serves().wait_until_ready(120)
            slack.bot_url = f"{bot.url}/slack/events"
            yield slack, bot


@pytest.fixture
def slack(stage, proxy):
    """The stand-in as if nothing had been said yet, everything well."""
    stand_in, _bot = stage
    proxy.reset()
    stand_in.faults.clear()
    yield stand_in
    proxy.reset()
    stand_in.faults.clear()


class Said:
    """What one command led to."""

    def __init__(self, slack, words, channel=EXPERIMENTS):
        self.slack = slack
        self.before = len(slack.messages())
        self.whispered = len(slack.ephemerals)
        self.calls = len(slack.calls)
        self.began = time.monotonic()
        self.delivery = slack.command("/mlcompare", words, channel=channel)
        assert self.delivery.was_taken, self.delivery

    def answer(self, contains="", timeout=60):
        found = self.slack.wait_until(
            lambda: [each for each in self.slack.messages()[self.before :] if contains in read(each)], timeout
        )
        return read(found[0])

    def post_ephemeral(self, contains="", timeout=60):
        found = self.slack.wait_until(
            lambda: [each for each in self.slack.ephemerals[self.whispered :] if contains in read(each)], timeout
        )
        return read(found[0])

    def posted(self):
        return [read(each) for each in self.slack.messages()[self.before :]]


def test_one_message_says_what_came_out(slack, logged):
    text = Said(slack, "A vs B").answer("accuracy")
    assert "▲ +0.07 better" in text
    assert "+8.2 %" in text
    assert "▲ +0.1 worse" in text
    assert "C 1.0 → 0.5" in text
    assert "same digest" in text
    assert "https://mlflow.example.com/#/experiments/" in str(slack.messages()[-1].blocks)
    assert logged["A"] in str(slack.messages()[-1].blocks)


def test_two_runs_by_id_cost_two_questions_side_by_side_and_one_post(slack, proxy, logged):
    Said(slack, "A vs B").answer("accuracy")  # the list of experiments is warm
    proxy.reset()
    proxy.delay = 0.2
    said = Said(slack, f"{logged['A']} vs {logged['B']}")
    said.answer("accuracy")
    time.sleep(0.3)
    asked = [each for each in proxy.requests if "experiments/search" not in each.target]
    assert [each.target.partition("?")[0] for each in asked] == ["/api/2.0/mlflow/runs/get"] * 2
    assert asked[1].arrived < asked[0].answered
    assert [call.method for call in slack.calls[said.calls :]] == ["chat.postMessage"]


def test_something_is_seen_within_a_second_and_the_result_replaces_it(slack, proxy, logged):
    proxy.delay = 1.5
    said = Said(slack, f"{logged['A']} vs {logged['B']}")
    said.answer("Comparing")
    assert time.monotonic() - said.began < 1.2
    said.answer("▲ +0.07 better")
    assert len(said.posted()) == 1


def test_an_mlflow_beyond_its_deadline_is_said_to_be_slow(slack, proxy, logged):
    proxy.delay = 8.0
    said = Said(slack, f"{logged['A']} vs {logged['B']}")
    assert "did not answer within 3 s" in said.post_ephemeral("did not answer")
    assert time.monotonic() - said.began < 5
    slack.wait_until(lambda: said.posted() == [])  # the "Comparing …" is gone


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(401, "no"), "(401)"),
        (Fault(403, "no"), "(403)"),
        (Fault(500, "<html>oops</html>"), "(500)"),
        (Fault(200, "<html>Sign in</html>"), "MLflow"),
        (Fault(hangs_up="at once"), "MLflow"),
    ],
)
def test_what_is_wrong_with_mlflow_is_told_to_the_asker_alone(slack, proxy, logged, fault, told):
    proxy.fault = fault
    said = Said(slack, f"{logged['A']} vs {logged['B']}")
    text = said.post_ephemeral()
    assert told in text
    assert "Traceback" not in text
    assert said.posted() == []


def test_mlflow_down_is_said_and_its_return_needs_nothing(slack, proxy, logged):
    proxy.refuse()
    try:
        said = Said(slack, f"{logged['A']} vs {logged['B']}")
        assert "could not be reached" in said.post_ephemeral()
    finally:
        proxy.accept()
    Said(slack, f"{logged['A']} vs {logged['B']}").answer("▲ +0.07 better")


def test_two_hundred_commands_at_once_are_all_acknowledged_and_each_answered_once(slack, proxy, logged):
    proxy.delay = 0.5
    runs = [f"r{number}" for number in range(21)]
    pairs = list(pairwise(runs)) * 10
    before = len(slack.messages())
    with ThreadPoolExecutor(200) as people:
        taken = list(
            people.map(lambda pair: slack.command("/mlcompare", f"{logged[pair[0]]} vs {logged[pair[1]]}"), pairs)
        )
    assert [each.error for each in taken if not each.was_taken] == []
    slack.wait_until(lambda: _compared(slack, before) >= len(pairs), 150)
    time.sleep(1)
    texts = [each.text for each in slack.messages()[before:]]
    assert len(texts) == len(pairs)
    for first, second in pairwise(runs):
        assert sum(f"{second} is better" in text for text in texts) == 10, (first, second)


def _compared(slack, before):
    return sum(" is better" in each.text for each in slack.messages()[before:])


def test_slack_that_limits_is_waited_for(slack):
    slack.faults.rate_limit(2, retry_after=1, method="chat.postMessage")
    said = Said(slack, "A vs B")
    said.answer("▲ +0.07 better")
    assert len(said.posted()) == 1


@pytest.mark.parametrize("break_it", ["fail", "lose_answer", "hang_up"])
def test_slack_that_breaks_never_leads_to_two_messages_nor_to_silence(slack, break_it):
    getattr(slack.faults, break_it)(1, method="chat.postMessage")
    said = Said(slack, "A vs B")
    slack.wait_until(lambda: said.posted() or len(slack.ephemerals) > said.whispered, 30)
    time.sleep(1)
    assert len(said.posted()) <= 1
    told = said.posted() or [read(each) for each in slack.ephemerals[said.whispered :]]
    assert any("+0.07" in text for text in told)


def test_where_the_bot_has_not_joined_the_answer_is_there_all_the_same(slack):
    said = Said(slack, "A vs B", channel=GENERAL)
    said.answer("▲ +0.07 better")
    assert len(said.posted()) == 1


def test_names_that_would_shout_or_format_are_only_names(slack, logged):
    said = Said(slack, f"{logged['hostile']} vs A")
    said.answer("accuracy")
    message = slack.messages()[-1]
    assert "<!channel>" not in message.text
    assert "&lt;!channel&gt;" in message.text
    assert "\u202e" not in str(message.blocks)


def test_a_refused_block_leads_down_the_ladder_and_is_remembered(slack):
    slack.faults.refuse_blocks("data_table", "table")
    first = Said(slack, "A vs B")
    first.answer("▲ +0.07 better")
    slack.wait_until(lambda: [call.status for call in slack.calls[first.calls :]].count(200) >= 2, 10)  # then taken
    second = Said(slack, "A vs B")
    second.answer("▲ +0.07 better")
    refused = [call for call in slack.calls[second.calls :] if not (call.answer or {}).get("ok")]
    assert refused == []  # on a busy machine "Comparing …" is posted before it
    assert not {"data_table", "table"} & {each["type"] for each in slack.messages()[-1].blocks}


def test_nothing_secret_and_no_traceback_is_in_the_log(stage):
    slack, bot = stage
    assert slack.installation.bot_token not in bot.log
    assert slack.installation.signing_secret not in bot.log
    assert "Traceback" not in bot.log
