"""Many runs in one message, worded: a sweep with its counters, a burst, or what ended in quiet hours."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from comparison.judgement.differences import likelihood
from comparison.judgement.goals import EITHER
from comparison.judgement.numbers import NOTHING, format_row
from comparison.judgement.primary_metric import value_of
from comparison.judgement.statistics import advantage_of_best, is_picked_of_more
from comparison.language.quoting import quoted
from comparison.notifications.message import ManyNews, News, NewsGroup, RunNews, SilentNews
from comparison.notifications.schedule import DueDigest
from comparison.report import Align, Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.reports.headline import FIT
from comparison.reports.metric_table import finite
from comparison.reports.run_news import DOUBTS, KNOWN, line_of, run_report, silent_report, within_noise, without_repeats
from comparison.reports.standup import (
    LABEL_CHARS,
    metric_source_words,
    number_words,
    run_labels,
    run_length,
    run_urls,
    standup_report,
)
from comparison.reports.sweeps import brief_lines
from comparison.reports.text import count_noun, cut_end, display_name, display_value, join_names, with_links
from comparison.runs import Goal, Run, Status
from comparison.tracking.mlflow_links import compare_url, experiment_url, run_url

VARIED = 2  # parameters that differ, as columns
NAMED = 3  # runs that failed, by name
OPENED = 3  # experiments with a button of their own
_GOING_ON = (Status.RUNNING.value, Status.SCHEDULED.value)
_ILL_WORDS = {Status.FAILED: "failed", Status.KILLED: "was killed"}
_ILL = (Status.FAILED.value, Status.KILLED.value)
_PRUNED = (Status.PRUNED.value,)  # given up early by a search, which is no failure


def many_report(news: ManyNews, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """One message, whatever the number of runs."""
    told = _headline(news)
    single = news.groups[0] if len(news.groups) == 1 else None
    lines = _lines(single, news) if single else _of_several(news)
    notes, steps = _notes(news), _steps(news, command)
    report = Report(
        headline=told,
        summary="",
        table=_linked(_table(single, news), single, ui_url) if single else _groups(news),
        sections=(Section(KNOWN, lines),) if lines else (),
        warnings=tuple(without_repeats(each) for each in news.doubts[:DOUBTS]),
        steps=steps,
        links=_links(news, ui_url),
        footnotes=tuple(
            filter(
                None, (" ".join(notes), "" if steps or not (single and single.by) else metric_source_words(single.by))
            )
        ),
    )
    notes += [f"{step.text.partition('. ')[0]}." for step in steps]
    facts = [line_of(line) for line in lines]
    url = [link.url for link in report.links[:1] if len(link.url) < 1_000]
    return replace(report, summary="\n".join([cut_end("\n".join([f"{told}.", *facts, *notes]), 1_900), *url]))


def _headline(news: ManyNews) -> str:
    """`Sweep lr-search: 37 of 60 ended, best val_loss 0.21 (trial-12)`, only with counts that are known."""
    total, ended, ill = _count(news), _ended(news), _count(news, _ILL)
    more = " or more" if news.is_cut else ""
    if news.is_sweep:
        name = f"Sweep {display_name(news.parent.name if news.parent else '', FIT)}" if news.parent else "A sweep"
        trials = f"{total:,}{more} {'trial' if total == 1 and not more else 'trials'}"
        over = _ILL_WORDS.get(news.parent.status, "finished") if news.parent else "finished"
        told = f"{name} {over}: {trials}" if news.is_over else f"{name}: {ended:,} of {total:,}{more} ended"
    else:
        place = display_name(news.groups[0].experiment.name, FIT) if len(news.groups) == 1 else ""
        where = place or f"{len(news.groups):,} experiments"
        ended += news.left_out
        told = f"{count_noun(ended, 'run')} ended in {where}"
    failed = f", {ill:,} failed" if ill else ""
    pruned = _count(news, _PRUNED)
    failed += f", {pruned:,} pruned" if pruned else ""
    quiet = "After quiet hours: " if news.was_quiet else ""
    return f"{quiet}{told}{failed}{_best_of(news)}"


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


def _count(news: ManyNews, kinds: Sequence[str] = ()) -> int:
    return sum(_of(group, kinds) for group in news.groups)


def _of(group: NewsGroup, kinds: Sequence[str] = ()) -> int:
    return sum(count for status, count in group.counts.items() if not kinds or status in kinds)


def _ended(news: ManyNews) -> int:
    return _count(news) - _count(news, _GOING_ON)


def _lines(group: NewsGroup, news: ManyNews) -> tuple[Line, ...]:
    """The best and the one before, the spread, what failed, what still runs."""
    lines = [_against(group), _spread(group)]
    ill = [run for run in group.runs if run.status.value in _ILL]
    if ill:
        count = _of(group, _ILL)
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


def _table(group: NewsGroup, news: ManyNews) -> Table | None:
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
            Cell(f"{_of(group, _ILL):,}", float(_of(group, _ILL))),
            Cell(_best(group).replace("best ", "", 1) if group.best else "not known"),
        )
        for group in news.groups
    )
    return Table("What ended in each experiment", columns, rows)


def _notes(news: ManyNews) -> list[str]:
    """What was not counted."""
    notes = []
    if news.is_cut:
        notes.append(f"Only the {_count(news):,} newest trials are counted.")
    if news.left_out:
        notes.append(f"Only the last {_count(news) + news.unwanted:,} runs were looked at.")
    if news.unwanted:
        fit = "does" if news.unwanted == 1 else "do"
        notes.append(f"{count_noun(news.unwanted, 'more run')} ended that {fit} not fit what is watched.")
    return notes


def _steps(news: ManyNews, command: str) -> tuple[Step, ...]:
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


def _links(news: ManyNews, ui_url: str) -> tuple[Link, ...]:
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
