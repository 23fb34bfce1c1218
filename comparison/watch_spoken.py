"""Words of a watch as people put them, turned into ours: `failures only`, `--only`, `against=best`, `but not`."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import watch_places
from comparison.watch_words import OPTIONS
from comparison.words import Word

JOINING = frozenset({"and", "but", "&", "-", "--", "also", "with", "plus", "+"})  # before an option they say nothing
_SIGNS = ":="
_WHOLE = frozenset({"in", "where"})  # what stands behind these in one word is a name, or a filter


def ours(words: Sequence[Word]) -> list[Word]:
    """The same request, each option begun by its own word."""
    said = [each for word in words for each in _apart(word)]
    said = _without_joining(_excepting(said))
    return _turned(said)


def _apart(word: Word) -> list[Word]:
    """`only:`, `--only`, `only=failures`; the word itself where it is none of these."""
    core = word.folded.lstrip("-").rstrip(_SIGNS)
    if word.folded in OPTIONS or not core:
        return [word]
    if core in OPTIONS:
        return [replace(word, text=core)]
    sign = next((each for each in core if each in _SIGNS), "")
    option, _sign, rest = word.text.lstrip("-").partition(sign) if sign else ("", "", "")
    if option.casefold() not in OPTIONS or option.casefold() in _WHOLE or not rest:
        return [word]
    behind = word.end - len(rest)
    return [Word(option.casefold(), word.at, behind - 1), Word(rest, behind, word.end)]


def _excepting(words: Sequence[Word]) -> list[Word]:
    """`all but fraud-old`, `fraud-* but not fraud-old`."""
    said: list[Word] = []
    for place, word in enumerate(words):
        behind = words[place + 1].folded if place + 1 < len(words) else ""
        is_negated = bool(said) and said[-1].folded == "except" and word.folded == "not"
        is_but = word.folded == "but" and place > 0
        if is_negated and words[place - 1].folded == "but":
            continue
        if is_but and (behind == "not" or words[place - 1].folded in watch_places.EVERYTHING):
            said.append(replace(word, text="except"))
        else:
            said.append(word)
    return said


def _without_joining(words: Sequence[Word]) -> list[Word]:
    said: list[Word] = []
    for word in words:
        while said and len(said) > 1 and said[-1].folded in JOINING and _is_option(word):
            said.pop()
        said.append(word)
    return said


def _is_option(word: Word) -> bool:
    return word.folded in OPTIONS and word.folded != "in"


def _turned(words: Sequence[Word]) -> list[Word]:
    """`failures only` as `only failures`."""
    said: list[Word] = []
    for place, word in enumerate(words):
        is_last = place + 1 == len(words) or words[place + 1].is_comma or words[place + 1].folded in OPTIONS
        before = next((said[-size:] for size in (2, 1) if _is_choice(said, size)), [])
        if word.folded == "only" and is_last and before:
            spot = replace(word, at=before[0].at, end=before[-1].end)
            said = [*said[: len(said) - len(before)], spot, *before]
        else:
            said.append(word)
    return said


def _is_choice(said: Sequence[Word], size: int) -> bool:
    """Whether the last words choose runs, and are not chosen by an `only` already."""
    group = said[-size:]
    is_said = len(said) > size and said[-size - 1].folded in ("only", "when", "if")
    return len(group) == size and watch_places.only(group) is not None and not is_said
