"""A report as GitHub's Markdown, for a pull request or a page. What people typed formats and mentions nothing."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from comparison.formats.controls import dropped
from comparison.report import Align, Line, Report, RunCard, Section, Step, Table
from comparison.reports.text import inline_words

_SPECIAL = re.compile(r"[\\`*\[\]|~#$]|(?<![^\W_])_|_(?![^\W_])")
_LEADING = re.compile(r"^([-+=]|\d{1,9}[.)])(?=[-=\s]|$)")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\u200b", "&#8203;"))
# GitHub looks for these in the text as it reads, behind every escape: only a character that nobody sees parts them.
_CALLS = re.compile(
    r"@(?=\S)"  # a person, a team, an e-mail address, a commit of another repository
    r"|\#(?=\d)|\bGH(?:SA)?-(?=\w)"  # an issue
    r"|:(?=//)|ww(?=w\.)"  # an address
    r"|:(?=[\w+-]*[a-z][\w+-]*:)|:(?=[+-]1:)",  # an emoji
    re.IGNORECASE,
)
_PARTED = "\u200b"
# What could be a commit, standing alone: GitHub makes no link of code, and an id can still be copied.
_HEX = re.compile(r"(?<![^\s(\[{:,;…\u200b\u2068])((?=\d*[a-f])[0-9a-f]{7,40})(?![^\s)\]},;:.…\u2069])(?!\.\w)")
_TICKS = re.compile(r"`+")


def to_markdown(report: Report) -> str:
    """The whole report; folded sections as `<details>`."""
    parts = (
        [f"### {escape_markdown(report.headline)}"],
        _table(report.table) if report.table else [],
        [escape_markdown(report.table.note)] if report.table and report.table.note else [],
        *(_section(section) for section in report.sections if not (section.folded or section.last)),
        ["**Be careful**", "", *(f"- {escape_markdown(text)}" for text in report.warnings)] if report.warnings else [],
        [_step(step) for step in report.steps],
        [_side(card) for card in report.sides],
        *(_section(section) for section in report.sections if section.folded or section.last),
        [" · ".join(markdown_link(each.text, each.url) for each in report.links if not each.key.startswith("run:"))],
        [f"<sub>{' '.join(map(escape_markdown, report.footnotes))}</sub>"] if report.footnotes else [],
    )
    return "\n\n".join("\n".join(part) for part in parts if any(part)) + "\n"


def escape_markdown(text: str) -> str:
    """The text as it reads, on one line."""
    parts = _HEX.split(_parted(text))
    parts[::2] = [_SPECIAL.sub(lambda found: f"\\{found.group()}", part) for part in parts[::2]]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]
    line = "".join(parts)
    for character, entity in _ENTITIES:
        line = line.replace(character, entity)
    return _LEADING.sub(lambda found: _leading(found.group()), line)


def _parted(text: str) -> str:
    """On one line, without what acts, and with what GitHub would take for a mention or an address in two."""
    line = " ".join(dropped(text).replace(_PARTED, "").split())
    return _CALLS.sub(lambda found: f"{found.group()}{_PARTED}", line)


def _within_html(text: str) -> str:
    """The same where Markdown is not read."""
    line = _parted(text)
    for character, entity in _ENTITIES:
        line = line.replace(character, entity)
    return line


def _leading(mark: str) -> str:
    """What would start a list, with its last character harmless."""
    return f"{mark[:-1]}\\{mark[-1]}"


def markdown_link(text: str, url: str) -> str:
    """A link of ours; the text alone when there is no address."""
    address = quote(url, safe="!#$%&'*+,/:;=?@~_.-")
    return f"[{escape_markdown(text)}]({address})" if url else escape_markdown(text)


def _side(card: RunCard) -> str:
    role, facts = escape_markdown(card.role), escape_markdown(" · ".join(card.facts))
    return f"- {role}: **{markdown_link(card.label, card.url)}** {facts}".rstrip()


def _table(table: Table) -> list[str]:
    rule = [":---" if column.align is Align.LEFT else "---:" for column in table.columns]
    titles = ((column.title, column.url) for column in table.columns)
    rows = (((cell.text, cell.url) for cell in row) for row in table.rows)
    return [_row(titles), f"| {' | '.join(rule)} |", *map(_row, rows)]


def _row(cells: Iterable[tuple[str, str]]) -> str:
    return f"| {' | '.join(markdown_link(text, url) for text, url in cells)} |"


def _section(section: Section) -> list[str]:
    if section.inline:
        facts = [*(_inline(line) for line in section.lines), *filter(None, [escape_markdown(section.note)])]
        return [f"**{escape_markdown(section.title)}**: {' · '.join(facts)}"]
    title = section.title + (f" ({section.note})" if section.note else "")
    lines = [f"- {_line(line)}" for line in section.lines]
    if section.folded:
        return [f"<details><summary>{_within_html(title)}</summary>", "", *lines, "", "</details>"]
    return [f"**{escape_markdown(title)}**", "", *lines]


def _line(line: Line) -> str:
    return f"{escape_markdown(line.label)}: {escape_markdown(line.text)}" if line.label else escape_markdown(line.text)


def _inline(line: Line) -> str:
    return escape_markdown(inline_words(line))


def _step(step: Step) -> str:
    text = escape_markdown(step.text)
    if not step.command:
        return f"- {text}"
    command = " ".join(dropped(step.command).split())
    longest = max(map(len, _TICKS.findall(command)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"- {text}{': ' if text else ''}{fence}{pad}{command}{pad}{fence}"
