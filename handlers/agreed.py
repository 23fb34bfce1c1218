"""What a channel agreed on: each thing with who set it and when; kept for all replicas."""

import logging
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from comparison.defaults import Agreed, Defaults, as_defaults, in_order

if TYPE_CHECKING:
    from handlers.said import Said

log = logging.getLogger(__name__)


class ChannelDefaults(Protocol):
    """What channels agreed on, shared by all replicas."""

    def of(self, workspace: str, channel: str) -> Defaults: ...

    def agreed(self, workspace: str, channel: str) -> list[Agreed]:
        """All that is set, in a fixed order: experiment, metric, goals and tolerances by metric, the pinned run."""
        ...

    def change(self, workspace: str, channel: str, changes: Sequence[Agreed]) -> list[Agreed]:
        """Sets all of them or none; what each was before, with an empty value where it was not set.

        Raises RequestError when it cannot be kept.
        """
        ...

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        """Channels where this person set something, the last first."""
        ...


class Agreements:
    """What channels agreed on, in memory, for one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, str], dict[tuple[str, str], Agreed]] = {}

    def of(self, workspace: str, channel: str) -> Defaults:
        return as_defaults(self.agreed(workspace, channel))

    def agreed(self, workspace: str, channel: str) -> list[Agreed]:
        with self._lock:
            return in_order(self._kept.get((workspace, channel), {}).values())

    def change(self, workspace: str, channel: str, changes: Sequence[Agreed]) -> list[Agreed]:
        with self._lock:
            kept = self._kept.setdefault((workspace, channel), {})
            before = [kept.get(each.key, Agreed(each.what, metric=each.metric)) for each in changes]
            kept.update({each.key: each for each in changes})
            return before

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        with self._lock:
            mine = [
                (each.at, channel)
                for (team, channel), kept in self._kept.items()
                for each in kept.values()
                if (team, each.by) == (workspace, user)
            ]
        return list(dict.fromkeys(channel for _at, channel in sorted(mine, reverse=True)))[:limit]


def defaults_of(channels: ChannelDefaults, said: "Said") -> Defaults:
    """What was agreed on where this was said. Never raises: without it requests are answered as they stand."""
    try:
        return channels.of(said.team, said.channel)
    except Exception:
        log.exception("what a channel agreed on could not be looked up")
        return Defaults()
