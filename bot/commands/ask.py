"""`mlcompare ask`, `top`, `curves` …: the questions of a channel in a terminal, in the same language."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from bot.commands.compare import (
    NAMES_WITHIN,
    NOT_ANSWERED,
    UNAVAILABLE,
    answer_quietly,
    as_request_text,
    draw_report,
    open_run_source,
    quiet,
    tell_error,
    write,
)
from comparison.errors import RequestError

if TYPE_CHECKING:
    from comparison.report import Report
    from comparison.request import Request
    from comparison.tracking.source import RunSource

COMMAND = "mlcompare ask"
COMPLETED_WITHIN = 2.0  # seconds that somebody waits for the names behind a key
MOST_COMPLETED = 100  # names that are offered
COMPLETED_WORDS = (
    *("in", "by", "since", "vs", "where", "except", "at step"),
    *("latest", "best", "yesterday", "monday", "help"),
)
FORMATS = ("text", "markdown", "json", "slack")
EPILOG = """\b
Examples:
  mlcompare ask "top 5 by val_auc in fraud"
  mlcompare ask standup in fraud since monday
  mlcompare ask "which runs failed yesterday?" --format markdown
"""
# Commands of their own for what is asked most: name → the words it stands for, what it is for, an example
PLAIN = {
    "top": ("top", "List the best runs.", "5 by val_auc in fraud"),
    "standup": ("standup", "Sum up what ran, failed and runs.", "in fraud since monday"),
    "failed": ("failed", "List the runs that failed.", "in fraud since yesterday"),
    "running": ("running", "List what runs now, and how far it is.", "in fraud"),
    "show": ("show", "Show one run: its metrics, parameters and data.", "latest in fraud"),
    "runs": ("list runs", "List the newest runs.", "in fraud by maya"),
    "experiments": ("list experiments", "List the experiments.", ""),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told, and all there is to tell in types that JSON has."""

    report: "Report"
    facts: "Callable[[], dict[str, Any]]"


