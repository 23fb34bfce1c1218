"""Curves and sweeps: charts with their conclusion in words."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.queries.curves import ask_curves
from comparison.queries.sweeps import ask_sweep
from comparison.report import Report
from comparison.reports.curves import curves_report
from comparison.reports.sweeps import sweep_report
from comparison.request import Curves, Sweep
from comparison.resolve.runs import ChosenRuns
from comparison.run_reference import Linked
from handlers.conversation import ParsedRequest, answer_words, hand_over
from handlers.incoming import Utterance, button_press
from handlers.services import Services
from handlers.slack.blocks import Block, Reply, push
from handlers.slack.button_value import fields_in, to_value
from handlers.slack.delivery import Delivery
from handlers.slack.fallback import BlockLevel
from handlers.slack.pictures import Pictures
from handlers.slack.render import draw
from handlers.stores import defaults_of

REQUESTS = (Curves, Sweep)  # what this feature answers

SWEEP = "trends:sweep"  # asks what the sweep found whose parent the button holds
_ID = re.compile(r"[0-9a-zA-Z_.-]{1,64}")
_REMEMBERED = 20  # run ids in the metadata


def register(app: App) -> None:
    app.action(SWEEP)(on_sweep)


def on_sweep(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    """The sweep whose parent the button holds, in the thread of its message."""
    ack()
    pressed = button_press(body)
    parent = str(fields_in(pressed.choice).get("p", ""))
    if not _ID.fullmatch(parent):
        return
    heard = pressed.said
    thread = heard.thread_ts or pressed.message_ts
    here = replace(heard, thread_ts=thread, answer_ts=thread)
    request = Sweep(Linked(parent))
    work = answer_words(
        here, client, services, meaning=ParsedRequest(lambda: (request, services.features[type(request)]))
    )
    work.call_off.append(services.later(services.working_after, work.show_progress))
    hand_over(work, services, work.run)


def sweep_button(parent_id: str) -> list[Block]:
    """Asks what a sweep found; none where the id cannot be held."""
    return [push("Sweep", SWEEP, to_value({"p": parent_id}))] if _ID.fullmatch(parent_id) else []


def answer(request: Curves | Sweep, said: Utterance, services: Services, delivery: Delivery) -> None:
    defaults = defaults_of(services.defaults, said)
    if isinstance(request, Sweep):
        swept = ask_sweep(request, services.runs, now=services.now(), defaults=defaults, several=ChosenRuns.ASK)
        told = sweep_report(swept, ui_url=services.ui_url, command=services.command)
        best = [trial.key for trial in swept.findings.ranked] if swept.findings else []
        answer_with_charts(told, best, said, services, delivery)
        return
    found = ask_curves(request, services.runs, now=services.now(), defaults=defaults, several=ChosenRuns.ASK)
    report = curves_report(found, ui_url=services.ui_url, command=services.command)
    answer_with_charts(report, [side.runs[0].run_id for side in found.sides], said, services, delivery)


def answer_with_charts(
    report: Report, runs: list[str], said: Utterance, services: Services, delivery: Delivery
) -> None:
    """Answers with the best picture that the workspace takes; what has to be uploaded is, before anything is drawn."""
    pictures = Pictures(report.charts, delivery.outlet, said.team, services.pictures)
    is_drawn_here = services.capabilities.rung(said.team) > BlockLevel.ALL
    for number, chart in enumerate(report.charts):
        if is_drawn_here or chart.lines is None:
            pictures(number)
    metadata = {"event_payload": {"runs": runs[:_REMEMBERED]}}

    def drawn(rung: BlockLevel) -> Reply:
        return replace(draw(report, rung=rung, asked_by=said.user, pictures=pictures), metadata=metadata)

    delivery.answer_publicly(drawn)


def show_progress(request: Curves | Sweep, _said: Utterance, _services: Services, delivery: Delivery) -> None:
    delivery.show_working("Looking at the trials …" if isinstance(request, Sweep) else "Reading the curves …")
