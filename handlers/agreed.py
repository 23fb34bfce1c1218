"""What a channel agreed on: each thing with who set it and when; kept for all replicas."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from comparison.defaults import Defaults
from comparison.runs import Goal

if TYPE_CHECKING:
    from handlers.said import Said

log = logging.getLogger(__name__)

EXPERIMENT, METRIC, GOAL, PINNED = "experiment", "metric", "goal", "pinned"
_GOALS = frozenset(Goal)


@dataclass(frozen=True, slots=True)
class Agreed:
    """One thing that a channel agreed on; an empty value: it was taken back."""

    what: str  # experiment (a name), metric, goal (higher, lower or unknown) or pinned (a run id)
    value: str = ""
    metric: str = ""  # of a goal
    by: str = ""
    at: int = 0  # seconds since the epoch


class ChannelDefaults(Protocol):
    """What channels agreed on, shared by all replicas."""

    def of(self, workspace: str, channel: str) -> Defaults: ...

    def agreed(self, workspace: str, channel: str) -> list[Agreed]:
        """All that is set, in a fixed order: experiment, metric, goals by name, the pinned run."""
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
            before = [kept.get(key(each), Agreed(each.what, metric=each.metric)) for each in changes]
            kept.update({key(each): each for each in changes})
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


def key(agreed: Agreed) -> tuple[str, str]:
    """What is replaced when it is set again."""
    return agreed.what, agreed.metric


def in_order(kept: Iterable[Agreed]) -> list[Agreed]:
    """Those that are set, as they are listed."""
    places = {EXPERIMENT: 0, METRIC: 1, GOAL: 2, PINNED: 3}
    known = [each for each in kept if each.value and each.what in places]
    return sorted(known, key=lambda each: (places[each.what], each.metric))


def as_defaults(kept: Iterable[Agreed]) -> Defaults:
    plainly = {each.what: each.value for each in kept if not each.metric}
    goals = {each.metric: Goal(each.value) for each in kept if each.what == GOAL and each.value in _GOALS}
    return Defaults(plainly.get(EXPERIMENT, ""), plainly.get(METRIC, ""), goals, plainly.get(PINNED, ""))


def defaults_of(channels: ChannelDefaults, said: "Said") -> Defaults:
    """What was agreed on where this was said. Never raises: without it requests are answered as they stand."""
    try:
        return channels.of(said.team, said.channel)
    except Exception:
        log.exception("what a channel agreed on could not be looked up")
        return Defaults()
