"""`mlcompare demo`: from nothing to an answer in a channel, on real training runs."""

import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bot.demo.store import FIRST, SECOND, TrainedModel
from bot.playground.command import PORT_OPTION
from bot.playground.slack import EXPERIMENTS, SlackStandIn

if TYPE_CHECKING:
    from bot.demo.store import DemoStore
    from bot.settings import Settings
    from comparison.report import Report


INTERRUPTED = 130
UI_PATIENCE = 60.0  # seconds for MLflow's own page to start
WIDEST = 110  # characters


@click.command()
@click.option("--once", is_flag=True, help="Do it and stop; exit 0 only if the comparison was posted.")
@PORT_OPTION
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".mlcompare/demo"),
    show_default=True,
    help="Where the trained runs are kept.",
)
def demo(*, once: bool, port: int, folder: Path) -> None:
    """Train real models, start the bot and a local Slack page, and post a comparison there."""
    isolate_environment(os.environ)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    came: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # in order, with nothing left running
        signal.signal(each, interrupt)
    try:
        store = _trained(folder)
        _log_to(store.folder / "bot.log")
        _run(store, port, once=once)
    except (KeyboardInterrupt, Exception) as error:
        if not came and not isinstance(error, KeyboardInterrupt):
            raise
        # A library that was interrupted may raise an error of its own for it.
        click.echo("\nStopped before the comparison was posted. The next demo begins where it can.")
        raise SystemExit(INTERRUPTED) from None


def _trained(folder: Path) -> "DemoStore":
    """The store with the demo's runs: trained now, showing how far it is, or found."""
    from bot.demo.store import DATA_VERSION, prepare

    def train(tracking_uri: str, artifacts: str) -> None:
        click.echo("Training 46 small models and logging them to MLflow (once; less than a minute) ...")
        started = time.monotonic()

        from bot.demo.training import train

        train(tracking_uri, artifacts, progress_to(sys.stdout))
        click.echo(f"Trained in {time.monotonic() - started:.0f} s.\n")

    # a store made by another MLflow cannot be read: it is trained anew as well
    return prepare(folder, f"{DATA_VERSION}, mlflow {version('mlflow')}", train)


def _run(store: "DemoStore", port: int, *, once: bool) -> None:
    from bot.demo.store import MLFLOW_PORT, free_port, ui_url
    from bot.playground.command import local_bot

    click.echo("Starting the bot and a local Slack page ...\n")
    mlflow_port = free_port(MLFLOW_PORT)
    opened_at = "" if once else ui_url(mlflow_port)  # no page of MLflow stays up after --once: nothing links to it
    with local_bot(_settings(store, opened_at), 0 if once else port, store.folder, examples()) as slack:
        _post(slack, store, opened_at)
        if not once:
            _stay(slack, store, mlflow_port)


def _post(slack: "SlackStandIn", store: "DemoStore", opened_at: str) -> None:

    from comparison.errors import RequestError

    click.secho(f"  /mlcompare {COMPARISON}\n", bold=True)
    try:
        report = _expected(store.tracking_uri, opened_at, COMPARISON)
        post(slack, COMPARISON, report.headline)
    except (NotPosted, RequestError) as error:
        raise click.ClickException(f"The comparison was not posted: {error}") from error
    click.echo(_indented(_drawn(report)))
    click.secho("  Posted in #ml-experiments of the local Slack page.\n", fg="green")


def _stay(slack: "SlackStandIn", store: "DemoStore", mlflow_port: int) -> None:
    """Serve MLflow's own page, say what to try, and wait for Ctrl-C."""
    from bot.demo.store import mlflow_ui, ui_url

    log = store.folder / "mlflow-server.log"
    with suppress(KeyboardInterrupt), mlflow_ui(store.tracking_uri, mlflow_port, log) as ui:
        click.echo(f"  Slack page   {slack.url}")
        click.echo("  MLflow       ", nl=False)
        click.echo(f"{ui_url(mlflow_port) if ui.is_up(within=UI_PATIENCE) else f'did not start: see {log}'}\n")
        click.echo(invitation(_from_here(store.folder)))
        threading.Event().wait()
    click.echo("\nStopped.")


