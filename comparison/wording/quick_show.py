"""One run by itself, worded."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from comparison import links
from comparison.goals import goal_of
from comparison.quick.showing import Shown
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.runs import Goal, Run, Status
from comparison.wording import cards, plain, times
from comparison.wording import quick_words as words
from comparison.wording.table import Rows, finite

_OPEN = 8  # lines of a part that stays open


def show_report(shown: Shown, *, who: bool = False, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """All that is known of a run; with `who` only whose it is and what it came from."""
    run = shown.side.runs[0]
    name = plain.distinct([shown.side.label], [run.run_id])[0]
    url = links.run_url(ui_url, run) if ui_url else ""
    card = cards.card(shown.side, "Run", name, url=url, now=words.milliseconds(shown.now))
    headline = _who(run, name, shown.now) if who else _headline(shown, run, name)
    link = (Link(f"Open {name}", url, "run:0"),) if url else ()
    facts = _facts(run, shown.now)
    if who:
        steps = (Step("All of it", f"{command} show {run.run_id[: words.SHORT]}"),)
        sections: tuple[Section, ...] = (Section("Run", facts),)
        return Report(headline, _summary(headline, card, ()), sections=sections, steps=steps, links=link)
    sections = (
        _listed("Parameters", run.parameters),
        _listed("Tags", run.tags),
        _datasets(run),
        Section("Details", facts, folded=True),
    )
    warnings = _warnings(shown, run)
    return Report(
        headline=headline,
        summary=_summary(headline, card, warnings),
        sides=(card,),
        table=_table(shown, run, name),
        sections=tuple(part for part in sections if part.lines),
        warnings=warnings,
        links=link,
    )


def _headline(shown: Shown, run: Run, name: str) -> str:
    value = words.last_value(run, shown.by)
    told = "seems dead" if shown.silence is not None else cards.standing(run)
    return f"{name}: {told}" + (f", {value}" if value else ", no metrics logged")


def _who(run: Run, name: str, now: datetime) -> str:
    when = "" if run.started_at is None else f" {words.ago(run.started_at, now)}"
    if not words.user(run):
        return f"MLflow does not say who ran {name}{f', started{when}' if when else ''}"
    return f"{words.user(run)} ran {name}{f', started{when}' if when else ''}, {cards.standing(run)}"


def _table(shown: Shown, run: Run, name: str) -> Table | None:
    """The metric that counts first, then those whose goal is known, what the machine logged of itself last."""
    if not run.metrics:
        return None
    ordered = sorted(run.metrics, key=lambda each: (shown.by is None or each != shown.by.metric, *_place(each)))
    labels = plain.names(ordered)
    stepped = any(held.step for held in run.metrics.values())

    def row(number: int) -> tuple[Cell, ...]:
        held = run.metrics[ordered[number]]
        return (
            Cell(labels[number]),
            Cell(words.number(held.value), finite(held.value)),
            *((Cell(f"{held.step:,}", float(held.step)),) if stepped else ()),
        )

    columns = (Column("Metric"), Column("Value", Align.RIGHT), *((Column("Step", Align.RIGHT),) if stepped else ()))
    return Table(f"Metrics of {name}", columns, Rows(row, len(ordered)))


def _place(metric: str) -> tuple[bool, bool, str]:
    return metric.startswith("system/"), goal_of(metric) is Goal.UNKNOWN, metric


def _listed(title: str, held: Mapping[str, str]) -> Section:
    lines = tuple(Line(plain.value(held[name]), plain.name(name, plain.VALUE)) for name in sorted(held))
    return Section(title, lines, folded=len(lines) > _OPEN)


def _datasets(run: Run) -> Section:
    lines = tuple(
        Line(
            plain.name(each.name) + (f" (digest {plain.name(each.digest, 20)})" if each.digest else ""),
            plain.name(each.context) if each.context else "",
        )
        for each in run.datasets
    )
    return Section("Datasets", lines)


def _facts(run: Run, now: datetime) -> tuple[Line, ...]:
    facts = (
        ("Experiment", plain.name(run.experiment.name)),
        ("User", words.user(run)),
        ("Status", cards.standing(run)),
        ("Started", _at(run.started_at, now)),
        ("Ended", _at(run.ended_at, now) or ("not logged" if run.is_over else "")),
        ("Resumed", f"it had ended {_at(run.former_end, now)}" if run.former_end else ""),
        ("Took", words.length(run)),
        ("Source", plain.value(run.source) if run.source else ""),
        ("Commit", plain.name(run.commit[:10]) if run.commit else ""),
        ("Parent", plain.name(run.parent_id) if run.parent_id else ""),
        ("Run", plain.name(run.run_id)),
    )
    return tuple(Line(text, title) for title, text in facts if text)


def _at(ms: int | None, now: datetime) -> str:
    """In the time zone of the answer."""
    if ms is None:
        return ""
    try:
        moment = datetime.fromtimestamp(ms / 1000, now.tzinfo or UTC)
    except (OverflowError, OSError, ValueError):
        return times.date(ms)
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def _warnings(shown: Shown, run: Run) -> tuple[str, ...]:
    odd = [name for name, held in run.metrics.items() if not math.isfinite(held.value)]
    found = []
    if run.deleted:
        found.append("This run is deleted in MLflow.")
    if shown.silence is not None:
        found.append(f"It may be dead: RUNNING, but silent for {times.duration(shown.silence)}.")
    if run.status in (Status.FAILED, Status.KILLED):
        found.append(f"It {words.ill(run)}: its values are those it had logged by then.")
    if run.status is Status.PRUNED:
        found.append("It was pruned: its search gave it up early, with the values it had logged by then.")
    found += times.doubts(run, words.milliseconds(shown.now))
    if odd:
        found.append(f"Not a finite number: {plain.listed(odd)}.")
    return tuple(found)


def _summary(headline: str, card: RunCard, warnings: tuple[str, ...]) -> str:
    return plain.cut("\n".join([f"{headline}.", " · ".join(card.facts), *warnings[:1]]), 3_000)
