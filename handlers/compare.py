"""Comparing runs: the table everybody in the channel sees, and its buttons."""

import re
from dataclasses import replace
from typing import Any

from slack_bolt import App

from comparison import wording
from comparison.asking import ask
from comparison.outcome import Comparison
from comparison.request import Compare, Linked, Named, RunReference
from handlers.drawing import draw
from handlers.escaping import clip, mrkdwn, one_line
from handlers.posting import Delivery
from handlers.reply import Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services

_NAMED = 4  # runs named while working
_KEPT = 20  # run ids in the metadata


def register(app: App) -> None:
    app.action(re.compile(r"^open:"))(acknowledge)


def acknowledge(ack: Any) -> None:
    """A button that opens an address tells us, too; without an answer Slack would show a warning beside it."""
    ack()


def answer(request: Compare, said: Said, services: Services, delivery: Delivery) -> None:
    now = int(services.now().timestamp() * 1000)
    comparison = ask(request, services.runs, now=now)
    report = wording.word(
        comparison,
        ui_url=services.ui_url,
        now=now,
        everything=request.everything,
        rules_url=services.rules_url,
        command=services.command,
    )
    metadata = {"event_payload": {"runs": _run_ids(comparison)}}

    def drawn(rung: Rung) -> Reply:
        return replace(draw(report, rung=rung, asked_by=said.user), metadata=metadata)

    delivery.answer(drawn)


def say_meanwhile(request: Compare, _said: Said, _services: Services, delivery: Delivery) -> None:
    names = [_name(reference) for reference in request.runs[:_NAMED]]
    more = [f"{len(request.runs) - _NAMED} more"] if len(request.runs) > _NAMED else []
    *others, last = [*names, *more] or ["runs"]
    named = f"{', '.join(others)} with {last}" if others else last
    delivery.show_working(f"Comparing {named} …")


def _name(reference: RunReference) -> str:
    match reference:
        case Named():
            return mrkdwn(clip(one_line(reference.text), 60), 200)
        case Linked():
            return mrkdwn(reference.run_id[:8], 40)
    return "what you described"


def _run_ids(comparison: Comparison) -> list[str]:
    ids = dict.fromkeys(run.run_id for side in comparison.sides for run in side.runs)
    return list(ids)[:_KEPT]
