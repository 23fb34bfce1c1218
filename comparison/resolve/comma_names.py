"""Names with commas in them, which were read as several."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from comparison.run_reference import Named, RunReference

MOST_COMMAS = 8  # pieces of a name with commas in it
_BETWEEN = re.compile(r"\s+(?:with|to|and|against)\s+", re.IGNORECASE)


def joined_by_commas(
    references: Sequence[RunReference], text: str, is_name: Callable[[str], bool]
) -> list[RunReference]:
    """The references, with names in place of the pieces that a comma within the name made of them."""
    found: list[RunReference] = []
    rest = list(references)
    while rest:
        taken, names = 1, rest[:1]
        for count in range(len(rest), 1, -1):
            meant = next((each for each in _ways(rest[:count], text) if all(is_name(name.text) for name in each)), None)
            if meant:
                taken, names = count, [*meant]
                break
        found += names
        rest = rest[taken:]
    return found


def _ways(references: Sequence[RunReference], text: str) -> list[list[Named]]:
    """References as one name, and as the names on both sides of a `with`; none unless nothing but commas parts them."""
    named = [each for each in references if isinstance(each, Named) and each.end > each.at]
    if len(named) < len(references) or len(named) > MOST_COMMAS:
        return []
    if any(text[before.end : after.at].strip() != "," for before, after in pairwise(named)):
        return []
    start, end = named[0].at, named[-1].end
    cuts = [(start + found.start(), start + found.end()) for found in _BETWEEN.finditer(text[start:end])]
    starts, ends = [start, *(behind for _, behind in cuts)], [*(before for before, _ in cuts), end]
    pieces = [Named(text[first:last], first, end=last) for first, last in zip(starts, ends, strict=True)]
    return [[Named(text[start:end], start, end=end)], *([pieces] if cuts else [])]
