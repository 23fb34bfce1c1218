"""What is listed by commands: rows as a table for people or as a document for programs, and times for both."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tabulate import MIN_PADDING, tabulate

from comparison.formats.controls import json_text
from comparison.reports.text import one_line


def as_iso(seconds: float) -> str | None:
    """A moment for programs: `2026-11-23T09:30:00Z`; None for never, which is 0."""
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if seconds else None
    )


def as_minute(seconds: float) -> str:
    """A moment for people: `2026-11-23 09:30`; a dash for never."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "–"


def document(name: str, rows: Sequence[dict[str, Any]]) -> str:
    """Rows as one JSON document."""
    return json_text({"version": 1, name: rows})


# Rows as a table for a terminal, in which the columns that hold sentences share the room that is left.


WIDTH = 100
_GAP = 2
_LEAST = 10  # columns of a sentence


def draw_listing(titles: Sequence[str], rows: Sequence[Sequence[str]], sentences: Sequence[int]) -> str:
    """`sentences` are the places of the columns that may be broken; a cell of the others has its own lines."""
    clean = [["\n".join(map(one_line, cell.split("\n"))) for cell in row] for row in rows]
    widths = [
        max(len(title) + MIN_PADDING, *(len(line) for row in clean for line in row[place].split("\n")))
        for place, title in enumerate(titles)
    ]
    taken = sum(width for place, width in enumerate(widths) if place not in sentences) + _GAP * (len(titles) - 1)
    room = dict(zip(sentences, _shares([widths[place] for place in sentences], WIDTH - taken), strict=True))
    most = [room.get(place) for place in range(len(titles))]
    drawn = tabulate(clean, headers=titles, tablefmt="simple", disable_numparse=True, maxcolwidths=most)
    return "\n".join(line.rstrip() for line in drawn.splitlines())


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Widths as each column wants where there is room; narrow ones first, so that none gets more than it uses."""
    shares = dict.fromkeys(range(len(wanted)), 0)
    for done, place in enumerate(sorted(shares, key=lambda place: wanted[place])):
        fair = (room - sum(shares.values())) // (len(wanted) - done)
        shares[place] = max(min(wanted[place], fair), _LEAST)
    return list(shares.values())
