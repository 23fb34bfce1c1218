"""`mlcompare watches` and `mlcompare deliveries`, as they are typed."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from inline_snapshot import snapshot
from sqlalchemy import text

from bot.cli import main
from bot.commands.listing import draw_listing
from bot.notifier.outbox import PostedState, RunEnd, id_of
from bot.store.database import open_database
from bot.store.migrate import _config, newest
from bot.store.outbox import StoredOutbox
from bot.store.watches import StoredWatches
from comparison.notifications.message import MessageKind, WantedMessage
from handlers.stores import StoredWatch
from tests.databases import KINDS, both
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

AT = 1_795_426_200  # 2026-11-23 09:30 UTC
NOW = AT * 1000
MORNING = 4_102_444_800_000  # 2100-01-01
FRAUD = StoredWatch(
    "1f0c52b7a94e3d68", "T1", "C024BE91L", "fraud, only failures, against best", "U061F7AUR", AT - 86400.5
)


@pytest.fixture
def run(both, monkeypatch):
    """Runs the command line on an empty database and gives what it says; the exit code is 0 where none is named."""
    engine = both("sqlite")
    monkeypatch.setenv("DATABASE_URL", str(engine.url))

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    run.watches, run.outbox, run.engine = StoredWatches(engine), StoredOutbox(engine), engine
    return run


def announcement(key, kind=MessageKind.RUN, runs=("4f2a1c9e77aa",), **changes):
    told = {"watch_ids": (FRAUD.id,), "experiment_ids": ("3",)} | changes
    return WantedMessage(key, kind, "T1", "C024BE91L", tuple(runs), **told)


def send(outbox, key, kind=MessageKind.RUN, runs=("4f2a1c9e77aa",), at=NOW, **changes):
    outbox.announce([announcement(key, kind, runs, **changes)], at)
    return id_of(key)


def post(outbox, message_id, at=NOW):
    outbox.begin(message_id, at)
    outbox.record_posted(message_id, PostedState(outbox.get(message_id).revision, "1795426200.000100"), at)


def test_nothing_watched_and_nothing_sent_is_said_in_a_sentence(run):
    assert run("watches") == snapshot(
        "Nothing is watched in any channel. `/mlcompare watch <experiment>` in a channel of Slack begins it.\n"
    )
    assert run("watches", "--channel", "C9").startswith("Nothing is watched in C9.")
    assert run("watches", "--changes") == "No watch was ever set up or changed in any channel.\n"
    assert run("deliveries") == "Nothing was sent, and nothing waits.\n"
    assert run("deliveries", "--failed") == "No message failed.\n"
    assert run("deliveries", "--waiting") == "No message waits.\n"
    assert run("deliveries", "--retry-failed") == "No message failed; there is nothing to try again.\n"


def test_watches_are_listed_by_channel_with_when_they_were_last_heard_of(run):
    digest = replace(FRAUD, id="w2", words="weekdays 9:30 Europe/Berlin", is_digest=True, created_by="")
    paused = replace(FRAUD, id="w3", channel="C9", words="churn-* where tags.team = 'risk', when accuracy drops by 2 %")
    for each in (paused, digest, FRAUD):
        run.watches.add(each)
    run.watches.pause("w3", by="", at=AT, why="the channel is archived")
    post(run.outbox, send(run.outbox, "run:1"))
    assert run("watches") == snapshot("""\
id                channel    what                  since, by    last message    state
----------------  ---------  --------------------  -----------  --------------  -------------------
1f0c52b7a94e3d68  C024BE91L  fraud, only           2026-11-22   2026-11-23      on
                             failures, against     U061F7AUR    09:30
                             best
w2                C024BE91L  digest weekdays 9:30  2026-11-22   –               on
                             Europe/Berlin         mlcompare
w3                C9         churn-* where         2026-11-22   –               paused: the channel
                             tags.team = 'risk',   U061F7AUR                    is archived
                             when accuracy drops
                             by 2 %
""")
    assert "C024BE91L" not in run("watches", "--channel", "C9")


def test_watches_are_told_to_programs(run):
    run.watches.add(replace(FRAUD, past=("a",), is_primed=True))
    run.watches.pause(FRAUD.id, by="U2", at=AT)
    post(run.outbox, send(run.outbox, "run:1"))
    assert json.loads(run("watches", "--json")) == snapshot(
        {
            "version": 1,
            "watches": [
                {
                    "id": "1f0c52b7a94e3d68",
                    "workspace": "T1",
                    "channel": "C024BE91L",
                    "words": "fraud, only failures, against best",
                    "created_by": "U061F7AUR",
                    "created_at": "2026-11-22T09:29:59Z",
                    "is_digest": False,
                    "paused_at": "2026-11-23T09:30:00Z",
                    "paused_by": "U2",
                    "paused_why": "",
                    "experiment_id": "",
                    "gone_at": None,
                    "last_posted_at": "2026-11-23T09:30:00Z",
                }
            ],
        }
    )
    assert json.loads(run("watches", "--channel", "C9", "--json")) == {"version": 1, "watches": []}


def test_changes_of_watches_are_listed_the_last_first(run):
    run.watches.add(FRAUD)
    run.watches.edit(FRAUD.id, "fraud", by="U2", at=AT)
    run.watches.pause(FRAUD.id, by="", at=AT + 60, why="I am not in the channel")
    assert run("watches", "--changes", "--limit", "2") == snapshot("""\
