"""One run that ended, worded: new best, failed, lacking what it should have, or its verdict against the baseline."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import digits, links
from comparison.completing import quoted
from comparison.likelihood import by_likelihood
from comparison.outcome import Code, Comparison, MetricComparison, Outcome
from comparison.quick.primary import Primary, value_of
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.runs import Goal, Run, Side, Status
from comparison.verdict import judge
from comparison.watching.news import Failure, RunNews
from comparison.wording import cards, plain, times
from comparison.wording import quick_words as words
from comparison.wording.answer import word
from comparison.wording.headline import FIT
from comparison.wording.sections import changed_line
from comparison.wording.summary import summary
from comparison.wording.table import finite, is_same, table

FEW = 6  # metrics shown
PARAMETERS = 4
DOUBTS = 3
LONGEST = 400  # characters of a sentence that holds names
_SYSTEM = "system/"  # what the tracker itself logs
_SMALL_PRINT = (Code.COMMITS_DIFFER, Code.COMMIT_UNKNOWN, Code.SINGLE_RUNS)
_ILL = {Status.FAILED: "failed", Status.KILLED: "was killed"}
_OTHERWISE = {
    Status.RUNNING: "is running again",
    Status.SCHEDULED: "is scheduled again",
    Status.UNKNOWN: "ended with an unknown status",
}


def run_report(news: RunNews, *, ui_url: str = "", rules_url: str = "", command: str = "/mlcompare") -> Report:
    """One message. It stands for days, so that it gives moments as dates and says nothing of how long ago they are."""
    if news.comparison is None:
        return _alone(news, ui_url=ui_url)
    comparison = news.comparison
    whole = word(
        comparison,
        ui_url=ui_url,
        rules_url=rules_url,
        command=command,
        in_channel=True,
    )
    short = cards.labels(comparison, FIT)
    verdict = _verdict(comparison, short)
    told = headline(news) or f"{_placed(news.run)}: {verdict}"
    against = () if told.endswith(verdict) else (Section(f"Against {short[0]}", (Line(_capital(verdict)),)),)
    warnings, small = _doubts(news, whole)
    report = Report(
        headline=told,
        summary="",
        sides=(whole.sides[0], _with_versions(whole.sides[1], news)),
        table=_table(news, comparison),
        sections=(*_known(news), *against, *_parameters(comparison, short)),
        warnings=warnings,
        steps=_steps(comparison, command),
        links=tuple(each for each in whole.links if each.key != "run:0"),
        footnotes=(*whole.footnotes, *small),
    )
    first = f"{told}. {_capital(verdict)}" if against else told
    known = [_line(line) for part in _known(news) for line in part.lines]
    lines = summary(replace(report, headline=". ".join([first, *known])), comparison, short)
    return replace(report, summary=lines)


def best_report(news: RunNews, *, ui_url: str = "") -> Report:
    """That a run is the new best, said by itself: the whole of it stands in the message that was edited."""
    told = headline(news)
    return Report(told, "\n".join(filter(None, (f"{told}.", _url(news.run, ui_url)))), links=_open(news.run, ui_url))


def headline(news: RunNews) -> str:
    """Nothing where the verdict is the headline."""
    run, name, place = news.run, plain.name(news.run.name, words.LABEL), plain.name(news.run.experiment.name, FIT)
    if run.status in _ILL:
        after = f" after {words.length(run)}" if words.length(run) else ""
        last = _last(news.failure) or "no metric logged"
        return f"{name} {_ILL[run.status]} in {place}{after}, {last}"
    if run.status in _OTHERWISE:
        return f"{name} in {place} {_OTHERWISE[run.status]}"
    if news.lacking:
        return f"{name} in {place} says it finished, but did not log {plain.listed(news.lacking, 2)}"
    if news.is_best and news.best_by is not None:
        return _best(run, news.best_by, news.best_before, name, place)
    return ""


def _best(run: Run, by: Primary, before: Run | None, name: str, place: str) -> str:
    """`New best in fraud: rf-12, val_auc 0.934 (+0.012)`."""
    metric = plain.name(by.metric, FIT)
    if before is None:
        return f"First {metric} in {place}: {name}, {words.number(value_of(run, by.metric))}"
    shown = digits.row(value_of(before, by.metric), value_of(run, by.metric))
    return f"New best in {place}: {name}, {metric} {shown.values[1]} ({shown.differences[0]})"


def _placed(run: Run) -> str:
    return f"{plain.name(run.name, words.LABEL)} in {plain.name(run.experiment.name, FIT)}"


def _verdict(comparison: Comparison, labels: Sequence[str]) -> str:
    """As the sentence that goes on behind the run's name."""
    metrics = [replace(each, name=plain.name(each.name)) if each.primary else each for each in comparison.metrics]
    text = judge(metrics, 0, labels=(labels[0], "it")).text
    is_name = any(each.primary for each in metrics)
    return text if is_name else text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith(("it ", "mixed", "no ", "cannot", "nothing")) else text


