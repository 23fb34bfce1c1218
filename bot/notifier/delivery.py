"""A message on its way into its channel: posted or edited, never twice, and never silent on why it waits.

Slack has no idempotency: a post whose answer is lost may stand in the channel. A row therefore tells that a post was
begun before it is; whoever finds one begun looks for the message by the id in its metadata before posting again.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.backoff import RetryLater, RetryPauses
from bot.notifier.content import CompositionFailed, Content, ContentComposer
from bot.notifier.outages import CircuitBreaker, WatchPauser, everywhere, in_channel
from bot.notifier.outbox import GONE, ON_RUNS, MessageState, Outbox, OutboxMessage, PostedState, id_of
from bot.notifier.rate_limit import POSTS, EditSlots, SendSlots, channel_of
from comparison.errors import TrackingUnavailable
from comparison.notifications.message import MessageKind, Unwanted, WantedMessage
from comparison.watch import Watch, quiet_until
from handlers.services import Note, Services
from handlers.slack.blocks import Reply
from handlers.slack.client import ANSWER, TOO_MUCH, SlackClient, SlackError, SlackErrorKind
from handlers.slack.fallback import send_with_fallback
from handlers.stores import WatchStore
from handlers.watch.stored_watch import watch_of

log = logging.getLogger(__name__)

_SHORT = 3.0  # seconds that a turn is waited for with the message in hand
_PAYLOAD = 6_000  # characters of metadata; Slack takes no more than 8,000
_UNINSTALLED = "the app is not installed in its workspace (mlcompare workspaces)"
_INSTALLED_WITHIN = 60.0  # seconds between two looks whether it is by now
_UNREAD = 5.0  # seconds until a message is looked at again that could not be read
_LATER = frozenset({MessageKind.DEAD})  # over when the run is back, whatever is said of it
MOST_TRIES = 40  # of what Slack fails at again and again with an error of its own
_OWN_FAULTS = frozenset({"internal_error", "fatal_error"})
SETTLES = 3_000  # ms after which a post that was begun can be found in history, if it was made
# Nothing becomes of these any more.
ONCE = frozenset({MessageKind.NOTICE, MessageKind.BEST, MessageKind.BACK, MessageKind.DIGEST})
_LOOKED_FROM = 60_000  # ms before a post was begun: clocks differ
_LOOKED_UNTIL = 900_000  # ms after
_MOST_POSTS = 2  # unconfirmed ones, where history may not be read


# What every step of a delivery works with.


@dataclass
class DeliveryContext:
    """`now` is in ms since the epoch; `wake` is called when a message was added."""

    outbox: Outbox
    services: Services
    outlet: SlackClient
    circuit: CircuitBreaker
    pauser: WatchPauser
    turns: SendSlots
    now: Callable[[], int]
    wake: Callable[[], None]
    waits: RetryPauses = field(default_factory=RetryPauses)

    def explain(self, message: OutboxMessage, why: str) -> None:
        """Why it waits, where nothing is begun that would be forgotten with it."""
        if not message.begun_at and message.problem != why:
            self.outbox.put_off(message.id, why)

    def give_up(self, message: OutboxMessage, why: str) -> None:
        self.outbox.fail(message.id, message.revision, why)


# A new best, said aloud where a watch asks for it: once, however it became known.


@dataclass
class BroadcastBests:
    context: DeliveryContext
    watching: Callable[[str], Watch | None]

    def say_aloud(self, message: OutboxMessage, run_id: str) -> None:
        """Says a best aloud that an edit brought, of which nobody is notified. A later message says it itself."""
        here = (message.workspace, message.channel)
        others = [each for each in self.context.outbox.on_run(run_id) if (each.workspace, each.channel) == here]
        if any(each.kind is MessageKind.RUN and each.created_at > message.created_at for each in others):
            return
        best = self._best(message, run_id)
        if best and self.context.outbox.announce([best], self.context.now()):
            self.context.wake()

    def is_said(self, message: OutboxMessage, run_id: str) -> None:
        """Notes a best that the post itself told of: no later edit says it aloud again."""
        best = self._best(message, run_id)
        if best and self.context.outbox.announce([best], self.context.now()):
            self.context.outbox.drop(id_of(best.key), 1, "The message on it said so at once")

    def _best(self, message: OutboxMessage, run_id: str) -> WantedMessage | None:
        asking = [each for each in message.watch_ids if (known := self.watching(each)) and known.broadcasts]
        if not asking or message.kind is MessageKind.BEST:
            return None
        key = f"best:{message.workspace}:{message.channel}:{run_id}"
        return WantedMessage(
            key,
            MessageKind.BEST,
            message.workspace,
            message.channel,
            (run_id,),
            tuple(asking),
            experiment_ids=message.experiment_ids,
        )


# Posts that were begun and whose end nobody knows: they are looked for in the channel before they are made again.
#
# Where history may not be read a message is posted once more at most, and then given up as not confirmed.


@dataclass
class UnconfirmedPosts:
    context: DeliveryContext
    _counted: set[str] = field(init=False, default_factory=set)  # whose last post is counted as unconfirmed

    def count(self, message: OutboxMessage, why: str) -> int:
        """Counts a post that was not confirmed; returns how many were not by now."""
        self._counted.add(message.id)
        return self.context.outbox.unconfirm(message.id, why)

    def settle(self, message: OutboxMessage) -> None:
        """Notes that it is known what became of the last post."""
        self._counted.discard(message.id)

    def look_for(self, message: OutboxMessage) -> OutboxMessage | None:
        """The message once it is known what became of a post that was begun; None when it was given up."""
        context = self.context
        settles = message.begun_at + SETTLES - context.now()
        if settles > 0:
            raise RetryLater(settles / 1000)
        since, until = message.begun_at - _LOOKED_FROM, message.begun_at + _LOOKED_UNTIL
        try:
            ts = context.outlet.find_own_message(
                message.channel, {"delivery": message.id}, since=_ts(since), until=_ts(until)
            )
        except SlackError as failure:
            return self._unseen(message, failure)
        context.circuit.success()
        if ts:
            log.info("a post that was not confirmed stands", extra={"delivery": message.id})
            stands = PostedState(1, ts, is_final=message.kind in ONCE or (message.is_final and message.revision == 1))
            context.outbox.record_posted(message.id, stands, context.now())
        else:
            context.outbox.put_off(message.id, "")
        self.settle(message)
        return context.outbox.get(message.id)

    def _unseen(self, message: OutboxMessage, failure: SlackError) -> OutboxMessage | None:
        """History cannot be read: now, or at all."""
        context = self.context
        is_closed = failure.code == "missing_scope"
        if not is_closed and (why := everywhere(failure)):
            raise RetryLater(context.circuit.open(why))
        if (why := in_channel(failure)) and message.kind is not MessageKind.NOTICE:
            context.give_up(message, f"Not confirmed: {why}")
            context.pauser.pause_channel(message, why)
            context.wake()  # its owner is told at once
            return None
        if failure.kind is SlackErrorKind.RATE_LIMITED:
            raise RetryLater(failure.wait)
        if failure.kind in (SlackErrorKind.NOT_SENT, SlackErrorKind.UNCONFIRMED) and failure.code != TOO_MUCH:
            context.circuit.failure(failure.code)
            raise RetryLater(context.waits.grow(message.id, 1.0))
        why = f"Slack did not confirm it, and history cannot be read ({failure.code})"
        count = message.unconfirmed if message.id in self._counted else self.count(message, why)
        self.settle(message)
        if count >= _MOST_POSTS:
            log.error("not confirmed and given up", extra={"delivery": message.id, "channel": message.channel})
            context.give_up(message, f"Not confirmed: {why}. It may stand in the channel")
            return None
        context.outbox.put_off(message.id, why)  # it is counted, and posted anew: not looked for again
        return context.outbox.get(message.id)


def _ts(at: int) -> str:
    return f"{max(at, 0) // 1000}.{max(at, 0) % 1000:03d}000"


# What it means for a message that Slack did not take a call: wait, try anew, look for it, pause its watch, give up.


@dataclass
class SlackErrorHandling:
    context: DeliveryContext
    edits: EditSlots
    unconfirmed: UnconfirmedPosts

    def hear(self, message: OutboxMessage, failure: SlackError) -> None:
        """Returns when nothing is left to do for it; raises Later where it may yet succeed."""
        context = self.context
        if why := everywhere(failure):
            wait = context.circuit.open(why)
            context.outbox.put_off(message.id, why)
            raise RetryLater(wait)
        if (why := in_channel(failure)) and message.kind is not MessageKind.NOTICE:
            context.give_up(message, why)
            context.pauser.pause_channel(message, why)
            context.wake()  # its owner is told at once
            return
        match failure.kind:
            case SlackErrorKind.RATE_LIMITED:
                self._hold(message, failure.wait)
                context.outbox.put_off(message.id, f"Slack says to wait for {failure.wait:g} s ({failure.code})")
                raise RetryLater(failure.wait)
            case SlackErrorKind.NOT_SENT:
                context.circuit.failure(failure.code)
                context.outbox.put_off(message.id, f"Slack cannot be reached ({failure.code})")
                raise RetryLater(context.waits.grow(message.id, 1.0))
            case SlackErrorKind.UNCONFIRMED:
                self._unanswered(message, failure)
            case SlackErrorKind.MESSAGE_GONE if message.ts:
                log.info(
                    "a message is gone and is not posted again", extra={"delivery": message.id, "code": failure.code}
                )
                context.outbox.record_posted(
                    message.id, PostedState(message.revision, message.ts, GONE, is_final=True), context.now()
                )
            case _:
                incident = context.services.new_incident()
                log.error("incident %s: Slack refused a message: %s", incident, failure, extra={"delivery": message.id})
                context.give_up(message, f"Slack refused it ({failure.code})")

    def _hold(self, message: OutboxMessage, seconds: float) -> None:
        """The others of its channel, or all edits, wait as well: in every process."""
        if message.ts:
            self.edits.hold(message.workspace, seconds)
        else:
            context = self.context
            context.turns.hold(channel_of(message.workspace, message.channel), context.now() + round(seconds * 1000))

    def _unanswered(self, message: OutboxMessage, failure: SlackError) -> None:
        """Handles a call that was not answered. An edit does no harm twice; a post is looked for."""
        context = self.context
        wait = context.waits.grow(message.id, 1.0)
        context.circuit.failure(failure.code)
        if failure.code in _OWN_FAULTS and context.waits.tries(message.id) > MOST_TRIES:
            context.give_up(message, f"Slack failed at it again and again ({failure.code})")
            return
        if message.ts:
            context.outbox.put_off(message.id, f"Slack did not confirm an edit ({failure.code})")
        else:
            self.unconfirmed.count(message, f"Slack did not confirm it ({failure.code}); it is looked for")
        raise RetryLater(wait)


@dataclass
class Deliverer:
    """Safe to use from any thread; `now` is in ms since the epoch. `wake` is called when a message was added."""

    outbox: Outbox
    services: Services
    outlet: SlackClient
    composer: ContentComposer
    circuit: CircuitBreaker
    pauser: WatchPauser
    turns: SendSlots
    now: Callable[[], int]
    watching: Callable[[str], Watch | None] = lambda _watch_id: None
    wake: Callable[[], None] = lambda: None
    on_posted: Callable[[OutboxMessage], None] = lambda _message: None  # called once a message stands, the first time
    _context: DeliveryContext = field(init=False)
    _edits: EditSlots = field(init=False)
    _unconfirmed: UnconfirmedPosts = field(init=False)
    _refusals: SlackErrorHandling = field(init=False)
    _bests: BroadcastBests = field(init=False)
    _has_no_database: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.outlet = replace(self.outlet, patience=0.0)  # whoever calls waits, and survives being killed meanwhile
        self._context = DeliveryContext(
            self.outbox, self.services, self.outlet, self.circuit, self.pauser, self.turns, self.now, self.wake
        )
        self._edits = EditSlots(self.turns, self.now)
        self._unconfirmed = UnconfirmedPosts(self._context)
        self._refusals = SlackErrorHandling(self._context, self._edits, self._unconfirmed)
        self._bests = BroadcastBests(self._context, self.watching)

    @property
    def problem(self) -> str:
        """Why Slack takes nothing; "" where it takes what is said."""
        return self.circuit.problem

    def deliver(self, message_id: str, revision: int) -> float | None:
        """Seconds until it is to be called again; None when there is nothing left to do. Raises nothing."""
        with self.services.span("delivery") as note:
            wait = self._tried(message_id, revision, note)
            note("mlcompare.delivery", message_id)
            note("mlcompare.outcome", "done" if wait is None else "later")
            return wait

    def _tried(self, message_id: str, revision: int, note: Note) -> float | None:
        try:
            self._deliver(message_id)
        except RetryLater as later:
            return later.seconds
        except (SQLAlchemyError, OSError) as error:
            if not self._has_no_database:
                log.warning("the database cannot be asked; messages wait", extra={"reason": error})
            self._has_no_database = True
            return self._context.waits.grow(message_id)
        except Exception as error:  # noqa: BLE001 -- whatever it is, no message is lost for it
            return self._unforeseen(message_id, revision, error, note)
        self._has_no_database = False
        self._context.waits.forget(message_id)
        return None

    def _deliver(self, message_id: str) -> None:
        message = self.outbox.get(message_id)
        if message is None or is_done(message):
            return
        if message.not_before > self.now():
            raise RetryLater((message.not_before - self.now()) / 1000)
        if wait := self.circuit.wait_seconds():
            self._context.explain(message, self.circuit.problem)
            raise RetryLater(wait)
        if self.circuit.is_away:
            self._ask_whether_slack_is_there(message)
        if message.begun_at and not message.ts:
            message = self._unconfirmed.look_for(message)
            if message is None or is_done(message):
                return
        if wait := self._edits.wait(message.workspace, message.id) if message.ts else self._until_free(message):
            raise RetryLater(wait)
        composed = self._found_out(message)
        if isinstance(composed, Unwanted):
            self._leave(message, composed.why)
        elif message.ts:
            self._edit(message, composed)
        else:
            self._post(message, composed)

    def _ask_whether_slack_is_there(self, message: OutboxMessage) -> None:
        try:
            self.outlet.auth_test()
        except SlackError as failure:
            if why := everywhere(failure):
                raise RetryLater(self.circuit.open(why)) from failure
            if failure.kind in (SlackErrorKind.NOT_SENT, SlackErrorKind.UNCONFIRMED):
                self.circuit.failure(failure.code)
                raise RetryLater(self.circuit.wait_seconds() or 1.0) from failure
        self.circuit.success()
        self._context.explain(message, "")

    def _found_out(self, message: OutboxMessage) -> Content | Unwanted:
        """The message that it becomes, by watches that are quiet only where they are so no more."""
        quiet = quiet_watches(message, self.services.watches, self.now())
        if not quiet:
            return self._compose(message)
        awake = tuple(each for each in message.watch_ids if each not in quiet)
        found = self._compose(replace(message, watch_ids=awake))
        if isinstance(found, Unwanted) and not isinstance(self._compose(message), Unwanted):
            until = min(quiet.values())
            self._context.explain(message, f"Only a watch that is quiet wants it, until {_minute(until)} UTC")
            raise RetryLater((until - self.now()) / 1000)
        return found

    def _compose(self, message: OutboxMessage) -> Content | Unwanted:
        try:
            return self.composer.compose(message)
        except TrackingUnavailable as error:
            self._context.explain(message, error.problem)
        except CompositionFailed as error:
            self._context.explain(message, str(error))
        raise RetryLater(self._context.waits.grow(message.id))

    def _leave(self, message: OutboxMessage, why: str) -> None:
        """No watch wants it: what stands already stays as it is."""
        if message.ts:
            self._told(message, message.ts, message.drawn, is_final=message.is_final)
        else:
            self.outbox.drop(message.id, message.revision, why)

    def _post(self, message: OutboxMessage, composed: Content) -> None:
        self._take_turn(message)
        if not self.outbox.begin(message.id, self.now()):
            raise RetryLater(SETTLES / 1000)  # somebody else is at it, or it is gone: that is seen then
        posted: list[str] = []
        refused: list[Reply] = []

        def post(reply: Reply) -> None:
            if refused:
                self._take_turn(message)
            refused.append(reply)
            posted.append(self.outlet.post(message.channel, marked(reply, message.id)))

        try:
            send_with_fallback(composed.draw, post, message.workspace, self.services.capabilities)
        except SlackError as failure:
            self._refusals.hear(message, failure)
            return
        self.circuit.success()
        self._told(message, posted[-1], composed.drawn, is_final=_is_final(message, composed))
        self.composer.remember(message, composed, posted[-1])
        self._unconfirmed.settle(message)
        if composed.new_best:
            self._bests.is_said(message, composed.new_best)
        log.info("posted", extra={"delivery": message.id, "channel": message.channel})

    def _until_free(self, message: OutboxMessage) -> float:
        """Seconds until the channel may have its next message, before anything is found out for it."""
        return self.turns.wait(channel_of(message.workspace, message.channel), self.now()) / 1000

    def _take_turn(self, message: OutboxMessage) -> None:
        """Just before Slack is called, whatever finding out took. Another process may have been faster."""
        wait = self.turns.take(channel_of(message.workspace, message.channel), self.now(), POSTS) / 1000
        if wait > _SHORT:
            raise RetryLater(wait)
        if wait:
            self.services.sleep(wait)

    def _edit(self, message: OutboxMessage, composed: Content) -> None:
        if message.drawn == GONE:
            self._told(message, message.ts, GONE, is_final=True)
            return
        is_other = composed.drawn != message.drawn
        if is_other:

            def update(reply: Reply) -> None:
                self.outlet.update(message.channel, message.ts, marked(reply, message.id))

            try:
                send_with_fallback(composed.draw, update, message.workspace, self.services.capabilities)
            except SlackError as failure:
                self._refusals.hear(message, failure)
                return
            self.circuit.success()
            self.composer.remember(message, composed, message.ts)
            log.info("edited", extra={"delivery": message.id, "channel": message.channel})
        self._told(message, message.ts, composed.drawn, is_final=_is_final(message, composed))
        if composed.new_best and is_other:
            self._bests.say_aloud(message, composed.new_best)

    def _told(self, message: OutboxMessage, ts: str, drawn: str, *, is_final: bool) -> None:
        self.outbox.record_posted(message.id, PostedState(message.revision, ts, drawn, is_final), self.now())
        if not message.ts:
            self.on_posted(message)

    def _unforeseen(self, message_id: str, revision: int, error: Exception, note: Note) -> float | None:
        incident = self.services.new_incident()
        note("mlcompare.incident", incident)
        note("error.type", type(error).__name__)
        wait = self._context.waits.grow(message_id)
        log.error("incident %s: %s could not be delivered", incident, message_id, exc_info=error)
        if self._context.waits.tries(message_id) <= MOST_TRIES:
            return wait
        try:
            self.outbox.fail(message_id, revision, f"It failed again and again; incident {incident} in the log")
        except (SQLAlchemyError, OSError):
            return wait
        return None


class WorkspaceDeliverer:
    """Delivers to several workspaces, each by its own token: what Slack says of one holds up no other.

    Messages of a workspace that took the app out are dropped; where it was never installed they wait for it.
    """

    def __init__(
        self, outbox: Outbox, make: Callable[[str], Deliverer], is_installed: Callable[[str], bool | None]
    ) -> None:
        """`make` is of a workspace; `is_installed` is None for one that has not been, or cannot be used for now.

        It raises what the database raises.
        """
        self._outbox = outbox
        self._make = make
        self._is_installed = is_installed
        self._mutex = threading.Lock()
        self._made: dict[str, Deliverer] = {}

    @property
    def problem(self) -> str:
        """Why Slack takes nothing in any workspace. That one does not is its own matter."""
        with self._mutex:
            problems = [each.problem for each in self._made.values()]
        return problems[0] if problems and all(problems) else ""

    def deliver(self, message_id: str, revision: int) -> float | None:
        """Delivers a message, as a Deliverer promises."""
        try:
            message = self._outbox.get(message_id)
            if message is None or is_done(message):
                return None
            is_installed = self._is_installed(message.workspace)
            if is_installed is None:
                if not message.begun_at and message.problem != _UNINSTALLED:
                    self._outbox.put_off(message_id, _UNINSTALLED)
                return _INSTALLED_WITHIN
            if not is_installed:
                self._outbox.drop(message_id, message.revision, "The app is not installed in its workspace any more")
                return None
        except (SQLAlchemyError, OSError) as error:
            log.warning("the database cannot be asked; messages wait", extra={"reason": error})
            return _UNREAD
        return self._of(message.workspace).deliver(message_id, revision)

    def _of(self, workspace: str) -> Deliverer:
        with self._mutex:
            if workspace not in self._made:
                self._made[workspace] = self._make(workspace)
            return self._made[workspace]


def is_done(message: OutboxMessage) -> bool:
    """Tells whether nothing is to be done about a message."""
    return message.state in (MessageState.DROPPED, MessageState.FAILED) or message.posted_revision >= message.revision


def marked(reply: Reply, message_id: str) -> Reply:
    """The reply with the metadata by which it can be found again; ids only, since others can read it."""
    payload = reply.metadata.get("event_payload", {})
    if len(json.dumps(payload)) > _PAYLOAD:
        payload = {}
    payload = {**payload, "delivery": message_id, "stage": "done"}
    return replace(reply, metadata={"event_type": ANSWER, "event_payload": payload})


def _is_final(message: OutboxMessage, composed: Content) -> bool:
    """Tells whether nothing more is expected of a message, and nothing joins it."""
    return message.is_final or message.kind in ONCE or (composed.is_over and message.kind not in _LATER)


def _minute(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")


# Quiet hours of some of a message's watches, while others of its channel are not quiet.
#
# Which watch wants a run is known for sure only when the message is composed: one that is not quiet may turn out not to
# want it. What only quiet ones want then waits until their quiet is over.


def quiet_watches(message: OutboxMessage, watches: WatchStore, now: int) -> Mapping[str, int]:
    """When (ms) the quiet of those of its watches ends that are quiet now; nothing where all are, or it stands."""
    if message.ts or message.kind not in ON_RUNS or len(message.watch_ids) == 1:
        return {}
    moment = datetime.fromtimestamp(now / 1000, UTC)
    stored = {each: found for each in message.watch_ids if (found := watches.get(each)) is not None}
    known = {each: watching for each, found in stored.items() if (watching := watch_of(found)) is not None}
    ends = {each: end for each, found in known.items() if (end := quiet_until(found.quiet, moment)) is not None}
    return {} if len(ends) == len(known) else {each: round(end.timestamp() * 1000) for each, end in ends.items()}
