"""The notifier: takes a slot when there is something to do, works in it, and leaves it as soon as it is not its own."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from slack_sdk import WebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.backoff import Backoff, PollBackoff
from bot.logs import describe
from bot.notifier.checks import DigestScheduler, PostedRunChecks, SilentRunChecks
from bot.notifier.content import ContentComposer
from bot.notifier.delivery import Deliverer, WorkspaceDeliverer
from bot.notifier.outages import CircuitBreaker, WatchPauser
from bot.notifier.outbox import Outbox, OutboxMessage, QueuedMessage
from bot.notifier.poller import Poller
from bot.notifier.process_locks import ProcessLocks, open_process_locks
from bot.notifier.rate_limit import SendSlots
from bot.notifier.subscriptions import Subscriptions, WatchedExperiments
from bot.settings import Settings
from comparison.errors import RequestError
from handlers.services import Services
from handlers.slack.client import SlackClient
from handlers.watch.notification import notification_reply

log = logging.getLogger(__name__)

GUARD = 2.0  # seconds between two looks whether the slot is ours, or free, or needed at all
_SPARE = 3.0  # seconds
STANDING_BY = "another process that uses the same database file tells channels of runs; this one stands by"
_FULL = "64 processes deliver already; this one stands by"


class Queue(Protocol):
    """Carries deliveries through crashes (bot/notifier/queue.py)."""

    @property
    def problem(self) -> str: ...

    def start(self) -> None: ...

    def hand_over(self, dues: Sequence[QueuedMessage]) -> None: ...

    def adopt(self, slots: ProcessLocks) -> int: ...

    def prune(self, before_ms: int) -> int: ...

    def stop(self, seconds: float) -> None: ...


NewQueue = Callable[[int], Queue]


class Delivers(Protocol):
    """Brings a message into its channel (bot/notifier/delivery.py)."""

    @property
    def problem(self) -> str: ...

    def deliver(self, message_id: str, revision: int) -> float | None: ...


class InstalledWorkspaces(NamedTuple):
    """Clients of several workspaces, and whether the app is installed in each."""

    client_of: Callable[[str], WebClient]
    is_installed: Callable[[str], bool | None]  # False: it was taken out; None: it has not been, or cannot be used now


class NotifierStores(NamedTuple):
    """What all processes share."""

    outbox: Outbox
    turns: SendSlots


class Notifier:
    """`start` returns at once. Until somebody watches something, nothing is imported, asked or held."""

    def __init__(  # noqa: PLR0913 -- the last three are for tests and for what is measured
        self,
        settings: Settings,
        services: Services,
        stores: NotifierStores,
        client: WebClient | InstalledWorkspaces,
        *,
        new_queue: NewQueue | None = None,
        on_posted: Callable[[OutboxMessage], None] = lambda _row: None,
        guard: float = GUARD,
    ) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._services = services
        self._outbox = stores.outbox
        self._parts = parts(settings, services, stores, client, self._hurry, on_posted)
        self._new_queue = new_queue or self._durable
        self._workers = min(8, settings.workers)
        self._guard = guard
        self._stopping = threading.Event()
        self._trouble = LoopTrouble("telling channels of runs")
        self._thread: threading.Thread | None = None
        self._loops: NotifierLoops | None = None
        self._drain = 0.0
        self._was_needed = False
        self._standby = ""

    @property
    def problem(self) -> str:
        """Why channels are not told of runs by this process; "" when they are, or nobody asks to be."""
        loops = self._loops
        return self._standby or self._trouble.problem or (loops.problem if loops else "")

    @property
    def is_standby(self) -> bool:
        """Another process does the work: that is no fault."""
        return bool(self._standby)

    @property
    def look_age(self) -> float:
        """Seconds since MLflow was last looked at for runs that ended, by this process; 0 where it does not look."""
        looked_at = self._parts.poller.looked_at
        return self._parts.clock() - looked_at if looked_at is not None and self._loops else 0.0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Finishes what is under way, at most so long. What is left others do, or the next start."""
        self._drain = seconds
        self._stopping.set()
        if self._thread:
            self._thread.join(seconds + _SPARE)

    def _hurry(self) -> None:
        if self._loops:
            self._loops.hurry()

    def _run(self) -> None:
        slots: ProcessLocks = open_process_locks(self._database_url)
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                self._serve(slots)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
                pause = self._trouble.begin(error)
            else:
                self._trouble.end()
                pause = self._guard

    def _serve(self, slots: ProcessLocks) -> None:
        """Serves one term in a slot; returns at once where there is nothing to do or no slot to have."""
        if not self._is_needed():
            return
        slot = slots.take()
        if slot is None:
            self._stand_by()
            return
        if self._standby:
            log.warning("this process tells channels of runs from now on")
        self._standby = ""
        try:
            self._work(slot, slots)
        finally:
            slots.release()

    def _work(self, slot: int, slots: ProcessLocks) -> None:
        loops = NotifierLoops(self._parts, self._new_queue(slot), slots)
        loops.start()
        self._loops = loops
        self._trouble.end()
        log.info("telling channels of runs that end", extra={"slot": slot})
        is_ours = True
        try:
            while is_ours and not self._stopping.wait(self._guard):
                is_ours = slots.is_held()
        finally:
            self._loops = None
            loops.stop(self._drain if is_ours else 0.0)
        if not is_ours:
            log.error("the slot is not ours any more; this process stopped delivering and begins anew")

    def _is_needed(self) -> bool:
        """Somebody watches something, or something waits; or did, since the start."""
        if not self._was_needed:
            self._was_needed = bool(self._services.watches.every() or self._outbox.due(self._parts.now(), 1))
        return self._was_needed

    def _stand_by(self) -> None:
        is_file = self._database_url.startswith("sqlite")
        if not self._standby:
            log.warning(STANDING_BY if is_file else _FULL)
        self._standby = STANDING_BY if is_file else _FULL

    def _durable(self, slot: int) -> Queue:
        from bot.notifier.queue import DeliveryQueue  # takes seconds to import

        deliverer = self._parts.deliverer
        return DeliveryQueue(
            self._database_url, slot, deliverer.deliver, workers=self._workers, give_up=self._outbox.fail
        )


