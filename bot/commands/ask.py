"""`mlcompare ask`: the questions of a channel in a terminal, read by the same language."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bot.commands.compare import (
    NAMES_WITHIN,
    NOT_ANSWERED,
    UNAVAILABLE,
    as_request_text,
    draw_report,
    open_run_source,
    quiet,
    tell_error,
    write,
)

if TYPE_CHECKING:
    from comparison.report import Report
    from comparison.request import Request
    from comparison.tracking.source import RunSource

COMMAND = "mlcompare ask"
FORMATS = ("text", "markdown", "slack")
EPILOG = """\b
Examples:
  mlcompare ask "top 5 by val_auc in fraud"
  mlcompare ask standup in fraud since monday
  mlcompare ask "which runs failed yesterday?" --format markdown
"""


@click.command(epilog=EPILOG)
@click.argument("words", nargs=-1, metavar="WORDS…")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to write it."
)
@click.option("--tracking-uri", default="", metavar="URI", help="The MLflow server or store [MLFLOW_TRACKING_URI].")
@click.option("--ui-url", default="", metavar="URL", help="Where people open MLflow, for links [MLFLOW_UI_URL].")
@click.pass_context
def ask(context: click.Context, /, words: tuple[str, ...], form: str, tracking_uri: str, ui_url: str) -> None:
    """Ask what you would ask in a channel: comparisons, standups, the best, what runs, what failed, one run.

    What a channel agrees on (set, pin, watch, digest) is for Slack.
    """
    from comparison.errors import RequestError, TrackingUnavailable

    try:
        with quiet():
            source, address = open_run_source(tracking_uri, ui_url)
            report = _answer(as_request_text(words), source, address)
    except RequestError as error:
        tell_error(error, COMMAND)
        context.exit(UNAVAILABLE if isinstance(error, TrackingUnavailable) else NOT_ANSWERED)
    write(draw_report(report, form))


def _answer(text: str, source: "RunSource", ui_url: str) -> "Report":
    from comparison.errors import NotUnderstood
    from comparison.language.reading import read
    from comparison.request import Help
    from handlers.known_names import read_with_names
    from handlers.lookup_cache import LookupCache

    shelf = LookupCache(time.monotonic)
    request = read_with_names(lambda names: read(text, names, command=COMMAND), shelf, source, NAMES_WITHIN) or Help()
    answer = _answers().get(type(request))
    if answer is None:
        raise NotUnderstood("That is for a channel.", remedy="In a terminal I answer questions.", example="standup")
    return answer(request, source, ui_url, datetime.now(UTC))


_Answer = Callable[[Any, "RunSource", str, datetime], "Report"]


def _answers() -> "dict[type[Request], _Answer]":
    from comparison.past_repeats import RepeatsCache
    from comparison.queries.curves import ask_curves
    from comparison.queries.newest_runs import known_experiments, newest_runs
    from comparison.queries.run_lists import failed_runs, running_runs, show_run, top_runs
    from comparison.queries.standup import standup
    from comparison.reports.curves import curves_report
    from comparison.reports.newest_runs import experiments_report, newest_runs_report
    from comparison.reports.run_lists import failed_report, running_report, top_report
    from comparison.reports.standup import standup_report
    from comparison.request import (
        Compare,
        Curves,
        Experiments,
        Failed,
        Help,
        Running,
        Runs,
        Show,
        Standup,
        Sweep,
        Top,
    )

    def listed(query: Callable[..., Any], report: Callable[..., "Report"]) -> _Answer:
        return lambda request, source, ui_url, now: report(
            query(request, source, now=now), ui_url=ui_url, command=COMMAND
        )

    def shown(request: Show, source: "RunSource", ui_url: str, now: datetime) -> "Report":
        from comparison.reports.run_lists import show_report

        found = show_run(request, source, now=now)
        return show_report(found, who=request.who, ui_url=ui_url, command=COMMAND)

    return {
        Compare: _compared,
        Curves: listed(ask_curves, curves_report),
        Help: _helped,
        Sweep: _swept,
        Show: shown,
        Standup: listed(standup, standup_report),
        Running: listed(running_runs, running_report),
        Failed: listed(failed_runs, failed_report),
        Top: listed(partial(top_runs, past=RepeatsCache()), top_report),
        Runs: listed(newest_runs, newest_runs_report),
        Experiments: listed(known_experiments, experiments_report),
    }


def _compared(request: Any, source: "RunSource", ui_url: str, now: datetime) -> "Report":
    from comparison.compare import ask as compare
    from comparison.past_repeats import RepeatsCache
    from comparison.reports.comparison import comparison_report
    from comparison.reports.reasons import part_report, reasons_report

    comparison = compare(request, source, now=now, past=RepeatsCache())
    report = comparison_report(
        comparison,
        ui_url=ui_url,
        now=int(now.timestamp() * 1000),
        everything=request.everything or bool(request.part),
        differing=request.differing,
        command=COMMAND,
    )
    if request.part:
        return part_report(comparison, report, request.part)
    return reasons_report(comparison, report) if request.why else report


def _swept(request: Any, source: "RunSource", ui_url: str, now: datetime) -> "Report":
    from comparison.queries.sweeps import LooseTrials, ask_sweep
    from comparison.reports.sweeps import sweep_report

    try:
        found = ask_sweep(request, source, now=now)
    except LooseTrials as loose:
        raise replace(loose, remedy=f"If they are, say: mlcompare {loose.example}", example="", text="") from None
    return sweep_report(found, ui_url=ui_url, command=COMMAND)


def _helped(request: Any, source: "RunSource", _ui_url: str, _now: datetime) -> "Report":
    from comparison.reports.help import examples_of, help_report

    return help_report(request.topic, examples_of(source.newest(limit=20)), COMMAND)
