"""Which blocks a workspace takes, learned by being refused; forgotten after six hours, to try anew."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from bot.state.database import upsert
from bot.state.tables import capabilities

log = logging.getLogger(__name__)

KEPT = 6 * 3600
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

    def _read(self, workspace: str, known: tuple[int, float]) -> tuple[int, float]:
        wanted = select(capabilities.c.rung, capabilities.c.until).where(capabilities.c.team == workspace)
        try:
            with self._engine.connect() as connection:
                row = connection.execute(wanted).first()
        except (SQLAlchemyError, OSError):
            return known
        return (row.rung, float(row.until)) if row else (0, 0.0)
