"""Rows as a table for a terminal, in which the columns that hold sentences share the room that is left."""

from collections.abc import Sequence

from tabulate import MIN_PADDING, tabulate

from comparison.wording.plain import one_line

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
    """As much as each wants where there is room; the narrow ones first, so that none gets more than it uses."""
    shares = dict.fromkeys(range(len(wanted)), 0)
    for done, place in enumerate(sorted(shares, key=lambda place: wanted[place])):
        fair = (room - sum(shares.values())) // (len(wanted) - done)
        shares[place] = max(min(wanted[place], fair), _LEAST)
    return list(shares.values())
