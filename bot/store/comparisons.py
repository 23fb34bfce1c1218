"""Posted comparisons, kept for 400 days for all replicas; without a database, in memory for this one."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from bot.store.posted import PostedTable
from bot.store.tables import comparisons
from handlers.stores import InMemoryComparisons, PostedComparison

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
        self._kept = PostedTable(engine, now, table=comparisons, noun="a comparison", recorded=_recorded)
        self._own = InMemoryComparisons()

    def remember(self, record: PostedComparison) -> None:
        self._own.remember(record)
        values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
        content = {name: getattr(record, name) for name in _TOLD}
        later = {name: getattr(record, name) for name in _LATER}  # replicas of an older version do not know them
        content |= {name: value for name, value in later.items() if value != _LATER[name]}
        values["told"] = json.dumps(content)
        self._kept.put(values)

    def get(self, record_id: str) -> PostedComparison | None:
        found = self._kept.get(record_id)
        return self._own.get(record_id) if found is None else next(iter(found), None)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedComparison]:
        found = self._kept.recent(workspace, user, limit=limit)
        return self._own.recent(workspace, user, limit=limit) if found is None else found

    def in_thread(self, channel: str, thread: str, workspace: str = "") -> PostedComparison | None:
        if not thread:
            return None
        found = self._kept.in_thread(channel, thread, workspace, limit=1)
        return self._own.in_thread(channel, thread, workspace) if found is None else next(iter(found), None)


_LISTS = ("runs", "labels", "metrics", "without_metrics", "without_parameters")


def _recorded(row: Row[Any]) -> PostedComparison:
    content = json.loads(row.told)
    known = {name: content[name] for name in (*_TOLD, *_LATER) if name in content}
    lists = {name: tuple(content.get(name, ())) for name in _LISTS}
    return PostedComparison(**{name: getattr(row, name) for name in _COLUMNS}, **{**known, **lists})
