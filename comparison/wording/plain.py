"""What people typed into MLflow, made fit to be read on one line beside our own words. No markup: drawing escapes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

NAME = 60  # characters of a name within a sentence
TITLE = 40  # characters of a name over a column
VALUE = 80  # characters of a parameter's value
CONTEXT = 24  # characters shown on each side of the first difference of two long values
FIRST_STRONG, POP = "\u2068", "\u2069"
_NEWLINES = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")
_JOINERS = "\u200c\u200d"  # part of Persian words and of emoji
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def one_line(text: str) -> str:
    """The text on one line: line breaks as ⏎, no control characters, nothing that turns the direction of others."""
    if text.isascii() and text.isprintable():  # nearly all are
        return _BLANKS.sub(" ", text).strip() if "  " in text or text[:1] == " " or text[-1:] == " " else text
    broken = _NEWLINES.sub("⏎", text.strip())
    visible = "".join(_shown(character) for character in broken)
    return _BLANKS.sub(" ", visible).strip()


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return "" if category in ("Cc", "Cf") and character not in _JOINERS else character


def isolate(text: str) -> str:
    """The text with its direction kept to itself, so that right-to-left names leave the words around them in order."""
    if text.isascii():
        return text
    turns = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
    return f"{FIRST_STRONG}{text}{POP}" if turns else text


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle, where names and values differ least."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) * 2 // 5
    return f"{text[: limit - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut at the end."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def name(text: str, limit: int = NAME) -> str:
    """A name of theirs for a sentence of ours."""
    return isolate(shorten(one_line(text), limit) or "(no name)")


def value(text: str, limit: int = VALUE) -> str:
    """A value of theirs; a long one is cut in the middle and says how long it is."""
    shown = one_line(text)
    if not shown:
        return "(empty)" if not text else repr(text)
    if len(shown) <= limit:
        return isolate(shown)
    return f"{isolate(shorten(shown, limit))} ({len(text):,} characters)"


def told_apart(texts: Sequence[str | None]) -> tuple[str | None, ...]:
    """Values for reading, in order; values that differ read differently, however long or invisible the difference."""
    shown = [None if text is None else value(text) for text in texts]
    if len(set(shown)) == len(set(texts)):
        return tuple(shown)
    given = [text for text in texts if text is not None]
    if max(map(len, given)) <= VALUE:
        return tuple(None if text is None else ascii(text) for text in texts)
    start = first_difference(given)
    return tuple(None if text is None else _excerpt(text, start) for text in texts)


def first_difference(texts: Iterable[str]) -> int:
    """Where texts first part, counted in characters from 0."""
    columns = zip(*texts, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _excerpt(text: str, at: int) -> str:
    before = "…" if at > CONTEXT else ""
    after = "…" if at + CONTEXT < len(text) else ""
    window = ascii(text[max(at - CONTEXT, 0) : at + CONTEXT])[1:-1]
    return f"{before}{window}{after} ({len(text):,} characters, differs from character {at + 1:,} on)"


def distinct(labels: Sequence[str], ids: Sequence[str], limit: int = TITLE) -> tuple[str, ...]:
    """Labels for reading, no two alike: equal ones get as much of their id as tells them apart, or a number."""
    shown = [
        shorten(one_line(label), limit) or shorten(one_line(key), limit) for label, key in zip(labels, ids, strict=True)
    ]
    for digits in (0, 8, 16, 64):
        candidates = [_with_id(label, key, digits, shown) for label, key in zip(shown, ids, strict=True)]
        if len({label.casefold() for label in candidates}) == len(candidates):
            return tuple(map(isolate, candidates))
    return tuple(isolate(f"{label} ({number})") for number, label in enumerate(shown, start=1))


def _with_id(label: str, key: str, digits: int, all_labels: Sequence[str]) -> str:
    alike = sum(1 for other in all_labels if other.casefold() == label.casefold()) > 1
    return f"{label} ({key[:digits]})" if alike and digits else label


def names(texts: Sequence[str], limit: int = VALUE) -> tuple[str, ...]:
    """Names for reading, in order, no two alike: those that would be are shown where they part, or with escapes."""
    shown = [name(text, limit) for text in texts]
    alike = Counter(shown)
    if len(alike) == len(shown):
        return tuple(shown)
    told = [short if alike[short] == 1 else ascii(text)[1:-1] for short, text in zip(shown, texts, strict=True)]
    return cut_apart(told, lambda text: shorten(text, limit))


def cut_apart(texts: Sequence[str], cut_: Callable[[str], str]) -> tuple[str, ...]:
    """The texts, each cut by `cut_` to what there is room for; different ones stay apart.

    Those that would read alike begin shortly before they part; where that does not do, they are numbered.
    """
    shown = [cut_(text) for text in texts]
    for lead in (CONTEXT, 2, 0):
        if len(set(shown)) == len(set(texts)):
            return tuple(shown)
        for alike in _groups_alike(shown, texts):
            parted = _parted([texts[place] for place in alike], lead, cut_)
            for place, text in zip(alike, parted, strict=True):
                shown[place] = text
    left = [place for group in _groups_alike(shown, texts) for place in group]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts[place] for place in left), start=1)}
    for place in left:
        shown[place] = cut_(f"#{numbers[texts[place]]} {texts[place]}")
    return tuple(shown)


def _groups_alike(shown: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """The places of different texts that are shown alike."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(shown):
        places.setdefault(text, []).append(place)
    return [group for group in places.values() if len({texts[place] for place in group}) > 1]


def _parted(texts: Sequence[str], lead: int, cut_: Callable[[str], str]) -> list[str]:
    """The texts from a little before the place where they part."""
    start = max(first_difference(texts) - lead, 0)
    return [cut_(f"…{text[start:]}" if start else text) for text in texts]


def counted(number: int, noun: str) -> str:
    """`1 metric`, `3 metrics`, `1,000 metrics`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], limit: int = 5) -> str:
    """`a, b and c`; past the limit `a, b, c and 12 more`."""
    shown = [name(each) for each in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)
