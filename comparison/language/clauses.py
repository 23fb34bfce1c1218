"""What stands behind the runs: `in EXPERIMENT`, `by METRIC, …`, `all`, `best`, `at step N`, `within X %`.

Each is a row in CLAUSES.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.tokens import Word
from comparison.runs import Goal
from comparison.tolerance import read_tolerance

PLAIN_SEPARATORS = frozenset(  # these part names wherever they stand
    {"vs", "vs.", "versus", "v", "v.", "against", "->", "-->", "=>", "→", "⇒", "|"}
)
LISTING = frozenset({"and", "&"})
SOFT_SEPARATORS = frozenset({"with", "to", "or", "from"})  # they stand within names too
SEPARATORS = PLAIN_SEPARATORS | LISTING | SOFT_SEPARATORS


_AMOUNT = re.compile(r"[±+]?[\d.]")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+")
LATEST = frozenset({"latest", "newest", "last", "previous", "prev"})


@dataclass
class ParsedClauses:
    """What the clauses at the end said, and the words before them."""

    text: str
    words: list[Word]
    experiment: str = ""
    metrics: tuple[str, ...] = ()
    flags: dict[str, bool] = field(default_factory=dict)
    at_step: int | None = None
    tolerance: float | None = None


def missing(problem: str, remedy: str, example: str, word: Word) -> NotUnderstood:
    return NotUnderstood(problem, remedy=remedy, example=example, at=word.at)


def parted(words: Sequence[Word], parting: frozenset[str]) -> list[list[Word]]:
    """The groups of words between commas and the parting words."""
    groups: list[list[Word]] = [[]]
    for place, word in enumerate(words):
        is_name = place == 0 and len(words) > 2 and words[1].folded in parting  # a run called "v" or "to"
        if word.is_comma or (word.folded in parting and not is_name):
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def read(words: Sequence[Word], text: str) -> ParsedClauses:
    """Takes off the end all from the first word on which only clauses follow."""
    asked = ParsedClauses(text, list(words))
    starts = _starts(words)
    parted_at = max((place for place, word in enumerate(words) if word.folded in PLAIN_SEPARATORS), default=-1)
    for start in reversed(starts):
        if start < parted_at or not _is_clause(words, start):
            break
        asked.words = list(words[:start])
    if len(asked.words) < len(words):
        _read_clauses(words[len(asked.words) :], asked)
    return asked


def _starts(words: Sequence[Word], *, is_clause: bool = False) -> list[int]:
    """Where a clause may begin: at one of its words, behind a word that names a run, or behind a clause."""
    found: list[int] = []
    for place in range(1, len(words)):
        before = words[place - 1]
        names_a_run = before.folded in SEPARATORS or (before.is_comma and not (found or is_clause))
        if words[place].folded in CLAUSES and not names_a_run:
            found.append(place)
    return found


def _is_clause(words: Sequence[Word], place: int) -> bool:
    """Whether what begins here is a clause: a word such as `in` with something behind it, or `all` by itself."""
    word = words[place].folded
    if _belongs_to_run(words, place):
        return False
    rest = words[place + 1 : place + 3]
    if word in _FLAGS:
        return not rest or rest[0].folded in CLAUSES or rest[0].is_comma
    if word == "at":
        return bool(rest) and rest[0].folded == "step"
    if word == "within":
        return bool(rest) and _AMOUNT.match(rest[0].folded) is not None
    return bool(rest) or place > 2  # without a rest something is missing, and the clause says what


def _belongs_to_run(words: Sequence[Word], place: int) -> bool:
    """`latest by maya` names a run, unless what follows is a metric by its name; so does `all in sweep X`."""
    word, before = words[place].folded, words[place - 1].folded
    rest = words[place + 1 : place + 2]
    if word == "by" and rest and before.partition("~")[0] in LATEST:
        return goal_of(rest[0].text) is Goal.UNKNOWN
    return word == "in" and bool(rest) and rest[0].folded == "sweep"


def _read_clauses(words: Sequence[Word], asked: ParsedClauses) -> None:
    starts = [0, *_starts(words, is_clause=True)]
    for place, stop in zip(starts, [*starts[1:], len(words)], strict=True):
        CLAUSES[words[place].folded](words[place], words[place + 1 : stop], asked)


def _in(word: Word, rest: Sequence[Word], asked: ParsedClauses) -> None:
    named = [each for each in rest if not each.is_comma]
    if len(named) > 1 and named[0].folded == "experiment":
        named = named[1:]
    if not named:
        raise missing("Which experiment?", "Name it after in.", "run-a vs run-b in my-experiment", word)
    asked.experiment = " ".join(each.text for each in named)


def _by(word: Word, rest: Sequence[Word], asked: ParsedClauses) -> None:
    metrics = tuple(" ".join(each.text for each in group) for group in parted(rest, LISTING))
    if not metrics:
        raise missing("By which metric?", "Name it after by.", "run-a vs run-b by accuracy", word)
    asked.metrics = tuple(dict.fromkeys((*asked.metrics, *metrics)))


def _flag(word: Word, _rest: Sequence[Word], asked: ParsedClauses) -> None:
    asked.flags[_FLAGS[word.folded]] = True


def _at(word: Word, rest: Sequence[Word], asked: ParsedClauses) -> None:
    said = "".join(each.text for each in rest[1:]).rstrip(",")
    number = said.replace(",", "") if _THOUSANDS.fullmatch(said) else said.replace("_", "")
    if not (number.isascii() and number.removeprefix("-").isdecimal() and len(number) <= 18):
        raise missing("At which step?", "Say it as a whole number.", "run-a vs run-b at step 100", word)
    asked.at_step = int(number)


def _within(word: Word, rest: Sequence[Word], asked: ParsedClauses) -> None:
    said = asked.text[rest[0].at : rest[-1].end] if rest else ""
    asked.tolerance = read_tolerance(said.rstrip("?!.,; "), needs_unit=True)
    if asked.tolerance is None:
        remedy = "Say it as a share of the baseline, in percent."
        raise missing("Within how much are values the same?", remedy, "run-a vs run-b within 0.1 %", word)


_FLAGS = {"all": "all", "everything": "all", "best": "best"}
CLAUSES: dict[str, Callable[[Word, Sequence[Word], ParsedClauses], None]] = {
    "in": _in,
    "by": _by,
    "on": _by,
    "at": _at,
    "within": _within,
    **dict.fromkeys(_FLAGS, _flag),
}


def refused_option(problem: str, remedy: str, example: str, words: Sequence[Word]) -> NotUnderstood:
    """The spot is all of these words."""
    return NotUnderstood(problem, remedy=remedy, example=example, at=words[0].at, end=words[-1].end)


def bare_words(words: Sequence[Word]) -> list[Word]:
    """Without the commas at both ends."""
    kept = list(words)
    while kept and kept[0].is_comma:
        kept = kept[1:]
    while kept and kept[-1].is_comma:
        kept = kept[:-1]
    return kept
