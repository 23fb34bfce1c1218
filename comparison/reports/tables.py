"""Tables of metrics and of runs, and what stands in their cells.

Of metrics two sides show difference and change, more show each candidate with its change.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from math import isfinite
from typing import overload

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.numbers import NOT_LOGGED, NOTHING, RowDigits, format_row
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, deciding_metric, value_of
from comparison.judgement.repeats import spread_words
from comparison.judgement.result import Change, Comparison, GoalSource, MetricComparison, Outcome, Reading, VerdictKind
from comparison.judgement.statistics import summarize
from comparison.judgement.verdict import holders, values_of
from comparison.report import Align, Cell, Column, Table
from comparison.reports.headline import LEADER, is_known, telling_metric
from comparison.reports.text import (
    AHEAD,
    NARROW_CHARS,
    ROW_CHARS,
    TITLE_CHARS,
    change_cell_words,
    count_noun,
    display_name,
    display_names,
    distinct_labels,
    distinct_values,
    duration_words,
    join_names,
    row_labels,
    row_room,
    shortened,
    started_words,
    value_with_change,
)
from comparison.resolve.scope import Place
from comparison.runs import Goal, Run, Status, milliseconds
from comparison.tracking.mlflow_links import run_url

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
        values = [
            _with_step(_reading_words(reading, text), reading, only_points=comparison.reading != "best")
            for reading, text in zip(metric.readings, digits.values, strict=True)
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
    texts = _digits(metric).values
    return [_reading_words(reading, text) for reading, text in zip(metric.readings, texts, strict=True)]


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


# Tables of runs, and what quick answers say of a run: moments, ages, its last value, where it is from.


SHORT_ID = 8  # characters of an id that people read
LABEL_CHARS = 40  # characters of a run's name in a line
MAX_OPEN_BUTTONS = 5  # runs with a button of their own


def moment_words(moment: datetime) -> str:
    """`Fri 20 Nov, 12:00 UTC`."""
    zone = moment.tzname() or "UTC"
    return f"{moment:%a} {moment.day} {moment:%b}, {moment:%H:%M} {zone}"


def ago_words(at: int | None, now: datetime) -> str:
    """`2 h ago`, `just now`; the date where that is long ago, or still to come by the clock of its machine."""
    if at is None:
        return ""
    words = started_words(at, milliseconds(now)).removeprefix("started ")
    return f"{words} by a clock that is ahead" if at - milliseconds(now) > AHEAD else words


def when(run: Run, now: datetime) -> str:
    """When a run that is over ended; else when it was heard of last."""
    if run.ended_at is not None:
        return ago_words(run.ended_at, now)
    heard = ago_words(run.over_at or None, now)
    return f"at a time it does not tell, last heard of {heard}" if heard else "at a time it does not tell"


def run_length(run: Run) -> str:
    """`34 min`; "" where it is not known."""
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return ""
    return duration_words(run.ended_at - run.started_at)


def run_age(run: Run, now: datetime) -> str:
    """For how long it has been running."""
    if run.started_at is None or run.started_at - milliseconds(now) > AHEAD:
        return ""
    return duration_words(max(0, milliseconds(now) - run.started_at))


def scope_words(place: Place) -> str:
    """` in fraud`, ` in fraud, the channel's experiment`, or nothing."""
    if not place.experiments:
        return ""
    names = [display_name(each.name, LABEL_CHARS) for each in place.experiments]
    words = f" in {join_names(names, 3)}"
    return f"{words}, the channel's experiment" if place.of_channel else words


def among_words(words: str) -> str:
    """Words for the runs that are meant, behind the place; "" where all are."""
    return f" {display_name(words.strip(), 200)}" if words else ""


def user_name(run: Run) -> str:
    return display_name(run.user, LABEL_CHARS) if is_known(run.user) else ""


def number_words(value: float | None) -> str:
    return format_row(value).values[0]


def last_value(run: Run, by: PrimaryMetric | None) -> str:
    """`loss 0.41 at step 120`: of the metric that counts, else of the last one logged; "" when there is none."""
    name = by.metric if by and by.metric in run.metrics else _last_logged(run)
    if not name:
        return ""
    metric = run.metrics[name]
    step = f" at step {metric.step:,}" if metric.step else ""
    return f"{display_name(name, LABEL_CHARS)} {number_words(metric.value)}{step}"


def last_cell(text: str, nothing: str) -> Cell:
    """What was logged last, as `last_value` words it, for a column."""
    return Cell(text or nothing, short=text.replace(" at step ", ", step "))


def _last_logged(run: Run) -> str:
    own = {name: metric for name, metric in run.metrics.items() if not name.startswith("system/")}
    return max(own, key=lambda name: (own[name].logged_at, own[name].step, name), default="")


def status_words(run: Run) -> str:
    return {Status.KILLED: "was killed", Status.PRUNED: "was pruned"}.get(run.status, "failed")


def run_urls(runs: Sequence[Run], ui_url: str) -> list[str]:
    """Where each run is opened; "" where no address is known."""
    return [run_url(ui_url, run) if ui_url else "" for run in runs]


def run_labels(runs: Sequence[Run], limit: int = LABEL_CHARS) -> tuple[str, ...]:
    """What each run is called, no two alike."""
    return distinct_labels([run.name for run in runs], [run.run_id for run in runs], limit)


def run_cells(runs: Sequence[Run], limit: int = ROW_CHARS) -> list[Cell]:
    """What each run is called in the first column of a table, no two alike; `limit` is for a narrow one."""
    names = run_labels(runs)
    return [
        Cell(name, short=short)
        for name, short in zip(names, row_labels([run.name for run in runs], names, limit), strict=True)
    ]


def table_of_runs(
    caption: str,
    columns: Sequence[Column],
    runs: Sequence[Run],
    cells: Sequence[Sequence[Cell]],
    *,
    ranked: bool = False,
) -> Table:
    """A row a run, its name first, as short as a phone needs to show the next two columns; `ranked`: with its place."""
    beside = [
        [column.short or column.title, *(row[number].short or row[number].text for row in cells)]
        for number, column in enumerate(columns[:2])
    ]
    ranks = [f"{place}. " if ranked else "" for place in range(1, len(runs) + 1)]
    names = run_cells(runs, row_room(*beside, *([ranks] if ranked else [])))
    rows = tuple(
        (Cell(f"{rank}{name.text}", short=f"{rank}{name.short}"), *row)
        for rank, name, row in zip(ranks, names, cells, strict=True)
    )
    return Table(caption, (Column("Run"), *columns), rows)


def place_cells(run: Run, *, several: bool) -> tuple[Cell, ...]:
    """In which experiment a run is, where the rows are of several."""
    name = run.experiment.name
    return (Cell(display_name(name, LABEL_CHARS), short=display_name(name, ROW_CHARS)),) if several else ()


def run_with_value(run: Run, by: PrimaryMetric | None) -> str:
    """`run-a, accuracy 0.97`, as far as it logged that."""
    name = display_name(run.name, LABEL_CHARS)
    value = value_of(run, by.metric) if by else None
    return f"{name}, {display_name(by.metric, LABEL_CHARS)} {number_words(value)}" if by and value is not None else name


def short_ids(runs: Sequence[Run]) -> tuple[str, ...]:
    """Beginnings of ids that can be typed for them, no two alike."""
    size = next((n for n in range(SHORT_ID, 32) if len({run.run_id[:n] for run in runs}) == len(runs)), 64)
    return tuple(run.run_id[:size] for run in runs)


def join_facts(*facts: str) -> str:
    return " · ".join(fact for fact in facts if fact)


def spans_experiments(runs: Sequence[Run]) -> bool:
    """Whether they are of several experiments, so that each has to say which."""
    return len({run.experiment.experiment_id for run in runs}) > 1


def of_one(runs: Sequence[Run], place: Place) -> str:
    """In which experiment all of them are, where neither the place nor their rows say it."""
    if place.experiments or not runs or spans_experiments(runs):
        return ""
    return f"{'It is' if len(runs) == 1 else 'All are'} in {display_name(runs[0].experiment.name, LABEL_CHARS)}."


def metric_source_words(by: PrimaryMetric) -> str:
    """Why this metric, and why this way round: for the small print; "" when the request said all of it."""
    name = display_name(by.metric, LABEL_CHARS)
    why = {
        MetricSource.REQUEST: "",
        MetricSource.CHANNEL: f"Judged by {name}, the channel's metric.",
        MetricSource.EXPERIMENT: f"Judged by {name}, as the experiment's tag says.",
        MetricSource.RUNS: f"Judged by {name}, as most runs logged it; "
        "name another with by, or set metric for the channel.",
    }[by.chosen]
    goal = f"Guessed from its name: {by.goal.value} {name} is better." if by.goal_source is GoalSource.NAME else ""
    unknown = f"No goal is known for {name}: set goal {name} higher, or lower." if by.goal is Goal.UNKNOWN else ""
    return " ".join(filter(None, (why, goal, unknown)))
