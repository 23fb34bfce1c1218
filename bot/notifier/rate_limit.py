"""When something may be said where: Slack takes a message a second in a channel, and so many edits a minute of an app.

Turns are counted in the database, so that all processes together keep to what Slack takes, whatever each is busy with.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cachetools import LRUCache
from sqlalchemy import BigInteger, Engine, bindparam, case, select

from bot.store.database import single_statements, turns, upsert

POSTS = 1_100  # ms between two messages in one channel, as they leave us
EDITS = 1_250  # ms between two edits in one workspace, once many wait
EDITS_AT_ONCE = 15  # after a calm time
LONGEST = 10 * 60_000  # ms ahead; what is further was written by a clock that was wrong


class SendSlots(Protocol):
    """Shared by all processes. Every method is one transaction; all raise what the database raises. Times are ms."""

    def wait(self, place: str, now: int) -> int:
        """How long until this place is free; nothing is taken."""
        ...

    def take(self, place: str, now: int, apart: int, at_once: int = 0) -> int:
        """How long to wait for a turn that is from then on ours: `apart` after the one before.

        After a calm time so many more are given `at_once`.
        """
        ...

    def hold(self, place: str, until: int) -> None:
        """Slack said to wait: no turn that is given from now on is before."""
        ...


def channel_of(workspace: str, channel: str) -> str:
    return f"{workspace}:{channel}"


def edits_of(workspace: str) -> str:
    return f"{workspace}:edits"


# When edits may go: Slack takes about fifty a minute from an app, over all channels together.
#
# They take turns before anything is found out for them: a busy store would otherwise be asked again for each refusal.


_MAX_MESSAGES = 5_000


@dataclass
class EditSlots:
    """`now` is in ms. A turn that is waited for is kept here; one whose process ends is lost, and nobody minds."""

    turns: SendSlots
    now: Callable[[], int]
    _not_before: dict[str, int] = field(init=False, default_factory=dict)  # ms: no turn of the workspace is before
    # ms: when the turn of a message is
    _turns: LRUCache[str, int] = field(init=False, default_factory=lambda: LRUCache(_MAX_MESSAGES))
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def wait(self, workspace: str, message_id: str) -> float:
        """Seconds until this message's turn, which is kept for it; 0: it is now, and is taken."""
        with self._mutex:
            turn = self._turns.pop(message_id, None)
            if turn is not None and turn < self._not_before.get(workspace, 0):
                turn = None
        now = self.now()
        if turn is None:
            turn = now + self.turns.take(edits_of(workspace), now, EDITS, EDITS_AT_ONCE)
        if turn <= now:
            return 0.0
        with self._mutex:
            self._turns[message_id] = turn
        return (turn - now) / 1000

    def hold(self, workspace: str, seconds: float) -> None:
        """Slack said to wait: nobody's turn is before."""
        until = self.now() + round(seconds * 1000)
        self.turns.hold(edits_of(workspace), until)
        with self._mutex:
            self._not_before[workspace] = max(self._not_before.get(workspace, 0), until)


# The turns, in the database.


class StoredSendSlots:
    """Every method is one transaction, and raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = single_statements(engine)
        self._taken = self._taking()

    def wait(self, place: str, now: int) -> int:
        with self._engine.connect() as connection:
            free_at = connection.scalar(_FREE_AT, {"at": place})
        return 0 if free_at is None or free_at > now + LONGEST else max(0, int(free_at) - now)

    def take(self, place: str, now: int, apart: int, at_once: int = 0) -> int:
        first = now - apart * at_once
        given = {"at": place, "next": first + apart, "first": first, "most": now + LONGEST, "apart": apart}
        with self._engine.begin() as connection:
            free_at = connection.scalar(self._taken, given)
        return max(0, int(free_at or 0) - apart - now)

    def hold(self, place: str, until: int) -> None:
        statement = upsert(self._engine, turns).values(place=place, free_at=until)
        later = case((turns.c.free_at > until, turns.c.free_at), else_=until)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": later}))

    def _taking(self) -> Any:
        first, apart = bindparam("first", type_=BigInteger), bindparam("apart", type_=BigInteger)
        is_stale = (turns.c.free_at < first) | (turns.c.free_at > bindparam("most", type_=BigInteger))
        ours = case((is_stale, first), else_=turns.c.free_at)
        statement = upsert(self._engine, turns).values(place=bindparam("at"), free_at=bindparam("next"))
        taken = statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": ours + apart})
        return taken.returning(turns.c.free_at)


_FREE_AT = select(turns.c.free_at).where(turns.c.place == bindparam("at"))  # built once: it is asked for each message
