"""News of runs that ended, worded: of one run, of many in one message, of one that seems dead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from comparison.judgement.differences import likelihood, sort_by_likelihood
from comparison.judgement.goals import EITHER
from comparison.judgement.numbers import NOTHING, format_row
from comparison.judgement.primary_metric import PrimaryMetric, value_of
from comparison.judgement.result import CaveatCode, Comparison, MetricComparison, Outcome, Reading, VerdictKind
from comparison.judgement.statistics import advantage_of_best, is_picked_of_more
from comparison.language.quoting import quoted
from comparison.notifications.message import Failure, ManyNews, News, NewsGroup, RunNews, SilentNews, last_logged
from comparison.notifications.news import DueDigest
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.comparison import caveat_sentences, comparison_report, repeats_steps
from comparison.reports.differences import changed_line
from comparison.reports.headline import FIT, comparison_headline, run_card, side_labels, status_word, verdict_lines
from comparison.reports.standup import standup_report
from comparison.reports.sweeps import brief_lines
from comparison.reports.tables import (
    LABEL_CHARS,
    comparison_table,
    finite,
    group_value,
    is_same,
    last_value,
    metric_source_words,
    number_words,
    run_age,
    run_labels,
    run_length,
    run_urls,
    user_name,
)
from comparison.reports.text import (
    MINUTE,
    count_noun,
    cut_end,
    cut_middle,
    display_name,
    display_names,
    display_value,
    distinct_labels,
    duration_words,
    inline_words,
    isolate_direction,
    join_names,
    one_line,
    with_links,
)
from comparison.runs import Goal, Run, Side, Status
from comparison.tracking.mlflow_links import compare_url, experiment_url, run_url

# One run that ended: new best, failed, lacking what it should have, or its verdict against the baseline.


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
        steps=_steps_of_run(comparison, command),
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


def _steps_of_run(comparison: Comparison, command: str) -> tuple[Step, ...]:
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


_ILL_WORDS = {Status.FAILED: "failed", Status.KILLED: "was killed"}
_OTHERWISE = {
    Status.RUNNING: "is running again",
    Status.SCHEDULED: "is scheduled again",
    Status.PRUNED: "was pruned: its search gave it up early",
    Status.UNKNOWN: "ended with an unknown status",
}


def news_headline(news: RunNews) -> str:
    """Nothing where the verdict is the headline."""
    run, name, place = news.run, display_name(news.run.name, LABEL_CHARS), display_name(news.run.experiment.name, FIT)
    if run.status in _ILL_WORDS:
        return f"💥 {name} in {place} {_ILL_WORDS[run.status]} {_how_far(news.failure)}"
    if run.status in _OTHERWISE:
        return f"{name} in {place} {_OTHERWISE[run.status]}"
    if news.is_best and news.best_by is not None:
        doubt = within_noise(run, news.best_before, news.best_by, news.noise)
        return _best_headline(run, news.best_by, news.best_before, name, place) + doubt
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


def _best_headline(run: Run, by: PrimaryMetric, before: Run | None, name: str, place: str) -> str:
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
    headline = f"All {len(seeds.runs)} seeds of {named} are in"
    if not values or by is None:
        return headline
    mean = Reading(values, asked_of=len(seeds.runs))
    return f"{headline}: {display_name(by.metric, FIT)} {group_value(mean, number_words(mean.value))}"


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
    headline = news_headline(news)
    url = run_url(ui_url, news.run) if ui_url else ""
    return Report(headline, "\n".join(filter(None, (f"{headline}.", url))), links=open_link(news.run, ui_url))


# What notifications say of one run in the same words: how far a failed one came, how it is registered, its link.


KNOWN = "What is known"
SYSTEM = "system/"  # what the tracker itself logs


def with_versions(card: RunCard, news: RunNews) -> RunCard:
    versions = [
        f"{display_name(each.model, LABEL_CHARS)} version {display_name(each.version, 12)}" for each in news.versions
    ]
    return replace(card, facts=(*card.facts, f"registered as {join_names(versions, 3)}")) if versions else card


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
    headline = (
        _back(news)
        if news.is_back
        else f"{with_experiment(run)} seems dead: RUNNING, but silent for {_span(news.silent)}"
    )
    lines = _back_lines(run) if news.is_back else _dead_lines(news, now)
    url = run_url(ui_url, run) if ui_url else ""
    facts = [line_of(line) for line in lines]
    step = Step("What else runs", f"{command} running")
    return Report(
        headline=headline,
        summary=cut_end("\n".join(filter(None, [f"{headline}.", *facts, url])), 3_000),
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
    sentences = [*map(without_repeats, news.doubts)]
    if news.lacking:
        sentences.insert(0, _lacking(news))
    for warning, text in found:
        is_said = warning.code is CaveatCode.NOT_FINISHED and is_over_badly and warning.text.startswith(own)
        is_plain = warning.code in _OF_ILL and (news.failure is not None or bool(news.lacking))
        is_of_other = (
            warning.code is CaveatCode.NOT_FINITE and news.failure is not None and f"in {own}:" not in warning.text
        )
        if warning.code not in _SMALL_PRINT and not (is_said or is_plain or is_of_other):
            sentences.append(text)
    kinds = (CaveatCode.COMMITS_DIFFER,) if news.failure else _SMALL_PRINT
    small = [text for warning, text in found if warning.code in kinds]
    return tuple(sentences), (" ".join(small),) if small else ()


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


# Many runs in one message: a sweep with its counters, a burst, or what ended in quiet hours.


VARIED = 2  # parameters that differ, as columns
NAMED = 3  # runs that failed, by name
OPENED = 3  # experiments with a button of their own
_GOING_ON = (Status.RUNNING.value, Status.SCHEDULED.value)
_ILL_STATUSES = (Status.FAILED.value, Status.KILLED.value)
_PRUNED = (Status.PRUNED.value,)  # given up early by a search, which is no failure


def many_report(news: ManyNews, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """One message, whatever the number of runs."""
    headline = _group_headline(news)
    single = news.groups[0] if len(news.groups) == 1 else None
    lines = _group_lines(single, news) if single else _of_several(news)
    notes, steps = _group_notes(news), _group_steps(news, command)
    report = Report(
        headline=headline,
        summary="",
        table=_linked(_group_table(single, news), single, ui_url) if single else _groups(news),
        sections=(Section(KNOWN, lines),) if lines else (),
        warnings=tuple(without_repeats(each) for each in news.doubts[:DOUBTS]),
        steps=steps,
        links=_group_links(news, ui_url),
        footnotes=tuple(
            filter(
                None, (" ".join(notes), "" if steps or not (single and single.by) else metric_source_words(single.by))
            )
        ),
    )
    notes += [f"{step.text.partition('. ')[0]}." for step in steps]
    facts = [line_of(line) for line in lines]
    url = [link.url for link in report.links[:1] if len(link.url) < 1_000]
    return replace(report, summary="\n".join([cut_end("\n".join([f"{headline}.", *facts, *notes]), 1_900), *url]))


def _group_headline(news: ManyNews) -> str:
    """`Sweep lr-search: 37 of 60 ended, best val_loss 0.21 (trial-12)`, only with counts that are known."""
    total, ended, ill = _count_of(news), _ended(news), _count_of(news, _ILL_STATUSES)
    more = " or more" if news.is_cut else ""
    if news.is_sweep:
        name = f"Sweep {display_name(news.parent.name if news.parent else '', FIT)}" if news.parent else "A sweep"
        trials = f"{total:,}{more} {'trial' if total == 1 and not more else 'trials'}"
        over = _ILL_WORDS.get(news.parent.status, "finished") if news.parent else "finished"
        headline = f"{name} {over}: {trials}" if news.is_over else f"{name}: {ended:,} of {total:,}{more} ended"
    else:
        place = display_name(news.groups[0].experiment.name, FIT) if len(news.groups) == 1 else ""
        where = place or f"{len(news.groups):,} experiments"
        ended += news.left_out
        headline = f"{count_noun(ended, 'run')} ended in {where}"
    failed = f", {ill:,} failed" if ill else ""
    pruned = _count_of(news, _PRUNED)
    failed += f", {pruned:,} pruned" if pruned else ""
    quiet = "After quiet hours: " if news.was_quiet else ""
    return f"{quiet}{headline}{failed}{_best_of(news)}"


def _best_of(news: ManyNews) -> str:
    if len(news.groups) == 1:
        return f", {_best(news.groups[0])}" if news.groups[0].best else ""
    new = [group.experiment.name for group in news.groups if group.is_new_best and group.best_before]
    return f", new best in {join_names(new, 2)}" if new else ""


def _best(group: NewsGroup) -> str:
    """`best val_loss 0.21 (trial-12)`."""
    if group.best is None or group.by is None:
        return ""
    value = number_words(value_of(group.best, group.by.metric))
    new = "new " if group.is_new_best and group.best_before else ""
    return f"{new}best {display_name(group.by.metric, FIT)} {value} ({display_name(group.best.name, FIT)})"


def _count_of(news: ManyNews, kinds: Sequence[str] = ()) -> int:
    return sum(_of(group, kinds) for group in news.groups)


def _of(group: NewsGroup, kinds: Sequence[str] = ()) -> int:
    return sum(count for status, count in group.counts.items() if not kinds or status in kinds)


def _ended(news: ManyNews) -> int:
    return _count_of(news) - _count_of(news, _GOING_ON)


def _group_lines(group: NewsGroup, news: ManyNews) -> tuple[Line, ...]:
    """The best and the one before, the spread, what failed, what still runs."""
    lines = [_against(group), _spread(group)]
    ill = [run for run in group.runs if run.status.value in _ILL_STATUSES]
    if ill:
        count = _of(group, _ILL_STATUSES)
        named = ", ".join(run_labels(ill[:NAMED]))
        lines.append(Line(f"{named} and {count - NAMED:,} more" if count > NAMED else named, "Failed"))
    going = _of(group, _GOING_ON)
    if going and news.is_sweep:
        lines.append(Line(f"{going:,}", "Still running"))
    if news.sweep is not None:
        lines += brief_lines(news.sweep)
    return tuple(line for line in lines if line is not None)


def _against(group: NewsGroup) -> Line | None:
    """The best against the best before, with the same decimals."""
    if group.best is None or group.by is None or group.best_before is None:
        return None
    shown = format_row(value_of(group.best_before, group.by.metric), value_of(group.best, group.by.metric))
    gap = shown.differences[0]
    record = f"{shown.values[0]}, {display_name(group.best_before.name, LABEL_CHARS)}"
    if gap in ("0", NOTHING):
        return Line(f"{shown.values[1]} – as good as the record ({record})", "Best")
    if group.is_new_best:
        doubt = within_noise(group.best, group.best_before, group.by, group.noise)
        return Line(f"{shown.values[1]} ({gap}), the record before: {record}{doubt}{_luck(group)}", "Best")
    return Line(f"{shown.values[1]} – {gap.lstrip('+-')} short of the record ({record})", "Best")


def _luck(group: NewsGroup) -> str:
    """What luck makes of the best of many against the best of few; "" where they are about as many."""
    if not group.earlier or not is_picked_of_more(group.valued, group.earlier):
        return ""
    luck = advantage_of_best(group.valued) - advantage_of_best(group.earlier)
    few = f"the best of {group.earlier:,}" if group.earlier > 1 else "a single run"
    return (
        f"; the best of {group.valued:,} runs against {few}: were all equal, it would still be ahead by about "
        f"{luck:.1f} standard deviations"
    )


def _spread(group: NewsGroup) -> Line | None:
    """The spread of the values; none of a single one."""
    if group.valued < 2 or group.by is None:
        return None
    low, middle, high = format_row(group.low, group.middle, group.high).values
    return Line(
        f"{display_name(group.by.metric, LABEL_CHARS)} {low}–{high}, median {middle}", f"{group.valued:,} finished"
    )


def _of_several(news: ManyNews) -> tuple[Line, ...]:
    """Experiments whose best changed."""
    return tuple(
        Line(_best(group), display_name(group.experiment.name, LABEL_CHARS))
        for group in news.groups
        if group.is_new_best and group.best_before
    )[: DOUBTS + 2]


def _group_table(group: NewsGroup, news: ManyNews) -> Table | None:
    """The best few, with what was varied among them."""
    runs = [run for run in group.runs if run.status is Status.FINISHED]
    if not runs:
        return None
    names = run_labels(runs)
    varied = _varied(runs)
    metric = group.by.metric if group.by else ""
    values = [value_of(run, metric) for run in runs]
    shown = format_row(*values).values
    columns = [Column("Trial" if news.is_sweep else "Run")]
    columns += [Column(display_name(metric, LABEL_CHARS), Align.RIGHT)] if metric else []
    columns += [*(Column(display_name(each, LABEL_CHARS)) for each in varied), Column("Took")]
    rows = tuple(
        (
            Cell(name),
            *((Cell(text, finite(value)),) if metric else ()),
            *(Cell(display_value(run.parameters[each], FIT) if each in run.parameters else "–") for each in varied),
            Cell(run_length(run) or "unknown"),
        )
        for name, run, text, value in zip(names, runs, shown, values, strict=True)
    )
    which = "best" if group.best else "last to finish"
    left = _of(group, (Status.FINISHED.value,)) - len(runs)
    note = f"{left:,} more finished" if left > 0 else ""
    return Table(f"The {which} {'trials' if news.is_sweep else 'runs'}", tuple(columns), rows, note)


def _linked(table: Table | None, group: NewsGroup, ui_url: str) -> Table | None:
    runs = [run for run in group.runs if run.status is Status.FINISHED]
    return with_links(table, run_urls(runs, ui_url)) if table else None


def _varied(runs: Sequence[Run]) -> list[str]:
    """Parameters whose values differ among these runs, the likeliest to matter first."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    apart = [name for name in names if len({run.parameters.get(name) for run in runs}) > 1]
    return sorted(apart, key=lambda name: (likelihood(name), name))[:VARIED]


