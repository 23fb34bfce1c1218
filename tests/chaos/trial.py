"""One trial: runs end, Slack has a bad day, the bot is killed again and again; then all is counted."""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bot.notifier.outbox import MessageState, OutboxMessage
from bot.playground.context import LEAST_SCOPES, Installation
from bot.playground.slack import SlackStandIn
from bot.store.outbox import StoredOutbox
from tests.chaos.counting import Count, Told, count
from tests.chaos.databases import POSTGRESQL, Postgres, a_server, new_database
from tests.chaos.fleet import Fleet
from tests.chaos.incidents import Incidents, Surroundings
from tests.chaos.stored import opened
from tests.chaos.training import Ended, Training, new_experiments
from tests.chaos.watchers import Watchers, invite, many_watchers, set_up
from tests.chaos.weather import Weather
from tests.mlflow_server import MlflowServer, running_mlflow

HISTORY = LEAST_SCOPES | {"channels:history"}
OFF = 5 * 60_000  # ms that two training machines' clocks are off, one either way
MOST = 10_000  # rows of the outbox that are looked at
POSTS_WITHIN = 30.0  # seconds
SINGLE = 100  # messages that may wait for a channel before runs share one: as many as can be set


@dataclass(frozen=True)
class Plan:
    database: str
    kills: int
    seed: int
    a_second: float = 5.0
    experiments: int = 20
    faults_a_second: float = 1.5
    between: float = 6.0  # seconds between two kills, on average
    posts_between: int = 0  # and so many posts, which are waited for; random moments alone may all be too early
    processes: int = 4  # on PostgreSQL; one on a file
    collapses: bool = False
    may_read_history: bool = True
    drains_within: float = 1_200.0
    stuck_after: float = 180.0  # seconds in which nothing more is told
    settles: float = 15.0
    incidents: tuple[str, ...] = ()
    lasting: float = 45.0  # seconds that each incident lasts
    apart: float = 20.0  # seconds between two
    older: Path | None = None  # a checkout of an earlier version that half of the processes run

    @property
    def is_shared(self) -> bool:
        return self.database == POSTGRESQL


@dataclass
class Outcome:
    plan: Plan
    count: Count
    ended: list[Ended]
    kills: Counter[str]
    faults: Counter[str]
    calls: Counter[str]
    limited: int  # 429 that the pace of a channel earned, not the weather
    rate: float  # runs a second, as they ended
    drained: float  # seconds from the last end of a run until all was told; below 0: never
    left: list[OutboxMessage]  # what the outbox still holds as waiting or failed
    tracebacks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    starts: Counter[str] = field(default_factory=Counter)  # by version

    @property
    def given_up(self) -> set[Told]:
        """What the bot itself knows it may not have told; where history may not be read, after two posts in vain."""
        return _given_up(self.left)

    @property
    def is_well(self) -> bool:
        reads = self.plan.may_read_history
        lost = self.count.lost if reads else self.count.lost - self.given_up
        twice = any(times > (1 if reads else 2) for times in self.count.told.values())
        wrong = self.count.wrong if reads else []
        return not (lost or twice or wrong or self.count.unasked or self.problems)


def run(plan: Plan, say: Callable[[str], None] = lambda _words: None) -> Outcome:
    watchers = many_watchers(plan.experiments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)))
        postgres = stack.enter_context(a_server(plan.database))
        address = new_database(postgres, folder)
        mlflow = stack.enter_context(running_mlflow(folder / "mlflow"))
        scopes = HISTORY if plan.may_read_history else LEAST_SCOPES
        slack = stack.enter_context(SlackStandIn(Installation(scopes=scopes, keeps_pace=True)))
        return put_to_trial(plan, Scene(folder, address, mlflow, slack, watchers, postgres), say)


@dataclass(frozen=True)
class Scene:
    """Where a trial takes place; nothing of it is the trial's own to end."""

    folder: Path
    address: str
    mlflow: MlflowServer
    slack: SlackStandIn
    watchers: Watchers
    postgres: Postgres | None = None

    def settings(self, plan: Plan) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.installation.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "MLFLOW_TRACKING_URI": self.mlflow.url,
            "DATABASE_URL": self.address,
            "MLCOMPARE_POLL_SECONDS": "1",
            "MLCOMPARE_TAKEOVER_SECONDS": "3",
            "MLCOMPARE_COLLAPSE_AFTER": "5" if plan.collapses else str(SINGLE),
        }


