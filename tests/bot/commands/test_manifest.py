"""The manifest: what Slack takes, with the least that is needed."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner

from bot.commands.manifest import OPTIONAL, manifest, unfurl_domain
from handlers.compare.dialog import COMPARE_LINKED, SHORTCUT


def printed(*arguments):
    result = CliRunner().invoke(manifest, arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments):
    result = CliRunner().invoke(manifest, arguments)
    assert result.exit_code != 0
    return result.output


@pytest.fixture(params=[(), ("--url", "https://bot.example.com")], ids=["Socket Mode", "HTTP"])
def app(request):
    return printed(*request.param)


def test_every_text_is_within_slacks_limits(app):
    about, features = app["display_information"], app["features"]
    assert 1 <= len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch("#[0-9a-fA-F]{6}", about["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/\S{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_more_scopes_are_asked_for_only_when_they_are_wished():
    assert set(printed()["oauth_config"]["scopes"]["bot"]).isdisjoint(OPTIONAL)
    made = printed("--also", "channels:read", "--also", "users:read.email")["oauth_config"]["scopes"]["bot"]
    assert made[-3:] == ["users:read", "channels:read", "users:read.email"]
    assert "is not one of" in refused("--also", "admin")


def test_it_holds_no_key_that_slack_does_not_know(app):
    known = {
        "": {"_metadata", "display_information", "features", "oauth_config", "settings"},
        "_metadata": {"major_version", "minor_version"},
        "display_information": {"name", "description", "long_description", "background_color"},
        "features": {"app_home", "bot_user", "slash_commands", "shortcuts", "unfurl_domains"},
        "oauth_config": {"redirect_urls", "scopes"},
        "settings": {
            "event_subscriptions",
            "interactivity",
            "org_deploy_enabled",
            "socket_mode_enabled",
            "token_rotation_enabled",
        },
    }
    assert set(app) <= known[""]
    for part, held in app.items():
        assert set(held) <= known[part], part


def test_it_asks_for_the_least(app):
    least = ["commands", "chat:write", "app_mentions:read", "im:history", "users:read"]  # the last one for guests
    assert app["oauth_config"]["scopes"] == {"bot": least}
    assert set(app["settings"]["event_subscriptions"]["bot_events"]) == {"app_mention", "message.im", "app_home_opened"}


def test_its_shortcuts_are_those_that_the_bot_listens_to(app):
    shortcuts = {each["type"]: each["callback_id"] for each in app["features"]["shortcuts"]}
    assert shortcuts == {"global": SHORTCUT, "message": COMPARE_LINKED}
    for each in app["features"]["shortcuts"]:
        assert set(each) == {"name", "type", "callback_id", "description"}
        assert len(each["name"]) <= 24
        assert len(each["description"]) <= 150


def test_the_home_tab_is_there(app):
    assert app["features"]["app_home"]["home_tab_enabled"] is True


def test_people_can_write_to_the_bot_directly_and_names_come_escaped(app):
    home = app["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)
    assert app["features"]["slash_commands"][0]["should_escape"] is True
    assert app["settings"]["interactivity"]["is_enabled"] is True


def test_socket_mode_needs_no_address():
    text = json.dumps(printed())
    assert '"socket_mode_enabled": true' in text
    assert "url" not in text


def test_http_sends_everything_to_the_bots_address():
    app = printed("--url", "https://bot.example.com/slack/events")
    assert app["settings"]["socket_mode_enabled"] is False
    places = {
        app["features"]["slash_commands"][0]["url"],
        app["settings"]["event_subscriptions"]["request_url"],
        app["settings"]["interactivity"]["request_url"],
        app["settings"]["interactivity"]["message_menu_options_url"],
    }
    assert places == {"https://bot.example.com/slack/events"}


def test_command_and_name_can_be_chosen():
    app = printed("--command", "/runs", "--name", "Run judge")
    assert app["features"]["slash_commands"][0]["command"] == "/runs"
    assert app["display_information"]["name"] == app["features"]["bot_user"]["display_name"] == "Run judge"


def test_the_command_is_the_one_that_the_bot_is_set_to_answer(monkeypatch):
    monkeypatch.setenv("MLCOMPARE_COMMAND", "/runs")
    assert printed()["features"]["slash_commands"][0]["command"] == "/runs"


def test_yaml_says_the_same_as_json(app):
    arguments = () if app["settings"]["socket_mode_enabled"] else ("--url", "https://bot.example.com")
    result = CliRunner().invoke(manifest, [*arguments, "--name", "Runs: “a” & 'b' #1", "--format", "yaml"])
    assert yaml.safe_load(result.stdout) == printed(*arguments, "--name", "Runs: “a” & 'b' #1")


@pytest.mark.parametrize("url", ["http://bot.example.com", "bot.example.com", "https://"])
def test_an_address_that_slack_does_not_call_is_refused(url):
    assert "https://" in refused("--url", url)


@pytest.mark.parametrize("command", ["runs", "/Runs", "/two words", "/", "/" + "x" * 32])
def test_a_command_that_slack_does_not_take_is_refused(command):
    assert "starts with /" in refused("--command", command)


def test_a_name_that_slack_does_not_take_is_refused():
    assert "35" in refused("--name", "x" * 36)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    for name in ("MLFLOW_UI_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def test_links_unfold_where_slack_takes_the_host_of_mlflow(monkeypatch):
    monkeypatch.setenv("MLFLOW_UI_URL", "https://mlflow.example.com/mlflow?workspace=blue")
    app = printed()
    assert app["features"]["unfurl_domains"] == ["mlflow.example.com"]
    assert set(app["oauth_config"]["scopes"]["bot"]) >= {"links:read", "links:write"}
    assert "link_shared" in app["settings"]["event_subscriptions"]["bot_events"]
    assert printed("--ui-url", "https://other.example.com")["features"]["unfurl_domains"] == ["other.example.com"]


def test_without_an_address_of_its_own_it_is_that_of_the_tracking_server(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://maya:secret@tracking.example.com")
    assert printed()["features"]["unfurl_domains"] == ["tracking.example.com"]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "MLFLOW_UI_URL is not set"),
        ("http://mlflow.example.com:5000", "no host with a port, as mlflow.example.com:5000"),
        ("http://10.0.0.7/mlflow", "10.0.0.7 is a number"),
        ("http://[::1]/", "::1 is a number"),
        ("http://1234", "1234 is a number"),
        ("http://localhost", "localhost is none"),
        ("http://mlflow", "mlflow is none"),
        ("http://mlflow_server.example.com", "mlflow_server.example.com is none"),
        ("https://mlflow.example.com:99999", "full names of hosts"),
        ("nonsense", "full names of hosts"),
    ],
)
def test_where_slack_does_not_take_the_host_it_says_why_and_asks_for_nothing(address, why):
    host, told = unfurl_domain(address)
    assert (host, why in told) == ("", True)
    result = CliRunner().invoke(manifest, ["--ui-url", address] if address else [])
    assert why in result.stderr
    app = json.loads(result.stdout)
    assert "unfurl_domains" not in app["features"]
    assert "links:read" not in app["oauth_config"]["scopes"]["bot"]
    assert "link_shared" not in app["settings"]["event_subscriptions"]["bot_events"]


def test_several_workspaces_are_led_back_and_tell_when_they_leave():
    made = printed("--workspaces", "--url", "https://bot.example.com")
    assert made["oauth_config"]["redirect_urls"] == ["https://bot.example.com/slack/oauth_redirect"]
    events = made["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_uninstalled", "tokens_revoked", "team_access_revoked", "team_access_granted"} <= set(events)
    assert made["settings"]["org_deploy_enabled"]
    assert made["settings"]["token_rotation_enabled"]
    one = printed("--url", "https://bot.example.com")
    assert "redirect_urls" not in one["oauth_config"]
    assert not one["settings"]["token_rotation_enabled"]
    assert "MLCOMPARE_PUBLIC_URL" in refused("--workspaces")