def _groups(news: ManyNews) -> Table:
    columns = (
        Column("Experiment"),
        Column("Ended", Align.RIGHT),
        Column("Failed", Align.RIGHT),
        Column("Best of them"),
    )
    rows = tuple(
        (
            Cell(display_name(group.experiment.name)),
            Cell(f"{_of(group):,}", float(_of(group))),
            Cell(f"{_of(group, _ILL_STATUSES):,}", float(_of(group, _ILL_STATUSES))),
            Cell(_best(group).replace("best ", "", 1) if group.best else "not known"),
        )
        for group in news.groups
    )
    return Table("What ended in each experiment", columns, rows)


def _group_notes(news: ManyNews) -> list[str]:
    """What was not counted."""
    notes = []
    if news.is_cut:
        notes.append(f"Only the {_count_of(news):,} newest trials are counted.")
    if news.left_out:
        notes.append(f"Only the last {_count_of(news) + news.unwanted:,} runs were looked at.")
    if news.unwanted:
        fit = "does" if news.unwanted == 1 else "do"
        notes.append(f"{count_noun(news.unwanted, 'more run')} ended that {fit} not fit what is watched.")
    return notes


def _group_steps(news: ManyNews, command: str) -> tuple[Step, ...]:
    """Where no best is shown: why, and how there will be one."""
    for group in news.groups:
        finished = any(run.status is Status.FINISHED for run in group.runs)
        if not finished or group.best is not None:
            continue
        name = group.by.metric if group.by and group.by.goal is Goal.UNKNOWN else ""
        if quoted(name):
            text = f"No goal is known for {display_name(name)}, so no best is shown. To say which way is better"
            return (Step(text, f"{command} set goal {quoted(name)} {EITHER}"),)
    return ()


