"""Workspaces that installed the app: the same promises in an SQLite file and in PostgreSQL."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from slack_sdk.oauth.installation_store import Bot, Installation
from sqlalchemy import event, select

from bot.store.database import installations, oauth_states
from bot.store.installations import BotTokens, StoredInstallations, StoredStates, TokenCipher, UnreadableTokens, new_key
from tests.databases import KINDS, both
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

KEY, OTHER_KEY = new_key(), new_key()
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
SOON, LATER = int(time.time()) + 600, int(time.time()) + 40_000


class Clock:
    def __init__(self):
        self.at = AT

    def __call__(self):
        return self.at


@pytest.fixture(params=KINDS)
def engine(request, both):
    return both(request.param)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(engine, clock):
    return opened(engine, clock)


def opened(engine, clock, *keys):
    return StoredInstallations(engine, TokenCipher(keys or (KEY,)), clock)


def installation(team="T1", *, token="xoxb-one", enterprise=None, org=False, **more):  # noqa: S107 -- no secret
    return Installation(
        app_id="A1",
        enterprise_id=enterprise,
        enterprise_name="Company" if enterprise else None,
        team_id=None if org else team,
        team_name=None if org else f"Team {team}",
        bot_token=token,
        bot_id="B1",
        bot_user_id=f"UBOT{team}",
        bot_scopes="chat:write,commands",
        user_id="U1",
        is_enterprise_install=org,
        installed_at=AT.timestamp(),
        **more,
    )


def test_an_installed_workspace_is_found_with_its_token_also_by_another_process(store, engine, clock):
    store.save(installation())
    for each in (store, opened(engine, clock)):
        bot = each.find_bot(enterprise_id=None, team_id="T1")
        assert (bot.bot_token, bot.bot_user_id, bot.team_id, bot.bot_scopes) == (
            "xoxb-one", "UBOTT1", "T1", ["chat:write", "commands"],
        )  # fmt: skip
        assert each.find_installation(enterprise_id=None, team_id="T1").bot_token == "xoxb-one"
    assert store.find_bot(enterprise_id=None, team_id="T2") is None
    assert store.find_installation(enterprise_id=None, team_id="T2") is None


def test_the_newest_installation_of_a_workspace_counts_and_no_other_is_touched(store):
    store.save(installation("T1"))
    store.save(installation("T2", token="xoxb-two"))
    store.save(installation("T1", token="xoxb-three"))
    assert [store.bot_of(team).bot_token for team in ("T1", "T2")] == ["xoxb-three", "xoxb-two"]
    assert [each.id for each in store.every()] == ["T1", "T2"]


def test_no_token_can_be_read_in_the_database(both, clock):
    engine = both("sqlite")
    store = opened(engine, clock)
    store.save(installation(token="xoxb-in-the-clear", bot_refresh_token="xoxe-in-the-clear", bot_token_expires_in=9))
    store.save_bot(store.bot_of("T1"))
    path = Path(engine.url.database)
    held = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert b"Team T1" in held
    assert b"in-the-clear" not in held
    assert KEY.encode() not in held


def test_an_installation_in_all_of_an_organisation_is_that_of_each_of_its_workspaces(store):
    store.save(installation(enterprise="E1", org=True, token="xoxb-org"))
    assert store.find_bot(enterprise_id="E1", team_id=None, is_enterprise_install=True).bot_token == "xoxb-org"
    assert store.find_bot(enterprise_id="E1", team_id="T7").bot_token == "xoxb-org"
    assert store.find_bot(enterprise_id="E2", team_id="T7") is None
    assert store.bot_of("E1").bot_token == "xoxb-org"
    assert store.bot_of("T7") is None, "nobody said yet of which organisation it is"
    store.note_team("T7", "E1")
    assert store.bot_of("T7").bot_token == "xoxb-org"
    assert store.teams_of("E1") == ["T7"]
    store.set_team("T7", removed_at=5)
    assert store.bot_of("T7") is None
    assert store.has_left("T7")
    assert store.find_bot(enterprise_id="E1", team_id="T7") is None
    store.note_team("T7", "E1")  # what is heard late lets nobody in again
    assert store.bot_of("T7") is None
    store.save(installation(enterprise="E1", org=True, token="xoxb-again"))
    assert store.bot_of("T7").bot_token == "xoxb-again"


def test_a_workspace_of_an_organisation_that_installed_it_for_itself_has_its_own_token(store):
    store.save(installation("T1", enterprise="E1", token="xoxb-own"))
    assert store.find_bot(enterprise_id="E1", team_id="T1").bot_token == "xoxb-own"
    assert store.find_bot(enterprise_id="E1", team_id="T2") is None
    assert store.find_bot(enterprise_id="E1", team_id=None, is_enterprise_install=True) is None


def test_removed_tokens_are_gone_at_once_and_what_is_known_beside_stays(store, engine, clock):
    store.save(installation())
    assert store.remove("T1")
    assert not store.remove("T1")
    assert store.bot_of("T1") is None
    assert store.has_left("T1")
    assert not store.has_left("T9")
    (left,) = store.every()
    assert (left.name, left.removed_at) == ("Team T1", int(AT.timestamp()))
    with engine.connect() as connection:
        assert connection.scalar(select(installations.c.sealed)) == ""
    assert store.left_before(left.removed_at) == ["T1"]
    assert store.left_before(left.removed_at - 1) == []
    store.save(installation(token="xoxb-again"))
    assert store.bot_of("T1").bot_token == "xoxb-again"
    assert store.left_before(left.removed_at) == []


def test_new_tokens_do_not_bring_back_what_was_removed(store):
    store.save(installation())
    bot = store.bot_of("T1")
    store.delete_bot(enterprise_id=None, team_id="T1")
    store.save_bot(bot)
    assert store.bot_of("T1") is None


def test_with_organisations_their_workspaces_are_left_too(store):
    store.save(installation(enterprise="E1", org=True))
    store.note_team("T7", "E1")
    assert not store.has_left("T7")
    store.remove("E1")
    assert store.has_left("T7")
    assert sorted(store.left_before(int(AT.timestamp()))) == ["E1", "T7"]


# Keys


def test_a_key_is_changed_without_anybody_installing_again(store, engine, clock):
    store.save(installation())
    both_keys = opened(engine, clock, OTHER_KEY, KEY)
    assert both_keys.bot_of("T1").bot_token == "xoxb-one"
    assert both_keys.renew_encryption() == (1, [])
    assert both_keys.renew_encryption() == (0, [])
    assert opened(engine, clock, OTHER_KEY).bot_of("T1").bot_token == "xoxb-one"
    assert opened(engine, clock, KEY).bot_of("T1") is None


def test_tokens_that_no_key_opens_are_told_of_and_not_used(store, engine, clock, caplog):
    store.save(installation())
    stranger = opened(engine, clock, OTHER_KEY)
    assert stranger.bot_of("T1") is None
    assert stranger.renew_encryption() == (0, ["T1"])
    assert "T1" in caplog.text
    assert "install the app again" in caplog.text


def test_tokens_that_were_moved_to_another_workspace_are_not_used(store, engine):
    store.save(installation("T1"))
    store.save(installation("T2", token="xoxb-two"))
    with engine.begin() as connection:
        sealed = connection.scalar(select(installations.c.sealed).where(installations.c.id == "T1"))
        connection.execute(installations.update().where(installations.c.id == "T2").values(sealed=sealed))
    assert store.bot_of("T2") is None


def test_tokens_are_not_shown_by_accident():
    cipher = TokenCipher([KEY])
    assert "secret" not in f"{BotTokens('secret', 'secret')!r} {cipher!r}"
    with pytest.raises(UnreadableTokens):
        cipher.open("T1", "none of ours")
    with pytest.raises(ValueError, match="Fernet"):
        TokenCipher(["too short"])
    assert Fernet(new_key())


# Tokens that expire


def refreshing(calls, expires_at=LATER):
    def refresh(bot):
        calls.append(bot.bot_refresh_token)
        return Bot(**{
            **bot.to_dict_for_copying(), "bot_token": f"xoxb-{len(calls)}", "bot_refresh_token": f"xoxe-{len(calls)}",
            "bot_token_expires_at": expires_at,
        })  # fmt: skip

    return refresh


def test_a_token_that_ends_soon_is_exchanged_once(store, engine, clock):
    store.save(installation(bot_refresh_token="xoxe-0", bot_token_expires_at=SOON))
    assert store.expiring(SOON + 1) == ["T1"]
    calls = []
    assert store.rotate("T1", SOON, refreshing(calls)).bot_token == "xoxb-1"
    assert opened(engine, clock).rotate("T1", SOON, refreshing(calls)).bot_token == "xoxb-1"
    assert calls == ["xoxe-0"]
    assert store.bot_of("T1").bot_refresh_token == "xoxe-1"
    assert store.expiring(SOON + 1) == []


def test_a_token_that_does_not_end_and_one_that_is_gone_are_not_exchanged(store):
    store.save(installation())
    assert store.rotate("T1", LATER, refreshing([])).bot_token == "xoxb-one"
    assert store.rotate("T9", LATER, refreshing([])) is None


def test_of_many_replicas_one_exchanges_a_token(engine, clock):
    opened(engine, clock).save(installation(bot_refresh_token="xoxe-0", bot_token_expires_at=SOON))
    stores = [opened(engine, clock) for _ in range(6)]
    calls, start = [], threading.Barrier(6)

    def rotate(store):
        start.wait(20)
        return store.rotate("T1", SOON, refreshing(calls))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(rotate, stores))
    assert calls == ["xoxe-0"]
    assert stores[0].bot_of("T1").bot_token == "xoxb-1"


def test_a_token_that_the_database_did_not_take_is_not_lost(store, engine):
    store.save(installation(bot_refresh_token="xoxe-0", bot_token_expires_at=SOON))
    failing = []

    def refuse(_connection, _cursor, statement, *_more):
        if failing and statement.startswith("UPDATE"):
            raise OSError(failing.pop())

    event.listen(engine, "before_cursor_execute", refuse)
    try:
        calls = []
        failing.append("the disk is full")
        assert store.rotate("T1", SOON, refreshing(calls)).bot_token == "xoxb-1"
        assert store.bot_of("T1").bot_token == "xoxb-1"
        assert store.rotate("T1", SOON, refreshing(calls)).bot_token == "xoxb-1"
    finally:
        event.remove(engine, "before_cursor_execute", refuse)
    assert len(calls) == 1
    assert store.expiring(SOON + 1) == []


# Installs that are under way


def test_a_state_is_good_once_and_in_time_and_the_table_gives_none_away(engine, clock):
    states = StoredStates(engine, clock, seconds=600)
    first, second, third = (states.issue() for _ in range(3))
    assert len({first, second, third}) == 3
    assert [states.consume(first), states.consume(first), states.consume("forged")] == [True, False, False]
    with engine.connect() as connection:
        kept = " ".join(connection.scalars(select(oauth_states.c.digest)))
    assert second not in kept
    assert not states.consume(kept.partition(" ")[0])
    assert StoredStates(engine, clock, seconds=600).consume(second), "another replica"
    clock.at += timedelta(seconds=601)
    assert not states.consume(third)
    states.issue()
    with engine.connect() as connection:
        assert len(connection.scalars(select(oauth_states.c.digest)).all()) == 1, "those that are over are removed"
