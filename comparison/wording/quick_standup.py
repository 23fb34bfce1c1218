"""A standup, worded: the counts, the news, what went wrong; the rest folded away."""

from dataclasses import replace

from comparison import links
from comparison.outcome import GoalSource
from comparison.quick.primary import Primary, value_of
from comparison.quick.standup import Digest, Group
from comparison.report import Cell, Column, Link, Report, Step, Table
from comparison.runs import Goal, Run
from comparison.wording import plain
from comparison.wording import quick_parts as parts
from comparison.wording import quick_words as words


def standup_report(digest: Digest, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """One message: counts, a row an experiment, new bests, failures and what seems dead; details folded."""
    sections = (
        parts.new_bests(digest),
        parts.best_so_far(digest),
        parts.ill(digest),
        parts.dead(digest),
        parts.running(digest),
        parts.finished(digest),
        parts.who(digest),
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
    begin = f"{words.where(digest.place)} since {words.clock(digest.since)}"
    if not digest.groups:
        return f"Nothing ended{begin}, and nothing is running"
    told = [f"{_count(digest, 'finished')} finished", f"{_count(digest, 'failed')} failed"]
    if digest.pruned:
        told.append(f"{len(digest.pruned):,}{' or more' if 'failed' in digest.cut else ''} pruned")
    alive = len(digest.running) - len(digest.silences)
    told.append(f"{alive}{' or more' if 'running' in digest.cut else ''} running")
    if digest.silences:
        told.append(f"{len(digest.silences)} {'seems' if len(digest.silences) == 1 else 'seem'} dead")
    return f"{', '.join(told)}{begin}"


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
    first = parts.first(group)
    return f"{_valued(first, group.by)} (since then)" if first and group.by else "not known"


def _valued(run: Run, by: Primary) -> str:
    """`accuracy 0.97 run-a`."""
    metric = plain.name(by.metric, 24)
    return f"{metric} {words.number(value_of(run, by.metric))}, {plain.name(run.name, 24)}"


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
        old, better = words.short_ids([new.before, new.run])
        return (Step("What made the new best", f"{command} {old} vs {better}"),)
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
    elif assumed := _assumed(digest):
        notes.append(assumed)
    left = [group for group in digest.groups if group.best is None and parts.first(group)]
    if left and len(digest.groups) > 1:
        notes.append(
            f"Best so far was looked up in the {len(digest.groups) - len(left)} busiest experiments; elsewhere it is "
            "the best since then. Name one with in for more."
        )
    return tuple(filter(None, notes))


def _assumed(digest: Digest) -> str:
    """Goals taken from names, with the way to say otherwise."""
    by = [group.by for group in digest.groups if group.by and group.by.goal_source is GoalSource.NAME]
    told = [
        f"{goal.value} is better for {plain.listed(names)}"
        for goal in (Goal.HIGHER, Goal.LOWER)
        if (names := list(dict.fromkeys(each.metric for each in by if each.goal is goal)))
    ]
    if not told:
        return ""
    opposite = Goal.LOWER if by[0].goal is Goal.HIGHER else Goal.HIGHER
    example = f"set goal {plain.name(by[0].metric, words.LABEL)} {opposite.value}"
    return f"Assumed from the names: {'; '.join(told)}. To say otherwise: {example}."


def _summary(report: Report) -> str:
    kept = [part for part in report.sections if part.title in ("New best", "Best so far", "Failed", "Seems dead")]
    lines = [
        f"{part.title}: "
        + "; ".join(f"{line.label}: {line.text}" if line.label else line.text for line in part.lines[:4])
        for part in kept
    ]
    return plain.cut("\n".join([f"{report.headline}.", *lines, *report.warnings[:1]]), 3_000)
