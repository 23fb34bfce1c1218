"""What a shell hands over, as the sentence a person would have typed in a channel."""

from collections.abc import Sequence

_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"))
_MARKS = frozenset("\"'“”‘’„«»")
_PAIR = 2


def sentence(arguments: Sequence[str]) -> str:
    """The words joined. A single argument is the whole sentence; of several, one with spaces is one name."""
    if len(arguments) == 1:
        return arguments[0].strip()
    return " ".join(_word(argument) for argument in arguments if argument.strip())


def _word(argument: str) -> str:
    bare = argument.rstrip(",")
    if _is_quoted(bare) or not (set(bare) & _MARKS or len(bare.split()) > 1 or bare != bare.strip()):
        return argument
    opening, closing = next((pair for pair in _QUOTES if not set(pair) & set(bare)), _QUOTES[0])
    return f"{opening}{bare}{closing}{argument[len(bare) :]}"


def _is_quoted(text: str) -> bool:
    return len(text) > _PAIR and any(text[0] == opening and text[-1] == closing for opening, closing in _QUOTES)
