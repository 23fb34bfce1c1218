"""Curves, worded: the picture and its conclusion. Every number is a logged one, never of a smoothed curve."""

import math
from collections.abc import Sequence

import numpy as np

from comparison.judgement.numbers import format_change, format_row
from comparison.judgement.result import GoalSource
from comparison.queries.curves import CurvesAnswer, MetricCurves, RunCurve, is_still_improving
from comparison.report import Align, Cell, Chart, Column, Line, Lines, Link, Panel, Report, Section, Series, Step, Table
from comparison.reports.tables import finite, join_facts
from comparison.reports.text import (
    SECOND,
    count_noun,
    cut_end,
    display_name,
    distinct_labels,
    duration_words,
    join_names,
    with_links,
    without_common_start,
)
from comparison.runs import GOING_ON, Goal, Run, Status
from comparison.tracking.mlflow_links import compare_url, run_url
from comparison.trends import Axis, Curve, Reached, Tail, buckets, grid_of, shared_axis, smoothed, sparkline

MOST_IN_LINES = 6  # series of a chart that Slack draws
MOST_DRAWN = 12  # curves that can be told apart in a picture
POINTS_DRAWN = 640  # of a curve: as many as a picture is wide
SMOOTHED_FROM = 60  # points from which on a noisy curve is smoothed
WEIGHT = 0.9  # of the smoothing
_LABEL = 40
_SHORT_LABEL = 24  # from which on what all names begin with is left out
_LINES_LABEL = 20  # characters of a name in a chart that Slack draws
_TABLE_FROM = 4  # runs from which on they are told in a table
_LOG_FROM = 100  # a range of so many times asks for a logarithmic axis


