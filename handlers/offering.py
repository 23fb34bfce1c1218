"""What can be chosen when a request cannot be answered as it stands: the runs that may be meant, or the nearest names.

The buttons hold the whole request with the run in place, so that nothing has to be kept for them; where that has no
room, it is to be typed.
"""

from dataclasses import dataclass, replace

from comparison import wording
from comparison.completing import completed
from comparison.errors import RequestError
from comparison.report import Report
from handlers.blocks import actions, aside, beside, push
from handlers.drawing import draw
from handlers.escaping import clip, length, mrkdwn, one_line
from handlers.limits import IDENTIFIER, TEXT, VALUE
from handlers.reply import Block, Reply
from handlers.rung import Rung
from handlers.said import Said

SHOWN = 10  # runs in a picker
PREFIX = "pick:"
_NEAREST = 5
_LINE = 300
_MARK = "|"  # between what the id of a block keeps
_TOO_LONG = "Your request is too long for a button: type it again with the id of the run."


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked to choose, and where the answer belongs; kept in the ids of a picker's blocks."""

    user: str
    thread_ts: str = ""
    answer_ts: str = ""

    def block_id(self, number: int) -> str:
        return _MARK.join((f"{PREFIX}{number}", self.user, self.thread_ts, self.answer_ts))[:IDENTIFIER]


def asked_of(block_id: str) -> Asked | None:
    """What the id of a picker's block keeps; None for any other id."""
    parts = block_id.split(_MARK)
    return Asked(*parts[1:]) if len(parts) == 4 and parts[0].startswith(PREFIX) else None


def offer(error: RequestError, report: Report, said: Said, *, now: int, rung: Rung) -> Reply:
    """The error as a message, with what can be chosen instead."""
    reply = draw(report, rung=rung)
    asked = Asked(said.user, said.thread_ts, said.answer_ts)
    if error.choices:
        return _with_choices(error, reply, asked, now=now, rung=rung)
    buttons = _nearest(error) if rung is not Rung.TEXT else []
    return (
        replace(reply, blocks=(*reply.blocks, {**actions(buttons), "block_id": asked.block_id(0)}))
        if buttons
        else reply
    )


def _with_choices(error: RequestError, reply: Reply, asked: Asked, *, now: int, rung: Rung) -> Reply:
    """The newest runs, a line and a button each."""
    shown = sorted(error.choices, key=lambda run: -(run.started_at or 0))[:SHOWN]
    lines = [clip(one_line(wording.choice(run, now=now, metrics=error.metrics)), _LINE) for run in shown]
    values = [completed(error.text, error.at, error.end, run.run_id) for run in shown]
    fits = all(value and length(value) <= VALUE for value in values)
    rows: list[Block] = [
        beside(line, push("Compare this", f"{PREFIX}{number}", value), asked.block_id(number)) if fits else aside(line)
        for number, (line, value) in enumerate(zip(lines, values, strict=True))
    ]
    left = len(error.choices) - len(shown)
    notes = [f"{left:,} more: narrow with in <experiment>, or name one by its id."] if left else []
    notes += [] if fits else [_TOO_LONG]
    text = "\n".join([reply.text, *(mrkdwn(line, _LINE) for line in [*lines, *notes])])
    blocks = (*reply.blocks, *rows, *map(aside, notes)) if rung is not Rung.TEXT else ()
    return replace(reply, text=clip(text, TEXT), blocks=blocks)


def _nearest(error: RequestError) -> list[Block]:
    """A button for each near name that completes the request."""
    values = [(name, completed(error.text, error.at, error.end, name)) for name in error.near[:_NEAREST]]
    kept = [(name, value) for name, value in values if value and length(value) <= VALUE]
    return [push(one_line(name), f"{PREFIX}{number}", value) for number, (name, value) in enumerate(kept)]
