"""What may be said beside the runs, which command takes it, and how a request is refused: by an example."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comparison.errors import NotUnderstood
from comparison.language.atoms import Atom
from comparison.language.names import Kind, Names

_FILLED = {"experiment": Kind.EXPERIMENT, "run": Kind.RUN, "metric": Kind.METRIC, "user": Kind.USER}


@dataclass(frozen=True, slots=True)
class Example:
    """`named` is filled with real names, `{run} vs {other}`; `unnamed` holds where they are not known."""

    named: str
    unnamed: str = ""

    def line(self, names: Names, within: str = "") -> str:
        """The line; its runs are of one experiment where it is known of them, of that one where it is named."""
        found = {word: next(_plain(names.all(kind)), "") for word, kind in _FILLED.items()}
        runs = list(_plain(names.all(Kind.RUN)))
        if within:
            found["experiment"] = within if within in _plain(names.all(Kind.EXPERIMENT)) else found["experiment"]
            runs = [name for name in runs if names.homes.get(name) == within] or runs
        found["run"] = next(iter(runs), "")
        home = names.homes.get(found["run"])
        others = [name for name in runs if name != found["run"]]
        found["other"] = next((name for name in others if names.homes.get(name) == home), next(iter(others), ""))
        if any(f"{{{word}}}" in self.named and not name for word, name in found.items()):
            return self.unnamed or self.named
        return self.named.format(**found)


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.isascii() and " " not in name)


COMPARISON = Example("{run} vs {other}", "latest vs previous")
ONE_RUN = Example("show {run}", "show latest")
HELP = Example("help")
WATCH = Example("watch {experiment}", "watch *")
UNWATCH = Example("unwatch {experiment}", "unwatch all")


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
    "lasting": "that took longer or shorter than some time",
    "order": "by how long they took",
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