def curves_report(answer: CurvesAnswer, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The chart of each metric, and what the curves say, the most telling first."""
    runs = [side.runs[0] for side in answer.sides]
    labels = dict(zip((run.run_id for run in runs), _labels(answer), strict=True))
    worded = [_WordedMetric(each, labels, ui_url) for each in answer.metrics if each.curves]
    first = worded[0]
    headline = first.headline()
    many = len(first.metric.curves) >= _TABLE_FROM
    sections = tuple(
        Section(
            f"What {display_name(each.metric.metric, _LABEL)} says" if len(worded) > 1 else "What the curves say", lines
        )
        for each in worded
        if (lines := each.lines(with_runs=not (many and each is first)))
    )
    charts = tuple(each.chart() for each in worded)
    warnings = tuple(dict.fromkeys(text for each in worded for text in each.warnings()))
    missing = _missing(answer, labels)
    plainly = [f"{line.label}: {line.text}" if line.label else line.text for part in sections for line in part.lines]
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *plainly, *warnings, *missing]), 3_000),
        table=first.table() if many else None,
        sections=sections,
        warnings=(*missing, *warnings),
        steps=_steps(first, command),
        links=_links(runs, labels, ui_url),
        footnotes=_footnotes(worded, answer),
        charts=charts,
    )


def _labels(answer: CurvesAnswer) -> tuple[str, ...]:
    labels = [side.label for side in answer.sides]
    ids = [side.runs[0].run_id for side in answer.sides]
    return distinct_labels(without_common_start(labels, _SHORT_LABEL), ids, _LABEL)


class _WordedMetric:
    """The words for one metric."""

    def __init__(self, metric: MetricCurves, labels: dict[str, str], ui_url: str = "") -> None:
        self.metric = metric
        self._ui_url = ui_url
        self.name = display_name(metric.metric, _LABEL)
        self._labels = labels
        self._axis = shared_axis([each.curve for each in metric.curves])

    def label(self, found: RunCurve) -> str:
        return self._labels[found.run.run_id]

    def url(self, found: RunCurve) -> str:
        """Where the run is opened; "" where no address is known."""
        return run_url(self._ui_url, found.run) if self._ui_url else ""

    # The headline

    def headline(self) -> str:
        curves = self.metric.curves
        if len(curves) == 1:
            return self._of_one(curves[0])
        leader = self.metric.leader
        if len(curves) == 2:
            return self._of_two(curves[0], curves[1])
        if leader is None or leader.best is None:
            return f"{self.name} of {count_noun(len(curves), 'run')}: which way is better is not known"
        return (
            f"{self.label(leader)} has the best {self.name} of {count_noun(len(curves), 'run')}: "
            f"{_number(leader.best.value)} at {_x(leader.curve, leader.best.x)}"
        )

    def _of_one(self, found: RunCurve) -> str:
        name, curve = self.label(found), found.curve
        if found.divergence:
            return f"{name} diverged at {_x(curve, found.divergence.since)}: {self.name} {self._after(found)}"
        against = self.metric.against
        if against is not None and against.lead.ahead is not None:
            word = "ahead of" if against.lead.ahead == 1 else "behind"
            best = display_name(against.best.name, _LABEL)
            return (
                f"{name} is {word} {best} by {_number(against.lead.by)} at {_x(curve, against.lead.x)} "
                f"of {against.total:,.0f} ({self.name})"
            )
        ends = self._ends(found).partition(":")[0]
        if found.best is None:
            return f"{name}: {self.name} {_number(curve.last)} after {_x(curve, float(curve.x[-1]))}"
        text = f"{name}: best {self.name} {_number(found.best.value)} at {_x(curve, found.best.x)}"
        return f"{text}, {ends}" if ends else text

    def _apart(self, first: RunCurve, second: RunCurve) -> str:
        """Of two curves that have no place in common."""
        names = (self.label(first), self.label(second))
        if first.curve.axis is second.curve.axis:
            return f"{names[0]} and {names[1]} share no {_AXIS[first.curve.axis]} of {self.name}"
        ends = [each.best.value if each.best else each.curve.last for each in (first, second)]
        a, b = format_row(*ends).values
        word = "Best" if first.best and second.best else "Last"
        return f"{word} {self.name}: {names[0]} {a}, {names[1]} {b}; they have no axis in common"

    def _of_two(self, first: RunCurve, second: RunCurve) -> str:
        for bad, other in ((first, second), (second, first)):
            if bad.divergence and not other.divergence:
                return (
                    f"{self.label(bad)} diverged at {_x(bad.curve, bad.divergence.since)}; "
                    f"{self.label(other)} did not ({self.name})"
                )
        for bad, other in ((first, second), (second, first)):
            if bad.run.status is Status.FAILED and other.run.status is not Status.FAILED:
                at = float(bad.curve.x[-1])
                there = other.curve.at(at)
                values = format_row(bad.curve.last, there).values
                beside = f", {self.label(other)} {values[1]} there" if there is not None else ""
                return f"{self.label(bad)} failed at {_x(bad.curve, at)}: {self.name} {values[0]}{beside}"
        lead = self.metric.pairs[0].lead
        names = (self.label(first), self.label(second))
        if lead is None:
            return self._apart(first, second)
        if self._has_other_units() and first.best and second.best:
            bests = format_row(first.best.value, second.best.value).values
            return (
                f"{names[0]} and {names[1]} seem to count other steps: best {self.name} {bests[0]} at "
                f"{_x(first.curve, first.best.x)} and {bests[1]} at {_x(second.curve, second.best.x)}"
            )
        values = format_row(lead.first, lead.second).values
        where = _x(first.curve, lead.x)
        if lead.ahead is None:
            verb = "are level" if self.metric.goal is not Goal.UNKNOWN else "stand"
            return f"{names[0]} and {names[1]} {verb} at {where}: {self.name} {values[0]} and {values[1]}"
        winner, loser = names[lead.ahead], names[1 - lead.ahead]
        return f"{winner} leads at {where}: {self.name} {values[lead.ahead]}, {loser} {values[1 - lead.ahead]}"

    # The lines below it

    def lines(self, *, with_runs: bool = True) -> tuple[Line, ...]:
        is_pair = len(self.metric.curves) == 2 and not self._has_other_units()
        own = [
            Line(self._facts(each), self.label(each), links=((self.label(each), self.url(each)),))
            for each in (self.metric.curves if with_runs else ())
        ]
        return (*own, *(self._between() if is_pair else ()), *self._against())

    def _facts(self, found: RunCurve) -> str:
        curve, best = found.curve, found.best
        digits = format_row(best.value if best else None, curve.last).values
        first = f"best {digits[0]} at {_x(curve, best.x)}" if best else ""
        sampled = " of the sampled points" if best and not best.is_exact else ""
        is_last = best is not None and best.place == len(curve) - 1
        last = f"last {digits[1]} at {_x(curve, float(curve.x[-1]))}" if not is_last else ""
        return join_facts(f"{first}{sampled}" if first else "", last, self._ends(found))

    def _after(self, found: RunCurve) -> str:
        last = found.curve.last
        return (
            "is not a number from there on"
            if math.isnan(last)
            else "is infinite from there on"
            if math.isinf(last)
            else "blew up"
        )

    def _ends(self, found: RunCurve) -> str:  # noqa: PLR0911 -- one way to end a line
        """How it ends; "" where that cannot be told."""
        curve = found.curve
        going = found.run.status in GOING_ON
        if found.divergence:
            return f"diverged at {_x(curve, found.divergence.since)}: {self.name} {self._after(found)}"
        if found.overfit:
            over = found.overfit
            change = format_change(over.best, over.last)
            share = f" ({change})" if change.endswith("%") else ""
            return (
                f"overfitting since {_x(curve, over.since)}: {_number(over.worse_by)}{share} worse since, "
                f"while {display_name(found.training, _LABEL)} went on improving"
            )
        if is_still_improving(found):
            return "still improving" if going else "still improving when it stopped"
        if found.run.status is Status.FAILED:
            return "failed there"
        if found.trend.tail is Tail.FLAT:
            since = found.trend.since
            return "flat all the way" if since is None or since <= curve.x[0] else f"plateau since {_x(curve, since)}"
        if found.trend.tail is Tail.WORSENING and found.best is not None:
            return f"getting worse since its best at {_x(curve, found.best.x)}"
        if found.trend.tail is Tail.MOVING:
            return "still moving" if going else "still moving when it stopped"
        return ""

    def _between(self) -> list[Line]:
        first, second = self.metric.curves
        pair = self.metric.pairs[0]
        found = []
        if pair.overtaking:
            ahead = (first, second)[pair.overtaking.ahead]
            found.append(Line(f"{self.label(ahead)} has been ahead since {_x(ahead.curve, pair.overtaking.x)}."))
        for one, other, reached in ((second, first, pair.reached), (first, second, pair.reached_back)):
            is_news = reached is not None and reached.x > one.curve.x[0]
            if is_news and reached and other.best and one.best and one.best.value != other.best.value:
                found.append(Line(self._reached(one, other, reached)))
        lead = pair.lead
        for each in (first, second):
            if lead and each.curve.x[-1] > lead.x:
                digits = _number(each.curve.last)
                found.append(
                    Line(f"{self.label(each)} ran on to {_x(each.curve, float(each.curve.x[-1]))}, last {digits}.")
                )
        return found

    def _reached(self, one: RunCurve, other: RunCurve, reached: Reached) -> str:
        """`B reached A's best (0.34) at step 2,000 after 4 min; A needed 3,900, 9 min`."""
        assert other.best is not None  # noqa: S101 -- asked for with a best only
        is_timed = one.curve.axis is Axis.TIME  # then its place says the time already
        after = f" after {duration_words(int(reached.seconds * SECOND))}" if reached.seconds and not is_timed else ""
        own = other.curve.seconds_at(other.best.place) if other.curve.axis is not Axis.TIME else None
        took = f", {duration_words(int(own * SECOND))}" if own else ""
        return (
            f"{self.label(one)} reached {self.label(other)}'s best ({_number(other.best.value)}) at "
            f"{_x(one.curve, reached.x)}{after}; {self.label(other)} had it at {_x(other.curve, other.best.x)}{took}."
        )

    def _against(self) -> list[Line]:
        against = self.metric.against
        if against is None:
            return []
        found = self.metric.curves[0]
        lead, best = against.lead, display_name(against.best.name, _LABEL)
        where = f"at {_x(found.curve, lead.x)} of {against.total:,.0f}"
        if lead.ahead is None:
            lines = [Line(f"level with {best}, the best run with a curve, {where}", self.label(found))]
        else:
            word = "ahead of" if lead.ahead else "behind"
            lines = [
                Line(f"{word} {best}, the best run with a curve, by {_number(lead.by)} {where}", self.label(found))
            ]
        past = against.catching_up
        if past.behind:
            what = "earlier run" if past.behind == 1 else "earlier runs"
            lines.append(Line(f"{past.caught_up} of {past.behind} {what} caught up from there."))
        return lines

    def table(self) -> Table:
        """The best first, then as they came."""
        sign = -1 if self.metric.goal is Goal.HIGHER else 1
        ordered = sorted(self.metric.curves, key=lambda each: sign * each.best.value if each.best else math.inf)
        values = format_row(*[each.best.value if each.best else None for each in ordered]).values
        rows = tuple(
            (
                Cell(self.label(each)),
                Cell(value if each.best else "–", finite(each.best.value) if each.best else None),
                Cell(_x(each.curve, each.best.x) if each.best else "–"),
                Cell(_number(each.curve.last), finite(each.curve.last)),
                Cell(self._ends(each) or "–"),
            )
            for each, value in zip(ordered, values, strict=True)
        )
        columns = (Column("Run"), Column(f"Best {self.name}", Align.RIGHT), Column("At"), Column("Last", Align.RIGHT))
        title = f"{self.name} over {_AXIS[ordered[0].curve.axis]}s"
        return with_links(Table(title, (*columns, Column("How it ends")), rows), [self.url(each) for each in ordered])

    def _has_other_units(self) -> bool:
        """Whether some seem to count batches where others count epochs, so that the same step is another budget."""
        curves = [each.curve for each in self.metric.curves]
        known = [spacing for each in curves if each.axis is Axis.STEP and (spacing := _spacing(each))]
        if len(curves) < 2 or not known:
            return False
        longest, shortest = max(each.x[-1] for each in curves), min(each.x[-1] for each in curves)
        return bool(max(known) >= 5 * min(known) and longest > 20 * max(shortest, 1))

    def warnings(self) -> list[str]:
        found = []
        curves = self.metric.curves
        if self._axis is None:
            kinds = join_names([f"{self.label(each)} by {_AXIS[each.curve.axis]}" for each in curves])
            found.append(f"These curves have no axis in common ({kinds}): some logged no steps.")
        if self._has_other_units():
            found.append("Steps may be of different units (batches and epochs): the same step is no same budget then.")
        sampled = [self.label(each) for each in curves if not each.curve.is_complete]
        if sampled:
            found.append(
                f"{join_names(sampled)}: too many points to read all in time; the best is of the sampled points."
            )
        resumed = [self.label(each) for each in curves if each.curve.is_out_of_order]
        if resumed:
            found.append(f"{join_names(resumed)}: steps were logged out of order in time, as after a resume.")
        repeated = [self.label(each) for each in curves if each.curve.replaced and not each.curve.is_out_of_order]
        if repeated:
            found.append(
                f"{join_names(repeated)}: some steps were logged more than once; the last value of each counts."
            )
        for each in curves:
            odd = int((~each.curve.finite).sum())
            if odd and not (each.divergence and each.divergence.is_not_finite):
                are = "is" if odd == 1 else "are"
                found.append(f"{self.label(each)}: {count_noun(odd, 'value')} in between {are} not a number.")
        return found

    # The picture

    def chart(self) -> Chart:
        return Chart(
            title=cut_end(f"{self.name} over {_AXIS[self.metric.curves[0].curve.axis]}s", 50),
            conclusion=cut_end(
                ". ".join(
                    [
                        self.headline(),
                        *(f"{line.label}: {line.text}" if line.label else line.text for line in self.lines()),
                    ]
                ),
                1_900,
            ),
            panels=(self._panel(),),
            lines=self._few(),
            plain=tuple(Line(self._spark(each), self.label(each)) for each in self.metric.curves),
            note=self._smoothing(),
        )

    def _drawn(self) -> list[RunCurve]:
        kinds = self._axis or self.metric.curves[0].curve.axis
        return [each for each in self.metric.curves if each.curve.axis is kinds][:MOST_DRAWN]

    def _panel(self) -> Panel:
        drawn = self._drawn()
        values = np.concatenate([each.curve.values[each.curve.finite] for each in drawn] or [np.zeros(0)])
        unit, factor = _unit([each.curve for each in drawn])
        series = tuple(self._series(each, factor) for each in drawn)
        is_log = len(values) > 0 and float(values.min()) > 0 and float(values.max() / values.min()) >= _LOG_FROM
        return Panel(self.name, unit, self.name, series, is_log_y=is_log)

    def _series(self, found: RunCurve, factor: float) -> Series:
        curve = found.curve
        x, y = curve.x[curve.finite] / factor, curve.values[curve.finite]
        few_x, few_y = _reduced(x, POINTS_DRAWN, last=True), _reduced(y, POINTS_DRAWN)
        mark = (found.best.x / factor, found.best.value) if found.best else None
        if _is_noisy(curve):
            return Series(self.label(found), few_x, tuple(smoothed(few_y, WEIGHT)), few_y, mark)
        return Series(self.label(found), few_x, few_y, (), mark)

    def _smoothing(self) -> str:
        noisy = [each for each in self._drawn() if _is_noisy(each.curve)]
        note = f"Lines are smoothed (moving average, weight {WEIGHT}); the faint ones are as logged." if noisy else ""
        left = len(self.metric.curves) - len(self._drawn())
        return join_facts(note, f"{count_noun(left, 'run')} more not drawn." if left else "")

    def _few(self) -> Lines | None:
        """At most twenty points of at most six runs, all on one grid."""
        drawn = self.metric.curves
        if len(drawn) > MOST_IN_LINES or self._axis is None:
            return None
        grid = grid_of([each.curve for each in drawn])
        if grid is None or len(grid.x) < 2 or (grid.is_cut and _loses_much(drawn, grid.x[-1])):
            return None
        factor = _unit([each.curve for each in drawn])[1]
        categories = _short_numbers([x / factor for x in grid.x])
        if len(set(categories)) < len(categories):
            return None
        names = distinct_labels([self.label(each) for each in drawn], [each.run.run_id for each in drawn], _LINES_LABEL)
        return Lines(categories, tuple(zip(names, grid.values, strict=True)))

    def _spark(self, found: RunCurve) -> str:
        curve, best = found.curve, found.best
        finite_ = curve.values[curve.finite]
        if not len(finite_):
            return "nothing finite was logged"
        first, mid, last = format_row(float(finite_[0]), best.value if best else None, curve.last).values
        at = f"best {mid} at {_x(curve, best.x)}" if best else ""
        return f"{sparkline(curve)} {join_facts(f'first {first}', at, f'last {last}')}"


def _loses_much(drawn: Sequence[RunCurve], end: float) -> bool:
    """Whether the part that all share is less than half of the longest run: the rest is better drawn too."""
    return end < 0.5 * max(float(each.curve.x[-1]) for each in drawn)


def _is_noisy(curve: Curve) -> bool:
    """Whether point-to-point noise would hide the line."""
    values = curve.values[curve.finite]
    return len(values) >= SMOOTHED_FROM and curve.noise > 0.02 * float(values.max() - values.min())


def _reduced(values: np.ndarray, count: int, *, last: bool = False) -> tuple[float, ...]:
    return tuple(float(each) for each in buckets(values, count, (lambda part: part[-1]) if last else np.median))


def _spacing(curve: Curve) -> float:
    return float(np.median(np.diff(curve.x))) if len(curve) > 2 else 0.0


_AXIS = {Axis.STEP: "step", Axis.TIME: "second", Axis.COUNT: "logged value"}
_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def _unit(curves: Sequence[Curve]) -> tuple[str, float]:
    """What the axis is called, and what its numbers are divided by."""
    axis = curves[0].axis if curves else Axis.STEP
    if axis is not Axis.TIME:
        return ("step" if axis is Axis.STEP else "logged value", 1.0)
    longest = max(float(curve.x[-1]) for curve in curves)
    factor, name = next((each for each in _UNITS if longest >= 2 * each[0]), _UNITS[-1])
    return f"time in {name}", factor


def _x(curve: Curve, x: float) -> str:
    """`step 4,200`, `12 min`, `value 17`."""
    if curve.axis is Axis.TIME:
        return duration_words(int(x * SECOND))
    whole = f"{x:,.0f}" if abs(x) < 1e15 else f"{x:g}"
    return f"step {whole}" if curve.axis is Axis.STEP else f"value {int(x) + 1:,}"


def _number(value: float) -> str:
    return format_row(value).values[0]


def _short_numbers(numbers: Sequence[float]) -> tuple[str, ...]:
    """`800`, `1.2k`, `3M`, with digits enough to keep them apart."""
    largest = max(map(abs, numbers), default=0.0)
    factor, sign = next(((f, s) for f, s in ((1e9, "G"), (1e6, "M"), (1e4, "k")) if largest >= f), (1.0, ""))
    factor = 1e3 if sign == "k" else factor
    for digits in range(7):
        texts = tuple(f"{number / factor:.{digits}f}{sign}" for number in numbers)
        if len(set(texts)) == len(texts):
            return texts
    return tuple(f"{number:g}" for number in numbers)


def _missing(answer: CurvesAnswer, labels: dict[str, str]) -> list[str]:
    sentences = []
    for each in answer.metrics:
        if each.missing:
            names = join_names([labels[side.runs[0].run_id] for side in each.missing])
            sentences.append(f"{names} did not log {display_name(each.metric, _LABEL)}.")
    if answer.left_out:
        sentences.append(
            f"{count_noun(len(answer.left_out), 'more run')} not looked at: a picture holds {len(answer.sides)}."
        )
    return sentences


def _steps(first: _WordedMetric, command: str) -> tuple[Step, ...]:
    """What to do next: set a goal where none is known."""
    if first.metric.goal is Goal.UNKNOWN:
        name = first.metric.metric
        typed = name if name.replace("_", "").isalnum() else f'"{name}"'
        return (Step("Which way is better is not known. To say it", f"{command} set goal {typed} lower"),)
    return ()


def _links(runs: Sequence[Run], labels: dict[str, str], ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    if len(runs) > 1:  # their names open them
        return (Link("Compare in MLflow", compare_url(ui_url, runs), "compare"),)
    return tuple(Link(f"Open {labels[run.run_id]}", run_url(ui_url, run), "run:0") for run in runs)


def _footnotes(worded: Sequence[_WordedMetric], answer: CurvesAnswer) -> tuple[str, ...]:
    assumed = [
        f"{each.name}: {each.metric.goal.value} is better, by its name."
        for each in worded
        if each.metric.goal_source is GoalSource.NAME
    ]
    notes = [note for side in answer.sides for note in side.notes][:3]
    return tuple(dict.fromkeys(filter(None, [*assumed, *notes])))
