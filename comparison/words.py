"""What was said, as words: quotes, phones' typography and Slack's escapes undone, each word with its spot."""

import html
import re
from dataclasses import dataclass

from comparison.errors import NotUnderstood

LONGEST = 10_000  # characters of a request
_QUOTES = {'"': '"', "'": "'", "“": "”„“", "”": "”“", "„": "“”", "‘": "’‘", "’": "’", "«": "»", "»": "«", "`": "`"}
_APOSTROPHES = frozenset("'‘’`")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "—": "--", "–": "-", "\u00a0": " "})
_OPERATOR = re.compile(r"[=<>]|\b(?:like|ilike|in|is)\b", re.IGNORECASE)
_DASHES = str.maketrans({"—": "--", "–": "-", "−": "-", "\u2011": "-", "\u00a0": " "})
_ESCAPE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_SCHEME = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)


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


def split(text: str) -> list[Word]:
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
        if sign.isspace():
            at += 1
        elif sign == ",":
            words.append(Word(",", at, at + 1, is_comma=True))
            at += 1
        elif sign in _QUOTES and _opens(text, at):
            word = _quoted(text, at)
            words.append(word)
            at = word.end
        else:
            word = _plain(text, at)
            words.append(word)
            at = word.end
    return words


def with_filters(words: list[Word], text: str, ends: frozenset[str]) -> list[Word]:
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
        return [*words[:place], filtered, *with_filters(words[stop:], text, ends)]
    return words


def _opens(text: str, at: int) -> bool:
    """A quote opens at the start of a word; an apostrophe only when another follows somewhere."""
    if at and not (text[at - 1].isspace() or text[at - 1] in ",(/"):
        return False
    return text[at] not in _APOSTROPHES or _closing(text, at) >= 0


def _closing(text: str, at: int) -> int:
    """Where the quote that opens here is closed: at the end of a word if there is such a place, else anywhere."""
    closers = _QUOTES[text[at]]
    places = [place for sign in closers for place in _places(text, sign, at + 1)]
    ends = [
        place for place in places if place + 1 == len(text) or text[place + 1].isspace() or text[place + 1] in ",?!;)"
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
    in_list = text.startswith(("http://", "https://"), at)
    depth = 0
    while end < len(text) and not text[end].isspace():
        depth += (text[end] == "[") - (text[end] == "]")
        if text[end] == "," and not (in_list and depth > 0):
            break
        if end > at and text[end] == "<" and _ESCAPE.match(text, end):
            break
        end += 1
    return Word(_bare(html.unescape(text[at:end]).translate(_DASHES)), at, max(end, at + 1))


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
        if inner[:1] in "@#!":
            return f"{inner[:1]}{label or inner[1:]}"
        if not _SCHEME.match(inner):
            return inner if label is None else label
        if label and "#/" not in inner and "/runs/" not in inner and "/" not in label:
            return label
        return inner

    return _ESCAPE.sub(typed, text) if "<" in text else text
