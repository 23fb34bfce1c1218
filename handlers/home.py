"""The Home tab, drawn anew each time somebody opens it."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.channel_defaults import ChannelSetting
from comparison.concurrency import side_by_side
from comparison.reports.channel_settings import setting_lines
from comparison.reports.help import Examples, examples_of, help_report
from handlers.access.rules import is_in
from handlers.compare.dialog import DialogStart, opener
from handlers.conversation import answer_words, hand_over
from handlers.services import Services, Work
from handlers.slack.blocks import (
    Block,
    actions,
    aside,
    beside,
    bullets,
    context,
    header,
    marked,
    paragraph,
    plain,
    push,
    rich_text,
    words,
)
from handlers.slack.client import SlackClient, SlackError
from handlers.slack.escape import clip, link, mrkdwn, one_line
from handlers.slack.limits import BLOCK_TEXT, VALUE
from handlers.stores import PostedComparison, StoredWatch, WatchChange
from handlers.utterance import button_press, mapping, string, team
from handlers.watch.list import last_changes, watch_entry

log = logging.getLogger(__name__)

EXAMPLE = "home:example:"
EXAMPLE_BUTTONS = 3
RECENT = 5  # comparisons that are shown
CHANNELS = 8
WATCHED = 5  # channels whose watches are shown
_LOOKED_AT = 40  # comparisons that tell in which channels somebody asks
_WITHIN = 1.5  # seconds for names to make examples of
_PATIENCE = 10.0  # seconds to be put off by Slack
_EXAMPLES = 20  # runs


def register(app: App) -> None:
    app.event("app_home_opened")(on_home)
    app.action(re.compile(f"^{EXAMPLE}"))(on_example)


def on_example(ack: Any, body: dict[str, Any], client: WebClient, services: Services) -> None:
    """An example is answered in direct messages, as if it was typed there."""
    ack()
    pressed = button_press(body)
    if not pressed.choice:
        return
    utterance = replace(pressed.utterance, words=pressed.choice, channel=pressed.utterance.user, is_direct=True)
    job = answer_words(utterance, client, services)
    job.call_off.append(services.later(services.working_after, job.show_progress))
    hand_over(job, services, job.run)


def on_home(ack: Any, body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    event = mapping(body, "event")
    user, workspace = string(event, "user"), team(body)
    if string(event, "tab") != "home" or not user:
        return
    outlet = SlackClient.of(client, services.sleep, _PATIENCE)
    if services.pool.submit(Work(lambda: publish(user, workspace, outlet, services), user, user)) is None:
        log.warning("a Home tab was not drawn: too much else to do")


def publish(user: str, workspace: str, outlet: SlackClient, services: Services) -> None:
    """Whatever cannot be told is left out; never raises."""
    try:
        outlet.publish_home(user, home_view(_told(user, workspace, outlet, services.for_channel(workspace, "", user))))
    except SlackError as failure:
        log.warning("a Home tab could not be drawn: %s", failure, extra={"places": failure.places})
    except Exception:
        log.exception("a Home tab could not be made")


@dataclass(frozen=True, slots=True)
class ChannelOnHome:
    """A channel and what it agreed on."""

    id: str
    settings: tuple[ChannelSetting, ...]


@dataclass(frozen=True, slots=True)
class RecentComparison:
    """One comparison that somebody asked for; `permalink` is "" where Slack did not tell."""

    record: PostedComparison
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class WatchOnHome:
    """A watch of a channel, and what was changed of it last."""

    stored: StoredWatch
    last: WatchChange | None = None


@dataclass(frozen=True, slots=True)
class HomeContent:
    """All that the tab shows. `problem` is MLflow's, "" when it answered."""

    recent: Sequence[RecentComparison] = ()
    channels: Sequence[ChannelOnHome] = ()
    watched: Sequence[WatchOnHome] = ()  # those of one channel stand together
    examples: Examples = field(default_factory=Examples)
    problem: str = ""
    command: str = "/mlcompare"


