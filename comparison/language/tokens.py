"""What was typed, as tokens: nothing else in this folder looks at characters.

`split_words` undoes quotes, phones' typography and Slack's escapes, each word with its spot. In `scan` the bot's own
name and the marks that end a sentence come off, what people write in one word is parted (`top3`), and an MLflow filter
becomes one token.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from comparison.errors import NotUnderstood

LONGEST = 10_000  # characters of a request
_CLOSED_BY = {'"': '"', "'": "'", "“": "”„“", "”": "”“", "„": "“”", "‘": "’‘", "’": "’", "«": "»", "»": "«", "`": "`"}
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
        elif sign in _CLOSED_BY and _opens(text, at):
            word = _quoted(text, at)
            _add(word, words)
            at = word.end
        else:
            word = _unquoted_word(text, at)
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
    closers = _CLOSED_BY[text[at]]
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
            "This quote is never closed.", remedy=f"Close it with {_CLOSED_BY[text[at]][0]}", text=text, at=at
        )
    inner = html.unescape(_unescaped(text[at + 1 : close]))  # a name may hold an escaped `<!channel>`
    return Word(inner.strip(), at, close + 1, is_quoted=True)


def _unquoted_word(text: str, at: int) -> Word:
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
        if _ends_word(text, at, end) and not (in_list and depth > 0):
            break
        if end > at and text[end] == "<" and _ESCAPE.match(text, end):
            break
        if (
            end > at
            and text[end - 1] == "/"
            and text[end] in _CLOSED_BY
            and _opens(text, end)
            and _closing(text, end) > 0
        ):
            break
        end += 1
    return Word(
        _unmarked(html.unescape(text[at:end]).translate(_DASHES | _LOOK_ALIKE).rstrip(_UNSEEN)), at, max(end, at + 1)
    )


def _ends_word(text: str, at: int, end: int) -> bool:
    """Whether a comma here ends the word that began at `at`; not the one in a name such as `lr=0.1,bs=32`."""
    if text[end] == ";":
        return _ends(text, end + 1) and "&" not in text[at:end]
    if text[end] not in _COMMAS:
        return False
    key = _KEY.match(text, end + 1) if "=" in text[at:end] and end - at < _LONGEST_LIST else None
    return key is None or key[1] in re.split("[=,]", text[at:end])


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or text[at].isspace()


def _unmarked(word: str) -> str:
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


# From words to tokens


MOST = 200  # tokens of a request
_ENDING = "?.!;…:"
_GLUED = re.compile(r"(top|best|worst|last|latest|beste|mejores)-?(\d{1,3})", re.IGNORECASE)
_SPREAD = re.compile(r"(±|\+/-|\+-)(\d[\d.]*%?)")
_ARROWED = re.compile(r"([\w./-]*[\w/])(→|⇒|…|\.\.\.)([\w/][\w./-]*)")
_SIGNED = re.compile(
    r"(?:--?|(?=(?:only|against|metrics?|by|except|quiet|step|when|mention)[:=]))([a-z]+)(?:[:=](.+))?", re.IGNORECASE
)
_WHOLE = re.compile(r"\d{1,3}(?:,\d{3})*")
_THOUSAND = re.compile(r"\d{3}")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "−": "-", "\u00a0": " "})
_GREETINGS = frozenset({"hi", "hey", "hello", "yo", "hallo", "hola", "bonjour", "cc", "fyi", "/cc", "morning"})
_DENIED = "did does do is are was were has have had ca wo could should"
_CONTRACTED = {  # as they are typed in a hurry
    **{f"{word}s": f"{word}'s" for word in ("what", "who", "how", "where", "when", "there", "that", "it", "here")},
    **{f"{word}nt": f"{word}n't" for word in _DENIED.split()},
    "ive": "i've",
    "lets": "let's",
    "theyre": "they're",
    "youre": "you're",
}
_LEADING_SIGNS = frozenset({":", ",", ">", "-", "•", "!", "—", "--"})
_PATTERNED = frozenset({"watch", "unwatch", "digest", "subscribe", "unsubscribe"})  # a star there is no mark of bold


# The filter language
_FIELD = r"(?:params|parameters?|param|metrics?|tags?|attributes?|attr|run|datasets?)\.(?:\"[^\"]+\"|`[^`]+`|[\w./-]+)"
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|-?[\d.]+(?:e[-+]?\d+)?|\([^()]*\)|[\w./:-]+)"
_OPERATOR = r"(?:!=|>=|<=|=|>|<|\bnot in\b|\bin\b|\bi?like\b|\bis not\b|\bis\b)"
_TERM = rf"(?:{_FIELD}|[\w.]+)\s*{_OPERATOR}\s*{_VALUE}"
_FILTER = re.compile(rf"{_TERM}(?:\s+and\s+{_TERM})*", re.IGNORECASE)
_BARE_FILTER = re.compile(
    rf"{_FIELD}\s*{_OPERATOR}\s*{_VALUE}(?:\s+and\s+{_FIELD}\s*{_OPERATOR}\s*{_VALUE})*", re.IGNORECASE
)


def plain(word: Word) -> str:
    """What a token is looked up by as one of our own words; "" for what is quoted."""
    folded = word.folded.replace("’", "'").replace("‘", "'")
    return _CONTRACTED.get(folded, folded)


def scan(text: str, command: str = "/mlcompare") -> list[Word]:
    """The tokens of a request. Raises NotUnderstood for a quote that is never closed, or a text too long."""
    words = _unaddressed(_filtered(split_words(text), text), text, command)
    words = _unnotified(words, text)
    own = f"@{command.lstrip('/')}" if command else "@"
    words = [each for each in words if plain(each).rstrip(":,") != own]
    if len(words) == 1 and words[0].is_quoted and text[words[0].at] == "`":  # a line that was set as code
        start = text.find(words[0].text.strip("` \n"), words[0].at)
        inner = text[:start] and " " * start + text[start : words[0].end].rstrip("` \n")
        within = _unaddressed(_filtered(split_words(inner), inner), inner, command) if start > 0 else []
        words = within if len(within) > 1 else words
    if len(words) > MOST:
        raise NotUnderstood(
            f"That is {len(words)} words; I read {MOST}.",
            remedy="Say it in fewer.",
            text=text[:2000],
            at=words[MOST].at,
        )
    tokens: list[Word] = []
    for word in _unbolded(_unbracketed(words)):
        tokens += _unglued(_unended(word)) if plain(word) else [word]
    tokens = [each for each in tokens if each.is_quoted or (each.text and (each.text != "?" or len(tokens) == 1))]
    return _with_thousands(tokens)


def _unbracketed(words: list[Word]) -> list[Word]:
    """Without the brackets that people put around a link."""
    links = {place for word in words if "://" in word.text for place in (word.at, word.end)}
    return [word for word in words if not (word.text in ("<", ">") and links & {word.at, word.end})]


def _with_thousands(tokens: list[Word]) -> list[Word]:
    """`1,000` as one token, which the commas of lists would part."""
    found: list[Word] = []
    for token in tokens:
        before = found[-2:]
        is_more = (
            len(before) == 2 and before[1].is_comma and token.at == before[1].end and before[0].end == before[1].at
        )
        if is_more and _WHOLE.fullmatch(before[0].text) and _THOUSAND.fullmatch(token.text) and not token.is_quoted:
            found[-2:] = [Word(f"{before[0].text},{token.text}", before[0].at, token.end)]
        else:
            found.append(token)
    return found


def joined(words: Sequence[Word]) -> str:
    """Tokens as one name, blanks where they were typed."""
    ends = [words[0].at, *(word.end for word in words)]
    return "".join(w.text if w.at <= end else f" {w.text}" for w, end in zip(words, ends, strict=False)).strip()


def _unaddressed(words: list[Word], text: str, command: str) -> list[Word]:
    """Without the bot's name in front, and signs that say nothing."""
    while words and not words[0].is_quoted and not words[0].is_filter:
        name = plain(words[0]).rstrip(":,")
        is_bot = text.startswith("<@", words[0].at) or name in (f"@{command.lstrip('/')}", command)
        if not is_bot and words[0].text not in _LEADING_SIGNS:
            break
        words = words[1:]
    return words


