"""A comparison, worded as a whole."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from comparison.channel_defaults import write_tolerance
from comparison.judgement.examples import LoggedTest, logged_tests
from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.repeats import (
    evidence_words,
    have_seeds,
    missing_words,
    noise_words,
    outcome_word,
    remedy_words,
    seed_of,
)
from comparison.judgement.result import (
    CaveatCode,
    Change,
    Comparison,
    Evidence,
    ExampleTest,
    GoalSource,
    MetricComparison,
    Outcome,
    Reading,
    Verdict,
)
from comparison.judgement.statistics import mean_interval
from comparison.language.quoting import quoted
from comparison.report import Chart, Line, Lines, Link, Panel, Report, RunCard, Section, Series, Step
from comparison.reports.differences import comparison_sections
from comparison.reports.headline import (
    FIT,
    WHOLE,
    comparison_headline,
    run_card,
    side_labels,
    telling_metric,
    verdict_lines,
)
from comparison.reports.tables import (
    FEW,
    ROWS_OF_METRICS,
    comparison_table,
    folded_metrics,
    group_value,
    leading_first,
    runs_table,
)
from comparison.reports.text import (
    NAME_CHARS,
    VALUE_CHARS,
    WORDS,
    change_cell_words,
    count_noun,
    cut_end,
    cut_middle,
    date_words,
    display_name,
    inline_words,
    isolate_direction,
    join_names,
    merged_lines,
    one_line,
)
from comparison.runs import Goal, Run
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
    small = _small_print(comparison) if in_channel else ()
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
        warnings=tuple(text for text in caveat_sentences(comparison) if text not in small),
        steps=_steps(comparison, command, folded=bool(metrics and metrics.note), in_channel=in_channel),
        links=(*_links(comparison, labels, ui_url), *rules),
        footnotes=(*small, *_footnotes(comparison, command if in_channel else "")),
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
    parts = (
        f"{shown.values[0]} → {shown.values[1]} on {count_noun(test.pairs, 'example')}",
        f"{test.better:,} better, {test.worse:,} worse",
        f"{shown.differences[0]}{ends}",
        "" if test.corrected is None else f"p {test.corrected:.2g} ({test.method})",
    )
    return f"{'; '.join(filter(None, parts))}: {WORDS[test.outcome]}"


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
    parts = (
        "" if test.difference is None else f"{test.difference:+.3g}",
        ends,
        "" if test.p is None else f"p {test.p:.2g}",
        "" if test.pairs is None else count_noun(test.pairs, "pair"),
    )
    return f"{called[test.run.run_id]} against {against}: {', '.join(filter(None, parts))}"


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


def caveat_sentences(comparison: Comparison) -> tuple[str, ...]:
    """The caveats of the comparison in their order, fit to be read."""
    return tuple(_sentence(warning.text, comparison) for warning in comparison.warnings)


def _small_print(comparison: Comparison) -> tuple[str, ...]:
    """That nobody logs commits is so of every comparison there: no news in a channel."""
    found = zip(comparison.warnings, caveat_sentences(comparison), strict=True)
    is_usual = not any(run.commit for side in comparison.sides for run in side.runs)
    return tuple(text for warning, text in found if is_usual and warning.code is CaveatCode.COMMIT_UNKNOWN)


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
                noise_note(comparison),
                _spreads(comparison),
                _within(comparison.metrics),
                _counted_once(comparison.counted_once),
                _assumed(comparison, command),
            ),
        )
    )


def _within(metrics: Sequence[MetricComparison]) -> str:
    """Within what values are the same, where that was said, and by whom."""
    metrics_by_tolerance: dict[tuple[GoalSource, float], list[str]] = {}
    for metric in metrics:
        if metric.tolerance is not None:
            metrics_by_tolerance.setdefault((metric.tolerance_source, metric.tolerance), []).append(metric.name)
    phrases = [
        f"{write_tolerance(fraction)}{'' if len(names) == len(metrics) else f' for {join_names(names, GOALS_NAMED)}'}"
        f" ({_SAID_BY[source]})"
        for (source, fraction), names in metrics_by_tolerance.items()
    ]
    return f"Values count as the same within this share of the baseline: {'; '.join(phrases)}." if phrases else ""


def _counted_once(repeated: Sequence[Sequence[str]]) -> str:
    groups = [join_names(names) for names in repeated[:GOALS_NAMED]]
    groups += [f"and {len(repeated) - GOALS_NAMED:,} more"] if len(repeated) > GOALS_NAMED else []
    return f"Counted once, as their values are equal: {'; '.join(groups)}." if groups else ""


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
    phrases = [f"{goal.value} is better for {join_names(names, GOALS_NAMED)}" for goal, names in groups if names]
    if not phrases:
        return ""
    stated = f"Directions guessed from names: {'; '.join(phrases)}."
    first = next((each for each in assumed if len(each.logged_as) <= NAME_CHARS and quoted(each.logged_as)), None)
    if command and first:
        opposite = Goal.LOWER if first.goal is Goal.HIGHER else Goal.HIGHER
        return f"{stated} To change one: {command} set goal {quoted(first.logged_as)} {opposite.value}"
    tag = isolate_direction(f"mlcompare.goal.{cut_middle(one_line(assumed[0].logged_as), NAME_CHARS)}")
    return f"{stated} To change one, set the experiment tag {tag}."


# The whole answer as a few lines of plain text: what a notification shows and a screen reader reads.


LIMIT = 3_000
BIGGEST = 6  # changes told in words
RUNS = 6  # of many, told in words
PARAMETERS = 6
DOUBTS = 2


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
        return _changes_in_words(comparison, BIGGEST)
    if report.table and report.table.columns[0].title == "Run":
        rows = report.table.rows
        lines = [f"{number}. {row[0].text}: {row[1].text} ({row[2].text})" for number, row in enumerate(rows[:RUNS], 1)]
        return [*lines, f"and {len(rows) - RUNS:,} more"] if len(rows) > RUNS else lines
    return [
        f"{label}: {'; '.join(texts)}"
        for number, label in enumerate(labels[1:])
        if (texts := [_in_words(each, each.changes[number]) for each in _in_order(comparison)[: BIGGEST // 2]])
    ]


def _changes_in_words(comparison: Comparison, most: int) -> list[str]:
    metrics = _in_order(comparison)
    texts = [_in_words(each, each.changes[0]) for each in metrics[:most]]
    left = len(metrics) - most
    return [*texts, f"and {count_noun(left, 'more metric')}"] if left > 0 else texts


def _in_order(comparison: Comparison) -> list[MetricComparison]:
    """Metrics that are shown, the leading one first."""
    folded = folded_metrics(comparison, FEW)
    return leading_first(comparison, [metric for metric in comparison.metrics if metric.name not in folded])


def _in_words(metric: MetricComparison, change: Change) -> str:
    shown = format_row(change.baseline.value, change.candidate.value)
    words = change_cell_words(change, shown.differences[0], shown.changes[0])
    if change.outcome is Outcome.SAME and not change.difference:
        return f"{display_name(metric.name)} {shown.values[0]} ({words})"
    return f"{display_name(metric.name)} {shown.values[0]} → {shown.values[1]} ({words})"


def _why(section: Section | None) -> list[str]:
    if section is None:
        return []
    shown = section.lines[:PARAMETERS]
    texts = [cut_end(inline_words(line), VALUE_CHARS) for line in merged_lines(shown)]
    left = len(section.lines) - len(shown)
    rest = [f"{left:,} more"] if left else []
    return [" · ".join(filter(None, [*texts, *rest, section.note]))]


# What repeats tell: a line a metric, and what to do where nobody can tell.


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
    readings = metric.readings
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
