"""A report as a Slack message: the verdict first, then the table, why, doubts, what next, and links."""

import json
import math
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from comparison.report import Align, Cell, Chart, Column, Line, Lines, Link, Report, RunCard, Section, Step, Table
from comparison.reports.text import inline_words, merged_lines
from handlers.slack.blocks import (
    NOTHING,
    Block,
    Reply,
    actions,
    aside,
    bullets,
    button,
    container,
    context,
    dated,
    fields,
    header,
    linked,
    marked,
    openable,
    opening,
    paragraph,
    plain,
    rich_text,
    section,
    words,
)
from handlers.slack.escape import address, clip, length, link, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, no_pictures
from handlers.slack.limits import (
    ACTIONS,
    ALL_TEXT,
    ALT_TEXT,
    BLOCK_TEXT,
    BUTTON_TEXT,
    CHART_AXIS,
    CHART_LABEL,
    CHART_POINTS,
    CHART_SERIES,
    CHART_TITLE,
    CHARTS,
    CHILDREN,
    COLUMNS,
    CONTAINER_TITLE,
    DATA_ROWS,
    FIELDS,
    HEADER_TEXT,
    TABLE_ROWS,
    TEXT,
    URL,
    text_weight,
)

SHOWN_DOUBTS = 2  # the others stand with the details
_DOUBT = "⚠️"
_DETAILS = "Details"
_NOTES = " · "  # before what a headline says besides
_INLINE = 120  # characters of facts on one line
_INLINE_FACTS = 4
_ONE_ROW = 3  # buttons
_SMALL = 12  # rows of a table that needs no sorting and no pages
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
_CHART_TEXT = 1_500  # that may stand for a picture
_RULES = "rules"  # the key of the link that is small print, not a button


def draw(  # noqa: PLR0913 -- all but the report have defaults and are given by name
    report: Report,
    *,
    rung: BlockLevel = BlockLevel.ALL,
    asked_by: str = "",
    changed_by: str = "",
    row: Sequence[Block] = (),
    pictures: Callable[[int], str] = no_pictures,
    more: Sequence[Block] = (),
    placed: Container[str] = (),
) -> Reply:
    """The report as a message within Slack's limits; what there was no room for is counted and linked.

    `asked_by` is the id of the Slack user who asked, "" when nobody did, `changed_by` of who changed it last; `row` is
    what can be pressed below it, `more` what is pressed seldom and stands with the details; links and steps whose keys
    are in `placed` are in `row` already; `pictures` tells the file that shows a chart, "" for none.
    """
    opens = open_links([each for each in report.links if each.key != _RULES])
    if rung is BlockLevel.TEXT:
        return Reply(_only_text(report, opens))
    report = replace(report, steps=tuple(step for step in report.steps if not step.key or step.key not in placed))
    folds = _has_details(report)
    top = _headline(report.headline) + ([] if folds else _sides(report.sides))
    charts, folded = _charts(report, rung, pictures, folds=folds)
    last = charts if report.table else []  # what was compared is read before it is looked at
    top += [] if report.table else charts
    linked_here = _linked(report, rung, folds=folds)
    buttons = [each for each in opens if each.key not in placed and each.url not in linked_here]
    bottom = [*_pressable(row, buttons), *_origin(report, asked_by, changed_by, footnotes=not folds)]
    room = ALL_TEXT - _SPARE - text_weight([*top, *last, *bottom, *more])
    table = draw_table(report.table, rung, int(room * _TABLE_SHARE))
    note = _left_out(report, table, opens)
    lists = _lists(
        report, rung, room - text_weight([*table.blocks, *note]), [*folded, *([actions(more)] if more else [])]
    )
    if note and (table.rows_left or table.columns_left):
        table = draw_table(report.table, rung, room - text_weight([*lists, *note]) - _NOTE_GROWS)
        note = _left_out(report, table, opens)
    return Reply(_summary(report), (*top, *table.blocks, *note, *lists, *last, *bottom))


