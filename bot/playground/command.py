"""`mlcompare playground`: the real bot and a Slack of our own, on the MLflow of MLFLOW_TRACKING_URI."""

import os
import signal
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.playground.slack import SlackStandIn
    from bot.settings import Settings

USUAL_PORT = 8765
LOOPBACK = "127.0.0.1"
FOLDER = Path(".mlcompare/playground")
STATE = "bot.db"  # in the folder: what the bot keeps
EXAMPLES = ("/mlcompare help", "/mlcompare standup", "/mlcompare list runs")
DRAIN = 2.0  # seconds to finish what is under way, once it was told to stop
PORT_OPTION = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=USUAL_PORT,
    show_default=True,
    help="Where the page is; another is chosen when it is taken.",
)


@click.command()
@PORT_OPTION
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where the bot keeps what it knows.",
)
def playground(*, port: int, folder: Path) -> None:
    """Start the bot with a local Slack page, on your own MLflow (MLFLOW_TRACKING_URI). Ctrl-C ends both."""
    settings = _settings()
    from bot.logs import configure

    configure("WARNING", settings.secrets)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reach_directly(os.environ)
    with suppress(KeyboardInterrupt), local_bot(settings, port, folder) as slack:
        click.echo(f"  Open {slack.url}")
        click.echo(f"  and type {settings.command} help, or two runs of yours: {settings.command} A vs B")
        click.echo("  Ctrl-C ends it.")
        threading.Event().wait()
    click.echo("\nStopped.")


def _settings() -> "Settings":
    """What the environment says of MLflow; what it says of Slack plays no part here."""
    from bot.settings import SOURCES, survey

    settings, problems = survey()
    wrong = [problem for problem in problems if not problem.name.startswith("SLACK_")]
    if wrong:
        raise click.ClickException("\n".join(map(str, wrong)))
    if not settings.mlflow_tracking_uri.get_secret_value():
        name = "MLFLOW_TRACKING_URI"
        raise click.ClickException(f"{name} is not set: {SOURCES[name]}. `make demo` brings runs of its own.")
    return settings


@contextmanager
def local_bot(
    settings: "Settings", port: int, folder: Path, examples: Sequence[str] = EXAMPLES
) -> Iterator["SlackStandIn"]:
    """A Slack with the bot of these settings in it, until the end of the `with`: signed HTTP, all on loopback.

    What the bot keeps lies in `folder`; `examples` can be clicked on the page.
    """
    from urllib.parse import urlsplit

    from pydantic import SecretStr

    from bot.app import build
    from bot.playground.context import (
        LEAST_EVENTS,
        LEAST_SCOPES,
        LINK_EVENTS,
        LINK_SCOPES,
        RETRIES,
        Installation,
    )
    from bot.playground.slack import SlackStandIn
    from bot.serve import Server, StopRequest, bind_socket, listening_address

    installation = Installation(
        commands=frozenset({settings.command}),
        scopes=LEAST_SCOPES | LINK_SCOPES,
        events=LEAST_EVENTS | LINK_EVENTS,
        unfurl_domains=tuple(filter(None, [urlsplit(settings.ui_url).netloc])),  # Slack would take no port
        keeps_pace=True,
        retries=RETRIES,
    )
    with SlackStandIn(installation, port=_free(port)) as slack:
        folder.mkdir(parents=True, exist_ok=True)
        own = settings.model_copy(
            update={
                "slack_bot_token": SecretStr(installation.bot_token),
                "slack_signing_secret": SecretStr(installation.signing_secret),
                "slack_app_token": SecretStr(""),
                "slack_api_url": slack.api_url,
                "database_url": SecretStr(f"sqlite:///{folder / STATE}"),
                "drain_seconds": DRAIN,
            }
        )
        listening = bind_socket(LOOPBACK, 0)
        bot = build(own)
        slack.examples = tuple(examples)
        slack.on_calm = bot.services.capabilities.forget
        served = Server(bot, listening, StopRequest())
        slack.bot_url = f"http://{listening_address(listening)}/slack/events"
        served.start()
        try:
            yield slack
        finally:
            served.stop()


def reach_directly(environment: MutableMapping[str, str]) -> None:
    """Loopback is not asked for at a proxy, whatever the environment says of others."""
    for name in ("NO_PROXY", "no_proxy"):
        listed = [each for each in environment.get(name, "").split(",") if each]
        environment[name] = ",".join([*listed, LOOPBACK, "localhost"])


def _free(wanted: int) -> int:
    """The port, or 0 for one that the system chooses when it is taken."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted
