"""One run that ended, worded: new best, failed, lacking what it should have, or its verdict against the baseline."""

from collections.abc import Sequence
from dataclasses import replace

from comparison.completing import quoted
from comparison.goals import EITHER
from comparison.likelihood import by_likelihood
from comparison.outcome import Comparison, MetricComparison, Outcome
from comparison.report import Line, Report, Section, Step, Table
from comparison.runs import Goal
from comparison.watching.news import RunNews
from comparison.wording import cards, plain
from comparison.wording.answer import word
from comparison.wording.headline import FIT
from comparison.wording.news_alone import FEW, alone_report
from comparison.wording.news_doubts import doubts
from comparison.wording.news_facts import KNOWN, SYSTEM, known, line_of, with_versions
from comparison.wording.news_headline import capital, headline, sentence, verdict_on
from comparison.wording.sections import changed_line
from comparison.wording.summary import summary
from comparison.wording.table import is_same, table

PARAMETERS = 4


def run_report(news: RunNews, *, ui_url: str = "", rules_url: str = "", command: str = "/mlcompare") -> Report:
    """One message. It stands for days, so that it gives moments as dates and says nothing of how long ago they are."""
    if news.comparison is None:
        return alone_report(news, ui_url=ui_url)
    comparison = news.comparison
    whole = word(
        comparison,
        ui_url=ui_url,
        rules_url=rules_url,
        command=command,
        in_channel=True,
    )
    short = cards.labels(comparison, FIT)
    verdict = verdict_on(comparison, short)
    said = headline(news)
    told = said or sentence(news.run, verdict)
    is_ill = news.failure is not None  # how far it came says little of how good it is
    against = (Section(f"Against {short[0]}", (Line(capital(verdict)),)),) if said and not is_ill else ()
    warnings, small = doubts(news, whole)
    report = Report(
        headline=told,
        summary="",
        sides=(whole.sides[0], with_versions(whole.sides[1], news)),
        table=None if is_ill else _table(news, comparison),
        sections=(*known(news), *against, *_parameters(comparison, short)),
        warnings=warnings,
        steps=_steps(comparison, command),
        links=tuple(each for each in whole.links if each.key != "run:0"),
        footnotes=small if is_ill else (*whole.footnotes, *small),
    )
    if is_ill:
        return replace(report, summary=_ill_summary(report))
    first = f"{told}. {capital(verdict)}" if against else told
    return replace(report, summary=summary(replace(report, headline=first), comparison, short))


def _ill_summary(report: Report) -> str:
    """What is known, what changed, the main doubt, and a link."""
    lines = [
        f"{part.title}: {line_of(line)}" if part.title != KNOWN else line_of(line)
        for part in report.sections
        for line in part.lines
    ]
    url = [each.url for each in report.links if each.key == "run:1"]
    return "\n".join([plain.cut("\n".join([f"{report.headline}.", *lines, *report.warnings[:1]]), 1_900), *url])


def _table(news: RunNews, comparison: Comparison) -> Table | None:
    """The metrics that the watch names, else the first few that differ; the rest is counted."""
    shown = _shown(news, comparison.metrics)
    found = table(replace(comparison, metrics=tuple(shown)), cards.labels(comparison), everything=True)
    names = {each.name for each in shown}
    rest = [each for each in comparison.metrics if each.name not in names]
    if found is None or not rest:
        return found
    same = sum(map(is_same, rest))
    more = plain.counted(len(rest), "more metric")
    if same == len(rest):
        return replace(found, note=f"{more} {'is' if same == 1 else 'are'} the same")
    return replace(found, note=f"{more}, {same:,} of them the same" if same else more)


def _shown(news: RunNews, metrics: Sequence[MetricComparison]) -> list[MetricComparison]:
    named = [each for each in metrics if each.logged_as in news.metrics]
    if named:
        return named
    telling = [each for each in metrics if not each.name.startswith(SYSTEM) or each.primary] or list(metrics)
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
    return (Step(text, f"{command} set goal {typed} {EITHER}"),)
