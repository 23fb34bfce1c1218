"""The watches and digests of channels: kept as the words they were asked in, with who changed what and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

MOST = 50  # watches and digests of one channel
MOST_CHANGES = 10_000  # kept in memory


@dataclass(frozen=True, slots=True)
class Kept:
    """One watch or digest of a channel. Times are seconds since the epoch; `words` are those behind the command."""

    id: str
    workspace: str
    channel: str
    words: str
    created_by: str
    created_at: float
    is_digest: bool = False
    past: tuple[str, ...] = ()  # ids of runs that were over already when it began
    is_primed: bool = False  # whether MLflow could be asked for them
    paused_at: int = 0  # 0: it is not
    paused_by: str = ""  # a person's id; "" : the bot, `paused_why` says why
    paused_why: str = ""
    experiment_id: str = ""  # of the one experiment that is watched; "" for a pattern, or not known yet
    gone_at: int = 0  # since when that experiment is not there; 0: it is

    @property
    def is_paused(self) -> bool:
        return bool(self.paused_at)


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: who, when, what, and the words before and after."""

    watch_id: str
    workspace: str
    channel: str
    by: str  # a person's id; "" : the bot
    at: int  # seconds since the epoch
    what: str  # added, edited, paused, resumed or removed
    before: str = ""
    after: str = ""


class Watches(Protocol):
    """Watches, shared by all replicas. Every change is recorded; one that cannot be kept raises RequestError."""

    def add(self, kept: Kept, *, instead_of: Sequence[str] = ()) -> None:
        """Raises TooMany when the channel has MOST; the limit holds however many are added at once.

        Those of these ids are removed, by whom it is set up, if and only if it is kept.
        """
        ...

    def get(self, watch_id: str) -> Kept | None: ...

    def of_channel(self, workspace: str, channel: str) -> list[Kept]:
        """The oldest first, digests after the watches."""
        ...

    def every(self) -> list[Kept]:
        """Those of all channels, the paused ones too, the oldest first."""
        ...

    def prime(self, watch_id: str, past: Iterable[str]) -> None:
        """What was over when it began, once MLflow could be asked. No change of anybody's: not recorded."""
        ...

    def edit(self, watch_id: str, words: str, *, by: str, at: int, experiment_id: str = "") -> Kept | None:
        """As it is then; None when there is none any more. The experiment is there again, or another."""
        ...

    def tie(self, watch_id: str, experiment_id: str, *, gone_at: int = 0) -> None:
        """Which experiment it watches, and since when that is gone (0: it is there). No change of anybody's."""
        ...

    def pause(self, watch_id: str, *, by: str, at: int, why: str = "") -> bool:
        """True when it was not paused before."""
        ...

    def resume(self, watch_id: str, *, by: str, at: int) -> bool:
        """True when it was paused before."""
        ...

    def remove(self, watch_id: str, *, by: str, at: int) -> Kept | None:
        """As it was; None when there is none any more."""
        ...

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[Changed]:
        """The last first."""
        ...

    def channels_of(self, workspace: str, user: str, *, limit: int = 10) -> list[str]:
        """Channels where this person set up watches that still are, the last first."""
        ...


class TooMany(Exception):  # noqa: N818 -- named for what happened
    """The channel has as many watches as one may have."""


class WatchesHere:
    """Watches in memory, for one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, Kept] = {}
        self._changes: list[Changed] = []

    def add(self, kept: Kept, *, instead_of: Sequence[str] = ()) -> None:
        with self._lock:
            if sum(each.id not in instead_of for each in self._of(kept.workspace, kept.channel)) >= MOST:
                raise TooMany
            for each in instead_of:
                before = self._kept.pop(each, None)
                if before is not None:
                    self._record(before, kept.created_by, int(kept.created_at), "removed", before.words, "")
            self._kept[kept.id] = kept
            self._record(kept, kept.created_by, int(kept.created_at), "added", "", kept.words)

    def get(self, watch_id: str) -> Kept | None:
        with self._lock:
            return self._kept.get(watch_id)

    def of_channel(self, workspace: str, channel: str) -> list[Kept]:
        with self._lock:
            return self._of(workspace, channel)

    def every(self) -> list[Kept]:
        with self._lock:
            return in_order(self._kept.values())

    def prime(self, watch_id: str, past: Iterable[str]) -> None:
        with self._lock:
            if watch_id in self._kept:
                self._kept[watch_id] = replace(self._kept[watch_id], past=tuple(past), is_primed=True)

    def tie(self, watch_id: str, experiment_id: str, *, gone_at: int = 0) -> None:
        with self._lock:
            if watch_id in self._kept:
                tied = replace(self._kept[watch_id], experiment_id=experiment_id, gone_at=gone_at)
                self._kept[watch_id] = tied

    def edit(self, watch_id: str, words: str, *, by: str, at: int, experiment_id: str = "") -> Kept | None:
        with self._lock:
            before = self._kept.get(watch_id)
            if before is None:
                return None
            self._kept[watch_id] = replace(before, words=words, experiment_id=experiment_id, gone_at=0)
            self._record(before, by, at, "edited", before.words, words)
            return self._kept[watch_id]

    def pause(self, watch_id: str, *, by: str, at: int, why: str = "") -> bool:
        with self._lock:
            before = self._kept.get(watch_id)
            if before is None or before.is_paused:
                return False
            self._kept[watch_id] = replace(before, paused_at=max(at, 1), paused_by=by, paused_why=why)
            self._record(before, by, at, "paused", "", why)
            return True

    def resume(self, watch_id: str, *, by: str, at: int) -> bool:
        with self._lock:
            before = self._kept.get(watch_id)
            if before is None or not before.is_paused:
                return False
            self._kept[watch_id] = replace(before, paused_at=0, paused_by="", paused_why="")
            self._record(before, by, at, "resumed", before.paused_why, "")
            return True

    def remove(self, watch_id: str, *, by: str, at: int) -> Kept | None:
        with self._lock:
            before = self._kept.pop(watch_id, None)
            if before is not None:
                self._record(before, by, at, "removed", before.words, "")
            return before

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[Changed]:
        with self._lock:
            here = [each for each in self._changes if (each.workspace, each.channel) == (workspace, channel)]
        return here[::-1][:limit]

    def channels_of(self, workspace: str, user: str, *, limit: int = 10) -> list[str]:
        with self._lock:
            mine = [each for each in self._kept.values() if (each.workspace, each.created_by) == (workspace, user)]
        newest = sorted(mine, key=lambda each: each.created_at, reverse=True)
        return list(dict.fromkeys(each.channel for each in newest))[:limit]

    def _of(self, workspace: str, channel: str) -> list[Kept]:
        here = (each for each in self._kept.values() if (each.workspace, each.channel) == (workspace, channel))
        return in_order(here)

    def _record(self, kept: Kept, by: str, at: int, what: str, before: str, after: str) -> None:  # noqa: PLR0913, PLR0917 -- a row
        self._changes.append(Changed(kept.id, kept.workspace, kept.channel, by, at, what, before, after))
        del self._changes[:-MOST_CHANGES]


def in_order(kept: Iterable[Kept]) -> list[Kept]:
    """The oldest first, digests after the watches."""
    return sorted(kept, key=lambda each: (each.is_digest, each.created_at, each.id))
