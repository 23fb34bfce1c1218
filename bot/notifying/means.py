"""What every step of a delivery works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.notifying.outbox import Message, Outbox
from bot.notifying.pausing import Line, Pauser
from bot.notifying.turns import Turns
from bot.notifying.waits import Waits
from handlers.outlet import Outlet
from handlers.services import Services


@dataclass
class Means:
    """`now` is in ms since the epoch; `wake` is called when a message was added."""

    outbox: Outbox
    services: Services
    outlet: Outlet
    line: Line
    pauser: Pauser
    turns: Turns
    now: Callable[[], int]
    wake: Callable[[], None]
    waits: Waits = field(default_factory=Waits)

    def explain(self, row: Message, why: str) -> None:
        """Why it waits, where nothing is begun that would be forgotten with it."""
        if not row.begun_at and row.problem != why:
            self.outbox.put_off(row.id, why)

    def give_up(self, row: Message, why: str) -> None:
        self.outbox.fail(row.id, row.revision, why)