def _has_details(report: Report) -> bool:
    """Whether what is seldom read is folded into one place: the sides, the small print, the lesser doubts."""
    folded = sum(part.folded for part in report.sections)
    return folded > 0 if report.sides else folded + bool(report.footnotes) > 1 and folded > 0


def _linked(report: Report, rung: BlockLevel, *, folds: bool) -> frozenset[str]:
    """The addresses that names in the message open."""
    if rung >= BlockLevel.SECTIONS:
        return frozenset()
    sides = [card.url for card in report.sides] if folds and len(report.sides) > 1 else []
    rows = report.table.rows[:DATA_ROWS] if report.table else ()
    first = [row[0].url for row in rows if row and row[0].url] if report.table and _is_linked(report.table) else []
    return frozenset(map(openable, [*sides, *first])) - {""}


def _is_linked(table: Table) -> bool:
    """Whether its rows are of things that can be opened; thousands of metrics are not worded to find out."""
    return bool(table.rows) and bool(table.rows[0]) and bool(table.rows[0][0].url)


def _lists(report: Report, rung: BlockLevel, room: int, more: Sequence[Block]) -> list[Block]:
    """Lists beside the table: why, doubts, what next, and details, of which `more` are the last."""
    folds = _has_details(report)
    most = SHOWN_DOUBTS if folds else len(report.warnings)
    doubts = draw_warnings(report.warnings[:most], rung, int(room * _DOUBTS_SHARE))
    steps = draw_steps(report.steps, rung, int(room * _DOUBTS_SHARE))
    room -= text_weight(doubts + steps)
    short = [part for part in report.sections if part.inline and not part.folded]
    first = [part for part in report.sections if not (part.folded or part.last or part.inline)]
    last = [part for part in report.sections if part.folded or part.last]
    plainly = [block for part in short for block in _inline(part, rung)]
    plainly += draw_sections(first, rung, room - text_weight(plainly))
    room -= text_weight(plainly)
    if not folds:
        return [*plainly, *doubts, *steps, *draw_sections(last, rung, room), *more]
    lesser = Section("Also be careful", tuple(map(Line, report.warnings[most:])), folded=True)
    cut = [replace(part, folded=True) for part in short if _inline_facts(part)[1]]
    parts = [lesser, *cut, *last] if lesser.lines else [*cut, *last]
    return [*plainly, *doubts, *steps, *_details(report, parts, rung, room, more)]