def _unnotified(words: list[Word], text: str) -> list[Word]:
    """Without people who are only addressed: `hey @jonas, A vs B`, `A vs B cc @jonas`."""
    rest: list[Word] = []
    is_addressed = False
    for word in words:
        if is_addressed and text.startswith("<@", word.at) and not word.is_quoted:
            continue
        is_addressed = plain(word).rstrip(":,") in _GREETINGS or (
            is_addressed and (word.is_comma or plain(word) == "and")
        )
        rest.append(word)
    return rest


def _unended(word: Word) -> Word:
    """Without the marks that end a sentence; a lone `?` stays."""
    if "://" in word.text or "compare-runs" in word.text:
        return word
    opened = word.text.lstrip("¿¡")
    word = replace(word, text=opened, at=word.at + len(word.text) - len(opened))
    stem = word.text.rstrip(_ENDING)
    if word.text.startswith(":") and word.text.endswith(":") and len(word.text) > 2:
        return word  # an emoji
    if not stem:
        return replace(word, text="?" if word.text.startswith("?") else "")
    return replace(word, text=stem, end=word.end - (len(word.text) - len(stem)))


def _unglued(word: Word) -> list[Word]:
    """`top3` as `top 3`, `--metrics=a` as `metrics a`, `only:` as `only`."""
    if found := _GLUED.fullmatch(word.text):
        middle = word.at + len(found[1])
        return [Word(found[1], word.at, middle), Word(found[2], middle, word.end)]
    if found := _SPREAD.fullmatch(word.text):
        middle = word.at + len(found[1])
        return [Word("±", word.at, middle), Word(found[2], middle, word.end)]
    if found := _ARROWED.fullmatch(word.text):
        first, second = word.at + len(found[1]), word.at + len(found[1]) + len(found[2])
        arrow = Word(found[2], first, second)
        return [Word(found[1], word.at, first), arrow, Word(found[3], second, word.end)]
    if found := _SIGNED.fullmatch(word.text):
        if not found[2]:
            return [replace(word, text=found[1])]
        middle = word.end - len(found[2])
        return [Word(found[1], word.at, middle), Word(found[2], middle, word.end)]
    return [word]