when (UTC)        channel    by         what              before             after
----------------  ---------  ---------  ----------------  -----------------  ---------------
2026-11-23 09:31  C024BE91L  mlcompare  paused                               I am not in the
                                        1f0c52b7a94e3d68                     channel
2026-11-23 09:30  C024BE91L  U2         edited            fraud, only        fraud
                                        1f0c52b7a94e3d68  failures, against
                                                          best
""")
    told = json.loads(run("watches", "--changes", "--json", "--limit", "1"))
    assert told == snapshot(
        {
            "version": 1,
            "changes": [
                {
                    "watch_id": "1f0c52b7a94e3d68",
                    "workspace": "T1",
                    "channel": "C024BE91L",
                    "by": "",
                    "at": "2026-11-23T09:31:00Z",
                    "what": "paused",
                    "before": "",
                    "after": "I am not in the channel",
                }
            ],
        }
    )


def test_deliveries_tell_what_was_sent_what_waits_and_why(run):
    outbox, runs = run.outbox, [f"{number:032x}" for number in range(12)]
    post(outbox, send(outbox, "run:1", at=NOW - 9_000))
    send(outbox, "burst:1", MessageKind.BURST, runs, at=NOW - 8_000, not_before=MORNING)
    outbox.put_off(send(outbox, "sweep:1", MessageKind.SWEEP, runs[:1], at=NOW - 7_000), "Slack asks to wait 30 s")
    outbox.begin(send(outbox, "best:1", MessageKind.BEST, at=NOW - 6_000), NOW)
    outbox.drop(send(outbox, "run:2", at=NOW - 5_000), 1, "no watch wanted it: it did not fail")
    outbox.fail(
        send(outbox, "dead:1", MessageKind.DEAD, at=NOW - 4_000, about="17"), 1, "the channel is\narchived \x1b[31m"
    )
    send(outbox, "digest:1", MessageKind.DIGEST, (), at=NOW - 3_000, about="2026-11-23")
    send(outbox, "notice:1", MessageKind.NOTICE, (), at=NOW - 2_000, about="Your watch is paused")
    outbox.touch({"4f2a1c9e77aa": RunEnd("FAILED", NOW)}, NOW)
    said = run("deliveries")
    assert max(map(len, said.splitlines())) <= 100
    assert said == snapshot("""\
id                when (UTC)    channel    what                 state, tries    why
----------------  ------------  ---------  -------------------  --------------  -------------------
d703f061f6341c5d  2026-11-23    C024BE91L  notice to the owner  waiting         not tried yet
                  09:29                    of a watch
e42c85396fd02bd8  2026-11-23    C024BE91L  digest of            waiting         not tried yet
                  09:29                    2026-11-23
