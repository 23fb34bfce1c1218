"""`mlcompare compare`: the report of a channel, in a terminal or a pipeline."""

import logging
import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from html import unescape
from io import TextIOWrapper
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import SecretStr

from bot.settings import in_workspace, survey
from comparison.errors import RequestError
from comparison.judgement.numbers import format_row
from comparison.judgement.result import Change, Comparison, MetricComparison, Outcome, VerdictKind
from comparison.judgement.verdict import count
from comparison.runs import Goal
from comparison.tracking.source import RunSource

if TYPE_CHECKING:
    from comparison.report import Report
    from comparison.request import Compare, Help


COMMAND = "mlcompare compare"
_ITSELF = "compare "
FORMATS = ("text", "markdown", "csv", "json", "slack")
NOT_ANSWERED, UNAVAILABLE = 2, 3
PIPED_WIDTH = 100
PATIENCE = 1.0  # seconds without a word
NAMES_WITHIN = 10.0  # seconds for the names that MLflow has
EPILOG = """\b
Examples:
  mlcompare compare run-a run-b
  mlcompare compare run-a, run-b and run-c by val_loss
  mlcompare compare "Run 1" vs "Run 2" in iris --format markdown
  mlcompare compare run-a run-b --by val_loss --fail-if-worse

\b
Exit codes: 0 compared; 1 worse (--fail-if-worse); 2 not understood or not found;
  3 MLflow could not be asked; 4 cannot tell whether worse (--fail-if-worse). With --fail-if-clearly-worse it is 1 only
  for what is worse beyond chance, and 0 with a warning where nobody can tell.
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
    fail_if_clearly_worse: bool


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
@click.option(
    "--fail-if-clearly-worse", is_flag=True, help="Exit 1 if it got worse beyond chance: by repeats, or known noise."
)
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
        with quiet():
            code = _answer(words, chosen)
    except RequestError as error:
        tell_error(error)
        context.exit(UNAVAILABLE if isinstance(error, TrackingUnavailable) else NOT_ANSWERED)
    context.exit(code)


def _answer(words: Sequence[str], options: Options) -> int:
    from comparison.compare import ask
    from comparison.past_repeats import RepeatsCache
    from comparison.request import Help

    if (topic := _help_topic(as_request_text(words))) is not None:
        return _help(topic, options, is_wanted=bool(words))
    source, ui_url = open_run_source(options.tracking_uri, options.ui_url)
    request = _request(words, source)
    if isinstance(request, Help):
        return _help(request.topic, options, is_wanted=bool(words))
    request = _with_options(request, options)
    now = time.time_ns() // 1_000_000
    with progress("Asking MLflow …"):
        comparison = ask(request, source, now=now, past=RepeatsCache())
    write(draw_comparison(comparison, request, ui_url, now=now, form=options.form))
    code = _gate(comparison) if options.fail_if_worse else 0
    return code or (_clear_gate(comparison) if options.fail_if_clearly_worse else 0)


@contextmanager
def progress(words: str) -> Iterator[None]:
    """What is waited for, in a terminal, when it takes more than a moment; gone when it is over."""
    if not sys.stderr.isatty():
        yield
        return
    shown = threading.Event()

    def show() -> None:
        shown.set()
        click.echo(words, nl=False, err=True)

    timer = threading.Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if shown.is_set():
            click.echo("\r\033[K", nl=False, err=True)


def _help_topic(text: str) -> str | None:
    """What help is asked for, for which no server is needed."""
    from comparison.errors import NotUnderstood
    from comparison.language.parser import parse
    from comparison.request import Help

    try:
        request = parse(text)
    except NotUnderstood:
        return None
    return request.topic if isinstance(request, Help) else None


def _request(words: Sequence[str], source: "RunSource") -> "Compare | Help":
    """The comparison that the words ask for, by the names that the store has. Raises NotUnderstood."""
    from comparison.errors import NotUnderstood
    from comparison.language.lexicon import WORDS
    from comparison.language.names import Kind, Names
    from comparison.language.parser import Interpretation, read
    from comparison.request import Compare, Help
    from handlers.lookup_cache import LookupCache, read_with_names

    lookup_cache = LookupCache(time.monotonic)
    runs = set(lookup_cache.names(source, NAMES_WITHIN).all(Kind.RUN))
    named = [f'"{each}"' if each in runs and (each.casefold(),) in WORDS else each for each in words]
    text = as_request_text(named if len(words) > 1 else words)

    def comparison(names: Names) -> Interpretation:
        """The words as they stand, else as those behind `compare`."""
        try:
            found = read(text, names)
            if isinstance(found.request, Compare | Help):
                return found
        except NotUnderstood:
            with suppress(NotUnderstood):
                return read(f"{_ITSELF}{text}", names)
            raise
        with suppress(NotUnderstood):
            return read(f"{_ITSELF}{text}", names)
        return found

    request = read_with_names(comparison, lookup_cache, source, NAMES_WITHIN)
    if isinstance(request, Compare | Help):
        return request
    remedy = "Name two or more; other questions are for mlcompare ask."
    raise NotUnderstood("This command only compares runs.", remedy=remedy, example="run-a vs run-b", text=text)


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
    from comparison.channel_defaults import read_tolerance

    fraction = read_tolerance(options.tolerance)
    if options.tolerance and fraction is None:
        problem = f"{options.tolerance!r} is no share of the baseline: say 0.1% or 0.001, which is the same."
        raise click.BadParameter(problem, param_hint="--tolerance")
    return fraction


def draw_comparison(comparison: "Comparison", request: "Compare", ui_url: str, *, now: int, form: str) -> str:
    if form == "json":
        from comparison.formats.controls import json_text
        from comparison.formats.json import to_dict

        return json_text(to_dict(comparison, ui_url=ui_url)) + "\n"
    if form == "csv":
        from comparison.formats.csv import to_csv

        return to_csv(comparison)
    from comparison.reports.comparison import comparison_report

    command = "/mlcompare" if form == "slack" else COMMAND
    return draw_report(
        comparison_report(comparison, ui_url=ui_url, now=now, everything=request.everything, command=command), form
    )


def draw_report(report: "Report", form: str) -> str:
    if form == "slack":
        from comparison.formats.controls import json_text
        from handlers.slack.render import draw

        reply = draw(report)
        return json_text({"text": reply.text, "blocks": list(reply.blocks)}) + "\n"
    if form == "markdown":
        from comparison.formats.markdown import to_markdown

        return to_markdown(report)
    from comparison.formats.text import to_text

    width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
    return to_text(report, width=width, colours=_has_colours())


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _help(topic: str, options: Options, *, is_wanted: bool) -> int:
    """Lines to copy, with names of real runs where the server can be asked; asking for nothing is no success."""
    from comparison.errors import RequestError
    from comparison.reports.help import Examples, examples_of, help_report

    try:
        examples = examples_of(open_run_source(options.tracking_uri, options.ui_url)[0].newest(limit=20))
    except (RequestError, click.UsageError):
        examples = Examples()
    report = help_report(topic, examples, COMMAND, only_comparisons=True)
    if is_wanted:
        write(draw_report(report, "text"))
        return 0
    click.echo(draw_report(report, "text"), nl=False, err=True)
    return NOT_ANSWERED


def tell_error(error: Exception, command: str = COMMAND) -> None:
    from comparison.errors import RequestError
    from comparison.formats.text import to_text
    from comparison.reports.help import error_report

    if isinstance(error, RequestError):
        width = shutil.get_terminal_size((PIPED_WIDTH, 24)).columns
        typed = behind_command(as_typed(error)) if command == COMMAND else as_typed(error)
        click.echo(to_text(error_report(typed, command), width=width), nl=False, err=True)


def _gate(comparison: "Comparison") -> int:

    from comparison.formats.controls import written_out

    code, why = gate(comparison)
    if why:
        click.echo(f"Gate failed: {written_out(why)}", err=True)
    return code


def _clear_gate(comparison: "Comparison") -> int:
    from comparison.formats.controls import written_out

    code, why = clear_gate(comparison)
    if why:
        click.echo(f"--fail-if-clearly-worse: {'' if code else 'warning: '}{written_out(why)}", err=True)
    return code


def write(text: str) -> None:
    """Writes to standard output; whoever stops reading misses the rest, which is no fault."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def answer_quietly(answer: Callable[[], object]) -> None:
    """Does it while MLflow and what it is made of say nothing."""
    with quiet():
        answer()


