"""Messages as they stand in the database: read, locked and made due anew, within a transaction."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, false, func, select, update

from bot.notifying.outbox import ON_RUNS, Due, Message, State
from bot.state.ends import in_chunks
from bot.state.tables import IS_DUE, message_runs, messages
from comparison.watching.announcement import Kind, Standing

_SAME = (
    *("id", "workspace", "channel", "about", "revision", "told", "created_at", "not_before", "joined_at", "is_final"),
    *("begun_at", "unconfirmed", "posted_at", "ts", "drawn", "tries", "problem", "key"),
)
NOT_NOW = case((messages.c.ts == "", State.WAITING.value), else_=State.POSTED.value)  # the state to be worked on anew
IS_OPEN = messages.c.is_final == false()
# A run nobody wanted to hear of is told of no more; what several runs share may yet be.
IS_OR_MAY_BE_SAID = (messages.c.state != State.DROPPED.value) | (messages.c.kind != Kind.RUN.value)
IS_ON_RUNS = messages.c.kind.in_([kind.value for kind in ON_RUNS])


def clean(words: str) -> str:
    """As every database takes it: without what no text has."""
    return words.encode("utf-8", "replace").decode().replace("\0", "")


def read_messages(connection: Connection, wanted: Select[Any]) -> list[Message]:
    """Those that a selection of rows finds, in its order."""
    rows = connection.execute(wanted).all()
    runs = _runs_of(connection, [row.id for row in rows])
    return [_message(row, runs[row.id]) for row in rows]


def read_standing(connection: Connection, since: int) -> list[Standing]:
    """The oldest first."""
    waiting = select(messages).where(IS_DUE, in_state(State.WAITING), IS_ON_RUNS)  # apart: each has its index
    growing = select(messages).where(IS_OPEN, messages.c.joined_at > since, IS_ON_RUNS, IS_OR_MAY_BE_SAID)
    rows = {row.id: row for wanted in (waiting, growing) for row in connection.execute(wanted)}
    return [_standing(row) for row in sorted(rows.values(), key=lambda row: (row.created_at, row.id))]


def read_due(connection: Connection, now: int, limit: int) -> list[Due]:
    """The oldest of each channel before the second of any: one channel's backlog holds up no other."""
    age = (messages.c.created_at, messages.c.id)
    turn = func.row_number().over(partition_by=(messages.c.workspace, messages.c.channel), order_by=age).label("turn")
    columns = (*(messages.c[name] for name in ("id", "revision", "workspace", "channel", "created_at")), turn)
    waiting = select(*columns).where(IS_DUE, messages.c.not_before <= now).subquery()
    first = select(waiting).order_by(waiting.c.turn, waiting.c.created_at, waiting.c.id).limit(limit)
    rows = sorted(connection.execute(first), key=lambda row: (row.created_at, row.id))
    return [Due(row.id, int(row.revision), row.workspace, row.channel) for row in rows]


def ids_holding(connection: Connection, run_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in in_chunks(run_ids):
        found.update(connection.scalars(select(message_runs.c.message_id).where(message_runs.c.run_id.in_(chunk))))
    return found


def renew(connection: Connection, message_ids: Iterable[str], only: ColumnElement[bool], **changes: Any) -> int:
    """Makes those of these messages due anew of which `only` holds; how many."""
    tries = case((messages.c.told == messages.c.revision, 0), else_=messages.c.tries)
    values = {"revision": messages.c.revision + 1, "state": NOT_NOW, "tries": tries} | changes
    count = 0
    for chunk in in_chunks(message_ids):
        held = and_(messages.c.id.in_(chunk), only)
        locked = list(connection.scalars(select(messages.c.id).where(held).order_by(messages.c.id).with_for_update()))
        if locked:
            count += connection.execute(update(messages).where(messages.c.id.in_(locked)).values(**values)).rowcount
    return count


def in_state(*states: State) -> ColumnElement[bool]:
    return messages.c.state.in_([state.value for state in states])


def _runs_of(connection: Connection, message_ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    order = (message_runs.c.revision, message_runs.c.place)
    for chunk in in_chunks(message_ids):
        wanted = select(message_runs).where(message_runs.c.message_id.in_(chunk)).order_by(*order)
        for row in connection.execute(wanted):
            found[row.message_id].append(row.run_id)
    return found


def _message(row: Row[Any], run_ids: Iterable[str]) -> Message:
    return Message(
        kind=Kind(row.kind),
        state=State(row.state),
        run_ids=tuple(run_ids),
        watch_ids=tuple(json.loads(row.watch_ids)),
        experiment_ids=tuple(json.loads(row.experiment_ids)),
        **{name: getattr(row, name) for name in _SAME},
    )


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        row.key,
        Kind(row.kind),
        row.workspace,
        row.channel,
        tuple(json.loads(row.experiment_ids)),
        int(row.joined_at),
        row.state == State.WAITING.value,
        int(row.not_before),
        int(row.created_at),
    )