@dataclass
class NotifierParts:
    """What outlives a slot: its caches, and how well MLflow and Slack do."""

    outbox: Outbox
    poller: Poller
    rechecker: PostedRunChecks
    silence: SilentRunChecks
    digester: DigestScheduler
    deliverer: Delivers
    claim: Callable[[str], bool]  # true for one process
    now: Callable[[], int]  # ms
    clock: Callable[[], float]  # seconds


def parts(  # noqa: PLR0913, PLR0917 -- one for each thing that is outside
    settings: Settings,
    services: Services,
    stores: NotifierStores,
    client: WebClient | InstalledWorkspaces,
    wake: Callable[[], None],
    on_posted: Callable[[OutboxMessage], None] = lambda _row: None,
) -> NotifierParts:
    """Everything that decides and delivers, put together; nothing is asked yet."""
    outbox, turns = stores

    def now() -> int:
        return milliseconds(services.now())

    def experiment_of(workspace: str, channel: str) -> str:
        return services.defaults.of(workspace, channel).experiment

    def deliverer(own: WebClient) -> Deliverer:
        return Deliverer(
            outbox,
            services,
            SlackClient.of(own, services.sleep),
            composer,
            CircuitBreaker(time.monotonic),
            pauser,
            turns,
            now,
            watching=subscriptions.watching,
            wake=wake,
            on_posted=on_posted,
        )

    composer = ContentComposer(services, notification_reply)
    pauser = WatchPauser(services.watches, outbox, now, services.command)
    subscriptions = Subscriptions(services.watches, pauser.pause_watch, experiment_of, services.access)
    pace = PollBackoff("looking for runs that ended", settings.poll_seconds, time.monotonic, random.random)
    return NotifierParts(
        outbox=outbox,
        poller=Poller(
            outbox,
            subscriptions,
            services.runs,
            pace,
            now,
            time.monotonic,
            settings.collapse_after,
            WatchedExperiments(services.watches, outbox, subscriptions, services.runs, now, services.command),
        ),
        rechecker=PostedRunChecks(outbox, services.runs, now),
        silence=SilentRunChecks(outbox, subscriptions, services.runs, now),
        digester=DigestScheduler(outbox, subscriptions, services.now),
        deliverer=deliverer(client)
        if isinstance(client, WebClient)
        else WorkspaceDeliverer(outbox, lambda each: deliverer(client.client_of(each)), client.is_installed),
        claim=services.claims.claim,
        now=now,
        clock=time.monotonic,
    )


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


# What a process does while it holds a slot: looks, reviews what stands, hands on what waits. A thread for each.


SWEEP = 5.0  # seconds between two looks at what waits
REVIEW = 60.0  # seconds between two looks at what stands
SILENCE = 5  # reviews, of which one also looks for runs that seem dead
DEAD = 10.0  # seconds between two looks for processes that died
TIDY = 600.0
FORGET = 3600.0
_HANDED = 1_000  # messages handed on at once, of all channels in turn
_KEPT_MS = 3_600_000  # the queue's own record of what is done
_LOOK_ENDS = 1.0  # seconds
_PATIENCE = 90.0  # seconds that MLflow may be away before it counts


