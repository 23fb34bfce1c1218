"""What repeats tell, worded: a line a metric, and what to do where nobody can tell."""

import math
from collections.abc import Sequence

from comparison.judgement.evidence_words import (
    evidence_words,
    missing_words,
    noise_words,
    outcome_word,
    remedy_words,
    spread_words,
)
from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.repeats import have_seeds, seed_of
from comparison.judgement.result import Change, Comparison, Evidence, MetricComparison, Outcome, Reading
from comparison.judgement.statistics import mean_interval, summarize
from comparison.language.quoting import quoted
from comparison.report import Chart, Line, Lines, Panel, Section, Series, Step
from comparison.reports.headline import telling_metric
from comparison.reports.text import VALUE_CHARS, WORDS, cut_end, date_words, display_name
from comparison.runs import Goal, Run

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
    is_same = change.outcome is Outcome.SAME and evidence.is_shown_same
    words = evidence_words(change, evidence, is_same=is_same)
    parts = [words.summary, noise_words(evidence), _noise_source(evidence)]
    outcome = f"the same within {evidence.margin:g}" if is_same else outcome_word(change) or WORDS[change.outcome]
    return f"{'; '.join(filter(None, parts))}: {outcome}"


def _noise_source(evidence: Evidence) -> str:
    if evidence.needed is None or evidence.noise is None:
        return ""
    until = f" until {date_words(evidence.noise_at)}" if evidence.noise_at else ""
    return f"from repeats with {evidence.noise.df} degrees of freedom{until}"


# The picture: each run a dot, the mean of each side and each difference with their 95 % intervals.


_MOST_SIDES = 6  # that can be told apart side by side
_MOST_LISTED = 20  # values of a side in text
_MOST_SEEDS = 20  # categories of a chart that a surface draws by itself
_JITTER = 0.3  # of the room of a side, over which its dots are spread


def repeats_chart(comparison: Comparison, conclusion: str, labels: Sequence[str]) -> Chart | None:
    """The metric that decides, run by run; None where no side has several runs, or nothing was tested.

    `conclusion` is the headline.
    """
    metric = deciding_metric(comparison.metrics, comparison.not_counted)
    if metric is None or all(len(side.runs) == 1 for side in comparison.sides) or len(labels) > _MOST_SIDES:
        return None
    tested = [(labels[place], change) for place, change in enumerate(metric.changes, 1) if _is_tested(change)]
    readings = (metric.changes[0].baseline, *(change.candidate for change in metric.changes))
    if not tested or not all(reading.values and all(map(math.isfinite, reading.values)) for reading in readings):
        return None
    name = display_name(metric.name, VALUE_CHARS)
    facts = tuple(Line(_values_words(reading), label) for label, reading in zip(labels, readings, strict=True))
    difference = f"Difference from {labels[0]}"
    return Chart(
        title=cut_end(f"{name}, run by run", 50),
        conclusion=cut_end(". ".join([conclusion, *(f"{line.label}: {line.text}" for line in facts)]), 1_900),
        panels=(
            Panel("Every run", "", name, tuple(map(_dots, range(len(labels)), labels, readings)), ticks=tuple(labels)),
            Panel(
                difference,
                "",
                "",
                (Series(labels[0], (), ()), *(_difference(place, *each) for place, each in enumerate(tested))),
                ticks=tuple(label for label, _change in tested),
                level=0.0,
            ),
        ),
        lines=_by_seed(comparison, metric, labels),
        plain=facts,
        note="Dots are runs, diamonds means, bars 95 % intervals. The difference tells, not whether bars overlap.",
    )


def _is_tested(change: Change) -> bool:
    return change.evidence is not None and change.evidence.test is not None


def _dots(place: int, label: str, reading: Reading) -> Series:
    values = sorted(reading.values)
    spread = [place + _JITTER * ((number * _GOLDEN) % 1 - 0.5) for number in range(len(values))]
    interval = mean_interval(values)
    mean = reading.value or 0.0
    ends = (interval.low, interval.high) if interval else None
    return Series(label, spread, values, mark=(place, mean) if ends else None, is_dots=True, interval=ends)


