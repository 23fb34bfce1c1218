"""What listeners may use, put into Bolt's context by one middleware and injected by the name `services`."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Timer
from typing import Any, Protocol

from comparison.errors import RequestError
from comparison.past_repeats import RepeatsCache
from comparison.tracking.source import RunSource
from comparison.tracking.visibility import NOTHING, Visibility, VisibleRuns, refused_runs
from handlers.access.people import Admission, People, PersonView
from handlers.access.rules import AccessRules, Members, VisibleDefaults
from handlers.lookup_cache import LookupCache
from handlers.slack.client import SlackClient
from handlers.slack.delivery import Delivery
from handlers.slack.fallback import Capabilities, PictureMemory
from handlers.slack.metadata import Seal
from handlers.stores import (
    AnswerStore,
    ChannelDefaultsStore,
    ComparisonStore,
    Inbox,
    InMemoryAnswers,
    InMemoryChannelDefaults,
    InMemoryComparisons,
    InMemoryWatches,
    NoInbox,
    WatchStore,
)
from handlers.utterance import Utterance, team

# Spans are pieces of work as a trace shows them. Nobody collects them unless the running bot hands in who does.
Note = Callable[[str, str | int], None]  # adds an attribute: its key, and a value of a closed set, an id or a number
OpenSpan = Callable[[str], AbstractContextManager[Note]]  # by the name of the kind of work


@contextmanager
def no_span(_name: str) -> Iterator[Note]:
    """A span that nobody collects."""
    yield lambda _key, _value: None


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

    def claim_again(self, key: str, seconds: int) -> bool:
        """True where a key was not claimed within so many seconds, a day at most; from then on it is."""
        ...


def start_timer(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    """Does the work in a thread of its own after so long; what is returned calls it off if it has not begun."""
    timer = Timer(seconds, work)
    timer.daemon = True
    timer.start()
    return timer.cancel


class PublishHome(Protocol):
    def __call__(self, user: str, workspace: str, outlet: SlackClient, services: "Services", /) -> None: ...


class Feature(Protocol):
    """What a feature's module does with its requests; both may take their time and may raise."""

    def answer(self, request: Any, utterance: Utterance, services: "Services", delivery: Delivery) -> None:
        """Answers, by `delivery`."""
        ...

    def show_progress(self, request: Any, utterance: Utterance, services: "Services", delivery: Delivery) -> None:
        """Shows something when the answer takes longer than a moment."""
        ...


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
    comparisons: ComparisonStore = field(default_factory=InMemoryComparisons)
    answers: AnswerStore = field(default_factory=InMemoryAnswers)  # lists, standups and single runs that were posted
    defaults: ChannelDefaultsStore = field(default_factory=InMemoryChannelDefaults)  # what channels agreed on
    watches: WatchStore = field(default_factory=InMemoryWatches)  # what channels are told of unasked
    lookup_cache: LookupCache = field(default_factory=lambda: LookupCache(time.monotonic))  # what lists are filled from
    mlflow_problem: Callable[[], str] = lambda: ""  # as it was found last; "" when MLflow answered
    inbox: Inbox = field(default_factory=NoInbox)  # what is acknowledged and not answered yet
    find_person: Callable[[str], str] = lambda _told: ""  # an id by address or id; "" : nobody, or it may not be asked
    answers_bots: bool = False  # whether a Workflow or another app that mentions the bot is answered
    features: Mapping[type, Feature] = field(default_factory=dict)  # who answers which kind of request
    publish_home: "PublishHome" = lambda *_: None  # draws somebody's Home tab anew
    admission: Admission = field(default_factory=Admission)  # whom the bot answers
    access: AccessRules = field(default_factory=AccessRules)  # who may see and change what
    people: People | None = None  # what people may read in MLflow; None: it is not asked
    by_workspace: "Callable[[str], Services] | None" = None  # None: all is of one workspace, or tells them apart itself
    ungated: "Services | None" = None  # set where `runs` are only those that a channel may see
    members: Members = field(default_factory=Members)  # who is in a channel, as Slack told it a moment ago
    seal: Seal = field(default_factory=Seal)  # what dialogs keep, so that nobody can change it
    pictures: PictureMemory = field(default_factory=PictureMemory)  # which workspaces take no files
    repeats: RepeatsCache | None = None  # what earlier repeats tell of chance; None: nobody asks for it
    rules_url: str = ""  # the page with the rules of judgement
    may_show_working: Callable[[], bool] = lambda: True  # False where that would cost what the answers need
    is_crowded: Callable[[str, str], bool] = lambda _person, _channel: False  # why the pool takes no work of theirs
    unfold_within: float = 2.0  # seconds from hearing of a link until MLflow has answered; else there is no card
    working_after: float = 0.7  # seconds until "working on it" is shown
    sleep: Callable[[float], None] = time.sleep  # how Slack's Retry-After is waited for
    later: Callable[[float, Callable[[], None]], Callable[[], None]] = start_timer  # returns how to call it off
    # How an answer ended: the kind of request, "answered", "refused" or "failed", and the seconds since it was heard.
    observe_answer: Callable[[str, str, float], None] = lambda _command, _outcome, _seconds: None
    span: OpenSpan = no_span  # a piece of work as a trace shows it
    drawing: AbstractContextManager[object] = field(default_factory=nullcontext)  # held while a message is drawn

    def for_channel(self, workspace: str, channel: str, asker: str | None = None) -> "Services":
        """What may be used for a channel: its runs and lists are of the experiments that may be seen there.

        Every door is to pass here before it asks for runs. "" is the person alone: the Home tab, a dialog from
        nowhere. `asker` is who wants it, "" another app, None nobody: where MLflow has users of its own, they have to
        be let through, too. Where nobody can tell what may be seen, every question for runs is refused; help is still
        given.
        """
        whole = (self.ungated or self).of_workspace(workspace)
        try:
            visible = whole.access.read().visible(workspace, channel)
            person = whole.people.view(asker) if whole.people is not None and asker is not None else None
        except RequestError as error:
            return replace(whole.seeing(NOTHING), runs=refused_runs(error))
        return whole if visible is None and person is None else whole.seeing(visible, person)

    def of_workspace(self, workspace: str) -> "Services":
        """What may be used for a workspace of Slack: who its people are is asked with its own token."""
        return self.by_workspace(workspace) if self.by_workspace is not None and workspace else self

    def seeing(self, visible: Visibility | None, person: PersonView | None = None) -> "Services":
        """The services with the runs of the experiments only that both show; None shows all."""
        gates = [each.shows for each in (visible, person) if each is not None]
        runs = VisibleRuns(self.runs, lambda experiment: all(shows(experiment) for shows in gates))
        defaults = VisibleDefaults(self.defaults, runs)
        scope = (visible, person)
        return replace(self, runs=runs, lookup_cache=self.lookup_cache.within(scope), defaults=defaults, ungated=self)


