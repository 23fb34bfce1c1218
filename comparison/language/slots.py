"""What may be said beside the runs, and how a request is refused that is not understood."""

from collections.abc import Iterable, Sequence

from comparison.errors import NotUnderstood
from comparison.language.cover import Atom

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
