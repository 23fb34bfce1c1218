"""The notifier: takes a slot when there is something to do, works in it, and leaves it as soon as it is not its own."""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from slack_sdk import WebClient

from bot.notifying.composing import Composer
from bot.notifying.delivering import Deliverer
from bot.notifying.digesting import Digester
from bot.notifying.duty import Duty, Engine, Parts
from bot.notifying.looping import Trouble
from bot.notifying.outbox import Outbox
from bot.notifying.pace import Pace
from bot.notifying.pausing import Line, Pauser
from bot.notifying.polling import Poller
from bot.notifying.rechecking import Rechecker
from bot.notifying.silence import Silence
from bot.notifying.slots import Slots, hold
from bot.notifying.subscribing import Subscriptions
from bot.notifying.turns import Turns
from bot.notifying.whereabouts import Whereabouts
from bot.settings import Settings
from handlers.announcing import announce
from handlers.outlet import Outlet
from handlers.services import Services

log = logging.getLogger(__name__)

GUARD = 2.0  # seconds between two looks whether the slot is ours, or free, or needed at all
_SPARE = 3.0  # seconds
STANDING_BY = "another process that uses the same database file tells channels of runs; this one stands by"
_FULL = "64 processes deliver already; this one stands by"

NewEngine = Callable[[int], Engine]


class Stores(NamedTuple):
    """What all processes share."""

    outbox: Outbox
    turns: Turns


class Notifier:
    """`start` returns at once. Until somebody watches something, nothing is imported, asked or held."""

    def __init__(  # noqa: PLR0913 -- the last two have one value outside of tests
        self,
        settings: Settings,
        services: Services,
        stores: Stores,
        client: WebClient,
        *,
        new_engine: NewEngine | None = None,
        guard: float = GUARD,
    ) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._services = services
        self._outbox = stores.outbox
        self._parts = parts(settings, services, stores, client, self._hurry)
        self._new_engine = new_engine or self._durable
        self._workers = min(8, settings.workers)
        self._guard = guard
        self._stopping = threading.Event()
        self._trouble = Trouble("telling channels of runs")
        self._thread: threading.Thread | None = None
        self._duty: Duty | None = None
        self._drain = 0.0
        self._was_needed = False
        self._standby = ""

    @property
    def problem(self) -> str:
        """Why channels are not told of runs by this process; "" when they are, or nobody asks to be."""
        duty = self._duty
        return self._standby or self._trouble.problem or (duty.problem if duty else "")

    @property
    def is_standby(self) -> bool:
        """Another process does the work: that is no fault."""
        return bool(self._standby)

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
        if self._duty:
            self._duty.hurry()

    def _run(self) -> None:
        slots: Slots = hold(self._database_url)
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                self._serve(slots)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
                pause = self._trouble.begin(error)
            else:
                self._trouble.end()
                pause = self._guard

    def _serve(self, slots: Slots) -> None:
        """One term in a slot; returns at once where there is nothing to do or no slot to have."""
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

    def _work(self, slot: int, slots: Slots) -> None:
        duty = Duty(self._parts, self._new_engine(slot), slots)
        duty.start()
        self._duty = duty
        self._trouble.end()
        log.info("telling channels of runs that end", extra={"slot": slot})
        is_ours = True
        try:
            while is_ours and not self._stopping.wait(self._guard):
                is_ours = slots.is_held()
        finally:
            self._duty = None
            duty.stop(self._drain if is_ours else 0.0)
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

    def _durable(self, slot: int) -> Engine:
        from bot.notifying.engine import DurableEngine  # takes seconds to import

        deliverer = self._parts.deliverer
        return DurableEngine(
            self._database_url, slot, deliverer.deliver, workers=self._workers, give_up=self._outbox.fail
        )


def parts(settings: Settings, services: Services, stores: Stores, client: WebClient, wake: Callable[[], None]) -> Parts:
    """Everything that decides and delivers, put together; nothing is asked yet."""
    outbox, turns = stores

    def now() -> int:
        return milliseconds(services.now())

    def experiment_of(workspace: str, channel: str) -> str:
        return services.defaults.of(workspace, channel).experiment

    pauser = Pauser(services.watches, outbox, now, services.command)
    subscriptions = Subscriptions(services.watches, pauser.pause_watch, experiment_of)
    pace = Pace("looking for runs that ended", settings.poll_seconds, time.monotonic, random.random)
    return Parts(
        outbox=outbox,
        poller=Poller(
            outbox,
            subscriptions,
            services.runs,
            pace,
            now,
            time.monotonic,
            settings.collapse_after,
            Whereabouts(services.watches, outbox, subscriptions, services.runs, now, services.command),
        ),
        rechecker=Rechecker(outbox, services.runs, now),
        silence=Silence(outbox, subscriptions, services.runs, now),
        digester=Digester(outbox, subscriptions, services.now),
        deliverer=Deliverer(
            outbox,
            services,
            Outlet.of(client, services.sleep),
            Composer(services, announce),
            Line(time.monotonic),
            pauser,
            turns,
            now,
            watching=subscriptions.watching,
            wake=wake,
        ),
        claim=services.claims.claim,
        now=now,
        clock=time.monotonic,
    )


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
