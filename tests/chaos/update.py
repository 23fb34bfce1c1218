"""A rolling update: replicas of `serve` give way to a newer version one by one, and back, while runs end and people ask."""

import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from bot.playground.context import Installation
from bot.playground.slack import EXPERIMENTS, SlackStandIn
from bot.settings import database_address
from bot.store.database import open_database, watches
from bot.store.outbox import StoredOutbox
from tests.bot.process import ROOT, BotProcess
from tests.chaos.counting import Count, count, payload_of
from tests.chaos.databases import POSTGRESQL, a_server, new_database
from tests.chaos.training import Ended, Training, new_experiments
from tests.chaos.trial import HISTORY
from tests.chaos.watchers import Watchers, invite, many_watchers
from tests.mlflow_server import running_mlflow

MIGRATIONS = "bot/store/migrations/versions"
REPLICAS = 2
ENDS_WITHIN = 60.0  # seconds that a replica has for its end
STARTS_WITHIN = 120.0
DRAINS_WITHIN = 300.0
SETTLES = 10.0  # seconds for what would come twice
Pair = tuple[str, str]  # the ids of the two runs that somebody compared


@dataclass(frozen=True)
class Update:
    """`rounds` times from the older version, a checkout, to this one and back, and to this one at last."""

    older: Path
    rounds: int
    seed: int
    runs_a_second: float = 1.0
    asked_a_second: float = 1.0
    experiments: int = 8


@dataclass
class Updated:
    """What came of it. `answers`: how many each command got."""

    count: Count
    ended: list[Ended]
    asked: list[Pair]
    answers: Counter[Pair]
    untaken: list[str]  # why Slack's post of a command was not taken
    starts: Counter[str]  # replicas, by version
    schemas: list[str]  # of the database: at first, and at last
    problems: list[str] = field(default_factory=list)

    @property
    def unanswered(self) -> list[Pair]:
        return [each for each in self.asked if not self.answers[each]]

    @property
    def doubled(self) -> list[Pair]:
        return [each for each in self.asked if self.answers[each] > 1]

    @property
    def is_well(self) -> bool:
        found = self.count
        wrong = found.lost or found.doubled or found.unasked or found.wrong
        return not (wrong or self.unanswered or self.doubled or self.untaken or self.problems)


def version_before() -> str:
    """The commit before the newest migration of the database; "" where no history is at hand."""
    newest = max(path.name for path in (ROOT / MIGRATIONS).glob("v*.py"))
    words = ["git", "log", "--diff-filter=A", "--format=%H", "-1", "--", f"{MIGRATIONS}/{newest}"]
    try:
        found = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{found}~1" if found else ""


