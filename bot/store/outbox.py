"""The outbox in the database: what the notifier has seen, and what should stand in channels.

Rows are locked in one order by everybody: the cursor, ends, messages, each by id. So no two wait for each other.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from bot.notifier.outbox import (
    ON_RUNS,
    Cursor,
    MessageState,
    OutboxMessage,
    PostedState,
    QueuedMessage,
    RunEnd,
    id_of,
    united,
)
from bot.store.database import IS_DUE, cursors, ends, message_runs, messages, single_statements, upsert
from comparison.notifications.message import MessageKind, OpenMessage, WantedMessage
from comparison.notifications.new_runs import as_before, is_going_on
from comparison.runs import GOING_ON

DAY = 24 * 3_600_000


MESSAGE_RETENTION = 30 * DAY  # ms
_LOOK, _CLAIM = "look", "claim"


class StoredOutbox:
    """Every method is one transaction, and raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = single_statements(engine)

    def claim_poll(self, now: int, interval: int) -> bool:
        statement = upsert(self._engine, cursors).values(name=_CLAIM, at=now, version=0)
        # One from far ahead was made by a clock that was wrong.
        is_free = or_(cursors.c.at <= now - interval * 9 // 10, cursors.c.at > now + interval)
        claim = statement.on_conflict_do_update(index_elements=["name"], set_={"at": now}, where=is_free)
        with self._engine.begin() as connection:
            return bool(connection.execute(claim).rowcount)

    def cursor(self, now: int) -> Cursor:
        wanted = select(cursors).where(cursors.c.name == _LOOK)
        with self._engine.begin() as connection:
            row = connection.execute(wanted).first()
            if row is None:
                first = upsert(self._engine, cursors).values(name=_LOOK, at=now, version=1)
                connection.execute(first.on_conflict_do_nothing())
                row = connection.execute(wanted).one()
        return Cursor(int(row.at), int(row.version))

    def ends(self, run_ids: Iterable[str] = ()) -> dict[str, RunEnd]:
        ids = list(run_ids)
        with self._single.connect() as connection:
            return read_ends(connection, ids) if ids else read_every_end(connection)

    def going_on(self) -> dict[str, RunEnd]:
        with self._engine.connect() as connection:
            return read_going_on(connection)

    def lose_sight(self, run_ids: Iterable[str]) -> None:
        with self._engine.begin() as connection:
            lose_sight(connection, run_ids)

    def standing(self, since: int) -> list[OpenMessage]:
        with self._engine.connect() as connection:
            return read_standing(connection, since)

    def record(
        self, before: Cursor, at: int, ends: Mapping[str, RunEnd], announcements: Sequence[WantedMessage], now: int
    ) -> bool:
        ours = (cursors.c.name == _LOOK) & (cursors.c.version == before.version)
        moved = update(cursors).where(ours).values(at=at, version=cursors.c.version + 1)
        with self._engine.begin() as connection:
            if not connection.execute(moved).rowcount:
                return False
            known = read_ends(connection, ends)
            changed = [run_id for run_id, end in known.items() if end != ends[run_id]]
            store_ends(connection, ends, now)
            joined = join_open_message(connection, announcements, now) if announcements else set()
            holding = ids_holding(connection, changed) - joined
            is_followed = or_(messages.c.posted_at == 0, messages.c.posted_at > now - DAY)
            is_alive = is_followed & in_state(MessageState.WAITING, MessageState.POSTED, MessageState.DROPPED)
            renew(connection, holding, IS_ON_RUNS & is_alive)
        return True

    def announce(self, announcements: Sequence[WantedMessage], now: int) -> int:
        with self._engine.begin() as connection:
            return len(insert_new(connection, announcements, now))

    def touch(self, ends: Mapping[str, RunEnd], now: int) -> int:
        with self._engine.begin() as connection:
            store_ends(connection, ends, now)
            return renew(
                connection,
                ids_holding(connection, ends),
                IS_ON_RUNS & in_state(MessageState.WAITING, MessageState.POSTED),
            )

    def finish(self, message_ids: Sequence[str]) -> None:
        is_open = in_state(MessageState.WAITING, MessageState.POSTED) & IS_OPEN
        with self._engine.begin() as connection:
            renew(connection, message_ids, is_open, is_final=True)

    def due(self, now: int, limit: int = 1000) -> list[QueuedMessage]:
        with self._single.connect() as connection:
            return read_due(connection, now, limit)

    def unfinished(self, kinds: Sequence[MessageKind], before: int) -> list[OutboxMessage]:
        is_open = IS_OPEN & (messages.c.joined_at < before) & in_state(MessageState.POSTED)
        return self._read(is_open & messages.c.kind.in_([kind.value for kind in kinds]), messages.c.joined_at)

    def posted(self, since: int) -> list[OutboxMessage]:
        newest = messages.c.posted_at.desc()
        return self._read(IS_ON_RUNS & in_state(MessageState.POSTED) & (messages.c.posted_at > since), newest)

    def on_run(self, run_id: str) -> list[OutboxMessage]:
        holding = select(message_runs.c.message_id).where(message_runs.c.run_id == run_id)
        return self._read(messages.c.id.in_(holding), messages.c.created_at.desc())

    def get(self, message_id: str) -> OutboxMessage | None:
        with self._single.connect() as connection:
            rows = connection.execute(_MESSAGE, {"wanted_id": message_id}).all()
        return _message(rows[0], [row.run_id for row in rows if row.run_id is not None]) if rows else None

    def begin(self, message_id: str, now: int) -> bool:
        with self._single.begin() as connection:
            return bool(connection.execute(_BEGIN, {"wanted_id": message_id, "now": now}).rowcount)

    def record_posted(self, message_id: str, stands: PostedState, now: int) -> None:
        given = {
            "wanted_id": message_id,
            "stands": stands.revision,
            "stands_ts": stands.ts,
            "stands_drawn": clean(stands.drawn),
            "now": now,
        }
        with self._single.begin() as connection:
            connection.execute(_LAST_POSTED if stands.is_final else _POSTED, given)

    def unconfirm(self, message_id: str, problem: str) -> int:
        this = messages.c.id == message_id
        lost = update(messages).where(this).values(unconfirmed=messages.c.unconfirmed + 1, problem=clean(problem))
        with self._engine.begin() as connection:
            return int(connection.scalar(lost.returning(messages.c.unconfirmed)) or 0)

    def put_off(self, message_id: str, problem: str) -> None:
        tries = case((messages.c.begun_at == 0, messages.c.tries + 1), else_=messages.c.tries)
        self._change(messages.c.id == message_id, begun_at=0, problem=clean(problem), tries=tries)

    def drop(self, message_id: str, revision: int, why: str) -> None:
        """Drops a message; one that stands in the channel stays there as it is."""
        is_out = messages.c.ts != ""
        self._change(
            (messages.c.id == message_id) & (messages.c.revision == revision),
            state=case((is_out, MessageState.POSTED.value), else_=MessageState.DROPPED.value),
            posted_revision=case((is_out, revision), else_=messages.c.posted_revision),
            problem=case((is_out, ""), else_=clean(why)),
            begun_at=0,
        )

    def fail(self, message_id: str, revision: int, why: str) -> None:
        this = (messages.c.id == message_id) & (messages.c.revision == revision)
        self._change(this, state=MessageState.FAILED.value, problem=clean(why))

    def retry(self, message_ids: Sequence[str] = ()) -> int:
        anew: dict[str, Any] = {"tries": 0, "unconfirmed": 0, "problem": ""}
        with self._engine.begin() as connection:
            failed = in_state(MessageState.FAILED)
            wanted = message_ids or connection.scalars(select(messages.c.id).where(failed)).all()
            return renew(connection, wanted, failed, **anew)

    def listed(self, *, state: MessageState | None = None, limit: int = 50) -> list[OutboxMessage]:
        wanted = select(messages).order_by(messages.c.created_at.desc(), messages.c.id).limit(limit)
        with self._engine.connect() as connection:
            return read_messages(connection, wanted.where(in_state(state)) if state else wanted)

    def undone(self, limit: int = 50) -> list[OutboxMessage]:
        """What waits to be posted or edited, also what waits for its time; the last first."""
        wanted = select(messages).where(IS_DUE).order_by(messages.c.created_at.desc(), messages.c.id).limit(limit)
        with self._engine.connect() as connection:
            return read_messages(connection, wanted)

    def backlog(self, now: int) -> tuple[dict[str, int], float]:
        """How many messages there are of each state, and the seconds that the oldest has been due and is not done."""
        counted = select(messages.c.state, func.count()).group_by(messages.c.state)
        due_since = case(
            (messages.c.not_before > messages.c.created_at, messages.c.not_before), else_=messages.c.joined_at
        )
        oldest = select(func.min(due_since)).where(IS_DUE, messages.c.not_before <= now)
        with self._engine.connect() as connection:
            counts = {str(state): int(count) for state, count in connection.execute(counted)}
            since = connection.scalar(oldest)
        return counts, max(0.0, (now - int(since)) / 1000) if since else 0.0

    def last_posted(self) -> dict[str, int]:
        """When a watch's last message was posted first, by the id of the watch."""
        last = func.max(messages.c.posted_at).label("last")
        wanted = select(messages.c.watch_ids, last).where(messages.c.posted_at > 0).group_by(messages.c.watch_ids)
        found: dict[str, int] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(wanted):
                found.update({each: max(int(row.last), found.get(each, 0)) for each in json.loads(row.watch_ids)})
        return found

    def prune(self, now: int) -> int:
        """Deletes old rows while nothing is recorded, so that no run joins a message that is just forgotten."""
        gone = select(messages.c.id).where(
            messages.c.created_at < now - MESSAGE_RETENTION, messages.c.joined_at < now - MESSAGE_RETENTION
        )
        with self._engine.begin() as connection:
            connection.execute(select(cursors.c.at).where(cursors.c.name == _LOOK).with_for_update())
            count = forget_ends(connection, now)
            connection.execute(delete(message_runs).where(message_runs.c.message_id.in_(gone)))
            return count + connection.execute(delete(messages).where(messages.c.id.in_(gone))).rowcount

    def _read(self, condition: ColumnElement[bool], order: ColumnElement[Any]) -> list[OutboxMessage]:
        with self._engine.connect() as connection:
            return read_messages(connection, select(messages).where(condition).order_by(order, messages.c.id))

    def _change(self, condition: ColumnElement[bool], **values: Any) -> None:
        with self._single.begin() as connection:
            connection.execute(update(messages).where(condition).values(**values))


# Announcements become messages, or join those with the same key, within a transaction.


_BLANK = {
    **dict.fromkeys(("posted_revision", "begun_at", "unconfirmed", "posted_at", "tries"), 0),
    **dict.fromkeys(("ts", "drawn", "problem"), ""),
    "state": MessageState.WAITING.value,
    "revision": 1,
    "is_final": False,
}


def insert_new(connection: Connection, announcements: Iterable[WantedMessage], now: int) -> set[str]:
    """Makes messages of those whose key is not known; their ids."""
    wanted = _by_id(announcements)
    if not wanted:
        return set()
    statement = upsert(connection.engine, messages).on_conflict_do_nothing().returning(messages.c.id)
    made = set(connection.scalars(statement, [_row(*each, now) for each in sorted(wanted.items(), key=_id)]))
    _add_runs(connection, [(message_id, 1, wanted[message_id].run_ids) for message_id in sorted(made)])
    return made


def join_open_message(connection: Connection, announcements: Iterable[WantedMessage], now: int) -> set[str]:
    """Makes messages of them, or adds what they hold to those that are known; the ids of those that changed."""
    wanted = _by_id(announcements)
    made = insert_new(connection, wanted.values(), now)
    known: list[Row[Any]] = []
    for chunk in in_chunks(wanted.keys() - made):
        locked = select(messages).where(messages.c.id.in_(chunk)).order_by(messages.c.id).with_for_update()
        known.extend(connection.execute(locked))
    grown = _add_runs(connection, [(row.id, row.revision + 1, wanted[row.id].run_ids) for row in known])
    changes = [_joined(row, wanted[row.id], now, has_grown=row.id in grown) for row in known]
    if any(changes):
        connection.execute(_JOIN, [change for change in changes if change])
    return made | {change["which"] for change in changes if change}


def _by_id(announcements: Iterable[WantedMessage]) -> dict[str, WantedMessage]:
    """Messages of one key as one."""
    found: dict[str, WantedMessage] = {}
    for each in announcements:
        message_id = id_of(each.key)
        found[message_id] = united(found[message_id], each) if message_id in found else each
    return found


def _id(each: tuple[str, WantedMessage]) -> str:
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


def _row(message_id: str, announcement: WantedMessage, now: int) -> dict[str, Any]:
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


def _joined(row: Row[Any], wanted: WantedMessage, now: int, *, has_grown: bool) -> dict[str, Any]:
    """What a row becomes; nothing when nothing was added."""
    watches = _added(row.watch_ids, wanted.watch_ids)
    experiments = _added(row.experiment_ids, wanted.experiment_ids)
    if not has_grown and (watches, experiments) == (row.watch_ids, row.experiment_ids):
        return {}
    was_over = row.state in {MessageState.DROPPED, MessageState.FAILED}
    return {
        "which": row.id,
        "watches": watches,
        "experiments": experiments,
        "joined": now if has_grown else row.joined_at,
        "final": row.is_final and not has_grown,
        "begins": wanted.not_before if was_over else min(wanted.not_before, row.not_before),
        "becomes": MessageState.POSTED.value if row.ts else MessageState.WAITING.value,
        "tried": 0 if was_over or row.posted_revision == row.revision else row.tries,
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


# Messages as they stand in the database: read, locked and made due anew, within a transaction.


_SAME = (
    *(
        "id",
        "workspace",
        "channel",
        "about",
        "revision",
        "posted_revision",
        "created_at",
        "not_before",
        "joined_at",
        "is_final",
    ),
    *("begun_at", "unconfirmed", "posted_at", "ts", "drawn", "tries", "problem", "key"),
)
NOT_NOW = case(
    (messages.c.ts == "", MessageState.WAITING.value), else_=MessageState.POSTED.value
)  # the state to be worked on anew
IS_OPEN = messages.c.is_final == false()
# A run nobody wanted to hear of is told of no more; what several runs share may yet be.
IS_OR_MAY_BE_SAID = (messages.c.state != MessageState.DROPPED.value) | (messages.c.kind != MessageKind.RUN.value)
IS_ON_RUNS = messages.c.kind.in_([kind.value for kind in ON_RUNS])


# Statements of a delivery: built once, since each message needs them.
_THIS = messages.c.id == bindparam("wanted_id")
_MESSAGE = (
    select(messages, message_runs.c.run_id)
    .outerjoin(message_runs, message_runs.c.message_id == messages.c.id)
    .where(_THIS)
    .order_by(message_runs.c.revision, message_runs.c.place)
)
_BEGIN = (
    update(messages)
    .where(_THIS, messages.c.begun_at == 0, messages.c.ts == "")
    .values(begun_at=bindparam("now"), tries=messages.c.tries + 1)
)


def _posting(*, is_final: bool) -> Update:
    stands = bindparam("stands", type_=messages.c.revision.type)
    is_newest = messages.c.posted_revision <= stands
    is_all = messages.c.revision == stands
    newest = {
        "posted_revision": stands,
        "ts": bindparam("stands_ts", type_=messages.c.ts.type),
        "drawn": bindparam("stands_drawn", type_=messages.c.drawn.type),
    }
    now = bindparam("now", type_=messages.c.posted_at.type)
    return (
        update(messages)
        .where(_THIS)
        .values(
            **{name: case((is_newest, value), else_=messages.c[name]) for name, value in newest.items()},
            state=MessageState.POSTED.value,
            is_final=case((is_all, true()), else_=messages.c.is_final) if is_final else messages.c.is_final,
            posted_at=case((messages.c.posted_at == 0, now), else_=messages.c.posted_at),
            begun_at=0,
            unconfirmed=0,
            tries=case((messages.c.tries == 0, 1), else_=messages.c.tries),
            problem="",
        )
    )


_POSTED, _LAST_POSTED = _posting(is_final=False), _posting(is_final=True)


def clean(words: str) -> str:
    """Text as every database takes it: without what no text has."""
    return words.encode("utf-8", "replace").decode().replace("\0", "")


def read_messages(connection: Connection, wanted: Select[Any]) -> list[OutboxMessage]:
    """Messages that a selection of rows finds, in its order."""
    rows = connection.execute(wanted).all()
    runs = _runs_of(connection, [row.id for row in rows])
    return [_message(row, runs[row.id]) for row in rows]


def read_standing(connection: Connection, since: int) -> list[OpenMessage]:
    """The oldest first."""
    waiting = select(messages).where(IS_DUE, in_state(MessageState.WAITING), IS_ON_RUNS)  # apart: each has its index
    growing = select(messages).where(IS_OPEN, messages.c.joined_at > since, IS_ON_RUNS, IS_OR_MAY_BE_SAID)
    rows = {row.id: row for wanted in (waiting, growing) for row in connection.execute(wanted)}
    return [_standing(row) for row in sorted(rows.values(), key=lambda row: (row.created_at, row.id))]


def read_due(connection: Connection, now: int, limit: int) -> list[QueuedMessage]:
    """The oldest of each channel before the second of any: one channel's backlog holds up no other."""
    age = (messages.c.created_at, messages.c.id)
    turn = func.row_number().over(partition_by=(messages.c.workspace, messages.c.channel), order_by=age).label("turn")
    columns = (*(messages.c[name] for name in ("id", "revision", "workspace", "channel", "created_at")), turn)
    waiting = select(*columns).where(IS_DUE, messages.c.not_before <= now).subquery()
    first = select(waiting).order_by(waiting.c.turn, waiting.c.created_at, waiting.c.id).limit(limit)
    rows = sorted(connection.execute(first), key=lambda row: (row.created_at, row.id))
    return [QueuedMessage(row.id, int(row.revision), row.workspace, row.channel) for row in rows]


def ids_holding(connection: Connection, run_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in in_chunks(run_ids):
        found.update(connection.scalars(select(message_runs.c.message_id).where(message_runs.c.run_id.in_(chunk))))
    return found


def renew(connection: Connection, message_ids: Iterable[str], only: ColumnElement[bool], **changes: Any) -> int:
    """Makes those of these messages due anew of which `only` holds; how many."""
    tries = case((messages.c.posted_revision == messages.c.revision, 0), else_=messages.c.tries)
    values = {"revision": messages.c.revision + 1, "state": NOT_NOW, "tries": tries} | changes
    count = 0
    for chunk in in_chunks(message_ids):
        condition = and_(messages.c.id.in_(chunk), only)
        locked = list(
            connection.scalars(select(messages.c.id).where(condition).order_by(messages.c.id).with_for_update())
        )
        if locked:
            count += connection.execute(update(messages).where(messages.c.id.in_(locked)).values(**values)).rowcount
    return count


def in_state(*states: MessageState) -> ColumnElement[bool]:
    return messages.c.state.in_([state.value for state in states])


def _runs_of(connection: Connection, message_ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    order = (message_runs.c.revision, message_runs.c.place)
    for chunk in in_chunks(message_ids):
        wanted = select(message_runs).where(message_runs.c.message_id.in_(chunk)).order_by(*order)
        for row in connection.execute(wanted):
            found[row.message_id].append(row.run_id)
    return found


def _message(row: Row[Any], run_ids: Iterable[str]) -> OutboxMessage:
    return OutboxMessage(
        kind=MessageKind(row.kind),
        state=MessageState(row.state),
        run_ids=tuple(run_ids),
        watch_ids=tuple(json.loads(row.watch_ids)),
        experiment_ids=tuple(json.loads(row.experiment_ids)),
        **{name: getattr(row, name) for name in _SAME},
    )


def _standing(row: Row[Any]) -> OpenMessage:
    return OpenMessage(
        row.key,
        MessageKind(row.kind),
        row.workspace,
        row.channel,
        tuple(json.loads(row.experiment_ids)),
        int(row.joined_at),
        row.state == MessageState.WAITING.value,
        int(row.not_before),
        int(row.created_at),
    )


# How runs were when they were seen last: rows of one table, read and written within a transaction.


MANY = 1_000  # values that one statement compares with: both databases have room for more


END_RETENTION = 30 * DAY  # ms, as long as messages: a run may be resumed and end anew


def in_chunks(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Values, each once and in order: whoever locks rows by them locks in the same order as everybody."""
    known = sorted(set(values))
    yield from (known[start : start + MANY] for start in range(0, len(known), MANY))


def read_ends(connection: Connection, run_ids: Iterable[str]) -> dict[str, RunEnd]:
    """Ends of those runs that were seen."""
    found: dict[str, RunEnd] = {}
    for chunk in in_chunks(run_ids):
        found.update(map(_end, connection.execute(select(ends).where(ends.c.run_id.in_(chunk)))))
    return found


def read_every_end(connection: Connection) -> dict[str, RunEnd]:
    return dict(map(_end, connection.execute(select(ends))))


def read_going_on(connection: Connection) -> dict[str, RunEnd]:
    """Ends of runs that were seen to run last."""
    is_going_on = or_(*(ends.c.status.endswith(each.value, autoescape=True) for each in GOING_ON))
    return dict(map(_end, connection.execute(select(ends).where(is_going_on))))


def lose_sight(connection: Connection, run_ids: Iterable[str]) -> None:
    """Sets runs that go on back to how they had ended before, or removes them."""
    for run_id, end in sorted(read_ends(connection, run_ids).items()):
        if not is_going_on(end.status):
            continue
        this, before = ends.c.run_id == run_id, as_before(end.status)
        changed = update(ends).where(this).values(status=before) if before else delete(ends).where(this)
        connection.execute(changed)


def store_ends(connection: Connection, news: Mapping[str, RunEnd], now: int) -> None:
    if not news:
        return
    statement = upsert(connection.engine, ends)
    newest = {name: statement.excluded[name] for name in ("status", "ended_at", "fingerprint", "seen_at")}
    # RETURNING, so that many rows go in one statement.
    upserted = statement.on_conflict_do_update(index_elements=["run_id"], set_=newest).returning(ends.c.run_id)
    rows = [
        {
            "run_id": run_id,
            "status": end.status,
            "ended_at": end.ended_at,
            "fingerprint": end.fingerprint,
            "seen_at": now,
        }
        for run_id, end in sorted(news.items())
    ]
    connection.execute(upserted, rows).all()


def forget_ends(connection: Connection, now: int) -> int:
    """Forgets ends of long ago that no poll finds again and no message needs; returns how many."""
    is_alive = or_(messages.c.state == MessageState.WAITING.value, messages.c.posted_at > now - DAY)
    holds = (message_runs.c.run_id == ends.c.run_id) & (messages.c.id == message_runs.c.message_id)
    is_needed = select(func.count()).where(holds & is_alive).correlate(ends).scalar_subquery() > 0
    is_old = (ends.c.seen_at < now - END_RETENTION) & (ends.c.ended_at < now - END_RETENTION)
    return connection.execute(delete(ends).where(is_old & ~is_needed)).rowcount


def _end(row: Row[tuple[str, str, int, str, int]]) -> tuple[str, RunEnd]:
    return str(row.run_id), RunEnd(row.status, int(row.ended_at), row.fingerprint)
