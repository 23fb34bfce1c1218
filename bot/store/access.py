"""Rules of who may see and change what, in the database: beside what channels agreed on, in the same two tables."""

from sqlalchemy import Engine, select

from bot.store.channel_defaults import StoredDefaults
from bot.store.database import single_statements
from bot.store.tables import defaults
from comparison.channel_defaults import ACCESS, CHANGES, ChannelSetting
from handlers.access.rules import AccessRule
from handlers.stores import DefaultChange


class StoredAccess:
    """Read anew each time, so that a rule holds at once on all replicas."""

    def __init__(self, engine: Engine) -> None:
        self._engine = single_statements(engine)
        self._kept = StoredDefaults(engine)

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
        return self._kept.every_change(whats=(ACCESS, CHANGES), limit=limit)

    def change(self, workspace: str, channel: str, setting: ChannelSetting) -> ChannelSetting:
        return self._kept.change(workspace, channel, [setting])[0]


_OURS = defaults.c.what.in_((ACCESS, CHANGES)) & (defaults.c.value != "")
_RULES = select(defaults).where(_OURS).order_by(defaults.c.changed_at.desc())  # built once: it is asked all the time
