"""What the notifier works with, in memory, around a real stand-in for Slack; time passes when a test says so."""

import itertools
from datetime import UTC, datetime

from slack_sdk import WebClient

from bot.notifier.content import ContentComposer
from bot.notifier.delivery import Deliverer
from bot.notifier.outages import CircuitBreaker, WatchPauser
from bot.notifier.outbox import id_of
from bot.notifier.subscriptions import Subscriptions
from bot.playground.context import LEAST_SCOPES
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from bot.playground.workspace import TEAM, Workspace
from comparison.notifications.message import MessageKind, WantedMessage
from comparison.runs import Experiment, Run, Status
from handlers.services import Services
from handlers.slack.blocks import Reply
from handlers.slack.client import SlackClient
from handlers.stores import InMemoryWatches, StoredWatch
from handlers.watch.notification import PostedNotification
from tests.fakes.outbox import FakeOutbox
from tests.fakes.runs import FakeRuns
from tests.fakes.turns import FakeTurns
from tests.handlers.workshop import UI, Ledger

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = 60_000
HOUR = 60 * MINUTE
IRIS = Experiment("1", "iris")
HISTORY = LEAST_SCOPES | {"channels:history"}


class Clock:
    def __init__(self, moment=NOON):
        self.at = moment.timestamp()

    def seconds(self):
        return self.at

    def ms(self):
        return round(self.at * 1000)

    def moment(self):
        return datetime.fromtimestamp(self.at, UTC)

    def wait(self, seconds):
        self.at += seconds


def ended(name, at, *, experiment=IRIS, status=Status.FINISHED, **facts):
    """A run that ended at `at` (ms); its id is its name, padded."""
    begun = at - 10 * MINUTE
    return Run(f"{name:0<32}", name, experiment, status=status, started_at=begun, ended_at=at, **facts)


class Stage:
    """Everything but Slack and the words: `said` holds what is composed of a message, by the id of its first run."""

    def __init__(self, runs=None, slack=None, clock=None):
        self.clock = clock or Clock()
        self.slack = slack
        self.runs = runs or FakeRuns()
        self.outbox = FakeOutbox()
        self.turns = FakeTurns()
        self.watches = InMemoryWatches()
        self.ledger = Ledger()
        self.said = {}
        self.woken = 0
        numbers = itertools.count(4711)
        self.services = Services(
            runs=self.runs,
            pool=None,
            claims=self.ledger,
            capabilities=self.ledger,
            now=self.clock.moment,
            new_incident=lambda: str(next(numbers)),
            ui_url=UI,
            watches=self.watches,
            sleep=self.clock.wait,
        )
        self.pauser = WatchPauser(self.watches, self.outbox, self.clock.ms)
        self.subscriptions = Subscriptions(self.watches, self.pauser.pause_watch)
        self.circuit = CircuitBreaker(self.clock.seconds)
        self.deliverer = self.deliverer_on(slack.api_url) if slack else None

    def deliverer_on(self, api_url, announce=None):
        client = WebClient(token=self.slack.installation.bot_token, base_url=api_url, timeout=5, retry_handlers=[])
        return Deliverer(
            self.outbox,
            self.services,
            SlackClient.of(client, self.clock.wait),
            ContentComposer(self.services, announce or self._announce),
            self.circuit,
            self.pauser,
            self.turns,
            self.clock.ms,
            watching=self.subscriptions.watching,
            wake=self._wake,
        )

    def taking(self, seconds):
        """What announces as ever, but takes so long, one time after another."""

        def announce(wanted, services):
            self.clock.wait(seconds.pop(0))
            return self._announce(wanted, services)

        return announce

    def watch(self, words="iris", *, channel=EXPERIMENTS, is_digest=False, is_primed=True, by=MAYA, ago=24 * 3600):
        kept = StoredWatch(
            f"w{len(self.watches.every()) + 1}",
            TEAM,
            channel,
            words,
            by,
            self.clock.at - ago,
            is_digest=is_digest,
            is_primed=is_primed,
        )
        self.watches.add(kept)
        return kept

    def announce(self, name="A", *, channel=EXPERIMENTS, kind=MessageKind.RUN, watch_ids=("w1",), **more):
        """A message that waits; its id."""
        run_id = f"{name:0<32}"
        key = f"{kind.value}:{TEAM}:{channel}:{run_id}"
        self.outbox.announce(
            [WantedMessage(key, kind, TEAM, channel, (run_id,), tuple(watch_ids), ("1",), **more)], self.clock.ms()
        )
        return id_of(key)

    def message(self, message_id):
        return self.outbox.get(message_id)

    def deliver(self, message_id):
        """One turn: the seconds it wants to wait."""
        row = self.outbox.get(message_id)
        return self.deliverer.deliver(message_id, row.revision)

    def work(self, message_id, most=30):
        """Turn by turn, waiting as told, until nothing is left to do; the waits."""
        waits = []
        while (wait := self.deliver(message_id)) is not None:
            waits.append(wait)
            self.clock.wait(wait)
            assert len(waits) < most, f"it never ends: {waits}, {self.message(message_id)}"
        return waits

    def work_on_all(self):
        """All that is due, and what comes of it."""
        for _ in range(10):
            due = self.outbox.due(self.clock.ms())
            if not due:
                return
            for each in due:
                self.work(each.id)

    def change(self, name="A"):
        """Later news about a run: its messages are due anew."""
        from bot.notifier.outbox import RunEnd

        self.outbox.touch({f"{name:0<32}": RunEnd("FINISHED", self.clock.ms(), "other")}, self.clock.ms())

    def posted(self, channel=""):
        return [message.text for message in self.slack.messages(channel)]

    def _wake(self):
        self.woken += 1

    def _announce(self, wanted, _services):
        said = self.said.get(wanted.run_ids[0] if wanted.run_ids else wanted.about, f"{wanted.run_ids[0][0]} ended")
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(said, Exception):
            raise said
        if not isinstance(said, str):
            return said
        payload = {"event_payload": {"runs": list(wanted.run_ids)}}
        return PostedNotification(lambda _rung: Reply(said, metadata=payload), said, is_over=wanted.is_final)


def slack_at(clock):
    """A stand-in whose clock is the test's."""
    return SlackStandIn(workspace=Workspace(clock.seconds))


def clear(slack, scopes=HISTORY):
    """Nothing was said or asked yet, and nothing goes wrong: one stand-in for many tests."""
    slack.faults.clear()
    slack.reinstall(scopes=scopes)
    for message in slack.workspace.everything():
        slack.workspace.edit(message, deleted=True)
    slack.workspace.calls.clear()