def use(services: Services) -> Callable[..., Any]:
    """The middleware that puts what listeners may use into Bolt's context: `app.use(use(services))`."""

    def put_services(context: dict[str, Any], body: dict[str, Any], next_: Callable[[], Any]) -> None:
        context["services"] = services.of_workspace(team(body))
        next_()

    return put_services


# Doing something later, unless it is called off.


log = logging.getLogger(__name__)

MOST = 5_000  # things that may wait

_Entry = tuple[float, int, list[Callable[[], None]]]


class Allowance:
    """An allowance of so many a second, over a while; `burst` at once. `clock` counts seconds."""

    def __init__(self, a_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._a_second = a_second
        self._burst = burst
        self._clock = clock
        self._left = float(burst)
        self._at = clock()
        self._mutex = threading.Lock()

    def take(self) -> bool:
        """Whether one more is allowed now; it then counts."""
        with self._mutex:
            at = self._clock()
            self._left = min(self._burst, self._left + (at - self._at) * self._a_second)
            self._at = at
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Timers:
    """Timers in at most so many threads, however much waits. What does not fit any more is not done."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="later")
        self._changed = threading.Condition()
        self._waiting: list[_Entry] = []  # a heap by when; an entry without work was called off
        self._numbers = itertools.count()
        self._is_started = False

    def start(self, seconds: float, work: Callable[[], None]) -> Callable[[], None]:
        slot = [work]
        with self._changed:
            if len(self._waiting) < MOST:
                entry = (time.monotonic() + seconds, next(self._numbers), slot)
                heapq.heappush(self._waiting, entry)
                if self._waiting[0] is entry:  # else the thread wakes early enough
                    self._changed.notify()
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._run, name="timers", daemon=True).start()
        return slot.clear

    def _run(self) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) is None or pause > 0:
                    self._changed.wait(pause)
                _at, _number, held = heapq.heappop(self._waiting)
            if held:
                self._executor.submit(_do, held)

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        return self._waiting[0][0] - time.monotonic() if self._waiting else None


def _do(held: list[Callable[[], None]]) -> None:
    """What is held, unless it was called off while all threads were busy."""
    try:
        work = held.pop()
    except IndexError:
        return
    try:
        work()
    except Exception:
        log.exception("what was to be done later failed")
