"""What is measured on: the real bot, a real `mlflow server` and the Slack stand-in, all on this machine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from mlflow import MlflowClient

from bot.playground.slack import SlackStandIn
from tests.bot.process import BotProcess
from tests.logged import log_run, new_experiment
from tests.mlflow_proxy import MlflowProxy
from tests.mlflow_server import MlflowServer, running_mlflow

PAIRS = 25
PEOPLE = 60


@dataclass
class Stage:
    slack: SlackStandIn
    mlflow: MlflowServer
    proxy: MlflowProxy
    bot: BotProcess
    pairs: list[tuple[str, str]]  # run ids: baseline and candidate
    people: list[str]

    def memory(self) -> float:
        """Resident memory of the bot's process, in MB."""
        return psutil.Process(self.bot.process.pid).memory_info().rss / 1e6


@contextmanager
def set_up(**settings: str) -> Iterator[Stage]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mlflow = stack.enter_context(running_mlflow(folder / "mlflow"))
        pairs = _log_pairs(mlflow.store_uri)
        proxy = stack.enter_context(MlflowProxy(mlflow.url))
        slack = stack.enter_context(SlackStandIn())
        bot = stack.enter_context(_bot(folder, slack, proxy.url, settings))
        slack.bot_url = f"{bot.url}/slack/events"
        people = [f"U{number:06d}" for number in range(PEOPLE)]
        for each in people:
            slack.workspace.add_user(each.lower(), each, each)
        yield Stage(slack, mlflow, proxy, bot, pairs, people)


def _bot(folder: Path, slack: SlackStandIn, mlflow_url: str, settings: dict[str, str]) -> BotProcess:
    known = {
        "SLACK_BOT_TOKEN": slack.installation.bot_token,
        "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "MLFLOW_TRACKING_URI": mlflow_url,
    }
    return BotProcess(folder, {**known, **settings}).wait_until_it_serves().wait_until_ready(120)


def _log_pairs(store_uri: str) -> list[tuple[str, str]]:
    """Runs as people log them: ten metrics, eight parameters, two tags, two datasets each."""
    client = MlflowClient(store_uri)
    experiment = new_experiment(client, "bench")
    names = (
        "accuracy",
        "precision",
        "recall",
        "f1_score",
        "auc",
        "train_loss",
        "val_loss",
        "latency_ms",
        "cost",
        "epoch",
    )

    def logged(number: int) -> str:
        return log_run(
            client,
            experiment,
            f"run-{number}",
            {name: 0.5 + number / 1_000 + place / 100 for place, name in enumerate(names)},
            params={f"p{place}": place + (number if place < 3 else 0) for place in range(8)},
            tags={"team": "blue", "stage": str(number % 3)},
            datasets=[("train", "d1", "training"), ("test", "d2", "test")],
        )

    return [(logged(2 * number), logged(2 * number + 1)) for number in range(PAIRS)]