def complete_words(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Words and names that begin so. A store that cannot be asked leaves the words; nothing is raised or written."""
    wanted = incomplete.strip("\"'").casefold()
    known = [*((word, "") for word in COMPLETED_WORDS), *_names(context)]
    found = dict.fromkeys((name, kind) for name, kind in known if name.casefold().startswith(wanted))
    return [CompletionItem(_shell_word(name), help=kind or None) for name, kind in list(found)[:MOST_COMPLETED]]


def _names(context: click.Context) -> Iterator[tuple[str, str]]:
    """Experiments, people, metrics and runs of the store that the options or the environment name, with their kind."""
    from bot.commands.compare import open_run_source, quiet
    from comparison.language.names import Kind
    from handlers.lookup_cache import LookupCache

    with suppress(RequestError, click.ClickException), quiet():
        source, _ui_url = open_run_source(context.params.get("tracking_uri") or "", "")
        names = LookupCache(time.monotonic).names(source, COMPLETED_WITHIN)
        for kind in (Kind.EXPERIMENT, Kind.USER, Kind.METRIC, Kind.RUN):
            yield from ((name, kind.value) for name in names.all(kind))


def _shell_word(name: str) -> str:
    """A name as a shell takes it for one word."""
    if all(sign.isalnum() or sign in "-_./@:+=" for sign in name) or name in COMPLETED_WORDS:
        return name
    return f'"{name}"' if not set(name) & set('"$`\\!') else "'{}'".format(name.replace("'", "'\\''"))


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The words and options that every question takes."""
    for option in (
        click.option(
            "--ui-url", default="", metavar="URL", help="Where people open MLflow, for links [MLFLOW_UI_URL]."
        ),
        click.option(
            "--tracking-uri", default="", metavar="URI", help="The MLflow server or store [MLFLOW_TRACKING_URI]."
        ),
        click.option(
            "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to write it."
        ),
        click.argument("words", nargs=-1, metavar="WORDS…", shell_complete=complete_words),
    ):
        command = option(command)
    return command


@click.command(epilog=EPILOG)
@_with_options
@click.pass_context
def ask(context: click.Context, /, words: tuple[str, ...], **options: str) -> None:
    """Ask what you would ask in a channel: comparisons, standups, the best, what runs, what failed, one run.

    What a channel agrees on (set, pin, watch, digest) is for Slack.
    """
    _tell(context, as_request_text(words), **options)


def _plain(name: str) -> click.Command:
    """`mlcompare top …`, which is `mlcompare ask top …`."""
    said, purpose, example = PLAIN[name]

    def command(context: click.Context, /, words: tuple[str, ...], **options: str) -> None:
        more = as_request_text(words) if words else ""
        _tell(context, f"{said} {more}".strip(), **options)

    epilog = f"\b\nExample:\n  mlcompare {name} {example}".rstrip()
    return click.command(name, help=purpose, epilog=epilog)(_with_options(click.pass_context(command)))


top, standup, failed, running, show, runs, experiments = map(_plain, PLAIN)


def _tell(context: click.Context, text: str, *, form: str, tracking_uri: str, ui_url: str) -> None:
    from comparison.errors import RequestError, TrackingUnavailable

    try:
        with quiet():
            source, address = open_run_source(tracking_uri, ui_url)
            answer = _answer(text, source, address)
    except RequestError as error:
        tell_error(error, COMMAND)
        context.exit(UNAVAILABLE if isinstance(error, TrackingUnavailable) else NOT_ANSWERED)
    if form == "json":
        from comparison.formats.controls import json_text

        write(json_text(answer.facts()) + "\n")
    else:
        write(draw_report(answer.report, form))


def _answer(text: str, source: "RunSource", ui_url: str) -> Answer:
    from comparison.errors import NotUnderstood
    from comparison.language.parser import read
    from comparison.request import Help
    from handlers.lookup_cache import LookupCache, read_with_names

    lookup_cache = LookupCache(time.monotonic)
    request = (
        read_with_names(lambda names: read(text, names, command=COMMAND), lookup_cache, source, NAMES_WITHIN) or Help()
    )
    answer = _answers().get(type(request))
    if answer is None:
        raise NotUnderstood("That is for a channel.", remedy="In a terminal I answer questions.", example="standup")
    return answer(request, source, ui_url, datetime.now(UTC))


_Answer = Callable[[Any, "RunSource", str, datetime], Answer]


def _answers() -> "dict[type[Request], _Answer]":
    from comparison.formats.answers import answer_to_dict
    from comparison.past_repeats import RepeatsCache
    from comparison.queries.curves import ask_curves
    from comparison.queries.run_lists import (
        failed_runs,
        known_experiments,
        newest_runs,
        running_runs,
        show_run,
        top_runs,
    )
    from comparison.queries.standup import standup
    from comparison.reports.curves import curves_report
    from comparison.reports.run_lists import (
        experiments_report,
        failed_report,
        newest_runs_report,
        running_report,
        top_report,
    )
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
        def answer(request: Any, source: "RunSource", ui_url: str, now: datetime) -> Answer:
            found = query(request, source, now=now)
            drawn = report(found, ui_url=ui_url, command=COMMAND)
            return Answer(drawn, lambda: answer_to_dict(found, ui_url=ui_url))

        return answer

    def shown(request: Show, source: "RunSource", ui_url: str, now: datetime) -> Answer:
        from comparison.reports.run_lists import show_report

        found = show_run(request, source, now=now)
        report = show_report(found, who=request.who, ui_url=ui_url, command=COMMAND)
        return Answer(report, lambda: answer_to_dict(found, ui_url=ui_url))

    return {
        Compare: _compared,
        Curves: listed(ask_curves, curves_report),
        Sweep: _swept,
        Help: _helped,
        Show: shown,
        Standup: listed(standup, standup_report),
        Running: listed(running_runs, running_report),
        Failed: listed(failed_runs, failed_report),
        Top: listed(partial(top_runs, past=RepeatsCache()), top_report),
        Runs: listed(newest_runs, newest_runs_report),
        Experiments: listed(known_experiments, experiments_report),
    }


def _compared(request: Any, source: "RunSource", ui_url: str, now: datetime) -> Answer:
    from comparison.compare import ask as compare
    from comparison.formats.json import to_dict
    from comparison.past_repeats import RepeatsCache
    from comparison.reports.comparison import comparison_report
    from comparison.reports.differences import part_report, reasons_report

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
        report = part_report(comparison, report, request.part)
    elif request.why:
        report = reasons_report(comparison, report)
    return Answer(report, lambda: to_dict(comparison, ui_url=ui_url))


def _swept(request: Any, source: "RunSource", ui_url: str, now: datetime) -> Answer:
    from comparison.formats.answers import answer_to_dict
    from comparison.queries.sweeps import LooseTrials, ask_sweep
    from comparison.reports.sweeps import sweep_report

    try:
        found = ask_sweep(request, source, now=now)
    except LooseTrials as loose:
        raise replace(loose, remedy=f"If they are, say: mlcompare {loose.example}", example="", text="") from None
    return Answer(sweep_report(found, ui_url=ui_url, command=COMMAND), lambda: answer_to_dict(found, ui_url=ui_url))


def _helped(request: Any, source: "RunSource", _ui_url: str, _now: datetime) -> Answer:
    from comparison.formats.markdown import to_markdown
    from comparison.reports.help import examples_of, help_report

    report = help_report(request.topic, examples_of(source.newest(limit=20)), COMMAND)
    return Answer(report, lambda: {"version": 1, "kind": "help", "text": to_markdown(report)})


# `mlcompare curves`, `mlcompare sweep`: what a channel is told of curves and sweeps, in a terminal or as a file.


DRAWN_FORMATS = ("text", "markdown", "png", "json")
_DRAWING = (
    click.option("--format", "form", type=click.Choice(DRAWN_FORMATS), default=None, help="How to write it [text]."),
    click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file to write."),
    click.option("--experiment", "-e", default="", metavar="NAME", help="Look in this experiment only."),
    click.option("--by", "--metric", "metrics", multiple=True, metavar="METRIC", help="Of it; may be repeated."),
    click.option("--tracking-uri", default="", metavar="URI", help="The MLflow server or store [MLFLOW_TRACKING_URI]."),
    click.option("--ui-url", default="", metavar="URL", help="Where people open MLflow, for links [MLFLOW_UI_URL]."),
)


def _with_drawing(command: Any) -> Any:
    for option in reversed(_DRAWING):
        command = option(command)
    return command


@click.command()
@click.argument("words", nargs=-1, metavar="RUN…")
@_with_drawing
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
@_with_drawing
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
    from comparison.formats.answers import curves_to_dict
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
    from comparison.formats.answers import sweep_to_dict
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