def put_to_trial(plan: Plan, scene: Scene, say: Callable[[str], None] = lambda _words: None) -> Outcome:
    invite(scene.slack.workspace, scene.watchers.places)
    set_up(scene.address, scene.watchers)
    experiments = new_experiments(scene.mlflow.url, scene.watchers.experiments)
    command, size = ("notify", plan.processes) if plan.is_shared else ("serve", 1)
    with (
        Fleet(scene.folder / "bots", scene.settings(plan), command, size, plan.seed, plan.older) as fleet,
        Training(scene.mlflow.url, experiments, plan.a_second, plan.seed) as training,
        Weather(scene.slack.faults, plan.faults_a_second, plan.seed) as weather,
        Incidents(plan.incidents, _around(scene), lasting=plan.lasting, between=plan.apart) as incidents,
    ):
        names = scene.watchers.experiments
        training.off |= {names[0]: -OFF, names[-1]: OFF}
        _kill(plan, fleet, training, scene.slack, say)
        incidents.wait()
        training.stop()
        weather.clear_up()
        with opened(scene.address) as engine:  # not before: PostgreSQL cuts what is open when it stops
            outbox = StoredOutbox(engine)
            drained = _drain(plan, scene, fleet, training, outbox, say)
            codes = fleet.end()
            found = _counted(scene, training.ended, outbox)
            left = [
                row
                for state in (MessageState.WAITING, MessageState.FAILED)
                for row in outbox.listed(state=state, limit=MOST)
            ]
        problems = [f"exit code {code} when asked to end" for code in codes if code]
        problems += filter(None, (training.problem, incidents.problem))
        problems += fleet.ended_by_themselves
    return Outcome(
        plan=plan,
        count=found,
        ended=training.ended,
        kills=fleet.kills,
        faults=weather.struck,
        calls=Counter(call.method for call in scene.slack.calls),
        limited=_refused(scene.slack) - weather.limits - incidents.limits,
        rate=len(training.ended) / max(training.seconds, 0.001),
        drained=drained,
        left=left,
        tracebacks=fleet.tracebacks(),
        problems=problems,
        incidents=incidents.happened,
        starts=fleet.starts,
    )


def _around(scene: Scene) -> Surroundings:
    return Surroundings(scene.mlflow, scene.postgres, scene.slack.faults, lambda: _refused(scene.slack))


def _refused(slack: SlackStandIn) -> int:
    return sum(call.status == 429 for call in slack.calls)


def _kill(plan: Plan, fleet: Fleet, training: Training, slack: SlackStandIn, say: Callable[[str], None]) -> None:
    dice = random.Random(plan.seed)  # noqa: S311 -- to be repeated, not to be safe
    began = time.monotonic()
    for number in range(1, plan.kills + 1):
        _wait_for_posts(slack, plan.posts_between)
        time.sleep(min(dice.expovariate(1 / plan.between), 4 * plan.between))
        fleet.strike()
        if number % 10 == 0 or number == plan.kills:
            took = time.monotonic() - began
            say(f"{number} kills, {len(training.ended)} runs ended, {len(slack.messages())} messages, {took:.0f} s")


def _wait_for_posts(slack: SlackStandIn, posts: int) -> None:
    wanted = slack.count("chat.postMessage") + posts
    until = time.monotonic() + POSTS_WITHIN
    while slack.count("chat.postMessage") < wanted and time.monotonic() < until:
        time.sleep(0.02)


def _drain(  # noqa: PLR0917 -- all that runs
    plan: Plan, scene: Scene, fleet: Fleet, training: Training, outbox: StoredOutbox, say: Callable[[str], None]
) -> float:
    """Waits until every run is told and nothing is due; then a little more, for what would come twice."""
    began, last, before, changed = time.monotonic(), 0.0, (-1, -1), 0.0
    while (took := time.monotonic() - began) < plan.drains_within and took - changed < plan.stuck_after:
        fleet.look()
        left = len(
            _counted(scene, training.ended, outbox).lost
            - _given_up(outbox.listed(state=MessageState.FAILED, limit=MOST))
        )
        due = len(outbox.due(int(time.time() * 1000)))
        if not left and not due:
            time.sleep(plan.settles)
            return took
        if (left, due) != before:
            before, changed = (left, due), took
        if took - last >= 20:
            say(f"draining: {left} to tell, {due} due, {took:.0f} s")
            last = took
        time.sleep(1)
    return -1.0


def _given_up(rows: list[OutboxMessage]) -> set[Told]:
    return {(row.channel, run_id) for row in rows if row.state is MessageState.FAILED for run_id in row.run_ids}


def _counted(scene: Scene, ended: list[Ended], outbox: StoredOutbox) -> Count:
    shared = {row.id: row.run_ids for row in outbox.posted(0)}
    return count(scene.slack, ended, scene.watchers, shared)
