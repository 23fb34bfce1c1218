"""The bot between a Slack stand-in and runs of a test's own: real signed HTTP in, real Web API calls out."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.server import Serving
from bot.playground.slack import SlackStandIn
from bot.server.worker_pool import WorkerPool
from comparison.tracking.source import RunSource
from handlers.features import features_by_request, register_all
from handlers.home import publish
from handlers.services import Services, use
from handlers.stores import InMemoryChannelDefaults
from tests.endings import endings
from tests.handlers.reading import read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UI = "http://mlflow.example"


class Ledger:
    """Claims and capabilities in memory."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._claimed: set[str] = set()
        self.rungs: dict[str, int] = {}
        self.is_broken = False

    def claim(self, key: str) -> bool:
        if self.is_broken:
            raise OSError("the database is gone")
        with self._mutex:
            is_first = key not in self._claimed
            self._claimed.add(key)
            return is_first

    def claim_again(self, key: str, seconds: int) -> bool:  # no time passes here
        return self.claim(f"{key}:{seconds}")

    def rung(self, workspace: str) -> int:
        if self.is_broken:
            raise OSError("the database is gone")
        return self.rungs.get(workspace, 0)

    def remember(self, workspace: str, rung: int) -> None:
        self.rungs[workspace] = rung

    def forget(self) -> None:
        self.rungs.clear()


class FullPool:
    def submit(self, _work: Callable[[], None]) -> None:
        return None


class Gate:
    """Runs that are told only once the gate is open: MLflow taking its time."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self._source, name)

        def wait_and_ask(*arguments: Any, **named: Any) -> Any:
            assert self._open.wait(90), "nobody opened the gate"
            return wanted(*arguments, **named)

        return wait_and_ask


class Broken:
    """A source whose every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_arguments: Any, **_named: Any) -> Any:
            raise self._error

        return fail


@dataclass
class Workshop:
    """A bot at work. `waits` are the seconds it was told to wait; nobody does wait for them."""

    slack: SlackStandIn
    runs: Any
    pool: Any = None
    ledger: Ledger = field(default_factory=Ledger)
    working_after: float = 30.0  # a test that wants to see "working" says so
    rules_url: str = ""
    answers_bots: bool = False
    defaults: Any = field(default_factory=InMemoryChannelDefaults)
    mlflow_problem: str = ""
    is_crowded: bool = False
    is_prompt: bool = False  # a request is answered only once its listener is done, as in `mlcompare serve`
    more: dict[str, Any] = field(default_factory=dict)  # of the services
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._serving = Serving()
        self._own_pool = WorkerPool(8)
        numbers = itertools.count(4711)
        self.services = Services(
            runs=self.runs,
            pool=self.pool or self._own_pool,
            claims=self.ledger,
            capabilities=self.ledger,
            now=lambda: NOW,
            new_incident=lambda: str(next(numbers)),
            features=features_by_request(),
            publish_home=publish,
            ui_url=UI,
            rules_url=self.rules_url,
            answers_bots=self.answers_bots,
            defaults=self.defaults,
            mlflow_problem=lambda: self.mlflow_problem,
            is_crowded=lambda _person, _channel: self.is_crowded,
            working_after=self.working_after,
            sleep=self.waits.append,
            **self.more,
        )

    def __enter__(self) -> Self:
        self._app = App(
            name="mlcompare",
            client=WebClient(token=self.slack.installation.bot_token, base_url=self.slack.api_url, timeout=5),
            signing_secret=self.slack.installation.signing_secret,
            process_before_response=self.is_prompt,
            authorize=lambda: AuthorizeResult(
                enterprise_id=None,
                team_id="T0PLAYGROUND",
                bot_user_id="U0MLCOMPARE",
                bot_id="B0MLCOMPARE",
                bot_token=self.slack.installation.bot_token,
            ),
        )
        self._app.use(use(self.services))
        register_all(self._app)
        self._serving.start(Starlette(routes=[Route("/slack/events", self._take, methods=["POST"])]))
        self.slack.bot_url = f"{self._serving.url}slack/events"
        return self

    def __exit__(self, *_error: object) -> None:
        self.finish()
        self._app.listener_runner.listener_executor.shutdown(wait=True)
        endings().begin(self._serving.stop)

    async def _take(self, request: Request) -> Response:
        from slack_bolt import BoltRequest

        body = (await request.body()).decode()
        asked = BoltRequest(body=body, headers=dict(request.headers))
        answer = await run_in_threadpool(self._app.dispatch, asked)
        return Response(answer.body, answer.status, headers=answer.first_headers_without_set_cookie())

    def finish(self) -> None:
        """Until everything that was asked is answered."""
        self._app.listener_runner.listener_executor.shutdown(wait=True)
        assert self._own_pool.drain(90) == 0

    def ask(self, words: str, **where: Any) -> str:
        """What a person reads after a slash command; nothing can be asked after it."""
        assert self.slack.command("/mlcompare", words, **where).was_taken
        return self.transcript()

    def transcript(self) -> str:
        """All the bot said, once it has nothing more to say: `room (thread, only to): words`."""
        self.finish()
        said = [m for m in self.slack.workspace.everything() if m.user == "U0MLCOMPARE"]
        return "\n\n".join(f"{self._where(message)}\n{read(message)}" for message in said)

    def _where(self, message: Any) -> str:
        room = self.slack.workspace.channels[message.channel]
        parts = [f"#{room.name}" if room.name else "direct"]
        parts += ["in thread"] if message.thread_ts else []
        parts += [f"only to {message.only_to}"] if message.only_to else []
        return ", ".join(parts) + ":"
