"""A report for a terminal: as wide as it is, coloured where that is wanted."""

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tabulate import MIN_PADDING, tabulate
from wcwidth import wcswidth

from comparison.formats.controls import clean
from comparison.report import Cell, Column, Report, RunCard, Section, Step, Table
from comparison.reports.text import FIRST_STRONG, POP, cut_apart, inline_words

GAP = 2  # between columns
WIDTHS = (60, 40, 30, 24, 20, 16, 12)  # of a title's line, tried in this order
NOTE = 16  # columns of what stands behind a value, over lines of its own
NARROWEST = WIDTHS[-1]
NAME = 16  # a metric's name is not cut below this
LINES = 4  # of a title
_SPLIT = 4  # columns from which a table of a column a run is split
_FEWEST = 3  # columns that stay, however narrow the terminal is
_STYLES = {"bold": "1", "green": "32", "red": "31", "yellow": "33", "dim": "2"}
Paint = Callable[[str, str], str]


def to_text(report: Report, *, width: int = 80, colours: bool = False) -> str:
    """The whole report; every line but addresses and commands is at most `width` wide, and nothing acts but colours."""
    paint = _paint if colours else _leave
    report = clean(report)
    parts = (
        [paint(line, "bold") for line in _wrapped(report.headline, width)],
        *(_section(chart, width, paint) for chart in _charts(report, folded=False)),
        _table(report.table, width, paint) if report.table else [],
        *(_section(section, width, paint) for section in report.sections if not (section.folded or section.last)),
        _list("Be careful", report.warnings, width, paint, "yellow"),
        _steps(report.steps, width),
        _sides(report.sides, width, paint),
        *(_section(section, width, paint) for section in report.sections if section.folded or section.last),
        *(_section(chart, width, paint) for chart in _charts(report, folded=True)),
        [f"{link.text}: {link.url}" for link in report.links if not link.key.startswith("run:")],
        [paint(line, "dim") for footnote in report.footnotes for line in _wrapped(footnote, width)],
    )
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _charts(report: Report, *, folded: bool) -> list[Section]:
    """What stands for the charts that are read first, or for those that are details."""
    return [Section(chart.title, chart.plain) for chart in report.charts if chart.plain and chart.folded is folded]


