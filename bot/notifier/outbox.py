"""What the notifier keeps: how far it has looked, which ends it has seen, which messages are wanted, said or failed.

A message is a row that says what should stand in a channel. Its `revision` grows whenever that changes; it is done
when `posted_revision` has caught up. Between the two it may be worked on any number of times: the row tells what
was begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from comparison.notifications.message import MessageKind, OpenMessage, WantedMessage

GONE = "gone"  # in place of a digest of what stands: a person deleted the message
ON_RUNS = (
    MessageKind.RUN,
    MessageKind.SWEEP,
    MessageKind.BURST,
)  # the messages that runs join and that later news edit


def id_of(key: str) -> str:
    """The id of the message with this key, short enough to be typed and carried along."""
    return sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def united(first: WantedMessage, second: WantedMessage) -> WantedMessage:
    """Two of one key as one: what both hold, without repeats and in order; told as soon as either may be."""
    return replace(
        first,
        run_ids=_joined(first.run_ids, second.run_ids),
        watch_ids=_joined(first.watch_ids, second.watch_ids),
        experiment_ids=_joined(first.experiment_ids, second.experiment_ids),
        not_before=min(first.not_before, second.not_before),
    )


class MessageState(StrEnum):
    WAITING = "waiting"  # not posted yet
    POSTED = "posted"
    DROPPED = "dropped"  # no watch wanted to hear of it
    FAILED = "failed"  # given up; `mlcompare deliveries --retry` begins anew


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run was when it was seen last. `fingerprint` differs when anything of it does that a message shows."""

    status: str  # as comparison/notifications/new_runs.py remembers it
    ended_at: int  # ms since the epoch; 0: it was not seen to end
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Moment until when was polled, in ms since the epoch by our clock. `version` guards against two polls at once."""

    at: int
    version: int


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message to work on now."""

    id: str
    revision: int
    workspace: str
    channel: str


@dataclass(frozen=True, slots=True)
class PostedState:
    """What stands in a channel: as of which revision, where, and a digest of how it was drawn."""

    revision: int
    ts: str
    drawn: str = ""
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A row of the outbox. Times are ms since the epoch, 0: never."""

    id: str
    kind: MessageKind
    workspace: str
    channel: str
    run_ids: tuple[str, ...]
    watch_ids: tuple[str, ...]
    experiment_ids: tuple[str, ...]
    about: str
    state: MessageState
    revision: int
    posted_revision: int  # the revision that stands in the channel
    created_at: int
    not_before: int
    joined_at: int  # when the last run joined
    is_final: bool  # nothing more is expected of it
    begun_at: int  # a post was begun then and is not known to have ended: look before posting again
    unconfirmed: int  # posts whose answer was lost
    posted_at: int
    ts: str
    drawn: str  # a digest of what stands there
    tries: int
    problem: str  # why it waits or failed, in words
    key: str = ""  # as it was announced: of a sweep it ends with the parent's id


class Outbox(Protocol):
    """Shared by all processes. Every method is one transaction; all raise what the database raises."""

    def claim_poll(self, now: int, interval: int) -> bool:
        """Whether it falls to us to look now: no other process has in the last `interval` ms (nine tenths of it)."""
        ...

    def cursor(self, now: int) -> Cursor:
        """Reads until when was polled; begins at `now`."""
        ...

    def ends(self, run_ids: Iterable[str] = ()) -> dict[str, RunEnd]:
        """What was seen, by run id; of all that is kept when no ids are named."""
        ...

    def going_on(self) -> dict[str, RunEnd]:
        """Runs that went on when they were seen last."""
        ...

    def lose_sight(self, run_ids: Iterable[str]) -> None:
        """Forgets that these runs go on; how they had ended before that stays known."""
        ...

    def standing(self, since: int) -> list[OpenMessage]:
        """Messages on runs that wait, or that a run joined after `since` and that are not final.

        Not those of single runs that no watch wanted.
        """
        ...

    def record(
        self, before: Cursor, at: int, ends: Mapping[str, RunEnd], announcements: Sequence[WantedMessage], now: int
    ) -> bool:
        """All that a look found, or nothing when another process looked meanwhile (False).

        An announcement whose key is known adds its runs, watches and experiments to it; what that changes is due anew.
        A known run that ended otherwise than before makes the messages it is in due anew, for a day.
        """
        ...

    def announce(self, announcements: Sequence[WantedMessage], now: int) -> int:
        """Stores messages whose key is not known yet; returns how many. A known one is left as it is."""
        ...

    def touch(self, ends: Mapping[str, RunEnd], now: int) -> int:
        """Keeps how these runs are, and makes posted messages that hold them due anew; how many messages."""
        ...

    def finish(self, message_ids: Sequence[str]) -> None:
        """Notes that nothing more is expected of these: they are due a last time, to say so."""
        ...

    def due(self, now: int, limit: int = 1000) -> list[QueuedMessage]:
        """What waits to be worked on, the oldest first; one row a message, at its newest revision."""
        ...

    def unfinished(self, kinds: Sequence[MessageKind], before: int) -> list[OutboxMessage]:
        """Posted messages of these kinds that are not final and that no run joined since `before`."""
        ...

    def posted(self, since: int) -> list[OutboxMessage]:
        """Posted after `since` and on runs, the last first: those that later news still edit."""
        ...

    def on_run(self, run_id: str) -> list[OutboxMessage]:
        """All that hold this run, the last first."""
        ...

    def get(self, message_id: str) -> OutboxMessage | None: ...

    def begin(self, message_id: str, now: int) -> bool:
        """Marks that a post is begun, for one caller: false where one is begun already, it stands, or it is gone."""
        ...

    def record_posted(self, message_id: str, stands: PostedState, now: int) -> None:
        """Notes that a message stands in the channel, as of this revision."""
        ...

    def unconfirm(self, message_id: str, problem: str) -> int:
        """A post's answer was lost; how many were by now."""
        ...

    def put_off(self, message_id: str, problem: str) -> None:
        """Puts off a message that is known not to be posted: nothing is begun any more. `problem` says why it waits."""
        ...

    def drop(self, message_id: str, revision: int, why: str) -> None: ...

    def fail(self, message_id: str, revision: int, why: str) -> None: ...

    def retry(self, message_ids: Sequence[str] = ()) -> int:
        """Makes failed messages due anew, all when none is named; how many."""
        ...

    def listed(self, *, state: MessageState | None = None, limit: int = 50) -> list[OutboxMessage]:
        """The last first."""
        ...

    def prune(self, now: int) -> int:
        """Forgets ends and messages that can change nothing any more; how many rows."""
        ...


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
