"""What the bot remembers, in files that no other account of the machine can read."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.notifier.queue import open_storage
from bot.store.database import open_database
from bot.store.migrate import upgrade

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")


def modes(folder):
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir() if file.name.startswith("bot")}


def fill(folder):
    """Everything that is written while the bot runs, with its files as they are then."""
    address = f"sqlite:///{folder}/bot.db"
    engines = (open_database(address), open_storage(address, 1))
    upgrade(engines[0])
    try:
        for engine in engines:
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE IF NOT EXISTS probe (x INTEGER)"))
        return modes(folder)
    finally:
        for engine in engines:
            engine.dispose()


FILES = {f"bot{engine}.db{ending}" for engine in ("", "-engine") for ending in ("", "-wal", "-shm")}


def test_the_database_and_all_beside_it_are_its_owners_alone(tmp_path):
    found = fill(tmp_path)
    assert set(found) == FILES
    assert set(found.values()) == {0o600}


def test_so_it_is_however_open_handed_the_account_is(tmp_path):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/new/bot.db", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "bot", "migrate"], env=environment, cwd=tmp_path, umask=0, check=True)
    assert modes(tmp_path / "new") == {"bot.db": 0o600}


def test_a_file_that_everybody_could_read_is_closed_to_them(tmp_path):
    fill(tmp_path)
    (tmp_path / "bot.db").chmod(0o644)
    (tmp_path / "bot-engine.db").chmod(0o666)
    assert set(fill(tmp_path).values()) == {0o600}


def test_a_group_that_was_let_in_by_hand_stays_in(tmp_path):
    fill(tmp_path)
    (tmp_path / "bot.db").chmod(0o640)
    assert fill(tmp_path)["bot.db"] == 0o640
