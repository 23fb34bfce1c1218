"""What was said, as words: quotes, phones' typography and Slack's escapes undone, each word with its spot."""

import html
import re
from dataclasses import dataclass

from comparison.errors import NotUnderstood

LONGEST = 10_000  # characters of a request
_QUOTES = {'"': '"', "'": "'", "“": "”„“", "”": "”“", "„": "“”", "‘": "’‘", "’": "’", "«": "»", "»": "«", "`": "`"}
_MIXED = {'"': "”“", "“": '"', "”": '"'}
_APOSTROPHES = frozenset("'‘’`")
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
        """The spelling that it is looked up by as one of our own words; "" for what is quoted."""
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
