"""Text that people typed into MLflow, made harmless: it mentions, links, formats and breaks nothing."""

import re
from urllib.parse import quote

# Marks, embeddings and overrides reorder what follows them; a first-strong isolate that is ended does not.
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066\u2067"
_UNSEEN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufff9-\ufffb{_DIRECTIONS}]")
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_MARKER = re.compile(r"[*~]|(?<![^\W_])_|_(?![^\W_])")  # a _ within a word formats nothing
_EMOJI_NAME = re.compile(r":(?=[a-z0-9_+'-]+:)", re.IGNORECASE)
_LOUD = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)
_QUOTE_MARK = re.compile(r"^&gt;", re.MULTILINE)
# Slack has no escape for these, so their look-alikes stand for them where they would format.
_LOOK_ALIKE = {"*": "\u2217", "_": "\u02cd", "~": "\u223c"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_BAR = "\u2223"  # looks like |, which would split a link
_ELLIPSIS = "…"
_JOINER_OR_SPACE = "\u200d "


def length(text: str) -> int:
    """Characters as the strictest counter counts them: UTF-16 units, two for most emoji."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """No control or direction characters, no broken surrogates; lines end with a newline."""
    if text.isascii() and text.isprintable():
        return text
    seen = _UNSEEN.sub("", _BREAKS.sub("\n", _LONE_SURROGATE.sub("\ufffd", text)))
    if _unended(seen) or seen.count(_END_ISOLATE) > seen.count(_ISOLATE):
        return seen.replace(_ISOLATE, "").replace(_END_ISOLATE, "")
    return seen


def one_line(text: str) -> str:
    """Clean, every run of white space a single space; right-to-left text is kept from reordering what is around it."""
    line = " ".join(clean(text).split())
    if not line.isascii() and _ISOLATE not in line and _RIGHT_TO_LEFT.search(line):
        return f"{_ISOLATE}{line}{_END_ISOLATE}"
    return line


def clip(text: str, limit: int) -> str:
    """Cuts text to `limit` UTF-16 units; what was cut ends with an ellipsis, an opened isolate is ended."""
    if length(text) <= limit:
        return text
    closing = _END_ISOLATE * _unended(text[:limit])
    room = limit - len(_ELLIPSIS) - len(closing)
    clipped = text[: max(room, 0)]
    while clipped and length(clipped) > room:
        clipped = clipped[: -max(1, (length(clipped) - room) // 2)]
    if room < 0:
        return _ELLIPSIS[: max(limit, 0)]
    return f"{clipped.rstrip(_JOINER_OR_SPACE)}{_ELLIPSIS}{_END_ISOLATE * _unended(clipped)}"


def _unended(text: str) -> int:
    return max(text.count(_ISOLATE) - text.count(_END_ISOLATE), 0)


def mrkdwn(text: str, limit: int) -> str:
    """The text as mrkdwn that reads as it was typed, at most `limit` long once escaped; never cut inside an escape."""
    clipped = clip(text, limit)
    while length(harmless := _defuse(clipped)) > limit:
        clipped = clip(clipped, length(clipped) - max(1, (length(harmless) - limit) // 5))
    return harmless


def address(url: str) -> str:
    """The address with everything quoted that would end or split a link; "" when it is not http or https."""
    trimmed = url.strip()
    if not trimmed.lower().startswith(("http://", "https://")):
        return ""
    return quote(clean(trimmed), safe="!#$%&'()*+,/:;=?@[]~_.-")


def link(url: str, label: str, limit: int) -> str:
    """A mrkdwn link of at most `limit`; the label alone when the address is unusable or would not fit."""
    opening = f"<{address(url).replace('&', '&amp;')}|"
    room = limit - length(opening) - 1
    if not address(url) or room < 1:
        return mrkdwn(label, limit)
    return f"{opening}{mrkdwn(label.replace('|', _BAR), room)}>"


def _defuse(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "\u02cb")
    marked = _MARKER.sub(lambda found: _LOOK_ALIKE[found.group()], escaped)
    named = _EMOJI_NAME.sub("\u2236", marked).replace("://", ":\u200b//")
    return _LOUD.sub("@\u200b", _QUOTE_MARK.sub("\u200b&gt;", named))