e6481757754daf62  2026-11-23    C024BE91L  run 4f2a1c9e seems   failed          the channel is
                  09:29                    dead                                 archived [31m
c540a3e68903f45b  2026-11-23    C024BE91L  run 4f2a1c9e         dropped         no watch wanted it:
                  09:29                                                         it did not fail
035a77e022eec72c  2026-11-23    C024BE91L  new best, run        waiting         it is being posted
                  09:29                    4f2a1c9e             1 try
9af2faaf552b9d5e  2026-11-23    C024BE91L  sweep of 1 run       waiting         Slack asks to wait
                  09:29                                         1 try           30 s
f4867b4664f8ed53  2026-11-23    C024BE91L  burst of 12 runs     waiting         not before
                  09:29                                                         2100-01-01 00:00
325fb97585f5a4f2  2026-11-23    C024BE91L  run 4f2a1c9e         to be edited    not tried yet
                  09:30
""")
    assert run("deliveries", "--failed").count("failed") == 1
    assert run("deliveries", "--waiting").count("C024BE91L") == 6


def test_the_last_deliveries_are_listed_and_that_there_may_be_more(run):
    for number in range(3):
        send(run.outbox, f"run:{number}", at=NOW + number)
    said = run("deliveries", "--limit", "2")
    assert said.endswith("These are the last 2; --limit shows more.\n")
    assert id_of("run:2") in said
    assert id_of("run:0") not in said
    assert "--limit" not in run("deliveries", "--limit", "3")


def test_deliveries_are_told_to_programs(run):
    post(run.outbox, send(run.outbox, "run:1", not_before=NOW))
    assert json.loads(run("deliveries", "--json")) == snapshot(
        {
            "version": 1,
            "deliveries": [
                {
                    "id": "325fb97585f5a4f2",
                    "kind": "run",
                    "workspace": "T1",
                    "channel": "C024BE91L",
                    "run_ids": ["4f2a1c9e77aa"],
                    "watch_ids": ["1f0c52b7a94e3d68"],
                    "experiment_ids": ["3"],
                    "about": "",
                    "state": "posted",
                    "revision": 1,
                    "told": 1,
                    "created_at": "2026-11-23T09:30:00Z",
                    "not_before": "2026-11-23T09:30:00Z",
                    "joined_at": "2026-11-23T09:30:00Z",
                    "is_final": False,
                    "begun_at": None,
                    "unconfirmed": 0,
                    "posted_at": "2026-11-23T09:30:00Z",
                    "ts": "1795426200.000100",
                    "tries": 1,
                    "problem": "",
                    "key": "run:1",
                }
            ],
        }
    )
    assert json.loads(run("deliveries", "--failed", "--json")) == {"version": 1, "deliveries": []}


def test_failed_deliveries_are_tried_again_when_that_is_asked_for(run):
    ids = [send(run.outbox, f"run:{number}") for number in range(4)]
    for each in ids[:3]:
        run.outbox.fail(each, 1, "the channel is archived")
    assert run("deliveries", "--retry", ids[0]) == "1 message is tried again as soon as the bot looks, if it runs.\n"
    assert run.outbox.get(ids[0]).state == "waiting"
    assert run("deliveries", "--retry-failed").startswith("2 messages are tried again")
    assert json.loads(run("deliveries", "--retry-failed", "--json")) == {"version": 1, "retried": 0}
    assert run("deliveries", "--failed") == "No message failed.\n"


def test_what_did_not_fail_is_not_tried_again_and_nothing_else_is(run):
    failed, posted = send(run.outbox, "run:1"), send(run.outbox, "run:2")
    run.outbox.fail(failed, 1, "archived")
    post(run.outbox, posted)
    said = run("deliveries", "--retry", failed, "--retry", posted, code=1)
    assert said == f"Error: Message {posted} did not fail: it is posted. Nothing was changed.\n"
    assert "There is no message x" in run("deliveries", "--retry", failed, "--retry", "x", code=1)
    assert "give one of them" in run("deliveries", "--retry", failed, "--retry-failed", code=2)
    assert run.outbox.get(failed).state == "failed"


@pytest.mark.parametrize("command", ["watches", "deliveries"])
def test_a_database_that_is_not_there_is_not_made(run, command, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    said = run(command, code=1)
    assert f"No bot has run here yet ({tmp_path}/none.db). Set DATABASE_URL, or start `mlcompare serve`." in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_of_the_release_before_is_not_read(run, kind, both, monkeypatch):
    engine = both(kind)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    said = run("watches", code=1)
    assert (
        said == f"Error: The database is at version 0004, this mlcompare needs {newest()}: run `mlcompare migrate`.\n"
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert run("watches").startswith("Nothing is watched")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": newest()})


def test_a_database_that_cannot_be_read_is_said_without_its_password(run, tmp_path, monkeypatch):
    (tmp_path / "broken.db").write_text("this is no database, however long one reads in it " * 20)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/broken.db")
    assert run("deliveries", code=1) == "Error: The database cannot be read: file is not a database\n"
    open_database(f"sqlite:///{tmp_path}/empty.db").connect().close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    assert "The database is empty" in run("watches", code=1)
    monkeypatch.setenv("DATABASE_URL", "postgres://user:hunter22@127.0.0.1:9/d")
    said = run("deliveries", code=1)
    assert "The database cannot be read" in said
    assert "hunter22" not in said
    monkeypatch.setenv("DATABASE_URL", "mongodb://user:hunter22@h/d")
    assert "DATABASE_URL looks wrong" in run("watches", code=1)


def test_the_version_that_is_needed_is_the_one_that_migrating_makes():
    assert newest() == ScriptDirectory.from_config(_config()).get_current_head()


def test_sentences_share_the_room_that_the_other_columns_leave():
    drawn = draw_listing(("id", "a", "b"), [["x" * 40, "few words", "many words " * 20]], (1, 2))
    assert max(map(len, drawn.splitlines())) <= 100
    assert "few words" in drawn


QUICKLY = """
import sys
from bot.cli import main
for command in ("watches", "deliveries"):
    main([command], standalone_mode=False)
print(*sys.modules)
"""


def test_the_lists_are_quick_and_load_nothing_they_do_not_need(run):
    run.watches.add(FRAUD)
    send(run.outbox, "run:1")
    said = subprocess.run([sys.executable, "-c", QUICKLY], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.split(".")[0] for name in said.stdout.split()}
    assert {"sqlalchemy", "tabulate"} <= loaded
    assert not loaded & {"mlflow", "dbos", "slack_sdk", "slack_bolt", "pandas", "numpy", "alembic"}
