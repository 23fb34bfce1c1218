"""What may be said beside the runs, which command takes it, and how a request is refused that is not understood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from comparison.errors import NotUnderstood
from comparison.language.cover import Atom
from comparison.language.example import HELP, Example
from comparison.language.names import Names

SLOTS = {  # how each is put behind "I can …" and "not …"
    "experiment": "in an experiment",
    "user": "of a person",
    "metrics": "by metrics",
    "only_metrics": "with only some metrics",
    "without_metrics": "without a metric",
    "without_parameters": "without a parameter",
    "status": "by how they ended",
    "since": "since a moment",
    "until": "until a moment",
    "where": "with a filter",
    "excluded": "except some",
    "step": "at a step",
    "count": "so many of them",
    "newest": "of the newest",
    "goal": "with lower or higher as better",
    "tolerance": "within a tolerance",
    "by_change": "sorted by change",
    "repeats": "over all repeats",
    "best": "by best values",
    "everything": "with all metrics",
    "why": "with what changed",
    "differing": "with only what differs",
    "part": "with only one part",
    "experiments": "in several experiments",
}


def refuse(problem: str, remedy: str, line: str, atoms: Sequence[Atom] = (), near: Iterable[str] = ()) -> NotUnderstood:
    """A request that is not understood, with the spot, the remedy and a line to type."""
    at, end = (atoms[0].at, atoms[-1].end) if atoms else (None, None)
    return NotUnderstood(problem, remedy=remedy, example=line, near=tuple(near), at=at, end=end)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a command does, in words. `does` completes "I can …"; `slots` are the names of those it takes."""

    does: str = ""  # "": never offered
    slots: str = ""  # names of SLOTS, with blanks between
    example: Example = HELP

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
