"""What people typed into MLflow, made fit to be read on one line beside our own words. No markup: drawing escapes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile

from comparison.judgement.numbers import NEW_FROM_ZERO, NOTHING
from comparison.judgement.repeats import outcome_word
from comparison.judgement.result import Change, Outcome
from comparison.report import Line, Table
from comparison.runs import Run, is_moment

_COMMON = 8  # characters that are worth dropping
NAME_CHARS = 60  # characters of a name within a sentence
TITLE_CHARS = 40  # characters of a name over a column
ROW_CHARS = 20  # characters at most of a name in the first column of a narrow table
_FEWEST_ROW_CHARS = 10
_PHONE_CHARS = 43  # of a table's row that a phone shows, what separates two columns counted as two
NARROW_CHARS = 16  # characters of a parameter, its name or its value, in a column of a narrow table
VALUE_CHARS = 80  # characters of a parameter's value
CONTEXT_CHARS = 24  # characters shown on each side of the first difference of two long values
FIRST_STRONG, POP = "\u2068", "\u2069"
_NEWLINES = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:e[-+]?\d+)?%?", re.IGNORECASE)  # a name that would read as a value
_LAST_WORD = re.compile(r"[^\W_][^\s_/-]*\Z")
_SEPARATORS = re.compile(r"([-_/. :])")
_RUN_OF_CUTS = re.compile(r"…(?:[-_/. :]…)+")
_WORD = 3  # characters of a word that is worth leaving out
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


def isolate_direction(text: str) -> str:
    """The text with its direction kept to itself, so that right-to-left names leave the words around them in order."""
    if text.isascii():
        return text
    turns = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
    return f"{FIRST_STRONG}{text}{POP}" if turns else text


def cut_middle(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle, where names and values differ least."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) * 2 // 5
    return f"{text[: limit - 1 - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"


def cut_end(text: str, limit: int) -> str:
    """At most `limit` characters, cut at the end."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def display_name(text: str, limit: int = NAME_CHARS) -> str:
    """A name of theirs for a sentence of ours."""
    return isolate_direction(cut_middle(one_line(text), limit) or "(no name)")


def display_value(text: str, limit: int = VALUE_CHARS) -> str:
    """A value of theirs; a long one is cut in the middle and says how long it is."""
    shown = one_line(text)
    if not shown:
        return "(empty)" if not text else repr(text)
    if len(shown) <= limit:
        return isolate_direction(shown)
    return f"{isolate_direction(cut_middle(shown, limit))} ({len(text):,} characters)"


def distinct_values(texts: Sequence[str | None]) -> tuple[str | None, ...]:
    """Values for reading, in order; values that differ read differently, however long or invisible the difference."""
    shown = [None if text is None else display_value(text) for text in texts]
    if len(set(shown)) == len(set(texts)):
        return tuple(shown)
    given = [text for text in texts if text is not None]
    if max(map(len, given)) <= VALUE_CHARS:
        return tuple(None if text is None else ascii(text) for text in texts)
    start = first_difference(given)
    return tuple(None if text is None else _excerpt(text, start) for text in texts)