_GOLDEN = 0.618033988749895  # of a turn: neighbours never share a place


def _difference(place: int, label: str, change: Change) -> Series:
    test = change.evidence.test if change.evidence else None
    if test is None:
        raise ValueError("only what was tested has a difference to draw")
    ends = (test.interval.low, test.interval.high) if test.interval else None
    return Series(label, (place,), (test.difference,), mark=(place, test.difference), is_dots=True, interval=ends)


def _values_words(reading: Reading) -> str:
    """`0.9100 ± 0.0038 (5): 0.905, 0.908, 0.91, 0.912, 0.915`."""
    mean = group_value(reading, format_row(reading.value).values[0])
    listed = format_row(*sorted(reading.values)[:_MOST_LISTED]).values
    more = f" and {len(reading.values) - _MOST_LISTED:,} more" if len(reading.values) > _MOST_LISTED else ""
    return f"{mean}: {', '.join(listed)}{more}" if len(reading.values) > 1 else listed[0]


def _by_seed(comparison: Comparison, metric: MetricComparison, labels: Sequence[str]) -> Lines | None:
    """Each side's value by seed, where all sides have the same seeds."""
    sides = [_values_by_seed(side.runs, metric.name) for side in comparison.sides]
    seeds = sorted(sides[0], key=lambda seed: (len(seed), seed))  # seed 10 behind seed 9
    if not 2 <= len(seeds) <= _MOST_SEEDS or any(side.keys() != sides[0].keys() for side in sides):
        return None
    values = [tuple(side[seed] for seed in seeds) for side in sides]
    return Lines(tuple(seeds), tuple(zip(labels, values, strict=True)))


def _values_by_seed(runs: Sequence[Run], metric: str) -> dict[str, float]:
    """A side's finite values by `seed 3`; nothing where a run says no seed, or has no such value."""
    found = {
        f"seed {', '.join(str(value) for _name, value in seed_of(run))}": run.metrics[metric].value
        for run in runs
        if metric in run.metrics and math.isfinite(run.metrics[metric].value)
    }
    return found if have_seeds(runs) and len(found) == len(runs) else {}


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
    names = [quoted(name) for name in called] if len(set(called)) == len(called) else []
    if not all(names) or not names:  # of one name, or of one that cannot be typed
        names = [side.runs[0].run_id[:_SHORT_ID] for side in comparison.sides]
    return (Step(text, f"{command} {' vs '.join(f'all seeds of {name}' for name in names)}"),)


def _more_seeds(comparison: Comparison) -> tuple[Step, ...]:
    """How many seeds would tell, for the metric that the headline tells of."""
    metric = _headlined(comparison)
    sign = -1 if metric and metric.goal is Goal.LOWER else 1
    changes = sorted(metric.changes, key=lambda change: -sign * (change.difference or 0.0)) if metric else []
    for change in changes:  # that of the best candidate first
        evidence = change.evidence
        if evidence is None or metric is None:
            continue
        parts = remedy_words(evidence) if change.outcome in _OPEN else ""
        if parts:
            return (Step(f"{parts} ({display_name(metric.name)})"),)
        if change.outcome is Outcome.TOO_FEW and evidence.is_inside_margin and evidence.test is None:
            return (Step("Run both configurations with 3 other seeds each: only their spread can show the same"),)
    return ()


def noise_note(comparison: Comparison) -> str:
    """How many repeats are missing until the noise of single runs is known; "" where it is, or nothing is."""
    metric = _headlined(comparison)
    evidence = [change.evidence for change in metric.changes if change.evidence] if metric else []
    missing = next(filter(None, map(missing_words, evidence)), "")
    return f"{missing[0].upper()}{missing[1:]}; run the same configuration with other seeds." if missing else ""


def _headlined(comparison: Comparison) -> MetricComparison | None:
    """The metric that the headline tells of."""
    telling = telling_metric(comparison, 0, comparison.verdicts[0]) if len(comparison.candidates) == 1 else None
    return telling or deciding_metric(comparison.metrics, comparison.not_counted)
