"""A comparison, worded as a whole."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import inf, isfinite
from typing import overload

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.goals import EITHER
from comparison.judgement.numbers import NOT_LOGGED, NOTHING, RowDigits, format_row
from comparison.judgement.result import (
    Change,
    Comparison,
    DatasetComparison,
    Difference,
    Differences,
    GoalSource,
    MetricComparison,
    Outcome,
    Reading,
    Verdict,
)
from comparison.language.quoting import quote
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.headline import FIT, comparison_headline, is_known, run_card, side_labels, verdict_lines
from comparison.reports.repeats import group_value, repeats_section, repeats_steps
from comparison.reports.text import (
    NAME_CHARS,
    VALUE_CHARS,
    cut_end,
    cut_middle,
    date_words,
    difference_words,
    display_name,
    display_names,
    display_value,
    duration_words,
    isolate_direction,
    join_names,
    one_line,
    relative_words,
    told_apart,
    value_with_change,
)
from comparison.runs import Dataset, Goal, Run
from comparison.tolerance import write_tolerance
from comparison.tracking.mlflow_links import compare_url, run_url

SENTENCE = 600  # characters of a warning; names in it can be as long as MLflow lets them be
GOALS_NAMED = 6
_SAID_BY = {
    GoalSource.REQUEST: "as asked",
    GoalSource.CHANNEL: "set for this channel",
    GoalSource.EXPERIMENT: "the experiment's tag",
}


def comparison_report(  # noqa: PLR0913 -- all but the comparison have defaults and are given by name
    comparison: Comparison,
    *,
    ui_url: str = "",
    now: int | None = None,
    everything: bool = False,
    differing: bool = False,
    rules_url: str = "",
    command: str = "/mlcompare",
    in_channel: bool = False,
) -> Report:
    """The comparison in words: verdict, table, why, doubts, what to do next, links. `now` is in ms since the epoch.

    `everything` shows also what is the same; `differing` nothing that is; `in_channel`: goals can be set by typing.
    """
    labels = side_labels(comparison)
    short = side_labels(comparison, FIT)
    judged = verdict_lines(comparison, short)
    metrics = comparison_table(comparison, labels, everything=everything, differing=differing)
    rules = (Link("How this is judged", rules_url, "rules"),) if rules_url else ()
    report = Report(
        headline=comparison_headline(comparison, judged, short).text,
        summary="",
        sides=_sides(comparison, labels, ui_url=ui_url, now=now),
        table=metrics,
        sections=(
            *_each(judged),
            *_repeats(comparison, short),
            *comparison_sections(comparison, short, everything=everything),
        ),
        warnings=tuple(_sentence(warning.text, comparison) for warning in comparison.warnings),
        steps=_steps(comparison, command, folded=bool(metrics and metrics.note), in_channel=in_channel),
        links=(*_links(comparison, labels, ui_url), *rules),
        footnotes=_footnotes(comparison, command if in_channel else ""),
    )
    return replace(report, summary=comparison_summary(report, comparison, short))


def _sides(comparison: Comparison, labels: Sequence[str], *, ui_url: str, now: int | None) -> tuple[RunCard, ...]:
    several = len(comparison.candidates) > 1
    roles = ("Baseline", *(f"Candidate {number}" if several else "Candidate" for number in range(1, len(labels))))
    return tuple(
        run_card(side, role, label, url=_url(side.runs, ui_url), now=now)
        for side, role, label in zip(comparison.sides, roles, labels, strict=True)
    )


def _url(runs: Sequence[Run], ui_url: str) -> str:
    return run_url(ui_url, runs[0]) if ui_url and len(runs) == 1 else ""


def _each(judged: Sequence[Verdict]) -> tuple[Section, ...]:
    if len(judged) == 1:
        return ()
    return (Section("Verdicts", tuple(Line(verdict.text) for verdict in judged)),)


def _repeats(comparison: Comparison, labels: Sequence[str]) -> tuple[Section, ...]:
    found = repeats_section(comparison, labels)
    return () if found is None else (found,)


def _links(comparison: Comparison, labels: Sequence[str], ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    runs = list({run.run_id: run for side in comparison.sides for run in side.runs}.values())
    own = {
        side.runs[0].run_id: Link(f"Open {label}", run_url(ui_url, side.runs[0]), f"run:{number}")
        for number, (side, label) in reversed(list(enumerate(zip(comparison.sides, labels, strict=True))))
        if len(side.runs) == 1
    }
    opened = sorted(own.values(), key=lambda link: int(link.key.removeprefix("run:")))
    both = (Link("Compare in MLflow", compare_url(ui_url, runs), "compare"),) if len(runs) > 1 else ()
    return (*opened, *both)


def _sentence(text: str, comparison: Comparison) -> str:
    """A sentence that holds names: on one line, long ones cut, their direction kept to themselves."""
    shown = one_line(text)
    for label in {one_line(side.label) for side in comparison.sides}:
        if label and display_name(label) != label:
            shown = shown.replace(
                label, display_name(label, FIT) if len(label) > NAME_CHARS else isolate_direction(label)
            )
    return cut_middle(shown, SENTENCE)


def _steps(comparison: Comparison, command: str, *, folded: bool, in_channel: bool) -> tuple[Step, ...]:
    steps = list(repeats_steps(comparison, command, in_channel=in_channel))
    unknown = list(dict.fromkeys(metric.logged_as for metric in comparison.metrics if _moves_without_goal(metric)))
    if unknown and in_channel:
        typed = f"{command} set goal {quote(unknown[0])} {EITHER}" if quote(unknown[0]) else ""
        steps.append(Step(f"No goal is known for {join_names(unknown)}. Set goals, or type", typed))
    elif unknown:
        tag = f"mlcompare.goal.{one_line(unknown[0])}"
        steps.append(
            Step(
                f"No goal is known for {join_names(unknown)}. "
                f"To set one, give the experiment the tag {isolate_direction(tag)} with the value higher or lower."
            )
        )
    ids = list(dict.fromkeys(run.run_id for side in comparison.sides for run in side.runs))
    if folded and 1 < len(ids) == len(comparison.sides):
        steps.append(Step("See what is the same as well", f"{command} {' '.join(each[:8] for each in ids)} all"))
    return tuple(steps)


def _moves_without_goal(metric: MetricComparison) -> bool:
    return metric.goal is Goal.UNKNOWN and any(change.outcome is Outcome.CHANGED for change in metric.changes)


def _footnotes(comparison: Comparison, command: str) -> tuple[str, ...]:
    return tuple(
        filter(
            None,
            (
                _reading_step(comparison.reading),
                _spreads(comparison),
                _within(comparison.metrics),
                _counted_once(comparison.counted_once),
                _assumed(comparison, command),
            ),
        )
    )


def _within(metrics: Sequence[MetricComparison]) -> str:
    """Within what values are the same, where that was said, and by whom."""
    said: dict[tuple[GoalSource, float], list[str]] = {}
    for metric in metrics:
        if metric.tolerance is not None:
            said.setdefault((metric.tolerance_source, metric.tolerance), []).append(metric.name)
    told = [
        f"{write_tolerance(fraction)}{'' if len(names) == len(metrics) else f' for {join_names(names, GOALS_NAMED)}'}"
        f" ({_SAID_BY[source]})"
        for (source, fraction), names in said.items()
    ]
    return f"Values count as the same within this share of the baseline: {'; '.join(told)}." if told else ""


def _counted_once(repeated: Sequence[Sequence[str]]) -> str:
    told = [join_names(names) for names in repeated[:GOALS_NAMED]]
    told += [f"and {len(repeated) - GOALS_NAMED:,} more"] if len(repeated) > GOALS_NAMED else []
    return f"Counted once, as their values are equal: {'; '.join(told)}." if told else ""


def _spreads(comparison: Comparison) -> str:
    groups = any(len(side.runs) > 1 for side in comparison.sides)
    return "Values of several runs: mean ± standard deviation (number of runs)." if groups else ""


def _reading_step(reading: str) -> str:
    """What the values are, where they are not simply the last ones."""
    if reading == "last":
        return ""
    told = "the best over the steps, by each metric's goal" if reading == "best" else f"those {reading}"
    return f"The values are {told}."


def _assumed(comparison: Comparison, command: str) -> str:
    """Goals taken from names, said once, with the way to set them: by the command, or "" in MLflow."""
    assumed = [metric for metric in comparison.metrics if metric.goal_source is GoalSource.NAME]
    groups = [
        (goal, list(dict.fromkeys(metric.logged_as for metric in assumed if metric.goal is goal)))
        for goal in (Goal.HIGHER, Goal.LOWER)
    ]
    told = [f"{goal.value} is better for {join_names(names, GOALS_NAMED)}" for goal, names in groups if names]
    if not told:
        return ""
    stated = f"Assumed from the names: {'; '.join(told)}."
    first = next((each for each in assumed if len(each.logged_as) <= NAME_CHARS and quote(each.logged_as)), None)
    if command and first:
        opposite = Goal.LOWER if first.goal is Goal.HIGHER else Goal.HIGHER
        return f"{stated} To say otherwise: {command} set goal {quote(first.logged_as)} {opposite.value}."
    tag = isolate_direction(f"mlcompare.goal.{cut_middle(one_line(assumed[0].logged_as), NAME_CHARS)}")
    return f"{stated} To say otherwise, set the experiment tag {tag}."


# The table of metrics: two sides show difference and change, more show each candidate with its change.


READABLE = 12  # characters of a value in a row of several
FEW = 3  # this many rows that are the same stay; more fold into one line


def comparison_table(
    comparison: Comparison, labels: tuple[str, ...], *, everything: bool, differing: bool = False
) -> Table | None:
    """All that is to be shown, in reading order; None when no side logged a metric. `differing`: nothing the same."""
    if not comparison.metrics:
        return None
    folded = frozenset[str]() if everything else _folded(comparison, 0 if differing else FEW)
    shown = [metric for metric in comparison.metrics if metric.name not in folded]
    names = display_names([metric.name for metric in shown])
    draw = _two if len(comparison.candidates) == 1 else _several

    def row(number: int) -> tuple[Cell, ...]:
        metric = shown[number]
        cells = (Cell(names[number]), *draw(metric, _digits(metric)))
        return _with_steps(cells, metric, only_points=comparison.reading != "best")

    return Table(
        _caption(comparison, labels), _columns(labels), TableRows(row, len(shown)), table_note(comparison, folded)
    )


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


def _folded(comparison: Comparison, kept: int) -> frozenset[str]:
    same = [metric.name for metric in comparison.metrics if is_same(metric) and not metric.primary]
    if len(same) <= kept:
        return frozenset()
    return frozenset(same if len(same) < len(comparison.metrics) else same[FEW:])


def _caption(comparison: Comparison, labels: tuple[str, ...]) -> str:
    reading = {"last": "", "best": ", best values"}.get(comparison.reading, f", {comparison.reading}")
    return f"Metrics of {labels[0]} and {join_names(labels[1:], limit=3)}{reading}"


def _columns(labels: tuple[str, ...]) -> tuple[Column, ...]:
    values = tuple(Column(label, Align.RIGHT) for label in labels)
    if len(labels) > 2:
        return (Column("Metric"), *values)
    return (Column("Metric"), *values, Column("Difference"), Column("Change", Align.RIGHT))


def _two(metric: MetricComparison, shown: RowDigits) -> tuple[Cell, ...]:
    (change,) = metric.changes
    return (
        _reading_words(change.baseline, shown.values[0]),
        _reading_words(change.candidate, shown.values[1]),
        Cell(difference_words(change, shown.differences[0]), finite(change.difference)),
        Cell(relative_words(change, shown.changes[0]), _percent(change)),
    )


def _several(metric: MetricComparison, shown: RowDigits) -> tuple[Cell, ...]:
    return (
        _reading_words(metric.changes[0].baseline, shown.values[0]),
        *(
            Cell(value_with_change(change, *texts), finite(change.candidate.value))
            for change, *texts in zip(metric.changes, shown.values[1:], shown.differences, shown.changes, strict=True)
        ),
    )


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
    told = group_value(reading, text) if reading.asked_of > 1 else text
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


# What differs besides the metrics: parameters, tags, datasets, and the facts MLflow keeps of every run.


NOT_LOGGED_LINE = "not logged"
_PAIR = 2
_Fact = Callable[[Run], str]


def comparison_sections(comparison: Comparison, labels: tuple[str, ...], *, everything: bool) -> tuple[Section, ...]:
    """Parameters, tags and datasets, then folded details; with `everything` also what is the same."""
    parts = (
        _changed("Parameters", comparison.parameters, labels),
        _changed("Tags", comparison.tags, labels) if comparison.tags.changed else None,
        _datasets(comparison.datasets, labels),
        _same("Parameters that are the same", comparison.parameters.same) if everything else None,
        _same("Tags that are the same", comparison.tags.same) if everything else None,
        _details(comparison, labels),
    )
    return tuple(part for part in parts if part is not None)


def changed_line(difference: Difference, labels: tuple[str, ...]) -> Line:
    """`C: 1.0 → 0.5`, `only in B: dropout = 0.1`, with several candidates `C: 1.0 → 0.5 in B, 0.1 in C`."""
    values = told_apart(difference.values)
    name = display_name(difference.name, VALUE_CHARS)
    having = [label for label, value in zip(labels, values, strict=True) if value is not None]
    told = {value for value in values if value is not None}
    if len(having) < len(labels) and len(told) == 1:
        return Line(f"{name} = {told.pop()}", f"only in {join_names(having)}")
    return Line(across(values, labels), name)


def across(values: Sequence[str | None], labels: tuple[str, ...]) -> str:
    """A value a side, baseline first: `1.0 → 0.5`, or by value `1.0 → 0.5 in B and C, the same in D`."""
    baseline, *candidates = (NOT_LOGGED_LINE if value is None else value for value in values)
    if len(values) == _PAIR:
        return f"{baseline} → {candidates[0]}"
    holders: dict[str, list[str]] = {}
    for value, label in zip(candidates, labels[1:], strict=True):
        holders.setdefault("the same" if value == baseline else value, []).append(label)
    return f"{baseline} → " + ", ".join(f"{value} in {join_names(who)}" for value, who in holders.items())


def _changed(title: str, differences: Differences, labels: tuple[str, ...]) -> Section | None:
    same = f"{differences.same_count:,} the same" if differences.same_count else ""
    if differences.changed:
        ordered = sort_by_likelihood(differences.changed)
        return Section(title, tuple(changed_line(each, labels) for each in ordered), same)
    return Section(title, (Line("none differ"),), same) if same else None


def _same(title: str, same: Mapping[str, str] | None) -> Section | None:
    lines = tuple(Line(display_value(text), display_name(name, VALUE_CHARS)) for name, text in (same or {}).items())
    return Section(title, lines, folded=True) if lines else None


def _datasets(datasets: tuple[DatasetComparison, ...], labels: tuple[str, ...]) -> Section | None:
    lines = tuple(
        Line(_dataset_text(each, labels), display_name(each.context) if each.context else "") for each in datasets
    )
    return Section("Datasets", lines) if lines else None


def _dataset_text(compared: DatasetComparison, labels: tuple[str, ...]) -> str:
    named = [_named(side) or "none logged" for side in compared.sides]
    digests = "same digest" if compared.same_digest else "digests differ"
    if len(set(named)) == 1:
        return f"{named[0]}, {digests}"
    return across(named, labels) + (f", {digests}" if all(compared.sides) else "")


def _named(datasets: Iterable[Dataset]) -> str:
    unique = dict.fromkeys((display_name(each.name), display_name(each.digest, 20)) for each in datasets)
    return " and ".join(f"{name} ({digest})" for name, digest in unique)


def _details(comparison: Comparison, labels: tuple[str, ...]) -> Section | None:
    facts: tuple[tuple[str, _Fact], ...] = (
        ("Experiment", lambda run: display_name(run.experiment.name)),
        ("User", lambda run: display_name(run.user) if is_known(run.user) else ""),
        ("Source", lambda run: display_value(run.source) if run.source else ""),
        ("Commit", lambda run: display_name(run.commit[:10]) if run.commit else ""),
        ("Started", lambda run: "" if run.started_at is None else date_words(run.started_at)),
        ("Duration", _duration),
        ("Run", lambda run: display_name(run.run_id)),
    )
    lines = tuple(line for title, fact in facts if (line := _fact_line(title, fact, comparison, labels)) is not None)
    return Section("Details", lines, folded=True) if lines else None


def _fact_line(title: str, fact: _Fact, comparison: Comparison, labels: tuple[str, ...]) -> Line | None:
    values = [join_names(list(dict.fromkeys(map(fact, side.runs))), limit=3) for side in comparison.sides]
    told = [None if value in ("", "(no name)") else value for value in values]
    if not any(told):
        return None
    if len(set(told)) == 1:
        return Line(f"{told[0]} (all the same)" if len(told) > _PAIR else f"{told[0]} (both)", title)
    return Line(across(["unknown" if value is None else value for value in told], labels), title)


def _duration(run: Run) -> str:
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return ""
    return duration_words(run.ended_at - run.started_at)


# The whole answer as a few lines of plain text: what a notification shows and a screen reader reads.


LIMIT = 3_000
BIGGEST = 4  # changes told in words
CANDIDATES = 5
PARAMETERS = 3
_MOVED = (Outcome.BETTER, Outcome.WORSE, Outcome.CHANGED)


def comparison_summary(report: Report, comparison: Comparison, labels: Sequence[str]) -> str:
    """Verdict, the biggest changes in words, why, the main doubt, a link; at most 3,000 characters."""
    why = next((section for section in report.sections if section.title == "Parameters"), None)
    lines = [f"{report.headline}.", *_changes(comparison, labels), *_why(why), *report.warnings[:1]]
    text = "\n".join(lines)
    link = next((f"\n{link.url}" for link in report.links if link.key == "compare"), "")
    if len(text) + len(link) > LIMIT:
        link = link if len(link) < LIMIT // 2 else ""
        text = cut_end(text, LIMIT - len(link))
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
    return (not metric.primary, change.outcome is Outcome.CHANGED, metric.is_cost, -size)


def _in_words(metric: MetricComparison, change: Change) -> str:
    shown = format_row(change.baseline.value, change.candidate.value)
    size = shown.changes[0]
    told = "" if size == NOTHING else f", {size}"
    moved = difference_words(change, shown.differences[0])
    return f"{display_name(metric.name)} {shown.values[0]} → {shown.values[1]} ({moved}{told})"


def _why(section: Section | None) -> list[str]:
    if section is None:
        return []
    texts = [_line(line) for line in section.lines[:PARAMETERS]]
    left = len(section.lines) - len(texts)
    return [f"{section.title}: {'; '.join(texts)}" + (f"; {left:,} more" if left else "") + "."]


def _line(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text
