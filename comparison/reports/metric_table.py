"""The table of metrics: two sides show difference and change, more show each candidate with its change."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import overload

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.numbers import NOT_LOGGED, NOTHING, RowDigits, format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.repeats import spread_words
from comparison.judgement.result import Change, Comparison, MetricComparison, Outcome, Reading, VerdictKind
from comparison.judgement.statistics import summarize
from comparison.judgement.verdict import holders, values_of
from comparison.report import Align, Cell, Column, Table
from comparison.reports.headline import LEADER, telling_metric
from comparison.reports.text import (
    NARROW_CHARS,
    TITLE_CHARS,
    change_cell_words,
    count_noun,
    display_name,
    display_names,
    distinct_values,
    join_names,
    row_labels,
    row_room,
    shortened,
    value_with_change,
)
from comparison.runs import Goal

READABLE = 12  # characters of a value in a row of several
FEW = 3  # this many rows that are the same stay; more fold into one line


ROWS_OF_METRICS = 3  # sides: more are a row each, fewer a column
PARAMETER_COLUMNS = 3
METRIC_COLUMNS = 3  # beside the one that decides


def comparison_table(
    comparison: Comparison,
    labels: tuple[str, ...],
    *,
    everything: bool,
    differing: bool = False,
    urls: Sequence[str] = (),
) -> Table | None:
    """A row a metric, what decides first; None when no side logged a metric. `differing`: nothing the same.

    Of two sides: metric, change, candidate, baseline; of more each candidate with its change, the baseline last.
    """
    if not comparison.metrics:
        return None
    folded = frozenset[str]() if everything else folded_metrics(comparison, 0 if differing else FEW)
    shown = leading_first(comparison, [metric for metric in comparison.metrics if metric.name not in folded])
    names = display_names([metric.name for metric in shown])
    draw = _two if len(comparison.candidates) == 1 else _several

    def row(number: int) -> tuple[Cell, ...]:
        metric = shown[number]
        digits = _digits(metric)
        readings = (metric.changes[0].baseline, *(change.candidate for change in metric.changes))
        values = [
            _with_step(_reading_words(reading, text), reading, only_points=comparison.reading != "best")
            for reading, text in zip(readings, digits.values, strict=True)
        ]
        return (Cell(names[number]), *draw(metric, digits, values))

    return Table(
        _caption(comparison, labels), _columns(labels, urls), TableRows(row, len(shown)), table_note(comparison, folded)
    )


def leading_first(comparison: Comparison, metrics: Sequence[MetricComparison]) -> list[MetricComparison]:
    """The metric that the headline tells of stands first, but where another order was asked for."""
    if comparison.by_change:
        return list(metrics)
    if len(comparison.candidates) == 1:
        leading = telling_metric(comparison, 0, comparison.verdicts[0])
        if comparison.verdicts[0].standing is VerdictKind.MIXED:
            leading = None
    else:
        leading = deciding_metric(comparison.metrics, comparison.not_counted)
    if leading is None:
        return list(metrics)
    return sorted(metrics, key=lambda metric: (not metric.primary, metric.name != leading.name))


def runs_table(comparison: Comparison, labels: tuple[str, ...], *, urls: Sequence[str] = ()) -> Table | None:
    """A row a side, the best by the metric that decides first; then the parameters and metrics that differ most."""
    leading = deciding_metric(comparison.metrics, comparison.not_counted) or next(iter(comparison.metrics), None)
    if leading is None:
        return None
    parameters = sort_by_likelihood(comparison.parameters.changed)
    others = [
        metric
        for metric in comparison.metrics
        if metric.name != leading.name and metric.name not in comparison.not_counted and not is_same(metric)
    ]
    others.sort(key=lambda metric: metric.goal is Goal.UNKNOWN)  # where there is room, those that nobody judges too
    shown, beside = parameters[:PARAMETER_COLUMNS], others[:METRIC_COLUMNS]
    texts = {metric.name: _side_cells(metric) for metric in (leading, *beside)}
    values = {each.name: distinct_values(each.values) for each in shown}
    values_cut = {name: shortened([value or NOTHING for value in each], NARROW_CHARS) for name, each in values.items()}
    best = holders(leading) if len(holders(leading)) < len(labels) else []
    digits = _digits(leading)
    moves = [
        change_cell_words(change, difference, NOTHING)
        for change, difference in zip(leading.changes, digits.differences, strict=True)
    ]
    name = display_name(leading.name, TITLE_CHARS)
    sign = [LEADER, ""]  # takes some of the room
    names_given = [side.label for side in comparison.sides]
    narrow = row_labels(
        names_given, labels, row_room([name, *(cell.text for cell in texts[leading.name])], moves, sign)
    )

    def row(side: int) -> tuple[Cell, ...]:
        change = leading.changes[side - 1] if side else None
        moved = (
            Cell("baseline") if change is None else Cell(moves[side - 1], _percent(change))  # a phone is narrow
        )
        leader = f"{LEADER} " if side in best else ""
        return (
            Cell(f"{leader}{labels[side]}", url=urls[side] if urls else "", short=f"{leader}{narrow[side]}"),
            texts[leading.name][side],
            moved,
            *(Cell(values[each.name][side] or NOTHING, short=values_cut[each.name][side]) for each in shown),
            *(texts[metric.name][side] for metric in beside),
        )

    names = display_names([metric.name for metric in (leading, *beside)], TITLE_CHARS)
    columns = (
        Column("Run"),
        Column(names[0], Align.RIGHT),
        Column("Change", Align.RIGHT),
        *(
            Column(display_name(each.name, TITLE_CHARS), Align.RIGHT, short=display_name(each.name, NARROW_CHARS))
            for each in shown
        ),
        *(Column(name, Align.RIGHT) for name in names[1:]),
    )
    left = (
        count_noun(len(comparison.metrics) - len(beside) - 1, "more metric"),
        count_noun(len(parameters) - len(shown), "more parameter"),
    )
    note = ", ".join(text for text in left if not text.startswith("0 "))
    caption = f"{len(labels)} runs by {names[0]}"
    ranked = sorted(range(len(labels)), key=lambda side: _rank_of(leading, side))
    return Table(caption, columns, tuple(map(row, ranked)), f"Not shown: {note}" if note else "")


def _rank_of(metric: MetricComparison, side: int) -> tuple[bool, float, int]:
    """Best first, then the sides that have no finite value; all as they came where no goal is known."""
    value = values_of(metric)[side]
    if value is None or not isfinite(value):
        return True, 0.0, side
    if metric.goal is Goal.UNKNOWN:
        return False, 0.0, side
    return False, value if metric.goal is Goal.LOWER else -value, side


def _side_cells(metric: MetricComparison) -> list[Cell]:
    readings = (metric.changes[0].baseline, *(change.candidate for change in metric.changes))
    return [_reading_words(reading, text) for reading, text in zip(readings, _digits(metric).values, strict=True)]


class TableRows(Sequence[tuple[Cell, ...]]):
    """Rows that are worded when they are looked at: of thousands a message shows some hundred."""

    def __init__(self, row: Callable[[int], tuple[Cell, ...]], length: int) -> None:
        self._row = cache(row)
        self._numbers = range(length)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> tuple[Cell, ...]: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[Cell, ...], ...]: ...

    def __getitem__(self, index: int | slice) -> tuple[Cell, ...] | tuple[tuple[Cell, ...], ...]:
        numbers = self._numbers[index]
        return self._row(numbers) if isinstance(numbers, int) else tuple(map(self._row, numbers))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def is_same(metric: MetricComparison) -> bool:
    """Whether no candidate differs in it."""
    return all(change.outcome in (Outcome.SAME, Outcome.NEITHER) for change in metric.changes)


def table_note(comparison: Comparison, folded: frozenset[str]) -> str:
    """What was folded away, in one line; "" when nothing was."""
    names = [metric.name for metric in comparison.metrics if metric.name in folded]
    if not names:
        return ""
    more = "more " if len(names) < len(comparison.metrics) else ""
    verb = "metric is" if len(names) == 1 else "metrics are"
    return f"{len(names):,} {more}{verb} the same: {join_names(names)}"


def folded_metrics(comparison: Comparison, most: int) -> frozenset[str]:
    same = [metric.name for metric in comparison.metrics if is_same(metric) and not metric.primary]
    if len(same) <= most:
        return frozenset()
    return frozenset(same if len(same) < len(comparison.metrics) else same[FEW:])


def _caption(comparison: Comparison, labels: tuple[str, ...]) -> str:
    reading = {"last": "", "best": ", best values"}.get(comparison.reading, f", {comparison.reading}")
    return f"Metrics of {labels[0]} and {join_names(labels[1:], limit=3)}{reading}"


def _columns(labels: tuple[str, ...], urls: Sequence[str] = ()) -> tuple[Column, ...]:
    linked = urls or [""] * len(labels)
    baseline, *candidates = (Column(label, Align.RIGHT, url) for label, url in zip(labels, linked, strict=True))
    baseline = replace(baseline, title=f"{baseline.title} (baseline)")
    change = () if len(candidates) > 1 else (Column("Change", Align.RIGHT),)
    return (Column("Metric"), *change, *candidates, baseline)


def _two(metric: MetricComparison, shown: RowDigits, values: Sequence[Cell]) -> tuple[Cell, ...]:
    (change,) = metric.changes
    words = change_cell_words(change, shown.differences[0], shown.changes[0])
    return (Cell(words, _percent(change)), values[1], values[0])


def _several(metric: MetricComparison, shown: RowDigits, values: Sequence[Cell]) -> tuple[Cell, ...]:
    candidates = [
        replace(cell, text=value_with_change(change, cell.text, *texts))
        for cell, change, *texts in zip(values[1:], metric.changes, shown.differences, shown.changes, strict=True)
    ]
    return (*candidates, values[0])


def _digits(metric: MetricComparison) -> RowDigits:
    """The row's texts; where a hair's breadth of one candidate would blow up all, each candidate has its own digits."""
    baseline = metric.changes[0].baseline.value
    shared = format_row(baseline, *(change.candidate.value for change in metric.changes))
    if len(metric.changes) == 1 or max(map(len, shared.values)) <= READABLE:
        return shared
    pairs = [format_row(baseline, change.candidate.value) for change in metric.changes]
    return RowDigits(
        values=(format_row(baseline).values[0], *(pair.values[1] for pair in pairs)),
        differences=tuple(pair.differences[0] for pair in pairs),
        changes=tuple(pair.changes[0] for pair in pairs),
    )


def _reading_words(reading: Reading, text: str) -> Cell:
    if reading.value is None:
        return Cell(NOT_LOGGED)
    shown = group_value(reading, text) if reading.asked_of > 1 else text
    return Cell(shown, finite(reading.value))


def group_value(reading: Reading, text: str) -> str:
    """A group's value in a table: `0.9100 ± 0.0038 (5)`; `(4 of 5)` where one run did not log it."""
    n = len(reading.values)
    counted = f"{n}" if n == reading.asked_of else f"{n} of {reading.asked_of}"
    return f"{text}{spread_words(summarize(reading.values))} ({counted})"


def _with_step(cell: Cell, reading: Reading, *, only_points: bool) -> Cell:
    """The cell of a value with the step at which it was reached, or how often it was logged at one step."""
    step = _step(reading, only_points=only_points)
    return replace(cell, text=f"{cell.text} ({step})") if step else cell


def _step(reading: Reading, *, only_points: bool) -> str:
    if reading.last_step is None:
        return ""
    if reading.points > 1:
        return f"logged {reading.points:,} times at step {reading.last_step:,}"
    return "" if only_points else f"step {reading.last_step:,}"


def _percent(change: Change) -> float | None:
    return None if change.relative is None else finite(change.relative * 100)


def finite(value: float | None) -> float | None:
    """The value where a table can sort by it."""
    return value if value is not None and isfinite(value) else None
