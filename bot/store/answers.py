"""Posted lists, standups and single runs, kept for 400 days for all replicas; without a database, in memory."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from bot.store.posted import PostedTable
from bot.store.tables import answers
from handlers.stores import InMemoryAnswers, PostedAnswer

_COLUMNS = ("id", "workspace", "channel", "thread", "message_ts", "asked_by", "at", "line")


class StoredAnswers:
    """Answers in the database; what this process posted is also in memory, for when there is none."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._kept = PostedTable(engine, now, table=answers, noun="an answer", recorded=_recorded)
        self._own = InMemoryAnswers()

    def remember(self, record: PostedAnswer) -> None:
        self._own.remember(record)
        values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
        shown: dict[str, Any] = {"runs": record.runs, "labels": record.labels, "experiments": record.experiments}
        values["shown"] = json.dumps(shown | ({"failed": record.failed} if record.failed else {}))
        self._kept.put(values)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedAnswer]:
        found = self._kept.recent(workspace, user, limit=limit)
        return self._own.recent(workspace, user, limit=limit) if found is None else found

    def in_thread(self, channel: str, thread: str, workspace: str = "", *, limit: int = 10) -> list[PostedAnswer]:
        if not thread:
            return []
        found = self._kept.in_thread(channel, thread, workspace, limit=limit)
        return self._own.in_thread(channel, thread, workspace, limit=limit) if found is None else found


def _recorded(row: Row[Any]) -> PostedAnswer:
    shown = json.loads(row.shown)
    lists: dict[str, Any] = {name: tuple(shown.get(name, ())) for name in ("runs", "labels", "experiments")}
    failed = tuple((run, name, place) for run, name, place in shown.get("failed", ()))
    return PostedAnswer(**{name: getattr(row, name) for name in _COLUMNS}, **lists, failed=failed)
