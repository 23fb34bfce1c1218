"""A report as a Slack message: the verdict first, then the table, why, doubts, what next, and links."""

from collections.abc import Sequence
from dataclasses import replace

from comparison.report import Report, RunCard
from handlers import limits
from handlers.blocks import actions, aside, button, context, fields, header, marked, plain, section
from handlers.escaping import address, clip, length, link, mrkdwn, one_line
from handlers.links import Opening, openings
from handlers.lists import draw_sections, draw_steps, draw_warnings
from handlers.reply import Block, Reply
from handlers.rung import Rung
from handlers.tables import Drawn, draw_table

_NOTE_GROWS = 100  # by a digit or a name, when the table is drawn anew
_SPARE = 200  # for a line that delivery may add
_SIDES = 20
_FACTS_UNTIL = 4  # with more sides each is only named
_SIDES_TEXT = 2_600  # over all sides: longer addresses give way to names alone
_TABLE_SHARE = 0.65
_DOUBTS_SHARE = 0.25
_FOOTNOTES = 6
_FOOTNOTES_TEXT = 900  # over all of them
_HEADLINE = 400
_NOTE = 500  # on what the table left out, and again for where it is
_RULES = "rules"  # the key of the link that is small print, not a button


def draw(
    report: Report, *, rung: Rung = Rung.ALL, asked_by: str = "", changed_by: str = "", row: Sequence[Block] = ()
) -> Reply:
    """The report as a message within Slack's limits; what there was no room for is counted and linked.

    `asked_by` is the id of the Slack user who asked, "" when nobody did, `changed_by` of who changed it last; `row` is
    what can be pressed below it.
    """
    opens = openings([each for each in report.links if each.key != _RULES])
    if rung is Rung.TEXT:
        return Reply(_only_text(report, opens))
    top = _headline(report.headline) + _sides(report.sides)
    pressable = [actions(row)] if row else []
    bottom = [*pressable, *_buttons(opens), *_origin(report, asked_by, changed_by)]
    room = limits.ALL_TEXT - _SPARE - limits.weight(top + bottom)
    table = draw_table(report.table, rung, int(room * _TABLE_SHARE))
    note = _left_out(report, table, opens)
    lists = _lists(report, rung, room - limits.weight([*table.blocks, *note]))
    if note and (table.rows_left or table.columns_left):
        table = draw_table(report.table, rung, room - limits.weight([*lists, *note]) - _NOTE_GROWS)
        note = _left_out(report, table, opens)
    return Reply(_summary(report), (*top, *table.blocks, *note, *lists, *bottom))


def _lists(report: Report, rung: Rung, room: int) -> list[Block]:
    """Why, doubts, what next, and details: what stands beside the table."""
    doubts = draw_warnings(report.warnings, rung, int(room * _DOUBTS_SHARE))
    steps = draw_steps(report.steps, rung, int(room * _DOUBTS_SHARE))
    room -= limits.weight(doubts + steps)
    first = [part for part in report.sections if not part.folded and not part.last]
    last = [part for part in report.sections if part.folded or part.last]
    plainly = draw_sections(first, rung, room)
    return [*plainly, *doubts, *steps, *draw_sections(last, rung, room - limits.weight(plainly))]


def _headline(headline: str) -> list[Block]:
    """A headline too long for a header is said again in full."""
    line = one_line(headline)
    if length(line) <= limits.HEADER_TEXT:
        return [header(line)]
    return [header(line), section(clip(line, _HEADLINE))]


def _sides(sides: Sequence[RunCard]) -> list[Block]:
    shown = sides[:_SIDES]
    room = _SIDES_TEXT // max(len(shown), 1)
    texts = [_brief(card, room) if len(sides) > _FACTS_UNTIL else _side(card, room) for card in shown]
    pages = [texts[start : start + limits.FIELDS] for start in range(0, len(texts), limits.FIELDS)]
    blocks = [fields(page) for page in pages]
    if len(sides) > len(shown):
        names = ", ".join(clip(one_line(card.label), 40) for card in sides[_SIDES:])
        blocks.append(aside(clip(f"and {len(sides) - _SIDES} more runs: {names}", 300)))
    return blocks


def _brief(card: RunCard, room: int) -> str:
    return f"*{mrkdwn(one_line(card.role), 40)}*\n{link(card.url, clip(one_line(card.label), 40), room - 45)}"


def _side(card: RunCard, room: int) -> str:
    facts = mrkdwn(" · ".join(one_line(fact) for fact in card.facts), min(400, room // 3))
    named = link(card.url, clip(one_line(card.label), 120), room // 2)
    return "\n".join(filter(None, [f"*{mrkdwn(one_line(card.role), 40)}*", named, facts]))


def _left_out(report: Report, table: Drawn, opens: Sequence[Opening]) -> list[Block]:
    """What the table does not hold, counted, with where to find it."""
    notes = [one_line(report.table.note)] if report.table and report.table.note else []
    if table.rows_left:
        notes.append(f"{table.rows_left:,} more {'row is' if table.rows_left == 1 else 'rows are'} not shown here")
    if table.columns_left:
        count, names = len(table.columns_left), ", ".join(table.columns_left)
        notes.append(clip(f"{count} more {'run is' if count == 1 else 'runs are'} not shown here: {names}", 300))
    if not notes:
        return []
    text = mrkdwn(". ".join(notes), _NOTE)
    whole = next((opening for opening in opens if opening.key == "compare"), None)
    if whole and (table.rows_left or table.columns_left):
        text += f". {link(whole.url, 'All of it is in MLflow', _NOTE)}"
    return [context(marked(text))]


def _buttons(opens: Sequence[Opening]) -> list[Block]:
    if not opens:
        return []
    return [actions([button(opening.label, opening.url, f"open:{opening.key}") for opening in opens])]


def _origin(report: Report, asked_by: str, changed_by: str) -> list[Block]:
    """Who asked, who changed it last, the rules, and the small print."""
    people = {"Asked by": asked_by, "Last changed by": changed_by}
    asked = [f"{what} <@{who}>" for what, who in people.items() if who.isalnum() and who.isascii()]
    rules = [link(each.url, each.text, 400) for each in report.links if each.key == _RULES]
    notes = [one_line(footnote) for footnote in report.footnotes if footnote.strip()][:_FOOTNOTES]
    small = [plain(note, _FOOTNOTES_TEXT // len(notes)) for note in notes]
    told = [marked(" · ".join([*asked, *rules]))] if asked or rules else []
    return [context(*told, *small)] if told or small else []


def _summary(report: Report, limit: int = limits.TEXT) -> str:
    """Line by line as far as it goes; an address of ours stays a link, whatever else looks like one does not."""
    ours = {each.url for each in report.links}
    text = ""
    for line in report.summary.splitlines():
        room = max(limit - length(text) - 1, 0)
        told = _bare_link(line, room) if line in ours else mrkdwn(one_line(line), room)
        text += f"\n{told}" if told and text else told
    return text or mrkdwn(one_line(report.headline), limit) or "Done"


def _bare_link(url: str, room: int) -> str:
    escaped = f"<{address(url).replace('&', '&amp;')}>"
    return escaped if address(url) and length(escaped) <= room else ""


def _only_text(report: Report, opens: Sequence[Opening]) -> str:
    """The answer for where no block is taken: the summary and the links."""
    links = "\n".join(link(opening.url, opening.label, 400) for opening in opens[:3])
    ours = {each.url for each in report.links}
    said = "\n".join(line for line in report.summary.splitlines() if line not in ours)
    text = _summary(replace(report, summary=said), limits.TEXT - length(links) - 1)
    return f"{text}\n{links}".strip()
