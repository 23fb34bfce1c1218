"""What listeners may use, put into Bolt's context by one middleware and injected by the name `services`."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from comparison.source import RunSource
from handlers.agreed import Agreements, ChannelDefaults
from handlers.inbox import Inbox, Unkept
from handlers.recorded import Comparisons, Recollection
from handlers.shelf import Shelf
from handlers.waiting import start_timer
from handlers.watches import Watches, WatchesHere


@dataclass(frozen=True)
class Work:
    """Something for a worker, and whose it is: channels take turns, and so do the people in each."""

    do: Callable[[], object]
    channel: str = ""
    person: str = ""

    def __call__(self) -> None:
        self.do()


class Pool(Protocol):
    """Threads of our own, bounded, so that Slack's listeners are never held by MLflow."""

    def submit(self, work: Callable[[], None]) -> int | None:
        """How many wait before this one; None: the work was not taken and the person must be told."""
        ...


class Claims(Protocol):
    """Who answers what: the same delivery is worked on once, on all replicas, for a day."""

    def claim(self, key: str) -> bool:
        """True the first time a key is claimed, False ever after."""
        ...


class Capabilities(Protocol):
    """Which blocks a workspace takes, learned by being refused; kept for some hours."""

    def rung(self, workspace: str) -> int:
        """The rung of the ladder to start from: 0 is everything."""
        ...

    def remember(self, workspace: str, rung: int) -> None: ...


@dataclass(frozen=True)
class Services:
    runs: RunSource
    pool: Pool
    claims: Claims
    capabilities: Capabilities
    now: Callable[[], datetime]  # aware, UTC
    new_incident: Callable[[], str]  # a short number that is also in the log
    ui_url: str = ""  # the address people open MLflow at; "" : unknown, no links
    command: str = "/mlcompare"
    comparisons: Comparisons = field(default_factory=Recollection)
    defaults: ChannelDefaults = field(default_factory=Agreements)  # what channels agreed on
    watches: Watches = field(default_factory=WatchesHere)  # what channels are told of unasked
    shelf: Shelf = field(default_factory=lambda: Shelf(time.monotonic))  # what lists are filled from
    mlflow_problem: Callable[[], str] = lambda: ""  # as it was found last; "" when MLflow answered
    inbox: Inbox = field(default_factory=Unkept)  # what is acknowledged and not answered yet
    find_person: Callable[[str], str] = lambda _email: ""  # somebody's Slack id; "" : nobody, or it may not be asked
    answers_bots: bool = False  # whether a Workflow or another app that mentions the bot is answered
    rules_url: str = ""  # the page with the rules of judgement
    may_show_working: Callable[[], bool] = lambda: True  # False where that would cost what the answers need
    is_crowded: Callable[[str, str], bool] = lambda _person, _channel: False  # why the pool takes no work of theirs
    working_after: float = 0.7  # seconds until "working on it" is shown
    sleep: Callable[[float], None] = time.sleep  # how Slack's Retry-After is waited for
    later: Callable[[float, Callable[[], None]], Callable[[], None]] = start_timer  # returns how to call it off
    drawing: AbstractContextManager[object] = field(default_factory=nullcontext)  # held while a message is drawn
