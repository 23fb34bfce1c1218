"""`mlcompare compare`: the report of a channel, in a terminal or a pipeline."""

import logging
import os
import shutil
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from bot.commands.typed import as_typed, sentence

if TYPE_CHECKING:
    from comparison.outcome import Comparison
    from comparison.report import Report
    from comparison.request import Compare
    from comparison.source import RunSource

COMMAND = "mlcompare compare"
FORMATS = ("text", "markdown", "csv", "json", "slack")
NOT_ANSWERED, UNAVAILABLE = 2, 3
PIPED_WIDTH = 100
EPILOG = """\b
Examples:
  mlcompare compare run-a run-b
  mlcompare compare run-a, run-b and run-c by val_loss
  mlcompare compare "Run 1" vs "Run 2" in iris --format markdown
  mlcompare compare run-a run-b --by val_loss --fail-if-worse

\b
Exit codes: 0 compared; 1 worse (--fail-if-worse); 2 not understood or not found;
  3 MLflow could not be asked; 4 cannot tell whether worse (--fail-if-worse).
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the options say beside the words."""

    form: str
    experiment: str
    metrics: tuple[str, ...]
    everything: bool
    best: bool
    tolerance: str
    tracking_uri: str
    ui_url: str
    fail_if_worse: bool


@click.command(epilog=EPILOG)
@click.argument("words", nargs=-1, metavar="RUN RUN…")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to write it."
)
@click.option("--experiment", "-e", default="", metavar="NAME", help="Look for the runs in this experiment only.")
@click.option("--by", "--metric", "metrics", multiple=True, metavar="METRIC", help="Judge by it; may be repeated.")
@click.option("--all", "everything", is_flag=True, help="Also what is the same.")
@click.option("--best", is_flag=True, help="The best value over the steps, by each metric's goal, not the last.")
@click.option("--tolerance", default="", metavar="SHARE", help="Values this near the baseline are the same: 0.1%.")
@click.option("--tracking-uri", default="", metavar="URI", help="The MLflow server or store [MLFLOW_TRACKING_URI].")
@click.option("--ui-url", default="", metavar="URL", help="Where people open MLflow, for links [MLFLOW_UI_URL].")
@click.option("--fail-if-worse", is_flag=True, help="Exit 1 if the first metric named (or any, if none is) got worse.")
@click.pass_context
def compare(context: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """Compare runs; the first is the baseline.

    Runs are named by id, the first four or more characters of it, name, experiment/name, or a link copied from MLflow.
    The words are those of the Slack command: A vs B, A, B and C, is B better than A, in EXPERIMENT, by METRIC, all,
    within 0.1 %.
    """
    chosen = Options(**options)
    from comparison.errors import RequestError, TrackingUnavailable

    try:
        with _quiet():
            code = _answer(sentence(words), chosen)
    except RequestError as error:
        _tell(error)
        context.exit(UNAVAILABLE if isinstance(error, TrackingUnavailable) else NOT_ANSWERED)
    context.exit(code)


def _answer(text: str, options: Options) -> int:
    from comparison.asking import ask
    from comparison.errors import NotUnderstood
    from comparison.parser import parse
    from comparison.request import Compare, Help

    request = parse(text)
    if isinstance(request, Help):
        return _help(request.topic, options, asked=bool(text))
    if not isinstance(request, Compare):
        raise NotUnderstood(
            "This command only compares runs.", remedy="Name two or more.", example="run-a vs run-b", text=text
        )
    request = _with_options(request, options)
    source, ui_url = _open(options)
    now = time.time_ns() // 1_000_000
    comparison = ask(request, source, now=now)
    _write(_draw(comparison, request, ui_url, now=now, form=options.form))
    return _gate(comparison) if options.fail_if_worse else 0


def _with_options(request: "Compare", options: Options) -> "Compare":
    fraction = _tolerance(options)
    return replace(
        request,
        experiment=options.experiment or request.experiment,
        metrics=tuple(dict.fromkeys((*options.metrics, *request.metrics))),
        everything=options.everything or request.everything,
        best=options.best or request.best,
        tolerance=request.tolerance if fraction is None else fraction,
    )


def _tolerance(options: Options) -> float | None:
    from comparison.tolerance import read_tolerance

    fraction = read_tolerance(options.tolerance)
    if options.tolerance and fraction is None:
        told = f"{options.tolerance!r} is no share of the baseline: say 0.1% or 0.001, which is the same."
        raise click.BadParameter(told, param_hint="--tolerance")
    return fraction


def _draw(comparison: "Comparison", request: "Compare", ui_url: str, *, now: int, form: str) -> str:
    if form == "json":
        from bot.output.controls import json_text
        from comparison.contract import as_dict

        return json_text(as_dict(comparison, ui_url=ui_url)) + "\n"
    if form == "csv":
        from bot.output import spreadsheet

        return spreadsheet.draw(comparison)
    from comparison.wording import word

    command = "/mlcompare" if form == "slack" else COMMAND
    return _draw_report(word(comparison, ui_url=ui_url, now=now, everything=request.everything, command=command), form)


def _draw_report(report: "Report", form: str) -> str:
    if form == "slack":
        from bot.output.controls import json_text
        from handlers.drawing import draw

        reply = draw(report)
        return json_text({"text": reply.text, "blocks": list(reply.blocks)}) + "\n"
    if form == "markdown":
        from bot.output import markdown

        return markdown.draw(report)
    from bot.output import text

    width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
    return text.draw(report, width=width, colours=_has_colours())


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _open(options: Options) -> tuple["RunSource", str]:
    from bot.commands.store import open_source

    return open_source(options.tracking_uri, options.ui_url)


def _help(topic: str, options: Options, *, asked: bool) -> int:
    """Lines to copy, with names of real runs where the server can be asked; asking for nothing is no success."""
    from comparison.errors import RequestError
    from comparison.wording import Examples, examples_of, help_report

    try:
        examples = examples_of(_open(options)[0].newest(limit=20))
    except (RequestError, click.UsageError):
        examples = Examples()
    report = help_report(topic, examples, COMMAND, only_comparisons=True)
    if asked:
        _write(_draw_report(report, "text"))
        return 0
    click.echo(_draw_report(report, "text"), nl=False, err=True)
    return NOT_ANSWERED


def _tell(error: Exception) -> None:
    from bot.output import text
    from comparison.errors import RequestError
    from comparison.wording import error_report

    if isinstance(error, RequestError):
        width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
        click.echo(text.draw(error_report(as_typed(error), COMMAND), width=width), nl=False, err=True)


def _gate(comparison: "Comparison") -> int:
    from bot.commands import gate
    from bot.output.controls import written_out

    code, why = gate.judge(comparison)
    if why:
        click.echo(f"--fail-if-worse: {written_out(why)}", err=True)
    return code


def _write(text: str) -> None:
    """To standard output; whoever stops reading misses the rest, which is no fault."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow and what it is made of say nothing: only the answer is written."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
