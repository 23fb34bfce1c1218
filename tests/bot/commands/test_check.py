"""`mlcompare check`: tries everything, and says what to do about each failure."""

import json

import pytest
from click.testing import CliRunner

from bot.commands.check import _untold, check
from bot.playground.slack import SlackStandIn
from bot.settings import Settings
from tests.bot.process import SlowMlflow
from tests.endings import running

SECRET = "8f742231b10e8888abcd99eee85a5000"


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        stand_in.reinstall(signing_secret=SECRET)
        yield stand_in


@pytest.fixture
def mlflow():
    with SlowMlflow() as stand_in:
        yield stand_in


@pytest.fixture
def examined(monkeypatch, tmp_path, slack, mlflow):
    """Runs the check with good settings, but for those given; the exit code and what was said."""
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or name).upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    good = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "2",  # these three would be set for good
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_POOL_MAXSIZE": "10",
        "SLACK_BOT_TOKEN": slack.installation.bot_token,
        "SLACK_APP_TOKEN": slack.installation.app_token,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": slack.api_url,
        "MLFLOW_TRACKING_URI": mlflow.url,
        "MLFLOW_UI_URL": slack.url,  # any page will do
        "DATABASE_URL": f"sqlite:///{tmp_path}/state.db",
    }

    def run(*arguments, **changed):
        for name, value in {**good, **changed}.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(check, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def failures(output):
    return [line for line in output.splitlines() if line.startswith("✗")]


def test_when_all_is_well_it_says_so(examined):
    code, said = examined()
    assert (code, failures(said)) == (0, []), said
    for found in (
        "is @mlcompare in Playground",
        "opens Socket Mode",
        "looks right",
        "1 experiment",
        "scopes",
        "database",
    ):
        assert found in said


def test_every_missing_setting_is_named_and_what_is_there_is_tried(examined):
    code, said = examined(SLACK_BOT_TOKEN="", MLFLOW_TRACKING_URI="", SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="")
    assert code == 1
    named = {line.split()[1] for line in failures(said)}
    assert named == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "MLFLOW_TRACKING_URI"}
    assert "✓ database" in said


@pytest.mark.parametrize(
    ("changed", "failed", "remedy"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-another"}, "Slack answers invalid_auth", "Bot User OAuth Token"),
        ({"SLACK_BOT_TOKEN": "xoxp-mine"}, "user token", "Bot User OAuth Token"),
        ({"SLACK_APP_TOKEN": "xapp-another"}, "Slack answers invalid_auth", "App-Level Tokens"),
        ({"SLACK_SIGNING_SECRET": "abc"}, "does not look like one", "Signing Secret"),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "Slack cannot be reached", "HTTPS_PROXY"),
        (
            {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLCOMPARE_MLFLOW_TIMEOUT": "2"},
            "MLflow",
            "MLFLOW_TRACKING_URI",
        ),
        ({"MLFLOW_UI_URL": "http://127.0.0.1:9"}, "cannot be reached from here", "browser"),
        (
            {"MLFLOW_UI_URL": "http://127.0.0.1:9/?workspace=green"},
            "leads to the workspace green, and the bot reads default",
            "Set MLFLOW_WORKSPACE",
        ),
        (
            {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "MLFLOW_UI_URL": ""},
            "messages have no links",
            "Set MLFLOW_UI_URL",
        ),
        ({"DATABASE_URL": "postgres://bot:hunter22@127.0.0.1:9/bot"}, "cannot be used", "running"),
        ({"DATABASE_URL": "mysql://bot:hunter22@h/bot"}, "DATABASE_URL", "postgresql://"),
        ({"PORT": "http"}, "PORT", "3000"),
    ],
)
def test_a_failure_is_told_with_what_to_do_about_it(examined, changed, failed, remedy):
    code, said = examined(**changed)
    assert code == 1
    assert any(failed in line for line in failures(said)), said
    assert remedy in said
    assert "Traceback" not in said
    assert "hunter22" not in said


def test_missing_scopes_are_named(examined, slack):
    slack.reinstall(scopes=frozenset({"commands", "chat:write"}))
    code, said = examined()
    assert code == 1
    assert "✗ scopes lacks app_mentions:read, im:history" in said


def test_no_secret_is_said(examined, slack):
    for arguments in ((), ("--json",)):
        for changed in ({}, {"SLACK_BOT_TOKEN": "xoxb-another-secret"}):
            _, said = examined(*arguments, **changed)
            for secret in (slack.installation.bot_token, slack.installation.app_token, SECRET, "another-secret"):
                assert secret not in said


def test_programs_get_one_json_document(examined):
    code, said = examined("--json", PORT="http")
    document = json.loads(said)
    assert (code, document["well"]) == (1, False)
    bad = [finding for finding in document["findings"] if not finding["well"]]
    assert [(finding["what"], bool(finding["remedy"])) for finding in bad] == [("PORT", True)]


def test_an_mlflow_that_does_not_tell_what_people_may_read_is_found_out(examined):
    code, said = examined(MLCOMPARE_PEOPLE="email")
    assert code
    assert "MLCOMPARE_PEOPLE cannot be used" in " ".join(failures(said))
    assert "an admin there" in said


@pytest.mark.parametrize(
    ("address", "granted", "told"),
    [
        (
            "https://mlflow.example.com",
            set(),
            ["to mlflow.example.com do not unfold without links:read and links:write"],
        ),
        ("https://mlflow.example.com", {"links:read"}, ["to mlflow.example.com do not unfold without links:write"]),
        ("https://mlflow.example.com", {"links:read", "links:write"}, []),
        ("http://10.0.0.7:5000", set(), []),
    ],
)
def test_that_links_do_not_unfold_is_said_where_they_could(monkeypatch, address, granted, told):
    monkeypatch.setenv("MLFLOW_UI_URL", address)
    found = [each.found for each in _untold(granted, Settings()) if each.what == "links"]
    assert [each.partition(": `")[0] for each in found] == told


# Several workspaces


@pytest.fixture
def of_several(slack):
    return {
        "SLACK_BOT_TOKEN": "",
        "SLACK_CLIENT_ID": slack.oauth.client_id,
        "SLACK_CLIENT_SECRET": slack.oauth.client_secret,
        "MLCOMPARE_PUBLIC_URL": "https://bot.example.com",
        "MLCOMPARE_TOKEN_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "MLCOMPARE_WORKSPACES": "T0ONE",
    }


def test_what_several_workspaces_need_is_tried(examined, of_several, slack):
    code, said = examined(**of_several)
    assert (code, failures(said)) == (0, []), said
    for found in ("SLACK_CLIENT_SECRET is the app's", "let T0ONE install the app, at https://bot.example.com/slack/in"):
        assert found in said
    code, said = examined(**{**of_several, "SLACK_CLIENT_SECRET": "another"})
    assert code == 1
    assert "Slack answers bad_client_secret" in said
    code, said = examined(**{**of_several, "SLACK_BOT_TOKEN": slack.installation.bot_token})
    assert "SLACK_CLIENT_ID is not used" in said
