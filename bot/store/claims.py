"""Who answers what: a delivery is worked on once, on all replicas, for a day; without a database, on this one."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from cachetools import FIFOCache
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import capabilities, claims, upsert

log = logging.getLogger(__name__)

DAY = 24 * 3600
REST = 5  # seconds a database that failed is left alone
MAX_REMEMBERED_KEYS = 50_000  # keys also kept in memory
MAX_KEY_CHARS = 255  # characters of a key


def stored(key: str) -> str:
    """The key as the database has room for it."""
    return key if len(key) <= MAX_KEY_CHARS else sha256(key.encode()).hexdigest()


class StoredClaims:
    """Claims in the database. While it is down they are kept in memory, so that people are still answered."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._mutex = threading.Lock()
        self._seen: FIFOCache[str, None] = FIFOCache(MAX_REMEMBERED_KEYS)
        self._rests_until = 0.0
        self._is_down = False
        self._prunes_at = 0.0

    def claim(self, key: str) -> bool:
        """True the first time a key is claimed, False ever after (a day)."""
        name = stored(key)
        if not self._take_here(name):
            return False
        at = self._now().timestamp()
        if at < self._rests_until:
            return True
        try:
            won = self._take_in_database(name, int(at))
        except (SQLAlchemyError, OSError) as error:
            self._rest(at, error)
            return True
        self._recovered()
        self._prune_now_and_then(at)
        return won

    def claim_again(self, key: str, seconds: int) -> bool:
        """True where a key was not claimed within so many seconds, a day at most; from then on it is."""
        name, at = stored(key), self._now().timestamp()
        if at >= self._rests_until:
            fresh = upsert(self._engine, claims).values(key=name, claimed_at=int(at))
            statement = fresh.on_conflict_do_update(
                index_elements=["key"],
                set_={"claimed_at": fresh.excluded.claimed_at},
                where=claims.c.claimed_at <= int(at) - seconds,
            )
            try:
                with self._engine.begin() as connection:
                    won = bool(connection.execute(statement).rowcount)
            except (SQLAlchemyError, OSError) as error:
                self._rest(at, error)
            else:
                self._recovered()
                self._prune_now_and_then(at)
                return won
        return self._take_here(f"{name}:{int(at // seconds)}")

    def _take_here(self, name: str) -> bool:
        with self._mutex:
            if name in self._seen:
                return False
            self._seen[name] = None
            return True

    def _take_in_database(self, name: str, at: int) -> bool:
        statement = upsert(self._engine, claims).values(key=name, claimed_at=at).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            return bool(connection.execute(statement).rowcount)

    def _rest(self, at: float, error: Exception) -> None:
        with self._mutex:
            self._rests_until = at + REST
            first, self._is_down = not self._is_down, True
        if first:
            log.error("claims cannot be stored; they are kept in memory until they can be", extra={"reason": error})

    def _recovered(self) -> None:
        if self._is_down:
            self._is_down = False
            log.warning("claims are stored again")

    def _prune_now_and_then(self, at: float) -> None:
        with self._mutex:
            if at < self._prunes_at:
                return
            self._prunes_at = at + DAY / 24
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(claims).where(claims.c.claimed_at < int(at) - DAY))
        except SQLAlchemyError as error:
            log.warning("old claims could not be removed", extra={"reason": error})


# Which blocks a workspace takes, learned by being refused; forgotten after minutes, to try anew.


KEPT = 300  # seconds: long enough to spare a call a message, short enough to be whole again soon
FRESH = 60  # seconds an answer of the database is used before it is asked again


class StoredCapabilities:
    """Rungs in the database, with a minute's memory; without a database, in memory alone."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._mutex = threading.Lock()
        self._known: dict[str, tuple[int, float, float]] = {}  # team: (rung, until, ask again at)

    def rung(self, workspace: str) -> int:
        """The rung to start from: 0 is everything."""
        at = self._now().timestamp()
        rung, until, ask_at = self._known.get(workspace, (0, 0.0, 0.0))
        if at >= ask_at:
            rung, until = self._read(workspace, (rung, until))
            with self._mutex:
                self._known[workspace] = (rung, until, at + FRESH)
        return rung if at < until else 0

    def remember(self, workspace: str, rung: int) -> None:
        at = self._now().timestamp()
        with self._mutex:
            self._known[workspace] = (rung, at + KEPT, at + FRESH)
        statement = upsert(self._engine, capabilities).values(team=workspace, rung=rung, until=int(at) + KEPT)
        newest = {"rung": statement.excluded.rung, "until": statement.excluded.until}
        try:
            with self._engine.begin() as connection:
                connection.execute(statement.on_conflict_do_update(index_elements=["team"], set_=newest))
        except (SQLAlchemyError, OSError) as error:
            log.warning("what the workspace can draw is remembered only here", extra={"reason": error})

    def forget(self) -> None:
        """Every workspace starts from everything again; other processes notice within a minute."""
        with self._mutex:
            self._known.clear()
        with self._engine.begin() as connection:
            connection.execute(delete(capabilities))

    def _read(self, workspace: str, known: tuple[int, float]) -> tuple[int, float]:
        wanted = select(capabilities.c.rung, capabilities.c.until).where(capabilities.c.team == workspace)
        try:
            with self._engine.connect() as connection:
                row = connection.execute(wanted).first()
        except (SQLAlchemyError, OSError):
            return known
        return (row.rung, float(row.until)) if row else (0, 0.0)
