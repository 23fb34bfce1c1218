"""What was said, as words: quotes, phones' typography and Slack's escapes undone, each word with its spot."""

import html
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from comparison.errors import NotUnderstood

LONGEST = 10_000  # characters of a request
_QUOTES = {'"': '"', "'": "'", "“": "”„“", "”": "”“", "„": "“”", "‘": "’‘", "’": "’", "«": "»", "»": "«", "`": "`"}
_MIXED = {'"': "”“", "“": '"', "”": '"'}
_APOSTROPHES = frozenset("'‘’`")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "—": "--", "–": "-", "\u00a0": " "})
_OPERATOR = re.compile(r"[=<>]|\b(?:like|ilike|in|is)\b", re.IGNORECASE)
_DASHES = str.maketrans({"—": "--", "–": "-", "−": "-", "\u2011": "-", "\u00a0": " "})
_LOOK_ALIKE = {0x2217: "*", 0x02CD: "_", 0x223C: "~", 0x2223: "|"}  # a name copied from a message is the name again
_FENCE = "```"
_COMMAS = ",，、"
_UNSEEN = "\u200b\u2060\ufeff\u200e\u200f\u202a\u202c\u202d\u2066\u2067\u2068\u2069"  # left by copying
_LONGEST_LIST = 500  # characters of a name such as lr=0.1,bs=32
_KEY = re.compile(r"([^\s,=;\"'<>]{1,60})=")
_ESCAPE = re.compile(r"<(?![\s\d=.+-])([^<>|]*)(?:\|([^<>]*))?>")  # not what stands between `< 1` and `> 2`
_SCHEME = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_ADDRESSES = ("http://", "https://", "#/", "/#/", "compare-runs?")


@dataclass(frozen=True, slots=True)
class Word:
    """`is_quoted`: it was set in quotes, so it is a name whatever it looks like. `end` is where it ends in the text."""

    text: str
    at: int
    end: int
    is_quoted: bool = False
    is_comma: bool = False
    is_filter: bool = False  # all that was said behind `where`

    @property
    def folded(self) -> str:
        """What it is looked up by as one of our own words; "" for what is quoted."""
        return "" if self.is_quoted or self.is_comma or self.is_filter else self.text.casefold()


def split_words(text: str) -> list[Word]:
    """The words of a text, in one pass. Raises NotUnderstood for a quote that is never closed or a text too long."""
    if len(text) > LONGEST:
        raise NotUnderstood(
            f"That is {len(text):,} characters long; I read {LONGEST:,}.",
            remedy="Name the runs by id, or paste a comparison link.",
            example="help runs",
        )
    words: list[Word] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign.isspace() or sign in _UNSEEN:
            at += 1
        elif sign in _COMMAS or (sign == ";" and _ends(text, at + 1)):
            words.append(Word(",", at, at + 1, is_comma=True))
            at += 1
        elif sign in _QUOTES and _opens(text, at):
            word = _quoted(text, at)
            _add(word, words)
            at = word.end
        else:
            word = _plain(text, at)
            _add(word, words)
            at = word.end
    return words


def _add(word: Word, words: list[Word]) -> None:
    """Adds a word; `experiment/"my run"` is one, whichever part is quoted."""
    before = words[-1] if words else None
    if before and not before.is_comma and before.end == word.at and _is_path(before, word):
        words[-1] = Word(before.text + word.text, before.at, word.end, is_quoted=True)
    else:
        words.append(word)


def join_filters(words: list[Word], text: str, ends: frozenset[str]) -> list[Word]:
    """The words with all that follows `where` made one, up to a word of `ends` or a last `in <experiment>`.

    It is left as it was typed, for MLflow to read, but for the quotes of phones.
    """
    for place, word in enumerate(words):
        if word.folded != "where" or place + 1 == len(words):
            continue
        stop = next((at for at in range(place + 1, len(words)) if words[at].folded in ends), len(words))
        if stop - place > 4 and words[stop - 2].folded == "in" and not words[stop - 1].text.startswith("("):
            stop -= 2
        raw = html.unescape(text[words[place + 1].at : words[stop - 1].end]).translate(_STRAIGHT).strip(" ?,;")
        if not _OPERATOR.search(raw):
            continue
        filtered = Word(raw, words[place + 1].at, words[stop - 1].end, is_filter=True)
        return [*words[:place], filtered, *join_filters(words[stop:], text, ends)]
    return words


def _is_path(before: Word, word: Word) -> bool:
    is_parted = before.text.endswith("/") or word.text.startswith("/")
    return is_parted and (before.is_quoted or word.is_quoted) and "://" not in before.text + word.text


def _opens(text: str, at: int) -> bool:
    """A quote opens at the start of a word; an apostrophe only when another follows somewhere."""
    if at and not (text[at - 1].isspace() or text[at - 1] in ",(/"):
        return False
    return text[at] not in _APOSTROPHES or _closing(text, at) >= 0


