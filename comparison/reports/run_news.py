"""One run that ended, worded: new best, failed, lacking what it should have, or its verdict against the baseline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.goals import EITHER
from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import PrimaryMetric, value_of
from comparison.judgement.result import CaveatCode, Comparison, MetricComparison, Outcome, Reading, VerdictKind
from comparison.language.quoting import quoted
from comparison.notifications.failure import last_logged
from comparison.notifications.message import Failure, RunNews, SilentNews
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.comparison import caveat_sentences, comparison_report
from comparison.reports.differences import changed_line
from comparison.reports.headline import FIT, comparison_headline, run_card, side_labels, status_word, verdict_lines
from comparison.reports.metric_table import comparison_table, finite, is_same
from comparison.reports.repeats import group_value, repeats_steps
from comparison.reports.standup import LABEL_CHARS, last_value, number_words, run_age, run_length, user_name
from comparison.reports.text import (
    MINUTE,
    count_noun,
    cut_end,
    cut_middle,
    display_name,
    display_names,
    distinct_labels,
    duration_words,
    inline_words,
    isolate_direction,
    join_names,
    one_line,
)
from comparison.runs import Goal, Run, Side, Status
from comparison.tracking.mlflow_links import run_url

PARAMETERS = 4


def run_report(news: RunNews, *, ui_url: str = "", rules_url: str = "", command: str = "/mlcompare") -> Report:
    """One message. It stands for days, so that it gives moments as dates and says nothing of how long ago they are."""
    if news.comparison is None:
        return alone_report(news, ui_url=ui_url)
    comparison = news.comparison
    whole = comparison_report(
        comparison,
        ui_url=ui_url,
        rules_url=rules_url,
        command=command,
        in_channel=True,
    )
    short = side_labels(comparison, FIT)
    warnings, small = news_caveats(news)
    verdict = _verdict_headline(news, comparison, short)
    details = tuple(part for part in whole.sections if part.title == "Details")
    metrics = details if news.failure else _metrics(news, comparison)
    report = Report(
        headline=news_headline(news) or verdict,
        summary="",
        sides=(whole.sides[0], with_versions(whole.sides[1], news)),
        sections=(
            *_parameters(comparison, short),
            *_run_facts(news, comparison, short),
            *metrics,
            *_beside(warnings),
            *((Section("Verdict", (Line(verdict),), folded=True),) if news_headline(news) and not news.failure else ()),
        ),
        warnings=warnings[:DOUBTS],
        steps=_steps(comparison, command),
        links=tuple(each for each in whole.links if each.key != "run:0"),
        footnotes=small
        if news.failure
        else (*(each for each in whole.footnotes if each not in " ".join(small)), *small),
    )
    return replace(report, summary=_news_summary(report))


def _news_summary(report: Report) -> str:
    """What the message shows: the headline, how it ran, what changed, the main doubt, and a link."""
    lines = [
        " · ".join(filter(None, [*map(inline_words, part.lines), part.note]))
        for part in report.sections
        if part.inline and not part.folded
    ]
    url = [each.url for each in report.links if each.key == "run:1"]
    return "\n".join([cut_end("\n".join([f"{report.headline}.", *lines, *report.warnings[:1]]), 1_900), *url])


def _verdict_headline(news: RunNews, comparison: Comparison, labels: Sequence[str]) -> str:
    """`✅ rf-12 in fraud is better than rf-11: val_auc 0.908 → 0.934 (+2.9 %)`."""
    judged = verdict_lines(comparison, (labels[0], _IT))
    found = comparison_headline(comparison, judged, (labels[0], _IT))
    claim = found.claim
    for word in ("better", "worse"):
        claim = claim.replace(f"{_IT} is {word}", f"{_IT} is {word} than {labels[0]}", 1)
    place = display_name(news.run.experiment.name, FIT)
    named = f"{labels[1]} in {place}" if news.seeds else with_experiment(news.run)
    claim = claim.replace(_IT, named, 1) if _IT in claim else f"{named}: {claim[:1].lower()}{claim[1:]}"
    return replace(found, claim=claim).text


def _run_facts(news: RunNews, comparison: Comparison | None, labels: Sequence[str]) -> tuple[Section, ...]:
    """Whose it is, how long it took, and what it is held against, in one line."""
    run = news.run
    notes = join_names(comparison.baseline.notes, 2) if comparison else ""
    against = f"against {labels[0]}" + (f" ({notes})" if notes else "") if comparison else ""
    took = f"took {run_length(run)}" if run_length(run) and news.failure is None and news.seeds is None else ""
    last = f"all {len(news.seeds.runs)} seeds are in, the last was {display_name(run.name, FIT)}" if news.seeds else ""
    facts = [last, f"by {user_name(run)}" if user_name(run) else "", took, against]
    lines = [Line(fact) for fact in facts if fact]
    reason = failure_reason(run) if news.failure else ""
    sections = (Section("Run", tuple(lines), inline=True),) if lines else ()
    return (*((Section("Why", (Line(reason),), inline=True),) if reason else ()), *sections)


_IT = "\ue000"  # stands for the run until its name and experiment do
_REASON_TAGS = ("exception", "error", "failure_reason", "reason", "note", "mlflow.note.content")
_REASON = 200  # characters


def failure_reason(run: Run) -> str:
    """What a tag or note of a failed run says of why; "" when nothing does."""
    tags = {name.casefold(): value for name, value in run.tags.items()}
    found = next((tags[name].strip() for name in _REASON_TAGS if tags.get(name, "").strip()), "")
    last = found.splitlines()[-1] if found else ""  # of a traceback the last line says what happened
    return isolate_direction(cut_middle(one_line(last), _REASON)) if last else ""


def _metrics(news: RunNews, comparison: Comparison) -> tuple[Section, ...]:
    """The metrics that the watch names, else the first few that differ, with the details; the rest is counted."""
    shown = _shown(news, comparison.metrics)
    found = comparison_table(replace(comparison, metrics=tuple(shown)), side_labels(comparison), everything=True)
    if found is None:
        return ()
    lines = tuple(Line(f"{old.text} → {new.text} ({change.text})", name.text) for name, change, new, old in found.rows)
    left = len(comparison.metrics) - len(shown)
    return (Section("Metrics", lines, count_noun(left, "more metric") if left else "", folded=True),)


def _shown(news: RunNews, metrics: Sequence[MetricComparison]) -> list[MetricComparison]:
    named = [each for each in metrics if each.logged_as in news.metrics]
    if named:
        return named
    telling = [each for each in metrics if not each.name.startswith(SYSTEM) or each.primary] or list(metrics)
    return ([each for each in telling if each.primary or not is_same(each)] or telling)[:FEW]


def _parameters(comparison: Comparison, labels: tuple[str, ...]) -> tuple[Section, ...]:
    """What changed, the likeliest to matter first."""
    changed = sort_by_likelihood(comparison.parameters.changed)
    if not changed:
        return ()
    same = comparison.parameters.same_count
    note = f"{same:,} {'other' if same == 1 else 'others'} unchanged" if same else ""
    return (Section("Parameters", tuple(changed_line(each, labels) for each in changed), note, inline=True),)


def _steps(comparison: Comparison, command: str) -> tuple[Step, ...]:
    """What to do where nobody can tell: how many seeds would, and which way is better, which has to be said once."""
    if comparison.verdicts[0].standing is VerdictKind.UNCLEAR:
        return repeats_steps(comparison, command, in_channel=True)
    unknown = [
        each.name
        for each in comparison.metrics
        if each.goal is Goal.UNKNOWN and any(change.outcome is Outcome.CHANGED for change in each.changes)
    ]
    is_judged = any(each.goal is not Goal.UNKNOWN for each in comparison.metrics)
    typed = next((name for name in map(quoted, unknown) if name), "")
    primary = next((each.name for each in comparison.metrics if each.primary), "")
    if not typed or (is_judged and primary not in unknown):
        return ()
    text = f"No goal is known for {join_names(unknown, 3)}. To say which way is better"
    return (Step(text, f"{command} set goal {typed} {EITHER}"),)


# The first line on one run that ended: that it failed or lacks something, that it is the best, else its verdict.


_ILL = {Status.FAILED: "failed", Status.KILLED: "was killed"}
_OTHERWISE = {
    Status.RUNNING: "is running again",
    Status.SCHEDULED: "is scheduled again",
    Status.PRUNED: "was pruned: its search gave it up early",
    Status.UNKNOWN: "ended with an unknown status",
}


def news_headline(news: RunNews) -> str:
    """Nothing where the verdict is the headline."""
    run, name, place = news.run, display_name(news.run.name, LABEL_CHARS), display_name(news.run.experiment.name, FIT)
    if run.status in _ILL:
        return f"💥 {name} in {place} {_ILL[run.status]} {_how_far(news.failure)}"
    if run.status in _OTHERWISE:
        return f"{name} in {place} {_OTHERWISE[run.status]}"
    if news.is_best and news.best_by is not None:
        doubt = within_noise(run, news.best_before, news.best_by, news.noise)
        return _best(run, news.best_by, news.best_before, name, place) + doubt
    return ""


def within_noise(run: Run, record: Run | None, by: PrimaryMetric, noise: float | None) -> str:
    """`, but within noise of the record`, where earlier repeats differ as much by chance."""
    own, old = value_of(run, by.metric), value_of(record, by.metric) if record else None
    if noise is None or own is None or old is None or abs(own - old) >= noise:
        return ""
    return f", but within noise of the record: runs here must differ by {noise:.3g} to tell"


def _how_far(found: Failure | None) -> str:
    """`at step 34 of 100 (val_loss 0.7; ran 12 min, usual 1 h)`."""
    if found is None:
        return "before it logged a metric"
    step = f"at step {found.last_step or 0:,}" if found.last_metric else "before it logged a metric"
    of = f" of {found.usual_step:,}" if found.usual_step and found.last_metric else ""
    usual = f", usual {duration_words(found.usual)}" if found.usual is not None else ""
    ran = f"ran {duration_words(found.ran)}{usual}" if found.ran is not None else ""
    name = display_name(found.last_metric, LABEL_CHARS)
    value = f"{name} {number_words(found.last_value)}" if found.last_metric else ""
    facts = "; ".join(filter(None, (value, ran)))
    return f"{step}{of} ({facts})" if facts else f"{step}{of}"


def _best(run: Run, by: PrimaryMetric, before: Run | None, name: str, place: str) -> str:
    """`🏆 New best in fraud: rf-12, val_auc 0.934 (+0.026 over rf-8)`."""
    metric = display_name(by.metric, FIT)
    if before is None:
        return f"🏆 First {metric} in {place}: {name}, {number_words(value_of(run, by.metric))}"
    shown = format_row(value_of(before, by.metric), value_of(run, by.metric))
    over = display_name(before.name, LABEL_CHARS)
    return f"🏆 New best in {place}: {name}, {metric} {shown.values[1]} ({shown.differences[0]} over {over})"


def with_experiment(run: Run) -> str:
    return f"{display_name(run.name, LABEL_CHARS)} in {display_name(run.experiment.name, FIT)}"


# One run that ended, worded by itself: with nothing to hold it against, or only as the new best.


FEW = 6  # metrics shown


def alone_report(news: RunNews, *, ui_url: str) -> Report:
    """Nothing to hold it against: its own values, and why."""
    run = news.run
    name = distinct_labels([run.name], [run.run_id])[0]
    value = last_value(run, news.best_by)
    headline = news_headline(news) or f"{with_experiment(run)} finished, {value or 'no metrics logged'}"
    if news.seeds:
        headline = _seeds_headline(news.seeds, news.best_by, run)
    warnings, _small = news_caveats(news)
    url = run_url(ui_url, run) if ui_url else ""
    card = run_card(Side(run.name, (run,)), "Run", name, url=url)
    why = without_repeats(news.why_alone)
    alone = (Section("Nothing to compare with", (Line(why),), inline=True),) if why else ()
    table = _own_table(news, name)
    values = tuple(Line(row[1].text, row[0].text) for row in table.rows) if table else ()
    metrics = (Section("Metrics", values, table.note if table else "", folded=True),) if values else ()
    facts = _run_facts(news, None, ())
    lines = [f"{headline}.", *(" · ".join(map(inline_words, part.lines)) for part in facts), why, *warnings[:1], url]
    return Report(
        headline=headline,
        summary=cut_end("\n".join(filter(None, lines)), 3_000),
        sides=(with_versions(card, news),),
        sections=(*facts, *alone, *metrics, *_beside(warnings)),
        warnings=warnings[:DOUBTS],
        links=open_link(run, ui_url),
    )


def _seeds_headline(seeds: Side, by: PrimaryMetric | None, run: Run) -> str:
    """`All 5 seeds of mlp-64 in fraud are in: val_auc 0.9212 ± 0.0029 (5)`."""
    values = tuple(value for each in seeds.runs if by and (value := value_of(each, by.metric)) is not None)
    named = f"{display_name(seeds.label, LABEL_CHARS)} in {display_name(run.experiment.name, FIT)}"
    told = f"All {len(seeds.runs)} seeds of {named} are in"
    if not values or by is None:
        return told
    mean = Reading(values, asked_of=len(seeds.runs))
    return f"{told}: {display_name(by.metric, FIT)} {group_value(mean, number_words(mean.value))}"


def _own_table(news: RunNews, name: str) -> Table | None:
    """The last values, what it is judged by first."""
    own = [each for each in news.run.metrics if not each.startswith(SYSTEM)]
    first = [*news.metrics, *([news.best_by.metric] if news.best_by else [])]
    shown = [each for each in dict.fromkeys([*first, *sorted(own)]) if each in news.run.metrics]
    shown = [*news.metrics] or shown[:FEW]
    if not shown:
        return None
    values = [news.run.metrics[each].value for each in shown]
    rows = tuple(
        (Cell(title), Cell(number_words(value), finite(value)))
        for title, value in zip(display_names(shown), values, strict=True)
    )
    left = len(own) - len(shown)
    note = count_noun(left, "more metric") if left > 0 else ""
    return Table(f"Metrics of {name}", (Column("Metric"), Column(name, Align.RIGHT)), rows, note)


def best_report(news: RunNews, *, ui_url: str = "") -> Report:
    """Says by itself that a run is the new best: the whole of it stands in the message that was edited."""
    told = news_headline(news)
    url = run_url(ui_url, news.run) if ui_url else ""
    return Report(told, "\n".join(filter(None, (f"{told}.", url))), links=open_link(news.run, ui_url))


# What notifications say of one run in the same words: how far a failed one came, how it is registered, its link.


KNOWN = "What is known"
SYSTEM = "system/"  # what the tracker itself logs


def with_versions(card: RunCard, news: RunNews) -> RunCard:
    told = [
        f"{display_name(each.model, LABEL_CHARS)} version {display_name(each.version, 12)}" for each in news.versions
    ]
    return replace(card, facts=(*card.facts, f"registered as {join_names(told, 3)}")) if told else card


def line_of(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def open_link(run: Run, ui_url: str) -> tuple[Link, ...]:
    url = run_url(ui_url, run) if ui_url else ""
    return (Link(f"Open {display_name(run.name, LABEL_CHARS)}", url, "run:0"),) if url else ()


def _url(run: Run, ui_url: str) -> str:
    return run_url(ui_url, run) if ui_url else ""


# A run that seems dead, or that is back, worded.


def silent_report(news: SilentNews, *, now: datetime, ui_url: str = "", command: str = "/mlcompare") -> Report:
    run = news.run
    told = (
        _back(news)
        if news.is_back
        else f"{with_experiment(run)} seems dead: RUNNING, but silent for {_span(news.silent)}"
    )
    lines = _back_lines(run) if news.is_back else _dead_lines(news, now)
    url = run_url(ui_url, run) if ui_url else ""
    facts = [line_of(line) for line in lines]
    step = Step("What else runs", f"{command} running")
    return Report(
        headline=told,
        summary=cut_end("\n".join(filter(None, [f"{told}.", *facts, url])), 3_000),
        sections=(Section(KNOWN, lines),) if lines else (),
        steps=() if news.is_back else (step,),
        links=(Link(f"Open {display_name(run.name, LABEL_CHARS)}", url, "run:0"),) if url else (),
        footnotes=()
        if news.is_back
        else ("MLflow leaves a run that was killed from outside as RUNNING; nothing was changed there.",),
    )


def _back(news: SilentNews) -> str:
    now = "it logs again" if news.run.status is Status.RUNNING else status_word(news.run)
    after = f" after {_span(news.silent)} of silence" if news.silent else ""
    return f"{with_experiment(news.run)} is back{after}: {now}"


def _dead_lines(news: SilentNews, now: datetime) -> tuple[Line, ...]:
    run = news.run
    usual = f"; it logged every {duration_words(news.usual)} before" if news.usual else ""
    lines = [Line(f"{last_value(run, None) or 'nothing'}{usual}", "Last logged")]
    if run_age(run, now):
        lines.append(Line(run_age(run, now), "Running for"))
    return (*lines, *_whose(run))


def _back_lines(run: Run) -> tuple[Line, ...]:
    last = last_value(run, None) if last_logged(run) else ""
    return (*((Line(last, "Last logged"),) if last else ()), *_whose(run))


def _whose(run: Run) -> tuple[Line, ...]:
    return (Line(user_name(run), "By"),) if user_name(run) else ()


def _span(silent: int) -> str:
    return duration_words(max(silent, MINUTE))


# What makes the news of a run doubtful: the most serious in full, the rest counted or in small print.


DOUBTS = 1
LONGEST = 400  # characters of a sentence that holds names
_SMALL_PRINT = (CaveatCode.COMMITS_DIFFER, CaveatCode.COMMIT_UNKNOWN, CaveatCode.SINGLE_RUNS)
_OF_ILL = (
    CaveatCode.ONE_SIDED_METRICS,
    CaveatCode.STEPS_DIFFER,
)  # these go without saying where a run did not come to its end


def news_caveats(news: RunNews) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The most serious, counted where they are more, and what small print is enough for."""
    comparison = news.comparison
    found = list(zip(comparison.warnings, caveat_sentences(comparison), strict=True)) if comparison else []
    own = comparison.sides[-1].label if comparison else ""
    is_over_badly = news.run.status is not Status.FINISHED
    told = [*map(without_repeats, news.doubts)]
    if news.lacking:
        told.insert(0, _lacking(news))
    for warning, text in found:
        is_said = warning.code is CaveatCode.NOT_FINISHED and is_over_badly and warning.text.startswith(own)
        is_plain = warning.code in _OF_ILL and (news.failure is not None or bool(news.lacking))
        is_of_other = (
            warning.code is CaveatCode.NOT_FINITE and news.failure is not None and f"in {own}:" not in warning.text
        )
        if warning.code not in _SMALL_PRINT and not (is_said or is_plain or is_of_other):
            told.append(text)
    kinds = (CaveatCode.COMMITS_DIFFER,) if news.failure else _SMALL_PRINT
    small = [text for warning, text in found if warning.code in kinds]
    return tuple(told), (" ".join(small),) if small else ()


def _lacking(news: RunNews) -> str:
    many = "Nearly all of the" if news.looked_at > 10 else "The"
    return (
        f"Did not log {join_names(news.lacking, 3)}. {many} {news.looked_at} runs before it did: "
        "the script may have crashed early."
    )


def _beside(warnings: Sequence[str]) -> tuple[Section, ...]:
    """The lesser doubts, with the details."""
    lesser = tuple(map(Line, warnings[DOUBTS:]))
    return (Section("Also be careful", lesser, folded=True),) if lesser else ()


def without_repeats(text: str) -> str:
    return isolate_direction(cut_middle(one_line(text), LONGEST))
