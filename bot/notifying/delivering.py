"""One message on its way into its channel: posted or edited, never twice, and never silent on why it waits.

Slack has no idempotency: a post whose answer is lost may stand in the channel. A row therefore tells that a post was
begun before it is; whoever finds one begun looks for the message by the id in its metadata before posting again.
Where history may not be read it is posted once more at most, and then given up as not confirmed.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import SQLAlchemyError

from bot.notifying.composing import Composed, Composer, Faulty
from bot.notifying.edits import Edits
from bot.notifying.outbox import GONE, Message, Outbox, Stands, State, id_of
from bot.notifying.pausing import Line, Pauser, everywhere, in_channel
from bot.notifying.turns import POSTS, Turns, channel_of
from bot.notifying.waits import Later, Waits
from comparison.errors import TrackingUnavailable
from comparison.watching.announcement import Announcement, Kind
from comparison.watching.news import Unwanted
from comparison.watching.watch import Watching
from handlers.failures import Kind as Failure
from handlers.failures import SlackFailed
from handlers.ladder import descend
from handlers.outlet import ANSWER, TOO_MUCH, Outlet
from handlers.reply import Reply
from handlers.services import Services

log = logging.getLogger(__name__)

SETTLES = 3_000  # ms after which a post that was begun can be found in history, if it was made
_LOOKED_FROM = 60_000  # ms before a post was begun: clocks differ
_LOOKED_UNTIL = 900_000  # ms after
_MOST_POSTS = 2  # unconfirmed ones, where history may not be read
_SHORT = 3.0  # seconds that a turn is waited for with the message in hand
_MOST_TRIES = 40  # of what Slack fails at again and again with an error of its own
_PAYLOAD = 6_000  # characters of metadata; Slack takes no more than 8,000
_OWN_FAULTS = frozenset({"internal_error", "fatal_error"})
_ONCE = frozenset({Kind.NOTICE, Kind.BEST, Kind.BACK, Kind.DIGEST})  # nothing becomes of these any more
_LATER = frozenset({Kind.DEAD})  # over when the run is back, whatever is said of it


@dataclass
class Deliverer:
    """Safe to use from any thread; `now` is in ms since the epoch. `wake` is called when a message was added."""

    outbox: Outbox
    services: Services
    outlet: Outlet
    composer: Composer
    line: Line
    pauser: Pauser
    turns: Turns
    now: Callable[[], int]
    watching: Callable[[str], Watching | None] = lambda _watch_id: None
    wake: Callable[[], None] = lambda: None
    _edits: Edits = field(init=False)
    _waits: Waits = field(init=False, default_factory=Waits)
    _counted: set[str] = field(init=False, default_factory=set)  # whose last post is counted as unconfirmed
    _has_no_database: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._edits = Edits(self.turns, self.now)
        self.outlet = replace(self.outlet, patience=0.0)  # whoever calls waits, and survives being killed meanwhile

    def deliver(self, message_id: str, revision: int) -> float | None:
        """Seconds until it is to be called again; None when there is nothing left to do. Raises nothing."""
        try:
            self._deliver(message_id)
        except Later as later:
            return later.seconds
        except (SQLAlchemyError, OSError) as error:
            if not self._has_no_database:
                log.warning("the database cannot be asked; messages wait", extra={"reason": error})
            self._has_no_database = True
            return self._waits.grow(message_id)
        except Exception as error:  # noqa: BLE001 -- whatever it is, no message is lost for it
            return self._unforeseen(message_id, revision, error)
        self._has_no_database = False
        self._waits.forget(message_id)
        return None

    def _deliver(self, message_id: str) -> None:
        row = self.outbox.get(message_id)
        if row is None or is_done(row):
            return
        if row.not_before > self.now():
            raise Later((row.not_before - self.now()) / 1000)
        if wait := self.line.held():
            self._explain(row, self.line.problem)
            raise Later(wait)
        if self.line.is_away:
            self._ask_whether_slack_is_there(row)
        if row.begun_at and not row.ts:
            row = self._looked_for(row)
            if row is None or is_done(row):
                return
        if wait := self._edits.wait(row.workspace, row.id) if row.ts else self._until_free(row):
            raise Later(wait)
        composed = self._compose(row)
        if isinstance(composed, Unwanted):
            self._leave(row, composed.why)
        elif row.ts:
            self._edit(row, composed)
        else:
            self._post(row, composed)

    def _ask_whether_slack_is_there(self, row: Message) -> None:
        try:
            self.outlet.greet()
        except SlackFailed as failure:
            if why := everywhere(failure):
                raise Later(self.line.break_off(why)) from failure
            if failure.kind in (Failure.UNSENT, Failure.UNKNOWN):
                self.line.miss(failure.code)
                raise Later(self.line.held() or 1.0) from failure
        self.line.is_well()
        self._explain(row, "")

    def _compose(self, row: Message) -> Composed | Unwanted:
        try:
            return self.composer.compose(row)
        except TrackingUnavailable as error:
            self._explain(row, error.problem)
        except Faulty as error:
            self._explain(row, str(error))
        raise Later(self._waits.grow(row.id))

    def _leave(self, row: Message, why: str) -> None:
        """No watch wants it: what stands already stays as it is."""
        if row.ts:
            self._told(row, row.ts, row.drawn, is_final=row.is_final)
        else:
            self.outbox.drop(row.id, row.revision, why)

    def _post(self, row: Message, composed: Composed) -> None:
        self._take_turn(row)
        before = self.outbox.begin(row.id, self.now())
        if before is None:
            return
        if before.ts or before.begun_at != row.begun_at:
            raise Later(SETTLES / 1000)  # somebody else is at it
        posted: list[str] = []
        refused: list[Reply] = []

        def post(reply: Reply) -> None:
            if refused:
                self._take_turn(row)
            refused.append(reply)
            posted.append(self.outlet.post(row.channel, marked(reply, row.id)))

        try:
            descend(composed.draw, post, row.workspace, self.services.capabilities)
        except SlackFailed as failure:
            self._failed(row, failure)
            return
        self.line.is_well()
        self._told(row, posted[-1], composed.drawn, is_final=_is_final(row, composed))
        self.composer.remember(row, composed, posted[-1])
        self._counted.discard(row.id)
        if composed.new_best:
            self._is_said(row, composed.new_best)
        log.info("posted", extra={"delivery": row.id, "channel": row.channel})

    def _until_free(self, row: Message) -> float:
        """Seconds until the channel may have its next message, before anything is found out for it."""
        return self.turns.wait(channel_of(row.workspace, row.channel), self.now()) / 1000

    def _take_turn(self, row: Message) -> None:
        """Just before Slack is called, whatever finding out took. Another process may have been faster."""
        wait = self.turns.take(channel_of(row.workspace, row.channel), self.now(), POSTS) / 1000
        if wait > _SHORT:
            raise Later(wait)
        if wait:
            self.services.sleep(wait)

    def _edit(self, row: Message, composed: Composed) -> None:
        if row.drawn == GONE:
            self._told(row, row.ts, GONE, is_final=True)
            return
        if composed.drawn != row.drawn:

            def update(reply: Reply) -> None:
                self.outlet.update(row.channel, row.ts, marked(reply, row.id))

            try:
                descend(composed.draw, update, row.workspace, self.services.capabilities)
            except SlackFailed as failure:
                self._failed(row, failure)
                return
            self.line.is_well()
            self.composer.remember(row, composed, row.ts)
            log.info("edited", extra={"delivery": row.id, "channel": row.channel})
        self._told(row, row.ts, composed.drawn, is_final=_is_final(row, composed))
        if composed.new_best and composed.drawn != row.drawn:
            self._say_aloud(row, composed.new_best)

    def _say_aloud(self, row: Message, run_id: str) -> None:
        """A new best that an edit brought, which nobody is notified of, where a watch asks for it."""
        best = self._best(row, run_id)
        if best and self.outbox.announce([best], self.now()):
            self.wake()

    def _is_said(self, row: Message, run_id: str) -> None:
        """A new best that the post itself told of: no later edit says it aloud again."""
        best = self._best(row, run_id)
        if best and self.outbox.announce([best], self.now()):
            self.outbox.drop(id_of(best.key), 1, "The message on it said so at once")

    def _best(self, row: Message, run_id: str) -> Announcement | None:
        asking = [each for each in row.watch_ids if (known := self.watching(each)) and known.broadcasts]
        if not asking or row.kind is Kind.BEST:
            return None
        key = f"best:{row.workspace}:{row.channel}:{run_id}"
        return Announcement(
            key, Kind.BEST, row.workspace, row.channel, (run_id,), tuple(asking), experiment_ids=row.experiment_ids
        )

    def _told(self, row: Message, ts: str, drawn: str, *, is_final: bool) -> None:
        self.outbox.told(row.id, Stands(row.revision, ts, drawn, is_final), self.now())

    def _failed(self, row: Message, failure: SlackFailed) -> None:
        """What a call that did not succeed means for the message. Raises Later where it may yet."""
        if why := everywhere(failure):
            wait = self.line.break_off(why)
            self.outbox.put_off(row.id, why)
            raise Later(wait)
        if (why := in_channel(failure)) and row.kind is not Kind.NOTICE:
            self._give_up(row, why)
            self.pauser.pause_channel(row, why)
            self.wake()  # its owner is told at once
            return
        match failure.kind:
            case Failure.WAIT:
                if row.ts:
                    self._edits.hold(row.workspace, failure.wait)
                else:
                    self.turns.hold(channel_of(row.workspace, row.channel), self.now() + round(failure.wait * 1000))
                self.outbox.put_off(row.id, f"Slack says to wait for {failure.wait:g} s ({failure.code})")
                raise Later(failure.wait)
            case Failure.UNSENT:
                self.line.miss(failure.code)
                self.outbox.put_off(row.id, f"Slack cannot be reached ({failure.code})")
                raise Later(self._waits.grow(row.id, 1.0))
            case Failure.UNKNOWN:
                self._unanswered(row, failure)
            case Failure.GONE if row.ts:
                log.info("a message is gone and is not posted again", extra={"delivery": row.id, "code": failure.code})
                self._told(row, row.ts, GONE, is_final=True)
            case _:
                incident = self.services.new_incident()
                log.error("incident %s: Slack refused a message: %s", incident, failure, extra={"delivery": row.id})
                self._give_up(row, f"Slack refused it ({failure.code})")

    def _unanswered(self, row: Message, failure: SlackFailed) -> None:
        """It may or may not be there. An edit does no harm twice; a post is looked for."""
        wait = self._waits.grow(row.id, 1.0)
        self.line.miss(failure.code)
        if failure.code in _OWN_FAULTS and self._waits.tries(row.id) > _MOST_TRIES:
            self._give_up(row, f"Slack failed at it again and again ({failure.code})")
            return
        if row.ts:
            self.outbox.put_off(row.id, f"Slack did not confirm an edit ({failure.code})")
        else:
            self.outbox.unconfirm(row.id, f"Slack did not confirm it ({failure.code}); it is looked for")
            self._counted.add(row.id)
        raise Later(wait)

    def _looked_for(self, row: Message) -> Message | None:
        """The row once it is known what became of a post that was begun; None when it was given up."""
        settles = row.begun_at + SETTLES - self.now()
        if settles > 0:
            raise Later(settles / 1000)
        since, until = row.begun_at - _LOOKED_FROM, row.begun_at + _LOOKED_UNTIL
        try:
            ts = self.outlet.find(row.channel, {"delivery": row.id}, since=_ts(since), until=_ts(until))
        except SlackFailed as failure:
            return self._unseen(row, failure)
        self.line.is_well()
        if ts:
            log.info("a post that was not confirmed stands", extra={"delivery": row.id})
            stands = Stands(1, ts, is_final=row.kind in _ONCE or (row.is_final and row.revision == 1))
            self.outbox.told(row.id, stands, self.now())
        else:
            self.outbox.put_off(row.id, "")
        self._counted.discard(row.id)
        return self.outbox.get(row.id)

    def _unseen(self, row: Message, failure: SlackFailed) -> Message | None:
        """History cannot be read: now, or at all."""
        is_closed = failure.code == "missing_scope"
        if not is_closed and (why := everywhere(failure)):
            raise Later(self.line.break_off(why))
        if (why := in_channel(failure)) and row.kind is not Kind.NOTICE:
            self.outbox.fail(row.id, row.revision, f"Not confirmed: {why}")
            self.pauser.pause_channel(row, why)
            self.wake()  # its owner is told at once
            return None
        if failure.kind is Failure.WAIT:
            raise Later(failure.wait)
        if failure.kind in (Failure.UNSENT, Failure.UNKNOWN) and failure.code != TOO_MUCH:
            self.line.miss(failure.code)
            raise Later(self._waits.grow(row.id, 1.0))
        why = f"Slack did not confirm it, and history cannot be read ({failure.code})"
        count = row.unconfirmed if row.id in self._counted else self.outbox.unconfirm(row.id, why)
        self._counted.discard(row.id)
        if count >= _MOST_POSTS:
            log.error("not confirmed and given up", extra={"delivery": row.id, "channel": row.channel})
            self.outbox.fail(row.id, row.revision, f"Not confirmed: {why}. It may stand in the channel")
            return None
        self.outbox.put_off(row.id, why)  # it is counted, and posted anew: not looked for again
        return self.outbox.get(row.id)

    def _explain(self, row: Message, why: str) -> None:
        """Why it waits, where nothing is begun that would be forgotten with it."""
        if not row.begun_at and row.problem != why:
            self.outbox.put_off(row.id, why)

    def _give_up(self, row: Message, why: str) -> None:
        self.outbox.fail(row.id, row.revision, why)

    def _unforeseen(self, message_id: str, revision: int, error: Exception) -> float | None:
        incident = self.services.new_incident()
        wait = self._waits.grow(message_id)
        log.error("incident %s: %s could not be delivered", incident, message_id, exc_info=error)
        if self._waits.tries(message_id) <= _MOST_TRIES:
            return wait
        try:
            self.outbox.fail(message_id, revision, f"It failed again and again; incident {incident} in the log")
        except (SQLAlchemyError, OSError):
            return wait
        return None


def is_done(row: Message) -> bool:
    """Nothing is to be done about it."""
    return row.state in (State.DROPPED, State.FAILED) or row.told >= row.revision


def marked(reply: Reply, message_id: str) -> Reply:
    """With the metadata by which it can be found again; ids only, since others can read it."""
    told = reply.metadata.get("event_payload", {})
    if len(json.dumps(told)) > _PAYLOAD:
        told = {}
    payload = {**told, "delivery": message_id, "stage": "done"}
    return replace(reply, metadata={"event_type": ANSWER, "event_payload": payload})


def _is_final(row: Message, composed: Composed) -> bool:
    """Nothing more is expected of it, and nothing joins it."""
    return row.is_final or row.kind in _ONCE or (composed.is_over and row.kind not in _LATER)


def _ts(at: int) -> str:
    return f"{max(at, 0) // 1000}.{max(at, 0) % 1000:03d}000"