def _group_links(news: ManyNews, ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    found = []
    if news.parent is not None:
        found.append(Link("Open the sweep", run_url(ui_url, news.parent), "sweep"))
    if len(news.groups) == 1:
        group = news.groups[0]
        if group.best is not None:
            found.append(Link("Open the best", run_url(ui_url, group.best), "run:0"))
        runs = [run for run in group.runs if run.status is Status.FINISHED]
        if len(runs) > 1:
            found.append(Link("Compare the best in MLflow", compare_url(ui_url, runs), "compare"))
    if not news.is_sweep:
        found += [
            Link(
                f"Open {display_name(group.experiment.name, FIT)}",
                experiment_url(ui_url, group.experiment.experiment_id),
                f"experiment:{number}",
            )
            for number, group in enumerate(news.groups[:OPENED])
        ]
    return tuple(found)


# News for a channel in words: the verdict first, then the few metrics that matter, why, doubts, links.


def news_report(
    news: News, *, now: datetime, ui_url: str = "", rules_url: str = "", command: str = "/mlcompare"
) -> Report:
    match news:
        case RunNews():
            return run_report(news, ui_url=ui_url, rules_url=rules_url, command=command)
        case ManyNews():
            return many_report(news, ui_url=ui_url, command=command)
        case SilentNews():
            return silent_report(news, now=now, ui_url=ui_url, command=command)


def digest_report(due: DueDigest, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The standup, and which of the experiments it should tell of are not there."""
    missing = f"No experiment is called {join_names(due.missing)} any more." if due.missing else ""
    if due.standup is None:
        headline = f"No digest: {missing[0].lower()}{missing[1:]}".rstrip(".")
        return Report(headline, f"{headline}.")
    report = standup_report(due.standup, ui_url=ui_url, command=command)
    if not missing:
        return report
    return replace(report, summary=f"{report.summary}\n{missing}", warnings=(missing, *report.warnings))
