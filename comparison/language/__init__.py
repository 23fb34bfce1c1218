"""What people type and what it means: `read` makes a request of it, `line` makes a line of a request.

The way of a sentence: scanner (tokens) → cover (atoms, by lexicon and names) → reading (intent, slots, sides).
"""

from comparison.language.changes import compared, follow, is_follow_up
from comparison.language.names import Kind, Names
from comparison.language.reading import Guess, LeftOver, Reading, parse, read
from comparison.language.writer import line, quoted

__all__ = [
    "Guess",
    "Kind",
    "LeftOver",
    "Names",
    "Reading",
    "compared",
    "follow",
    "is_follow_up",
    "line",
    "parse",
    "quoted",
    "read",
]
