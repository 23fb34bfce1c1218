"""Announcements become messages, or join those with the same key, within a transaction."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from bot.notifying.outbox import State, id_of, united
from bot.state.database import upsert
from bot.state.ends import in_chunks
from bot.state.messages import clean
from bot.state.tables import message_runs, messages
from comparison.watching.announcement import Announcement

_BLANK = {
    **dict.fromkeys(("told", "begun_at", "unconfirmed", "posted_at", "tries"), 0),
    **dict.fromkeys(("ts", "drawn", "problem"), ""),
    "state": State.WAITING.value,
    "revision": 1,
    "is_final": False,
}


def insert_new(connection: Connection, announcements: Iterable[Announcement], now: int) -> set[str]:
    """Makes messages of those whose key is not known; their ids."""
    wanted = _by_id(announcements)
    if not wanted:
        return set()
    statement = upsert(connection.engine, messages).on_conflict_do_nothing().returning(messages.c.id)
    made = set(connection.scalars(statement, [_row(*each, now) for each in sorted(wanted.items(), key=_id)]))
    _add_runs(connection, [(message_id, 1, wanted[message_id].run_ids) for message_id in sorted(made)])
    return made


def join(connection: Connection, announcements: Iterable[Announcement], now: int) -> set[str]:
    """Makes messages of them, or adds what they hold to those that are known; the ids of those that changed."""
    wanted = _by_id(announcements)
    made = insert_new(connection, wanted.values(), now)
    known: list[Row[Any]] = []
    for chunk in in_chunks(wanted.keys() - made):
        held = select(messages).where(messages.c.id.in_(chunk)).order_by(messages.c.id).with_for_update()
        known.extend(connection.execute(held))
    grown = _add_runs(connection, [(row.id, row.revision + 1, wanted[row.id].run_ids) for row in known])
    changes = [_joined(row, wanted[row.id], now, has_grown=row.id in grown) for row in known]
    if any(changes):
        connection.execute(_JOIN, [change for change in changes if change])
    return made | {change["which"] for change in changes if change}


def _by_id(announcements: Iterable[Announcement]) -> dict[str, Announcement]:
    """Those of one key as one."""
    found: dict[str, Announcement] = {}
    for each in announcements:
        message_id = id_of(each.key)
        found[message_id] = united(found[message_id], each) if message_id in found else each
    return found


def _id(each: tuple[str, Announcement]) -> str:
    return each[0]


def _add_runs(connection: Connection, wanted: Sequence[tuple[str, int, Sequence[str]]]) -> set[str]:
    """Runs of messages as of a revision; the ids of the messages that did not have all of them."""
    rows = [
        {"message_id": message_id, "run_id": run_id, "revision": revision, "place": place}
        for message_id, revision, run_ids in wanted
        for place, run_id in enumerate(dict.fromkeys(run_ids))
    ]
    if not rows:
        return set()
    statement = upsert(connection.engine, message_runs).on_conflict_do_nothing()
    return set(connection.scalars(statement.returning(message_runs.c.message_id), rows))


def _row(message_id: str, announcement: Announcement, now: int) -> dict[str, Any]:
    return _BLANK | {
        "id": message_id,
        "key": clean(announcement.key),
        "kind": announcement.kind.value,
        "workspace": announcement.workspace,
        "channel": announcement.channel,
        "watch_ids": json.dumps(list(dict.fromkeys(announcement.watch_ids))),
        "experiment_ids": json.dumps(list(dict.fromkeys(announcement.experiment_ids))),
        "about": clean(announcement.about),
        "created_at": now,
        "not_before": announcement.not_before,
        "joined_at": now,
    }


def _joined(row: Row[Any], wanted: Announcement, now: int, *, has_grown: bool) -> dict[str, Any]:
    """What a row becomes; nothing when nothing was added."""
    watches = _added(row.watch_ids, wanted.watch_ids)
    experiments = _added(row.experiment_ids, wanted.experiment_ids)
    if not has_grown and (watches, experiments) == (row.watch_ids, row.experiment_ids):
        return {}
    was_over = row.state in {State.DROPPED, State.FAILED}
    return {
        "which": row.id,
        "watches": watches,
        "experiments": experiments,
        "joined": now if has_grown else row.joined_at,
        "final": row.is_final and not has_grown,
        "begins": wanted.not_before if was_over else min(wanted.not_before, row.not_before),
        "becomes": State.POSTED.value if row.ts else State.WAITING.value,
        "tried": 0 if was_over or row.told == row.revision else row.tries,
        "why": "" if was_over else row.problem,
        "lost": 0 if was_over else row.unconfirmed,
    }


_JOIN = (
    update(messages)
    .where(messages.c.id == bindparam("which"))
    .values(
        revision=messages.c.revision + 1,
        watch_ids=bindparam("watches"),
        experiment_ids=bindparam("experiments"),
        joined_at=bindparam("joined"),
        is_final=bindparam("final"),
        not_before=bindparam("begins"),
        state=bindparam("becomes"),
        tries=bindparam("tried"),
        problem=bindparam("why"),
        unconfirmed=bindparam("lost"),
    )
)


def _added(stored: str, more: Iterable[str]) -> str:
    return json.dumps(list(dict.fromkeys([*json.loads(stored), *more])))
