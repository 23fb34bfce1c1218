"""Curves and sweeps: charts with their conclusion in words."""

from dataclasses import replace

from comparison.queries.curves import ask_curves
from comparison.queries.sweeps import ask_sweep
from comparison.report import Report
from comparison.reports.curves import curves_report
from comparison.reports.sweeps import sweep_report
from comparison.request import Curves, Sweep
from comparison.resolve.runs import ChosenRuns
from handlers.incoming import Utterance
from handlers.services import Services
from handlers.slack.blocks import Reply
from handlers.slack.delivery import Delivery
from handlers.slack.fallback import BlockLevel
from handlers.slack.pictures import Pictures
from handlers.slack.render import draw
from handlers.stores import defaults_of

REQUESTS = (Curves, Sweep)  # what this feature answers

_REMEMBERED = 20  # run ids in the metadata


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
