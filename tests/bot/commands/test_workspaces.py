"""`mlcompare workspaces`: who installed the app, its keys, and erasing."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from slack_sdk.oauth.installation_store import Installation

from bot.commands.workspaces import workspaces
from bot.store.database import open_database
from bot.store.installations import StoredInstallations, TokenCipher, new_key
from bot.store.migrate import upgrade

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command on a database with two workspaces, one of which left; `run.keys` are set, the first of them new."""
    keys = [new_key(), new_key()]
    address = f"sqlite:///{tmp_path}/state.db"
    engine = open_database(address)
    upgrade(engine)
    kept = StoredInstallations(engine, TokenCipher(keys[1:]), lambda: AT)
    for team in ("T1", "T2"):
        kept.save(
            Installation(
                team_id=team, team_name=f"Team {team}", bot_token=f"xoxb-{team}", bot_id="B1", bot_user_id="U1",
                user_id="U2", installed_at=AT.timestamp(),
            )
        )  # fmt: skip
    kept.remove("T2")
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", address)

    def invoke(*arguments, keys=keys):
        monkeypatch.setenv("MLCOMPARE_TOKEN_KEYS", ",".join(keys))
        result = CliRunner().invoke(workspaces, arguments)
        assert "xoxb" not in result.output
        return result.exit_code, result.output

    invoke.keys = keys
    return invoke


def test_workspaces_are_listed_without_their_tokens(run):
    code, said = run()
    assert code == 0
    assert "Team T1" in said
    assert "taken out" in said
    code, said = run("--json")
    first, second = json.loads(said)["workspaces"]
    assert (first["id"], first["removed_at"], first["installed_at"]) == ("T1", None, "2026-11-29T12:00:00Z")
    assert second["removed_at"] == "2026-11-29T12:00:00Z"


def test_a_new_key_can_be_used(run):
    code, said = run("new-key")
    assert code == 0
    assert TokenCipher([said.strip()])


def test_keys_are_renewed_and_it_is_told_when_the_old_one_is_not_needed(run):
    assert run("renew-keys") == (
        0,
        "1 encrypted anew. All others were already.\nThe other keys are not needed any more.\n",
    )
    assert run("renew-keys", keys=run.keys[:1])[0] == 0
    code, said = run("renew-keys", keys=run.keys[1:])
    assert code == 1
    assert "No key opens the tokens of T1" in said
    code, said = run("renew-keys", keys=[])
    assert code == 1
    assert "new-key" in said


def test_a_workspace_is_erased_when_that_is_said_twice(run):
    assert run("erase", "T1")[0] == 1
    code, said = run("erase", "T1", "--yes")
    assert (code, "Erased: T1" in said) == (0, True)
    assert [each["id"] for each in json.loads(run("--json")[1])["workspaces"]] == ["T2"]
