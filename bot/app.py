"""Composition: the settings made into everything that runs."""

import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from ssl import create_default_context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cachetools import LRUCache
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context import BoltContext
from slack_sdk import WebClient
from sqlalchemy import Engine

from bot.metrics import MeasuredCapabilities, MeasuredWebClient, Metrics, OutboxCollector, measured_runs
from bot.notifier.notifier import InstalledWorkspaces, Notifier, NotifierStores
from bot.notifier.outbox import OutboxMessage
from bot.notifier.rate_limit import StoredSendSlots
from bot.server.health import STANDUP_EVERY, Probe, WarmStart
from bot.server.takeover import Takeover, new_owner
from bot.server.worker_pool import Precedence, WorkerPool
from bot.settings import Settings
from bot.store.channel_defaults import StoredAccess, StoredDefaults
from bot.store.claims import StoredCapabilities, StoredClaims
from bot.store.database import check_writable, open_database
from bot.store.inbox import StoredInbox
from bot.store.outbox import StoredOutbox
from bot.store.posted_answers import StoredAnswers, StoredComparisons
from bot.store.watches import StoredWatches
from bot.traces import Traces, open_traces
from comparison.past_repeats import RepeatsCache
from comparison.tracking.source import RunSource
from handlers.access.people import Admission, Directory, People, Policy
from handlers.access.rules import AccessRules, Members
from handlers.features import features_by_request, register_all
from handlers.home import publish
from handlers.services import Allowance, Services, Timers, use
from handlers.slack.client import SlackClient
from handlers.slack.metadata import Seal

if TYPE_CHECKING:
    from bot.workspaces.install import Workspaces
    from comparison.tracking.visibility import PermissionSource

PATIENCE = 5.0  # seconds to be put off by Slack when it is asked whose an address is
COURTESIES = 16  # threads that say "working on it"
SHOWN = 10  # times a second that it is said, of all requests together; each is a post that the answer has to replace
DRAWN = 2  # messages drawn side by side; more would be no faster, and acknowledgements would wait behind them
WHO_SECONDS = 2  # for Slack to say who somebody is; it is asked before an acknowledgement
MEMBERS_FOR = 30.0  # seconds that it holds who is in a channel
TENDED = 600.0  # seconds between two looks at the tokens of workspaces
MAX_WORKSPACES = 1_000  # of which is kept in memory who their people are
LISTENERS = 64  # threads that acknowledge; Bolt's own five would be shared by everything


