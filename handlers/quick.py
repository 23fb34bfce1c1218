"""Quick answers for standups: what happened, what runs, what failed, the top, and one run by itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from comparison import quick
from comparison.choosing import Several
from comparison.defaults import Defaults
from comparison.report import Report
from comparison.request import Failed, Running, Show, Standup, Top
from comparison.wording import quick as wording
from handlers.agreed import defaults_of
from handlers.drawing import draw
from handlers.escaping import clip, mrkdwn, one_line
from handlers.posting import Delivery
from handlers.reply import Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services

Quick = Standup | Running | Failed | Top | Show
_KEPT = 20  # run ids in the metadata


def answer(request: Quick, said: Said, services: Services, delivery: Delivery) -> None:
    defaults = defaults_of(services.defaults, said)
    report, runs = _ANSWERS[type(request)](request, services, defaults)
    metadata = {"event_payload": {"runs": runs[:_KEPT]}}

    def drawn(rung: Rung) -> Reply:
        return replace(draw(report, rung=rung, asked_by=said.user), metadata=metadata)

    delivery.answer(drawn)


def say_meanwhile(request: Quick, _said: Said, _services: Services, delivery: Delivery) -> None:
    place = "" if not request.experiment else f" in {mrkdwn(clip(one_line(request.experiment), 60), 200)}"
    doing = {
        Standup: "Looking up what happened",
        Running: "Looking up what runs",
        Failed: "Looking up what failed",
        Top: "Looking for the top runs",
        Show: "Looking up the run",
    }[type(request)]
    delivery.show_working(f"{doing}{place} …")


_Told = tuple[Report, list[str]]


def _standup(request: Standup, services: Services, defaults: Defaults) -> _Told:
    digest = quick.standup(request, services.runs, now=services.now(), defaults=defaults)
    report = wording.standup_report(digest, ui_url=services.ui_url, command=services.command)
    return report, [group.best.run.run_id for group in digest.groups if group.best]


def _running(request: Running, services: Services, defaults: Defaults) -> _Told:
    found = quick.running(request, services.runs, now=services.now(), defaults=defaults)
    report = wording.running_report(found, ui_url=services.ui_url, command=services.command)
    return report, [run.run_id for run in found.runs]


def _failed(request: Failed, services: Services, defaults: Defaults) -> _Told:
    found = quick.failed(request, services.runs, now=services.now(), defaults=defaults)
    report = wording.failed_report(found, ui_url=services.ui_url, command=services.command)
    return report, [run.run_id for run in found.runs]


def _top(request: Top, services: Services, defaults: Defaults) -> _Told:
    found = quick.top(request, services.runs, now=services.now(), defaults=defaults)
    report = wording.top_report(found, ui_url=services.ui_url, command=services.command)
    return report, [run.run_id for run in found.runs]


def _show(request: Show, services: Services, defaults: Defaults) -> _Told:
    found = quick.show(request, services.runs, now=services.now(), defaults=defaults, several=Several.ASK)
    report = wording.show_report(found, who=request.who, ui_url=services.ui_url, command=services.command)
    return report, [run.run_id for run in found.side.runs]


_ANSWERS: dict[type, Callable[[Any, Services, Defaults], _Told]] = {
    Standup: _standup,
    Running: _running,
    Failed: _failed,
    Top: _top,
    Show: _show,
}
