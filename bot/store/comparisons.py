"""Posted comparisons, kept for 400 days for all replicas; without a database, in memory for this one."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, bindparam, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import single_statements, upsert
from bot.store.tables import comparisons
from handlers.stores import InMemoryComparisons, PostedComparison

log = logging.getLogger(__name__)

KEPT = 400 * 24 * 3600
PRUNED = 24 * 3600  # seconds between looking for old ones
_COLUMNS = ("id", "workspace", "channel", "thread", "message_ts", "asked_by", "at")
_TOLD = ("runs", "labels", "experiment", "metrics", "everything", "best", "at_step", "differing")
_LATER = {  # written only where they are said
    "tolerance": None,
    "only_metrics": False,
    "without_metrics": (),
    "without_parameters": (),
    "goal": "",
    "margin": None,
    "by_change": False,
}


class StoredComparisons:
    """Comparisons in the database; what this process posted is also in memory, for when there is none."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = single_statements(engine)
        self._now = now
        self._put = _putting(self._engine)
        self._own = InMemoryComparisons()
        self._mutex = threading.Lock()
        self._prunes_at = 0.0

    def remember(self, record: PostedComparison) -> None:
        self._own.remember(record)
        values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
        content = {name: getattr(record, name) for name in _TOLD}
        later = {name: getattr(record, name) for name in _LATER}  # replicas of an older version do not know them
        content |= {name: value for name, value in later.items() if value != _LATER[name]}
        values["told"] = json.dumps(content)
        try:
            with self._engine.begin() as connection:
                connection.execute(self._put, values)
        except (SQLAlchemyError, OSError) as error:
            log.warning("a comparison is remembered only here", extra={"reason": error})
            return
        self._prune_now_and_then()

    def get(self, record_id: str) -> PostedComparison | None:
        found = self._read(select(comparisons).where(comparisons.c.id == record_id))
        return self._own.get(record_id) if found is None else next(iter(found), None)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedComparison]:
        mine = (comparisons.c.workspace == workspace) & (comparisons.c.asked_by == user)
        found = self._read(select(comparisons).where(mine).order_by(*_NEWEST).limit(limit))
        return self._own.recent(workspace, user, limit=limit) if found is None else found

    def in_thread(self, channel: str, thread: str, workspace: str = "") -> PostedComparison | None:
        if not thread:
            return None
        stands = or_(comparisons.c.thread == thread, comparisons.c.message_ts == thread)
        here = (comparisons.c.channel == channel) & stands
        if workspace:
            here &= comparisons.c.workspace == workspace
        wanted = select(comparisons).where(here).order_by(*_NEWEST).limit(1)
        found = self._read(wanted)
        return self._own.in_thread(channel, thread, workspace) if found is None else next(iter(found), None)

    def _read(self, wanted: Select[Any]) -> list[PostedComparison] | None:
        """Comparisons that a query finds; None when the database cannot be asked."""
        try:
            with self._engine.connect() as connection:
                return [_recorded(row) for row in connection.execute(wanted)]
        except (SQLAlchemyError, OSError) as error:
            log.warning("comparisons cannot be read from the database", extra={"reason": error})
            return None

    def _prune_now_and_then(self) -> None:
        at = self._now().timestamp()
        with self._mutex:
            if at < self._prunes_at:
                return
            self._prunes_at = at + PRUNED
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(comparisons).where(comparisons.c.at < int(at) - KEPT))
        except (SQLAlchemyError, OSError) as error:
            log.warning("old comparisons could not be removed", extra={"reason": error})


def _putting(engine: Engine) -> Any:
    """The statement that keeps one, instead of what is known by its id. Built once: each message needs it."""
    names = (*_COLUMNS, "told")
    statement = upsert(engine, comparisons).values({name: bindparam(name) for name in names})
    newest = {name: statement.excluded[name] for name in names if name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=newest)


_NEWEST = (comparisons.c.at.desc(), comparisons.c.message_ts.desc())


_LISTS = ("runs", "labels", "metrics", "without_metrics", "without_parameters")


def _recorded(row: Row[Any]) -> PostedComparison:
    content = json.loads(row.told)
    known = {name: content[name] for name in (*_TOLD, *_LATER) if name in content}
    lists = {name: tuple(content.get(name, ())) for name in _LISTS}
    return PostedComparison(**{name: getattr(row, name) for name in _COLUMNS}, **{**known, **lists})
