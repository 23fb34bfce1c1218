"""Comparing runs: the table everybody in the channel sees, and its buttons."""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt import App

from comparison.channel_defaults import ChannelDefaults
from comparison.compare import ask
from comparison.errors import RunNotFound
from comparison.judgement.result import Comparison, GoalSource, MetricComparison, Outcome, VerdictKind
from comparison.language.compare_command import COMPARED, compared
from comparison.report import Chart, Report
from comparison.reports.channel_settings import used_settings
from comparison.reports.comparison import comparison_report
from comparison.reports.differences import part_report, reasons_report
from comparison.reports.tables import ROWS_OF_METRICS
from comparison.request import Compare
from comparison.resolve.scope import ChosenRuns
from comparison.run_reference import Linked, Named, RunReference
from comparison.runs import Goal, Run
from handlers.services import Services
from handlers.slack.blocks import Block, Reply, fields_in, items_in, menu, push, to_value
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, Draw, Pictures, no_pictures
from handlers.slack.limits import OPTIONS
from handlers.slack.render import draw, open_links
from handlers.stores import PostedComparison, defaults_of
from handlers.utterance import Utterance

REQUESTS = (Compare,)  # what this feature answers


log = logging.getLogger(__name__)

_NAMED = 4  # runs named while working
_KEPT = 20  # run ids in the metadata


def register(app: App) -> None:
    app.action(re.compile(r"^open:"))(acknowledge)


def acknowledge(ack: Any) -> None:
    """A button that opens an address tells us, too; without an answer Slack would show a warning beside it."""
    ack()


