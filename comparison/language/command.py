"""A command as a row: how it is worded, what may stand beside it, how it is read and how it is written back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comparison.language.draft import Draft
from comparison.language.slots import HELP, Example, Wording
from comparison.request import Request

Writer = Callable[[Any], str]  # a request of one type → the line that is read as it


@dataclass(frozen=True, slots=True)
class Command:
    """`read` makes the request of the draft; `does`, `slots` and `example` as a Wording has them.

    `writers` write its requests back, by their type.
    """

    read: Callable[[Draft], Request]
    does: str = ""
    slots: str = ""
    example: Example = HELP
    writers: tuple[tuple[type, Writer], ...] = ()
    is_whole: Callable[[Draft], bool] = lambda _draft: False  # read by itself, not slot by slot

    @property
    def wording(self) -> Wording:
        return Wording(self.does, self.slots, self.example)
