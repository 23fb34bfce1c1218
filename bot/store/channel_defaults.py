"""What channels agreed on, in the database; what was read last is used while there is none."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import upsert
from bot.store.tables import defaults
from comparison.channel_defaults import ChannelDefaults, ChannelSetting, in_order, to_defaults
from comparison.errors import RequestError

log = logging.getLogger(__name__)

LONGEST = 255  # characters of a metric's name
KNOWN = 1_000  # channels whose last known agreements stay in memory


class StoredDefaults:
    """A row a thing that is set, so that two people who set different things at once both are heard."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mutex = threading.Lock()
        self._known: dict[tuple[str, str], list[ChannelSetting]] = {}

    def of(self, workspace: str, channel: str) -> ChannelDefaults:
        return to_defaults(self.agreed(workspace, channel))

    def agreed(self, workspace: str, channel: str) -> list[ChannelSetting]:
        """All that is set; without a database what was known last."""
        try:
            with self._engine.connect() as connection:
                found = in_order(map(_agreed, connection.execute(_in(workspace, channel))))
        except (SQLAlchemyError, OSError) as error:
            log.warning("what a channel agreed on cannot be read", extra={"reason": error})
            return self._known.get((workspace, channel), [])
        with self._mutex:
            self._known.pop((workspace, channel), None)
            self._known[workspace, channel] = found
            while len(self._known) > KNOWN:
                del self._known[next(iter(self._known))]
        return found

    def change(self, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> list[ChannelSetting]:
        """Sets all of them or none; what each was before. Raises RequestError when it cannot be kept."""
        if any(len(each.metric) > LONGEST for each in changes):
            raise RequestError(f"A metric's name has at most {LONGEST} characters.")
        try:
            with self._engine.begin() as connection:
                kept = {each.key: each for each in map(_agreed, connection.execute(_in(workspace, channel)))}
                for each in changes:
                    self._put(connection, workspace, channel, each)
        except (SQLAlchemyError, OSError) as error:
            log.warning("what a channel agreed on cannot be kept", extra={"reason": error})
            raise RequestError(
                "I cannot keep that: my database does not answer. Nothing was changed.",
                remedy="Try again in a minute; if it stays so, tell whoever runs me.",
            ) from error
        return [kept.get(each.key, ChannelSetting(each.what, metric=each.metric)) for each in changes]

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

    def _put(self, connection: Connection, workspace: str, channel: str, agreed: ChannelSetting) -> None:
        statement = upsert(self._engine, defaults).values(
            workspace=workspace,
            channel=channel,
            what=agreed.what,
            metric=agreed.metric,
            value=agreed.value,
            changed_by=agreed.by,
            changed_at=agreed.at,
        )
        newest = {name: statement.excluded[name] for name in ("value", "changed_by", "changed_at")}
        places = ["workspace", "channel", "what", "metric"]
        connection.execute(statement.on_conflict_do_update(index_elements=places, set_=newest))


def _in(workspace: str, channel: str) -> Select[Any]:
    return select(defaults).where((defaults.c.workspace == workspace) & (defaults.c.channel == channel))


def _agreed(row: Row[Any]) -> ChannelSetting:
    return ChannelSetting(row.what, row.value, row.metric, row.changed_by, int(row.changed_at))