class NotifierLoops:
    """Started once, ended once, by who holds a slot."""

    def __init__(self, parts: NotifierParts, queue: Queue, slots: ProcessLocks) -> None:
        self._parts = parts
        self._queue = queue
        self._slots = slots
        self._sweep = Loop("handing on", self._hand_on)
        self._poll = Loop("looking for runs that ended", self._look)
        self._loops = (
            self._sweep,
            self._poll,
            Loop("looking at what stands", self._review),
            Loop("digests", self._plan_digests),
            Loop("looking for processes that died", self._recover),
            Loop("tidying", self._tidy),
        )

    @property
    def problem(self) -> str:
        """Why it does not go well; "" when it does."""
        parts = self._parts
        known = [parts.deliverer.problem, parts.poller.pace.problem(_PATIENCE), self._queue.problem]
        return next(filter(None, [*known, *(loop.problem for loop in self._loops)]), "")

    def hurry(self) -> None:
        """Wakes the loop that hands on: there is something to hand on."""
        self._sweep.hurry()

    def start(self) -> None:
        self._queue.start()
        for loop in self._loops:
            loop.start()

    def stop(self, seconds: float) -> None:
        """Begins nothing new and waits so long for deliveries. A look that MLflow holds up is left: none is half."""
        until = self._parts.clock() + min(seconds, _LOOK_ENDS)
        for loop in self._loops:
            loop.end()
        self._queue.stop(seconds)
        for loop in self._loops:
            loop.wait(until - self._parts.clock())

    def _look(self) -> float:
        began = self._parts.clock()
        found = self._parts.poller.poll()
        if found.announced or found.changed:
            self.hurry()
        return self._parts.poller.pace.pause - (self._parts.clock() - began)

    def _hand_on(self) -> float:
        """What waits. The queue knows what it was given before."""
        due = self._parts.outbox.due(self._parts.now(), _HANDED)
        if due:
            self._queue.hand_over(due)
        return SWEEP

    def _review(self) -> float:
        """Reviews what stands, in one process, once a minute; while MLflow is away it is the poll that says so."""
        minute = int(self._parts.now() / 1000 / REVIEW)
        if self._parts.claim(f"notifier:review:{minute}"):
            try:
                count = self._parts.rechecker.check() + self._parts.rechecker.end()
                if minute % SILENCE == 0:
                    count += self._parts.silence.check()
            except RequestError as error:
                log.info("what stands could not be looked at: %s", error.problem)
            else:
                if count:
                    self.hurry()
        return REVIEW - self._parts.now() / 1000 % REVIEW + 0.5

    def _plan_digests(self) -> float:
        if self._parts.digester.check():
            self.hurry()
        return self._parts.digester.until_next()

    def _recover(self) -> float:
        self._queue.adopt(self._slots)
        return DEAD

    def _tidy(self) -> float:
        now = self._parts.now()
        self._queue.prune(now - _KEPT_MS)
        if self._parts.claim(f"notifier:tidy:{int(now / 1000 / FORGET)}"):
            count = self._parts.outbox.prune(now)
            if count:
                log.info("forgotten what can change nothing any more", extra={"rows": count})
        return TIDY


# Something done again and again in a thread of its own, whatever goes wrong with it.


_FORESEEN = (SQLAlchemyError, OSError, RequestError)  # a database or MLflow that is away
LOOP_RETRIES = Backoff(1.0, 30.0)


class LoopTrouble:
    """What goes wrong, said in the log when it begins and when it is over; `problem` is "" when all is well."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tries = 0
        self.problem = ""

    def begin(self, error: Exception) -> float:
        """Seconds to wait before the next try."""
        if not self.problem and _is_foreseen(error):
            log.warning("%s: it fails and is tried again", self._name, extra={"reason": error})
        elif not self.problem:
            log.error("%s: it fails and is tried again", self._name, exc_info=error)
        self.problem = f"{self._name}: {describe(error)}"
        self._tries += 1
        return LOOP_RETRIES.pause(self._tries - 1)

    def end(self) -> None:
        if self.problem:
            log.warning("%s: well again", self._name)
        self._tries, self.problem = 0, ""


def _is_foreseen(error: Exception) -> bool:
    return isinstance(error, _FORESEEN) or type(error).__module__.partition(".")[0] == "psycopg"


class Loop:
    """`act` returns in how many seconds it wants to be called again."""

    def __init__(self, name: str, act: Callable[[], float]) -> None:
        self._name = name
        self._act = act
        self._ending = threading.Event()
        self._wanted = threading.Event()
        self._trouble = LoopTrouble(name)
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str:
        return self._trouble.problem

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Called now, or again at once where it is being called."""
        self._wanted.set()

    def end(self) -> None:
        """Ends the loop: not called again, from now on."""
        self._ending.set()
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        """Waits until it has ended, at most so long."""
        if self._thread:
            self._thread.join(max(seconds, 0.0))

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                pause = self._act()
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
                if self._ending.is_set():  # what it works with has ended before it
                    return
                pause = self._trouble.begin(error)
            else:
                self._trouble.end()
            self._wanted.wait(max(pause, 0.0))
            self._wanted.clear()