def _closing(text: str, at: int) -> int:
    """Where the quote that opens here is closed: at the end of a word if there is such a place, else anywhere."""
    closers = _QUOTES[text[at]]
    if text[at] in _MIXED and not any(text.find(sign, at + 1) >= 0 for sign in closers):
        closers = _MIXED[text[at]]  # a phone makes some of the quotes curly
    places = [place for sign in closers for place in _places(text, sign, at + 1)]
    ends = [
        place for place in places if place + 1 == len(text) or text[place + 1].isspace() or text[place + 1] in ",?!;)/"
    ]
    inside = [place for place in places if place not in ends]
    if ends:
        return min(ends)
    return min(inside) if inside and text[at] not in _APOSTROPHES else -1


def _places(text: str, sign: str, start: int) -> list[int]:
    """The next few places of a sign: a request with hundreds of quotes is no request."""
    found: list[int] = []
    while len(found) < 64 and (place := text.find(sign, start)) >= 0:
        found.append(place)
        start = place + 1
    return found


def _quoted(text: str, at: int) -> Word:
    fenced = text.find(_FENCE, at + 3) if text.startswith(_FENCE, at) else -1
    if fenced >= 0:
        return Word(html.unescape(_unescaped(text[at + 3 : fenced])).strip(), at, fenced + 3, is_quoted=True)
    close = _closing(text, at)
    if close < 0:
        raise NotUnderstood(
            "This quote is never closed.",
            remedy=f"Close it with {_QUOTES[text[at]][0]}",
            text=text,
            at=at,
        )
    inner = html.unescape(_unescaped(text[at + 1 : close]))  # a name may hold an escaped `<!channel>`
    return Word(inner.strip(), at, close + 1, is_quoted=True)


def _plain(text: str, at: int) -> Word:
    """Up to the next blank or comma; what stands in <…> is one piece, blanks or not."""
    escape = _ESCAPE.match(text, at)
    if escape:
        return Word(html.unescape(_unescaped(escape.group())), at, escape.end())
    end = at
    in_list = text.startswith(_ADDRESSES, at)
    depth = 0
    while end < len(text) and not (
        text[end].isspace() and not (in_list and depth > 0 and text[end + 1 : end + 2] == '"')
    ):
        depth += (text[end] == "[") - (text[end] == "]")
        if _parts(text, at, end) and not (in_list and depth > 0):
            break
        if end > at and text[end] == "<" and _ESCAPE.match(text, end):
            break
        if end > at and text[end - 1] == "/" and text[end] in _QUOTES and _opens(text, end) and _closing(text, end) > 0:
            break
        end += 1
    return Word(
        _bare(html.unescape(text[at:end]).translate(_DASHES | _LOOK_ALIKE).rstrip(_UNSEEN)), at, max(end, at + 1)
    )


def _parts(text: str, at: int, end: int) -> bool:
    """Whether a comma here ends the word that began at `at`; not the one in a name such as `lr=0.1,bs=32`."""
    if text[end] == ";":
        return _ends(text, end + 1) and "&" not in text[at:end]
    if text[end] not in _COMMAS:
        return False
    key = _KEY.match(text, end + 1) if "=" in text[at:end] and end - at < _LONGEST_LIST else None
    return key is None or key[1] in re.split("[=,]", text[at:end])


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at].isspace()


def _bare(word: str) -> str:
    """Without the bold or code marks that a client leaves around a word."""
    for mark in ("`", "*"):
        if len(word) > 2 and word[0] == word[-1] == mark:
            return word[1:-1]
    return word


def _unescaped(text: str) -> str:
    """Slack's <…> as what was typed: a link is its address, unless its label is a name that only looked like one."""

    def typed(found: re.Match[str]) -> str:
        inner, label = found.group(1), found.group(2)
        if inner[:1] in ("@", "#"):
            return f"{inner[:1]}{label or inner[1:]}"
        if not _SCHEME.match(inner):
            return found.group()  # no escape of Slack's, which writes &lt;: a name such as <x> or <!channel>
        if label and "#/" not in inner and "/runs/" not in inner and "/" not in label:
            return label
        return inner

    return _ESCAPE.sub(typed, text) if "<" in text else text


# What people say around a request, taken off: the bot's name, pleas, small talk, marks of bold and code.


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


def without_politeness(words: Sequence[Word], text: str, command: str) -> list[Word]:
    """The words of the request itself. A line that was all set as code or in bold is read as if it were not."""
    kept = _unaddressed(words, text, command)
    if len(kept) == 1 and kept[0].is_quoted and text[kept[0].at] == "`":
        inner = kept[0].text.strip("` \n")
        start = text.find(inner, kept[0].at)
        within = split_words(inner) if start >= 0 else []
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