def _details(
    report: Report, parts: Sequence[Section], rung: BlockLevel, room: int, more: Sequence[Block]
) -> list[Block]:
    """What is seldom read, in one place that is opened by who wants it."""
    notes = Section("How it was judged", tuple(map(Line, report.footnotes[:_FOOTNOTES])), folded=True)
    runs = _runs(report.sides, rung, room // 4) if report.sides else []
    parts = [replace(part, folded=False) for part in (*parts, notes) if part.lines]
    room -= text_weight(runs)
    listed = draw_sections(parts, max(rung, BlockLevel.TABLE), room)
    if rung >= BlockLevel.TABLE:
        return [*runs, *listed, *more]
    titles = ", ".join(part.title[:1].lower() + part.title[1:] for part in parts if part.title != notes.title)
    title = _DETAILS if report.sides else clip(f"{_DETAILS}: {titles}", CONTAINER_TITLE)
    return [container(title, [*[*runs, *listed][: CHILDREN - len(more)], *more])]


def _runs(sides: Sequence[RunCard], rung: BlockLevel, room: int) -> list[Block]:
    """How each run stands and was chosen, its name linked."""
    shown = sides[:_SIDES]
    each = room // max(len(shown), 1)
    facts = [clip(" · ".join(map(one_line, card.facts)), max(each - 80, 0)) for card in shown]
    labels = [clip(one_line(card.label), min(max(each // 2, 20), 120)) for card in shown]
    roles = [clip(one_line(card.role), 40) for card in shown]
    rest = f"and {len(sides) - _SIDES} more runs" if len(sides) > _SIDES else ""
    if rung >= BlockLevel.SECTIONS:
        lines = [f"{role} {label}: {fact}" for role, label, fact in zip(roles, labels, facts, strict=True)]
        return [section(clip("\n".join(filter(None, [*lines, rest])), min(max(room, 40), _SECTION_TEXT)))]
    items = [
        paragraph(words(f"{role} "), linked(label, card.url, "bold"), *([words(f" {fact}")] if fact else []))
        for card, role, label, fact in zip(shown, roles, labels, facts, strict=True)
    ]
    return [rich_text(bullets([*items, *([paragraph(words(rest))] if rest else [])]))]


def _inline(part: Section, rung: BlockLevel) -> list[Block]:
    """A few short facts on one line: `hidden_units 32 → 64 · 5 others unchanged`."""
    facts, left = _inline_facts(part)
    rest = " · ".join(filter(None, [f"{left:,} more" if left else "", one_line(part.note)]))
    if rung >= BlockLevel.SECTIONS:
        return [section(clip(" · ".join([*map(inline_words, facts), *filter(None, [rest])]), _SECTION_TEXT))]
    leaves: list[Block] = []
    for line in facts:
        joint = ": " if line.label.startswith("only in ") else " "
        leaves += [words(" · ")] if leaves else []
        leaves += [words(line.label, "bold"), words(f"{joint}{line.text}")] if line.label else [words(line.text)]
    leaves += [words(f"{' · ' if leaves else ''}{rest}", "italic")] if rest else []
    return [rich_text(paragraph(*leaves))] if leaves else []


def _inline_facts(part: Section) -> tuple[list[Line], int]:
    """The first facts that are short enough together, and how many are left."""
    shown: list[Line] = []
    room = _INLINE
    for line in part.lines[:_INLINE_FACTS]:
        cut = Line(clip(one_line(line.text), _INLINE // 2), clip(one_line(line.label), _INLINE // 3))
        room -= length(cut.label) + length(cut.text) + 3
        if room < 0 and shown:
            break
        shown.append(cut)
    return merged_lines(shown), len(part.lines) - len(shown)


def _headline(headline: str) -> list[Block]:
    """Of a headline too long for a header the notes stand below it; what is still too long is said again in full."""
    line = one_line(headline)
    if length(line) <= HEADER_TEXT:
        return [header(line)]
    parts = line.split(_NOTES)
    for count in range(len(parts) - 1, 0, -1):
        first = _NOTES.join(parts[:count])
        if length(first) <= HEADER_TEXT:
            return [header(first), section(clip(_NOTES.join(parts[count:]), _HEADLINE))]
    return [header(line), section(clip(line, _HEADLINE))]


def _sides(sides: Sequence[RunCard]) -> list[Block]:
    shown = sides[:_SIDES]
    room = _SIDES_TEXT // max(len(shown), 1)
    texts = [_brief(card, room) if len(sides) > _FACTS_UNTIL else _side(card, room) for card in shown]
    pages = [texts[start : start + FIELDS] for start in range(0, len(texts), FIELDS)]
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


def _charts(
    report: Report, rung: BlockLevel, pictures: Callable[[int], str], *, folds: bool
) -> tuple[list[Block], list[Block]]:
    """Each drawn by Slack, else as a picture, else in signs of text; then those that stand with the details."""
    shown: list[Block] = []
    folded: list[Block] = []
    for number, chart in enumerate(report.charts[:CHARTS]):
        is_detail = folds and chart.folded
        if rung is BlockLevel.ALL and chart.lines and not is_detail and (block := _line_chart(chart, chart.lines)):
            shown.append(block)
        elif rung <= BlockLevel.NO_CHARTS and (file := pictures(number)):
            alt_text = clip(one_line(chart.conclusion), ALT_TEXT) or NOTHING
            blocks = [{"type": "image", "slack_file": {"id": file}, "alt_text": alt_text}]
            blocks += [aside(chart.note)] if chart.note else []
            (folded if is_detail else shown).extend(blocks)
        elif chart.plain:
            chart_text = _section(Section(chart.title, chart.plain), max(rung, BlockLevel.TABLE), _CHART_TEXT)
            (folded if folds and report.table else shown).extend(chart_text)
    return shown, folded


def _line_chart(chart: Chart, lines: Lines) -> Block | None:
    """A line chart for Slack to draw; None where names cannot be told apart in so few characters."""
    categories = [clip(one_line(each), CHART_LABEL) for each in lines.categories]
    names = [clip(one_line(name), CHART_LABEL) or NOTHING for name, _values in lines.series]
    if len(set(names)) < len(names) or len(names) > CHART_SERIES or len(categories) > CHART_POINTS:
        return None
    panel = chart.panels[0]
    series = [
        {
            "name": name,
            "data": [{"label": at, "value": value} for at, value in zip(categories, values, strict=True)],
        }
        for name, (_name, values) in zip(names, lines.series, strict=True)
    ]
    axes = {"categories": categories}
    labels = {
        "x_label": clip(one_line(panel.x_label), CHART_AXIS),
        "y_label": clip(one_line(panel.y_label), CHART_AXIS),
    }
    axes |= {key: text for key, text in labels.items() if text}  # type: ignore[misc]
    title = clip(one_line(chart.title), CHART_TITLE) or NOTHING
    return {
        "type": "data_visualization",
        "title": title,
        "chart": {"type": "line", "series": series, "axis_config": axes},
    }


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table as blocks, and how much of it was left out."""

    blocks: tuple[Block, ...] = ()
    rows_left: int = 0
    columns_left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that fits: `key` is unique in the message."""

    key: str
    label: str
    url: str


def _left_out(report: Report, table: Drawn, opens: Sequence[OpenLink]) -> list[Block]:
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


def _pressable(row: Sequence[Block], opens: Sequence[OpenLink]) -> list[Block]:
    """What can be pressed, on one row where it is short enough for a phone."""
    opened = _buttons(opens)
    if row and opened and len(row) + len(opens) <= _ONE_ROW:
        return [actions([*row, *opened[0]["elements"]])]
    return [*([actions(row)] if row else []), *opened]


def _buttons(opens: Sequence[OpenLink]) -> list[Block]:
    if not opens:
        return []
    return [actions([button(opening.label, opening.url, f"open:{opening.key}") for opening in opens])]


def _origin(report: Report, asked_by: str, changed_by: str, *, footnotes: bool) -> list[Block]:
    """Who asked, who changed it last, the rules, and the small print."""
    people = {"Asked by": asked_by, "Last changed by": changed_by}
    authors = [f"{what} <@{who}>" for what, who in people.items() if who.isalnum() and who.isascii()]
    rules = [link(each.url, each.text, 400) for each in report.links if each.key == _RULES]
    notes = [one_line(each) for each in report.footnotes if each.strip() and footnotes][:_FOOTNOTES]
    small = [plain(note, _FOOTNOTES_TEXT // len(notes)) for note in notes]
    small_print = [marked(" · ".join([*authors, *rules]))] if authors or rules else []
    return [context(*small_print, *small)] if small_print or small else []


def _summary(report: Report, limit: int = TEXT) -> str:
    """Line by line as far as it goes; an address of ours stays a link, a command can be copied."""
    ours = {each.url for each in report.links}
    commands = sorted((one_line(each.command) for each in report.steps if each.command), key=len, reverse=True)
    text = ""
    for line in report.summary.splitlines():
        room = max(limit - length(text) - 1, 0)
        shown = _bare_link(line, room) if line in ours else _with_commands(one_line(line), commands, room)
        text += f"\n{shown}" if shown and text else shown
    return text or mrkdwn(one_line(report.headline), limit) or "Done"


def _with_commands(line: str, commands: Sequence[str], room: int) -> str:
    """The line as mrkdwn, with a command in it as code: what is copied from it is what is to be typed."""
    command = next((each for each in commands if each in line and "`" not in each), "")
    if not command:
        return mrkdwn(line, room)
    before, behind = line.split(command, 1)
    code = f"`{command.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}`"
    if length(before) + length(code) + length(behind) + _MARKS * 2 > room:
        return mrkdwn(line, room)
    return "".join((mrkdwn(before, room - length(code)), code, mrkdwn(behind, room - length(code) - length(before))))


def _bare_link(url: str, room: int) -> str:
    escaped = f"<{address(url).replace('&', '&amp;')}>"
    return escaped if address(url) and length(escaped) <= room else ""


def _only_text(report: Report, opens: Sequence[OpenLink]) -> str:
    """The answer for where no block is taken: the summary, what to type next, and the links."""
    links = "\n".join(link(opening.url, opening.label, 400) for opening in opens[:3])
    ours = {each.url for each in report.links}
    lines = [line for line in report.summary.splitlines() if line not in ours]
    summary = "\n".join(lines)
    lines += [f"{_leading(step)} {step.command}".strip() for step in report.steps if step.command not in summary]
    text = _summary(replace(report, summary="\n".join(lines)), TEXT - length(links) - 1)
    return f"{text}\n{links}".strip()


# What a report lists beside its table: what changed, doubts, next steps. As many lines as there is room for.


_LINE = 320
_SECTIONS = 12
_SECTION_TEXT = 2_900
_OPEN_LINES = 8  # longer lists are folded, so that the message stays short
_MARKS = 6  # what a bullet, a colon and a line break take


@dataclass(frozen=True, slots=True)
class _Item:
    label: str
    text: str
    is_code: bool = False
    moments: tuple[tuple[str, int], ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text

    def paragraph(self) -> Block:
        if self.is_code:
            return paragraph(words(f"{self.label} "), *([words(self.text, "code")] if self.text else []))
        url = dict(self.links).get(self.label, "") if self.label else ""
        label = [linked(self.label, url, "bold"), words(": ", "bold")] if openable(url) else []
        label = label or ([words(f"{self.label}: ", "bold")] if self.label else [])
        return paragraph(*label, *opening(dated(self.text, self.moments), self.links))


def draw_sections(parts: Sequence[Section], rung: BlockLevel, room: int) -> list[Block]:
    """Sections, each with as many of its lines as its share of the room takes, the first ones first."""
    blocks: list[Block] = []
    for number, part in enumerate(parts[:_SECTIONS]):
        share = (room - text_weight(blocks)) // (min(len(parts), _SECTIONS) - number)
        blocks += _section(part, rung, share)
    return blocks


def draw_warnings(warnings: Sequence[str], rung: BlockLevel, room: int) -> list[Block]:
    """A line each, the most serious first."""
    items = _fitting([_Item("", one_line(text)) for text in warnings], room)
    left = len(warnings) - len(items)
    lines = [f"{_DOUBT} {item.text}" for item in items] + ([f"{_DOUBT} {left:,} more"] if left else [])
    if not items:
        return []
    if rung >= BlockLevel.SECTIONS:
        return [section(clip("\n".join(lines), _SECTION_TEXT))]
    return [rich_text(*(paragraph(words(line)) for line in lines))]


def draw_steps(steps: Sequence[Step], rung: BlockLevel, room: int) -> list[Block]:
    """Steps, each with what to type for it, set apart so that it can be copied."""
    items = [_Item(_leading(step), one_line(step.command), is_code=True) for step in steps]
    shown = _fitting(items, room)
    if not shown:
        return []
    if rung >= BlockLevel.SECTIONS:
        return [section(clip("\n".join(f"{item.label} {item.text}".strip() for item in shown), _SECTION_TEXT))]
    return [rich_text(bullets(item.paragraph() for item in shown))]


def _leading(step: Step) -> str:
    text = one_line(step.text)
    return f"{text}:" if step.command and text[-1:].isalnum() else text


def _section(part: Section, rung: BlockLevel, room: int) -> list[Block]:
    title = clip(one_line(part.title), CONTAINER_TITLE)
    note = clip(one_line(part.note), 200)
    items = [
        _Item(one_line(line.label), one_line(line.text), moments=line.moments, links=line.links) for line in part.lines
    ]
    shown = _fitting(items, room - length(title) - length(note) - 40)
    if room < length(title) + length(note) or (items and not shown):
        return []
    rest = f"{len(items) - len(shown):,} more" if len(shown) < len(items) else ""
    notes = ", ".join(filter(None, [rest, note]))
    if rung >= BlockLevel.SECTIONS:
        lines = [title, *(f"• {item.line}" for item in shown), notes]
        return [section(clip("\n".join(filter(None, lines)), _SECTION_TEXT))]
    listing = [bullets(item.paragraph() for item in shown)] if shown else []
    if notes:
        listing.append(paragraph(words(notes, "italic")))
    if rung < BlockLevel.TABLE and listing and (part.folded or len(items) > _OPEN_LINES):
        counted = title if part.folded else f"{clip(title, CONTAINER_TITLE - 20)} ({len(items):,})"
        return [container(counted, [rich_text(*listing)])]
    heading = [] if title == _DETAILS else [paragraph(words(title, "bold"))]
    return [rich_text(*heading, *listing)]


def _fitting(items: Sequence[_Item], room: int) -> list[_Item]:
    """The items that fit, each cut to what one line bears."""
    fitting: list[_Item] = []
    for item in items:
        label = clip(item.label, _LINE if item.is_code else _LINE // 2)
        cut = _Item(label, clip(item.text, _LINE), item.is_code, item.moments, item.links)
        room -= length(cut.label) + length(cut.text) + _MARKS
        if room < 0:
            break
        fitting.append(cut)
    return fitting


# A report's table as Slack can show it, as wide and as long as there is room for, saying what was left out.


_NAME = 100  # of what names the row
_CELL = 60
_TITLE = 40
_CAPTION = 200
_WRAPPED = 24  # characters of what names the rows: longer names are broken over lines
_PAGE = 6
_ROWS_WANTED = 8  # columns give way until so many rows fit


def draw_table(table: Table | None, rung: BlockLevel, room: int) -> Drawn:
    """The rows and columns that fit into `room` characters, drawn as the rung allows."""
    if table is None or not table.rows or not table.columns:
        return Drawn()
    draw, most = _FORMS[rung]
    if rung < BlockLevel.TABLE and len(table.rows) <= _SMALL:
        draw = _table
    width = _width(table, room)
    columns = table.columns[:width]
    rows: list[tuple[Cell, ...]] = []
    left = room - _CAPTION - sum(length(_title(column)) + 1 for column in columns)
    for row in table.rows[:most]:
        cells = tuple(_cell(row, number) for number in range(width))
        left -= _weigh(columns, cells, rung)
        if left < 0 and rows:
            break
        rows.append(cells)
    return Drawn(
        blocks=tuple(draw(table.caption, columns, rows)),
        rows_left=len(table.rows) - len(rows),
        columns_left=tuple(one_line(column.title) for column in table.columns[width:]),
    )


def _as_lines(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Lines, one a row: what it names, then each value behind its column's title."""
    return [
        f"{row[0].text}: "
        + " · ".join(f"{_title(column)} {cell.text}" for column, cell in zip(columns[1:], row[1:], strict=True))
        for row in rows
    ]


def _width(table: Table, room: int) -> int:
    """Columns that fit with the first few rows; two at least, so that something is compared."""
    sample = table.rows[:_ROWS_WANTED]
    for width in range(min(len(table.columns), COLUMNS), 2, -1):
        titles = sum(length(_title(column)) for column in table.columns[:width])
        if titles + sum(length(_cell(row, number).text) for row in sample for number in range(width)) <= room:
            return width
    return min(len(table.columns), 2)


def _cell(row: Sequence[Cell], number: int) -> Cell:
    if number >= len(row):
        return Cell(NOTHING)
    cell = row[number]
    text = clip(one_line(cell.short or cell.text), _CELL if number else _NAME) or NOTHING
    return Cell(text, cell.value if cell.value is not None and math.isfinite(cell.value) else None, cell.url)


def _title(column: Column) -> str:
    return clip(one_line(column.short or column.title), _TITLE) or NOTHING


def _weigh(columns: Sequence[Column], cells: Sequence[Cell], rung: BlockLevel) -> int:
    titles = sum(length(_title(column)) + 4 for column in columns[1:]) if rung >= BlockLevel.SECTIONS else 0
    return titles + sum(length(cell.text) for cell in cells)


def _raw(cell: Cell, *styles: str) -> Block:
    if openable(cell.url):
        return rich_text(paragraph(linked(cell.text, cell.url, *styles)))
    if cell.value is None:
        return {"type": "raw_text", "text": cell.text}
    return {"type": "raw_number", "value": cell.value, "text": cell.text}


def _rows(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[list[Block]]:
    titles = [_raw(Cell(_title(column))) for column in columns]
    return [titles, *([_raw(cell) for cell in row] for row in rows)]


def _linked_titles(columns: Sequence[Column]) -> list[Block]:
    return [_raw(Cell(_title(column), url=column.url), "bold") for column in columns]


def _data_table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    return [
        {
            "type": "data_table",
            "caption": clip(one_line(caption), _CAPTION) or "Metrics",
            "page_size": _PAGE,
            "row_header_column_index": 0,
            "rows": _rows(columns, rows),
        }
    ]


def _table(_caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    has_long_names = any(length(row[0].text) > _WRAPPED for row in rows)
    settings: list[Block] = [
        {
            "align": "right" if column.align is Align.RIGHT else "left",
            "is_wrapped": number == 0 and has_long_names,
        }
        for number, column in enumerate(columns)
    ]
    body = _rows(columns, rows)[1:]
    return [{"type": "table", "column_settings": settings, "rows": [_linked_titles(columns), *body]}]


def _sections(_caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    pages: list[str] = []
    for line in _as_lines(columns, rows):
        if pages and length(pages[-1]) + length(line) < BLOCK_TEXT:
            pages[-1] += f"\n{line}"
        else:
            pages.append(line)
    return [section(page) for page in pages]


def _nothing(_caption: str, _columns: Sequence[Column], _rows: Sequence[Sequence[Cell]]) -> list[Block]:
    return []


_Draw = Callable[[str, Sequence[Column], Sequence[Sequence[Cell]]], list[Block]]
_FORMS: dict[BlockLevel, tuple[_Draw, int]] = {
    BlockLevel.ALL: (_data_table, DATA_ROWS - 1),
    BlockLevel.NO_CHARTS: (_data_table, DATA_ROWS - 1),
    BlockLevel.TABLE: (_table, TABLE_ROWS - 1),
    BlockLevel.SECTIONS: (_sections, TABLE_ROWS),
    BlockLevel.TEXT: (_nothing, TABLE_ROWS),
}


# What can be opened in MLflow, as addresses that fit into a button.


_FEW = 6  # more buttons than this are shorter
_SHORT = 40
_RUNS = re.compile(r"(?<=[?&]runs=)[^&]*")


def open_links(links: Sequence[Link]) -> list[OpenLink]:
    """The links that can be buttons, the comparison before the runs; too many or too long ones are dropped."""
    ordered = sorted(links, key=lambda each: each.key != "compare")
    found: dict[str, OpenLink] = {}
    for number, each in enumerate(ordered):
        shortened = _shorten(address(each.url))
        if shortened is None:
            continue
        url, shown = shortened
        label = one_line(each.text) or "Open in MLflow"
        if shown is not None:
            label = f"{clip(label, BUTTON_TEXT - 20)} (first {shown} runs)"
        key = each.key if each.key and each.key not in found else f"{each.key or 'link'}:{number}"
        found[key] = OpenLink(key, clip(label, BUTTON_TEXT), url)
    buttons = list(found.values())[:ACTIONS]
    return buttons if len(buttons) <= _FEW else [replace(each, label=clip(each.label, _SHORT)) for each in buttons]


def _shorten(url: str) -> tuple[str, int | None] | None:
    """The address, and to how many runs it was cut (None: to none); None when it cannot be made to fit."""
    if not url:
        return None
    if length(url) <= URL:
        return url, None
    listed = _RUNS.search(url)
    try:
        runs = json.loads(unquote(listed.group())) if listed else []
    except ValueError:
        return None
    while listed and isinstance(runs, list) and len(runs) > 2:
        runs.pop()
        cut = url[: listed.start()] + quote(json.dumps(runs, separators=(",", ":"))) + url[listed.end() :]
        if length(cut) <= URL:
            return cut, len(runs)
    return None
