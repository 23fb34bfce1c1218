"""`mlcompare demo`: from nothing to an answer in a channel, on real training runs."""

import logging
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import nullcontext, suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.demo.surroundings import isolate

if TYPE_CHECKING:
    from bot.demo.mlflow_ui import MlflowUi
    from bot.demo.store import DemoStore
    from comparison.report import Report

USUAL_PORT = 8765
INTERRUPTED = 130
UI_PATIENCE = 60.0  # seconds for MLflow's own page to start
WIDEST = 110  # characters


@click.command()
@click.option("--once", is_flag=True, help="Do it and stop; exit 0 only if the comparison was posted.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=USUAL_PORT,
    show_default=True,
    help="Where the page is; another is chosen when it is taken.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".mlcompare/demo"),
    show_default=True,
    help="Where the trained runs are kept.",
)
def demo(*, once: bool, port: int, folder: Path) -> None:
    """Train real models, start the bot and a local Slack page, and post a comparison there."""
    isolate(os.environ)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    for each in (signal.SIGTERM, signal.SIGHUP):  # end as Ctrl-C does: in order, with nothing left running
        signal.signal(each, signal.default_int_handler)
    try:
        store = _trained(folder)
        _log_to(store.folder / "bot.log")
        _run(store, port, once=once)
    except KeyboardInterrupt:
        click.echo("\nStopped before the comparison was posted. The next demo begins where it can.")
        raise SystemExit(INTERRUPTED) from None


def _trained(folder: Path) -> "DemoStore":
    """The store with the demo's runs: trained now, showing how far it is, or found."""
    from bot.demo.jobs import DATA_VERSION
    from bot.demo.store import prepare

    def train(tracking_uri: str, artifacts: str) -> None:
        click.echo("Training fourteen small models and logging them to MLflow (once; less than a minute) ...")
        started = time.monotonic()
        from bot.demo.terminal import progress_to
        from bot.demo.training import train as train_models

        train_models(tracking_uri, artifacts, progress_to(sys.stdout))
        click.echo(f"Trained in {time.monotonic() - started:.0f} s.\n")

    # a store made by another MLflow cannot be read: it is trained anew as well
    return prepare(folder, f"{DATA_VERSION}, mlflow {version('mlflow')}", train)


def _run(store: "DemoStore", port: int, *, once: bool) -> None:
    from bot.demo.local import NotPosted, Place, local_slack, post
    from bot.demo.mlflow_ui import free_port, mlflow_ui
    from bot.demo.terminal import COMPARISON, invitation

    click.echo("Starting the bot and a local Slack page ...\n")
    serving = nullcontext() if once else mlflow_ui(store.tracking_uri, store.folder / "mlflow-server.log")
    with serving as ui:
        place = Place(store.tracking_uri, ui.url if ui else "", store.folder / "bot.db", free_port(0 if once else port))
        with local_slack(place) as slack:
            report = _expected(place.tracking_uri, place.ui_url, COMPARISON)
            click.secho(f"  /mlcompare {COMPARISON}\n", bold=True)
            try:
                post(slack, COMPARISON, report.headline)
            except NotPosted as error:
                raise click.ClickException(f"The comparison was not posted: {error}") from error
            click.echo(_indented(_drawn(report)))
            click.secho("  Posted in #ml-experiments of the local Slack page.\n", fg="green")
            if ui:
                click.echo(invitation(slack.url, _address(ui), store.folder))
                with suppress(KeyboardInterrupt):
                    threading.Event().wait()
                click.echo("\nStopped.")


def _expected(tracking_uri: str, ui_url: str, words: str) -> "Report":
    """The answer as a report: for the terminal, and to know the message by."""
    from comparison.parser import parse

    from comparison import wording
    from comparison.asking import ask
    from comparison.request import Compare
    from comparison.tracking import MlflowRuns

    request = parse(words)
    assert isinstance(request, Compare)  # noqa: S101 -- the words are our own
    now = time.time_ns() // 1_000_000
    return wording.word(ask(request, MlflowRuns(tracking_uri), now=now), ui_url=ui_url, now=now)


def _drawn(report: "Report") -> str:
    from bot.output import text

    width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST) - 2
    return text.draw(report, width=width, colours=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _address(ui: "MlflowUi") -> str:
    """Where MLflow's own page is, once it is there; "" when it did not start."""
    return ui.url if ui.is_up(within=UI_PATIENCE) else ""


def _log_to(path: Path) -> None:
    """The terminal is for the demo; what the bot has to say goes into a file."""
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