def first_difference(texts: Iterable[str]) -> int:
    """Where texts first part, counted in characters from 0."""
    columns = zip(*texts, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _excerpt(text: str, at: int) -> str:
    before = "…" if at > CONTEXT_CHARS else ""
    after = "…" if at + CONTEXT_CHARS < len(text) else ""
    window = ascii(text[max(at - CONTEXT_CHARS, 0) : at + CONTEXT_CHARS])[1:-1]
    return f"{before}{window}{after} ({len(text):,} characters, differs from character {at + 1:,} on)"


def distinct_labels(labels: Sequence[str], ids: Sequence[str], limit: int = TITLE_CHARS) -> tuple[str, ...]:
    """Labels for reading, no two alike: equal ones get as much of their id as tells them apart, or a number."""
    whole = [one_line(label) or one_line(key) for label, key in zip(labels, ids, strict=True)]
    shown = shortened(["run " * bool(_NUMBER.fullmatch(label)) + label for label in whole], limit)
    for digits in (0, 8, 16, 64):
        candidates = [_with_id(label, key, digits, shown) for label, key in zip(shown, ids, strict=True)]
        if len({label.casefold() for label in candidates}) == len(candidates):
            return tuple(map(isolate_direction, candidates))
    return tuple(isolate_direction(f"{label} ({number})") for number, label in enumerate(shown, start=1))


def without_common_start(labels: Sequence[str], limit: int) -> list[str]:
    """Long labels without the words that all begin with, so that what tells them apart is seen: `…27-lr0.003`."""
    common = labels[0][: first_difference(labels)]
    start = max(common.rfind(sign) for sign in "-_/. :") + 1
    if max(map(len, labels)) <= limit or start < _COMMON or any(len(label) == start for label in labels):
        return list(labels)
    return [f"…{label[start:]}" for label in labels]


def row_labels(names: Sequence[str], labels: Sequence[str], limit: int = ROW_CHARS) -> list[str]:
    """Names short enough for the rows of a narrow table: without what all begin with, the middle cut, no two alike.

    `labels` tell runs of one name apart.
    """
    given = names if len({one_line(name).casefold() for name in names}) == len(names) else labels
    plain = [one_line(name.strip(FIRST_STRONG + POP)) or label for name, label in zip(given, labels, strict=True)]
    parted = without_common_start(plain, limit) if len(plain) > 1 else plain
    brief = _without_common_words(plain)
    if max(map(len, plain)) > limit and max(map(len, brief)) <= limit + 1:
        return [isolate_direction(label) for label in brief]
    ends = [cut_end(label, limit) for label in parted]
    is_apart = parted != plain and len({label.casefold() for label in ends}) == len(set(parted))
    return [isolate_direction(label) for label in (ends if is_apart else shortened(parted, limit))]


def _without_common_words(names: Sequence[str]) -> list[str]:
    """Names made alike, without the longer words that all have in the same place: `mlp-64-…-1` of `mlp-64-seed-1`."""
    parted = [_SEPARATORS.split(name) for name in names]
    if len(names) < 2 or len({len(words) for words in parted}) > 1:
        return list(names)
    common = {
        place
        for place, words in enumerate(zip(*parted, strict=True))
        if place and len(set(words)) == 1 and len(words[0]) >= _WORD
    }
    briefly = ("".join("…" if place in common else word for place, word in enumerate(words)) for words in parted)
    return [_RUN_OF_CUTS.sub("…", name) for name in briefly]


def row_room(*columns: Iterable[str]) -> int:
    """Characters of a row's name that a phone has beside these columns, each with its title and its texts."""
    taken = sum(max(map(len, column), default=0) + 2 for column in columns)
    return min(max(_PHONE_CHARS - taken, _FEWEST_ROW_CHARS), ROW_CHARS)


def shortened(texts: Sequence[str], limit: int) -> list[str]:
    """Each at most `limit` characters; long ones that would read alike keep what they differ in."""
    shown = [cut_middle(text, limit) for text in texts]
    for alike in {each for each, count in Counter(shown).items() if count > 1}:
        places = [place for place, each in enumerate(shown) if each == alike]
        group = list(dict.fromkeys(texts[place] for place in places))
        if len(group) > 1:
            apart = dict(zip(group, _apart(group, limit), strict=True))
            for place in places:
                shown[place] = apart[texts[place]]
    return shown


def _apart(texts: Sequence[str], limit: int) -> list[str]:
    """Texts that differ, cut on both sides of the word in which they do."""
    same = first_difference(texts)
    word = _LAST_WORD.search(texts[0], 0, same)
    start = max(word.start() if word else same, same - limit // 4)
    end = min(first_difference([text[::-1] for text in texts]), min(map(len, texts)) - same)
    widest = min(max(len(text) - start - end for text in texts), limit // 2)
    rest = limit - 2 - widest
    head = min(start, max(rest - end, rest * 2 // 3))
    tail = min(end, rest - head)
    return [_around(text, (head, start), (len(text) - end, len(text) - tail), limit) for text in texts]


def _around(text: str, before: tuple[int, int], behind: tuple[int, int], limit: int) -> str:
    """The text without what stands between each of these two pairs of places."""
    head = text[: before[0]] + ("…" if before[0] < before[1] else "")
    tail = ("…" if behind[0] < behind[1] else "") + text[behind[1] :]
    middle = cut_end(text[before[1] : behind[0]], limit - len(head) - len(tail))
    return f"{head}{middle.removesuffix('…') if tail.startswith('…') else middle}{tail}"


def _with_id(label: str, key: str, digits: int, all_labels: Sequence[str]) -> str:
    alike = sum(1 for other in all_labels if other.casefold() == label.casefold()) > 1
    return f"{label} ({key[:digits]})" if alike and digits else label


def display_names(texts: Sequence[str], limit: int = VALUE_CHARS) -> tuple[str, ...]:
    """Names for reading, in order, no two alike: those that would be are shown where they part, or with escapes."""
    shown = [display_name(text, limit) for text in texts]
    alike = Counter(shown)
    if len(alike) == len(shown):
        return tuple(shown)
    distinct = [short if alike[short] == 1 else ascii(text)[1:-1] for short, text in zip(shown, texts, strict=True)]
    return cut_apart(distinct, lambda text: cut_middle(text, limit))


def cut_apart(texts: Sequence[str], cut_: Callable[[str], str]) -> tuple[str, ...]:
    """The texts, each cut by `cut_` to what there is room for; different ones stay apart.

    Those that would read alike begin shortly before they part; where that does not do, they are numbered.
    """
    shown = [cut_(text) for text in texts]
    for lead in (CONTEXT_CHARS, 2, 0):
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


def count_noun(number: int, noun: str) -> str:
    """`1 metric`, `3 metrics`, `1,000 metrics`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def join_names(names: Sequence[str], limit: int = 5) -> str:
    """`a, b and c`; past the limit `a, b, c and 12 more`."""
    shown = [display_name(each) for each in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


# Times and durations as people say them. All are given in ms since the epoch.


SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RECENT = 30 * DAY
_TENTH, _HALF = 100, 50  # of a second; half of it is rounded up
AHEAD = 15 * MINUTE  # that a machine's clock may be ahead without a word
_OUT_OF_RANGE = (OverflowError, OSError, ValueError)


def date_words(at: int) -> str:
    """`2026-11-23 14:05 UTC`."""
    try:
        return datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except _OUT_OF_RANGE:
        return "at an impossible time"


def started_words(at: int, now: int | None) -> str:
    """`started 2 h ago`; with the date when it is long ago, when the clock is not known, or runs ahead of ours."""
    if now is None or not -MINUTE <= now - at < RECENT:
        return f"started {date_words(at)}"
    return "started just now" if now - at < MINUTE else f"started {_coarse(now - at)} ago"


def duration_words(length: int) -> str:
    """`0.4 s`, `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    if length < 10 * SECOND:
        whole, tenths = divmod((length + _HALF) // _TENTH, SECOND // _TENTH)
        return f"{whole}.{tenths}".removesuffix(".0") + " s"
    for unit, word, smaller, smaller_word in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", SECOND, "s"),
    ):
        if length >= unit:
            rest = length % unit // smaller
            return f"{length // unit} {word}" + (f" {rest} {smaller_word}" if rest else "")
    return f"{length // SECOND} s"


def _coarse(length: int) -> str:
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if length >= unit:
            return f"{length // unit} {word}"
    return f"{length // SECOND} s"


def impossible(run: Run) -> tuple[str, ...]:
    """Times of a run that cannot be, as logged: `start 1970-01-21 18:51 UTC, perhaps logged in seconds`."""
    return tuple(f"{name} {date_words(at)}{_perhaps(at)}" for name, at in run.odd_times.items())


def _perhaps(at: int) -> str:
    units = (("seconds", at * SECOND), ("microseconds", at // 1_000), ("nanoseconds", at // 1_000_000))
    unit = next((unit for unit, meant in units if is_moment(meant)), "")
    return f", perhaps logged in {unit}" if unit else ""


def doubts(run: Run, now: int) -> tuple[str, ...]:
    """What is odd about the times of a run, a sentence each."""
    found = [f"A time of it cannot be and is not used: {moments}." for moments in impossible(run)]
    if run.is_over and run.ended_at is None and "end" not in run.odd_times:
        found.append("It does not tell when it ended.")
    if run.started_at and run.ended_at and run.ended_at < run.started_at:
        found.append("By its own times it ended before it started, so that nobody knows how long it took.")
    for name, at in (("start", run.started_at), ("end", run.ended_at)):
        if at is not None and at - now > AHEAD:
            found.append(f"Its {name} is still to come ({date_words(at)}): the clock of its machine is ahead.")
    return tuple(found)


# One change of one metric in a few words: which way it went, by how much, and whether that is good.


WORDS = {
    Outcome.BETTER: "better",
    Outcome.WORSE: "worse",
    Outcome.SAME: "same",
    Outcome.CHANGED: "changed",
    Outcome.ONLY_BASELINE: "only in baseline",
    Outcome.ONLY_CANDIDATE: "only in candidate",
    Outcome.NOT_A_NUMBER: "not a number",
    Outcome.NEITHER: "in neither",
    Outcome.UNCLEAR: "cannot tell",
    Outcome.NO_CLEAR_DIFFERENCE: "not clear",
    Outcome.TOO_FEW: "too few runs",
}


def change_cell_words(change: Change, difference: str, relative: str) -> str:
    """`▲ +0.07 better, +8.2 %`, `▲ +0.3 better` where there is no relative change, `same`, or why there is none."""
    if change.difference is None or not change.difference:
        return WORDS[change.outcome]
    has_relative = change.relative is not None and relative not in (NOTHING, NEW_FROM_ZERO)
    word = "" if change.outcome is Outcome.CHANGED else outcome_word(change) or WORDS[change.outcome]
    return f"{change_arrow(change)} {difference} {word}".rstrip() + (f", {relative}" if has_relative else "")


def change_arrow(change: Change) -> str:
    """▲ up, ▼ down; nothing where the number stayed or cannot be compared."""
    if not change.difference:
        return ""
    return "▲" if change.difference > 0 else "▼"


def value_with_change(change: Change, value: str, difference: str, relative: str) -> str:
    """A candidate's value with the change in it, for a column of its own: `0.92 ▲ +0.07 better, +8.2 %`."""
    if change.difference is None:
        is_alone = change.outcome is Outcome.ONLY_CANDIDATE and change.candidate.value is not None
        return f"{value} {WORDS[change.outcome]}" if is_alone else value
    return f"{value} {change_cell_words(change, difference, relative)}"


def with_links(table: Table, addresses: Sequence[str]) -> Table:
    """The table with an address a row, which the name in its first cell opens; "" for none."""
    rows = tuple((replace(row[0], url=url), *row[1:]) for row, url in zip(table.rows, addresses, strict=True))
    return replace(table, rows=rows)


def merged_lines(lines: Sequence[Line]) -> list[Line]:
    """The lines, those of one label that follow one another as one: `only in B: dropout = 0.1, layers = 2`."""
    merged: list[Line] = []
    for line in lines:
        if merged and line.label and line.label == merged[-1].label:
            merged[-1] = replace(merged[-1], text=f"{merged[-1].text}, {line.text}")
        else:
            merged.append(line)
    return merged


def inline_words(line: Line) -> str:
    """A line of few words: `hidden_units 32 → 64`, `only in B: dropout = 0.1`."""
    joint = ": " if line.label.startswith("only in ") else " "
    return f"{line.label}{joint}{line.text}" if line.label else line.text
