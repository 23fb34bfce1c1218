"""Requests as lines: what is written here is read as the same request again."""

from comparison.language.command import Writer
from comparison.language.commands import access
from comparison.language.parser import COMMANDS
from comparison.request import Request

_WRITERS: dict[type, Writer] = dict(
    (*(pair for command in COMMANDS.values() for pair in command.writers), *access.WRITERS)
)


def line(request: Request) -> str:
    """What to type for this request; read again it is the same request."""
    return _WRITERS[type(request)](request)
