"""The table of metrics: two sides show difference and change, more show each candidate with its change."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import overload

from comparison import digits
from comparison.outcome import Change, Comparison, MetricComparison, Outcome, Reading
from comparison.report import Align, Cell, Column, Table
from comparison.wording import outcomes, plain

READABLE = 12  # characters of a value in a row of several
FEW = 3  # this many rows that are the same stay; more fold into one line


def table(
    comparison: Comparison, labels: tuple[str, ...], *, everything: bool, differing: bool = False
) -> Table | None:
    """All that is to be shown, in reading order; None when no side logged a metric. `differing`: nothing the same."""
    if not comparison.metrics:
        return None
    folded = frozenset[str]() if everything else _folded(comparison, 0 if differing else FEW)
    shown = [metric for metric in comparison.metrics if metric.name not in folded]
    names = plain.names([metric.name for metric in shown])
    draw = _two if len(comparison.candidates) == 1 else _several

    def row(number: int) -> tuple[Cell, ...]:
        metric = shown[number]
        cells = (Cell(names[number]), *draw(metric, _digits(metric)))
        return _with_steps(cells, metric, only_points=comparison.reading != "best")

    return Table(_caption(comparison, labels), _columns(labels), Rows(row, len(shown)), note(comparison, folded))


class Rows(Sequence[tuple[Cell, ...]]):
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


def note(comparison: Comparison, folded: frozenset[str]) -> str:
    """What was folded away, in one line; "" when nothing was."""
    names = [metric.name for metric in comparison.metrics if metric.name in folded]
    if not names:
        return ""
    more = "more " if len(names) < len(comparison.metrics) else ""
    verb = "metric is" if len(names) == 1 else "metrics are"
    return f"{len(names):,} {more}{verb} the same: {plain.listed(names)}"


def _folded(comparison: Comparison, kept: int) -> frozenset[str]:
    same = [metric.name for metric in comparison.metrics if is_same(metric) and not metric.primary]
    if len(same) <= kept:
        return frozenset()
    return frozenset(same if len(same) < len(comparison.metrics) else same[FEW:])


def _caption(comparison: Comparison, labels: tuple[str, ...]) -> str:
    reading = {"last": "", "best": ", best values"}.get(comparison.reading, f", {comparison.reading}")
    return f"Metrics of {labels[0]} and {plain.listed(labels[1:], limit=3)}{reading}"


def _columns(labels: tuple[str, ...]) -> tuple[Column, ...]:
    values = tuple(Column(label, Align.RIGHT) for label in labels)
    if len(labels) > 2:
        return (Column("Metric"), *values)
    return (Column("Metric"), *values, Column("Difference"), Column("Change", Align.RIGHT))


def _two(metric: MetricComparison, shown: digits.RowDigits) -> tuple[Cell, ...]:
    (change,) = metric.changes
    return (
        _reading(change.baseline, shown.values[0]),
        _reading(change.candidate, shown.values[1]),
        Cell(outcomes.difference(change, shown.differences[0]), finite(change.difference)),
        Cell(outcomes.relative(change, shown.changes[0]), _percent(change)),
    )


def _several(metric: MetricComparison, shown: digits.RowDigits) -> tuple[Cell, ...]:
    return (
        _reading(metric.changes[0].baseline, shown.values[0]),
        *(
            Cell(outcomes.beside(change, *texts), finite(change.candidate.value))
            for change, *texts in zip(metric.changes, shown.values[1:], shown.differences, shown.changes, strict=True)
        ),
    )


def _digits(metric: MetricComparison) -> digits.RowDigits:
    """The row's texts; where a hair's breadth of one candidate would blow up all, each candidate has its own digits."""
    baseline = metric.changes[0].baseline.value
    shared = digits.row(baseline, *(change.candidate.value for change in metric.changes))
    if len(metric.changes) == 1 or max(map(len, shared.values)) <= READABLE:
        return shared
    pairs = [digits.row(baseline, change.candidate.value) for change in metric.changes]
    return digits.RowDigits(
        values=(digits.row(baseline).values[0], *(pair.values[1] for pair in pairs)),
        differences=tuple(pair.differences[0] for pair in pairs),
        changes=tuple(pair.changes[0] for pair in pairs),
    )


def _reading(reading: Reading, text: str) -> Cell:
    if reading.value is None:
        return Cell(digits.NOT_LOGGED)
    runs = len(reading.values)
    told = f"{text} (mean of {runs})" if reading.asked_of > 1 else text
    return Cell(told, finite(reading.value))


def _with_steps(cells: tuple[Cell, ...], metric: MetricComparison, *, only_points: bool) -> tuple[Cell, ...]:
    """The cells of values with the steps at which they were reached, or how often they were logged at one step."""
    readings = (metric.changes[0].baseline, *(change.candidate for change in metric.changes))
    told = [
        replace(cell, text=f"{cell.text} ({step})") if (step := _step(reading, only_points=only_points)) else cell
        for cell, reading in zip(cells[1:], readings, strict=False)
    ]
    return (cells[0], *told, *cells[1 + len(told) :])


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
