"""What repeats tell, worded: a line a metric, and what to do where nobody can tell."""

from collections.abc import Sequence

from comparison.judgement.evidence_words import (
    evidence_words,
    missing_words,
    noise_words,
    outcome_word,
    remedy_words,
    spread_words,
)
from comparison.judgement.result import Change, Comparison, Evidence, MetricComparison, Outcome, Reading
from comparison.judgement.statistics import summarize
from comparison.language.writer import quoted as quote
from comparison.report import Line, Section, Step
from comparison.reports.text import VALUE_CHARS, WORDS, date_words, display_name

MAX_LINES = 30
_SHORT_ID = 8
_OPEN = (Outcome.NO_CLEAR_DIFFERENCE, Outcome.TOO_FEW)
_METHODS = {
    "Welch": "Welch's t-test",
    "paired t": "a paired t-test by seed",
    "sign-flip": "a sign-flip test of pairs",
    "permutation": "an exact permutation test",
    "prediction": "one run against what repeats do",
    "pooled noise": "the noise of earlier repeats",
}


def group_value(reading: Reading, text: str) -> str:
    """A group's value in a table: `0.9100 ± 0.0038 (5)`; `(4 of 5)` where one run did not log it."""
    n = len(reading.values)
    counted = f"{n}" if n == reading.asked_of else f"{n} of {reading.asked_of}"
    return f"{text}{spread_words(summarize(reading.values))} ({counted})"


def repeats_section(comparison: Comparison, labels: Sequence[str]) -> Section | None:
    """The interval of each difference that repeats judge, and by which tests; None where there are none."""
    lines: list[Line] = []
    methods: dict[str, None] = {}
    tests = 1
    for metric in comparison.metrics:
        for number, change in enumerate(metric.changes):
            evidence = change.evidence
            if evidence is None or evidence.test is None:
                continue
            methods[_METHODS[evidence.test.method]] = None
            tests = max(tests, evidence.tests)
            name = display_name(metric.name, VALUE_CHARS)
            label = name if len(comparison.candidates) == 1 else f"{name}, {labels[number + 1]}"
            lines.append(Line(_line(change, evidence), label))
    if not lines:
        return None
    corrected = f"; {tests} tests, corrected for being several (Holm)" if tests > 1 else ""
    more = f"; {len(lines) - MAX_LINES:,} more metrics" if len(lines) > MAX_LINES else ""
    return Section("Repeats", tuple(lines[:MAX_LINES]), f"95 %, by {' and '.join(methods)}{corrected}{more}")


def _line(change: Change, evidence: Evidence) -> str:
    is_same = change.outcome is Outcome.SAME and evidence.same is not None
    words = evidence_words(change, evidence, is_same=is_same)
    parts = [words.summary, noise_words(evidence), _noise_source(evidence)]
    outcome = f"the same within {evidence.margin:g}" if is_same else outcome_word(change) or WORDS[change.outcome]
    return f"{'; '.join(filter(None, parts))}: {outcome}"


def _noise_source(evidence: Evidence) -> str:
    if evidence.needed is None or evidence.noise is None:
        return ""
    until = f" until {date_words(evidence.noise_at)}" if evidence.noise_at else ""
    return f"from repeats with {evidence.noise.df} degrees of freedom{until}"


def repeats_steps(comparison: Comparison, command: str, *, in_channel: bool) -> tuple[Step, ...]:
    """What to do where nobody can tell: compare the repeats that are there (a button in a channel), or run more."""
    return (*_all_seeds(comparison, command, in_channel=in_channel), *_more_seeds(comparison))


def _all_seeds(comparison: Comparison, command: str, *, in_channel: bool) -> tuple[Step, ...]:
    if not comparison.repeats or in_channel:
        return ()
    counts = [
        f"{len(ids)} of {display_name(s.label)}" for s, ids in zip(comparison.sides, comparison.repeats, strict=True)
    ]
    text = f"These runs have repeats: {', '.join(counts)}. Compare all seeds"
    called = [side.runs[0].name for side in comparison.sides]
    names = [quote(name) for name in called] if len(set(called)) == len(called) else []
    if not all(names) or not names:  # of one name, or of one that cannot be typed
        names = [side.runs[0].run_id[:_SHORT_ID] for side in comparison.sides]
    return (Step(text, f"{command} {' vs '.join(f'all seeds of {name}' for name in names)}"),)


def _more_seeds(comparison: Comparison) -> tuple[Step, ...]:
    for metric in _leading(comparison):
        for change in metric.changes:
            evidence = change.evidence
            if evidence is None:
                continue
            missing = missing_words(evidence)
            parts = remedy_words(evidence) if change.outcome in _OPEN else ""
            if parts:
                return (Step(f"{parts} ({display_name(metric.name)})"),)
            if missing:
                return (Step(f"{missing[0].upper()}{missing[1:]}; run the same configuration with other seeds"),)
    return ()


def _leading(comparison: Comparison) -> Sequence[MetricComparison]:
    primary = [metric for metric in comparison.metrics if metric.primary]
    return primary or [metric for metric in comparison.metrics if not metric.is_cost]
