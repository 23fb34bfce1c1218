"""The words of a watch, taken apart: where its options begin, where its filter ends, and what is nearly an option."""

import difflib
import html
import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.clauses import LATEST, PLAIN_SEPARATORS
from comparison.errors import NotUnderstood
from comparison.goals import goal_of
from comparison.runs import Goal
from comparison.watch_rules import MOVING, STRAIGHT
from comparison.words import Word, split, with_filters

OPTIONS = {  # the words that begin one, and which
    **dict.fromkeys(("against", "vs", "vs.", "versus"), "against"),
    **dict.fromkeys(("except", "excepting", "excluding", "without"), "except"),
    "if": "when",
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("mention", "mentions"), "mention"),
    **dict.fromkeys(("broadcast", "broadcasts"), "broadcast"),
    **{name: name for name in ("where", "by", "only", "when", "quiet", "in")},
}
OFF = frozenset({"off", "stop", "none", "never", "cancel", "remove"})
LIST = "list"
HELP = frozenset({"help", "--help", "-h"})
_LISTS = frozenset({"metrics", "except", "when"})  # what stands behind a comma is of the list
_SHORT = 3  # characters of a word that may be an option misspelt
_LIKE = 0.82
_MOST_FILTERS = 3  # the first ones; more are one too many whatever they say
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s,'\"`]+|[\s,]+|.", re.DOTALL)
_JOINED = re.compile(r"[\s,;]+(?:and|but|&)$", re.IGNORECASE)  # what joins a filter to the next option
_WHERE = re.compile("where", re.IGNORECASE)


def refused(problem: str, remedy: str, example: str, words: Sequence[Word]) -> NotUnderstood:
    """The spot is all of these words."""
    return NotUnderstood(problem, remedy=remedy, example=example, at=words[0].at, end=words[-1].end)


def bare(words: Sequence[Word]) -> list[Word]:
    """Without the commas at both ends."""
    kept = list(words)
    while kept and kept[0].is_comma:
        kept = kept[1:]
    while kept and kept[-1].is_comma:
        kept = kept[:-1]
    return kept


def starts(words: Sequence[Word]) -> list[int]:
    """Where options begin. An `in` that may be of the place begins none here."""
    found: list[int] = []
    for place, word in enumerate(words):
        if word.folded in OPTIONS and not _belongs(words, place, found[-1] if found else None):
            found.append(place)
    return found


def _belongs(words: Sequence[Word], place: int, open_at: int | None) -> bool:
    """Whether a word of ours here says something of the option that is open already."""
    word, before = words[place].folded, words[place - 1].folded if place else ""
    if open_at is None:
        return word == "in"
    option = OPTIONS[words[open_at].folded]
    if word == "by" and option == "when":
        return before in MOVING
    if word == "by" and option == "against":  # `best by f1`
        rest = words[place + 1 : place + 2]
        return before in ("best", "worst") and bool(rest) and goal_of(rest[0].text) is not Goal.UNKNOWN
    if word == "in":
        return option == "quiet"
    return word in ("when", "if") and option == "only" and place == open_at + 1


# The filter


def loosened(words: Sequence[Word], text: str) -> list[Word]:
    """The words with what follows `where` taken apart: its filter ends where the next option begins."""
    said: list[Word] = []
    rest = list(words)
    filters = 0
    while rest:
        word = rest.pop(0)
        if not word.is_filter or filters >= _MOST_FILTERS:
            said += [_where(word, text), word] if word.is_filter else [word]
            continue
        filters += 1
        end = _end(text[word.at : word.end]) + word.at
        raw = html.unescape(text[word.at : end]).translate(STRAIGHT).strip(" ,;?")
        raw = _JOINED.sub("", raw) if end < word.end else raw
        is_baseline = bool(said) and OPTIONS.get(said[-1].folded) == "against"
        said += [] if is_baseline else [_where(word, text)]
        said += [Word(raw, word.at, word.at + len(text[word.at : end].rstrip()), is_filter=True)] if raw else []
        tail = [replace(each, at=each.at + end, end=each.end + end) for each in split(text[end : word.end])]
        rest = [*with_filters(tail, text, PLAIN_SEPARATORS), *rest]
    return said


def _where(word: Word, text: str) -> Word:
    """The word before its filter."""
    found = [each.start() for each in _WHERE.finditer(text, 0, word.at)]
    at = found[-1] if found else word.at
    return Word("where", at, at + 5)


def _end(said: str) -> int:
    """Where the next option begins; what stands in quotes is not looked at."""
    straight = said.translate(STRAIGHT)
    is_begun = True
    for piece in _PIECE.finditer(straight):
        word, rest = piece.group().casefold(), straight[piece.end() :].lstrip()
        is_whole = is_begun and straight[piece.end() : piece.end() + 1] in ("", " ", "\n", "\t", ",")
        if is_whole and word in OPTIONS and not (word == "in" and rest.startswith("(")):
            return piece.start()
        is_begun = word.isspace() or word.strip().strip(",") == ""
    return len(said)


# What is nearly an option


def misspelt(words: Sequence[Word], option: str = "") -> tuple[Word, str] | None:
    """The first of the words behind an option, or behind the place, that is nearly an option, and which."""
    for before, word in itertools.pairwise(words):
        if option in _LISTS and (before.is_comma or before.folded in ("and", "&")):
            continue
        if meant := near_option(word.folded):
            return word, meant
    return None


def near_option(said: str) -> str:
    """The option that a word nearly is; "" for one that is one, or is none."""
    if len(said) < _SHORT or said in OPTIONS or not said.isalpha() or said in LATEST:
        return ""
    long = [name for name in OPTIONS.values() if len(name) > _SHORT]
    turned = next((name for name in long if sorted(name) == sorted(said)), "")
    alike = difflib.get_close_matches(said, long, n=1, cutoff=_LIKE)
    return turned or next((name for name in alike if abs(len(name) - len(said)) <= 1), "")
