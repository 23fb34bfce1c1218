"""A report's table as Slack can show it, as wide and as long as there is room for, saying what was left out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comparison.report import Align, Cell, Column, Table
from handlers.blocks import NOTHING, section
from handlers.escaping import clip, length, one_line
from handlers.limits import BLOCK_TEXT, COLUMNS, DATA_ROWS, TABLE_ROWS
from handlers.reply import Block
from handlers.rung import Rung

_NAME = 100  # of what names the row
_CELL = 60
_TITLE = 40
_CAPTION = 200
_PAGE = 10
_ROWS_WANTED = 8  # columns give way until so many rows fit


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table as blocks, and how much of it was left out."""

    blocks: tuple[Block, ...] = ()
    rows_left: int = 0
    columns_left: tuple[str, ...] = ()


def draw_table(table: Table | None, rung: Rung, room: int) -> Drawn:
    """The rows and columns that fit into `room` characters, drawn as the rung allows."""
    if table is None or not table.rows or not table.columns:
        return Drawn()
    draw, most = _FORMS[rung]
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
    """One line a row: what it names, then each value behind its column's title."""
    return [
        f"{row[0].text}: "
        + " · ".join(f"{_title(column)} {cell.text}" for column, cell in zip(columns[1:], row[1:], strict=True))
        for row in rows
    ]


def _width(table: Table, room: int) -> int:
    """As many columns as fit with the first few rows; two at least, so that something is compared."""
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
    text = clip(one_line(cell.text), _CELL if number else _NAME) or NOTHING
    return Cell(text, cell.value if cell.value is not None and math.isfinite(cell.value) else None)


def _title(column: Column) -> str:
    return clip(one_line(column.title), _TITLE) or NOTHING


def _weigh(columns: Sequence[Column], cells: Sequence[Cell], rung: Rung) -> int:
    titles = sum(length(_title(column)) + 4 for column in columns[1:]) if rung >= Rung.SECTIONS else 0
    return titles + sum(length(cell.text) for cell in cells)


def _raw(cell: Cell) -> Block:
    if cell.value is None:
        return {"type": "raw_text", "text": cell.text}
    return {"type": "raw_number", "value": cell.value, "text": cell.text}


def _rows(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[list[Block]]:
    titles = [_raw(Cell(_title(column))) for column in columns]
    return [titles, *([_raw(cell) for cell in row] for row in rows)]


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
    settings: list[Block] = [
        {"align": "right" if column.align is Align.RIGHT else "left", "is_wrapped": number == 0}
        for number, column in enumerate(columns)
    ]
    return [{"type": "table", "column_settings": settings, "rows": _rows(columns, rows)}]


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
_FORMS: dict[Rung, tuple[_Draw, int]] = {
    Rung.ALL: (_data_table, DATA_ROWS - 1),
    Rung.NO_CHARTS: (_data_table, DATA_ROWS - 1),
    Rung.TABLE: (_table, TABLE_ROWS - 1),
    Rung.SECTIONS: (_sections, TABLE_ROWS),
    Rung.TEXT: (_nothing, TABLE_ROWS),
}
