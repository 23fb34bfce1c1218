"""`mlcompare curves`, `mlcompare sweep`: what a channel is told of curves and sweeps, in a terminal or as a file."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.compare import (
    NOT_ANSWERED,
    UNAVAILABLE,
    answer_quietly,
    as_request_text,
    draw_report,
    open_run_source,
    tell_error,
    write,
)

if TYPE_CHECKING:
    from comparison.report import Report

FORMATS = ("text", "markdown", "png", "json")
_OPTIONS = (
    click.option("--format", "form", type=click.Choice(FORMATS), default=None, help="How to write it [text]."),
    click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file to write."),
    click.option("--experiment", "-e", default="", metavar="NAME", help="Look in this experiment only."),
    click.option("--by", "--metric", "metrics", multiple=True, metavar="METRIC", help="Of it; may be repeated."),
    click.option("--tracking-uri", default="", metavar="URI", help="The MLflow server or store [MLFLOW_TRACKING_URI]."),
    click.option("--ui-url", default="", metavar="URL", help="Where people open MLflow, for links [MLFLOW_UI_URL]."),
)


def _with_options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("words", nargs=-1, metavar="RUN…")
@_with_options
@click.pass_context
def curves(context: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """Draw how runs trained, and say what their curves mean.

    RUN… is named as in a channel: A vs B, A, B and C, latest, best, by METRIC. The file's name says its format:
    mlcompare curves A B -o curves.png
    """
    _answered(context, lambda: _curves(as_request_text(words), options))


@click.command()
@click.argument("words", nargs=-1, metavar="SWEEP")
@click.option("--loose", is_flag=True, help="Take runs of one commit for a sweep, though nothing says that they are.")
@_with_options
@click.pass_context
def sweep(context: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """Say what a hyperparameter search found: its best, what matters, and what to do next.

    SWEEP is the parent run of its trials, or an experiment. Two metrics ask for what can be had of both:
    mlcompare sweep fraud --by accuracy --by latency_ms
    """
    _answered(context, lambda: _sweep(as_request_text(words), options))


def _answered(context: click.Context, answer: Any) -> None:
    from comparison.errors import RequestError, TrackingUnavailable

    try:
        answer_quietly(answer)
    except RequestError as error:
        own = error.example.split(" ", 1)[0] in ("curves", "sweep")  # others are lines for a channel
        tell_error(replace(error, example=error.example if own else ""), "mlcompare")
        context.exit(UNAVAILABLE if isinstance(error, TrackingUnavailable) else NOT_ANSWERED)


def _curves(text: str, options: dict[str, Any]) -> None:
    from comparison.errors import NotUnderstood
    from comparison.formats.curves import curves_to_dict
    from comparison.language.parser import parse
    from comparison.queries.curves import ask_curves
    from comparison.reports.curves import curves_report
    from comparison.request import Curves

    request = parse(f"curves {text}")
    if not isinstance(request, Curves):
        raise NotUnderstood("This command draws curves.", "Name one run or more.", "run-a vs run-b", text=text)
    request = replace(
        request,
        experiment=options["experiment"] or request.experiment,
        metrics=tuple(dict.fromkeys((*options["metrics"], *request.metrics))),
    )
    source, ui_url = open_run_source(options["tracking_uri"], options["ui_url"])
    found = ask_curves(request, source, now=datetime.now(UTC))
    report = curves_report(found, ui_url=ui_url, command="mlcompare curves")
    _put(report, lambda: curves_to_dict(found, ui_url=ui_url), options)


def _sweep(text: str, options: dict[str, Any]) -> None:
    from comparison.errors import NotUnderstood
    from comparison.formats.curves import sweep_to_dict
    from comparison.language.parser import parse
    from comparison.queries.sweeps import ask_sweep
    from comparison.reports.sweeps import sweep_report
    from comparison.request import Sweep

    request = parse(f"sweep {text}") if text else Sweep()
    if not isinstance(request, Sweep):
        problem = "This command looks at one sweep."
        raise NotUnderstood(problem, "Name its parent run, or an experiment.", "lr-search", text=text)
    request = replace(
        request,
        experiment=options["experiment"] or request.experiment,
        metrics=tuple(dict.fromkeys((*options["metrics"], *request.metrics))),
    )
    source, ui_url = open_run_source(options["tracking_uri"], options["ui_url"])
    found = ask_sweep(request, source, now=datetime.now(UTC), takes_loose=options["loose"])
    report = sweep_report(found, ui_url=ui_url, command="mlcompare compare")
    _put(report, lambda: sweep_to_dict(found), options)


def _put(report: "Report", as_dict: Any, options: dict[str, Any]) -> None:
    """Writes to the file, else to standard output. A picture goes into a file, unless the output is piped."""
    output: Path | None = options["output"]
    form = options["form"] or _by_name(output)
    if form == "png":
        content = _picture(report)
        if output is not None:
            output.write_bytes(content)
        elif sys.stdout.isatty():
            raise click.UsageError("A picture is not for a terminal: say -o curves.png.")
        else:
            sys.stdout.buffer.write(content)
        return
    if form == "json":
        from comparison.formats.controls import json_text

        text = json_text(as_dict()) + "\n"
    else:
        text = draw_report(report, form)
    if output is None:
        write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _by_name(output: Path | None) -> str:
    endings = {".png": "png", ".json": "json", ".md": "markdown"}
    return endings.get(output.suffix.lower(), "text") if output else "text"


def _picture(report: "Report") -> bytes:
    """All charts in one picture, a panel each."""
    from comparison.formats.png import draw_png

    if not report.charts:
        raise click.UsageError("There is nothing to draw: say --format text.")
    first, *more = report.charts
    if more:
        first = replace(first, title="", panels=tuple(panel for chart in report.charts for panel in chart.panels))
    return draw_png(first)
