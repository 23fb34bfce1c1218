"""What people say around a request, taken off: the bot's name, pleas, small talk, marks of bold and code."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from comparison.words import Word, split

GREETINGS = frozenset({"hi", "hello", "hey", "yo", "usage", "commands", "-h", "h"})
_PLEAS = frozenset({"please", "pls", "plz", "thanks", "thx"})
_SMALL_TALK = frozenset(
    {
        *("hi", "hello", "hey", "ok", "okay", "so", "now", "then", "also", "and", "please", "just", "kindly", "quick"),
        *("can", "could", "will", "would", "you", "we", "i", "i'd", "like", "want", "to", "let", "lets", "let's"),
        *("show", "give", "tell", "do", "run", "make", "see", "me", "us", "a", "an", "the", "what", "what's", "is"),
    }
)
PLEADING = frozenset(
    {
        *("hi", "hello", "hey", "ok", "okay", "now", "then", "also", "and", "please", "just", "kindly", "could", "can"),
        *("will", "would", "you", "we", "i", "i'd", "like", "want", "to", "let", "lets", "let's", "us"),
        *("pls", "plz", "we'd", "bot"),
    }
)
_PATTERNED = frozenset({"watch", "unwatch", "digest", "subscribe", "unsubscribe"})  # a star there is no mark of bold
_MARKS = frozenset({":", ",", ">", "-", "•", "!"})
_ENDING = "?.!;…"


def bare(words: Sequence[Word], text: str, command: str) -> list[Word]:
    """The words of the request itself. A line that was all set as code or in bold is read as if it were not."""
    kept = _unaddressed(words, text, command)
    if len(kept) == 1 and kept[0].is_quoted and text[kept[0].at] == "`":
        inner = kept[0].text.strip("` \n")
        start = text.find(inner, kept[0].at)
        within = split(inner) if start >= 0 else []
        if len(within) > 1:
            moved = [replace(word, at=word.at + start, end=word.end + start) for word in within]
            kept = _unaddressed(moved, text, command)
    return _unbolded(_unended(kept))


def without_small_talk(words: list[Word], leading: Collection[str]) -> list[Word]:
    """`can you compare …` as `compare …`: a first word of ours counts where only small talk stands before it."""
    for place, word in enumerate(words[:8]):
        if word.folded in leading:
            return words[place:] if place + 1 < len(words) else words
        if word.folded.rstrip(",") not in _SMALL_TALK and not word.is_comma:
            break
    return words


def without_pleading(words: list[Word], leading: Collection[str]) -> list[Word]:
    """`can you watch …` as `watch …`; `show watch` is still another request."""
    for place, word in enumerate(words[:6]):
        if word.folded in leading or [each.folded for each in words[place : place + 2]] == ["stop", "watching"]:
            return words[place:]
        if word.folded.rstrip(",") not in PLEADING and not word.is_comma:
            break
    return words


def _unaddressed(words: Sequence[Word], text: str, command: str) -> list[Word]:
    kept = list(words)
    while kept and not kept[0].is_quoted and (_is_address(kept[0], text, command) or kept[0].text in _MARKS):
        kept = kept[1:]
    return kept


def _is_address(word: Word, text: str, command: str) -> bool:
    said = word.folded.rstrip(":,")
    is_mention = text.startswith("<@", word.at) or said == f"@{command.lstrip('/')}"
    return is_mention or said in ("please", command)


def _unended(words: list[Word]) -> list[Word]:
    """Without pleas and the marks that end a sentence; a lone `?` asks for help."""
    while words and not words[-1].is_quoted:
        last = words[-1]
        kept = last.text.rstrip(_ENDING) if "://" not in last.text else last.text
        if last.is_comma or kept.casefold() in _PLEAS or not kept:
            if last.text == "?" and len(words) == 1:
                return words
            words = words[:-1]
        else:
            return [*words[:-1], replace(last, text=kept)]
    return words


def _unbolded(words: list[Word]) -> list[Word]:
    """`*my run* vs *other run*`: without the stars around several words, which a client leaves."""
    kept = list(words)
    if words and words[0].folded.rstrip(":") in _PATTERNED:
        return kept
    opened = -1
    for place, word in enumerate(words):
        if word.is_quoted or word.is_comma or len(word.text) < 2:
            continue
        if word.text[0] == "*":
            opened = place
        elif word.text[-1] == "*" and opened >= 0:
            kept[opened] = replace(kept[opened], text=kept[opened].text[1:])
            kept[place] = replace(word, text=word.text[:-1])
            opened = -1
    return kept
