from contextlib import contextmanager
from threading import Event

import pytest
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.routing import Route

from bot.playground.server import Serving
from bot.playground.slack import SlackStandIn
from tests.chromium import browser, page, tab  # noqa: F401 - fixtures
from tests.endings import endings, running


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def client(slack):
    return WebClient(token=slack.installation.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def app(slack, client):
    """A small bot: what it is sent is kept in `app.heard`."""
    app = App(name="mlcompare", client=client, signing_secret=slack.installation.signing_secret)
    app.heard = []
    app.let_go = Event()
    app.let_go.set()

    @app.middleware
    def hear(body, next, request):  # noqa: A002 - Bolt injects by name
        app.heard.append((body, request.headers))
        app.let_go.wait(5)
        next()

    return app


@contextmanager
def served(app):
    handler = SlackRequestHandler(app)

    async def events(request):
        return await handler.handle(request)

    serving = Serving().start(Starlette(routes=[Route("/slack/events", events, methods=["POST"])]))
    yield f"{serving.url}slack/events"
    endings().begin(serving.stop)


@pytest.fixture
def bot(slack, app):
    """The small bot, reached over HTTP."""
    with served(app) as url:
        slack.bot_url = url
        yield app