class BotIdentity:
    """Who the bot is, by `auth.test`. Until Slack has told, requests are answered with the token alone."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known = AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)
        self._asked = threading.Event()

    def ask(self) -> None:
        """Asks Slack; raises what slack_sdk raises."""
        try:
            identity = self._client.auth_test()
            self._known = AuthorizeResult(
                enterprise_id=identity.get("enterprise_id"),
                team_id=identity.get("team_id"),
                bot_id=identity.get("bot_id"),
                bot_user_id=identity.get("user_id"),
                bot_token=self._client.token,
            )
        finally:
            self._asked.set()

    def wait(self, seconds: float) -> None:
        """Waits until Slack was asked once, whatever it answered; at most so long."""
        self._asked.wait(seconds)

    def known(self) -> AuthorizeResult:
        return self._known


@dataclass(frozen=True)
class Bot:
    """Everything that runs. `probes` know why the bot is not ready; nothing has been started yet."""

    settings: Settings
    app: App
    services: Services
    pool: WorkerPool
    precedence: Precedence
    listeners: Executor
    engine: Engine
    identity: BotIdentity
    probes: tuple[Probe, ...]
    recovery: Takeover
    notifier: Notifier
    metrics: Metrics
    traces: Traces
    workspaces: "Workspaces | None" = None  # None: all is of the one workspace of the token


def build(settings: Settings, *, runs: RunSource | None = None, listeners: Executor | None = None) -> Bot:
    """The bot these settings describe. Nothing is asked of Slack, MLflow or the database yet."""
    engine = open_database(settings.database_url.get_secret_value())
    metrics, traces = Metrics(), open_traces(settings)
    pool = WorkerPool(settings.workers, per_person=settings.per_person)
    source = measured_runs(runs if runs is not None else lazy_runs(settings), metrics, traces.span)
    mlflow = Probe("mlflow", _reach(source), every=30, patience=90)
    precedence = Precedence(DRAWN)
    client = web_client(settings, settings.slack_bot_token.get_secret_value(), metrics, traces)
    watches = StoredWatches(engine)
    workspaces = _workspaces(settings, engine, watches, metrics, traces) if settings.serves_workspaces else None
    identity = BotIdentity(client)
    outbox = StoredOutbox(engine)
    _watch_queues(metrics, pool, outbox)
    inbox = StoredInbox(engine, now, new_owner(), settings.takeover_seconds)
    services = Services(
        runs=source,
        pool=pool,
        claims=StoredClaims(engine, now),
        capabilities=MeasuredCapabilities(StoredCapabilities(engine, now), metrics),
        comparisons=StoredComparisons(engine, now),
        answers=StoredAnswers(engine, now),
        defaults=StoredDefaults(engine),
        inbox=inbox,
        watches=watches,
        features=features_by_request(),
        publish_home=publish,
        now=now,
        new_incident=new_incident,
        ui_url=settings.ui_url,
        command=settings.command,
        rules_url=settings.rules_url,
        repeats=RepeatsCache(),
        answers_bots=settings.answers_bots,
        mlflow_problem=lambda: mlflow.problem,
        is_crowded=pool.is_crowded,
        may_show_working=Allowance(SHOWN, 2 * SHOWN, time.monotonic).take,
        sleep=pool.sleep,
        later=Timers(COURTESIES).start,
        span=traces.span,
        drawing=precedence,
        observe_answer=metrics.answered,
        seal=_seal(settings),
    )
    if workspaces is None:
        services = _knowing_people(services, settings, engine, client, lambda: ids_of(identity.known()))
    else:
        services = _of_workspaces(services, settings, engine, workspaces)
    executor = listeners or ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener")
    notifier = Notifier(
        settings,
        services,
        NotifierStores(outbox, StoredSendSlots(engine)),
        client if workspaces is None else InstalledWorkspaces(workspaces.clients.of, workspaces.is_installed),
        on_posted=_delay_of(outbox, metrics) if settings.metrics != "off" else _no_measure,
    )
    metrics.gauge("mlcompare_look_age_seconds", "Since the notifier looked at MLflow", lambda: notifier.look_age)
    return Bot(
        settings=settings,
        app=_bolt(client, identity, services, executor)
        if workspaces is None
        else _bolt_of_workspaces(client, workspaces, settings, services, executor),
        services=services,
        pool=pool,
        precedence=precedence,
        listeners=executor,
        engine=engine,
        identity=identity,
        probes=(
            Probe("database", _keep_stored(engine), every=10),
            Probe("slack", identity.ask if workspaces is None else _greet(client), every=600, patience=1200),
            mlflow,
            Probe("libraries", WarmStart(services), every=STANDUP_EVERY),
            *([Probe("workspaces", workspaces.tend, every=TENDED, patience=TENDED)] if workspaces else []),
        ),
        recovery=Takeover(
            inbox,
            services,
            workspaces.clients.of if workspaces else lambda _workspace: client,
            shares_a_file=engine.dialect.name == "sqlite",
        ),
        notifier=notifier,
        metrics=metrics,
        traces=traces,
        workspaces=workspaces,
    )


def _workspaces(
    settings: Settings, engine: Engine, watches: StoredWatches, metrics: Metrics, traces: Traces
) -> "Workspaces":
    from bot.workspaces.install import workspaces_of
    from bot.workspaces.tokens import WorkspaceWebClient

    client = _client_of_kind(WorkspaceWebClient, settings, None, metrics, traces)
    return workspaces_of(settings, engine, client, watches, now)


def _knowing_people(
    services: Services, settings: Settings, engine: Engine, client: WebClient, own: Callable[[], frozenset[str]]
) -> Services:
    """The services with what is asked of one workspace: who people are, who is an admin, who is in a channel.

    `own` are the ids of the workspace and the organisation, empty while they are not known.
    """
    directory = _directory(client)
    return replace(
        services,
        admission=Admission(Policy(settings.external_people), directory),
        access=AccessRules(
            StoredAccess(engine),
            is_strict=settings.is_strict,
            keeps_apart=settings.serves_workspaces,
            admins=settings.admin_ids,
            directory=directory,
            own=own,
        ),
        people=_people(settings, services.runs, directory),
        members=Members(time.monotonic, MEMBERS_FOR),
        find_person=SlackClient.of(client, time.sleep, PATIENCE).find_person,
    )


def _of_workspaces(services: Services, settings: Settings, engine: Engine, workspaces: "Workspaces") -> Services:
    """The services of no workspace yet; those of each are made when it is heard of, and share everything else."""
    known: LRUCache[str, Services] = LRUCache(MAX_WORKSPACES)
    mutex = threading.Lock()
    access = AccessRules(StoredAccess(engine), is_strict=settings.is_strict, keeps_apart=True)

    def of(workspace: str) -> Services:
        with mutex:
            if workspace not in known:
                client = workspaces.clients.of(workspace)
                own = partial(workspaces.ids_of, workspace)
                known[workspace] = _knowing_people(whole, settings, engine, client, own)
            return known[workspace]

    def forget() -> None:  # what Slack refused to tell it may tell a workspace that installs the app again
        with mutex:
            known.clear()

    workspaces.tokens.on_forget = forget
    whole = replace(services, access=access, by_workspace=of)
    return whole


def _greet(client: WebClient) -> Callable[[], None]:
    """Asks Slack something that needs no token."""

    def greet() -> None:
        client.api_test()

    return greet


def _watch_queues(metrics: Metrics, pool: WorkerPool, outbox: StoredOutbox) -> None:
    metrics.gauge("mlcompare_queue_waiting", "Requests that wait for a worker", lambda: pool.waiting)
    metrics.gauge("mlcompare_pool_busy", "Requests that are worked on", lambda: pool.busy)

    def backlog() -> tuple[Mapping[str, int], float]:
        return outbox.backlog(int(now().timestamp() * 1000))

    metrics.registry.register(OutboxCollector(backlog, time.monotonic))


def _delay_of(outbox: StoredOutbox, metrics: Metrics) -> Callable[[OutboxMessage], None]:
    """Measures what passed between the end of a message's last run and the message."""

    def observe(row: OutboxMessage) -> None:
        ended = [end.ended_at for end in outbox.ends(row.run_ids).values() if end.ended_at]
        if ended:
            metrics.notified(now().timestamp() - max(ended) / 1000)

    return observe