def _paint(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else text


def _leave(text: str, _style: str) -> str:
    return text


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    room = max(width - max(len(first), len(rest)), 20)
    lines = _folded(text, room) or [""]
    return [f"{first}{lines[0]}".rstrip(), *(f"{rest}{line}" for line in lines[1:])]


def _folded(text: str, room: int, most: int | None = None) -> list[str]:
    """The text over lines of `room` columns; an isolate that a break falls into is ended and opened again."""
    lines = textwrap.wrap(text, room, break_on_hyphens=False, max_lines=most, placeholder="…")
    is_open = False
    for number, line in enumerate(lines):
        begun = FIRST_STRONG + line if is_open else line
        is_open = begun.count(FIRST_STRONG) > begun.count(POP)
        lines[number] = begun + POP if is_open else begun
    return lines


def _sides(sides: Sequence[RunCard], width: int, paint: Paint) -> list[str]:
    indent = max((len(card.role) for card in sides), default=0) + 2
    lines: list[str] = []
    for card in sides:
        lines.append(f"{card.role:<{indent}}{paint(card.label, 'bold')}")
        if card.facts:
            lines += [
                paint(line, "dim") for line in _wrapped(" · ".join(card.facts), width, " " * indent, " " * indent)
            ]
        if card.url:
            lines.append(" " * indent + card.url)
    return lines


def _table(table: Table, width: int, paint: Paint) -> list[str]:
    table = _with_notes_below(table) if _fitting(table, width) < len(table.columns) else table
    lines: list[str] = []
    for columns, rows in _strips(table, width):
        aligned = [column.align.value for column in columns]
        titles = _titles(columns, rows, width)
        names = _names([row[0].text for row in rows], columns, rows, titles, width)
        texts = [[name, *(_tone(cell.text, paint) for cell in row[1:])] for name, row in zip(names, rows, strict=True)]
        drawn = tabulate(texts, headers=titles, tablefmt="simple", colalign=aligned, disable_numparse=True)
        lines += ([""] if lines else []) + [line.rstrip() for line in drawn.splitlines()]
    left = _left_out(table, width)
    return [*lines, *(_wrapped(table.note, width) if table.note else []), *(_wrapped(left, width) if left else [])]


def _with_notes_below(table: Table) -> Table:
    """The same with `0.8 (step 12)` over several lines: before a column goes, it gets narrower."""
    rows = (
        (row[0], *(replace(cell, text="\n".join(_value_and_note(cell.text))) for cell in row[1:])) for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def _value_and_note(text: str) -> list[str]:
    value, opened, note = text.partition(" (")
    return [value, *(_folded(f"({note}", NOTE) if opened else ())]


def _left_out(table: Table, width: int) -> str:
    """Names of the columns there was no room for, of a table that is not split."""
    shown = {id(column) for columns, _rows in _strips(table, width) for column in columns}
    names = [column.title for column in table.columns if id(column) not in shown]
    return f"No room for {', '.join(names)}: widen the terminal, or ask for --format json." if names else ""


_JUDGED = re.compile(r" (better|worse)(?:, [^,]*%)?$")  # of a change: `▲ +0.07 better, +8.2 %`


def _tone(text: str, paint: Paint) -> str:
    word = _JUDGED.search(text)
    return paint(text, "green" if word[1] == "better" else "red") if word else text


Rows = Sequence[Sequence[Cell]]


def _strips(table: Table, width: int) -> Iterator[tuple[Sequence[Column], Rows]]:
    """The table as it is; too wide, without its last columns, or a column a run in several that begin alike.

    What matters is left: the change of two runs, and of many who is best by what.
    """
    if table.columns[0].title != "Metric" or len(table.columns) < _SPLIT or table.columns[1].title == "Change":
        picked = list(range(_fitting(table, width)))
        yield [table.columns[each] for each in picked], [[row[each] for each in picked] for row in table.rows]
        return
    columns = [0, len(table.columns) - 1]
    others = list(range(1, len(table.columns) - 1))
    narrow = [min(_width(column.title), NARROWEST) + MIN_PADDING for column in table.columns]
    widths = [max(_data_width(table.rows, number), least) + GAP for number, least in enumerate(narrow)]
    room = width - min(widths[0], NAME + GAP) - widths[-1]
    while others:
        shown = [others.pop(0)]
        used = widths[shown[0]]
        while others and used + widths[others[0]] <= room:
            used += widths[others[0]]
            shown.append(others.pop(0))
        picked = [columns[0], *shown, columns[1]]
        yield [table.columns[each] for each in picked], [[row[each] for each in picked] for row in table.rows]


def _fitting(table: Table, width: int) -> int:
    """How many columns fit, three at least, each as narrow as its data and a title over several lines allow."""
    widths = [
        max(_data_width(table.rows, number), min(_width(column.title), NARROWEST) + MIN_PADDING) + GAP
        for number, column in enumerate(table.columns)
    ]
    widths[0] = min(widths[0], NAME + GAP)
    count = len(widths)
    while count > _FEWEST and sum(widths[:count]) - GAP > width:
        count -= 1
    return count


def _titles(columns: Sequence[Column], rows: Rows, width: int) -> list[str]:
    """Titles over as few lines as leave the table no wider than it may be."""
    data = [_data_width(rows, number) for number in range(len(columns))]
    titles = [column.title for column in columns]
    for fit in WIDTHS:
        titles = [
            "\n".join(_folded(column.title, max(fit, own), LINES)) for column, own in zip(columns, data, strict=True)
        ]
        if sum(max(own, _title_width(title)) + GAP for own, title in zip(data, titles, strict=True)) - GAP <= width:
            break
    return titles


def _title_width(title: str) -> int:
    """Room that tabulate makes for a title: two characters more than it has."""
    return max(map(_width, title.splitlines()), default=0) + MIN_PADDING


def _names(names: Sequence[str], columns: Sequence[Column], rows: Rows, titles: Sequence[str], width: int) -> list[str]:
    """What names the rows, cut in the middle to what the other columns leave; different names stay apart."""
    taken = [max(_data_width(rows, number), _title_width(titles[number])) + GAP for number in range(1, len(columns))]
    room = max(width - sum(taken), NAME)
    return list(cut_apart(names, lambda name: _middle(name, room)))


def _middle(text: str, room: int) -> str:
    if _width(text) <= room:
        return text
    most = len(text)
    while most > 2 and _width(text[:most]) > room:
        most -= 1
    tail = (most - 1) * 2 // 5
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def _data_width(rows: Rows, column: int) -> int:
    return max((_width(line) for row in rows for line in row[column].text.splitlines()), default=0)


def _width(text: str) -> int:
    return max(wcswidth(text), 0) or len(text)


def _section(section: Section, width: int, paint: Paint) -> list[str]:
    if section.inline:
        facts = [*map(inline_words, section.lines), *filter(None, [section.note])]
        return _wrapped(f"{section.title}: {' · '.join(facts)}", width, "", "  ")
    title = paint(section.title, "bold") + (f" ({section.note})" if section.note else "")
    lines = [f"{line.label}: {line.text}" if line.label else line.text for line in section.lines]
    return [title, *(part for line in lines for part in _wrapped(line, width, "  ", "    "))]


def _list(title: str, texts: Sequence[str], width: int, paint: Paint, style: str) -> list[str]:
    if not texts:
        return []
    return [paint(title, style), *(part for text in texts for part in _wrapped(text, width, "  - ", "    "))]


def _steps(steps: Sequence[Step], width: int) -> list[str]:
    lines: list[str] = []
    for step in steps:
        text = f"{step.text.removesuffix('.')}:" if step.command else step.text
        lines += _wrapped(text, width) if step.text else []
        lines += [f"  {step.command}"] if step.command else []
    return lines
