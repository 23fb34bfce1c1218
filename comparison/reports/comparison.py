"""A comparison, worded as a whole."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import overload

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.logged_tests import LoggedTest, logged_tests
from comparison.judgement.numbers import NOT_LOGGED, NOTHING, RowDigits, format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.result import (
    CaveatCode,
    Change,
    Comparison,
    DatasetComparison,
    Difference,
    Differences,
    ExampleTest,
    GoalSource,
    MetricComparison,
    Outcome,
    Reading,
    Verdict,
    VerdictKind,
)
from comparison.judgement.verdict import holders, values_of
from comparison.language.correction import quote
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.headline import (
    FIT,
    LEADER,
    WHOLE,
    comparison_headline,
    is_known,
    run_card,
    side_labels,
    telling_metric,
    verdict_lines,
)
from comparison.reports.repeats import MAX_LINES, group_value, repeats_chart, repeats_section, repeats_steps
from comparison.reports.text import (
    NAME_CHARS,
    TITLE_CHARS,
    VALUE_CHARS,
    WORDS,
    change_cell_words,
    count_noun,
    cut_end,
    cut_middle,
    date_words,
    display_name,
    display_names,
    display_value,
    duration_words,
    inline_words,
    isolate_direction,
    join_names,
    one_line,
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
    urls = tuple(_url(side.runs, ui_url) for side in comparison.sides)
    if len(comparison.sides) > ROWS_OF_METRICS and not everything:
        metrics = runs_table(comparison, labels, urls=urls)
    else:
        metrics = comparison_table(comparison, labels, everything=everything, differing=differing, urls=urls)
    if in_channel and metrics:
        metrics = replace(metrics, note=". ".join(filter(None, (metrics.note, _not_judged(comparison)))))
    rules = (Link("How this is judged", rules_url, "rules"),) if rules_url else ()
    report = Report(
        headline=comparison_headline(comparison, judged, short).text,
        summary="",
        sides=_sides(comparison, side_labels(comparison, WHOLE), ui_url=ui_url, now=now),
        table=metrics,
        sections=(
            *comparison_sections(comparison, short, everything=everything),
            *_repeats(comparison, short),
            *_examples(comparison),
            *_logged_tests(comparison, short),
            *_each(judged),
        ),
        warnings=tuple(_sentence(warning.text, comparison) for warning in comparison.warnings),
        steps=_steps(comparison, command, folded=bool(metrics and metrics.note), in_channel=in_channel),
        links=(*_links(comparison, labels, ui_url), *rules),
        footnotes=_footnotes(comparison, command if in_channel else ""),
    )
    if chart := repeats_chart(comparison, report.headline, short):
        report = replace(report, charts=(chart,))
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
    if len(judged) == 1 or len(judged) >= ROWS_OF_METRICS:
        return ()
    return (Section("Verdicts", tuple(Line(verdict.text) for verdict in judged), folded=True),)


def _examples(comparison: Comparison) -> tuple[Section, ...]:
    """What two runs did on the same examples: that tells nothing of other seeds, so it decides nothing."""
    lines = tuple(Line(_example_words(each), display_name(each.score, VALUE_CHARS)) for each in comparison.examples)
    is_corrected = sum(each.p is not None for each in comparison.examples) > 1
    several = "; corrected for being several (Holm)" if is_corrected else ""
    note = f"which is better on these examples, not over seeds{several}"
    if not lines and comparison.examples_lacking:
        return (Section("Same examples", (Line(comparison.examples_lacking),)),)
    return (Section("Same examples", lines[:MAX_LINES], note),) if lines else ()


def _example_words(test: ExampleTest) -> str:
    """`0.90 → 0.94 on 50 examples; 14 better, 5 worse; +0.04, 95 %: -0.02 to +0.10; p 0.064 (McNemar): not clear`."""
    shown = format_row(test.baseline, test.candidate)
    ends = f", 95 %: {test.interval.low:+.3g} to {test.interval.high:+.3g}" if test.interval else ""
    told = (
        f"{shown.values[0]} → {shown.values[1]} on {count_noun(test.pairs, 'example')}",
        f"{test.better:,} better, {test.worse:,} worse",
        f"{shown.differences[0]}{ends}",
        "" if test.corrected is None else f"p {test.corrected:.2g} ({test.method})",
    )
    return f"{'; '.join(filter(None, told))}: {WORDS[test.outcome]}"


def _logged_tests(comparison: Comparison, labels: Sequence[str]) -> tuple[Section, ...]:
    """What MLflow's own tests of evaluations say, as they were logged; they judge nothing here."""
    called = {run.run_id: label for side, label in zip(comparison.sides, labels, strict=True) for run in side.runs}
    found = logged_tests([run for side in comparison.sides for run in side.runs])
    lines = tuple(Line(_logged_test(each, called), display_name(each.scorer, VALUE_CHARS)) for each in found)
    note = "logged by MLflow, over the same examples; no part of the verdict"
    return (Section("MLflow's own tests", lines[:MAX_LINES], note, folded=True),) if lines else ()