class Replicas:
    """Some of `serve` behind one address, as a load balancer has it. Each start has a folder of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str], older: Path, slack: SlackStandIn) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._older = {"PYTHONPATH": str(older)}
        self._slack = slack
        self._mutex = threading.Lock()
        self._bots: list[BotProcess] = []
        self._turn = 0
        self.starts: Counter[str] = Counter()
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for bot in self._bots:
            with bot:
                pass

    def add(self, *, is_older: bool) -> None:
        """One more, that is sent commands from when it is ready."""
        folder = self._folder / f"serve-{self.starts.total():04d}"
        folder.mkdir(parents=True)
        bot = BotProcess(folder, {**self._settings, **(self._older if is_older else {})}, "serve")
        try:
            bot.wait_until_it_serves().wait_until_ready(STARTS_WITHIN)
        except BaseException:
            with bot:
                raise
        self.starts["older" if is_older else "this version"] += 1
        with self._mutex:
            self._bots.append(bot)

    def remove_first(self) -> None:
        """The one that is there longest is sent nothing more, and asked to end."""
        with self._mutex:
            bot = self._bots.pop(0)
        with bot:
            bot.terminate()
            if code := bot.wait(ENDS_WITHIN):
                self.problems.append(f"exit code {code} when asked to end: {bot.log[-600:]}")
        if "Traceback" in bot.log:
            self.problems.append(f"a traceback: {bot.log.rpartition('Traceback')[2][:600]}")

    def replace_all(self, *, is_older: bool) -> None:
        """One by one: a new one is ready before an old one ends."""
        for _ in range(len(self._bots)):
            self.add(is_older=is_older)
            self.remove_first()

    def end(self) -> None:
        while self._bots:
            self.remove_first()

    def ask(self, words: str, channel: str = EXPERIMENTS) -> str:
        """A command for one of them, in turn; why it was not taken, "" when it was."""
        with self._mutex:
            self._turn += 1
            self._slack.bot_url = f"{self._bots[self._turn % len(self._bots)].url}/slack/events"
            return self._slack.command("/mlcompare", words, channel=channel).error


class Asking:
    """Compares two runs that just ended, `a_second` times, each two of them once; from `with` to `stop`."""

    def __init__(self, replicas: Replicas, training: Training, a_second: float) -> None:
        self._replicas = replicas
        self._training = training
        self._pause = 1 / a_second
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._work, name="asking", daemon=True)
        self.asked: list[Pair] = []
        self.untaken: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._halt.set()
        self._thread.join(60)

    def _work(self) -> None:
        first = 0
        while not self._halt.wait(self._pause):
            ended = self._training.ended[first : first + 2]
            if len(ended) < 2:
                continue
            first += 1
            pair = (ended[0].run_id, ended[1].run_id)
            self.asked.append(pair)
            if error := self._replicas.ask(" vs ".join(pair)):
                self.untaken.append(error)


def update(plan: Update, say: Callable[[str], None] = lambda _words: None) -> Updated:
    """One trial on a PostgreSQL, an MLflow and a Slack of its own."""
    watchers = many_watchers(plan.experiments, "update")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="update-", ignore_cleanup_errors=True)))
        address = new_database(stack.enter_context(a_server(POSTGRESQL)), folder)
        mlflow = stack.enter_context(running_mlflow(folder / "mlflow"))
        slack = stack.enter_context(SlackStandIn(Installation(scopes=HISTORY, keeps_pace=True)))
        invite(slack.workspace, watchers.places)
        experiments = new_experiments(mlflow.url, watchers.experiments)
        settings = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow.url,
            "DATABASE_URL": address,
            "MLCOMPARE_POLL_SECONDS": "1",
            "MLCOMPARE_TAKEOVER_SECONDS": "3",
            "MLCOMPARE_COLLAPSE_AFTER": "100",
        }
        replicas = stack.enter_context(Replicas(folder / "bots", settings, plan.older, slack))
        for _ in range(REPLICAS):
            replicas.add(is_older=True)
        schemas = [_schema(address)]
        _watch(replicas, watchers, address)
        with (
            Training(mlflow.url, experiments, plan.runs_a_second, plan.seed) as training,
            Asking(replicas, training, plan.asked_a_second) as asking,
        ):
            for place in range(2 * plan.rounds + 1):
                replicas.replace_all(is_older=place % 2 == 1)
                version = "older" if place % 2 else "this version"
                say(f"all replicas are {version}; {len(training.ended)} runs ended, {len(asking.asked)} commands")
            asking.stop()
            training.stop()
            found, answers = _drain(slack, training.ended, asking.asked, watchers, address)
            schemas.append(_schema(address))
            replicas.end()
        problems = [*replicas.problems, *filter(None, (training.problem,))]
        return Updated(found, training.ended, asking.asked, answers, asking.untaken, replicas.starts, schemas, problems)


def _watch(replicas: Replicas, watchers: Watchers, address: str) -> None:
    """Each channel types its watches, and the bot has looked at what ended before."""
    wanted = 0
    for channel, places in watchers.places.items():
        for place in places:
            assert not (error := replicas.ask(f"watch {place}", channel)), error
            wanted += 1
    engine = open_database(database_address(address))
    until = time.monotonic() + STARTS_WITHIN
    try:
        while True:
            with engine.connect() as connection:
                primed = connection.scalar(select(func.count()).select_from(watches).where(watches.c.is_primed))
            if primed == wanted:
                return
            assert time.monotonic() < until, f"{primed} of {wanted} watches stand"
            time.sleep(0.2)
    finally:
        engine.dispose()


def _drain(
    slack: SlackStandIn, ended: Sequence[Ended], asked: Sequence[Pair], watchers: Watchers, address: str
) -> tuple[Count, Counter[Pair]]:
    """Waits until every run is told and every command answered; then a little more, for what would come twice."""
    until = time.monotonic() + DRAINS_WITHIN
    while time.monotonic() < until:
        answers = _answers(slack)
        if not _counted(slack, ended, watchers, address).lost and all(answers[each] for each in asked):
            break
        time.sleep(1)
    time.sleep(SETTLES)
    return _counted(slack, ended, watchers, address), _answers(slack)


def _counted(slack: SlackStandIn, ended: Sequence[Ended], watchers: Watchers, address: str) -> Count:
    """Runs told, without what was said to those who set up the watches."""
    engine = open_database(database_address(address))
    try:
        shared = {row.id: row.run_ids for row in StoredOutbox(engine).posted(0)}
    finally:
        engine.dispose()
    return count(slack, ended, watchers, shared, is_news=lambda payload: bool(payload.get("runs")))


def _answers(slack: SlackStandIn) -> Counter[Pair]:
    """Results of commands; one that still says that it works on it is none."""
    found: Counter[Pair] = Counter()
    for message in slack.messages(EXPERIMENTS):
        payload = payload_of(message)
        if payload.get("stage") == "done" and len(payload.get("runs", ())) == 2:
            found[payload["runs"][0], payload["runs"][1]] += 1
    return found


def _schema(address: str) -> str:
    """The version of the database."""
    engine = open_database(database_address(address))
    try:
        with engine.connect() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
    finally:
        engine.dispose()
