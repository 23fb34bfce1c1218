"""Watches in the database, each change of one in the same transaction as who made it and when."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from zlib import crc32

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Row,
    Select,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import single_statements, upsert, watch_changes, watches
from comparison.errors import RequestError
from comparison.language.parser import document_of
from handlers.stores import MAX_WATCHES, StoredWatch, TooManyWatches, WatchChange, oldest_first

log = logging.getLogger(__name__)

LOCK = 7_214_050 << 32  # PostgreSQL's advisory locks, one a channel, from here on
_SAME = ("id", "workspace", "channel", "words", "created_by", "created_at", "is_digest", "is_primed")
_STATE = ("paused_at", "paused_by", "paused_why", "experiment_id", "gone_at")
_Found = TypeVar("_Found")
_WATCH = select(watches).where(watches.c.id == bindparam("wanted_id"))  # built once: it is asked for each message


class StoredWatches:
    """What people ask for in Slack raises RequestError; anything else raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = single_statements(engine)

    def add(self, watch: StoredWatch, *, instead_of: Sequence[str] = ()) -> None:
        self._change(lambda connection: _add(connection, watch, instead_of))

    def get(self, watch_id: str) -> StoredWatch | None:
        return next(iter(self._asked(_WATCH, _kept, wanted_id=watch_id)), None)

    def of_channel(self, workspace: str, channel: str) -> list[StoredWatch]:
        return oldest_first(self._asked(_in(workspace, channel), _kept))

    def every(self) -> list[StoredWatch]:
        with self._engine.connect() as connection:
            return oldest_first(map(_kept, connection.execute(select(watches))))

    def prime(self, watch_id: str, past: Iterable[str]) -> None:
        values = {"past": json.dumps(list(past)), "is_primed": True}
        with self._engine.begin() as connection:
            connection.execute(update(watches).where(watches.c.id == watch_id).values(**values))

    def tie(self, watch_id: str, experiment_id: str, *, gone_at: int = 0) -> None:
        values = {"experiment_id": experiment_id, "gone_at": gone_at}
        with self._engine.begin() as connection:
            connection.execute(update(watches).where(watches.c.id == watch_id).values(**values))

    def edit(self, watch_id: str, words: str, *, by: str, at: int, experiment_id: str = "") -> StoredWatch | None:
        values = {"words": words, "experiment_id": experiment_id, "gone_at": 0}

        def job(connection: Connection) -> StoredWatch | None:
            before = _locked(connection, watch_id)
            if before is None:
                return None
            meaning = document_of(words, is_digest=before.is_digest)
            connection.execute(update(watches).where(watches.c.id == watch_id).values(**values, meaning=meaning))
            _record(connection, before, by=by, at=at, what="edited", before=before.words, after=words)
            return _locked(connection, watch_id)

        return self._change(job)

    def pause(self, watch_id: str, *, by: str, at: int, why: str = "") -> bool:
        def job(connection: Connection) -> bool:
            before = _locked(connection, watch_id)
            if before is None or before.is_paused:
                return False
            values = {"paused_at": max(at, 1), "paused_by": by, "paused_why": why}
            connection.execute(update(watches).where(watches.c.id == watch_id).values(**values))
            _record(connection, before, by=by, at=at, what="paused", after=why)
            return True

        return self._change(job)

    def resume(self, watch_id: str, *, by: str, at: int) -> bool:
        def job(connection: Connection) -> bool:
            before = _locked(connection, watch_id)
            if before is None or not before.is_paused:
                return False
            values = {"paused_at": 0, "paused_by": "", "paused_why": ""}
            connection.execute(update(watches).where(watches.c.id == watch_id).values(**values))
            _record(connection, before, by=by, at=at, what="resumed", before=before.paused_why)
            return True

        return self._change(job)

    def remove(self, watch_id: str, *, by: str, at: int) -> StoredWatch | None:
        return self._change(lambda connection: _remove(connection, watch_id, by=by, at=at))

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[WatchChange]:
        here = (watch_changes.c.workspace == workspace) & (watch_changes.c.channel == channel)
        return self._asked(select(watch_changes).where(here).order_by(watch_changes.c.id.desc()).limit(limit), _changed)

    def every_change(self, *, channel: str = "", limit: int = 50) -> list[WatchChange]:
        """Changes in all channels, or in one; the last first."""
        wanted = select(watch_changes).order_by(watch_changes.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            here = wanted.where(watch_changes.c.channel == channel) if channel else wanted
            return list(map(_changed, connection.execute(here)))

    def channels_of(self, workspace: str, user: str, *, limit: int = 10) -> list[str]:
        """Empty while the database does not answer: the page that shows them has more to show."""
        mine = (watches.c.workspace == workspace) & (watches.c.created_by == user)
        last = func.max(watches.c.created_at).desc()
        wanted = select(watches.c.channel).where(mine).group_by(watches.c.channel).order_by(last).limit(limit)
        try:
            return self._asked(wanted, lambda row: str(row.channel))
        except RequestError:
            return []

    def _change(self, job: Callable[[Connection], _Found]) -> _Found:
        try:
            return self._transact(job)
        except (SQLAlchemyError, OSError) as error:
            log.warning("a watch cannot be kept", extra={"reason": error})
            raise RequestError(
                "I cannot keep that: my database does not answer. Nothing was changed.",
                remedy="Try again in a minute; if it stays so, tell whoever runs me.",
            ) from error

    def _asked(self, wanted: Select[Any], read: Callable[[Row[Any]], _Found], **given: str) -> list[_Found]:
        try:
            with self._single.connect() as connection:
                return [read(row) for row in connection.execute(wanted, given)]
        except (SQLAlchemyError, OSError) as error:
            log.warning("watches cannot be read", extra={"reason": error})
            raise RequestError(
                "I cannot tell what is watched: my database does not answer.",
                remedy="Try again in a minute; if it stays so, tell whoever runs me.",
            ) from error

    def _transact(self, job: Callable[[Connection], _Found]) -> _Found:
        with self._engine.begin() as connection:
            return job(connection)


def _add(connection: Connection, watch: StoredWatch, instead_of: Sequence[str]) -> None:
    """Adds a watch; one that is there already (its success was not told) is left as it is."""
    if connection.dialect.name == "postgresql":  # the other has one writer at a time
        lock = LOCK + crc32(f"{watch.workspace} {watch.channel}".encode())
        connection.execute(select(func.pg_advisory_xact_lock(cast(lock, BigInteger))))
    for each in instead_of:
        _remove(connection, each, by=watch.created_by, at=int(watch.created_at))
    here = _in(watch.workspace, watch.channel).where(watches.c.id != watch.id)
    if (connection.scalar(select(func.count()).select_from(here.subquery())) or 0) >= MAX_WATCHES:
        raise TooManyWatches
    values = {name: getattr(watch, name) for name in (*_SAME, *_STATE)} | {"past": json.dumps(watch.past)}
    values["meaning"] = document_of(watch.words, is_digest=watch.is_digest)
    if connection.execute(upsert(connection.engine, watches).values(**values).on_conflict_do_nothing()).rowcount:
        _record(connection, watch, by=watch.created_by, at=int(watch.created_at), what="added", after=watch.words)


def _remove(connection: Connection, watch_id: str, *, by: str, at: int) -> StoredWatch | None:
    before = _locked(connection, watch_id)
    if before is not None:
        connection.execute(delete(watches).where(watches.c.id == watch_id))
        _record(connection, before, by=by, at=at, what="removed", before=before.words)
    return before


def _in(workspace: str, channel: str) -> Select[Any]:
    return select(watches).where((watches.c.workspace == workspace) & (watches.c.channel == channel))


def _locked(connection: Connection, watch_id: str) -> StoredWatch | None:
    row = connection.execute(select(watches).where(watches.c.id == watch_id).with_for_update()).first()
    return _kept(row) if row else None


def _record(connection: Connection, watch: StoredWatch, *, by: str, at: int, **change: str) -> None:
    values = {"watch_id": watch.id, "workspace": watch.workspace, "channel": watch.channel, "before": "", "after": ""}
    connection.execute(insert(watch_changes).values(**(values | change), changed_by=by, changed_at=at))


def _kept(row: Row[Any]) -> StoredWatch:
    values = {name: getattr(row, name) for name in (*_SAME, *_STATE)}
    return StoredWatch(**values, past=tuple(json.loads(row.past)), meaning=row.meaning)


def _changed(row: Row[Any]) -> WatchChange:
    places = (row.watch_id, row.workspace, row.channel, row.changed_by, int(row.changed_at))
    return WatchChange(*places, row.what, row.before, row.after)
