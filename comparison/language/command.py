"""A command as a row: how it is worded, what may stand beside it, how it is read and how it is written back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comparison.errors import NotUnderstood
from comparison.language.cover import Atom
from comparison.language.example import HELP, Example
from comparison.language.names import Names
from comparison.language.slots import SLOTS, refuse
from comparison.request import Request

if TYPE_CHECKING:
    from comparison.language.draft import Draft

Writer = Callable[[Any], str]  # a request of one type → the line that is read as it


@dataclass(frozen=True, slots=True)
class Command:
    """`read` makes the request of the draft. `does` completes "I can …"; "" for what is never offered.

    `slots` are the names of those it takes; `writers` write its requests back, by their type.
    """

    read: Callable[["Draft"], Request]
    does: str = ""
    slots: str = ""  # names of SLOTS, with blanks between
    example: Example = HELP
    writers: tuple[tuple[type, Writer], ...] = ()
    is_whole: Callable[["Draft"], bool] = lambda _draft: False  # read by itself, not slot by slot

    def takes(self, slot: str) -> bool:
        return slot in self.slots.split()

    @property
    def promise(self) -> str:
        """The words for what it does, with the first few slots that it takes."""
        phrases = [phrase for slot, phrase in SLOTS.items() if self.takes(slot)][:4]
        return f"{self.does} {_listed(phrases)}" if phrases else self.does

    def not_taken(self, slot: str, atoms: Sequence[Atom], names: Names) -> NotUnderstood:
        """The error for a slot that it does not take."""
        return refuse(f"I can {self.promise}, not {SLOTS[slot]}.", "Leave that out.", self.example.line(names), atoms)


def _listed(phrases: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))
