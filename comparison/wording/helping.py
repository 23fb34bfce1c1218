"""Help: lines that can be copied as they stand, with names of runs that are there."""

import re
from collections.abc import Sequence

from comparison.report import Line, Report, Section, Step
from comparison.wording import plain

WANTED = 3  # names used in the examples
_BARE = re.compile(r"[\w./@+-]+", re.ASCII)
_OUR_WORDS = re.compile(
    "a|against|all|an|and|at|best|better|by|compared?|comparing|diff|experiment|help|in|is|latest|metrics?|of|on|or|runs?"
    "|same|than|the|to|versus|vs|with|worse",
    re.IGNORECASE,
)
_STAND_INS = ("run-a", "run-b", "run-c")
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"))
TOPICS = ("compare", "runs", "metrics", "goals")


def help_report(topic: str, examples: Sequence[str], command: str = "/mlcompare") -> Report:
    """Four lines to copy, or the rest on one topic. `examples` are names of real runs, newest first."""
    names = _names(examples)
    wanted = plain.one_line(topic).casefold()
    told = {"compare": _compare, "runs": _runs, "metrics": _metrics, "goals": _goals}.get(wanted)
    if told is not None:
        return told(names, command)
    unknown = f"There is no help on {plain.name(topic)}. " if wanted else ""
    return _overview(names, command, unknown, known=bool(examples))


def quoted(name: str) -> str:
    """A name as it has to be typed: bare where that is clear, else in quotes."""
    if _BARE.fullmatch(name) and not _OUR_WORDS.fullmatch(name):
        return name
    opening, closing = next((pair for pair in _QUOTES if pair[1] not in name), _QUOTES[-1])
    return f"{opening}{name}{closing}"


def _names(examples: Sequence[str]) -> tuple[str, str, str]:
    plainly = [name for name in dict.fromkeys(examples) if name == plain.one_line(name) and 0 < len(name) <= plain.NAME]
    plainly.sort(key=lambda name: not name.isascii())  # those that every keyboard has come first
    typed = [quoted(name) for name in plainly[:WANTED]]
    first, second, third = (*typed, *_STAND_INS[len(typed) :])
    return first, second, third


def _report(headline: str, steps: Sequence[Step], *lines: str) -> Report:
    sections = (Section("Also", tuple(map(Line, lines)), last=True),) if lines else ()
    told = "\n".join(f"{step.text}: {step.command}" if step.command else step.text for step in steps)
    return Report(headline, "\n".join((headline, told, *lines)), sections=sections, steps=tuple(steps))


def _overview(names: tuple[str, str, str], command: str, unknown: str, *, known: bool) -> Report:
    a, b, c = names
    steps = (
        Step("Is the second run better than the first", f"{command} {a} vs {b}"),
        Step("The same, by the metrics that matter", f"{command} {a} vs {b} by accuracy"),
        Step("Several runs against the first", f"{command} {a}, {b} and {c}"),
        Step("Also what is the same", f"{command} {a} vs {b} all"),
    )
    more = f"More: {', '.join(f'{command} help {topic}' for topic in TOPICS)}"
    missing = () if known else (f"{_STAND_INS[0]} and the others stand for names of your own runs.",)
    return _report(f"{unknown}Compare MLflow runs: the first one is the baseline", steps, *missing, more)


def _compare(names: tuple[str, str, str], command: str) -> Report:
    a, b, c = names
    steps = (
        Step("Two runs; the first is the baseline", f"{command} {a} vs {b}"),
        Step("As a question; the run after than is the baseline", f"{command} is {b} better than {a}"),
        Step("More than two, each against the first", f"{command} compare {a}, {b} and {c}"),
        Step("Also parameters, tags and metrics that are the same", f"{command} compare {a} with {b} all"),
    )
    return _report("Ways to ask for a comparison", steps)


def _runs(names: tuple[str, str, str], command: str) -> Report:
    a, b, _ = names
    steps = (
        Step("By name; names with spaces go in quotes", f"{command} {a} vs {b}"),
        Step("In one experiment, where a name is used in several", f"{command} {a} vs {b} in my-experiment"),
    )
    return _report(
        "Ways to name a run",
        steps,
        "A run id, or its first four or more characters.",
        "experiment/name.",
        "A link copied from MLflow, to a run or to a comparison.",
        "Of several runs with one name the newest is taken, and the answer says so.",
    )


def _metrics(names: tuple[str, str, str], command: str) -> Report:
    a, b, _ = names
    steps = (
        Step("Judge by one metric", f"{command} {a} vs {b} by accuracy"),
        Step("Several first, the first of them decides", f"{command} {a} vs {b} by accuracy, loss"),
    )
    return _report(
        "Which metrics count",
        steps,
        "Without one named, every metric counts whose goal is known.",
        "Values are the last logged ones.",
    )


def _goals(names: tuple[str, str, str], command: str) -> Report:
    a, b, _ = names
    return _report(
        "Which way is better",
        (Step("Assumed goals are said under the answer", f"{command} {a} vs {b}"),),
        "To set one, give the MLflow experiment the tag mlcompare.goal.<metric> with the value higher or lower.",
        "Else the name tells: accuracy, f1 and auc are better when higher, loss, error and latency when lower.",
        "Where the name tells nothing the goal is unknown, and the answer says neither better nor worse.",
    )
