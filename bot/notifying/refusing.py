"""What it means for a message that Slack did not take a call: wait, try anew, look for it, pause its watch, give up."""

import logging
from dataclasses import dataclass

from bot.notifying.edits import Edits
from bot.notifying.means import Means
from bot.notifying.outbox import GONE, Message, Stands
from bot.notifying.pausing import everywhere, in_channel
from bot.notifying.turns import channel_of
from bot.notifying.unconfirmed import Unconfirmed
from bot.notifying.waits import Later
from comparison.watching.announcement import Kind
from handlers.failures import Kind as Failure
from handlers.failures import SlackFailed

log = logging.getLogger(__name__)

MOST_TRIES = 40  # of what Slack fails at again and again with an error of its own
_OWN_FAULTS = frozenset({"internal_error", "fatal_error"})


@dataclass
class Refusals:
    means: Means
    edits: Edits
    unconfirmed: Unconfirmed

    def hear(self, row: Message, failure: SlackFailed) -> None:
        """Returns when nothing is left to do for it; raises Later where it may yet succeed."""
        means = self.means
        if why := everywhere(failure):
            wait = means.line.break_off(why)
            means.outbox.put_off(row.id, why)
            raise Later(wait)
        if (why := in_channel(failure)) and row.kind is not Kind.NOTICE:
            means.give_up(row, why)
            means.pauser.pause_channel(row, why)
            means.wake()  # its owner is told at once
            return
        match failure.kind:
            case Failure.WAIT:
                self._hold(row, failure.wait)
                means.outbox.put_off(row.id, f"Slack says to wait for {failure.wait:g} s ({failure.code})")
                raise Later(failure.wait)
            case Failure.UNSENT:
                means.line.miss(failure.code)
                means.outbox.put_off(row.id, f"Slack cannot be reached ({failure.code})")
                raise Later(means.waits.grow(row.id, 1.0))
            case Failure.UNKNOWN:
                self._unanswered(row, failure)
            case Failure.GONE if row.ts:
                log.info("a message is gone and is not posted again", extra={"delivery": row.id, "code": failure.code})
                means.outbox.told(row.id, Stands(row.revision, row.ts, GONE, is_final=True), means.now())
            case _:
                incident = means.services.new_incident()
                log.error("incident %s: Slack refused a message: %s", incident, failure, extra={"delivery": row.id})
                means.give_up(row, f"Slack refused it ({failure.code})")

    def _hold(self, row: Message, seconds: float) -> None:
        """The others of its channel, or all edits, wait as well: in every process."""
        if row.ts:
            self.edits.hold(row.workspace, seconds)
        else:
            means = self.means
            means.turns.hold(channel_of(row.workspace, row.channel), means.now() + round(seconds * 1000))

    def _unanswered(self, row: Message, failure: SlackFailed) -> None:
        """It may or may not be there. An edit does no harm twice; a post is looked for."""
        means = self.means
        wait = means.waits.grow(row.id, 1.0)
        means.line.miss(failure.code)
        if failure.code in _OWN_FAULTS and means.waits.tries(row.id) > MOST_TRIES:
            means.give_up(row, f"Slack failed at it again and again ({failure.code})")
            return
        if row.ts:
            means.outbox.put_off(row.id, f"Slack did not confirm an edit ({failure.code})")
        else:
            self.unconfirmed.count(row, f"Slack did not confirm it ({failure.code}); it is looked for")
        raise Later(wait)
