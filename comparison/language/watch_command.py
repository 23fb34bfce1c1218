"""`watch …`, `unwatch …`, `watches`, `digest …`: what they and the words behind them mean."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from comparison.errors import NotUnderstood
from comparison.language.clauses import PLAIN_SEPARATORS, bare_words, refused_option
from comparison.language.dates import DAYS, read_clock
from comparison.language.digest_command import EXAMPLE, read_digest
from comparison.language.experiment_pattern import EVERYTHING, without_here, without_more
from comparison.language.tokens import Word
from comparison.language.unparse import digest_words, watch_words
from comparison.language.watch_options import HELP, LIST, OFF, read, words_of
from comparison.request import Help, ListWatches, PlanDigest, Request, Unwatch, WatchRequest
from comparison.watch import Digest, Watch

_Meant = TypeVar("_Meant")
_Command = Callable[[Sequence[Word], str], Request]
_ENDING = "?.!;…:"
_STARTING = frozenset({"start", "stop"})


def watching_of(words: str) -> Watch:
    """What the words behind `watch` mean. Raises NotUnderstood."""
    text = f"watch {words}"
    try:
        return _mended(lambda said, told: read(said[1:], told)[0], words_of(text), text)
    except NotUnderstood as error:
        raise replace(error, text=error.text or text) from None


def digest_of(words: str) -> Digest:
    """What the words behind `digest` mean. Raises NotUnderstood."""
    text = f"digest {words}"
    try:
        return _mended(_digest, words_of(text), text)
    except NotUnderstood as error:
        raise replace(error, text=error.text or text) from None


def watch_command(words: Sequence[Word]) -> _Command | None:
    """What the first words ask for; None where they ask for something else, or are the name of a run."""
    folded = [word.folded.rstrip(_ENDING) for word in words[:3]]
    if (
        folded[0] in _STARTING
        and folded[1:2] == ["watching"]
        and folded[2:] not in ([each] for each in PLAIN_SEPARATORS)
    ):
        told = watch if folded[0] == "start" else unwatch
        return lambda said, text: told(said[1:], text)
    first = folded[0] if folded[0] in WATCH_COMMANDS else _turned(folded[0])
    told_by = WATCH_COMMANDS.get(first) if not _is_run(first, words) else None
    if told_by is None or first not in _TO:
        return told_by
    return lambda said, text: told_by(_unaddressed(said, _TO[first]), text)


def _unaddressed(words: Sequence[Word], to: str) -> Sequence[Word]:
    """`subscribe this channel to fraud` as `subscribe fraud`."""
    at = next((place for place, word in enumerate(words[:4]) if place and word.folded == to), 0)
    is_to = all(word.folded in _ADDRESSED or word.text[:1] in ("#", "@") for word in words[1:at])
    return [words[0], *words[at + 1 :]] if at and is_to and at + 1 < len(words) else words


def _turned(said: str) -> str:
    """The command of which two letters are turned, which no name is: `wacth`."""
    return next((name for name in WATCH_COMMANDS if len(said) > 1 and sorted(name) == sorted(said)), "")


def _is_run(first: str, words: Sequence[Word]) -> bool:
    """Whether this compares a run that is called like a command: `watch vs other-run`."""
    parts = [place for place, word in enumerate(words) if place and word.folded in PLAIN_SEPARATORS]
    if not parts or (first in _WATCHING and words[1].folded == "against"):
        return False
    if first in _WATCHING or first in _UNWATCHING:
        return parts[0] == 1
    if first in _DIGEST:
        next_ = words[1].folded
        return next_ not in DAYS and read_clock(next_) is None
    return True


def watch(words: Sequence[Word], text: str) -> Request:
    folded = [word.folded for word in words[1:]]
    if len(folded) == 1 and folded[0] in HELP:
        return Help("watch")
    if folded == [LIST]:
        return ListWatches(text)
    if len(folded) == 1 and folded[0] in OFF:
        return Unwatch("", text)
    watching, at = _mended(lambda said, told: read(said[1:], told), words, text)
    typed = _behind(words, text)
    kept = typed if _means(typed, watching) else watch_words(watching)
    return WatchRequest(watching, text, words[0].end if at is None else at, kept)


def unwatch(words: Sequence[Word], text: str) -> Request:
    """With options it means the one of several watches that has them."""
    words = [words[0], *without_more(without_here(words[1:]))]
    rest = bare_words(words[1:])
    folded = [word.folded for word in rest]
    if len(folded) == 1 and folded[0] in HELP:
        return Help("watch")
    if folded in (["digest"], ["digests"], ["the", "digest"]):
        return PlanDigest(None, text)
    if folded[:1] and folded[0] in EVERYTHING and folded[1:] in ([], ["watches"]):
        return Unwatch("*", text, is_all=True)
    try:
        watching, _at = _mended(lambda said, told: read(said[1:], told), words, text)
    except NotUnderstood as error:
        raise replace(error, example=re.sub(r"^watch\b", "unwatch", error.example)) from None
    options = None if watching == Watch(watching.place) else watching
    return Unwatch(watching.place, text, watching=options)


def watches(words: Sequence[Word], text: str) -> Request:
    rest = [word for word in words[1:] if word.folded not in ("here", LIST)]
    if len(rest) == 1 and rest[0].folded in HELP:
        return Help("watch")
    if rest:
        raise refused_option("All watches of the channel are listed.", "Say only watches.", "watches", rest)
    return ListWatches(text)


def digest(words: Sequence[Word], text: str) -> Request:
    """`digest weekdays 9:30 Europe/Berlin fraud, iris`, `digest off`."""
    rest = bare_words(words[1:])
    if len(rest) == 1 and rest[0].folded in OFF:
        return PlanDigest(None, text)
    if len(rest) == 1 and rest[0].folded in HELP:
        return Help("digest")
    if not rest:
        remedy = "Say the days and the hour; watches shows what is set here, digest off ends it."
        raise refused_option("When shall the digest come?", remedy, EXAMPLE, words[:1])
    planned = _mended(_digest, words, text)
    typed = _behind(words, text)
    kept = typed if _plans(typed, planned) else digest_words(planned)
    return PlanDigest(planned, text, kept)


def _digest(words: Sequence[Word], text: str) -> Digest:
    return read_digest(words[1:], text)


# As typed


def _behind(words: Sequence[Word], text: str) -> str:
    """The words behind the command as they were typed, without the mark that ends a sentence."""
    if len(words) == 1:
        return ""
    typed = " ".join(text[words[1].at : words[-1].end].split())
    is_ended = words[-1].folded and words[-1].text[-1:] not in _ENDING
    return typed.rstrip(_ENDING) if is_ended else typed


def _means(typed: str, watching: Watch) -> bool:
    try:
        return watching_of(typed) == watching
    except NotUnderstood:
        return False


def _plans(typed: str, planned: Digest) -> bool:
    try:
        return digest_of(typed) == planned
    except NotUnderstood:
        return False


def _mended(read_: Callable[[Sequence[Word], str], _Meant], words: Sequence[Word], text: str) -> _Meant:
    """What is read; an error that knows a better word gives the whole line with it to copy."""
    try:
        return read_(words, text)
    except NotUnderstood as error:
        if not error.near or error.at is None or error.end is None:
            raise
        line = f"{text[words[0].at : error.at]}{error.near[0]}{text[error.end : words[-1].end]}"
        try:
            read_(words_of(line), line)
        except NotUnderstood:
            raise replace(error, example=error.example or "watch my-experiment only failures") from None
        raise replace(error, example=line) from None


_WATCHING = frozenset({"watch", "subscribe"})
_UNWATCHING = frozenset({"unwatch", "unsubscribe"})
_TO = {"subscribe": "to", "unsubscribe": "from"}
_ADDRESSED = frozenset({"this", "the", "our", "channel", "team", "us", "me", "here"})
_DIGEST = frozenset({"digest", "digests"})
WATCH_COMMANDS: dict[str, _Command] = {
    **dict.fromkeys(_WATCHING, watch),
    **dict.fromkeys(_UNWATCHING, unwatch),
    **dict.fromkeys(_DIGEST, digest),
    "watches": watches,
}