def _told(user: str, workspace: str, outlet: SlackClient, services: Services) -> HomeContent:
    comparisons = _asked(user, workspace, services)
    recent = _visible(comparisons[:RECENT], services)
    return HomeContent(
        recent=[
            RecentComparison(each, address) for each, address in zip(recent, _permalinks(recent, outlet), strict=True)
        ],
        channels=_channels_of(user, workspace, comparisons, services),
        watched=_watched_by(user, workspace, outlet, services),
        examples=_examples(recent, services),
        problem=services.mlflow_problem(),
        command=services.command,
    )


def _asked(user: str, workspace: str, services: Services) -> list[PostedComparison]:
    try:
        return services.comparisons.recent(workspace, user, limit=_LOOKED_AT)
    except Exception:
        log.exception("recent comparisons could not be looked up")
        return []


def _visible(recent: Sequence[PostedComparison], services: Services) -> list[PostedComparison]:
    """Comparisons of runs that may be seen here, where not all may: their names were kept with them."""
    if services.ungated is None:
        return list(recent)
    ids = tuple(dict.fromkeys(run_id for each in recent for run_id in each.runs))
    known = {run.run_id for run in services.lookup_cache.these(services.runs, ids, _WITHIN).runs} if ids else set()
    return [each for each in recent if known.issuperset(each.runs)]


def _permalinks(recent: Sequence[PostedComparison], outlet: SlackClient) -> list[str]:
    return side_by_side([partial(_permalink, each, outlet) for each in recent])


def _permalink(record: PostedComparison, outlet: SlackClient) -> str:
    if not record.message_ts:
        return ""  # posted where the bot is not: Slack told no address
    try:
        return outlet.permalink(record.channel, record.message_ts)
    except SlackError as failure:
        log.info("a message has no address: %s", failure)  # deleted, or the bot has left
        return ""


def _channels_of(
    user: str, workspace: str, posted: Sequence[PostedComparison], services: Services
) -> list[ChannelOnHome]:
    """Where this person asked or set something."""
    try:
        names = [*(each.channel for each in posted), *services.defaults.changed_by(workspace, user, limit=CHANNELS)]
        found = list(dict.fromkeys(filter(None, names)))[:CHANNELS]
        return [ChannelOnHome(each, tuple(services.defaults.settings(workspace, each))) for each in found]
    except Exception:
        log.exception("what channels agreed on could not be looked up")
        return []


def _watched_by(user: str, workspace: str, outlet: SlackClient, services: Services) -> list[WatchOnHome]:
    """Watches of channels where this person set some up: all where Slack tells that they are in it, else their own."""
    try:
        channels = services.watches.channels_of(workspace, user, limit=WATCHED)
        inside = side_by_side([partial(is_in, each, user, outlet) for each in channels])
        found: list[WatchOnHome] = []
        for channel, is_inside in zip(channels, inside, strict=True):
            last = last_changes(workspace, channel, services)
            watches = services.watches.of_channel(workspace, channel)
            found += [WatchOnHome(each, last.get(each.id)) for each in watches if is_inside or each.created_by == user]
    except Exception:
        log.exception("what channels watch could not be looked up")
        return []
    return found


def _examples(recent: Sequence[PostedComparison], services: Services) -> Examples:
    """Lines to copy of runs that this person compared, else of the newest; without names where MLflow is slow."""
    ids = tuple(dict.fromkeys(run_id for each in recent for run_id in each.runs))[:_EXAMPLES]
    known = services.lookup_cache.these(services.runs, ids, _WITHIN).runs if ids else ()
    runs = [run for run in known if not run.deleted]
    return examples_of(runs or services.lookup_cache.runs(services.runs, "", (), _WITHIN).runs)


# The Home tab as Slack draws it: recent comparisons, what channels agreed on, how to ask, and how MLflow is.


_LABEL = 60
_RUNS = 4  # named in a line
_SETTINGS = 900  # characters for one channel
_NONE_YET = "Nothing yet. What you ask me to compare is listed here."
WATCHES = 12  # shown
_NOTHING_WATCHED = "You set up no watch yet. To hear when runs end, in a channel type"
_NOTHING_SET = "Nothing is set in channels where you asked me. To set something, in a channel type"


