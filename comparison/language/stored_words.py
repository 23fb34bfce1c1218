"""The words of a watch or digest that is kept, read again: they were written by `comparison.language.commands`."""

from comparison.errors import NotUnderstood, RequestError
from comparison.language.lexicon import WORDS, one_of
from comparison.language.parser import parse
from comparison.request import PlanDigest, WatchRequest
from comparison.watch import Digest, Watch
from comparison.watch_document import digest_document, watch_document

_OPTIONS = one_of("only by user against vs when where metrics quiet mention broadcast except")


def watching_of(words: str) -> Watch:
    """What the words behind `watch` mean. Raises NotUnderstood."""
    first, _blank, rest = words.strip().partition(" ")
    is_plain = (first,) not in WORDS or first in _OPTIONS
    try:
        found = parse(f"watch {words}")
    except NotUnderstood:
        if is_plain:
            raise
        found = None
    if isinstance(found, WatchRequest) and (found.watching.place or is_plain):
        return found.watching
    if not is_plain:  # an experiment that is called as a word of ours: older versions wrote it without quotes
        found = parse(f'watch "{first}" {rest}')
    if not isinstance(found, WatchRequest):
        raise _no_such("watch", words, "watch * only failures")
    return found.watching


def digest_of(words: str) -> Digest:
    """What the words behind `digest` mean. Raises NotUnderstood."""
    request = parse(f"digest {words}")
    if not isinstance(request, PlanDigest) or request.digest is None:
        raise _no_such("digest", words, "digest weekdays 9:30 Europe/Berlin")
    return request.digest


def document_of(words: str, *, is_digest: bool) -> str:
    """What the words mean, as it is kept; "" for words that are not understood."""
    try:
        return digest_document(digest_of(words)) if is_digest else watch_document(watching_of(words))
    except RequestError:
        return ""


def _no_such(what: str, words: str, example: str) -> NotUnderstood:
    return NotUnderstood(f"That is no {what}.", remedy="Say it anew.", example=example, text=f"{what} {words}")
