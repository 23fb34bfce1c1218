"""What was typed, as tokens: nothing else in this folder looks at characters.

Quotes and Slack's escapes are undone by `tokens`; here the bot's own name and the marks that end a sentence
come off, what people write in one word is parted (`top3`), and an MLflow filter becomes one token.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from comparison.errors import NotUnderstood
from comparison.language.tokens import Word, split_words

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
_CONTRACTED = {  # as they are typed in a hurry
    **{f"{word}s": f"{word}'s" for word in ("what", "who", "how", "where", "when", "there", "that", "it", "here")},
    **{
        f"{word}nt": f"{word}n't"
        for word in (
            "did",
            "does",
            "do",
            "is",
            "are",
            "was",
            "were",
            "has",
            "have",
            "had",
            "ca",
            "wo",
            "could",
            "should",
        )
    },
    "ive": "i've",
    "lets": "let's",
    "theyre": "they're",
    "youre": "you're",
}
_SIGNS = frozenset({":", ",", ">", "-", "•", "!", "—", "--"})
_PATTERNED = frozenset({"watch", "unwatch", "digest", "subscribe", "unsubscribe"})  # a star there is no mark of bold

# The filter language
_FIELD = r"(?:params|parameters?|param|metrics?|tags?|attributes?|attr|run|datasets?)\.(?:\"[^\"]+\"|`[^`]+`|[\w./-]+)"
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|-?[\d.]+(?:e[-+]?\d+)?|\([^()]*\)|[\w./:-]+)"
_OPERATOR = r"(?:!=|>=|<=|=|>|<|\bnot in\b|\bin\b|\bi?like\b|\bis not\b|\bis\b)"
_TERM = rf"(?:{_FIELD}|[\w.]+)\s*{_OPERATOR}\s*{_VALUE}"
_FILTER = re.compile(rf"{_TERM}(?:\s+and\s+{_TERM})*", re.IGNORECASE)
_BARE = re.compile(rf"{_FIELD}\s*{_OPERATOR}\s*{_VALUE}(?:\s+and\s+{_FIELD}\s*{_OPERATOR}\s*{_VALUE})*", re.IGNORECASE)


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
        tokens += _parted(_unended(word)) if plain(word) else [word]
    said = [each for each in tokens if each.is_quoted or (each.text and (each.text != "?" or len(tokens) == 1))]
    return _with_thousands(said)


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
        said = plain(words[0]).rstrip(":,")
        is_bot = text.startswith("<@", words[0].at) or said in (f"@{command.lstrip('/')}", command)
        if not is_bot and words[0].text not in _SIGNS:
            break
        words = words[1:]
    return words


def _unnotified(words: list[Word], text: str) -> list[Word]:
    """Without people who are only addressed: `hey @jonas, A vs B`, `A vs B cc @jonas`."""
    kept: list[Word] = []
    is_addressed = False
    for word in words:
        if is_addressed and text.startswith("<@", word.at) and not word.is_quoted:
            continue
        is_addressed = plain(word).rstrip(":,") in _GREETINGS or (
            is_addressed and (word.is_comma or plain(word) == "and")
        )
        kept.append(word)
    return kept


def _unended(word: Word) -> Word:
    """Without the marks that end a sentence; a lone `?` stays."""
    if "://" in word.text or "compare-runs" in word.text:
        return word
    opened = word.text.lstrip("¿¡")
    word = replace(word, text=opened, at=word.at + len(word.text) - len(opened))
    kept = word.text.rstrip(_ENDING)
    if word.text.startswith(":") and word.text.endswith(":") and len(word.text) > 2:
        return word  # an emoji
    if not kept:
        return replace(word, text="?" if word.text.startswith("?") else "")
    return replace(word, text=kept, end=word.end - (len(word.text) - len(kept)))


def _parted(word: Word) -> list[Word]:
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
    kept = list(words)
    if words and plain(words[0]).rstrip(":") in _PATTERNED:
        return kept
    opened = -1
    for place, word in enumerate(words):
        if word.is_quoted or word.is_comma or word.is_filter or len(word.text) < 2:
            continue
        if word.text[0] == "*" and word.text[-1] != "*":
            opened = place
        elif word.text[-1] == "*" and opened >= 0:
            kept[opened] = replace(kept[opened], text=kept[opened].text[1:])
            kept[place] = replace(word, text=word.text[:-1])
            opened = -1
    return kept


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
        said = html.unescape(rest).translate(_STRAIGHT)
        pattern = _FILTER if is_led and plain(tokens[-1]) == "where" else _BARE
        if found := pattern.match(said):
            end = word.at + (found.end() if said == rest else len(_escaped(rest, found.end())))
            tokens.append(Word(found.group().strip(), word.at, end, is_filter=True))
        else:
            tokens.append(word)
    return tokens


def _escaped(rest: str, length: int) -> str:
    """The beginning of a text that unescapes to so many characters."""
    end = length
    while end < len(rest) and len(html.unescape(rest[:end])) < length:
        end += 1
    return rest[:end]
