"""What may be said beside the runs, and which request takes it: one table, any order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comparison.errors import NotUnderstood
from comparison.language.cover import Atom
from comparison.language.names import Kind, Names

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
    "best": "by best values",
    "everything": "with all metrics",
    "why": "with what changed",
    "differing": "with only what differs",
    "part": "with only one part",
    "experiments": "in several experiments",
}
_QUICK = "experiment experiments user metrics status since until where excluded count"


@dataclass(frozen=True, slots=True)
class Intent:
    """`does` completes "I can …"; `slots` are those it takes; `example` is filled with real names."""

    does: str
    slots: frozenset[str]
    example: str


def _intent(does: str, slots: str, example: str) -> Intent:
    return Intent(does, frozenset(slots.split()), example)


INTENTS = {
    "compare": _intent("compare runs", " ".join(SLOTS), "{run} vs {other}"),
    "curves": _intent("draw curves of runs", "experiment user metrics goal part", "curves {run} vs {other}"),
    "sweeps": _intent("say what matters in a sweep", "experiment metrics goal part", "what matters in {experiment}"),
    "show": _intent(
        "show one run", "experiment user metrics step part status where since excluded until", "show {run}"
    ),
    "who": _intent("say who ran a run", "experiment", "who ran {run}"),
    "top": _intent("list the best runs", f"{_QUICK} newest step goal", "top 5 by {metric}"),
    "running": _intent(
        "list running runs", "experiment experiments user metrics where excluded count since", "running in {experiment}"
    ),
    "failed": _intent(
        "list failed runs",
        "experiment experiments user metrics since until where excluded count",
        "failed in {experiment}",
    ),
    "standup": _intent(
        "sum up what happened",
        "experiment experiments user metrics since until where excluded",
        "standup in {experiment}",
    ),
    "runs": _intent("list runs", _QUICK, "list runs in {experiment}"),
    "set": _intent(
        "set experiment, metric, goal, tolerance, examples or baseline",
        "experiment metrics goal",
        "set metric {metric}",
    ),
    "pin": _intent("pin a run", "experiment user", "pin {run}"),
    **{
        name: _intent(does, "", "list experiments" if name == "experiments" else name)
        for name, does in {
            "unpin": "take the pinned run back",
            "settings": "show what is set here",
            "watches": "list all watches of the channel",
            "experiments": "list experiments",
            "help": "help",
        }.items()
    },
    "watch": _intent("watch an experiment", "", "watch {experiment}"),
    "unwatch": _intent("end a watch", "", "unwatch {experiment}"),
    "digest": _intent("post a standup on some days", "", "digest weekdays 9:30 Europe/Berlin"),
}
_FILLED = {"experiment": Kind.EXPERIMENT, "run": Kind.RUN, "metric": Kind.METRIC, "user": Kind.USER}
_UNNAMED = {  # lines that hold where no real name is known
    "compare": "latest vs previous",
    "curves": "curves latest vs previous",
    "sweeps": "sweep latest",
    "show": "show latest",
    "who": "who ran latest",
    "top": "top 5",
    "running": "running",
    "failed": "failed since yesterday",
    "standup": "standup",
    "runs": "list runs",
    "set": "set goal cost lower",
    "pin": "pin latest",
    "watch": "watch *",
    "unwatch": "unwatch all",
}


def example(intent: str, names: Names) -> str:
    """A line that can be typed as it stands, with real names where they are known."""
    line = INTENTS[intent].example if intent in INTENTS else "help"
    found = {word: next(_plain(names.all(kind)), "") for word, kind in _FILLED.items()}
    found["other"] = next((name for name in _plain(names.all(Kind.RUN)) if name != found["run"]), "")
    if any(f"{{{word}}}" in line and not name for word, name in found.items()):
        return _UNNAMED.get(intent, line)
    return line.format(**found)


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.isascii() and " " not in name)


def refuse(problem: str, remedy: str, line: str, atoms: Sequence[Atom] = (), near: Iterable[str] = ()) -> NotUnderstood:
    """A request that is not understood, with the spot, the remedy and a line to type."""
    at, end = (atoms[0].at, atoms[-1].end) if atoms else (None, None)
    return NotUnderstood(problem, remedy=remedy, example=line, near=tuple(near), at=at, end=end)


def not_taken(intent: str, slot: str, atoms: Sequence[Atom], names: Names) -> NotUnderstood:
    """An intent was given a slot that it does not take."""
    problem = f"I can {INTENTS[intent].does}{takes(intent)}, not {SLOTS[slot]}."
    return refuse(problem, "Leave that out.", example(intent, names), atoms)


def takes(intent: str) -> str:
    """The first few slots of an intent, put behind what it does."""
    phrases = [phrase for name, phrase in SLOTS.items() if name in INTENTS[intent].slots][:4]
    return f" {_listed(phrases)}" if phrases else ""


def _listed(phrases: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))