def _no_measure(_row: OutboxMessage) -> None:
    """Nobody reads the metrics: the database is not asked for them."""


def _directory(client: WebClient) -> Directory:
    """Asks who people are within the seconds that Slack waits for an acknowledgement."""
    quick = copy(client)
    quick.timeout = WHO_SECONDS
    return Directory(SlackClient.of(quick, time.sleep, 0.0).person, time.monotonic)


def _people(settings: Settings, source: RunSource, directory: Directory) -> People | None:
    """None where the settings say of nobody who they are in MLflow."""
    if not settings.people:
        return None
    return People(
        lambda user: cast("PermissionSource", source).permissions_of(user),
        directory.email,
        time.monotonic,
        table=settings.mlflow_users,
        by_email=settings.asks_by_email,
        is_strict=settings.is_strict,
    )


def ids_of(known: AuthorizeResult) -> frozenset[str]:
    """The workspace and the company that a token is of; empty while Slack has not told."""
    return frozenset(filter(None, (known.team_id, known.enterprise_id)))


def _seal(settings: Settings) -> Seal:
    """A seal with a key that all replicas of the app share, and nobody else has."""
    token = settings.slack_bot_token.get_secret_value() or settings.slack_client_secret.get_secret_value()
    return Seal(hmac.new(token.encode(), b"what dialogs of mlcompare keep", sha256).digest())


