"""What channels agreed on, and who may see and change what, in the database.

What channels agreed on is used as it was read last while there is no database.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import default_changes, defaults, single_statements, upsert
from comparison.channel_defaults import ACCESS, CHANGES, ChannelDefaults, ChannelSetting, in_order, to_defaults
from comparison.errors import RequestError
from handlers.access.rules import AccessRule
from handlers.stores import DefaultChange, changed

log = logging.getLogger(__name__)

MAX_METRIC_CHARS = 255  # characters of a metric's name
MAX_CHANNELS = 1_000  # channels whose last known agreements stay in memory


class StoredDefaults:
    """A row a thing that is set, so that two people who set different things at once both are heard."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._single = single_statements(engine)
        self._mutex = threading.Lock()
        self._known: LRUCache[tuple[str, str], list[ChannelSetting]] = LRUCache(MAX_CHANNELS)

    def of(self, workspace: str, channel: str) -> ChannelDefaults:
        return to_defaults(self.settings(workspace, channel))

    def settings(self, workspace: str, channel: str) -> list[ChannelSetting]:
        """All that is set; without a database what was known last."""
        try:
            with self._single.connect() as connection:
                rows = connection.execute(_HERE, {"here_workspace": workspace, "here_channel": channel}).all()
            found = in_order(map(_agreed, rows))
        except (SQLAlchemyError, OSError) as error:
            log.warning("what a channel agreed on cannot be read", extra={"reason": error})
            with self._mutex:
                return self._known.get((workspace, channel), [])
        with self._mutex:
            self._known[workspace, channel] = found
        return found

    def change(self, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> list[ChannelSetting]:
        """Sets all of them or none; what each was before. Raises RequestError when it cannot be kept."""
        if any(len(each.metric) > MAX_METRIC_CHARS for each in changes):
            raise RequestError(f"A metric's name has at most {MAX_METRIC_CHARS} characters.")
        try:
            with self._engine.begin() as connection:
                self._reserve(connection, workspace, channel, changes)
                locked = _in(workspace, channel).order_by(defaults.c.what, defaults.c.metric).with_for_update()
                settings = {each.key: each for each in map(_agreed, connection.execute(locked))}
                before = [settings.get(each.key, ChannelSetting(each.what, metric=each.metric)) for each in changes]
                for each in changes:
                    self._put(connection, workspace, channel, each)
                _record(connection, changed(workspace, channel, before, changes))
        except (SQLAlchemyError, OSError) as error:
            log.warning("what a channel agreed on cannot be kept", extra={"reason": error})
            raise RequestError(
                "I cannot keep that: my database does not answer. Nothing was changed.",
                remedy="Try again in a minute; if it stays so, tell whoever runs me.",
            ) from error
        return before

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[DefaultChange]:
        """Empty while the database does not answer."""
        here = (default_changes.c.workspace == workspace) & (default_changes.c.channel == channel)
        try:
            return self._changes(select(default_changes).where(here), limit)
        except (SQLAlchemyError, OSError) as error:
            log.warning("who changed what a channel agreed on cannot be read", extra={"reason": error})
            return []

    def every_change(self, *, channel: str = "", whats: Sequence[str] = (), limit: int = 50) -> list[DefaultChange]:
        """Changes of all channels or one, of all things or some; the last first. Raises what the database raises."""
        wanted = select(default_changes)
        if whats:
            wanted = wanted.where(default_changes.c.what.in_(whats))
        return self._changes(wanted.where(default_changes.c.channel == channel) if channel else wanted, limit)

    def every(self, *, channel: str = "") -> list[tuple[str, str, ChannelSetting]]:
        """All that is set, with its workspace and channel. Raises what the database raises."""
        wanted = select(defaults).where(defaults.c.value != "").order_by(defaults.c.workspace, defaults.c.channel)
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.where(defaults.c.channel == channel) if channel else wanted)
            return [(str(row.workspace), str(row.channel), _agreed(row)) for row in rows]

    def _changes(self, wanted: Select[Any], limit: int) -> list[DefaultChange]:
        with self._engine.connect() as connection:
            return [
                _change(row) for row in connection.execute(wanted.order_by(default_changes.c.id.desc()).limit(limit))
            ]

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        mine = (defaults.c.workspace == workspace) & (defaults.c.changed_by == user)
        last = func.max(defaults.c.changed_at).desc()
        wanted = select(defaults.c.channel).where(mine).group_by(defaults.c.channel).order_by(last).limit(limit)
        try:
            with self._engine.connect() as connection:
                return [str(row.channel) for row in connection.execute(wanted)]
        except (SQLAlchemyError, OSError) as error:
            log.warning("a person's channels cannot be read", extra={"reason": error})
            return []

    def _reserve(self, connection: Connection, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> None:
        """Rows for what was never set: only a row that is there can be locked, and two may set it first at once."""
        fresh = {"value": "", "changed_by": "", "changed_at": 0}
        for what, metric in sorted({(each.what, each.metric) for each in changes}):
            place = {"workspace": workspace, "channel": channel, "what": what, "metric": metric}
            connection.execute(upsert(self._engine, defaults).values(**place, **fresh).on_conflict_do_nothing())

    def _put(self, connection: Connection, workspace: str, channel: str, setting: ChannelSetting) -> None:
        statement = upsert(self._engine, defaults).values(
            workspace=workspace,
            channel=channel,
            what=setting.what,
            metric=setting.metric,
            value=setting.value,
            changed_by=setting.by,
            changed_at=setting.at,
        )
        newest = {name: statement.excluded[name] for name in ("value", "changed_by", "changed_at")}
        places = ["workspace", "channel", "what", "metric"]
        connection.execute(statement.on_conflict_do_update(index_elements=places, set_=newest))


def _record(connection: Connection, changes: Sequence[DefaultChange]) -> None:
    names = {"by": "changed_by", "at": "changed_at"}
    rows = [{names.get(name, name): value for name, value in asdict(each).items()} for each in changes]
    if rows:
        connection.execute(insert(default_changes), rows)


def _change(row: Row[Any]) -> DefaultChange:
    places = (row.workspace, row.channel, row.changed_by, int(row.changed_at), row.what, row.metric)
    return DefaultChange(*places, row.before, row.after)


def _in(workspace: str, channel: str) -> Select[Any]:
    return select(defaults).where((defaults.c.workspace == workspace) & (defaults.c.channel == channel))


def _agreed(row: Row[Any]) -> ChannelSetting:
    return ChannelSetting(row.what, row.value, row.metric, row.changed_by, int(row.changed_at))


_HERE = select(defaults).where(
    (defaults.c.workspace == bindparam("here_workspace")) & (defaults.c.channel == bindparam("here_channel"))
)  # built once: it is asked for each command and message


class StoredAccess:
    """Rules of who may see and change what, in the same two tables: read anew each time, so that they hold at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = single_statements(engine)
        self._defaults = StoredDefaults(engine)

    def every(self) -> list[AccessRule]:
        """The rules that are set, the last set first. Raises what the database raises."""
        with self._engine.connect() as connection:
            rows = connection.execute(_RULES).all()
        return [
            AccessRule(
                row.workspace, row.channel, ChannelSetting(row.what, row.value, "", row.changed_by, row.changed_at)
            )
            for row in rows
        ]

    def every_change(self, *, limit: int = 50) -> list[DefaultChange]:
        """Changes of rules, the last first. Raises what the database raises."""
        return self._defaults.every_change(whats=(ACCESS, CHANGES), limit=limit)

    def change(self, workspace: str, channel: str, setting: ChannelSetting) -> ChannelSetting:
        return self._defaults.change(workspace, channel, [setting])[0]


_OURS = defaults.c.what.in_((ACCESS, CHANGES)) & (defaults.c.value != "")
_RULES = select(defaults).where(_OURS).order_by(defaults.c.changed_at.desc())  # built once: it is asked all the time
