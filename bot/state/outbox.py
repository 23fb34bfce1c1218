"""The outbox in the database: what the notifier has seen, and what should stand in channels.

Rows are locked in one order by everybody: the cursor, ends, messages, each by id. So no two wait for each other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, case, delete, func, or_, select, true, update

from bot.notifying.outbox import Cursor, Due, End, Message, Stands, State
from bot.state import ends as seen
from bot.state.database import upsert
from bot.state.joining import insert_new, join
from bot.state.messages import (
    IS_ON_RUNS,
    IS_OPEN,
    clean,
    ids_holding,
    in_state,
    read_due,
    read_messages,
    read_standing,
    renew,
)
from bot.state.tables import IS_DUE, cursors, message_runs, messages
from comparison.watching.announcement import Announcement, Kind, Standing

KEPT = 30 * seen.DAY  # ms
_LOOK, _CLAIM = "look", "claim"


class StoredOutbox:
    """Every method is one transaction, and raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def ends(self, run_ids: Iterable[str] = ()) -> dict[str, End]:
        asked = list(run_ids)
        with self._engine.connect() as connection:
            return seen.read_ends(connection, asked) if asked else seen.read_every_end(connection)

    def going_on(self) -> dict[str, End]:
        with self._engine.connect() as connection:
            return seen.read_going_on(connection)

    def lose_sight(self, run_ids: Iterable[str]) -> None:
        with self._engine.begin() as connection:
            seen.lose_sight(connection, run_ids)

    def standing(self, since: int) -> list[Standing]:
        with self._engine.connect() as connection:
            return read_standing(connection, since)

    def record(
        self, before: Cursor, at: int, ends: Mapping[str, End], announcements: Sequence[Announcement], now: int
    ) -> bool:
        ours = (cursors.c.name == _LOOK) & (cursors.c.version == before.version)
        moved = update(cursors).where(ours).values(at=at, version=cursors.c.version + 1)
        with self._engine.begin() as connection:
            if not connection.execute(moved).rowcount:
                return False
            known = seen.read_ends(connection, ends)
            changed = [run_id for run_id, end in known.items() if end != ends[run_id]]
            seen.keep_ends(connection, ends, now)
            joined = join(connection, announcements, now) if announcements else set()
            holding = ids_holding(connection, changed) - joined
            is_followed = or_(messages.c.posted_at == 0, messages.c.posted_at > now - seen.DAY)
            is_alive = is_followed & in_state(State.WAITING, State.POSTED, State.DROPPED)
            renew(connection, holding, IS_ON_RUNS & is_alive)
        return True

    def announce(self, announcements: Sequence[Announcement], now: int) -> int:
        with self._engine.begin() as connection:
            return len(insert_new(connection, announcements, now))

    def touch(self, ends: Mapping[str, End], now: int) -> int:
        with self._engine.begin() as connection:
            seen.keep_ends(connection, ends, now)
            return renew(connection, ids_holding(connection, ends), IS_ON_RUNS & in_state(State.WAITING, State.POSTED))

    def finish(self, message_ids: Sequence[str]) -> None:
        is_open = in_state(State.WAITING, State.POSTED) & IS_OPEN
        with self._engine.begin() as connection:
            renew(connection, message_ids, is_open, is_final=True)

    def due(self, now: int, limit: int = 1000) -> list[Due]:
        with self._engine.connect() as connection:
            return read_due(connection, now, limit)

    def unfinished(self, kinds: Sequence[Kind], before: int) -> list[Message]:
        is_open = IS_OPEN & (messages.c.joined_at < before) & in_state(State.POSTED)
        return self._read(is_open & messages.c.kind.in_([kind.value for kind in kinds]), messages.c.joined_at)

    def posted(self, since: int) -> list[Message]:
        newest = messages.c.posted_at.desc()
        return self._read(IS_ON_RUNS & in_state(State.POSTED) & (messages.c.posted_at > since), newest)

    def on_run(self, run_id: str) -> list[Message]:
        holding = select(message_runs.c.message_id).where(message_runs.c.run_id == run_id)
        return self._read(messages.c.id.in_(holding), messages.c.created_at.desc())

    def get(self, message_id: str) -> Message | None:
        with self._engine.connect() as connection:
            found = read_messages(connection, select(messages).where(messages.c.id == message_id))
        return next(iter(found), None)

    def begin(self, message_id: str, now: int) -> Message | None:
        this = messages.c.id == message_id
        begun = case((messages.c.begun_at == 0, now), else_=messages.c.begun_at)
        with self._engine.begin() as connection:
            before = read_messages(connection, select(messages).where(this).with_for_update())
            connection.execute(update(messages).where(this).values(begun_at=begun, tries=messages.c.tries + 1))
        return next(iter(before), None)

    def told(self, message_id: str, stands: Stands, now: int) -> None:
        is_newest = messages.c.told <= stands.revision
        is_all = messages.c.revision == stands.revision
        self._change(
            messages.c.id == message_id,
            state=State.POSTED.value,
            told=case((is_newest, stands.revision), else_=messages.c.told),
            ts=case((is_newest, stands.ts), else_=messages.c.ts),
            drawn=case((is_newest, clean(stands.drawn)), else_=messages.c.drawn),
            is_final=case((is_all, true()), else_=messages.c.is_final) if stands.is_final else messages.c.is_final,
            posted_at=case((messages.c.posted_at == 0, now), else_=messages.c.posted_at),
            begun_at=0,
            unconfirmed=0,
            tries=case((messages.c.tries == 0, 1), else_=messages.c.tries),
            problem="",
        )

    def unconfirm(self, message_id: str, problem: str) -> int:
        this = messages.c.id == message_id
        lost = update(messages).where(this).values(unconfirmed=messages.c.unconfirmed + 1, problem=clean(problem))
        with self._engine.begin() as connection:
            return int(connection.scalar(lost.returning(messages.c.unconfirmed)) or 0)

    def put_off(self, message_id: str, problem: str) -> None:
        tries = case((messages.c.begun_at == 0, messages.c.tries + 1), else_=messages.c.tries)
        self._change(messages.c.id == message_id, begun_at=0, problem=clean(problem), tries=tries)

    def drop(self, message_id: str, revision: int, why: str) -> None:
        """One that stands in the channel stays there as it is."""
        is_out = messages.c.ts != ""
        self._change(
            (messages.c.id == message_id) & (messages.c.revision == revision),
            state=case((is_out, State.POSTED.value), else_=State.DROPPED.value),
            told=case((is_out, revision), else_=messages.c.told),
            problem=case((is_out, ""), else_=clean(why)),
            begun_at=0,
        )

    def fail(self, message_id: str, revision: int, why: str) -> None:
        this = (messages.c.id == message_id) & (messages.c.revision == revision)
        self._change(this, state=State.FAILED.value, problem=clean(why))

    def retry(self, message_ids: Sequence[str] = ()) -> int:
        anew: dict[str, Any] = {"tries": 0, "unconfirmed": 0, "problem": ""}
        with self._engine.begin() as connection:
            failed = in_state(State.FAILED)
            wanted = message_ids or connection.scalars(select(messages.c.id).where(failed)).all()
            return renew(connection, wanted, failed, **anew)

    def listed(self, *, state: State | None = None, limit: int = 50) -> list[Message]:
        wanted = select(messages).order_by(messages.c.created_at.desc(), messages.c.id).limit(limit)
        with self._engine.connect() as connection:
            return read_messages(connection, wanted.where(in_state(state)) if state else wanted)

    def undone(self, limit: int = 50) -> list[Message]:
        """What waits to be posted or edited, also what waits for its time; the last first."""
        wanted = select(messages).where(IS_DUE).order_by(messages.c.created_at.desc(), messages.c.id).limit(limit)
        with self._engine.connect() as connection:
            return read_messages(connection, wanted)

    def waiting_for(self, workspace: str, channel: str) -> int:
        here = (messages.c.workspace == workspace) & (messages.c.channel == channel)
        wanted = select(func.count()).select_from(messages).where(here, IS_DUE, in_state(State.WAITING))
        with self._engine.connect() as connection:
            return int(connection.scalar(wanted) or 0)

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
        """While nothing is recorded, so that no run joins a message that is just forgotten."""
        gone = select(messages.c.id).where(messages.c.created_at < now - KEPT, messages.c.joined_at < now - KEPT)
        with self._engine.begin() as connection:
            connection.execute(select(cursors.c.at).where(cursors.c.name == _LOOK).with_for_update())
            count = seen.forget_ends(connection, now)
            connection.execute(delete(message_runs).where(message_runs.c.message_id.in_(gone)))
            return count + connection.execute(delete(messages).where(messages.c.id.in_(gone))).rowcount

    def _read(self, condition: ColumnElement[bool], order: ColumnElement[Any]) -> list[Message]:
        with self._engine.connect() as connection:
            return read_messages(connection, select(messages).where(condition).order_by(order, messages.c.id))

    def _change(self, condition: ColumnElement[bool], **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(messages).where(condition).values(**values))