def _bolt(client: MeasuredWebClient, identity: BotIdentity, services: Services, executor: Executor) -> App:
    def authorize() -> AuthorizeResult:
        return identity.known()

    return _listening(App(client=client, authorize=authorize, **_as_we_serve(executor)), client, services)


def _bolt_of_workspaces(
    client: MeasuredWebClient, workspaces: "Workspaces", settings: Settings, services: Services, executor: Executor
) -> App:
    from bot.workspaces.install import INSTALL, register_departures

    lost = f"I am not installed in this workspace. An admin can install me: {settings.public_url}{INSTALL}"
    app = App(
        client=client,
        authorize=cast("Callable[..., AuthorizeResult]", workspaces.authorize),
        oauth_flow=workspaces.flow,
        user_facing_authorize_error_message=lost,
        **_as_we_serve(executor),
    )
    app.use(workspaces.tokens.note_team)
    register_departures(app, workspaces.departures)
    return _listening(app, workspaces.client, services)


def _as_we_serve(executor: Executor) -> dict[str, Any]:
    return {
        "name": "mlcompare",
        "request_verification_enabled": False,  # bot/server/http.py does, before anything is parsed
        "ssl_check_enabled": False,  # likewise
        "listener_executor": executor,
        "process_before_response": True,  # listeners only hand work over: they run in the thread that waits for them
    }


def _listening(app: App, client: MeasuredWebClient, services: Services) -> App:
    def measure(context: BoltContext, next: Callable[[], Any]) -> Any:  # noqa: A002 -- Bolt's name for it
        context["client"] = client.like(context.client)  # Bolt makes one for each request
        return next()

    app.use(measure)
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
        from bot.store.migrate import upgrade

        if not done:
            done.append(upgrade(engine)[1])
        check_writable(engine)

    return keep


def now() -> datetime:
    return datetime.now(UTC)


def new_incident() -> str:
    """A number that is short enough to be read out."""
    return f"{secrets.randbelow(1_000_000):06d}"


# MLflow, imported when it is first asked: that takes seconds, and the process is to answer Slack before.


class _LazyRuns:
    """Becomes the tracking server of the settings at the first question; who asks meanwhile waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mutex = threading.Lock()
        self._runs: RunSource | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._made(), name)

    def _made(self) -> RunSource:
        with self._mutex:
            if self._runs is None:
                from comparison.tracking.mlflow import MlflowSource, answer_within

                seconds = self._settings.mlflow_timeout
                answer_within(seconds, os.environ)
                self._runs = MlflowSource(self._settings.mlflow_tracking_uri.get_secret_value(), timeout=seconds)
            return self._runs


def lazy_runs(settings: Settings) -> RunSource:
    """The MLflow of these settings. Nothing is imported or asked yet."""
    return cast("RunSource", _LazyRuns(settings))


# Slack's Web API as the bot calls it, and who the bot is there.


TIMEOUT = 10  # seconds for one call


def web_client(
    settings: Settings, token: str | None = None, metrics: Metrics | None = None, traces: Traces | None = None
) -> MeasuredWebClient:
    """A client for SLACK_API_URL. It tries nothing again: what may be, those who call it know."""
    return _client_of_kind(MeasuredWebClient, settings, token, metrics, traces)


_Client = TypeVar("_Client", bound=MeasuredWebClient)


def _client_of_kind(
    kind: type[_Client], settings: Settings, token: str | None, metrics: Metrics | None, traces: Traces | None
) -> _Client:
    # One TLS context for all calls: without, each call would read the machine's certificates anew.
    context = create_default_context() if settings.slack_api_url.startswith("https:") else None
    client = kind(token=token, base_url=settings.slack_api_url, timeout=TIMEOUT, retry_handlers=[], ssl=context)
    client.metrics = metrics
    if traces:
        client.span = traces.span
    return client
