"""Posts that were begun and whose end nobody knows: they are looked for in the channel before they are made again.

Where history may not be read a message is posted once more at most, and then given up as not confirmed.
"""

import logging
from dataclasses import dataclass, field

from bot.notifying.means import Means
from bot.notifying.outbox import Message, Stands
from bot.notifying.pausing import everywhere, in_channel
from bot.notifying.waits import Later
from comparison.watching.announcement import Kind
from handlers.failures import Kind as Failure
from handlers.failures import SlackFailed
from handlers.outlet import TOO_MUCH

log = logging.getLogger(__name__)

SETTLES = 3_000  # ms after which a post that was begun can be found in history, if it was made
ONCE = frozenset({Kind.NOTICE, Kind.BEST, Kind.BACK, Kind.DIGEST})  # nothing becomes of these any more
_LOOKED_FROM = 60_000  # ms before a post was begun: clocks differ
_LOOKED_UNTIL = 900_000  # ms after
_MOST_POSTS = 2  # unconfirmed ones, where history may not be read


@dataclass
class Unconfirmed:
    means: Means
    _counted: set[str] = field(init=False, default_factory=set)  # whose last post is counted as unconfirmed

    def count(self, row: Message, why: str) -> int:
        """Its post was not confirmed; how many were not by now."""
        self._counted.add(row.id)
        return self.means.outbox.unconfirm(row.id, why)

    def settle(self, row: Message) -> None:
        """It is known what became of its last post."""
        self._counted.discard(row.id)

    def look_for(self, row: Message) -> Message | None:
        """The row once it is known what became of a post that was begun; None when it was given up."""
        means = self.means
        settles = row.begun_at + SETTLES - means.now()
        if settles > 0:
            raise Later(settles / 1000)
        since, until = row.begun_at - _LOOKED_FROM, row.begun_at + _LOOKED_UNTIL
        try:
            ts = means.outlet.find(row.channel, {"delivery": row.id}, since=_ts(since), until=_ts(until))
        except SlackFailed as failure:
            return self._unseen(row, failure)
        means.line.is_well()
        if ts:
            log.info("a post that was not confirmed stands", extra={"delivery": row.id})
            stands = Stands(1, ts, is_final=row.kind in ONCE or (row.is_final and row.revision == 1))
            means.outbox.told(row.id, stands, means.now())
        else:
            means.outbox.put_off(row.id, "")
        self.settle(row)
        return means.outbox.get(row.id)

    def _unseen(self, row: Message, failure: SlackFailed) -> Message | None:
        """History cannot be read: now, or at all."""
        means = self.means
        is_closed = failure.code == "missing_scope"
        if not is_closed and (why := everywhere(failure)):
            raise Later(means.line.break_off(why))
        if (why := in_channel(failure)) and row.kind is not Kind.NOTICE:
            means.give_up(row, f"Not confirmed: {why}")
            means.pauser.pause_channel(row, why)
            means.wake()  # its owner is told at once
            return None
        if failure.kind is Failure.WAIT:
            raise Later(failure.wait)
        if failure.kind in (Failure.UNSENT, Failure.UNKNOWN) and failure.code != TOO_MUCH:
            means.line.miss(failure.code)
            raise Later(means.waits.grow(row.id, 1.0))
        why = f"Slack did not confirm it, and history cannot be read ({failure.code})"
        count = row.unconfirmed if row.id in self._counted else self.count(row, why)
        self.settle(row)
        if count >= _MOST_POSTS:
            log.error("not confirmed and given up", extra={"delivery": row.id, "channel": row.channel})
            means.give_up(row, f"Not confirmed: {why}. It may stand in the channel")
            return None
        means.outbox.put_off(row.id, why)  # it is counted, and posted anew: not looked for again
        return means.outbox.get(row.id)


def _ts(at: int) -> str:
    return f"{max(at, 0) // 1000}.{max(at, 0) % 1000:03d}000"
