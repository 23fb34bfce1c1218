"""What a shell hands over, as the sentence a person would have typed in a channel."""

from collections.abc import Sequence
from dataclasses import replace
from html import unescape

from comparison.errors import RequestError

_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"))
_MARKS = frozenset("\"'“”‘’„«»")
_PAIR = 2


def sentence(arguments: Sequence[str]) -> str:
    """The words joined and escaped as in a channel.

    A single argument is the whole sentence; of several, one with spaces in it is a name.
    """
    said = arguments[0].strip() if len(arguments) == 1 else " ".join(map(_word, filter(str.strip, arguments)))
    for character, entity in _ENTITIES:
        said = said.replace(character, entity)
    return said


def as_typed(error: RequestError) -> RequestError:
    """The error with its words and its spot as they were typed."""
    at = None if error.at is None else len(unescape(error.text[: error.at]))
    return replace(error, text=unescape(error.text), at=at)


def _word(argument: str) -> str:
    bare = argument.rstrip(",")
    if _is_quoted(bare) or not (set(bare) & _MARKS or len(bare.split()) > 1 or bare != bare.strip()):
        return argument
    opening, closing = next((pair for pair in _QUOTES if not set(pair) & set(bare)), _QUOTES[0])
    return f"{opening}{bare}{closing}{argument[len(bare) :]}"


def _is_quoted(text: str) -> bool:
    return len(text) > _PAIR and any(text[0] == opening and text[-1] == closing for opening, closing in _QUOTES)