def _logged_test(test: LoggedTest, called: Mapping[str, str]) -> str:
    """`B against A: +0.12, 95 %: +0.03 to +0.18, p 0.01, 40 pairs`."""
    against = next((label for run_id, label in called.items() if run_id.startswith(test.baseline)), test.baseline)
    ends = f"95 %: {test.low:+.3g} to {test.high:+.3g}" if test.low is not None and test.high is not None else ""
    told = (
        "" if test.difference is None else f"{test.difference:+.3g}",
        ends,
        "" if test.p is None else f"p {test.p:.2g}",
        "" if test.pairs is None else count_noun(test.pairs, "pair"),
    )
    return f"{called[test.run.run_id]} against {against}: {', '.join(filter(None, told))}"


def _repeats(comparison: Comparison, labels: Sequence[str]) -> tuple[Section, ...]:
    found = repeats_section(comparison, labels)
    return () if found is None else (replace(found, folded=True),)


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
    if in_channel:
        return tuple(steps)  # there are buttons for the rest
    if unknown:
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


def _not_judged(comparison: Comparison) -> str:
    unknown = list(dict.fromkeys(metric.logged_as for metric in comparison.metrics if _moves_without_goal(metric)))
    return f"{join_names(unknown, 3)} not judged (direction unknown)" if unknown else ""


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
    return "Best step of each metric." if reading == "best" else f"Values {reading}."


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
    folded = frozenset[str]() if everything else _folded(comparison, 0 if differing else FEW)
    shown = _leading_first(comparison, [metric for metric in comparison.metrics if metric.name not in folded])
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


