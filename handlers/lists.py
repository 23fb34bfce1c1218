"""What a report lists beside its table: what changed, doubts, next steps. As many lines as there is room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from comparison.report import Line, Section, Step
from handlers import limits
from handlers.blocks import bullets, container, paragraph, rich_text, section, words
from handlers.escaping import clip, length, one_line
from handlers.reply import Block
from handlers.rung import Rung

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

    @property
    def line(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text

    def paragraph(self) -> Block:
        if self.is_code:
            return paragraph(words(f"{self.label} "), *([words(self.text, "code")] if self.text else []))
        return paragraph(*([words(f"{self.label}: ", "bold")] if self.label else []), words(self.text))


def draw_sections(parts: Sequence[Section], rung: Rung, room: int) -> list[Block]:
    """Each with as many of its lines as its share of the room takes, the first ones first."""
    blocks: list[Block] = []
    for number, part in enumerate(parts[:_SECTIONS]):
        share = (room - limits.weight(blocks)) // (min(len(parts), _SECTIONS) - number)
        blocks += _section(part, rung, share)
    return blocks


def draw_warnings(warnings: Sequence[str], rung: Rung, room: int) -> list[Block]:
    """The most serious first."""
    return _section(Section("Be careful", tuple(map(Line, warnings))), rung, room) if warnings else []


def draw_steps(steps: Sequence[Step], rung: Rung, room: int) -> list[Block]:
    """Each with what to type for it, set apart so that it can be copied."""
    items = [_Item(_leading(step), one_line(step.command), is_code=True) for step in steps]
    shown = _fitting(items, room)
    if not shown:
        return []
    if rung >= Rung.SECTIONS:
        return [section(clip("\n".join(f"{item.label} {item.text}".strip() for item in shown), _SECTION_TEXT))]
    return [rich_text(bullets(item.paragraph() for item in shown))]


def _leading(step: Step) -> str:
    text = one_line(step.text)
    return f"{text}:" if step.command and text[-1:].isalnum() else text


def _section(part: Section, rung: Rung, room: int) -> list[Block]:
    title = clip(one_line(part.title), limits.CONTAINER_TITLE)
    note = clip(one_line(part.note), 200)
    items = [_Item(one_line(line.label), one_line(line.text)) for line in part.lines]
    shown = _fitting(items, room - length(title) - length(note) - 40)
    if room < length(title) + length(note) or (items and not shown):
        return []
    rest = f"{len(items) - len(shown):,} more" if len(shown) < len(items) else ""
    notes = ", ".join(filter(None, [rest, note]))
    if rung >= Rung.SECTIONS:
        told = [title, *(f"• {item.line}" for item in shown), notes]
        return [section(clip("\n".join(filter(None, told)), _SECTION_TEXT))]
    listing = [bullets(item.paragraph() for item in shown)] if shown else []
    if notes:
        listing.append(paragraph(words(notes, "italic")))
    if rung < Rung.TABLE and listing and (part.folded or len(items) > _OPEN_LINES):
        counted = title if part.folded else f"{clip(title, limits.CONTAINER_TITLE - 20)} ({len(items):,})"
        return [container(counted, [rich_text(*listing)])]
    return [rich_text(paragraph(words(title, "bold")), *listing)]


def _fitting(items: Sequence[_Item], room: int) -> list[_Item]:
    """The items that fit, each cut to what one line bears."""
    kept: list[_Item] = []
    for item in items:
        cut = _Item(clip(item.label, _LINE if item.is_code else _LINE // 2), clip(item.text, _LINE), item.is_code)
        room -= length(cut.label) + length(cut.text) + _MARKS
        if room < 0:
            break
        kept.append(cut)
    return kept
