"""A sweep, worded: its best, what matters, where the best lies, and what to do next."""

import math
from collections.abc import Sequence
from dataclasses import replace

from comparison.judgement.numbers import format_row
from comparison.judgement.result import GoalSource
from comparison.queries.sweeps import LooseTrials, SweepAnswer, SweepKind
from comparison.report import Align, Cell, Chart, Column, Line, Lines, Link, Panel, Report, Section, Series, Step, Table
from comparison.reports.tables import LABEL_CHARS, MAX_OPEN_BUTTONS, finite, run_cells, run_urls, short_ids
from comparison.reports.text import (
    NARROW_CHARS,
    count_noun,
    cut_end,
    display_name,
    display_value,
    join_names,
    with_links,
)
from comparison.runs import Goal, Status
from comparison.sweeps import FEWEST, Edge, Findings, Front, Parameter, Region, Share, Trial
from comparison.tracking.mlflow_links import experiment_url, run_url
from comparison.trends import curve_of, sparkline

BARS = 10  # signs of a bar
_TOP = 5
_OPEN = 3  # parameters that matter, as a message shows them
_SHOWN = 6  # parameters in a picture
_COLUMNS = 5  # differing parameters in the table
_WORDS = ((0.85, "nearly all"), (0.6, "about two thirds"), (0.4, "about half"), (0.25, "about a third"), (0.0, "some"))


