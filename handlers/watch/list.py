"""`watches`: what a channel watches, to the asker alone, with buttons to pause, edit and remove each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comparison.language.names import Kind
from comparison.reports.watches import nothing_report
from comparison.request import ListWatches
from handlers.channel_settings import channel_words
from handlers.lookup_cache import example_name
from handlers.services import Services
from handlers.slack.blocks import Block, Reply, actions, aside, header, marked, plain, push
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, Draw
from handlers.slack.limits import ALL_TEXT, BLOCK_TEXT, TEXT, text_weight
from handlers.slack.render import draw
from handlers.stores import MAX_WATCHES, StoredWatch, WatchChange, defaults_of
from handlers.utterance import Utterance
from handlers.watch.stored_watch import PREFIX, WatchState, date_of, mention_of, sentence_of, set_up_line, watch_value

REQUESTS = (ListWatches,)  # what this feature answers


PAGE = 15
_CHANGES = 4 * MAX_WATCHES  # looked through for the last one of each watch
_CLIPS = (220, 130, 70)  # characters of the words of a watch, as there is room
_WHY = 90


@dataclass(frozen=True, slots=True)
class ShownWatches:
    """All that a list shows; `note` is what was just done, as mrkdwn."""

    watches: Sequence[StoredWatch]
    last: Mapping[str, WatchChange]  # by watch
    place: str = "this channel"
    page: int = 0
    note: str = ""
    command: str = "/mlcompare"
    experiment: str = ""  # for an example

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.watches) // PAGE))

    @property
    def here(self) -> Sequence[StoredWatch]:
        start = min(self.page, self.pages - 1) * PAGE
        return self.watches[start : start + PAGE]


def answer(_request: ListWatches, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    delivery.answer_privately(draw_list(watches_shown(utterance, services)))


def show_progress(_request: ListWatches, _utterance: Utterance, _services: Services, _delivery: Delivery) -> None:
    """Nothing is asked of MLflow."""


def watches_shown(utterance: Utterance, services: Services, *, page: int = 0, note: str = "") -> ShownWatches:
    watches = services.watches.of_channel(utterance.team, utterance.channel)
    return ShownWatches(
        watches,
        last_changes(utterance.team, utterance.channel, services),
        channel_words(utterance),
        page,
        note,
        services.command,
        defaults_of(services.defaults, utterance).experiment
        or ("" if watches else example_name(Kind.EXPERIMENT, services.lookup_cache, services.runs)),
    )


def last_changes(workspace: str, channel: str, services: Services) -> dict[str, WatchChange]:
    """The last change of each watch of a channel."""
    found: dict[str, WatchChange] = {}
    for each in services.watches.changes(workspace, channel, limit=_CHANGES):
        found.setdefault(each.watch_id, each)
    return found


def draw_list(shown: ShownWatches) -> Draw:
    def drawn(rung: BlockLevel) -> Reply:
        if not shown.watches:
            return _empty(shown, rung)
        text = clip("\n".join([_headline(shown), *filter(None, [shown.note]), *_lines(shown)]), TEXT)
        return Reply(text, _blocks(shown) if rung is not BlockLevel.TEXT else (), only_to_asker=True)

    return drawn


def confirm_remove_all(stored: Sequence[StoredWatch], place: str, command: str) -> Draw:
    """Whether really all are to go: a button that asks once more."""
    count = f"all {len(stored)} watches" if len(stored) > 1 else "the only watch"
    question = f"Remove {count} of {place}?"
    lines = [clip(mrkdwn(one_line(sentence_of(each)), _CLIPS[1]), _CLIPS[1]) for each in stored]
    button = push("Remove all", f"{PREFIX}all", "all") | {
        "style": "danger",
        "confirm": {
            "title": plain(question, 100),
            "text": plain("Nothing is announced there then. Everybody in the channel is told.", 300),
            "confirm": plain("Remove all", 30),
            "deny": plain("Keep them", 30),
        },
    }

    def drawn(rung: BlockLevel) -> Reply:
        text = clip("\n".join([question, *lines]), TEXT)
        watch_lines = {"type": "section", "text": marked(clip("\n".join(f"• {line}" for line in lines), BLOCK_TEXT))}
        look = aside(f"To choose some of them: {command} watches")
        blocks = (header(question), watch_lines, actions([button]), look) if rung is not BlockLevel.TEXT else ()
        return Reply(text, blocks, only_to_asker=True)

    return drawn


def watch_entry(
    stored: StoredWatch, last: WatchChange | None, *, number: int, page: int = 0, words: int = _CLIPS[0]
) -> list[Block]:
    """One watch with its buttons; `number` tells several in one view apart."""
    text = f"*{mrkdwn(one_line(sentence_of(stored)), words)}*\n{watch_facts(stored, last)}"
    return [{"type": "section", "text": marked(text)}, actions(_buttons(stored, number, page))]


def watch_facts(stored: StoredWatch, last: WatchChange | None) -> str:
    """Who set it up, since when, whether it is paused and why, and what was changed last; as mrkdwn."""
    parts = [set_up_line(stored)]
    if stored.is_paused:
        by = f"by {mention_of(stored.paused_by)}" if mention_of(stored.paused_by) else "by me"
        why = f": {mrkdwn(one_line(stored.paused_why), _WHY)}" if stored.paused_why else ""
        parts.append(f"*paused* {by} {date_of(stored.paused_at)}{why}")
    if stored.gone_at:
        parts.append(f"*gone*: its experiment is not in MLflow any more, noticed {date_of(stored.gone_at)}")
    if last is not None and last.what in ("edited", "resumed"):
        by = f" by {mention_of(last.by)}" if mention_of(last.by) else ""
        what = "its experiment was renamed" if last.what == "edited" and not last.by else f"{last.what}{by}"
        parts.append(f"{what} {date_of(last.at)}")
    return " · ".join(parts)


def _buttons(stored: StoredWatch, number: int, page: int) -> list[Block]:
    value = watch_value(WatchState(stored.id, page))
    turn = ("Resume", "resume") if stored.is_paused else ("Pause", "pause")
    named = [turn, ("Edit …", "edit"), ("Remove", "remove")]
    return [push(label, f"{PREFIX}{what}:{number}", value) for label, what in named]


def _headline(shown: ShownWatches) -> str:
    watches = sum(not each.is_digest for each in shown.watches)
    count = f"{watches} watch{'' if watches == 1 else 'es'}"
    if not watches:
        return f"A digest, but no watch in {shown.place}"
    digest = " and a digest" if len(shown.watches) > watches else ""
    part = f", page {min(shown.page, shown.pages - 1) + 1} of {shown.pages}" if shown.pages > 1 else ""
    return f"{count}{digest} in {shown.place}{part}"


def _lines(shown: ShownWatches) -> list[str]:
    return [f"{mrkdwn(one_line(sentence_of(each)), _CLIPS[1])}{_state(each)}" for each in shown.here]


def _state(stored: StoredWatch) -> str:
    if stored.is_paused:
        return " (paused)"
    return " (gone from MLflow)" if stored.gone_at else ""


def _blocks(shown: ShownWatches) -> tuple[Block, ...]:
    for words in _CLIPS:
        blocks = _with(shown, words)
        if text_weight(blocks) <= ALL_TEXT:
            break
    return tuple(blocks)


def _with(shown: ShownWatches, words: int) -> list[Block]:
    note: list[Block] = [{"type": "section", "text": marked(shown.note)}] if shown.note else []
    page = min(shown.page, shown.pages - 1)
    entries = [
        block
        for number, each in enumerate(shown.here)
        for block in watch_entry(each, shown.last.get(each.id), number=number, page=page, words=words)
    ]
    more = f"To watch more: {shown.command} watch <experiment>. To remove all: {shown.command} unwatch all"
    return [header(_headline(shown)), *note, *entries, *_turning(page, shown.pages), aside(more)]


def _turning(page: int, pages: int) -> list[Block]:
    turns = [("Previous", page - 1)] if page else []
    turns += [("Next", page + 1)] if page + 1 < pages else []
    return (
        [actions([push(label, f"{PREFIX}page:{to}", watch_value(WatchState(page=to))) for label, to in turns])]
        if turns
        else []
    )


def _empty(shown: ShownWatches, rung: BlockLevel) -> Reply:
    report = nothing_report(command=shown.command, place=shown.place, experiment=shown.experiment)
    reply = draw(report, rung=rung)
    if not shown.note:
        return reply
    blocks = (
        (reply.blocks[0], {"type": "section", "text": marked(shown.note)}, *reply.blocks[1:]) if reply.blocks else ()
    )
    return Reply(clip(f"{shown.note}\n{reply.text}", TEXT), blocks)
