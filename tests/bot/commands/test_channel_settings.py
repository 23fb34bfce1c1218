"""`mlcompare settings`: what channels agreed on, and who changed it, for whoever runs the bot."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.store.channel_defaults import StoredDefaults
from bot.store.database import open_database
from bot.store.migrate import upgrade
from comparison.channel_defaults import ChannelSetting


@pytest.fixture
def kept(tmp_path, monkeypatch):
    address = f"sqlite:///{tmp_path}/state.db"
    monkeypatch.setenv("DATABASE_URL", address)
    engine = open_database(address)
    upgrade(engine)
    yield StoredDefaults(engine)
    engine.dispose()


def said(*words):
    result = CliRunner().invoke(main, ["settings", *words])
    assert result.exit_code == 0, result.output
    return result.output


def fill(kept):
    kept.change("T1", "C1", [ChannelSetting("metric", "val_auc", by="U1", at=1_795_000_000)])
    kept.change("T1", "C1", [ChannelSetting("metric", "f1\x1b[2J", by="U2", at=1_795_000_060)])
    kept.change("T1", "C2", [ChannelSetting("goal", "lower", "cost", "U1", 1_795_000_120)])
    kept.change("T1", "C2", [ChannelSetting("pinned", "", by="U1", at=1_795_000_180)])


def test_what_is_set_is_listed_with_who_set_it(kept):
    assert said() == "Nothing is set in any channel. `/mlcompare settings` in a channel of Slack says how.\n"
    fill(kept)
    lines = [line.split() for line in said().splitlines()]
    assert lines[2:] == [
        ["C1", "metric", "f1[2J", "2026-11-18", "11:07", "U2"],
        ["C2", "goal", "of", "cost", "lower", "2026-11-18", "11:08", "U1"],
    ]
    assert "C1" not in said("--channel", "C2")


def test_who_changed_what_and_when_is_listed_the_last_first(kept):
    assert said("--changes", "-c", "C9") == "Nothing was ever set in C9.\n"
    fill(kept)
    lines = [line.split() for line in said("--changes").splitlines()]
    assert lines[2:] == [
        ["2026-11-18", "11:09", "C2", "U1", "pinned", "–", "–"],
        ["2026-11-18", "11:08", "C2", "U1", "goal", "of", "cost", "–", "lower"],
        ["2026-11-18", "11:07", "C1", "U2", "metric", "val_auc", "f1[2J"],
        ["2026-11-18", "11:06", "C1", "U1", "metric", "–", "val_auc"],
    ]
    assert len(said("--changes", "--limit", "1").splitlines()) == 3


def test_programs_get_one_document(kept):
    fill(kept)
    settings = json.loads(said("--json"))
    assert settings["version"] == 1
    assert settings["settings"][1] == {
        "workspace": "T1",
        "channel": "C2",
        "what": "goal",
        "metric": "cost",
        "value": "lower",
        "by": "U1",
        "at": "2026-11-18T11:08:40Z",
    }
    changes = json.loads(said("--changes", "--json"))["changes"]
    assert changes[2]["after"] == "f1\x1b[2J"
    assert set(changes[0]) == {"workspace", "channel", "by", "at", "what", "metric", "before", "after"}
