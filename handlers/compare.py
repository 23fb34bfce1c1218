"""Comparing runs: the table everybody in the channel sees, and its buttons."""

import logging
import re
from dataclasses import replace
from typing import Any

from slack_bolt import App

from comparison import wording
from comparison.asking import ask
from comparison.choosing import Several
from comparison.defaults import Defaults
from comparison.errors import RunNotFound
from comparison.following import COMPARED
from comparison.outcome import Comparison
from comparison.report import Report
from comparison.request import Compare, Linked, Named, RunReference
from comparison.wording import agreed as agreement
from handlers.agreed import defaults_of
from handlers.drawing import draw
from handlers.escaping import clip, mrkdwn, one_line
from handlers.goal_button import goal_button
from handlers.held import Held, hold, ids, payload
from handlers.ladder import Draw
from handlers.posting import Delivery
from handlers.recorded import Recorded
from handlers.reply import Reply
from handlers.row import row
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_NAMED = 4  # runs named while working
_KEPT = 20  # run ids in the metadata


def register(app: App) -> None:
    app.action(re.compile(r"^open:"))(acknowledge)


def acknowledge(ack: Any) -> None:
    """A button that opens an address tells us, too; without an answer Slack would show a warning beside it."""
    ack()


def answer(request: Compare, said: Said, services: Services, delivery: Delivery) -> None:
    agreed = defaults_of(services.defaults, said)
    comparison = look(request, services, agreed)
    held = None if request.part else hold(request, comparison, asked_by=said.user)
    delivery.answer(drawing(request, comparison, services, asked_by=said.user, held=held, agreed=agreed))
    if held:
        remember(held, comparison, said, services, delivery.posted_ts)


def say_meanwhile(request: Compare, _said: Said, _services: Services, delivery: Delivery) -> None:
    known = [each for each in request.runs if getattr(each, "at", 0) != COMPARED]
    if len(known) < len(request.runs):
        delivery.show_working("Comparing …")
        return
    names = [_name(reference) for reference in request.runs[:_NAMED]]
    more = [f"{len(request.runs) - _NAMED} more"] if len(request.runs) > _NAMED else []
    *others, last = [*names, *more] or ["runs"]
    named = f"{', '.join(others)} with {last}" if others else last
    delivery.show_working(f"Comparing {named} …")


def look(request: Compare, services: Services, agreed: Defaults | None = None) -> Comparison:
    """The comparison as it is now. Raises RequestError; of a run that was compared before, that it is gone."""
    try:
        return ask(request, services.runs, now=services.now(), defaults=agreed, several=Several.ASK)
    except RunNotFound as error:
        if error.at != COMPARED:
            raise
        gone = "A run of this comparison is no longer on this MLflow server, so I cannot look at it again."
        raise RunNotFound(gone, remedy="It was deleted for good, or the server is another one now.") from error


def drawing(  # noqa: PLR0913 -- all but three have defaults and are given by name
    request: Compare,
    comparison: Comparison,
    services: Services,
    *,
    asked_by: str,
    changed_by: str = "",
    held: Held | None = None,
    agreed: Defaults | None = None,
) -> Draw:
    """The message for a comparison, as each rung of the ladder has it."""
    report = _worded(request, comparison, services)
    if not request.part:
        report = replace(
            report, footnotes=(*agreement.used(request, comparison, agreed or Defaults()), *report.footnotes)
        )
    run_ids = dict.fromkeys(run.run_id for side in comparison.sides for run in side.runs)
    metadata = {"event_payload": payload(held, list(run_ids)[:_KEPT])}
    pressable = row(held)
    if pressable and not request.why:
        pressable += goal_button(comparison)

    def drawn(rung: Rung) -> Reply:
        reply = draw(report, rung=rung, asked_by=asked_by, changed_by=changed_by, row=pressable)
        return replace(reply, metadata=metadata)

    return drawn


def remember(held: Held, comparison: Comparison, said: Said, services: Services, message_ts: str) -> None:
    """For those who go on talking about it; that it cannot be kept is no reason not to answer."""
    request = held.request
    record = Recorded(
        id=f"{said.channel}:{message_ts}" if message_ts else said.delivery,
        workspace=said.team,
        channel=said.channel,
        thread=said.answer_ts,
        message_ts=message_ts,
        asked_by=held.asked_by or said.user,
        at=int(services.now().timestamp()),
        runs=ids(request),
        labels=tuple(side.label for side in comparison.sides),
        experiment=comparison.baseline.runs[0].experiment.name,
        metrics=request.metrics,
        everything=request.everything,
        best=request.best,
        at_step=request.at_step,
        differing=request.differing,
        tolerance=request.tolerance,
    )
    try:
        services.comparisons.remember(record)
    except Exception:
        log.exception("a comparison could not be remembered")


def _worded(request: Compare, comparison: Comparison, services: Services) -> Report:
    report = wording.word(
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
        return wording.part(comparison, report, request.part)
    return wording.reasons(comparison, report) if request.why else report


def _now(services: Services) -> int:
    return int(services.now().timestamp() * 1000)


def _name(reference: RunReference) -> str:
    match reference:
        case Named():
            return mrkdwn(clip(one_line(reference.text), 60), 200)
        case Linked():
            return mrkdwn(reference.run_id[:8], 40)
    return "what you described"