def sweep_report(answer: SweepAnswer, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The answer in a few lines, the best-so-far as a chart, the parameters against the metric as a picture."""
    name = display_name(answer.name, LABEL_CHARS)
    if answer.findings is None:
        return _without(answer, name, command)
    found = answer.findings
    metric = display_name(answer.metrics[0], LABEL_CHARS)
    headline = _headline(answer, found, metric) if answer.front is None else _front_headline(answer, answer.front)
    matters, besides = _matters(answer, found)
    edges = _edges(found) if answer.front is None else []
    where = [*_region_lines(found), *(_edges(found) if answer.front else [])]
    more = (*_gain(answer, found), *besides, *where, *_spent(found))
    steps = _steps(answer, found, command)
    of = f" for {metric}" if answer.front is not None else ""
    sections = [
        Section(f"What matters{of}", (*matters, *edges)),
        Section(f"Sweep {name}", more, folded=True),
    ]
    warnings = _warnings(answer)
    table = _linked_table(answer, found, answer.front.trials if answer.front else found.ranked[:_TOP], ui_url)
    trials = _trials_told(table, 2 if answer.front else 1)
    trials += [f"{line.label}: {line.text}" if line.label else line.text for part in sections for line in part.lines]
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *trials, *warnings]), 3_000),
        table=table,
        sections=tuple(sections),
        warnings=warnings,
        steps=steps,
        links=_links(answer, found, ui_url),
        footnotes=_footnotes(answer),
        charts=_charts(found, metric, headline) if answer.front is None else _front_charts(answer, found, headline),
    )


def loose_report(loose: LooseTrials) -> Report:
    """The question whether runs are one sweep, with what makes them look like one."""
    name = display_name(loose.experiment.name, LABEL_CHARS)
    headline = f"Are these {len(loose.runs):,} runs of {name} one sweep?"
    names = [display_name(each, LABEL_CHARS) for each in loose.parameters]
    commit = f"of one commit ({loose.commit[:8]})" if loose.commit else "without a commit"
    lines = (
        Line(f"{commit}, begun within a day, and they differ in {join_names(names)} alone.", "For it"),
        Line("no parent run, and no search says so.", "Against it"),
    )
    summary = "\n".join([headline, *(f"{line.label}: {line.text}" for line in lines)])
    return Report(headline, summary, sections=(Section("Why I ask", lines),))


def _without(answer: SweepAnswer, name: str, command: str) -> Report:
    if Goal.UNKNOWN in answer.goals:
        metric = answer.metrics[answer.goals.index(Goal.UNKNOWN)]
        typed = metric if metric.replace("_", "").isalnum() else f'"{metric}"'
        text = f"Sweep {name}: which way {display_name(metric, LABEL_CHARS)} is better is not known"
        return Report(text, f"{text}.", steps=(Step("To say it", f"{command} set goal {typed} lower"),))
    text = f"Sweep {name}: no trial finished with a value of {display_name(answer.metrics[0], LABEL_CHARS)}"
    return Report(text, f"{text}. {_counts(answer)}.", sections=(Section("Trials", (Line(_counts(answer)),)),))


def _headline(answer: SweepAnswer, found: Findings, metric: str) -> str:
    best = answer.by_key[found.best.key]
    values = format_row(found.first.values[0], found.best.values[0])
    lead = f"{display_name(best.name, LABEL_CHARS)} is the best of {count_noun(len(found.trials), 'trial')}: "
    lead += f"{metric} {values.values[1]}"
    if found.first.key != found.best.key:
        change = values.changes[0]
        lead += f" ({change if change.endswith('%') else values.differences[0]} over the first trial)"
    return lead


def _front_headline(answer: SweepAnswer, front: Front) -> str:
    """`8 trials trade accuracy against latency_ms; the best compromise is trial-7: 0.93, 41`."""
    names = [display_name(each, LABEL_CHARS) for each in answer.metrics[:2]]
    who = [display_name(answer.by_key[trial.key].name, LABEL_CHARS) for trial in front.trials]
    if front.total == 1:
        return f"{who[0]} is the best in both {names[0]} and {names[1]}"
    if front.knee is None:
        return (
            f"{front.total} trials trade {names[0]} against {names[1]}: {who[0]} has the best {names[0]}, "
            f"{who[-1]} the best {names[1]}"
        )
    knee = front.trials[front.knee]
    values = [format_row(value).values[0] for value in knee.values[:2]]
    return (
        f"{front.total} trials trade {names[0]} against {names[1]}; the best compromise is {who[front.knee]}: "
        f"{names[0]} {values[0]}, {names[1]} {values[1]}"
    )


def _gain(answer: SweepAnswer, found: Findings) -> list[Line]:
    parts = []
    if found.within_noise is not None:
        are = "is" if found.within_noise == 1 else "are"
        parts.append(
            f"{found.within_noise} of {len(found.trials)} {are} within noise of the best, by {found.repeats} repeats"
        )
    elif len(found.ranked) > _TOP:
        values = format_row(found.best.values[0], found.ranked[_TOP - 1].values[0])
        parts.append(
            f"The first {_TOP} lie within {values.differences[0].lstrip('+-')}; noise is not known without repeats"
        )
    counts = _counts(answer)
    return [Line(". ".join(filter(None, [counts, *parts])) + ".", "Trials")]


def _counts(answer: SweepAnswer) -> str:
    words = {
        Status.FINISHED: "finished",
        Status.PRUNED: "pruned",
        Status.FAILED: "failed",
        Status.KILLED: "killed",
        Status.RUNNING: "running",
        Status.SCHEDULED: "waiting",
    }
    counts = answer.counts or {}
    return ", ".join(f"{counts[status]:,} {word}" for status, word in words.items() if counts.get(status))


def _matters(answer: SweepAnswer, found: Findings) -> tuple[list[Line], list[Line]]:
    """What a message shows of the parameters, and what stands with the details."""
    importance = found.importance
    if why := _why_untold(answer, found):
        return [Line(why)], []
    lines = [Line(_bar(each), display_name(each.name, LABEL_CHARS)) for each in importance.telling[:_SHOWN]]
    rest = [display_name(each.name, LABEL_CHARS) for each in importance.shares if not each.is_apart]
    chance = [Line(join_names(rest, 3), "Not told apart from chance")] if rest else []
    explained = next(word for least, word in _WORDS if (importance.explained or 0.0) >= least)
    together = Line(f"together they explain {explained} of the differences.", "All parameters")
    acting = []
    if importance.pair:
        pair = importance.pair
        names = [display_name(each, LABEL_CHARS) for each in (pair.first, pair.second)]
        acting.append(Line(f"{names[0]} and {names[1]} act together ({pair.share:.0%}).".replace("%", " %")))
    return [*lines[:_OPEN], *chance], [*lines[_OPEN:], together, *acting]


def _why_untold(answer: SweepAnswer, found: Findings) -> str:
    """Why nothing can be said of the parameters; "" where something can."""
    n = len(found.trials)
    if answer.kind is SweepKind.SELECTED:
        return "Cannot be told: this search logs its best trials alone."
    if not found.parameters:
        return "No parameter differs between the trials."
    if len(found.parameters) == 1:
        return f"Only {display_name(found.parameters[0].name, LABEL_CHARS)} differs."
    if not found.importance.telling:
        why = f"; it takes {FEWEST} at least" if n < FEWEST else ""
        return f"Cannot tell which parameter matters with {count_noun(n, 'trial')}{why}."
    return ""


def brief_lines(answer: SweepAnswer) -> tuple[Line, ...]:
    """What matters and what to widen, in at most two lines; nothing where no trial can be judged."""
    found = answer.findings
    if found is None or answer.kind is SweepKind.SELECTED or len(found.parameters) < 2:
        return ()
    shares = [
        f"{display_name(each.name, LABEL_CHARS)} {each.share:.0%}".replace("%", " %")
        for each in found.importance.telling[:3]
    ]
    text = ", ".join(shares) or f"cannot be told with {count_noun(len(found.trials), 'trial')}"
    edges = [Line(_edge(edge), "At the edge") for edge in found.edges[:1]]
    return (Line(text, "What matters"), *edges)


def _bar(share: Share) -> str:
    full = max(1, round(share.share * BARS))
    low, high = (
        f"{each:.0%}".removesuffix("%") for each in (min(share.low, share.share), max(share.high, share.share))
    )
    return f"{'▇' * full}{'▁' * (BARS - full)} {share.share:.0%}".replace("%", " %") + f" ({low} to {high})"


def _region_lines(found: Findings) -> list[Line]:
    return [Line("; ".join(map(_region, found.regions[:3])) + ".", "Best region")] if found.regions else []


def _edges(found: Findings) -> list[Line]:
    return [Line(" ".join(map(_edge, found.edges[:3])), "At the edge")] if found.edges else []


def _region(region: Region) -> str:
    name = display_name(region.name, LABEL_CHARS)
    if region.levels:
        return f"{name} {join_names(region.levels)}"
    return f"{name} {region.low}" if region.low == region.high else f"{name} {region.low} to {region.high}"


def _edge(edge: Edge) -> str:
    which = "largest" if edge.is_high else "smallest"
    where = f"is the {which} tried" if edge.value == edge.end else f"is near the {which} of the range ({edge.end})"
    return f"The best {display_name(edge.name, LABEL_CHARS)} ({edge.value}) {where}: widen it."


def _spent(found: Findings) -> list[Line]:
    n = len(found.trials)
    return [Line(f"no gain in the last {found.stalled} of {n} trials.", "Search")] if found.stalled else []


def _steps(answer: SweepAnswer, found: Findings, command: str) -> tuple[Step, ...]:
    steps = []
    runs = [answer.by_key[trial.key] for trial in found.ranked[:3]]
    if not found.repeats and len(runs) == 3:
        steps.append(Step(f"Repeat the top 3 with 3 seeds each: the best of {len(found.trials)} is partly luck"))
    if len(runs) > 1:
        first, second = short_ids(runs[:2])
        steps.append(Step("Compare the best two", f"{command} {second} vs {first}", "pair"))
    return tuple(steps)


def _linked_table(answer: SweepAnswer, found: Findings, trials: Sequence[Trial], ui_url: str) -> Table:
    runs = [answer.by_key[trial.key] for trial in trials]
    return with_links(_table(answer, found, trials), run_urls(runs, ui_url))


def _trials_told(table: Table, metrics: int) -> list[str]:
    """The rows of the table in words: `trial-7: val_accuracy 0.93 · latency_ms 41`."""
    titles = [column.title for column in table.columns[1 : metrics + 1]]
    return [
        f"{row[0].text}: {' · '.join(f'{title} {cell.text}' for title, cell in zip(titles, row[1:], strict=False))}"
        for row in table.rows
    ]


def _table(answer: SweepAnswer, found: Findings, trials: Sequence[Trial]) -> Table:
    """A row a trial: the best ones, or what can be had of two metrics, then the parameters that differ."""
    front = answer.front
    shares = {each.name: each.share for each in found.importance.telling}
    ordered = sorted(found.parameters, key=lambda each: (-shares.get(each.name, 0.0), each.name))[:_COLUMNS]
    names = [display_name(each, LABEL_CHARS) for each in answer.metrics[: 2 if front else 1]]
    values = [format_row(*[trial.values[at] for trial in trials]).values for at in range(len(names))]
    cells = run_cells([answer.by_key[trial.key] for trial in trials])
    rows = tuple(
        (
            _marked(cells[place]) if front and front.knee == place else cells[place],
            *(Cell(each[place], finite(trial.values[at])) for at, each in enumerate(values)),
            *(Cell(_parameter(trial.parameters.get(each.name))) for each in ordered),
        )
        for place, trial in enumerate(trials)
    )
    more = len(found.parameters) - len(ordered)
    notes = [f"{count_noun(more, 'more parameter')} {'differs' if more == 1 else 'differ'}"] if more else []
    caption = f"The best {len(trials)} trials"
    if front:
        caption = f"Trials that no other beats in both {names[0]} and {names[1]}"
        left = front.total - len(trials)
        notes.insert(0, f"No trial beats one of these in both{f'; {left:,} more like them' if left else ''}")
    return Table(
        caption,
        (
            Column("Trial"),
            *(Column(name, Align.RIGHT) for name in names),
            *(Column(display_name(each.name, 24), short=display_name(each.name, NARROW_CHARS)) for each in ordered),
        ),
        rows,
        ". ".join(notes),
    )


def _marked(cell: Cell) -> Cell:
    return replace(cell, text=f"{cell.text} (best compromise)", short=f"⚖️ {cell.short}")


def _parameter(text: str | None) -> str:
    """A parameter as it was logged; a number to four digits."""
    if text is None:
        return "–"
    try:
        return f"{float(text):.4g}" if len(text) > 8 else display_value(text)
    except ValueError:
        return display_value(text)


def _warnings(answer: SweepAnswer) -> tuple[str, ...]:
    sentences = []
    if answer.kind is SweepKind.LOOSE:
        sentences.append(
            f"Nothing says that these {len(answer.runs):,} runs are one sweep: they are of one commit, of one day, "
            "and differ in few parameters. Name a parent run if another is meant."
        )
    if answer.kind is SweepKind.SELECTED:
        sentences.append("Only the best few trials were logged, so nothing follows for the parameters or the spread.")
    if answer.is_cut:
        sentences.append(f"Only the newest {len(answer.runs):,} trials were looked at.")
    return tuple(sentences)


def _links(answer: SweepAnswer, found: Findings, ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    best = answer.by_key[found.best.key]
    home: tuple[Link, ...] = (
        (Link("Open the sweep", run_url(ui_url, answer.parent), "sweep"),)
        if answer.parent
        else (Link("Open the experiment", experiment_url(ui_url, best.experiment.experiment_id), "experiment"),)
    )
    return (*home, Link("Open the best", run_url(ui_url, best), "run:0"))[:MAX_OPEN_BUTTONS]


def _footnotes(answer: SweepAnswer) -> tuple[str, ...]:
    sentences = [
        f"{display_name(name, LABEL_CHARS)}: {goal.value} is better, by its name."
        for name, goal, source in zip(answer.metrics, answer.goals, answer.goal_sources, strict=True)
        if source is GoalSource.NAME
    ]
    return tuple(sentences)


# The pictures


def _charts(found: Findings, metric: str, headline: str) -> tuple[Chart, ...]:
    if len(found.trials) < 3:
        return ()
    so_far = _so_far(found, metric, headline)
    shares = {each.name: each.share for each in found.importance.telling}
    ordered = sorted(found.parameters, key=lambda each: (-shares.get(each.name, 0.0), each.name))[:_SHOWN]
    if not ordered:
        return (so_far,)
    panels = tuple(_panel(each, found, metric, shares.get(each.name)) for each in ordered)
    text = "; ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in shares.items())
    conclusion = cut_end(f"{headline}. {f'What matters: {text}' if text else 'Cannot tell what matters'}.", 1_900)
    against = Chart(f"{metric} against each parameter", conclusion, panels, folded=True)
    return (so_far, against)


def _front_charts(answer: SweepAnswer, found: Findings, headline: str) -> tuple[Chart, ...]:
    """All trials by both metrics with the front as a line and its knee, then the parameters against the first."""
    front = answer.front
    runs = [answer.by_key[trial.key] for trial in found.trials]
    both = [tuple(run.metrics[name].value for name in answer.metrics[:2] if name in run.metrics) for run in runs]
    points = [each for each in both if len(each) == 2 and all(map(math.isfinite, each))]
    if front is None or not points:
        return _charts(found, display_name(answer.metrics[0], LABEL_CHARS), headline)
    names = [display_name(each, LABEL_CHARS) for each in answer.metrics[:2]]
    knee = None if front.knee is None else front.trials[front.knee].values[:2]
    ordered = sorted(trial.values[:2] for trial in front.trials)
    trials = Series("trials", [x for x, _y in points], [y for _x, y in points], is_dots=True)
    line = Series("no trial is better in both", [x for x, _y in ordered], [y for _x, y in ordered], mark=knee)  # type: ignore[arg-type]
    panel = Panel(f"{names[0]} against {names[1]}", names[0], names[1], (trials, line))
    title = cut_end(f"{names[1]} against {names[0]}", 50)
    others = _charts(found, names[0], headline)[1:]
    return (Chart(title, headline, (panel,), folded=True), *others)


def _so_far(found: Findings, metric: str, headline: str) -> Chart:
    n = len(found.best_so_far)
    x = list(range(1, n + 1))
    series = Series("best so far", x, found.best_so_far, is_steps=True)
    each = Series("trials", x, [trial.values[0] for trial in found.trials], is_dots=True)
    ends = [round(n * (at + 1) / 20) - 1 for at in range(20)] if n > 20 else list(range(n))
    lines = Lines(tuple(str(at + 1) for at in ends), (("best so far", tuple(found.best_so_far[at] for at in ends)),))
    spark = sparkline(curve_of(x, found.best_so_far))
    first, last = format_row(found.best_so_far[0], found.best_so_far[-1]).values
    panel = Panel("Best so far", "trial", metric, (each, series))
    plain = (Line(f"{spark} first {first} · best {last}"),)
    return Chart(f"Best {metric} so far"[:50], headline, (panel,), lines, plain, folded=True)


def _panel(parameter: Parameter, found: Findings, metric: str, share: float | None) -> Panel:
    x = [10**code if parameter.is_log else float(code) for code in parameter.codes]
    y = [trial.values[0] for trial in found.trials]
    best = next(at for at, trial in enumerate(found.trials) if trial.key == found.best.key)
    title = display_name(parameter.name, LABEL_CHARS) + (f" ({share:.0%})".replace("%", " %") if share else "")
    dots = Series("trials", x, y, mark=(x[best], y[best]), is_dots=True)
    ticks = tuple(level or "not set" for level in parameter.levels)
    name = display_name(parameter.name, LABEL_CHARS)
    return Panel(title, name, metric, (dots,), is_log_x=parameter.is_log and min(x) > 0, ticks=ticks)
