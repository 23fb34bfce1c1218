"""A standup, worded: the counts, the news, what went wrong; the rest folded away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import PrimaryMetric, value_of
from comparison.judgement.result import GoalSource
from comparison.language.quoting import quoted
from comparison.queries.standup import BestRun, ExperimentGroup, StandupAnswer
from comparison.report import Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.reports.tables import (
    LABEL_CHARS,
    MAX_OPEN_BUTTONS,
    among_words,
    join_facts,
    last_value,
    metric_source_words,
    moment_words,
    number_words,
    run_age,
    run_labels,
    run_length,
    run_with_value,
    scope_words,
    short_ids,
    status_words,
    user_name,
    when,
)
from comparison.reports.text import (
    NARROW_CHARS,
    count_noun,
    cut_end,
    display_name,
    duration_words,
    join_names,
    row_labels,
    with_links,
)
from comparison.runs import Goal, Run, Status
from comparison.tracking.activity import in_order
from comparison.tracking.mlflow_links import experiment_url, run_url


def standup_report(digest: StandupAnswer, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """One message: counts, a row an experiment, new bests, failures and what seems dead; details folded."""
    sections = (
        replace(new_bests_section(digest, ui_url), folded=len(digest.groups) > 1),  # then the table says it
        best_so_far_section(digest, ui_url),
        failed_section(digest, ui_url),
        silent_section(digest, ui_url),
        running_section(digest, ui_url),
        finished_section(digest, ui_url),
        people_section(digest),
    )
    report = Report(
        headline=_headline(digest),
        summary="",
        table=with_links(_table(digest), [_url(group, ui_url) for group in digest.groups])
        if len(digest.groups) > 1
        else None,
        sections=tuple(part for part in sections if part.lines),
        warnings=_warnings(digest),
        steps=_steps(digest, command),
        links=_links(digest, ui_url),
        footnotes=_footnotes(digest, command),
    )
    return replace(report, summary=_summary(report))


def _headline(digest: StandupAnswer) -> str:
    place = f"{scope_words(digest.place)}{among_words(digest.words)}"
    since = moment_words(digest.since)
    if not digest.groups:
        return f"Nothing ended{place} since {since}, and nothing is running"
    counts = [f"{_count(digest, 'finished')} finished", f"{_count(digest, 'failed')} failed"]
    if digest.pruned:
        counts.append(f"{len(digest.pruned):,}{' or more' if 'failed' in digest.cut else ''} pruned")
    alive = len(digest.running) - len(digest.silences)
    now = [f"{alive}{' or more' if 'running' in digest.cut else ''} running"] if alive else []
    if digest.silences:
        now.append(f"{len(digest.silences)} {'seems' if len(digest.silences) == 1 else 'seem'} dead")
    running = f"now {', '.join(now)}" if now else "nothing is running now"
    return f"Since {since}{place}: {', '.join(counts)}; {running}"


def _count(digest: StandupAnswer, kind: str) -> str:
    count = len(digest.finished if kind == "finished" else digest.failed)
    return f"{count:,} or more" if kind in digest.cut else f"{count:,}"


def _table(digest: StandupAnswer) -> Table:
    """A row an experiment: its best, which a phone shows beside the name, then the counts."""
    columns = ("Experiment", "Best so far", "Finished", "Failed", "Running")
    names = [display_name(group.experiment.name) for group in digest.groups]
    rows = tuple(
        _row(group, digest, name, short)
        for group, name, short in zip(digest.groups, names, row_labels(names, names, NARROW_CHARS), strict=True)
    )
    return Table("What happened in each experiment", tuple(map(Column, columns)), rows)


def _row(group: ExperimentGroup, digest: StandupAnswer, name: str, short: str) -> tuple[Cell, ...]:
    dead = sum(run.run_id in digest.silences for run in group.running)
    alive = len(group.running) - dead
    count = f"{alive}, {dead} dead?" if dead else str(alive)
    return (
        Cell(name, short=short),
        Cell(_best_cell(group, LABEL_CHARS), short=_best_cell(group, NARROW_CHARS)),
        _number(len(group.finished), is_cut="finished" in digest.cut),
        _number(len(group.failed), is_cut="failed" in digest.cut),
        Cell(count, float(alive)),
    )


def _number(count: int, *, is_cut: bool) -> Cell:
    return Cell(f"{count:,}{'+' if is_cut else ''}", float(count))


def _best_cell(group: ExperimentGroup, limit: int) -> str:
    """`new: accuracy 0.97, run-a (was 0.95)`; names to so many characters."""
    best, by = group.best, group.by
    if best is not None and by is not None:
        new = "new: " if best.is_new else ""
        was = value_of(best.before, by.metric) if best.before else None
        before = f" (was {format_row(was, value_of(best.run, by.metric)).values[0]})" if was is not None else ""
        return f"{new}{_valued(best.run, by, best.before, limit)}{before}"
    first = best_fetched(group)
    return f"{_valued(first, by, None, limit)} (since then)" if first and by else "not known"


def _valued(run: Run, by: PrimaryMetric, before: Run | None, limit: int) -> str:
    """`accuracy 0.97, run-a`, with as many digits as tell it from the one before."""
    values = (value_of(before, by.metric), value_of(run, by.metric)) if before else (value_of(run, by.metric),)
    return f"{display_name(by.metric, limit)} {format_row(*values).values[-1]}, {display_name(run.name, limit)}"


def _warnings(digest: StandupAnswer) -> tuple[str, ...]:
    found = [
        f"There may be more {kind} runs: the {len(runs):,} {which} are told, the counts are at least so many."
        for kind, runs, which in (
            ("finished", digest.finished, "last to end"),
            ("failed", digest.failed, "last to end"),
            ("running", digest.running, "newest"),
        )
        if kind in digest.cut
    ]
    if digest.unanswered:
        found.append(f"MLflow did not tell the best of {join_names(digest.unanswered)} in time.")
    return tuple(found)


def _steps(digest: StandupAnswer, command: str) -> tuple[Step, ...]:
    if not digest.groups:
        return (Step("Further back", f"{command} {digest.further}"),) if digest.further else ()
    new = next((group.best for group in digest.groups if group.best and group.best.is_new and group.best.before), None)
    if new and new.before:
        old, better = short_ids([new.before, new.run])
        return (Step("What made the new best", f"{command} {old} vs {better}", "pair"),)
    return ()


def _url(group: ExperimentGroup, ui_url: str) -> str:
    return experiment_url(ui_url, group.experiment.experiment_id) if ui_url else ""


def _links(digest: StandupAnswer, ui_url: str) -> tuple[Link, ...]:
    if not ui_url or len(digest.groups) > 1:  # the table links each experiment
        return ()
    found = [
        Link(
            f"Open {display_name(group.experiment.name, 30)}",
            experiment_url(ui_url, group.experiment.experiment_id),
            f"experiment:{number}",
        )
        for number, group in enumerate(digest.groups[:MAX_OPEN_BUTTONS])
    ]
    return tuple(found)


def _footnotes(digest: StandupAnswer, command: str) -> tuple[str, ...]:
    notes = []
    if len(digest.groups) == 1 and digest.groups[0].by is not None:
        notes.append(metric_source_words(digest.groups[0].by))
    elif assumed := _assumed(digest, command):
        notes.append(assumed)
    left = [group for group in digest.groups if group.best is None and best_fetched(group)]
    if left and len(digest.groups) > 1:
        notes.append(
            f"The best so far was looked up in the {len(digest.groups) - len(left)} busiest experiments; of the others "
            f"the table has the best since then. For all of one: {command} standup in {quoted(left[0].experiment.name)}"
        )
    return tuple(filter(None, notes))


def _assumed(digest: StandupAnswer, command: str) -> str:
    """Goals taken from names, with the way to change them."""
    by = [group.by for group in digest.groups if group.by and group.by.goal_source is GoalSource.NAME]
    phrases = [
        f"{goal.value} is better for {join_names(names)}"
        for goal in (Goal.HIGHER, Goal.LOWER)
        if (names := list(dict.fromkeys(each.metric for each in by if each.goal is goal)))
    ]
    if not phrases:
        return ""
    opposite = Goal.LOWER if by[0].goal is Goal.HIGHER else Goal.HIGHER
    example = f"{command} set goal {quoted(by[0].metric) or display_name(by[0].metric, LABEL_CHARS)} {opposite.value}"
    return f"Directions guessed from names: {'; '.join(phrases)}. To change one: {example}"


def _summary(report: Report) -> str:
    sections = [part for part in report.sections if part.title in ("New best", "Best so far", "Failed", "Seems dead")]
    lines = [
        f"{part.title}: "
        + "; ".join(f"{line.label}: {line.text}" if line.label else line.text for line in part.lines[:4])
        for part in sections
    ]
    return cut_end("\n".join([f"{report.headline}.", *lines, *report.warnings[:1]]), 3_000)


# The parts of a standup, worded: news and what went wrong stay open, the rest is folded.


NAMED = 3  # runs named of each experiment
_OPEN = 5  # lines of a part that stays open
_OPEN_OF_SEVERAL = 3  # the same below a table of experiments


def best_fetched(group: ExperimentGroup) -> Run | None:
    """The best of those fetched, where that can be told."""
    if group.by is None or group.by.goal is Goal.UNKNOWN:
        return None
    return next((run for run in group.finished if value_of(run, group.by.metric) is not None), None)


def new_bests_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    lines = tuple(
        Line(
            _new_best(group.best, group.by),
            display_name(group.experiment.name),
            links=_opens([group.best.run, *([group.best.before] if group.best.before else [])], ui_url),
        )
        for group in digest.groups
        if group.best is not None and group.best.is_new and group.by is not None
    )
    return Section("New best", lines)


def _new_best(best: BestRun, by: PrimaryMetric) -> str:
    """`run-b, auc 0.93 · was 0.90, run-a · by maya`; both values with the same decimals."""
    name = display_name(best.run.name, LABEL_CHARS)
    metric = display_name(by.metric, LABEL_CHARS)
    was = "first result" if best.is_first else ""
    if best.before is None:
        value = number_words(value_of(best.run, by.metric))
    else:
        old, value = format_row(value_of(best.before, by.metric), value_of(best.run, by.metric)).values
        was = f"was {old}, {display_name(best.before.name, LABEL_CHARS)}"
    still = "" if best.run.is_over else "still running"
    return join_facts(f"{name}, {metric} {value}", was, still, _by(best.run))


def _opens(runs: Sequence[Run], ui_url: str) -> tuple[tuple[str, str], ...]:
    """The names of runs as a line has them, in its order, and what each opens."""
    return tuple((display_name(run.name, LABEL_CHARS), run_url(ui_url, run)) for run in runs) if ui_url else ()


def _by(run: Run) -> str:
    return f"by {user_name(run)}" if user_name(run) else ""


def best_so_far_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    """The best so far of one experiment, where there is no table to say it."""
    if len(digest.groups) != 1 or digest.groups[0].best is None or digest.groups[0].best.is_new:
        return Section("Best so far", ())
    group = digest.groups[0]
    best = digest.groups[0].best
    facts = join_facts(run_with_value(best.run, group.by), _ended(best.run, digest), _by(best.run))
    return Section("Best so far", (Line(f"{facts}, not changed", links=_opens([best.run], ui_url)),))


def _ended(run: Run, digest: StandupAnswer) -> str:
    return when(run, digest.now) if run.is_over else ""


def failed_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = in_order(digest.failed)
    is_short = len(digest.groups) > 1  # of several experiments a line a run, so that all is seen on a phone
    lines = [
        Line(
            join_facts(
                _in(run, digest),
                f"{'' if run.status is Status.FAILED else status_words(run)} {when(run, digest.now)}".strip(),
                f"after {run_length(run)}" if run_length(run) and not is_short else "",
                "" if is_short else last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
            links=((label, run_url(ui_url, run)),) if ui_url else (),
        )
        for run, label in zip(runs, run_labels(runs), strict=True)
    ]
    return Section("Failed", tuple(lines), folded=len(lines) > (_OPEN_OF_SEVERAL if is_short else _OPEN))


def _in(run: Run, digest: StandupAnswer) -> str:
    return f"in {display_name(run.experiment.name, LABEL_CHARS)}" if len(digest.groups) > 1 else ""


def silent_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    runs = [run for run in digest.running if run.run_id in digest.silences]
    lines = [
        Line(
            join_facts(
                _in(run, digest),
                f"silent for {duration_words(digest.silences[run.run_id])}",
                _by(run),
            ),
            label,
            links=((label, run_url(ui_url, run)),) if ui_url else (),
        )
        for run, label in zip(runs, run_labels(runs), strict=True)
    ]
    long_dead = f"{count_noun(digest.stale, 'run')} seemed dead for more than a week" if digest.stale else ""
    if not lines and long_dead:
        return Section("Seems dead", (Line(long_dead),), folded=True)
    return Section("Seems dead", tuple(lines), f"{long_dead} besides" if long_dead else "", folded=len(lines) > _OPEN)


def running_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = [run for run in digest.running if run.run_id not in digest.silences]
    runs.sort(key=lambda run: -(run.started_at or 0))
    lines = [
        Line(
            join_facts(
                _in(run, digest),
                f"for {run_age(run, digest.now)}" if run_age(run, digest.now) else "",
                last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
            links=((label, run_url(ui_url, run)),) if ui_url else (),
        )
        for run, label in zip(runs, run_labels(runs), strict=True)
    ]
    return Section("Running", tuple(lines), folded=True)


def finished_section(digest: StandupAnswer, ui_url: str = "") -> Section:
    """The best few of each experiment, or the newest where none can be called best."""
    lines = []
    for group in digest.groups:
        if not group.finished:
            continue
        word = "best" if best_fetched(group) else "newest"
        named = "; ".join(run_with_value(run, group.by) for run in group.finished[:NAMED])
        left = len(group.finished) - NAMED
        more = f"; {left:,}{'+' if 'finished' in digest.cut else ''} more" if left > 0 else ""
        text = f"{word} {named}" if len(group.finished) > 1 else named
        links = _opens(group.finished[:NAMED], ui_url)
        lines.append(Line(f"{text}{more}", display_name(group.experiment.name), links=links))
    return Section("Finished", tuple(lines), folded=len(digest.groups) > 1)


def people_section(digest: StandupAnswer) -> Section:
    """Who ran how many of what, most first."""
    runs = [*digest.finished, *digest.failed, *digest.pruned, *digest.running]
    counts = Counter(user_name(run) or "unknown" for run in runs)
    lines = []
    for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        own = [run for run in runs if (user_name(run) or "unknown") == name]
        where = [each for each, _ in Counter(run.experiment.name for run in own).most_common()]
        place = f" in {join_names(where, 3)}" if len(digest.groups) > 1 else ""
        more = " or more" if digest.cut else ""
        lines.append(Line(f"{count_noun(count, 'run')}{more}{place}", name))
    return Section("Who ran what", tuple(lines), folded=True)
