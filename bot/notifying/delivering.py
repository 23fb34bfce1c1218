"""One message on its way into its channel: posted or edited, never twice, and never silent on why it waits.

Slack has no idempotency: a post whose answer is lost may stand in the channel. A row therefore tells that a post was
begun before it is; whoever finds one begun looks for the message by the id in its metadata before posting again.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.notifying.besting import Bests
from bot.notifying.composing import Composed, Composer, Faulty
from bot.notifying.edits import Edits
from bot.notifying.hushing import asleep
from bot.notifying.means import Means
from bot.notifying.outbox import GONE, Message, Outbox, Stands, State
from bot.notifying.pausing import Line, Pauser, everywhere
from bot.notifying.refusing import MOST_TRIES, Refusals
from bot.notifying.turns import POSTS, Turns, channel_of
from bot.notifying.unconfirmed import ONCE, SETTLES, Unconfirmed
from bot.notifying.waits import Later
from comparison.errors import TrackingUnavailable
from comparison.watching.announcement import Kind
from comparison.watching.news import Unwanted
from comparison.watching.watch import Watching
from handlers.failures import Kind as Failure
from handlers.failures import SlackFailed
from handlers.ladder import descend
from handlers.outlet import ANSWER, Outlet
from handlers.reply import Reply
from handlers.services import Services

log = logging.getLogger(__name__)

_SHORT = 3.0  # seconds that a turn is waited for with the message in hand
_PAYLOAD = 6_000  # characters of metadata; Slack takes no more than 8,000
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
    _means: Means = field(init=False)
    _edits: Edits = field(init=False)
    _unconfirmed: Unconfirmed = field(init=False)
    _refusals: Refusals = field(init=False)
    _bests: Bests = field(init=False)
    _has_no_database: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.outlet = replace(self.outlet, patience=0.0)  # whoever calls waits, and survives being killed meanwhile
        self._means = Means(
            self.outbox, self.services, self.outlet, self.line, self.pauser, self.turns, self.now, self.wake
        )
        self._edits = Edits(self.turns, self.now)
        self._unconfirmed = Unconfirmed(self._means)
        self._refusals = Refusals(self._means, self._edits, self._unconfirmed)
        self._bests = Bests(self._means, self.watching)

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
            return self._means.waits.grow(message_id)
        except Exception as error:  # noqa: BLE001 -- whatever it is, no message is lost for it
            return self._unforeseen(message_id, revision, error)
        self._has_no_database = False
        self._means.waits.forget(message_id)
        return None

    def _deliver(self, message_id: str) -> None:
        row = self.outbox.get(message_id)
        if row is None or is_done(row):
            return
        if row.not_before > self.now():
            raise Later((row.not_before - self.now()) / 1000)
        if wait := self.line.held():
            self._means.explain(row, self.line.problem)
            raise Later(wait)
        if self.line.is_away:
            self._ask_whether_slack_is_there(row)
        if row.begun_at and not row.ts:
            row = self._unconfirmed.look_for(row)
            if row is None or is_done(row):
                return
        if wait := self._edits.wait(row.workspace, row.id) if row.ts else self._until_free(row):
            raise Later(wait)
        composed = self._found_out(row)
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
        self._means.explain(row, "")

    def _found_out(self, row: Message) -> Composed | Unwanted:
        """What it says, by watches that are quiet only where they are so no more."""
        quiet = asleep(row, self.services.watches, self.now())
        if not quiet:
            return self._compose(row)
        awake = tuple(each for each in row.watch_ids if each not in quiet)
        found = self._compose(replace(row, watch_ids=awake))
        if isinstance(found, Unwanted) and not isinstance(self._compose(row), Unwanted):
            until = min(quiet.values())
            self._means.explain(row, f"Only a watch that is quiet wants it, until {_minute(until)} UTC")
            raise Later((until - self.now()) / 1000)
        return found

    def _compose(self, row: Message) -> Composed | Unwanted:
        try:
            return self.composer.compose(row)
        except TrackingUnavailable as error:
            self._means.explain(row, error.problem)
        except Faulty as error:
            self._means.explain(row, str(error))
        raise Later(self._means.waits.grow(row.id))

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
            self._refusals.hear(row, failure)
            return
        self.line.is_well()
        self._told(row, posted[-1], composed.drawn, is_final=_is_final(row, composed))
        self.composer.remember(row, composed, posted[-1])
        self._unconfirmed.settle(row)
        if composed.new_best:
            self._bests.is_said(row, composed.new_best)
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
        is_other = composed.drawn != row.drawn
        if is_other:

            def update(reply: Reply) -> None:
                self.outlet.update(row.channel, row.ts, marked(reply, row.id))

            try:
                descend(composed.draw, update, row.workspace, self.services.capabilities)
            except SlackFailed as failure:
                self._refusals.hear(row, failure)
                return
            self.line.is_well()
            self.composer.remember(row, composed, row.ts)
            log.info("edited", extra={"delivery": row.id, "channel": row.channel})
        self._told(row, row.ts, composed.drawn, is_final=_is_final(row, composed))
        if composed.new_best and is_other:
            self._bests.say_aloud(row, composed.new_best)

    def _told(self, row: Message, ts: str, drawn: str, *, is_final: bool) -> None:
        self.outbox.told(row.id, Stands(row.revision, ts, drawn, is_final), self.now())

    def _unforeseen(self, message_id: str, revision: int, error: Exception) -> float | None:
        incident = self.services.new_incident()
        wait = self._means.waits.grow(message_id)
        log.error("incident %s: %s could not be delivered", incident, message_id, exc_info=error)
        if self._means.waits.tries(message_id) <= MOST_TRIES:
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
    return row.is_final or row.kind in ONCE or (composed.is_over and row.kind not in _LATER)


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