@contextmanager
def quiet() -> Iterator[None]:
    """MLflow and what it is made of say nothing: only the answer is written."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


# Whether a candidate may pass: what `--fail-if-worse` answers.


PASS, WORSE, CANNOT_TELL = 0, 1, 4
_JUDGED = (Outcome.BETTER, Outcome.WORSE, Outcome.SAME)


def gate(comparison: Comparison) -> tuple[int, str]:
    """An exit code and why: by the primary metric, or by any where there is none, over all candidates.

    By the numbers alone, of several runs by their means: what chance does is for `clear_gate`.

    It cannot be told of a run that is compared with itself, nor of a metric that may be of any of several datasets.
    """
    comparison = replace(comparison, metrics=tuple(map(_by_value, comparison.metrics)))
    candidates = range(len(comparison.candidates))
    found = [each for number in candidates for each in _judged(comparison, number)]
    worse = dict.fromkeys(name for name, outcome in found if outcome is Outcome.WORSE)
    if worse:
        return WORSE, "; ".join(_got_worse(name, comparison) for name in worse)
    unclear = [why for number in candidates for why in _unclear(comparison, number)]
    return (CANNOT_TELL, f"cannot tell: {', '.join(dict.fromkeys(unclear))}") if unclear else (PASS, "")


def clear_gate(comparison: Comparison) -> tuple[int, str]:
    """As `gate`, of what is worse beyond chance; where nobody can tell it passes, and says so."""
    candidates = range(len(comparison.candidates))
    worse: dict[str, None] = {}
    unclear: dict[str, None] = {}
    for number in candidates:
        if comparison.is_one_run(number):
            unclear[f"{comparison.baseline.label} and {comparison.candidates[number].label} are one run"] = None
        primary = {metric.name for metric in comparison.metrics if metric.primary}
        for metric in comparison.metrics:
            if (primary and metric.name not in primary) or metric.goal is Goal.UNKNOWN:
                continue
            change = metric.changes[number]
            is_tested = change.evidence is not None and change.evidence.test is not None
            if change.outcome is Outcome.WORSE and is_tested:
                worse[metric.name] = None
            elif change.outcome not in _JUDGED or not is_tested:
                unclear[metric.name] = None
    if worse:
        return WORSE, f"clearly worse: {', '.join(worse)}"
    return PASS, f"cannot tell: {', '.join(unclear)}" if unclear else ""


def _by_value(metric: MetricComparison) -> MetricComparison:
    return replace(metric, changes=tuple(change._replace(outcome=change.outcome_by_value) for change in metric.changes))


def _got_worse(name: str, comparison: Comparison) -> str:
    """`val_loss got worse (0.0957 → 0.2269)`, of the first candidate that is worse in it."""
    metric = next(each for each in comparison.metrics if each.name == name)
    change = next((each for each in metric.changes if each.outcome is Outcome.WORSE), metric.changes[0])
    old, new = format_row(change.baseline.value, change.candidate.value).values
    return f"{name} got worse ({old} → {new})"


def _judged(comparison: Comparison, candidate: int) -> list[tuple[str, Outcome]]:
    """What decides on a candidate: the primary metric, else all with a known goal, small costs as the same."""
    primary = [metric for metric in comparison.metrics if metric.primary]
    if primary:
        return [(metric.name, metric.changes[candidate].outcome) for metric in primary]
    counted = count(comparison.metrics, candidate, comparison.not_counted)
    return [(metric.name, outcome) for metric, outcome in counted if metric.goal is not Goal.UNKNOWN]


def _unclear(comparison: Comparison, candidate: int) -> list[str]:
    if comparison.is_one_run(candidate):
        return [f"{comparison.baseline.label} and {comparison.candidates[candidate].label} are one run"]
    judged = _judged(comparison, candidate)
    if any(metric.primary for metric in comparison.metrics):
        return [name for name, outcome in judged if outcome not in _JUDGED]
    fallen = {
        metric.name: None
        for metric in comparison.metrics
        if metric.goal is not Goal.UNKNOWN and _fell_out_of_numbers(metric.changes[candidate])
    }
    unclear = [*fallen, *(name for name, outcome in judged if outcome is Outcome.UNCLEAR)]
    if unclear:
        return unclear
    if not any(outcome in _JUDGED for _name, outcome in judged):
        return ["no metric with a known goal is on both sides"]
    return ["nothing but costs can be judged"] if comparison.verdicts[candidate].standing is VerdictKind.UNKNOWN else []


def _fell_out_of_numbers(change: Change) -> bool:
    old, new = change.baseline.value, change.candidate.value
    return old is not None and new is not None and isfinite(old) and not isfinite(new)


# What a shell hands over, as the sentence a person would have typed in a channel.


_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"))
_MARKS = frozenset("\"'“”‘’„«»")
_PAIR = 2


def as_request_text(arguments: Sequence[str]) -> str:
    """The words joined and escaped as in a channel.

    A single argument is the whole sentence; of several, one with spaces in it is a name.
    """
    text = arguments[0].strip() if len(arguments) == 1 else " ".join(map(_word, filter(str.strip, arguments)))
    for character, entity in _ENTITIES:
        text = text.replace(character, entity)
    return text


def as_typed(error: RequestError) -> RequestError:
    """The error with its words and its spot as they were typed."""
    at, end = (None if spot is None else len(unescape(error.text[:spot])) for spot in (error.at, error.end))
    return replace(error, text=unescape(error.text), at=at, end=end)


def behind_command(error: RequestError) -> RequestError:
    """The error without the word `compare` in front of its words: the command says it already."""
    bare = replace(error, example=error.example.removeprefix(_ITSELF))
    if not error.text.startswith(_ITSELF):
        return bare
    at, end = (None if spot is None else max(0, spot - len(_ITSELF)) for spot in (error.at, error.end))
    return replace(bare, text=error.text.removeprefix(_ITSELF), at=at, end=end)


def _word(argument: str) -> str:
    bare = argument.rstrip(",")
    if _is_quoted(bare) or not (set(bare) & _MARKS or len(bare.split()) > 1 or bare != bare.strip()):
        return argument
    opening, closing = next((pair for pair in _QUOTES if not set(pair) & set(bare)), _QUOTES[0])
    return f"{opening}{bare}{closing}{argument[len(bare) :]}"


def _is_quoted(text: str) -> bool:
    return len(text) > _PAIR and any(text[0] == opening and text[-1] == closing for opening, closing in _QUOTES)


# The MLflow server or store that a command reads from.


def open_run_source(tracking_uri: str, ui_url: str) -> tuple[RunSource, str]:
    """Where the runs are, and the address people open it at; "" stands for what the environment says."""
    settings, problems = survey()
    ours = [problem for problem in problems if problem.name in ("MLFLOW_TRACKING_URI", "MLFLOW_UI_URL")]
    if ours and not tracking_uri:
        raise click.UsageError("\n".join(map(str, ours)))
    if tracking_uri:
        settings = settings.model_copy(update={"mlflow_tracking_uri": SecretStr(tracking_uri), "mlflow_ui_url": ""})
    uri = settings.mlflow_tracking_uri.get_secret_value()
    check_store(uri)
    with _without(*(_UNNEEDED if uri.startswith(("http:", "https:")) else ())):
        from comparison.tracking.mlflow import MlflowSource, answer_within
    answer_within(settings.mlflow_timeout, os.environ)
    opened_at = in_workspace(ui_url.rstrip("/"), settings.mlflow_workspace) or settings.ui_url
    return MlflowSource(uri or None, timeout=settings.mlflow_timeout), opened_at


# What MLflow imports where it is installed, and asking a server takes none of: mlflow-skinny goes without. It is nearly
# half of the CPU that a comparison in a terminal costs.
_UNNEEDED = ("numpy", "pandas", "pyarrow", "scipy")


@contextmanager
def _without(*packages: str) -> Iterator[None]:
    """Whoever imports one of these packages meanwhile finds that it is not installed; later it is as ever."""
    absent = [name for name in packages if name not in sys.modules]
    nothing: Any = None  # which stands for "no such module", by Python's reference of imports
    sys.modules.update(dict.fromkeys(absent, nothing))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


def check_store(uri: str) -> None:
    """UsageError where MLflow would make a new, empty store instead of reading one."""
    if not uri:
        if not (Path("mlflow.db").exists() or Path("mlruns").is_dir()):
            raise click.UsageError("No MLflow server is named: set MLFLOW_TRACKING_URI or give --tracking-uri.")
        return
    if not uri.startswith("sqlite"):
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(uri)
    except ArgumentError:
        return
    if url.database and not Path(url.database).exists():
        raise click.UsageError(f"There is no MLflow store at {url.database}.")
