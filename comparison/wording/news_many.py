"""Many runs in one message, worded: a sweep with its counters, a burst, or what ended in quiet hours."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import digits, links
from comparison.completing import quoted
from comparison.goals import EITHER
from comparison.likelihood import likelihood
from comparison.quick.primary import value_of
from comparison.report import Align, Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.runs import Goal, Run, Status
from comparison.watching.news import Group, ManyNews
from comparison.wording import plain
from comparison.wording import quick_words as words
from comparison.wording.headline import FIT
from comparison.wording.news_doubts import DOUBTS, tidy
from comparison.wording.news_facts import KNOWN, line_of
from comparison.wording.table import finite

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
        table=_table(single, news) if single else _groups(news),
        sections=(Section(KNOWN, lines),) if lines else (),
        warnings=tuple(tidy(each) for each in news.doubts[:DOUBTS]),
        steps=steps,
        links=_links(news, ui_url),
        footnotes=tuple(
            filter(None, (" ".join(notes), "" if steps or not (single and single.by) else words.chosen(single.by)))
        ),
    )
    notes += [f"{step.text.partition('. ')[0]}." for step in steps]
    facts = [line_of(line) for line in lines]
    url = [link.url for link in report.links[:1] if len(link.url) < 1_000]
    return replace(report, summary="\n".join([plain.cut("\n".join([f"{told}.", *facts, *notes]), 1_900), *url]))


def _headline(news: ManyNews) -> str:
    """`Sweep lr-search: 37 of 60 ended, best val_loss 0.21 (trial-12)`, only with counts that are known."""
    total, ended, ill = _count(news), _ended(news), _count(news, _ILL)
    more = " or more" if news.is_cut else ""
    if news.is_sweep:
        name = f"Sweep {plain.name(news.parent.name if news.parent else '', FIT)}" if news.parent else "A sweep"
        trials = f"{total:,}{more} {'trial' if total == 1 and not more else 'trials'}"
        over = _ILL_WORDS.get(news.parent.status, "is over") if news.parent else "is over"
        told = f"{name} {over}: {trials}" if news.is_over else f"{name}: {ended:,} of {total:,}{more} ended"
    else:
        place = plain.name(news.groups[0].experiment.name, FIT) if len(news.groups) == 1 else ""
        where = place or f"{len(news.groups):,} experiments"
        ended += news.left_out
        told = f"{plain.counted(ended, 'run')} ended in {where}"
    failed = f", {ill:,} failed" if ill else ""
    pruned = _count(news, _PRUNED)
    failed += f", {pruned:,} pruned" if pruned else ""
    quiet = "After quiet hours: " if news.was_quiet else ""
    return f"{quiet}{told}{failed}{_best_of(news)}"


def _best_of(news: ManyNews) -> str:
    if len(news.groups) == 1:
        return f", {_best(news.groups[0])}" if news.groups[0].best else ""
    new = [group.experiment.name for group in news.groups if group.is_new_best and group.best_before]
    return f", new best in {plain.listed(new, 2)}" if new else ""


def _best(group: Group) -> str:
    """`best val_loss 0.21 (trial-12)`."""
    if group.best is None or group.by is None:
        return ""
    value = words.number(value_of(group.best, group.by.metric))
    new = "new " if group.is_new_best and group.best_before else ""
    return f"{new}best {plain.name(group.by.metric, FIT)} {value} ({plain.name(group.best.name, FIT)})"


def _count(news: ManyNews, kinds: Sequence[str] = ()) -> int:
    return sum(_of(group, kinds) for group in news.groups)


def _of(group: Group, kinds: Sequence[str] = ()) -> int:
    return sum(count for status, count in group.counts.items() if not kinds or status in kinds)


def _ended(news: ManyNews) -> int:
    return _count(news) - _count(news, _GOING_ON)


def _lines(group: Group, news: ManyNews) -> tuple[Line, ...]:
    """The best and the one before, the spread, what failed, what still runs."""
    lines = [_against(group, news), _spread(group)]
    ill = [run for run in group.runs if run.status.value in _ILL]
    if ill:
        count = _of(group, _ILL)
        named = ", ".join(words.labels(ill[:NAMED]))
        lines.append(Line(f"{named} and {count - NAMED:,} more" if count > NAMED else named, "Failed"))
    going = _of(group, _GOING_ON)
    if going and news.is_sweep:
        lines.append(Line(f"{going:,}", "Still running"))
    return tuple(line for line in lines if line is not None)


def _against(group: Group, news: ManyNews) -> Line | None:
    """The best against the best before, with the same decimals."""
    if group.best is None or group.by is None or group.best_before is None:
        return None
    shown = digits.row(value_of(group.best_before, group.by.metric), value_of(group.best, group.by.metric))
    gap = shown.differences[0]
    verdict = "better" if group.is_new_best else "the same" if gap in ("0", digits.NOTHING) else "not better"
    before = "before the sweep" if news.is_sweep else "before these"
    name = plain.name(group.best_before.name, words.LABEL)
    return Line(f"{shown.values[1]}, {verdict} ({gap}) than {shown.values[0]}, {name}, the best {before}", "Best")


def _spread(group: Group) -> Line | None:
    """Of one value there is none."""
    if group.valued < 2 or group.by is None:
        return None
    low, middle, high = digits.row(group.low, group.middle, group.high).values
    name = plain.name(group.by.metric, words.LABEL)
    return Line(f"{name} {low} to {high}, median {middle}, of {group.valued:,} that finished", "Spread")


def _of_several(news: ManyNews) -> tuple[Line, ...]:
    """Experiments whose best changed."""
    return tuple(
        Line(_best(group), plain.name(group.experiment.name, words.LABEL))
        for group in news.groups
        if group.is_new_best and group.best_before
    )[: DOUBTS + 2]


def _table(group: Group, news: ManyNews) -> Table | None:
    """The best few, with what was varied among them."""
    runs = [run for run in group.runs if run.status is Status.FINISHED]
    if not runs:
        return None
    names = words.labels(runs)
    varied = _varied(runs)
    metric = group.by.metric if group.by else ""
    values = [value_of(run, metric) for run in runs]
    shown = digits.row(*values).values
    columns = [Column("Trial" if news.is_sweep else "Run")]
    columns += [Column(plain.name(metric, words.LABEL), Align.RIGHT)] if metric else []
    columns += [*(Column(plain.name(each, words.LABEL)) for each in varied), Column("Took")]
    rows = tuple(
        (
            Cell(name),
            *((Cell(text, finite(value)),) if metric else ()),
            *(Cell(plain.value(run.parameters[each], FIT) if each in run.parameters else "–") for each in varied),
            Cell(words.length(run) or "unknown"),
        )
        for name, run, text, value in zip(names, runs, shown, values, strict=True)
    )
    which = "best" if group.best else "last to finish"
    left = _of(group, (Status.FINISHED.value,)) - len(runs)
    note = f"{left:,} more finished" if left > 0 else ""
    return Table(f"The {which} {'trials' if news.is_sweep else 'runs'}", tuple(columns), rows, note)


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
            Cell(plain.name(group.experiment.name)),
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
        notes.append(f"{plain.counted(news.unwanted, 'more run')} ended that {fit} not fit what is watched.")
    return notes


def _steps(news: ManyNews, command: str) -> tuple[Step, ...]:
    """Where no best is shown: why, and how there will be one."""
    for group in news.groups:
        finished = any(run.status is Status.FINISHED for run in group.runs)
        if not finished or group.best is not None:
            continue
        name = group.by.metric if group.by and group.by.goal is Goal.UNKNOWN else ""
        if quoted(name):
            text = f"No goal is known for {plain.name(name)}, so no best is shown. To say which way is better"
            return (Step(text, f"{command} set goal {quoted(name)} {EITHER}"),)
    return ()


def _links(news: ManyNews, ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    found = []
    if news.parent is not None:
        found.append(Link("Open the sweep", links.run_url(ui_url, news.parent), "sweep"))
    if len(news.groups) == 1:
        group = news.groups[0]
        if group.best is not None:
            found.append(Link("Open the best", links.run_url(ui_url, group.best), "run:0"))
        runs = [run for run in group.runs if run.status is Status.FINISHED]
        if len(runs) > 1:
            found.append(Link("Compare the best in MLflow", links.compare_url(ui_url, runs), "compare"))
    if not news.is_sweep:
        found += [
            Link(
                f"Open {plain.name(group.experiment.name, FIT)}",
                links.experiment_url(ui_url, group.experiment.experiment_id),
                f"experiment:{number}",
            )
            for number, group in enumerate(news.groups[:OPENED])
        ]
    return tuple(found)