def _unbolded(words: list[Word]) -> list[Word]:
    """`*my run* vs *other run*`: without the stars around several words, which a client leaves."""
    bare_words = list(words)
    if words and plain(words[0]).rstrip(":") in _PATTERNED:
        return bare_words
    opened = -1
    for place, word in enumerate(words):
        if word.is_quoted or word.is_comma or word.is_filter or len(word.text) < 2:
            continue
        if word.text[0] == "*" and word.text[-1] != "*":
            opened = place
        elif word.text[-1] == "*" and opened >= 0:
            bare_words[opened] = replace(bare_words[opened], text=bare_words[opened].text[1:])
            bare_words[place] = replace(word, text=word.text[:-1])
            opened = -1
    return bare_words


def _filtered(words: list[Word], text: str) -> list[Word]:
    """Each filter as one token: what follows `where`, or begins with `params.`, `metrics.`, `tags.`."""
    tokens: list[Word] = []
    end = -1
    for word in words:
        if word.at < end:
            continue
        is_led = bool(tokens) and plain(tokens[-1]) in ("where", "mit", "with") and not tokens[-1].is_filter
        if word.is_quoted or word.is_comma or not (is_led or "." in word.text):
            tokens.append(word)
            continue
        rest = text[word.at :]
        straight_text = html.unescape(rest).translate(_STRAIGHT)
        pattern = _FILTER if is_led and plain(tokens[-1]) == "where" else _BARE_FILTER
        if found := pattern.match(straight_text):
            end = word.at + (found.end() if straight_text == rest else len(_typed_length(rest, found.end())))
            tokens.append(Word(found.group().strip(), word.at, end, is_filter=True))
        else:
            tokens.append(word)
    return tokens


def _typed_length(rest: str, length: int) -> str:
    """The beginning of a text that unescapes to so many characters."""
    end = length
    while end < len(rest) and len(html.unescape(rest[:end])) < length:
        end += 1
    return rest[:end]
