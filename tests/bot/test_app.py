"""Composition: settings become a bot, and nothing is asked of anybody before it starts."""

import re
import sys

import pytest
from pydantic import SecretStr
from slack_bolt import BoltRequest

from bot.app import build, new_incident, now
from bot.playground.slack import SlackStandIn
from bot.server.health import LIBRARIES
from bot.settings import Settings
from tests.endings import running

COMMAND = "command=%2Fruns&text=help&team_id=T1&user_id=U1&channel_id=C1&trigger_id=1.2"


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def settings(slack, tmp_path):
    return Settings(
        slack_bot_token=SecretStr(slack.installation.bot_token),
        slack_signing_secret=SecretStr("unused"),
        slack_api_url=slack.api_url,
        mlflow_tracking_uri=SecretStr("http://reader:hunter22@127.0.0.1:9"),
        database_url=SecretStr(f"sqlite:///{tmp_path}/state.db"),
        command="/runs",
        workers=3,
    )


@pytest.fixture
def bot(settings):
    made = build(settings)
    yield made
    made.pool.drain(10)
    made.listeners.shutdown()
    made.engine.dispose()


def test_nothing_is_asked_of_slack_mlflow_or_the_database(bot, slack, tmp_path):
    assert slack.calls == []
    assert list(tmp_path.iterdir()) == []


def test_the_settings_reach_those_who_use_them(bot):
    assert bot.services.command == "/runs"
    assert bot.services.ui_url == "http://127.0.0.1:9"
    assert bot.app.client.base_url == bot.settings.slack_api_url


def test_each_probe_starts_as_not_known(bot):
    assert {probe.name: probe.problem for probe in bot.probes} == dict.fromkeys(
        ("database", "slack", "mlflow", "libraries"), "not known yet"
    )


def test_slack_tells_who_the_bot_is(bot):
    bot.identity.ask()
    assert bot.identity.known().bot_user_id == "U0MLCOMPARE"


def test_requests_are_taken_before_slack_has_told_who_the_bot_is(bot, slack):
    answer = bot.app.dispatch(BoltRequest(body=COMMAND, headers={"content-type": "application/x-www-form-urlencoded"}))
    assert answer.status == 200
    assert slack.count("auth.test") == 0


def test_settings_of_another_way_to_install_bolt_change_nothing(settings, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "x")
    bot = build(settings)
    answer = bot.app.dispatch(BoltRequest(body=COMMAND, headers={"content-type": "application/x-www-form-urlencoded"}))
    assert answer.status == 200
    bot.pool.drain(10)
    bot.listeners.shutdown()
    bot.engine.dispose()


def test_an_incident_has_a_number_that_can_be_read_out():
    assert re.fullmatch(r"\d{6}", new_incident())
    assert len({new_incident() for _ in range(20)}) > 10


def test_the_time_has_a_zone():
    assert now().utcoffset().total_seconds() == 0


def test_what_the_first_answer_would_wait_for_is_loaded_before_the_bot_is_ready(bot):
    loading = next(each for each in bot.probes if each.name == "libraries")
    assert loading.ask()
    assert loading.problem == ""
    assert set(LIBRARIES) <= set(sys.modules)