def answer(request: Compare, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    defaults = defaults_of(services.defaults, utterance)
    comparison = fetch_and_compare(request, services, defaults)
    state = None if request.part else state_of(request, comparison, asked_by=utterance.user)
    uploaded = partial(_uploaded, utterance=utterance, services=services, delivery=delivery)
    with services.drawing:
        message = draw_comparison(
            request, comparison, services, asked_by=utterance.user, state=state, defaults=defaults, uploaded=uploaded
        )
    delivery.answer_publicly(message)
    if state:
        remember_comparison(state, comparison, utterance, services, delivery.posted_ts)


def _uploaded(
    charts: Sequence[Chart], *, utterance: Utterance, services: Services, delivery: Delivery
) -> Callable[[int], str]:
    """The pictures of these charts, where the workspace takes them."""
    is_drawn_here = services.capabilities.rung(utterance.team) > BlockLevel.ALL
    pictures = Pictures(charts, delivery.outlet, utterance.team, services.pictures)
    return pictures.upload_first(is_drawn_here=is_drawn_here)


def show_progress(request: Compare, _utterance: Utterance, _services: Services, delivery: Delivery) -> None:
    known = [each for each in request.runs if getattr(each, "at", 0) != COMPARED]
    if len(known) < len(request.runs):
        delivery.show_working("Comparing …")
        return
    names = [_name(reference) for reference in request.runs[:_NAMED]]
    more = [f"{len(request.runs) - _NAMED} more"] if len(request.runs) > _NAMED else []
    *others, last = [*names, *more] or ["runs"]
    named = f"{', '.join(others)} with {last}" if others else last
    delivery.show_working(f"Comparing {named} …")


def fetch_and_compare(request: Compare, services: Services, defaults: ChannelDefaults | None = None) -> Comparison:
    """The comparison as it is now. Raises RequestError; of a run that was compared before, that it is gone."""
    try:
        return ask(
            request,
            services.runs,
            now=services.now(),
            defaults=defaults,
            several=ChosenRuns.ASK,
            past=services.repeats,
        )
    except RunNotFound as error:
        if error.at != COMPARED:
            raise
        gone = "A run of this comparison is no longer on this MLflow server, so I cannot look at it again."
        raise RunNotFound(gone, remedy="It was deleted for good, or the server is another one now.") from error


@dataclass(frozen=True, slots=True)
class ComparisonState:
    """A comparison as it stands in a message. `seen` tells whether its runs have moved on since."""

    request: Compare
    asked_by: str = ""
    seen: str = ""


def draw_comparison(  # noqa: PLR0913 -- all but three have defaults and are given by name
    request: Compare,
    comparison: Comparison,
    services: Services,
    *,
    asked_by: str,
    changed_by: str = "",
    state: ComparisonState | None = None,
    defaults: ChannelDefaults | None = None,
    uploaded: Callable[[Sequence[Chart]], Callable[[int], str]] | None = None,
) -> Draw:
    """The message for a comparison, as each rung of the ladder has it; `uploaded` tells the files of its charts."""
    report = _worded(request, comparison, services)
    if not request.part:
        report = replace(
            report, footnotes=(*used_settings(request, comparison, defaults or ChannelDefaults()), *report.footnotes)
        )
    pictures = uploaded(report.charts) if uploaded and report.charts else no_pictures
    run_ids = dict.fromkeys(run.run_id for side in comparison.sides for run in side.runs)
    metadata = {"event_payload": metadata_payload(state, list(run_ids)[:_KEPT])}
    whole = next((each.url for each in open_links(report.links) if each.key == "compare"), "")
    buttons = comparison_buttons(state, comparison, whole_url=whole)
    if buttons.has_menu and report.table and is_wide(comparison):
        note = ". ".join(filter(None, (report.table.note, "All of it: Download CSV, behind the three dots")))
        report = replace(report, table=replace(report.table, note=note))

    def drawn(rung: BlockLevel) -> Reply:
        reply = draw(
            report,
            rung=rung,
            asked_by=asked_by,
            changed_by=changed_by,
            row=buttons.row,
            more=buttons.more,
            placed=("compare",) if buttons.has_menu else (),
            pictures=pictures,
        )
        return replace(reply, metadata=metadata)

    return drawn


def remember_comparison(
    state: ComparisonState, comparison: Comparison, utterance: Utterance, services: Services, message_ts: str
) -> None:
    """For those who go on talking about it; that it cannot be kept is no reason not to answer."""
    request = state.request
    record = PostedComparison(
        id=f"{utterance.channel}:{message_ts}" if message_ts else utterance.delivery,
        workspace=utterance.team,
        channel=utterance.channel,
        thread=utterance.answer_ts,
        message_ts=message_ts,
        asked_by=state.asked_by or utterance.user,
        at=int(services.now().timestamp()),
        runs=run_ids(request),
        labels=tuple(side.label for side in comparison.sides),
        experiment=comparison.baseline.runs[0].experiment.name,
        metrics=request.metrics,
        everything=request.everything,
        best=request.best,
        at_step=request.at_step,
        differing=request.differing,
        tolerance=request.tolerance,
        margin=request.margin,
        by_change=request.by_change,
        only_metrics=request.only_metrics,
        without_metrics=request.without_metrics,
        without_parameters=request.without_parameters,
        goal=request.goal,
    )
    try:
        services.comparisons.remember(record)
    except Exception:
        log.exception("a comparison could not be remembered")


def _worded(request: Compare, comparison: Comparison, services: Services) -> Report:
    report = comparison_report(
        comparison,
        ui_url=services.ui_url,
        now=_now(services),
        everything=request.everything or bool(request.part),
        differing=request.differing,
        rules_url=services.rules_url,
        command=services.command,
        in_channel=True,
    )
    if request.part:
        return part_report(comparison, report, request.part)
    return reasons_report(comparison, report) if request.why else report


def _now(services: Services) -> int:
    return int(services.now().timestamp() * 1000)


def _name(reference: RunReference) -> str:
    match reference:
        case Named():
            return mrkdwn(clip(one_line(reference.text), 60), 200)
        case Linked():
            return mrkdwn(reference.run_id[:8], 40)
    return "what you described"


# What a button holds: the runs and options of its comparison, so that it works on every replica, a year later.
#
# Ids and options only. The same goes into the metadata of the message, without what people typed.


MAX_METADATA_CHARS = 1_000  # characters of the metadata
_ID = re.compile(r"[0-9a-zA-Z]{1,64}")
_FLAGS = {"a": "everything", "b": "best", "c": "by_change", "d": "differing", "f": "only_metrics", "w": "why"}


def state_of(request: Compare, comparison: Comparison, *, asked_by: str = "") -> ComparisonState | None:
    """What to hold of a comparison that was made; None where a side is more than one run."""
    if any(len(side.runs) != 1 for side in comparison.sides):
        return None
    runs = [side.runs[0] for side in comparison.sides]
    found_anew = compared([run.run_id for run in runs])
    shown = replace(request, runs=found_anew.runs, experiment="", part="", text="", excluded=())
    return ComparisonState(shown, asked_by, digest(runs, comparison.metrics))


def digest(runs: Iterable[Run], metrics: Iterable[MetricComparison] = ()) -> str:
    """Differs where anything of the runs does that a comparison shows, or what the channel agreed on."""
    settings: list[tuple[str, object]] = [
        (each.name, each.goal.value) for each in metrics if each.goal_source is GoalSource.CHANNEL
    ]
    settings += [(each.name, each.tolerance) for each in metrics if each.tolerance_source is GoalSource.CHANNEL]
    told: list[Any] = [
        (
            run.run_id,
            run.name,
            run.status.value,
            run.ended_at,
            run.deleted,
            [(name, metric.value, metric.step) for name, metric in sorted(run.metrics.items())],
            sorted(run.parameters.items()),
            sorted(run.tags.items()),
        )
        for run in runs
    ]
    told += [sorted(settings)] if settings else []
    return sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def comparison_value(state: ComparisonState) -> str:
    """The value of a button that holds a comparison; "" where it does not fit."""
    request = state.request
    flags = "".join(sign for sign, name in _FLAGS.items() if getattr(request, name))
    fields: dict[str, Any] = {"r": ",".join(run_ids(request))}
    fields |= {"o": flags} if flags else {}
    fields |= {"s": request.at_step} if request.at_step is not None else {}
    fields |= {"t": request.tolerance} if request.tolerance is not None else {}
    fields |= {"e": request.margin} if request.margin is not None else {}
    fields |= {"u": state.asked_by} if state.asked_by else {}
    fields |= {"d": state.seen} if state.seen else {}
    fields |= {"m": list(request.metrics)} if request.metrics else {}
    fields |= {"x": list(request.without_metrics)} if request.without_metrics else {}
    fields |= {"y": list(request.without_parameters)} if request.without_parameters else {}
    fields |= {"g": request.goal} if request.goal else {}
    return to_value(fields)


def from_value(value: str) -> ComparisonState | None:
    """What a button holds; None for what is none of ours, or of a version that held something else."""
    fields = fields_in(value)
    runs = str(fields.get("r", "")).split(",")
    metrics, without, parameters = fields.get("m", []), fields.get("x", []), fields.get("y", [])
    if len(runs) < 2 or not all(map(_ID.fullmatch, runs)) or not all(map(_are_texts, (metrics, without, parameters))):
        return None
    goal = fields.get("g", "")
    step, tolerance, margin = fields.get("s"), fields.get("t"), fields.get("e")
    if goal not in ("", *Goal) or not (step is None or (isinstance(step, int) and not isinstance(step, bool))):
        return None
    if not (tolerance is None or (isinstance(tolerance, int | float) and 0 <= tolerance < 1)):
        return None
    if not (margin is None or (isinstance(margin, int | float) and 0 < margin < math.inf)):
        return None
    flags = {name: sign in str(fields.get("o", "")) for sign, name in _FLAGS.items()}
    named = {"metrics": tuple(metrics), "without_metrics": tuple(without), "goal": str(goal)}
    named |= {"without_parameters": tuple(parameters)}
    request = replace(compared(runs), at_step=step, tolerance=tolerance, margin=margin, **named, **flags)  # type: ignore[arg-type]
    return ComparisonState(request, str(fields.get("u", "")), str(fields.get("d", "")))


def run_ids(request: Compare) -> tuple[str, ...]:
    """The full ids of runs that were compared."""
    return tuple(getattr(each, "text", "") for each in request.runs)


def metadata_payload(state: ComparisonState | None, run_ids: Sequence[str]) -> dict[str, Any]:
    """For the metadata, which others can read: ids and options."""
    request = state.request if state else None
    told: dict[str, Any] = {"runs": list(run_ids)}
    for name in _FLAGS.values():
        told |= {name: True} if request and getattr(request, name) else {}
    told |= {"at_step": request.at_step} if request and request.at_step is not None else {}
    told |= {"tolerance": request.tolerance} if request and request.tolerance is not None else {}
    told |= {"margin": request.margin} if request and request.margin is not None else {}
    told |= {"goal": request.goal} if request and request.goal else {}
    while len(json.dumps(told)) > MAX_METADATA_CHARS:
        told["runs"].pop()
    return told


def _are_texts(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(each, str) for each in told)


# What can be pressed below a comparison: one row of four, the rest in a menu and with the details.


PREFIX = "follow:"
MENU = f"{PREFIX}more"
ADD = "add"
CSV = "csv"  # all of it as a file, in the thread
WIDE = 20  # metrics: of more a message may show a part
OPEN = "open"  # only opens an address
_BUTTONS = {"why": "Why?", "curves": "Curves", "swap": "Swap"}


@dataclass(frozen=True, slots=True)
class ComparisonButtons:
    """The row below the message, and what stands with the details."""

    row: tuple[Block, ...] = ()
    more: tuple[Block, ...] = ()
    has_menu: bool = False


def is_wide(comparison: Comparison) -> bool:
    """Whether a message may leave out rows or columns of it, so that a file is of use."""
    return len(comparison.sides) > ROWS_OF_METRICS or len(comparison.metrics) > WIDE


def comparison_buttons(
    state: ComparisonState | None, comparison: Comparison, *, whole_url: str = ""
) -> ComparisonButtons:
    """The buttons, all holding the same; none where the comparison does not fit into one.

    `whole_url` opens the comparison in MLflow.
    """
    value = comparison_value(state) if state else ""
    goals = goal_button(comparison)
    if state is None or not value:
        return ComparisonButtons(more=tuple(goals))
    if state.request.why:
        return ComparisonButtons((push("Whole comparison", f"{PREFIX}whole", value),))
    why, curves, swap = (push(label, f"{PREFIX}{name}", value) for name, label in _BUTTONS.items())
    is_open = bool(goals) and all(each.standing is VerdictKind.UNKNOWN for each in comparison.verdicts)
    seeds = repeats_button(state, comparison)
    first = goals if is_open else seeds  # what would decide
    buttons = (*first, why, swap) if first else (why, curves, swap)
    seldom = [curves] * bool(first) + goals * (not is_open) + seeds * is_open
    are_many = len(comparison.sides) > ROWS_OF_METRICS
    options = _options(state, are_many=are_many, has_url=bool(whole_url), has_file=is_wide(comparison))
    shown = dict(list(options.items())[:OPTIONS])
    row = (*buttons, menu(MENU, shown, {OPEN: whole_url} if whole_url else None))
    rest = [push(label, f"{PREFIX}{name}", value) for name, label in options.items() if name not in shown]
    return ComparisonButtons(row, (*rest, *seldom), has_menu=True)


def _options(state: ComparisonState, *, are_many: bool, has_url: bool, has_file: bool) -> dict[str, str]:
    """The menu, what is wanted most first."""
    request = state.request
    reading = request.best or request.at_step is not None
    all_, fewer = ("All metrics", "Fewer metrics") if are_many else ("Show unchanged", "Hide unchanged")
    return {
        **({OPEN: "Compare in MLflow"} if has_url else {}),
        **({CSV: "Download CSV"} if has_file else {}),
        **({"fewer": fewer} if request.everything else {"all": all_}),
        **({"last": "Last values"} if reading else {"best": "Best values"}),
        ADD: "Add a run …",
        "refresh": "Refresh",
        **({"fewer": "Also what is the same"} if request.differing else {"differing": "Only differences"}),
    }


def pair_button(label: str, runs: Sequence[Run], *, asks_why: bool = False) -> list[Block]:
    """Compares two runs, the baseline first, in the thread of the message; none where there are no two."""
    if len(runs) != 2:
        return []
    value = comparison_value(ComparisonState(compared([run.run_id for run in runs])))
    return [push(label, f"{PREFIX}{'why' if asks_why else 'pair'}", value)] if value else []


def repeats_button(state: ComparisonState | None, comparison: Comparison) -> list[Block]:
    """Below single runs each of which has repeats: all of them, compared in the thread."""
    value = comparison_value(state) if state and comparison.repeats else ""
    return [push("Compare all seeds", f"{PREFIX}repeats", value)] if value else []


# The button that asks which way metrics are better: what it holds, and below which comparisons it stands.


GOALS_ACTION = "goals:set"
BY_NAME = "name"  # nothing is set: the name tells, or nothing does
MAX_GOALS = 15  # metrics in one dialog
_LONGEST = 240  # characters of a name that an id of a block can hold
_SIGNS = {"h": Goal.HIGHER.value, "l": Goal.LOWER.value, "u": Goal.UNKNOWN.value, "n": BY_NAME}


@dataclass(frozen=True, slots=True)
class GoalChoice:
    """A metric, and what is set for it in the channel: higher, lower, unknown, or that its name tells."""

    metric: str
    goal: str = BY_NAME


def goal_button(comparison: Comparison) -> list[Block]:
    """Below a comparison whose goals were assumed, are not known, or were set for the channel."""
    choices = list(dict.fromkeys(_asked(each) for each in sorted(comparison.metrics, key=_place) if _is_open(each)))
    value = goals_to_value(choices[:MAX_GOALS])
    return [push("Set goals …", GOALS_ACTION, value)] if value else []


def goals_to_value(choices: list[GoalChoice]) -> str:
    """The value of a button that holds goals, as many as fit; "" for none."""
    signs = {goal: sign for sign, goal in _SIGNS.items()}
    pairs = [[each.metric, signs[each.goal]] for each in choices if len(each.metric) <= _LONGEST]
    while pairs and not to_value(pairs):
        pairs.pop()
    return to_value(pairs) if pairs else ""


def goals_from_value(value: str) -> list[GoalChoice]:
    """What a button holds; nothing for what is none of ours."""
    pairs = [
        each
        for each in items_in(value)
        if isinstance(each, list) and len(each) == 2 and all(isinstance(e, str) for e in each)
    ]
    return [GoalChoice(name, _SIGNS[sign]) for name, sign in pairs if sign in _SIGNS and 0 < len(name) <= _LONGEST][
        :MAX_GOALS
    ]


def _asked(metric: MetricComparison) -> GoalChoice:
    return GoalChoice(metric.logged_as, metric.goal.value if metric.goal_source is GoalSource.CHANNEL else BY_NAME)


def _is_open(metric: MetricComparison) -> bool:
    moved = any(change.outcome is Outcome.CHANGED for change in metric.changes)
    return metric.goal_source in (GoalSource.NAME, GoalSource.CHANNEL) or (metric.goal is Goal.UNKNOWN and moved)


def _place(metric: MetricComparison) -> int:
    """What nobody knows comes first, then what was assumed."""
    return {GoalSource.NONE: 0, GoalSource.NAME: 1}.get(metric.goal_source, 2)
