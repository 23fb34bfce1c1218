"""The Home tab as Slack draws it: recent comparisons, what channels agreed on, how to ask, and how MLflow is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from comparison import wording
from comparison.defaults import Agreed
from comparison.wording.agreed import listed
from handlers.blocks import actions, aside, beside, bullets, context, header, marked, paragraph, plain, rich_text, words
from handlers.escaping import clip, link, mrkdwn, one_line
from handlers.limits import BLOCK_TEXT
from handlers.opening import Start, opener
from handlers.recorded import Recorded
from handlers.reply import Block
from handlers.watch_list import entry
from handlers.watches import Changed, Kept

_LABEL = 60
_RUNS = 4  # named in a line
_SETTINGS = 900  # characters for one channel
_NONE_YET = "Nothing yet. What you ask me to compare is listed here."
WATCHES = 12  # shown
_NOTHING_WATCHED = "You set up no watch yet. To hear in a channel when runs end, type there"
_NOTHING_SET = "Nothing is set in channels where you asked me. To set something, type there"


@dataclass(frozen=True, slots=True)
class Recent:
    """One comparison that somebody asked for; `permalink` is "" where Slack did not tell."""

    record: Recorded
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel and what it agreed on."""

    id: str
    agreed: tuple[Agreed, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """A watch of a channel, and what was changed of it last."""

    kept: Kept
    last: Changed | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All that the tab shows. `problem` is MLflow's, "" when it answered."""

    recent: Sequence[Recent] = ()
    channels: Sequence[Channel] = ()
    watched: Sequence[Watched] = ()  # those of one channel stand together
    examples: wording.Examples = field(default_factory=wording.Examples)
    problem: str = ""
    command: str = "/mlcompare"


def home_view(told: Told) -> dict[str, Any]:
    blocks = [
        header("Compare MLflow runs"),
        actions([opener()]),
        header("Your recent comparisons"),
        *_recent(told.recent),
        header("What your channels agreed on"),
        *_channels(told),
        header("What your channels watch"),
        *_watched(told),
        header("How to ask"),
        *_help(told),
        aside(_health(told.problem)),
    ]
    return {"type": "home", "blocks": blocks}


def _recent(recent: Sequence[Recent]) -> list[Block]:
    if not recent:
        return [aside(_NONE_YET)]
    return [_compared(each, number) for number, each in enumerate(recent, 1)]


def _compared(recent: Recent, number: int) -> Block:
    record = recent.record
    labels = [clip(one_line(label), _LABEL) for label in record.labels[:_RUNS]]
    more = f" and {len(record.runs) - _RUNS} more" if len(record.runs) > _RUNS else ""
    title = " vs ".join(labels) + more if labels else "A comparison"
    named = link(recent.permalink, title, 600) if recent.permalink else mrkdwn(title, 600)
    place = "in direct messages" if record.channel.startswith("D") else f"in <#{record.channel}>"
    within = f" · {mrkdwn(one_line(record.experiment), 100)}" if record.experiment else ""
    when = f"<!date^{record.at}^{{date_short_pretty}} at {{time}}|earlier>"
    pairs = zip(record.runs, record.labels or record.runs, strict=False)
    runs = tuple((run_id, f"{clip(one_line(label), 50)} ({run_id[:8]})") for run_id, label in pairs)
    start = Start(runs, record.channel)
    again = opener("Compare again …", start, number=number)
    return {**beside("", again, f"recent:{number}"), "text": marked(f"*{named}*{within}\n{when} {place}")}


def _channels(told: Told) -> list[Block]:
    agreed = [{"type": "section", "text": marked(_agreed(each))} for each in told.channels if each.agreed]
    return agreed or [aside(f"{_NOTHING_SET} {told.command} set metric accuracy")]


def _agreed(channel: Channel) -> str:
    name = "*Direct messages*" if channel.id.startswith("D") else f"*<#{channel.id}>*"
    lines = [
        f"• {mrkdwn(one_line(text), 200)}{_by(agreed)}"
        for text, agreed in zip(listed(channel.agreed), channel.agreed, strict=True)
    ]
    shown = lines[: _SETTINGS // 60]
    more = [f"and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return "\n".join([name, *shown, *more])[:BLOCK_TEXT]


def _by(agreed: Agreed) -> str:
    """Who set it: nobody is notified by a view."""
    when = f" <!date^{agreed.at}^{{date_short_pretty}}|earlier>" if agreed.at else ""
    return f", set by <@{agreed.by}>{when}" if agreed.by.isalnum() and agreed.by.isascii() else ""


def _watched(told: Told) -> list[Block]:
    """With the buttons of the list in the channel."""
    if not told.watched:
        return [aside(f"{_NOTHING_WATCHED} {told.command} watch my-experiment")]
    blocks: list[Block] = []
    channel = ""
    for number, each in enumerate(told.watched[:WATCHES]):
        if each.kept.channel != channel:
            channel = each.kept.channel
            name = "*Direct messages*" if channel.startswith("D") else f"*<#{channel}>*"
            blocks.append({"type": "section", "text": marked(name)})
        blocks += entry(each.kept, each.last, number=number)
    left = len(told.watched) - WATCHES
    return [*blocks, *([aside(f"and {left} more: type {told.command} watches there")] if left > 0 else [])]


def _help(told: Told) -> list[Block]:
    report = wording.help_report("", told.examples, told.command)
    lines = [
        paragraph(words(f"{step.text}: "), words(step.command, "code")) if step.command else paragraph(words(step.text))
        for step in report.steps
    ]
    more = context(plain(f"More: {told.command} help", 200))
    return [rich_text(bullets(lines)), more] if lines else [more]


def _health(problem: str) -> str:
    if not problem:
        return "MLflow answers."
    if problem == "not known yet":
        return "MLflow: I have not asked it yet."
    return f"MLflow cannot be asked right now: {one_line(problem)}"
