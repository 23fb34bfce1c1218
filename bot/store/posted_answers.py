"""What was posted and can be talked about: comparisons and other answers, kept for 400 days for all replicas."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Engine, Row, Table, bindparam, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import answers, comparisons, single_statements, upsert
from handlers.stores import InMemoryPosted, PostedAnswer, PostedComparison

log = logging.getLogger(__name__)

KEPT = 400 * 24 * 3600
PRUNED = 24 * 3600  # seconds between looking for old ones
_SHARED = ("id", "workspace", "channel", "thread", "message_ts", "asked_by", "at")  # columns of all that is posted
Record = TypeVar("Record", bound=PostedAnswer | PostedComparison)


class PostedTable(Generic[Record]):
    """Rows with an id, a channel, a thread and a time. Nothing is raised.

    What this process posted is also in memory, for when there is no database. `noun` is what one of them is called in
    the log; `as_row` makes a row of one, `from_row` one of a row.
    """

    def __init__(  # noqa: PLR0913 -- what the kinds differ in, each by its name
        self,
        engine: Engine,
        now: Callable[[], datetime],
        *,
        table: Table,
        noun: str,
        as_row: Callable[[Record], Mapping[str, Any]],
        from_row: Callable[[Row[Any]], Record],
    ) -> None:
        self._engine = single_statements(engine)
        self._now = now
        self._table = table
        self._noun = noun
        self._as_row, self._from_row = as_row, from_row
        self._own = InMemoryPosted[Record]()
        self._put = _upsert(self._engine, table)
        self._mutex = threading.Lock()
        self._prunes_at = 0.0

    def remember(self, record: Record) -> None:
        """Keeps it in place of what is known by its id, and removes old ones now and then."""
        self._own.remember(record)
        try:
            with self._engine.begin() as connection:
                connection.execute(self._put, self._as_row(record))
        except (SQLAlchemyError, OSError) as error:
            log.warning("%s is remembered only here", self._noun, extra={"reason": error})
            return
        self._prune_now_and_then()

    def get(self, record_id: str) -> Record | None:
        found = self._read(self._table.c.id == record_id, 1)
        return self._own.get(record_id) if found is None else next(iter(found), None)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[Record]:
        """What this person asked, the newest first."""
        found = self._read((self._table.c.workspace == workspace) & (self._table.c.asked_by == user), limit)
        return self._own.recent(workspace, user, limit=limit) if found is None else found

    def newest_in_thread(self, channel: str, thread: str, workspace: str, *, limit: int) -> list[Record]:
        """What stands in this thread, or is the message it hangs from, the newest first; "" for any workspace."""
        if not thread:
            return []
        columns = self._table.c
        here = (columns.channel == channel) & or_(columns.thread == thread, columns.message_ts == thread)
        found = self._read(here & (columns.workspace == workspace) if workspace else here, limit)
        return self._own.all_in_thread(channel, thread, workspace)[:limit] if found is None else found

    def _read(self, condition: ColumnElement[bool], limit: int) -> list[Record] | None:
        """None when the database cannot be asked."""
        newest = (self._table.c.at.desc(), self._table.c.message_ts.desc())
        try:
            with self._engine.connect() as connection:
                found = connection.execute(select(self._table).where(condition).order_by(*newest).limit(limit))
                return [self._from_row(row) for row in found]
        except (SQLAlchemyError, OSError) as error:
            log.warning("%s cannot be read from the database", self._table.name, extra={"reason": error})
            return None

    def _prune_now_and_then(self) -> None:
        at = self._now().timestamp()
        with self._mutex:
            if at < self._prunes_at:
                return
            self._prunes_at = at + PRUNED
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(self._table).where(self._table.c.at < int(at) - KEPT))
        except (SQLAlchemyError, OSError) as error:
            log.warning("old %s could not be removed", self._table.name, extra={"reason": error})


def _upsert(engine: Engine, table: Table) -> Any:
    """The statement that keeps one. Built once: each message needs it."""
    names = [column.name for column in table.columns]
    statement = upsert(engine, table).values({name: bindparam(name) for name in names})
    newest = {name: statement.excluded[name] for name in names if name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=newest)


# Comparisons.


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


class StoredComparisons(PostedTable[PostedComparison]):
    """Comparisons in the database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(
            engine, now, table=comparisons, noun="a comparison", as_row=_comparison_row, from_row=_comparison
        )

    def in_thread(self, channel: str, thread: str, workspace: str = "") -> PostedComparison | None:
        return next(iter(self.newest_in_thread(channel, thread, workspace, limit=1)), None)


def _comparison_row(record: PostedComparison) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in _SHARED}
    content = {name: getattr(record, name) for name in _TOLD}
    later = {name: getattr(record, name) for name in _LATER}  # replicas of an older version do not know them
    content |= {name: value for name, value in later.items() if value != _LATER[name]}
    return values | {"told": json.dumps(content)}


_LISTS = ("runs", "labels", "metrics", "without_metrics", "without_parameters")


def _comparison(row: Row[Any]) -> PostedComparison:
    content = json.loads(row.told)
    known = {name: content[name] for name in (*_TOLD, *_LATER) if name in content}
    lists = {name: tuple(content.get(name, ())) for name in _LISTS}
    return PostedComparison(**{name: getattr(row, name) for name in _SHARED}, **{**known, **lists})


# Lists, standups and single runs.


class StoredAnswers(PostedTable[PostedAnswer]):
    """Answers in the database."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        super().__init__(engine, now, table=answers, noun="an answer", as_row=_answer_row, from_row=_answer)

    def in_thread(self, channel: str, thread: str, workspace: str = "", *, limit: int = 10) -> list[PostedAnswer]:
        return self.newest_in_thread(channel, thread, workspace, limit=limit)


def _answer_row(record: PostedAnswer) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in (*_SHARED, "line")}
    shown: dict[str, Any] = {"runs": record.runs, "labels": record.labels, "experiments": record.experiments}
    return values | {"shown": json.dumps(shown | ({"failed": record.failed} if record.failed else {}))}


def _answer(row: Row[Any]) -> PostedAnswer:
    shown = json.loads(row.shown)
    lists: dict[str, Any] = {name: tuple(shown.get(name, ())) for name in ("runs", "labels", "experiments")}
    failed = tuple((run, name, place) for run, name, place in shown.get("failed", ()))
    return PostedAnswer(**{name: getattr(row, name) for name in (*_SHARED, "line")}, **lists, failed=failed)