def home_view(content: HomeContent) -> dict[str, Any]:
    blocks = [
        header("Compare MLflow runs"),
        actions([opener(), *_example_buttons(content)]),
        aside(_health(content.problem)),
        header("Your recent comparisons"),
        *_recent(content.recent),
        header("Watches"),
        *_watch_blocks(content),
        header("Channel defaults"),
        *_channel_blocks(content),
        header("How to ask"),
        *_help(content),
    ]
    return {"type": "home", "blocks": blocks}


def _example_buttons(content: HomeContent) -> list[Block]:
    """The first lines of the help that can be asked as they stand, answered in direct messages."""
    opening = f"{content.command} "
    typed = [step.command for step in help_report("", content.examples, content.command).steps]
    words = [each.removeprefix(opening) for each in typed if each.startswith(opening)]
    shown = [*dict.fromkeys([*(each for each in words if each != "help"), "standup", "help"])][:EXAMPLE_BUTTONS]
    return [push(clip(each, 60), f"{EXAMPLE}{number}", each) for number, each in enumerate(shown) if len(each) <= VALUE]


def _recent(recent: Sequence[RecentComparison]) -> list[Block]:
    if not recent:
        return [aside(_NONE_YET)]
    return [_compared(each, number) for number, each in enumerate(recent, 1)]


def _compared(recent: RecentComparison, number: int) -> Block:
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
    start = DialogStart(runs, record.channel)
    again = opener("Compare again …", start, number=number)
    return {**beside("", again, f"recent:{number}"), "text": marked(f"*{named}*{within}\n{when} {place}")}


def _channel_blocks(content: HomeContent) -> list[Block]:
    blocks = [{"type": "section", "text": marked(_agreed(each))} for each in content.channels if each.settings]
    return blocks or [aside(f"{_NOTHING_SET} {content.command} set metric accuracy")]


def _agreed(channel: ChannelOnHome) -> str:
    name = "*Direct messages*" if channel.id.startswith("D") else f"*<#{channel.id}>*"
    lines = [
        f"• {mrkdwn(one_line(text), 200)}{_by(setting)}"
        for text, setting in zip(setting_lines(channel.settings), channel.settings, strict=True)
    ]
    shown = lines[: _SETTINGS // 60]
    more = [f"and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return "\n".join([name, *shown, *more])[:BLOCK_TEXT]


def _by(setting: ChannelSetting) -> str:
    """Who set it: nobody is notified by a view."""
    when = f" <!date^{setting.at}^{{date_short_pretty}}|earlier>" if setting.at else ""
    return f", set by <@{setting.by}>{when}" if setting.by.isalnum() and setting.by.isascii() else ""


def _watch_blocks(content: HomeContent) -> list[Block]:
    """With the buttons of the list in the channel."""
    if not content.watched:
        return [aside(f"{_NOTHING_WATCHED} {content.command} watch *")]
    blocks: list[Block] = []
    channel = ""
    for number, each in enumerate(content.watched[:WATCHES]):
        if each.stored.channel != channel:
            channel = each.stored.channel
            name = "*Direct messages*" if channel.startswith("D") else f"*<#{channel}>*"
            blocks.append({"type": "section", "text": marked(name)})
        blocks += watch_entry(each.stored, each.last, number=number)
    left = len(content.watched) - WATCHES
    return [*blocks, *([aside(f"and {left} more: type {content.command} watches there")] if left > 0 else [])]


def _help(content: HomeContent) -> list[Block]:
    report = help_report("", content.examples, content.command)
    lines = [
        paragraph(words(f"{step.text}: "), words(step.command, "code")) if step.command else paragraph(words(step.text))
        for step in report.steps
    ]
    more = context(plain(f"More: {content.command} help", 200))
    return [rich_text(bullets(lines)), more] if lines else [more]


def _health(problem: str) -> str:
    if not problem:
        return "Connected to MLflow."
    if problem == "not known yet":
        return "MLflow: I have not asked it yet."
    return f"MLflow cannot be asked right now: {one_line(problem)}"
