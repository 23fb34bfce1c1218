"""Composition: the settings made into everything that runs."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from sqlalchemy import Engine

from bot.late import tracking
from bot.notifying.notifier import Notifier, Stores
from bot.pool import WorkerPool
from bot.probing import Probe
from bot.recovering import Recovery, new_owner
from bot.settings import Settings
from bot.slack import Identity, web_client
from bot.state.capabilities import StoredCapabilities
from bot.state.claims import StoredClaims
from bot.state.comparisons import StoredComparisons
from bot.state.database import check_writable, open_database
from bot.state.defaults import StoredDefaults
from bot.state.inbox import StoredInbox
from bot.state.outbox import StoredOutbox
from bot.state.turns import StoredTurns
from bot.state.watches import StoredWatches
from comparison.source import RunSource
from handlers import register_all, use
from handlers.outlet import Outlet
from handlers.services import Services
from handlers.waiting import Allowance, Timers

PATIENCE = 5.0  # seconds to be put off by Slack when it is asked whose an address is
COURTESIES = 16  # threads that say "working on it"
SHOWN = 10  # times a second that it is said, of all requests together; each is a post that the answer has to replace
DRAWN = 2  # messages drawn side by side; more would be no faster, and acknowledgements would wait behind them
LISTENERS = 64  # threads that acknowledge; Bolt's own five would be shared by everything


@dataclass(frozen=True)
class Bot:
    """Everything that runs. `probes` know why the bot is not ready; nothing has been started yet."""

    settings: Settings
    app: App
    services: Services
    pool: WorkerPool
    listeners: Executor
    engine: Engine
    identity: Identity
    probes: tuple[Probe, ...]
    recovery: Recovery
    notifier: Notifier


def build(settings: Settings, *, runs: RunSource | None = None, listeners: Executor | None = None) -> Bot:
    """The bot these settings describe. Nothing is asked of Slack, MLflow or the database yet."""
    engine = open_database(settings.database_url.get_secret_value())
    pool = WorkerPool(settings.workers, per_person=settings.per_person)
    source = runs if runs is not None else tracking(settings)
    mlflow = Probe("mlflow", _reach(source), every=30, patience=90)
    client = web_client(settings, settings.slack_bot_token.get_secret_value())
    inbox = StoredInbox(engine, now, new_owner(), settings.takeover_seconds)
    services = Services(
        runs=source,
        pool=pool,
        claims=StoredClaims(engine, now),
        capabilities=StoredCapabilities(engine, now),
        comparisons=StoredComparisons(engine, now),
        defaults=StoredDefaults(engine),
        inbox=inbox,
        watches=StoredWatches(engine),
        now=now,
        new_incident=new_incident,
        ui_url=settings.ui_url,
        command=settings.command,
        rules_url=settings.rules_url,
        answers_bots=settings.answers_bots,
        mlflow_problem=lambda: mlflow.problem,
        is_crowded=pool.is_crowded,
        may_show_working=Allowance(SHOWN, 2 * SHOWN, time.monotonic).take,
        sleep=pool.sleep,
        later=Timers(COURTESIES).start,
        drawing=threading.Semaphore(DRAWN),
        find_person=Outlet.of(client, time.sleep, PATIENCE).find_person,
    )
    executor = listeners or ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener")
    identity = Identity(client)
    return Bot(
        settings=settings,
        app=_bolt(client, identity, services, executor),
        services=services,
        pool=pool,
        listeners=executor,
        engine=engine,
        identity=identity,
        probes=(
            Probe("database", _keep_stored(engine), every=10),
            Probe("slack", identity.ask, every=600, patience=1200),
            mlflow,
        ),
        recovery=Recovery(inbox, services, client, shares_a_file=engine.dialect.name == "sqlite"),
        notifier=Notifier(settings, services, Stores(StoredOutbox(engine), StoredTurns(engine)), client),
    )


def _bolt(client: Any, identity: Identity, services: Services, executor: Executor) -> App:
    def authorize() -> AuthorizeResult:
        return identity.known()

    app = App(
        name="mlcompare",
        client=client,
        authorize=authorize,
        request_verification_enabled=False,  # bot/web.py does, before anything is parsed
        ssl_check_enabled=False,  # likewise
        listener_executor=executor,
        process_before_response=True,  # listeners only hand work over: they run in the thread that waits for them
    )
    app.use(use(services))
    register_all(app)
    return app


def _reach(source: RunSource) -> Callable[[], None]:
    """Asks for the experiments: imports MLflow and warms the catalogue before the first person asks."""

    def reach() -> None:
        source.experiments()

    return reach


def _keep_stored(engine: Engine) -> Callable[[], None]:
    """Brings the database up to date the first time it can be reached, and then tries whether it can be written."""
    done: list[str] = []

    def keep() -> None:
        from bot.state.migrating import upgrade

        if not done:
            done.append(upgrade(engine)[1])
        check_writable(engine)

    return keep


def now() -> datetime:
    return datetime.now(UTC)


def new_incident() -> str:
    """A number that is short enough to be read out."""
    return f"{secrets.randbelow(1_000_000):06d}"
