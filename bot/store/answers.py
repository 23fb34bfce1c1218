"""Posted lists, standups and single runs, kept for 400 days for all replicas; without a database, in memory."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, bindparam, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.comparisons import KEPT, PRUNED
from bot.store.database import single_statements, upsert
from bot.store.tables import answers
from handlers.stores import InMemoryAnswers, PostedAnswer

log = logging.getLogger(__name__)

_COLUMNS = ("id", "workspace", "channel", "thread", "message_ts", "asked_by", "at", "line")
_NEWEST = (answers.c.at.desc(), answers.c.message_ts.desc())


class StoredAnswers:
    """Answers in the database; what this process posted is also in memory, for when there is none."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = single_statements(engine)
        self._now = now
        self._put = _upsert(self._engine)
        self._own = InMemoryAnswers()
        self._mutex = threading.Lock()
        self._prunes_at = 0.0

    def remember(self, record: PostedAnswer) -> None:
        self._own.remember(record)
        values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
        shown: dict[str, Any] = {"runs": record.runs, "labels": record.labels, "experiments": record.experiments}
        values["shown"] = json.dumps(shown | ({"failed": record.failed} if record.failed else {}))
        try:
            with self._engine.begin() as connection:
                connection.execute(self._put, values)
        except (SQLAlchemyError, OSError) as error:
            log.warning("an answer is remembered only here", extra={"reason": error})
            return
        self._prune_now_and_then()

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedAnswer]:
        mine = (answers.c.workspace == workspace) & (answers.c.asked_by == user)
        found = self._read(select(answers).where(mine).order_by(*_NEWEST).limit(limit))
        return self._own.recent(workspace, user, limit=limit) if found is None else found

    def in_thread(self, channel: str, thread: str, workspace: str = "", *, limit: int = 10) -> list[PostedAnswer]:
        if not thread:
            return []
        stands = or_(answers.c.thread == thread, answers.c.message_ts == thread)
        here = (answers.c.channel == channel) & stands
        if workspace:
            here &= answers.c.workspace == workspace
        found = self._read(select(answers).where(here).order_by(*_NEWEST).limit(limit))
        return self._own.in_thread(channel, thread, workspace, limit=limit) if found is None else found

    def _read(self, wanted: Select[Any]) -> list[PostedAnswer] | None:
        """Answers that a query finds; None when the database cannot be asked."""
        try:
            with self._engine.connect() as connection:
                return [_recorded(row) for row in connection.execute(wanted)]
        except (SQLAlchemyError, OSError) as error:
            log.warning("answers cannot be read from the database", extra={"reason": error})
            return None

    def _prune_now_and_then(self) -> None:
        at = self._now().timestamp()
        with self._mutex:
            if at < self._prunes_at:
                return
            self._prunes_at = at + PRUNED
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(answers).where(answers.c.at < int(at) - KEPT))
        except (SQLAlchemyError, OSError) as error:
            log.warning("old answers could not be removed", extra={"reason": error})


def _upsert(engine: Engine) -> Any:
    """The statement that keeps one, in place of what is known by its id. Built once: each answer needs it."""
    names = (*_COLUMNS, "shown")
    statement = upsert(engine, answers).values({name: bindparam(name) for name in names})
    newest = {name: statement.excluded[name] for name in names if name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=newest)


def _recorded(row: Row[Any]) -> PostedAnswer:
    shown = json.loads(row.shown)
    lists: dict[str, Any] = {name: tuple(shown.get(name, ())) for name in ("runs", "labels", "experiments")}
    failed = tuple((run, name, place) for run, name, place in shown.get("failed", ()))
    return PostedAnswer(**{name: getattr(row, name) for name in _COLUMNS}, **lists, failed=failed)
