"""A comparison as CSV: one row a metric and candidate, numbers in full, no text that a spreadsheet would execute."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from io import StringIO
from math import isnan
from typing import Any

from comparison.formats.controls import written_out
from comparison.judgement.result import Change, Comparison, MetricComparison, evidence_cells
from comparison.runs import Side

COLUMNS = (
    "metric",
    "goal",
    "goal_source",
    "baseline_label",
    "baseline_run",
    "candidate_label",
    "candidate_run",
    "baseline",
    "candidate",
    "difference",
    "change",
    "outcome",
    "baseline_n",
    "candidate_n",
    "baseline_sd",
    "candidate_sd",
    "low",
    "high",
    "p",
    "p_holm",
    "method",
    "paired",
    "noise_sd",
    "noise_df",
    "margin",
    "p_same",
)
_CELL = re.compile(r"(?:^|(?<=;))(\s*)(?=(\S))")  # also where a spreadsheet has ; between cells
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def to_csv(comparison: Comparison) -> str:
    """All metrics in reading order, with a header; several runs of a side are joined by spaces."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(comparison))
    return out.getvalue()


def _rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for metric in comparison.metrics:
        for side, change in zip(comparison.candidates, metric.changes, strict=True):
            cells = (
                *_named(metric),
                *_side_cells(comparison.baseline),
                *_side_cells(side),
                *_numbers(change),
                change.outcome.value,
            )
            yield (*cells, *_evidence(change))


def _evidence(change: Change) -> tuple[str, ...]:
    """How many runs logged it, and what repeats tell: the columns of a frame."""
    counts = (str(len(change.baseline.values)), str(len(change.candidate.values)))
    return (*counts, *map(_cell, evidence_cells(change.evidence)))


def _cell(value: Any) -> str:
    """A text, a number, whether something holds, or nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else csv_number(value)


def _named(metric: MetricComparison) -> tuple[str, ...]:
    return (csv_text(metric.name), metric.goal.value, metric.goal_source.value)


def _side_cells(side: Side) -> tuple[str, ...]:
    return (csv_text(side.label), csv_text(" ".join(run.run_id for run in side.runs)))


def _numbers(change: Change) -> tuple[str, ...]:
    return tuple(map(csv_number, (change.baseline.value, change.candidate.value, change.difference, change.relative)))


def csv_text(text: str) -> str:
    """A text cell on one line: what a spreadsheet would take for a formula has an apostrophe before it."""
    shown = written_out(text)
    return shown if _NUMBER.fullmatch(shown) else _CELL.sub(_quoted_blanks, shown)


def _quoted_blanks(cell: re.Match[str]) -> str:
    """The blanks that a cell begins with, behind an apostrophe where a formula follows, in full width or otherwise."""
    first = unicodedata.normalize("NFKC", cell[2])[0]
    return f"'{cell[1]}" if first in "=+-@" else cell[1]


def csv_number(value: float | None) -> str:
    """A number cell in full; empty when there is none."""
    if value is None:
        return ""
    return "NaN" if isnan(value) else repr(float(value))
