"""The real bot and a Slack of our own, in one process: signed HTTP between them, all on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.app import build
from bot.demo.mlflow_ui import LOOPBACK
from bot.listening import address, listen
from bot.playground.slack import EXPERIMENTS, SlackStandIn
from bot.serving import Ending, Served
from bot.settings import Settings

PATIENCE = 60.0  # seconds for the first answer; MLflow may still have to be imported
DRAIN = 2.0  # seconds to finish what is under way, once it was told to stop


class NotPosted(Exception):  # noqa: N818 -- named for what happened
    """The comparison is not in the channel; says what is there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: the store the bot reads, the address people open it at, the bot's own file, the page's port."""

    tracking_uri: str
    ui_url: str
    state: Path
    port: int = 0


@contextmanager
def local_slack(place: Place) -> Iterator[SlackStandIn]:
    """A channel with the bot in it, until the end of the `with`."""
    with SlackStandIn(port=place.port) as slack:
        settings = Settings(
            slack_bot_token=SecretStr(slack.installation.bot_token),
            slack_signing_secret=SecretStr(slack.installation.signing_secret),
            slack_api_url=slack.api_url,
            mlflow_tracking_uri=SecretStr(place.tracking_uri),
            mlflow_ui_url=place.ui_url,
            database_url=SecretStr(f"sqlite:///{place.state}"),
            host=LOOPBACK,
            workers=8,
            drain_seconds=DRAIN,
        )
        listening = listen(LOOPBACK, 0)
        served = Served(build(settings), listening, Ending())
        slack.bot_url = f"http://{address(listening)}/slack/events"
        served.start()
        try:
            yield slack
        finally:
            served.stop()


def post(slack: SlackStandIn, words: str, expected: str) -> None:
    """Type the command in the channel, as a person; returns once the answer that says `expected` stands there."""
    delivery = slack.command("/mlcompare", words)
    if not delivery.was_taken:
        raise NotPosted(f"the bot did not take the command: {delivery.error} ({delivery.status})")
    try:
        slack.wait_for_message(expected, channel=EXPERIMENTS, timeout=PATIENCE)
    except AssertionError as error:
        raise NotPosted(str(error)) from error
