"""A report as GitHub's Markdown, for a pull request or a page. What people typed formats and mentions nothing."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from comparison.report import Align, Column, Line, Report, RunCard, Section, Step, Table

_SPECIAL = re.compile(r"[\\`*\[\]|~#$]|(?<![^\W_])_|_(?![^\W_])")
_LEADING = re.compile(r"^([-+=]|\d{1,9}[.)])(?=[-=\s]|$)")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;"), ("://", "&#58;//"), ("www.", "www&#46;"))
_TICKS = re.compile(r"`+")


def draw(report: Report) -> str:
    """The whole report; folded sections as `<details>`."""
    parts = (
        [f"### {escape(report.headline)}"],
        [_side(card) for card in report.sides],
        _table(report.table) if report.table else [],
        [escape(report.table.note)] if report.table and report.table.note else [],
        *(_section(section) for section in report.sections if not (section.folded or section.last)),
        ["**Be careful**", "", *(f"- {escape(text)}" for text in report.warnings)] if report.warnings else [],
        [_step(step) for step in report.steps],
        *(_section(section) for section in report.sections if section.folded or section.last),
        [" · ".join(link(each.text, each.url) for each in report.links if not each.key.startswith("run:"))],
        [f"<sub>{' '.join(map(escape, report.footnotes))}</sub>"] if report.footnotes else [],
    )
    return "\n\n".join("\n".join(part) for part in parts if any(part)) + "\n"


def escape(text: str) -> str:
    """The text as it reads, on one line."""
    line = " ".join(text.split())
    for character, entity in _ENTITIES:
        line = line.replace(character, entity)
    # Entities hold # and &, which are ours by now.
    told = re.split(r"(&(?:amp|lt|gt|#\d+);)", line)
    told[::2] = [_SPECIAL.sub(lambda found: f"\\{found.group()}", part) for part in told[::2]]
    return _LEADING.sub(lambda found: _leading(found.group()), "".join(told))


def _leading(mark: str) -> str:
    """What would start a list, with its last character harmless."""
    return f"{mark[:-1]}\\{mark[-1]}"


def link(text: str, url: str) -> str:
    """A link of ours; the text alone when there is no address."""
    address = quote(url, safe="!#$%&'*+,/:;=?@~_.-")
    return f"[{escape(text)}]({address})" if url else escape(text)


def _side(card: RunCard) -> str:
    return f"- {escape(card.role)}: **{link(card.label, card.url)}** {escape(' · '.join(card.facts))}".rstrip()


def _table(table: Table) -> list[str]:
    rule = [":---" if column.align is Align.LEFT else "---:" for column in table.columns]
    rows = (tuple(cell.text for cell in row) for row in table.rows)
    return [_row(_titles(table.columns)), f"| {' | '.join(rule)} |", *map(_row, rows)]


def _titles(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.title for column in columns)


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(map(escape, texts))} |"


def _section(section: Section) -> list[str]:
    title = escape(section.title) + (f" ({escape(section.note)})" if section.note else "")
    lines = [f"- {_line(line)}" for line in section.lines]
    if section.folded:
        return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
    return [f"**{title}**", "", *lines]


def _line(line: Line) -> str:
    return f"{escape(line.label)}: {escape(line.text)}" if line.label else escape(line.text)


def _step(step: Step) -> str:
    text = escape(step.text)
    if not step.command:
        return f"- {text}"
    longest = max(map(len, _TICKS.findall(step.command)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"- {text}{': ' if text else ''}{fence}{pad}{' '.join(step.command.split())}{pad}{fence}"