def _known(news: RunNews) -> tuple[Section, ...]:
    """What is known of a failure, and how far others came."""
    found = news.failure
    if found is None:
        return ()
    lines = []
    if found.ran is not None:
        lines.append(Line(f"{times.duration(found.ran)}{_usually(found)}", "Ran for"))
    last = _last(found)
    usual = f"; others come to step {found.usual_step:,}" if found.usual_step and last else ""
    lines.append(Line(f"{last}{usual}" if last else "nothing", "Last logged"))
    return (Section("What is known", tuple(lines)),)


def _usually(found: Failure) -> str:
    if found.usual is None:
        return ""
    of = "the one that finished before" if found.siblings == 1 else f"the {found.siblings} that finished before"
    took = "took" if found.siblings == 1 else "took, at the median,"
    return f"; {of} {took} {times.duration(found.usual)}"


def _last(found: Failure | None) -> str:
    """`loss 0.41 at step 340`."""
    if found is None or not found.last_metric:
        return ""
    step = f" at step {found.last_step:,}" if found.last_step else ""
    return f"{plain.name(found.last_metric, words.LABEL)} {words.number(found.last_value)}{step}"


def _doubts(news: RunNews, whole: Report | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The most serious, counted where they are more, and what small print is enough for."""
    comparison = news.comparison
    found = list(zip(comparison.warnings, whole.warnings, strict=True)) if comparison and whole else []
    own = plain.name(news.run.name)
    told = [*map(_sentence, news.doubts)]
    if news.lacking:
        told.insert(0, _lacking(news))
    for warning, text in found:
        is_said = warning.code is Code.NOT_FINISHED and news.run.status is not Status.FINISHED and text.startswith(own)
        if warning.code not in _SMALL_PRINT and not is_said:
            told.append(text)
    left = len(told) - DOUBTS
    more = [f"{left} more: a comparison of the two says {'it' if left == 1 else 'them'}."] if left > 0 else []
    small = [text for warning, text in found if warning.code in _SMALL_PRINT]
    return (*told[:DOUBTS], *more), (" ".join(small),) if small else ()


def _lacking(news: RunNews) -> str:
    names = plain.listed(news.lacking)
    of = "Nearly all" if news.looked_at > 10 else "All"
    return (
        f"{of} of the {news.looked_at} runs before it logged {names}. A script that breaks off outside of "
        "`with mlflow.start_run()` ends as FINISHED too."
    )


def _sentence(text: str) -> str:
    return plain.isolate(plain.shorten(plain.one_line(text), LONGEST))


def _table(news: RunNews, comparison: Comparison) -> Table | None:
    """The metrics that the watch names, else the first few that differ; the rest is counted."""
    shown = _shown(news, comparison.metrics)
    found = table(replace(comparison, metrics=tuple(shown)), cards.labels(comparison), everything=True)
    rest = [each for each in comparison.metrics if each not in shown]
    if found is None or not rest:
        return found
    same = sum(map(is_same, rest))
    are = "is" if same == 1 else "are"
    told = f"{plain.counted(len(rest), 'more metric')}, {same:,} of them {are} the same" if same else ""
    return replace(found, note=told or plain.counted(len(rest), "more metric"))


def _shown(news: RunNews, metrics: Sequence[MetricComparison]) -> list[MetricComparison]:
    named = [each for each in metrics if each.name in news.metrics]
    if named:
        return named
    telling = [each for each in metrics if not each.name.startswith(_SYSTEM) or each.primary] or list(metrics)
    return ([each for each in telling if each.primary or not is_same(each)] or telling)[:FEW]


def _parameters(comparison: Comparison, labels: tuple[str, ...]) -> tuple[Section, ...]:
    """What changed, the likeliest to matter first."""
    changed = by_likelihood(comparison.parameters.changed)
    if not changed:
        return ()
    lines = tuple(changed_line(each, labels) for each in changed[:PARAMETERS])
    left, same = len(changed) - len(lines), comparison.parameters.same_count
    notes = [f"{left:,} more" if left else "", f"{same:,} the same" if same else ""]
    return (Section("Parameters", lines, ", ".join(filter(None, notes))),)


def _steps(comparison: Comparison, command: str) -> tuple[Step, ...]:
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
    text = f"No goal is known for {plain.listed(unknown, 3)}. To say which way is better"
    return (Step(text, f"{command} set goal {typed} lower"),)


def _with_versions(card: RunCard, news: RunNews) -> RunCard:
    told = [f"{plain.name(each.model, words.LABEL)} version {plain.name(each.version, 12)}" for each in news.versions]
    return replace(card, facts=(*card.facts, f"registered as {plain.listed(told, 3)}")) if told else card


def _alone(news: RunNews, *, ui_url: str) -> Report:
    """Nothing to hold it against: its own values, and why."""
    run = news.run
    name = plain.distinct([run.name], [run.run_id])[0]
    value = words.last_value(run, news.best_by)
    told = headline(news) or f"{_placed(run)} finished, {value or 'no metrics logged'}"
    warnings, _small = _doubts(news, None)
    url = links.run_url(ui_url, run) if ui_url else ""
    card = cards.card(Side(run.name, (run,)), "Run", name, url=url)
    known = _known(news)
    why = _sentence(news.why_alone)
    alone = (Section("Nothing to compare with", (Line(why),)),) if why else ()
    lines = [f"{told}.", *(_line(line) for part in known for line in part.lines), why, *warnings[:1], _url(run, ui_url)]
    return Report(
        headline=told,
        summary=plain.cut("\n".join(filter(None, lines)), 3_000),
        sides=(_with_versions(card, news),),
        table=_own_table(news, name),
        sections=(*known, *alone),
        warnings=warnings,
        links=_open(run, ui_url),
    )


def _own_table(news: RunNews, name: str) -> Table | None:
    """The last values, what it is judged by first."""
    own = [each for each in news.run.metrics if not each.startswith(_SYSTEM)]
    first = [*news.metrics, *([news.best_by.metric] if news.best_by else [])]
    shown = [each for each in dict.fromkeys([*first, *sorted(own)]) if each in news.run.metrics]
    shown = [*news.metrics] or shown[:FEW]
    if not shown:
        return None
    values = [news.run.metrics[each].value for each in shown]
    rows = tuple(
        (Cell(title), Cell(words.number(value), finite(value)))
        for title, value in zip(plain.names(shown), values, strict=True)
    )
    left = len(own) - len(shown)
    note = plain.counted(left, "more metric") if left > 0 else ""
    return Table(f"Metrics of {name}", (Column("Metric"), Column(name, Align.RIGHT)), rows, note)


def _line(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def _open(run: Run, ui_url: str) -> tuple[Link, ...]:
    url = links.run_url(ui_url, run) if ui_url else ""
    return (Link(f"Open {plain.name(run.name, words.LABEL)}", url, "run:0"),) if url else ()


def _url(run: Run, ui_url: str) -> str:
    return links.run_url(ui_url, run) if ui_url else ""