def _from_here(folder: Path) -> Path:
    """The shortest that can be typed here."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _settings(store: "DemoStore", ui_url: str) -> "Settings":
    from pydantic import SecretStr

    from bot.settings import Settings

    return Settings(mlflow_tracking_uri=SecretStr(store.tracking_uri), mlflow_ui_url=ui_url, workers=8)


def _expected(tracking_uri: str, ui_url: str, words: str) -> "Report":
    """The answer as a report: for the terminal, and to know the message by."""
    from comparison.compare import ask
    from comparison.language.parser import parse
    from comparison.reports.comparison import comparison_report
    from comparison.request import Compare
    from comparison.tracking.mlflow import MlflowSource

    request = parse(words)
    assert isinstance(request, Compare)  # noqa: S101 -- the words are our own
    now = time.time_ns() // 1_000_000
    return comparison_report(ask(request, MlflowSource(tracking_uri), now=now), ui_url=ui_url, now=now)


def _drawn(report: "Report") -> str:
    from comparison.formats.text import to_text

    width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST) - 2
    return to_text(report, width=width, colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _log_to(path: Path) -> None:
    """The terminal is for the demo; what the bot has to say goes into a file."""
    from bot.logs import configure

    configure("INFO", ())
    to_file = logging.FileHandler(path, mode="w", encoding="utf-8")
    root = logging.getLogger()
    to_file.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [to_file]


# Typing the command in the channel, as a person does, and seeing the answer there.


PATIENCE = 60.0  # seconds for the first answer; MLflow may still have to be imported


class NotPosted(Exception):  # noqa: N818 -- named for what happened
    """The comparison is not in the channel; says what is there."""


def post(slack: SlackStandIn, words: str, expected: str) -> None:
    """Type `/mlcompare` and the words; returns once an answer that says `expected` stands in the channel."""
    delivery = slack.command("/mlcompare", words)
    if not delivery.was_taken:
        raise NotPosted(f"the bot did not take the command: {delivery.error} (HTTP {delivery.status})")
    try:
        slack.wait_for_message(expected, channel=EXPERIMENTS, timeout=PATIENCE)
    except AssertionError as error:
        raise NotPosted(str(error)) from error


# What the demo says in a terminal.


BAR = 28  # characters
COMPARISON = f'"{FIRST}" vs "{SECOND}"'
TO_TRY = (
    "/mlcompare mlp-32-seed-1 vs mlp-64-seed-1",
    "/mlcompare mlp-32-seed-1, mlp-64-seed-1 and mlp-64-half-data by val_loss",
    "/mlcompare mlp-64-seed-1 vs mlp-64-hot all",
    "@mlcompare is mlp-64-seed-2 better than mlp-32-seed-2",
    "/mlcompare curves mlp-noisy-labels vs mlp-unstable",
    "/mlcompare what matters in digits-search?",
    "/mlcompare help",
)


def examples() -> tuple[str, ...]:
    """Lines for the page, the first of which a newcomer clicks."""
    return (*(line for line in TO_TRY if line.startswith("/")), "/mlcompare standup", "/mlcompare top 5 in digits")


def progress_to(out: TextIO) -> Callable[[TrainedModel], None]:
    """Shows each run that ended: one line that grows on a terminal, one line a run anywhere else."""
    return (lambda trained: _redraw(out, trained)) if out.isatty() else (lambda trained: _append(out, trained))


def _redraw(out: TextIO, trained: TrainedModel) -> None:
    filled = round(BAR * trained.done / trained.total)
    bar = "#" * filled + "." * (BAR - filled)
    end = "\n" if trained.done == trained.total else ""
    out.write(f"\r\033[K  [{bar}] {trained.done}/{trained.total}  {_said(trained)}{end}")
    out.flush()


def _append(out: TextIO, trained: TrainedModel) -> None:
    out.write(f"  {trained.done:>2}/{trained.total}  {_said(trained)}\n")
    out.flush()


def _said(trained: TrainedModel) -> str:
    return f"{trained.experiment}: {trained.run}, {trained.result}"


def invitation(folder: Path) -> str:
    """What to paste into the page, and into another terminal."""
    return "\n".join(
        [
            "  Open the page and paste there:",
            f"    /mlcompare {COMPARISON}",
            *(f"    {line}" for line in TO_TRY),
            "",
            "  Or in another terminal:",
            f"    export MLFLOW_TRACKING_URI=sqlite:///{folder / 'mlflow.db'}",
            "    .venv/bin/mlcompare compare mlp-32-seed-1 mlp-64-seed-1",
            "",
            f"  Ctrl-C stops it. The trained runs stay in {folder}.",
        ]
    )


# The environment the demo runs in: nothing of the person's own settings, and nobody is called home.


OTHERS = ("MLFLOW_", "_MLFLOW_", "SLACK_", "MLCOMPARE_", "DATABRICKS_")
NAMES = {"DATABASE_URL", "PORT"}
PROXIES = {f"{kind}_PROXY" for kind in ("HTTP", "HTTPS", "ALL", "WS", "WSS")}
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",  # a machine without git is no reason to warn
}


def isolate_environment(environment: MutableMapping[str, str]) -> None:
    """Take out what would lead to a real Slack, a real MLflow or a proxy, and put in what keeps MLflow quiet.

    Has to happen before mlflow is imported.
    """
    for name in list(environment):
        if name.startswith(OTHERS) or name in NAMES or name.upper() in PROXIES:
            del environment[name]
    environment.update(QUIET)
