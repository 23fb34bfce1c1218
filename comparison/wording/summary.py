"""The whole answer as a few lines of plain text: what a notification shows and a screen reader reads."""

from collections.abc import Sequence
from math import inf

from comparison import digits
from comparison.costs import is_judged_as_cost
from comparison.outcome import Change, Comparison, MetricComparison, Outcome
from comparison.report import Line, Report, Section
from comparison.wording import outcomes, plain

LIMIT = 3_000
BIGGEST = 4  # changes told in words
CANDIDATES = 5
PARAMETERS = 3
_MOVED = (Outcome.BETTER, Outcome.WORSE, Outcome.CHANGED)


def summary(report: Report, comparison: Comparison, labels: Sequence[str]) -> str:
    """Verdict, the biggest changes in words, why, the main doubt, a link; at most 3,000 characters."""
    why = next((section for section in report.sections if section.title == "Parameters"), None)
    lines = [f"{report.headline}.", *_changes(comparison, labels), *_why(why), *report.warnings[:1]]
    text = "\n".join(lines)
    link = next((f"\n{link.url}" for link in report.links if link.key == "compare"), "")
    if len(text) + len(link) > LIMIT:
        link = link if len(link) < LIMIT // 2 else ""
        text = plain.cut(text, LIMIT - len(link))
    return text + link


def _changes(comparison: Comparison, labels: Sequence[str]) -> list[str]:
    if len(comparison.candidates) == 1:
        return [text for text in (_told(comparison.metrics, 0, BIGGEST),) if text]
    told = [(label, _told(comparison.metrics, number, 2)) for number, label in enumerate(labels[1:])]
    lines = [f"{label}: {text}" for label, text in told[:CANDIDATES] if text]
    return [*lines, f"{len(told) - CANDIDATES} more candidates"] if len(told) > CANDIDATES else lines


def _told(metrics: Sequence[MetricComparison], candidate: int, most: int) -> str:
    moved = [metric for metric in metrics if metric.changes[candidate].outcome in _MOVED]
    ranked = sorted(moved, key=lambda metric: _rank(metric, metric.changes[candidate]))
    texts = [_in_words(metric, metric.changes[candidate]) for metric in ranked[:most]]
    left = len(ranked) - len(texts)
    return (
        "; ".join(texts)
        + (f"; {left:,} more {'differs' if left == 1 else 'differ'}" if left else "")
        + ("." if texts else "")
    )


def _rank(metric: MetricComparison, change: Change) -> tuple[bool, bool, bool, float]:
    size = inf if change.relative is None else abs(change.relative)
    return (not metric.primary, change.outcome is Outcome.CHANGED, is_judged_as_cost(metric), -size)


def _in_words(metric: MetricComparison, change: Change) -> str:
    shown = digits.row(change.baseline.value, change.candidate.value)
    size = shown.changes[0]
    told = "" if size == digits.NOTHING else f", {size}"
    moved = outcomes.difference(change, shown.differences[0])
    return f"{plain.name(metric.name)} {shown.values[0]} → {shown.values[1]} ({moved}{told})"


def _why(section: Section | None) -> list[str]:
    if section is None:
        return []
    texts = [_line(line) for line in section.lines[:PARAMETERS]]
    left = len(section.lines) - len(texts)
    return [f"{section.title}: {'; '.join(texts)}" + (f"; {left:,} more" if left else "") + "."]


def _line(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text
