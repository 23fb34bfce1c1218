"""Curves and sweeps: charts with their conclusion in words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.queries.curves import ask_curves
from comparison.queries.sweeps import LooseTrials, ask_sweep
from comparison.report import Report
from comparison.reports.curves import curves_report
from comparison.reports.sweeps import loose_report, sweep_report
from comparison.request import Curves, Sweep
from comparison.resolve.scope import ChosenRuns
from comparison.run_reference import Linked
from comparison.runs import Goal, Run
from handlers.compare.message import pair_button
from handlers.conversation import ParsedRequest, RunClaim, answer_words, hand_over
from handlers.services import Feature, Services
from handlers.slack.blocks import Block, Reply, fields_in, push, to_value
from handlers.slack.delivery import Delivery
from handlers.slack.fallback import BlockLevel, Pictures
from handlers.slack.render import draw
from handlers.stores import ShownRuns, defaults_of, remember_answer
from handlers.utterance import ButtonPress, Utterance, button_press

REQUESTS = (Curves, Sweep)  # what this feature answers

PREFIX = "trends:"
SWEEP = f"{PREFIX}sweep"  # asks what the sweep found whose parent, or whose experiment, the button holds
CURVES = f"{PREFIX}curves"  # draws the curves of the runs that the button holds
LOOSE = f"{PREFIX}loose"  # takes runs that nothing calls a sweep for one
_ID = re.compile(r"[0-9a-zA-Z_.-]{1,64}")
_REMEMBERED = 20  # run ids in the metadata
_MOST_METRICS = 2  # that a button holds
_TOGETHER = 5  # seconds: what is pressed twice within so long is one press


def register(app: App) -> None:
    app.action(re.compile(f"^{PREFIX}"))(on_button)


def on_button(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """Answers in the thread of its message; what only the asker saw is answered where it was asked."""
    ack()
    pressed = button_press(body)
    request = request_in(pressed)
    if request is None:
        return
    utterance = pressed.utterance
    is_loose = pressed.action == LOOSE
    thread = utterance.thread_ts if is_loose else utterance.thread_ts or pressed.message_ts
    spot = sha256(f"{utterance.channel}:{pressed.message_ts}:{pressed.action}:{pressed.choice}".encode()).hexdigest()[
        :20
    ]
    moment = int(services.now().timestamp()) // _TOGETHER
    keys = [f"press:{spot}:{each}" for each in (moment - 1, moment)]
    feature: Feature = LooseSweep() if is_loose else services.features[type(request)]
    job = answer_words(
        replace(utterance, thread_ts=thread, answer_ts=thread, delivery=keys[-1]),
        client,
        services,
        meaning=ParsedRequest(lambda: (request, feature)),
        claim=RunClaim(services, *keys),
    )
    job.call_off.append(services.later(services.working_after, job.show_progress))
    hand_over(job, services, job.run)


def request_in(pressed: ButtonPress) -> Curves | Sweep | None:
    """What a button asks; None for what is none of ours."""
    fields = fields_in(pressed.choice)
    named = fields.get("m", [])
    metrics = tuple(each for each in named if isinstance(each, str)) if isinstance(named, list) else ()
    goal = str(fields.get("g", ""))
    if pressed.action == CURVES:
        runs = str(fields.get("r", "")).split(",")
        return Curves(tuple(map(Linked, runs)), metrics=metrics) if all(map(_ID.fullmatch, runs)) else None
    if goal not in ("", *Goal):
        return None
    if _ID.fullmatch(str(fields.get("p", ""))):
        return Sweep(Linked(str(fields["p"])), metrics=metrics, goal=goal)
    if _ID.fullmatch(str(fields.get("e", ""))):
        return Sweep(experiment=str(fields["e"]), metrics=metrics, goal=goal)
    return None


def sweep_button(parent_id: str, *, experiment_id: str = "") -> list[Block]:
    """Asks what a sweep found, by its parent, else the newest of an experiment; none where no id can be held."""
    fields = {"p": parent_id} if parent_id else {"e": experiment_id}
    return [push("Sweep", SWEEP, to_value(fields))] if _ID.fullmatch(parent_id or experiment_id) else []


def curves_button(runs: Sequence[Run], metrics: Sequence[str] = ()) -> list[Block]:
    """Draws the curves of these runs, the baseline first; none where no run logged more than one step."""
    if not any(metric.step for run in runs for metric in run.metrics.values()):
        return []
    value = to_value({"r": ",".join(run.run_id for run in runs)} | ({"m": list(metrics)} if metrics else {}))
    return [push("Curves", CURVES, value)] if value and all(_ID.fullmatch(run.run_id) for run in runs) else []


def answer(request: Curves | Sweep, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    if isinstance(request, Sweep):
        try:
            answer_sweep(request, utterance, services, delivery)
        except LooseTrials as loose:
            report, row = loose_report(loose), _loose_button(request, loose)
            delivery.answer_privately(lambda rung: draw(report, rung=rung, row=row))
        return
    defaults = defaults_of(services.defaults, utterance)
    found = ask_curves(request, services.runs, now=services.now(), defaults=defaults, several=ChosenRuns.ASK)
    report = curves_report(found, ui_url=services.ui_url, command=services.command)
    answer_with_charts(report, [side.runs[0].run_id for side in found.sides], utterance, services, delivery)
    shown = ShownRuns([side.runs[0] for side in found.sides])
    remember_answer(services.answers, request, shown, utterance, delivery.posted_ts, services.now())


def answer_sweep(
    request: Sweep, utterance: Utterance, services: Services, delivery: Delivery, *, takes_loose: bool = False
) -> None:
    """Answers with what the sweep found. Raises LooseTrials where nothing says that the runs are one."""
    defaults = defaults_of(services.defaults, utterance)
    swept = ask_sweep(
        request,
        services.runs,
        now=services.now(),
        defaults=defaults,
        several=ChosenRuns.ASK,
        takes_loose=takes_loose,
    )
    report = sweep_report(swept, ui_url=services.ui_url, command=services.command)
    best = [trial.key for trial in swept.findings.ranked] if swept.findings else []
    pair = [swept.by_key[key] for key in best[1::-1]] if len(best) > 1 else []
    answer_with_charts(report, best, utterance, services, delivery, row=pair_button("Compare top 2", pair))


@dataclass(frozen=True)
class LooseSweep:
    """The feature that takes runs for a sweep which nothing calls one: somebody said that they are."""

    def answer(self, request: Sweep, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        answer_sweep(request, utterance, services, delivery, takes_loose=True)

    def show_progress(self, request: Sweep, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        show_progress(request, utterance, services, delivery)


def _loose_button(request: Sweep, loose: LooseTrials) -> list[Block]:
    fields: dict[str, Any] = {"e": loose.experiment.experiment_id}
    fields |= {"m": list(request.metrics[:_MOST_METRICS])} if request.metrics else {}
    fields |= {"g": request.goal} if request.goal else {}
    value = to_value(fields)
    return [push("They are one sweep", LOOSE, value)] if value and _ID.fullmatch(fields["e"]) else []


def answer_with_charts(  # noqa: PLR0913 -- what can be pressed below it has a default
    report: Report,
    runs: list[str],
    utterance: Utterance,
    services: Services,
    delivery: Delivery,
    *,
    row: Sequence[Block] = (),
) -> None:
    """Answers with the best picture that the workspace takes; what has to be uploaded is, before anything is drawn.

    `row` is what can be pressed below it: what the steps of the report would have people type.
    """
    is_drawn_here = services.capabilities.rung(utterance.team) > BlockLevel.ALL
    pictures = Pictures(report.charts, delivery.outlet, utterance.team, services.pictures)
    pictures.upload_first(is_drawn_here=is_drawn_here)
    metadata = {"event_payload": {"runs": runs[:_REMEMBERED]}}

    def drawn(rung: BlockLevel) -> Reply:
        placed = ("pair",) if row else ()
        reply = draw(report, rung=rung, asked_by=utterance.user, row=row, placed=placed, pictures=pictures)
        return replace(reply, metadata=metadata)

    delivery.answer_publicly(drawn)


def show_progress(request: Curves | Sweep, _utterance: Utterance, _services: Services, delivery: Delivery) -> None:
    delivery.show_working("Looking at the trials …" if isinstance(request, Sweep) else "Reading the curves …")
