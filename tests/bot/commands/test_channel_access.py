"""`mlcompare access`: rules of who may see what, made and listed in a terminal."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.playground.slack import SlackStandIn
from bot.store.channel_defaults import StoredAccess
from bot.store.database import open_database
from bot.store.migrate import upgrade
from handlers.access.rules import AccessRules


@pytest.fixture
def engine(tmp_path, monkeypatch):
    address = f"sqlite:///{tmp_path}/state.db"
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    engine = open_database(address)
    upgrade(engine)
    yield engine
    engine.dispose()


def ran(*words, code=0):
    result = CliRunner().invoke(main, ["access", *words])
    assert result.exit_code == code, result.output
    return result.output


def rows(*words):
    return [[cell for cell in line.split("  ") if cell.strip()] for line in ran(*words).splitlines()[2:]]


def test_where_no_rule_was_made_it_says_what_holds(engine):
    assert ran() == "There is no rule: every channel may see what MLCOMPARE_ACCESS says, `all` unless it was set.\n"
    assert ran("--changes") == "No rule was ever made.\n"


def test_a_rule_is_made_and_taken_back_and_says_what_was_before(engine):
    assert (
        ran("set", "C1", "fraud*", "churn model", "--workspace", "T1") == "C1: access fraud*, churn model (before: –)\n"
    )
    assert ran("set", "C1", "all", "--workspace", "T1") == "C1: access all (before: fraud*, churn model)\n"
    assert ran("set", "C1", "all", "--workspace", "T1") == "C1: access all (as it was)\n"
    assert ran("set", "everywhere", "none", "--workspace", "T1") == "everywhere: access none (before: –)\n"
    assert ran("set", "direct", "fraud*", "--workspace", "T1") == "direct: access fraud* (before: –)\n"
    assert ran("clear", "C1", "--workspace", "T1") == "C1: access – (before: all)\n"
    book = AccessRules(StoredAccess(engine)).read()
    assert book.visible("T1", "C1").patterns == ()
    assert book.visible("T1", "D1").patterns == ("fraud*",)


def test_changes_can_be_left_to_admins(engine):
    assert ran("changes-by", "everywhere", "admins", "--workspace", "T1") == "everywhere: changes admins (before: –)\n"
    assert AccessRules(StoredAccess(engine)).read().is_for_admins("T1", "C7")
    ran("changes-by", "everywhere", "members", "--workspace", "T1")
    assert not AccessRules(StoredAccess(engine)).read().is_for_admins("T1", "C7")


def test_rules_and_their_changes_are_listed(engine):
    ran("set", "C1", "fraud*", "--workspace", "T1")
    ran("set", "everywhere", "none", "--workspace", "T1")
    ran("set", "C1", "iris", "--workspace", "T1")
    listed = ran()
    assert [line.split()[:4] for line in listed.splitlines()[2:]] == [
        ["T1", "everywhere", "access", "none"],
        ["T1", "C1", "access", "iris"],
    ]
    assert "terminal" in listed
    changed = ran("--changes").splitlines()
    assert "fraud*" in changed[2]
    assert "iris" in changed[2]
    assert len(changed) == 5
    assert len(ran("--changes", "--limit", "1").splitlines()) == 3


def test_programs_read_one_document(engine):
    ran("set", "C1", "fraud*", "--workspace", "T1")
    told = json.loads(ran("--json"))
    assert told["version"] == 1
    (rule,) = told["rules"]
    assert rule["at"].endswith("Z") or "+00:00" in rule["at"]
    del rule["at"]
    assert rule == {"workspace": "T1", "channel": "C1", "what": "access", "rule": ["fraud*"], "by": "terminal"}
    (change,) = json.loads(ran("--changes", "--json"))["changes"]
    assert (change["channel"], change["by"], change["after"]) == ("C1", "terminal", '["fraud*"]')


@pytest.mark.parametrize("channel", ["#ml", "general", "c1", "U1", "C 1", ""])
def test_a_channel_is_named_by_its_id(engine, channel):
    assert "name a channel by its id" in ran("set", channel, "all", "--workspace", "T1", code=2)


def test_without_a_workspace_it_is_that_of_the_token(engine, monkeypatch):
    assert "Which workspace? Set SLACK_BOT_TOKEN, or name it: --workspace T…" in ran("set", "C1", "all", code=1)
    with SlackStandIn() as slack:
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.installation.bot_token)
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        ran("set", "C1", "iris")
        (rule,) = StoredAccess(engine).every()
        assert rule.workspace == "T0PLAYGROUND"
        slack.reinstall(bot_token="xoxb-another")
        assert "Slack does not say which workspace the token is of" in ran("set", "C1", "all", code=1)
    (rule,) = StoredAccess(engine).every()
    assert rule.setting.value == '["iris"]'


def test_without_a_database_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert "No bot has run here yet" in ran(code=1)
