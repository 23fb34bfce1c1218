"""A standup, worded: the counts, the news, what went wrong; the rest folded away."""

from collections import Counter
from dataclasses import replace

from comparison import links
from comparison.quick.primary import Primary, value_of
from comparison.quick.standup import Digest, Group
from comparison.report import Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.runs import Goal, Run
from comparison.wording import plain, times
from comparison.wording import quick_words as words

NAMED = 3  # runs named of each experiment
_OPEN = 5  # lines of a part that stays open


def standup_report(digest: Digest, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """One message: counts, a row an experiment, new bests, failures and what seems dead; details folded."""
    sections = (
        _new_bests(digest),
        _best_so_far(digest),
        _ill(digest),
        _dead(digest),
        _running(digest),
        _finished(digest),
        _who(digest),
    )
    report = Report(
        headline=_headline(digest),
        summary="",
        table=_table(digest) if len(digest.groups) > 1 else None,
        sections=tuple(part for part in sections if part.lines),
        warnings=_warnings(digest),
        steps=_steps(digest, command),
        links=_links(digest, ui_url),
        footnotes=_footnotes(digest),
    )
    return replace(report, summary=_summary(report))


def _headline(digest: Digest) -> str:
    begin = f"Since {words.clock(digest.since)}{words.where(digest.place)}"
    if not digest.groups:
        return f"{begin}: nothing ended, and nothing is running"
    told = [f"{_count(digest, 'finished')} finished", f"{_count(digest, 'failed')} failed"]
    alive = len(digest.running) - len(digest.silences)
    told.append(f"{alive}{'+' if 'running' in digest.cut else ''} running")
    if digest.silences:
        told.append(f"{len(digest.silences)} {'seems' if len(digest.silences) == 1 else 'seem'} dead")
    return f"{begin}: {', '.join(told)}"


def _count(digest: Digest, kind: str) -> str:
    count = len(digest.finished if kind == "finished" else digest.failed)
    return f"{count:,} or more" if kind in digest.cut else f"{count:,}"


def _table(digest: Digest) -> Table:
    columns = ("Experiment", "Finished", "Failed", "Running", "Best so far")
    rows = tuple(_row(group, digest) for group in digest.groups)
    return Table("What happened in each experiment", tuple(map(Column, columns)), rows)


def _row(group: Group, digest: Digest) -> tuple[Cell, ...]:
    dead = sum(run.run_id in digest.silences for run in group.running)
    alive = len(group.running) - dead
    told = f"{alive}, {dead} dead?" if dead else str(alive)
    return (
        Cell(plain.name(group.experiment.name)),
        _number(len(group.finished), is_cut="finished" in digest.cut),
        _number(len(group.failed), is_cut="failed" in digest.cut),
        Cell(told, float(alive)),
        Cell(_best_cell(group)),
    )


def _number(count: int, *, is_cut: bool) -> Cell:
    return Cell(f"{count:,}{'+' if is_cut else ''}", float(count))


def _best_cell(group: Group) -> str:
    if group.best is not None and group.by is not None:
        new = ", new" if group.best.is_new else ""
        return f"{_valued(group.best.run, group.by)}{new}"
    first = _first(group)
    return f"{_valued(first, group.by)} (since then)" if first and group.by else "not known"


def _valued(run: Run, by: Primary) -> str:
    """`accuracy 0.97 run-a`."""
    metric = plain.name(by.metric, 24)
    return f"{metric} {words.number(value_of(run, by.metric))}, {plain.name(run.name, 24)}"


def _first(group: Group) -> Run | None:
    """The best of those fetched, where that can be told."""
    if group.by is None or group.by.goal is Goal.UNKNOWN:
        return None
    return next((run for run in group.finished if value_of(run, group.by.metric) is not None), None)


def _new_bests(digest: Digest) -> Section:
    lines = []
    for group in digest.groups:
        if group.best is None or not group.best.is_new or group.by is None:
            continue
        before = group.best.before
        was = f"was {_of_before(before, group.by)}" if before else "the first" if group.best.is_first else ""
        still = "still running" if group.best.run.ended_at is None else ""
        told = words.joined(words.valued(group.best.run, group.by), was, still, _by(group.best.run))
        lines.append(Line(told, plain.name(group.experiment.name)))
    return Section("New best", tuple(lines))


def _of_before(run: Run, by: Primary) -> str:
    return f"{words.number(value_of(run, by.metric))}, {plain.name(run.name, words.LABEL)}"


def _by(run: Run) -> str:
    return f"by {words.user(run)}" if words.user(run) else ""


def _best_so_far(digest: Digest) -> Section:
    """Of one experiment, where there is no table to say it."""
    if len(digest.groups) != 1 or digest.groups[0].best is None or digest.groups[0].best.is_new:
        return Section("Best so far", ())
    group = digest.groups[0]
    best = digest.groups[0].best
    told = words.joined(words.valued(best.run, group.by), words.ago(best.run.ended_at, digest.now), _by(best.run))
    return Section("Best so far", (Line(f"{told}, not changed"),))


def _ill(digest: Digest) -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = sorted(digest.failed, key=lambda run: -(run.ended_at or 0))
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"{words.ill(run)} {words.ago(run.ended_at, digest.now)}",
                f"after {words.length(run)}" if words.length(run) else "",
                words.last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    return Section("Failed", tuple(lines), folded=len(lines) > _OPEN)


def _in(run: Run, digest: Digest) -> str:
    return f"in {plain.name(run.experiment.name, words.LABEL)}" if len(digest.groups) > 1 else ""


def _dead(digest: Digest) -> Section:
    runs = [run for run in digest.running if run.run_id in digest.silences]
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"RUNNING, but silent for {times.duration(digest.silences[run.run_id])}",
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    return Section("Seems dead", tuple(lines), folded=len(lines) > _OPEN)


def _running(digest: Digest) -> Section:
    groups = {group.experiment.experiment_id: group for group in digest.groups}
    runs = [run for run in digest.running if run.run_id not in digest.silences]
    runs.sort(key=lambda run: -(run.started_at or 0))
    lines = [
        Line(
            words.joined(
                _in(run, digest),
                f"for {words.age(run, digest.now)}" if words.age(run, digest.now) else "",
                words.last_value(run, groups[run.experiment.experiment_id].by),
                _by(run),
            ),
            label,
        )
        for run, label in zip(runs, words.labels(runs), strict=True)
    ]
    return Section("Running", tuple(lines), folded=True)


def _finished(digest: Digest) -> Section:
    """The best few of each experiment, or the newest where none can be called best."""
    lines = []
    for group in digest.groups:
        if not group.finished:
            continue
        word = "best" if _first(group) else "newest"
        named = "; ".join(words.valued(run, group.by) for run in group.finished[:NAMED])
        left = len(group.finished) - NAMED
        more = f"; {left:,}{'+' if 'finished' in digest.cut else ''} more" if left > 0 else ""
        told = f"{word} {named}" if len(group.finished) > 1 else named
        lines.append(Line(f"{told}{more}", plain.name(group.experiment.name)))
    return Section("Finished", tuple(lines), folded=len(digest.groups) > 1)


def _who(digest: Digest) -> Section:
    """Who ran how many of what, most first."""
    runs = [*digest.finished, *digest.failed, *digest.running]
    counts = Counter(words.user(run) or "unknown" for run in runs)
    lines = []
    for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        own = [run for run in runs if (words.user(run) or "unknown") == name]
        where = [each for each, _ in Counter(run.experiment.name for run in own).most_common()]
        place = f" in {plain.listed(where, 3)}" if len(digest.groups) > 1 else ""
        more = " or more" if digest.cut else ""
        lines.append(Line(f"{plain.counted(count, 'run')}{more}{place}", name))
    return Section("Who ran what", tuple(lines), folded=True)


def _warnings(digest: Digest) -> tuple[str, ...]:
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
        found.append(f"MLflow did not tell the best of {plain.listed(digest.unanswered)} in time.")
    return tuple(found)


def _steps(digest: Digest, command: str) -> tuple[Step, ...]:
    if not digest.groups:
        return (Step("Further back", f"{command} standup 7d"),)
    new = next((group.best for group in digest.groups if group.best and group.best.is_new and group.best.before), None)
    if new and new.before:
        ids = f"{new.before.run_id[: words.SHORT]} vs {new.run.run_id[: words.SHORT]}"
        return (Step("What made the new best", f"{command} {ids}"),)
    return ()


def _links(digest: Digest, ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    found = [
        Link(
            f"Open {plain.name(group.experiment.name, 30)}",
            links.experiment_url(ui_url, group.experiment.experiment_id),
            f"experiment:{number}",
        )
        for number, group in enumerate(digest.groups[: words.OPENED])
    ]
    return tuple(found)


def _footnotes(digest: Digest) -> tuple[str, ...]:
    notes = []
    if len(digest.groups) == 1 and digest.groups[0].by is not None:
        notes.append(words.chosen(digest.groups[0].by))
    left = [group for group in digest.groups if group.best is None and _first(group)]
    if left and len(digest.groups) > 1:
        notes.append(
            f"Best so far was looked up in the {len(digest.groups) - len(left)} busiest experiments; elsewhere it is "
            "the best since then. Name one with in for more."
        )
    return tuple(filter(None, notes))


def _summary(report: Report) -> str:
    kept = [part for part in report.sections if part.title in ("New best", "Best so far", "Failed", "Seems dead")]
    lines = [
        f"{part.title}: "
        + "; ".join(f"{line.label}: {line.text}" if line.label else line.text for line in part.lines[:4])
        for part in kept
    ]
    return plain.cut("\n".join([f"{report.headline}.", *lines, *report.warnings[:1]]), 3_000)