def _leading_first(comparison: Comparison, metrics: Sequence[MetricComparison]) -> list[MetricComparison]:
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
        if metric.name != leading.name
        and metric.goal is not Goal.UNKNOWN
        and metric.name not in comparison.not_counted
        and not is_same(metric)
    ]
    shown, beside = parameters[:PARAMETER_COLUMNS], others[:METRIC_COLUMNS]
    texts = {metric.name: _side_cells(metric) for metric in (leading, *beside)}
    values = {each.name: told_apart(each.values) for each in shown}
    best = holders(leading) if len(holders(leading)) < len(labels) else []
    digits = _digits(leading)

    def row(side: int) -> tuple[Cell, ...]:
        change = leading.changes[side - 1] if side else None
        moved = (
            Cell("baseline")
            if change is None
            else Cell(
                change_cell_words(change, digits.differences[side - 1], NOTHING),
                _percent(change),  # a phone is narrow
            )
        )
        return (
            Cell(f"{LEADER} {labels[side]}" if side in best else labels[side], url=urls[side] if urls else ""),
            texts[leading.name][side],
            moved,
            *(Cell(values[each.name][side] or NOTHING) for each in shown),
            *(texts[metric.name][side] for metric in beside),
        )

    names = display_names([metric.name for metric in (leading, *beside)], TITLE_CHARS)
    columns = (
        Column("Run"),
        Column(names[0], Align.RIGHT),
        Column("Change", Align.RIGHT),
        *(Column(display_name(each.name, TITLE_CHARS), Align.RIGHT) for each in shown),
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


def _folded(comparison: Comparison, kept: int) -> frozenset[str]:
    same = [metric.name for metric in comparison.metrics if is_same(metric) and not metric.primary]
    if len(same) <= kept:
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
    told = group_value(reading, text) if reading.asked_of > 1 else text
    return Cell(told, finite(reading.value))


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


# What differs besides the metrics: parameters, tags, datasets, and the facts MLflow keeps of every run.


NOT_LOGGED_LINE = "not logged"
LATEST = 4_102_444_800_000  # ms since the epoch, the year 2100: later moments are no dates that can be drawn
_PAIR = 2
_Fact = Callable[[Run], str]


def comparison_sections(comparison: Comparison, labels: tuple[str, ...], *, everything: bool) -> tuple[Section, ...]:
    """What changed, then folded what is seldom asked for; with `everything` also what is the same."""
    are_many = len(comparison.sides) > ROWS_OF_METRICS
    differ = any(warning.code is CaveatCode.DATASETS_DIFFER for warning in comparison.warnings)
    parts = (
        _changed("Parameters", comparison.parameters, labels, folded=are_many, inline=not are_many),
        _changed("Tags", comparison.tags, labels, folded=True) if comparison.tags.changed else None,
        datasets_section(comparison.datasets, labels) if everything or not differ else None,
        _same("Unchanged parameters", comparison.parameters.same) if everything else None,
        _same("Unchanged tags", comparison.tags.same) if everything else None,
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
    """A value a side, baseline first: `1.0 → 0.5`; of more sides by value: `1.0: A, D · 0.5: B, C`."""
    words = [NOT_LOGGED_LINE if value is None else value for value in values]
    if len(values) == _PAIR:
        return f"{words[0]} → {words[1]}"
    holders: dict[str, list[str]] = {}
    for value, label in zip(words, labels, strict=True):
        holders.setdefault(value, []).append(label)
    return " · ".join(f"{value}: {join_names(who)}" for value, who in holders.items())


def _changed(
    title: str, differences: Differences, labels: tuple[str, ...], *, folded: bool = False, inline: bool = False
) -> Section | None:
    count = differences.same_count
    ordered = sort_by_likelihood(differences.changed)
    if ordered:
        note = f"{count:,} {'other' if count == 1 else 'others'} unchanged" if count else ""
        lines = tuple(changed_line(each, labels) for each in ordered)
        return Section(title, lines, note, folded=folded, inline=inline)
    if not count:
        return None
    noun = title.lower().removesuffix("s") if count == 1 else title.lower()
    told = f"{'the' if count == 1 else 'all'} {count:,} {noun} unchanged"
    return Section(title, (Line(told),), folded=folded, inline=inline)


def _same(title: str, same: Mapping[str, str] | None) -> Section | None:
    lines = tuple(Line(display_value(text), display_name(name, VALUE_CHARS)) for name, text in (same or {}).items())
    return Section(title, lines, folded=True) if lines else None


def datasets_section(datasets: tuple[DatasetComparison, ...], labels: tuple[str, ...]) -> Section | None:
    """The datasets of each role, and whether their digests are the same."""
    lines = tuple(
        Line(_dataset_text(each, labels), display_name(each.context) if each.context else "") for each in datasets
    )
    return Section("Datasets", lines, folded=True) if lines else None


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
    starts = [run.started_at for side in comparison.sides for run in side.runs if run.started_at is not None]
    moments = tuple((date_words(at), at) for at in dict.fromkeys(starts) if 0 < at < LATEST)
    lines = tuple(replace(line, moments=moments) if line.label == "Started" else line for line in lines)
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
BIGGEST = 6  # changes told in words
RUNS = 6  # of many, told in words
PARAMETERS = 6
DOUBTS = 2
_MOVED = (Outcome.BETTER, Outcome.WORSE, Outcome.CHANGED)


def comparison_summary(report: Report, comparison: Comparison, labels: Sequence[str]) -> str:
    """Verdict, what moved, why, the main doubts, a link: what the message shows; at most 3,000 characters."""
    why = next((part for part in report.sections if part.title == "Parameters" and not part.folded), None)
    lines = [f"{report.headline}.", *_changes(report, comparison, labels), *_why(why), *report.warnings[:DOUBTS]]
    text = "\n".join(lines)
    link = next((f"\n{link.url}" for link in report.links if link.key == "compare"), "")
    if len(text) + len(link) > LIMIT:
        link = link if len(link) < LIMIT // 2 else ""
        text = cut_end(text, LIMIT - len(link))
    return text + link


def _changes(report: Report, comparison: Comparison, labels: Sequence[str]) -> list[str]:
    if len(comparison.candidates) == 1:
        return _told(comparison, BIGGEST)
    if report.table and report.table.columns[0].title == "Run":
        rows = report.table.rows
        told = [f"{number}. {row[0].text}: {row[1].text} ({row[2].text})" for number, row in enumerate(rows[:RUNS], 1)]
        return [*told, f"and {len(rows) - RUNS:,} more"] if len(rows) > RUNS else told
    return [
        f"{label}: {'; '.join(texts)}"
        for number, label in enumerate(labels[1:])
        if (texts := _in_order(comparison, number)[: BIGGEST // 2])
    ]


def _told(comparison: Comparison, most: int) -> list[str]:
    texts = _in_order(comparison, 0)
    left = len(texts) - most
    return [*texts[:most], f"and {count_noun(left, 'more metric')}"] if left > 0 else texts


def _in_order(comparison: Comparison, candidate: int) -> list[str]:
    folded = _folded(comparison, FEW)
    ranked = _leading_first(comparison, [metric for metric in comparison.metrics if metric.name not in folded])
    return [_in_words(metric, metric.changes[candidate]) for metric in ranked]


def _in_words(metric: MetricComparison, change: Change) -> str:
    shown = format_row(change.baseline.value, change.candidate.value)
    words = change_cell_words(change, shown.differences[0], shown.changes[0])
    if change.outcome is Outcome.SAME and not change.difference:
        return f"{display_name(metric.name)} {shown.values[0]} ({words})"
    return f"{display_name(metric.name)} {shown.values[0]} → {shown.values[1]} ({words})"


def _why(section: Section | None) -> list[str]:
    if section is None:
        return []
    texts = [inline_words(line) for line in section.lines[:PARAMETERS]]
    left = len(section.lines) - len(texts)
    rest = [f"{left:,} more"] if left else []
    return [" · ".join(filter(None, [*texts, *rest, section.note]))]
