"""The comparisons that were posted: what a thread is about, what a button changes, what somebody asked lately."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from comparison.following import compared
from comparison.request import Compare

MOST = 2_000  # kept in memory


@dataclass(frozen=True, slots=True)
class Recorded:
    """One posted comparison. Ids and options only: values are read from MLflow again."""

    id: str  # unique: the delivery that asked for it
    workspace: str
    channel: str
    thread: str  # the thread it stands in; "" : it stands in the channel itself
    message_ts: str  # "" : posted by response_url, which tells none
    asked_by: str
    at: int  # seconds since the epoch
    runs: tuple[str, ...]  # full ids, baseline first
    labels: tuple[str, ...] = ()
    experiment: str = ""
    metrics: tuple[str, ...] = ()
    everything: bool = False
    best: bool = False
    at_step: int | None = None
    differing: bool = False
    tolerance: float | None = None

    def request(self) -> Compare:
        """What to ask to have it again."""
        return replace(
            compared(self.runs),
            metrics=self.metrics,
            everything=self.everything,
            best=self.best,
            at_step=self.at_step,
            differing=self.differing,
            tolerance=self.tolerance,
        )


class Comparisons(Protocol):
    """Posted comparisons, shared by all replicas."""

    def remember(self, record: Recorded) -> None:
        """Kept by its id; the same id again takes the place of what was there."""
        ...

    def get(self, record_id: str) -> Recorded | None: ...

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[Recorded]:
        """What this person asked, the newest first."""
        ...

    def in_thread(self, channel: str, thread: str) -> Recorded | None:
        """The newest that stands in this thread, or is the message the thread hangs from."""
        ...


class Recollection:
    """Comparisons in memory, for one process; the oldest are forgotten. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Recorded] = OrderedDict()

    def remember(self, record: Recorded) -> None:
        with self._lock:
            self._kept.pop(record.id, None)
            self._kept[record.id] = record
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def get(self, record_id: str) -> Recorded | None:
        with self._lock:
            return self._kept.get(record_id)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[Recorded]:
        return [each for each in self._newest() if (each.workspace, each.asked_by) == (workspace, user)][:limit]

    def in_thread(self, channel: str, thread: str) -> Recorded | None:
        ours = (each for each in self._newest() if each.channel == channel)
        return next((each for each in ours if thread and thread in (each.thread, each.message_ts)), None)

    def _newest(self) -> list[Recorded]:
        with self._lock:
            return list(reversed(self._kept.values()))
