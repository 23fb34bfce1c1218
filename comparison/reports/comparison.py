"""A comparison, worded as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from comparison.channel_defaults import write_tolerance
from comparison.judgement.logged_tests import LoggedTest, logged_tests
from comparison.judgement.numbers import format_row
from comparison.judgement.result import (
    CaveatCode,
    Change,
    Comparison,
    ExampleTest,
    GoalSource,
    MetricComparison,
    Outcome,
    Verdict,
)
from comparison.language.quoting import quoted
from comparison.report import Line, Link, Report, RunCard, Section, Step
from comparison.reports.differences import comparison_sections
from comparison.reports.headline import FIT, WHOLE, comparison_headline, run_card, side_labels, verdict_lines
from comparison.reports.metric_table import (
    FEW,
    ROWS_OF_METRICS,
    comparison_table,
    folded_metrics,
    leading_first,
    runs_table,
)
from comparison.reports.repeats import MAX_LINES, noise_note, repeats_chart, repeats_section, repeats_steps
from comparison.reports.text import (
    NAME_CHARS,
    VALUE_CHARS,
    WORDS,
    change_cell_words,
    count_noun,
    cut_end,
    cut_middle,
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
    stated = f"Directions guessed from names: {'; '.join(told)}."
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
        return _told(comparison, BIGGEST)
    if report.table and report.table.columns[0].title == "Run":
        rows = report.table.rows
        told = [f"{number}. {row[0].text}: {row[1].text} ({row[2].text})" for number, row in enumerate(rows[:RUNS], 1)]
        return [*told, f"and {len(rows) - RUNS:,} more"] if len(rows) > RUNS else told
    return [
        f"{label}: {'; '.join(texts)}"
        for number, label in enumerate(labels[1:])
        if (texts := [_in_words(each, each.changes[number]) for each in _in_order(comparison)[: BIGGEST // 2]])
    ]


def _told(comparison: Comparison, most: int) -> list[str]:
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
