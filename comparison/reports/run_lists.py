"""Runs in lists, worded: one by itself, the best, what runs, what failed, the newest; and the experiments there are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.goals import goal_of
from comparison.judgement.numbers import NOTHING, RowDigits, format_row
from comparison.judgement.primary_metric import is_better, value_of
from comparison.judgement.result import Difference
from comparison.queries.run_lists import FailedRuns, KnownExperiments, NewestRuns, RankedRuns, RunDetails, RunningRuns
from comparison.report import Align, Cell, Column, Line, Link, Report, RunCard, Section, Step, Table
from comparison.reports.headline import run_card, status_word
from comparison.reports.tables import (
    LABEL_CHARS,
    MAX_OPEN_BUTTONS,
    SHORT_ID,
    TableRows,
    ago_words,
    among_words,
    finite,
    join_facts,
    last_cell,
    last_value,
    metric_source_words,
    moment_words,
    number_words,
    of_one,
    place_cells,
    run_age,
    run_labels,
    run_length,
    run_urls,
    scope_words,
    short_ids,
    spans_experiments,
    status_words,
    table_of_runs,
    user_name,
    when,
)
from comparison.reports.text import (
    NARROW_CHARS,
    VALUE_CHARS,
    count_noun,
    cut_end,
    date_words,
    display_name,
    display_names,
    display_value,
    distinct_labels,
    distinct_values,
    doubts,
    duration_words,
    join_names,
    shortened,
    with_links,
)
from comparison.resolve.scope import MOST_SIFTED, filter_words
from comparison.runs import Goal, Run, Status, milliseconds
from comparison.tracking.mlflow_links import compare_url, experiment_url, run_url

_TOLD = 5  # runs in the summary
_OPEN = 8  # lines of a part that stays open


def show_report(shown: RunDetails, *, who: bool = False, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """All that is known of a run; with `who` only whose it is and what it came from."""
    run = shown.side.runs[0]
    name = distinct_labels([shown.side.label], [run.run_id])[0]
    url = run_url(ui_url, run) if ui_url else ""
    card = run_card(shown.side, "Run", name, url=url, now=milliseconds(shown.now))
    headline = _who(run, name, shown.now) if who else _run_headline(shown, run, name)
    link = (Link(f"Open {name}", url, "run:0"),) if url else ()
    facts = _facts(run, shown.now)
    if who:
        steps = (Step("Everything", f"{command} show {run.run_id[:SHORT_ID]}"),)
        sections: tuple[Section, ...] = (Section("Run details", facts),)
        return Report(headline, _summary(headline, card, ()), sections=sections, steps=steps, links=link)
    sections = (
        _listed("Parameters", run.parameters),
        _listed("Tags", run.tags),
        _datasets(run),
        Section("Details", facts, folded=True),
    )
    warnings = _run_warnings(shown, run)
    if shown.part:
        wanted = tuple(replace(part, folded=False) for part in sections if part.title.casefold() == shown.part)
        lines = [f"{line.label}: {line.text}" if line.label else line.text for part in wanted for line in part.lines]
        part_headline = f"{name}: {shown.part}" if lines else f"{name} logged no {shown.part}"
        return Report(
            part_headline,
            cut_end("\n".join([f"{part_headline}.", *lines]), 3_000),
            sections=tuple(part for part in wanted if part.lines),
            warnings=warnings,
            links=link,
        )
    return Report(
        headline=headline,
        summary=_summary(headline, card, warnings),
        sides=(card,),
        table=_metrics_table(shown, run, name),
        sections=tuple(part for part in sections if part.lines),
        warnings=warnings,
        links=link,
    )


def _run_headline(shown: RunDetails, run: Run, name: str) -> str:
    value = named_values(run, shown.metrics) or last_value(run, shown.by)
    step = shown.at_step
    if step is None and len(shown.metrics) == 1 and shown.metrics[0] in run.metrics:
        step = run.metrics[shown.metrics[0]].step or None
    if step is not None and shown.metrics:
        value += f" at step {step:,}"
    state = "seems dead" if shown.silence is not None else status_word(run)
    return f"{name}: {state}" + (f", {value}" if value else ", no metrics logged")


def _who(run: Run, name: str, now: datetime) -> str:
    when = "" if run.started_at is None else f" {ago_words(run.started_at, now)}"
    if not user_name(run):
        return f"MLflow does not say who ran {name}{f', started{when}' if when else ''}"
    return f"{name}: run by {user_name(run)}{when}, {status_word(run)}"


def _metrics_table(shown: RunDetails, run: Run, name: str) -> Table | None:
    """The metric that counts first, then those whose goal is known, what the machine logged of itself last."""
    if not run.metrics:
        return None
    places = {name: place for place, name in enumerate(shown.metrics)}
    ordered = sorted(
        run.metrics,
        key=lambda each: (
            places.get(each, len(places)),
            shown.by is None or each != shown.by.metric,
            *_place(each),
        ),
    )
    labels = display_names(ordered)
    stepped = any(metric.step for metric in run.metrics.values())

    def row(number: int) -> tuple[Cell, ...]:
        metric = run.metrics[ordered[number]]
        return (
            Cell(labels[number]),
            Cell(number_words(metric.value), finite(metric.value)),
            *((Cell(f"{metric.step:,}", float(metric.step)),) if stepped else ()),
        )

    columns = (Column("Metric"), Column("Value", Align.RIGHT), *((Column("Step", Align.RIGHT),) if stepped else ()))
    return Table(f"Metrics of {name}", columns, TableRows(row, len(ordered)))


def _place(metric: str) -> tuple[bool, bool, str]:
    return metric.startswith("system/"), goal_of(metric) is Goal.UNKNOWN, metric


def _listed(title: str, values: Mapping[str, str]) -> Section:
    lines = tuple(Line(display_value(values[name]), display_name(name, VALUE_CHARS)) for name in sorted(values))
    return Section(title, lines, folded=len(lines) > _OPEN)


def _datasets(run: Run) -> Section:
    lines = tuple(
        Line(
            display_name(each.name) + (f" (digest {display_name(each.digest, 20)})" if each.digest else ""),
            display_name(each.context) if each.context else "",
        )
        for each in run.datasets
    )
    return Section("Datasets", lines)


def _facts(run: Run, now: datetime) -> tuple[Line, ...]:
    facts = (
        ("Experiment", display_name(run.experiment.name)),
        ("User", user_name(run)),
        ("Status", status_word(run)),
        ("Started", _at(run.started_at, now)),
        ("Ended", _at(run.ended_at, now) or ("not logged" if run.is_over else "")),
        ("Resumed", f"it had ended {_at(run.former_end, now)}" if run.former_end else ""),
        ("Took", run_length(run)),
        ("Source", display_value(run.source) if run.source else ""),
        ("Commit", display_name(run.commit[:10]) if run.commit else ""),
        ("Parent", display_name(run.parent_id) if run.parent_id else ""),
        ("Run", display_name(run.run_id)),
    )
    return tuple(Line(text, title) for title, text in facts if text)


def _at(ms: int | None, now: datetime) -> str:
    """In the time zone of the answer."""
    if ms is None:
        return ""
    try:
        moment = datetime.fromtimestamp(ms / 1000, now.tzinfo or UTC)
    except (OverflowError, OSError, ValueError):
        return date_words(ms)
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def _run_warnings(shown: RunDetails, run: Run) -> tuple[str, ...]:
    odd = [name for name, metric in run.metrics.items() if not math.isfinite(metric.value)]
    found = []
    if run.deleted:
        found.append("This run is deleted in MLflow.")
    if shown.silence is not None:
        found.append(f"It may be dead: RUNNING, but silent for {duration_words(shown.silence)}.")
    if run.status in (Status.FAILED, Status.KILLED):
        found.append(f"It {status_words(run)}; these are the last values before that.")
    if run.status is Status.PRUNED:
        found.append("Its search gave it up early; these are the last values before that.")
    found += doubts(run, milliseconds(shown.now))
    if odd:
        found.append(f"Not a finite number: {join_names(odd)}.")
    return tuple(found)


def _summary(headline: str, card: RunCard, warnings: tuple[str, ...]) -> str:
    return cut_end("\n".join([f"{headline}.", " · ".join(card.facts), *warnings[:1]]), 3_000)


# The best runs by a metric.


_PARAMETERS = 3  # told of each run


def top_report(ranked: RankedRuns, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The first as headline, then a row a run."""
    names = run_labels(ranked.runs)
    metric = display_name(ranked.by.metric, LABEL_CHARS)
    shown = format_row(*(value_of(run, ranked.by.metric) for run in ranked.runs))
    fitting = f" {display_name(filter_words(ranked.where), 86)}" if ranked.where else ""
    word = "Worst" if ranked.worst else "Best"
    own = "" if ranked.place.experiments else f" in {display_name(ranked.runs[0].experiment.name, LABEL_CHARS)}"
    among = among_words(ranked.words)
    alike = f"; the first {ranked.alike} are within noise of each other" if ranked.alike else ""
    headline = f"{word} {metric}{scope_words(ranked.place)}{among}{fitting}: {shown.values[0]}, {names[0]}{own}{alike}"
    lines = [
        f"{number}. {name} {value}" for number, (name, value) in enumerate(zip(names, shown.values, strict=True), 1)
    ]
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *lines[1:]]), 3_000),
        table=with_links(_ranking_table(ranked, shown, metric), run_urls(ranked.runs, ui_url)),
        warnings=_ranking_warnings(ranked, metric),
        steps=_steps(ranked, command),
        links=_links(ranked, names, ui_url),
        footnotes=tuple(filter(None, (metric_source_words(ranked.by), _noise_note(ranked)))),
    )


def _noise_note(ranked: RankedRuns) -> str:
    """How far runs must lie apart to be told apart, and who says so; "" where nobody knows."""
    if ranked.noise is None:
        return ""
    noise = ranked.noise.noise
    until = f" until {date_words(ranked.noise.at)}" if ranked.noise.at else ""
    return (
        f"Runs here must differ by {noise.least_difference():.3g} to tell: by earlier repeats "
        f"with {noise.df} degrees of freedom{until}."
    )


def _ranking_table(ranked: RankedRuns, shown: RowDigits, metric: str) -> Table:
    """What ranks and how far each is behind stand beside the name; then what differs, each parameter a column."""
    several = spans_experiments(ranked.runs)
    differing = _differing(ranked.runs)
    columns = (
        Column(metric, Align.RIGHT),
        Column("Behind #1", Align.RIGHT),
        *((Column("In"),) if several else ()),
        *(Column(display_name(name, LABEL_CHARS), Align.RIGHT) for name in ranked.metrics),
        *(
            Column(display_name(each.name, LABEL_CHARS), Align.RIGHT, short=display_name(each.name, NARROW_CHARS))
            for each in differing
        ),
        Column("By"),
    )
    values = [distinct_values(each.values) for each in differing]
    narrow = [shortened([value or NOTHING for value in each], NARROW_CHARS) for each in values]
    cells = [
        (
            Cell(shown.values[place], value_of(run, ranked.by.metric)),
            Cell(shown.differences[place - 1] if place else "–"),
            *place_cells(run, several=several),
            *(Cell(number_words(value_of(run, each)), value_of(run, each)) for each in ranked.metrics),
            *(Cell(each[place] or NOTHING, short=cut[place]) for each, cut in zip(values, narrow, strict=True)),
            Cell(", ".join(filter(None, (user_name(run), ago_words(run.started_at, ranked.now))))),
        )
        for place, run in enumerate(ranked.runs)
    ]
    return table_of_runs(f"Runs by {metric}", columns, ranked.runs, cells, ranked=True)


def _differing(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The parameters that are not the same in all, the likeliest to matter first."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    values = [Difference(name, tuple(run.parameters.get(name) for run in runs)) for name in names]
    changed = [each for each in values if len(set(each.values)) > 1]
    return tuple(sort_by_likelihood(tuple(changed))[:_PARAMETERS])


def _ranking_warnings(ranked: RankedRuns, metric: str) -> tuple[str, ...]:
    found = []
    if len(ranked.runs) < ranked.count:
        one = len(ranked.runs) == 1
        fit = f" that {'fits' if one else 'fit'}" if ranked.where else ""
        found.append(f"Only {count_noun(len(ranked.runs), 'run')}{fit} {'has' if one else 'have'} a finite {metric}.")
    unfinished = [run.name for run in ranked.runs if not run.is_over]
    if unfinished:
        found.append(f"{join_names(unfinished, 3)} {'has' if len(unfinished) == 1 else 'have'} not ended.")
    return tuple(found)


def _steps(ranked: RankedRuns, command: str) -> tuple[Step, ...]:
    if len(ranked.runs) < 2:
        return ()
    first, second = short_ids(ranked.runs[:2])
    return (Step("Compare the top two", f"{command} {second} vs {first}", "pair"),)


def _links(ranked: RankedRuns, names: Sequence[str], ui_url: str) -> tuple[Link, ...]:
    opened = _open_links(names, ranked.runs, ui_url)
    if not opened or len(ranked.runs) < 2:
        return opened
    return (*opened, Link("Compare in MLflow", compare_url(ui_url, ranked.runs), "compare"))


def _open_links(names: Sequence[str], runs: Sequence[Run], ui_url: str) -> tuple[Link, ...]:
    """The pages of the first runs in MLflow; none where no address is known."""
    if not ui_url:
        return ()
    return tuple(
        Link(f"Open {name}", run_url(ui_url, run), f"run:{number}")
        for number, (name, run) in enumerate(zip(names[:MAX_OPEN_BUTTONS], runs, strict=False))
    )


# What runs now.


_DEAD = "seems dead"


def running_report(found: RunningRuns, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """A row a run, the newest first: for how long, the last value, against the best at the same step, whose it is."""
    place = f"{scope_words(found.place)}{among_words(found.words)}"
    if not found.runs:
        text = f"Nothing is running{place}"
        folded = (_stale(found, ui_url),) if found.stale else ()
        summary = " ".join([f"{text}.", *(f"{part.note}." for part in folded)])
        return Report(
            text, summary, sections=folded, steps=(Step("The last one that ended", f"{command} show latest"),)
        )
    headline = _running_headline(found, place)
    names = run_labels(found.runs)
    lines = [
        join_facts(f"{name}, {_age(run, found)}", _value_logged(run, found), _against(run, found))
        for name, run in zip(names, found.runs, strict=True)
    ]
    left = len(lines) - _TOLD
    more = [f"and {left:,} more"] if left > 0 else []
    more += [f"{_stale(found).note}."] if found.stale else []
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *lines[:_TOLD], *more]), 3_000),
        table=with_links(_running_table(found), run_urls(found.runs, ui_url)),
        sections=(_stale(found, ui_url),) if found.stale else (),
        warnings=(f"Only the {len(found.runs) + len(found.stale)} newest were looked at.",) if found.is_cut else (),
        links=_open_links(names, found.runs, ui_url),
        footnotes=tuple(filter(None, (of_one(found.runs, found.place), *_footnotes(found)))),
    )


def _running_headline(found: RunningRuns, place: str) -> str:
    dead = sum(run.run_id in found.silences for run in found.runs)
    alive = len(found.runs) - dead
    more = " or more" if found.is_cut else ""
    if not alive:
        return f"Nothing is running{place}, but {count_noun(dead, 'run')}{more} {'seems' if dead == 1 else 'seem'} dead"
    headline = f"{count_noun(alive, 'run')}{more} {'is' if alive == 1 and not more else 'are'} running{place}"
    return f"{headline}, {dead} {'seems' if dead == 1 else 'seem'} dead" if dead else headline


def _stale(found: RunningRuns, ui_url: str = "") -> Section:
    """Runs that nobody has heard of for more than a week, folded; MLflow says of them that they run."""
    count = f"{count_noun(len(found.stale), 'run')}{' or more' if found.is_cut else ''}"
    lines = [
        Line(
            join_facts(
                f"in {display_name(run.experiment.name, LABEL_CHARS)}",
                f"silent for {duration_words(found.silences[run.run_id])}",
                f"by {user_name(run)}" if user_name(run) else "",
            ),
            name,
            links=((name, run_url(ui_url, run)),) if ui_url else (),
        )
        for name, run in zip(run_labels(found.stale), found.stale, strict=True)
    ]
    note = f"{count} besides {'says' if len(found.stale) == 1 else 'say'} RUNNING, silent for more than a week"
    return Section("Silent for more than a week", tuple(lines), note, folded=True)


def _running_table(found: RunningRuns) -> Table:
    """How each does against the best stands beside its name, then how far it is, where, and for how long."""
    several, paced = spans_experiments(found.runs), bool(found.paces)
    columns = (
        *((Column("Against the best", short="vs best"),) if paced else ()),
        Column("Last logged"),
        *((Column("In"),) if several else ()),
        Column("Running for"),
        Column("By"),
    )
    cells = [
        (
            *((Cell(_DEAD if run.run_id in found.silences else _against(run, found) or NOTHING),) if paced else ()),
            last_cell(_how_far(run, found, is_marked=paced), "nothing yet"),
            *place_cells(run, several=several),
            Cell(_age(run, found), None if run.started_at is None else -float(run.started_at)),
            Cell(user_name(run) or "unknown"),
        )
        for run in found.runs
    ]
    return table_of_runs("Runs that are running", columns, found.runs, cells)


def _how_far(run: Run, found: RunningRuns, *, is_marked: bool) -> str:
    """What it logged last; that it seems dead, where no cell beside its name says so."""
    last = _value_logged(run, found)
    is_dead = run.run_id in found.silences and not is_marked
    return ": ".join(filter(None, (_DEAD, last))) if is_dead else last


def _age(run: Run, found: RunningRuns) -> str:
    age = run_age(run, found.now) or "unknown"
    if run.former_end is not None:
        age += f", resumed: it had ended {ago_words(run.former_end, found.now)}"
    silence = found.silences.get(run.run_id)
    return age if silence is None else f"{age}, silent for {duration_words(silence)}: seems dead"


def _against(run: Run, found: RunningRuns) -> str:
    """`▲ +0.02 better` than the best run had at this step; "" where that cannot be told."""
    key = run.experiment.experiment_id
    by, pace = found.by.get(key), found.paces.get(key)
    own = run.metrics.get(by.metric) if by else None
    best = pace.at(own.step) if pace and own and own.step else None
    if by is None or own is None or best is None:
        return ""
    shown = format_row(best.value, own.value)
    if shown.differences[0] == NOTHING:
        return ""
    if own.value == best.value:
        return "same"
    arrow = "▲" if own.value > best.value else "▼"
    return f"{arrow} {shown.differences[0]} {'better' if is_better(own.value, best.value, by.goal) else 'worse'}"


def _footnotes(found: RunningRuns) -> tuple[str, ...]:
    names = [
        f"{display_name(pace.run.name, LABEL_CHARS)} ({display_name(by.metric, LABEL_CHARS)} "
        f"{number_words(pace.run.metrics[by.metric].value)}) in {display_name(pace.run.experiment.name, LABEL_CHARS)}"
        for key, pace in found.paces.items()
        if (by := found.by.get(key))
    ]
    return (f"Against the best run so far at the same step: {'; '.join(names)}.",) if names else ()


# Runs that failed.


def failed_report(failures: FailedRuns, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """A row a run: when, how long it ran, what it logged last, whose it is."""
    begin = f"{scope_words(failures.place)}{among_words(failures.words)} since {moment_words(failures.since)}"
    if not failures.runs:
        text = f"Nothing failed{begin}"
        pruned = _pruned(failures)
        summary = " ".join([f"{text}.", *pruned])
        steps = (Step("Further back", f"{command} {failures.further}"),) if failures.further else ()
        return Report(text, summary, footnotes=pruned, steps=steps)
    count = count_noun(len(failures.runs), "run")
    headline = f"{count}{' or more' if failures.is_cut else ''} failed{begin}"
    names = run_labels(failures.runs)
    lines = [f"{name} {_when(run, failures)}" for name, run in zip(names, failures.runs, strict=True)]
    left = len(lines) - _TOLD
    more = [f"and {left:,} more"] if left > 0 else []
    return Report(
        headline=headline,
        summary=cut_end(f"{headline}: {'; '.join([*lines[:_TOLD], *more])}.", 3_000),
        table=with_links(_failed_table(failures), run_urls(failures.runs, ui_url)),
        warnings=(f"Only the {len(failures.runs)} last to end are shown.",) if failures.is_cut else (),
        links=_open_links(names, failures.runs, ui_url),
        footnotes=tuple(filter(None, (of_one(failures.runs, failures.place), *_pruned(failures)))),
    )


def _pruned(failures: FailedRuns) -> tuple[str, ...]:
    """Trials that are not listed, and why."""
    if not failures.pruned:
        return ()
    count = f"{count_noun(failures.pruned, 'trial')}{' or more' if failures.is_cut else ''}"
    return (f"Besides, {count} {'was' if failures.pruned == 1 else 'were'} pruned: given up early by the search.",)


def _when(run: Run, failures: FailedRuns) -> str:
    return f"{status_words(run)} {when(run, failures.now)}"


def _failed_table(failures: FailedRuns) -> Table:
    """When each failed and how far it had come stand beside its name."""
    several = spans_experiments(failures.runs)
    columns = ("When", "Last logged", *(("In",) if several else ()), "Ran for", "By")
    cells = [
        (
            Cell(
                _when(run, failures),
                float(run.over_at) or None,
                short=_when(run, failures).removeprefix("failed ").removeprefix("was "),
            ),
            last_cell(
                _value_logged(run, failures),
                "nothing",
            ),
            *place_cells(run, several=several),
            Cell(run_length(run) or "unknown"),
            Cell(user_name(run) or "unknown"),
        )
        for run in failures.runs
    ]
    return table_of_runs("Runs that failed or were killed", tuple(map(Column, columns)), failures.runs, cells)


# The newest runs and the experiments there are.


MOST_EXPERIMENTS = 50


def newest_runs_report(found: NewestRuns, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """A row a run, the newest first: how it stands, what it logged, whose it is."""
    place = f"{scope_words(found.place)}{among_words(found.words)}"
    if not found.runs:
        text = f"There are no runs{place}"
        return Report(text, f"{text}.", steps=(Step("The experiments there are", f"{command} list experiments"),))
    count = count_noun(len(found.runs), "run")
    headline = f"The newest {count}{place}" if found.is_cut else f"{count}{place}"
    names = run_labels(found.runs)
    if found.order:
        headline = _ordered_headline(found, names[0], place)
    lines = [
        f"{name}: {', '.join(filter(None, (status_word(run), _value_logged(run, found))))}"
        for name, run in zip(names, found.runs, strict=True)
    ]
    more = [f"and {len(lines) - _TOLD:,} more"] if len(lines) > _TOLD else []
    ids = short_ids(found.runs[:2])
    which = "first" if found.order else "newest"
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *lines[:_TOLD], *more]), 3_000),
        table=with_links(_newest_table(found), run_urls(found.runs, ui_url)),
        warnings=_newest_warnings(found),
        steps=(Step(f"Compare the {which} two", f"{command} {ids[1]} vs {ids[0]}", "pair"),) if len(ids) > 1 else (),
        links=_open_links(names, found.runs, ui_url),
        footnotes=tuple(filter(None, (of_one(found.runs, found.place),))),
    )


def _ordered_headline(found: NewestRuns, name: str, place: str) -> str:
    """`bert-large took the longest of the runs in churn: 4 h`."""
    first = found.runs[0]
    if found.order == "oldest":
        started = ago_words(first.started_at, found.now)
        return f"{name} is the oldest of the runs{place}: started {started or 'at an unknown time'}"
    length = f"{duration_words(found.took[first.run_id])}{'' if first.is_over else ' so far'}"
    if found.order == "longest":
        return f"{name} took the longest of the runs{place}: {length}"
    finished = "finished " if all(run.status is Status.FINISHED for run in found.runs) else ""
    return f"{name} took the least time of the {finished}runs{place}: {length}"


def _newest_warnings(found: NewestRuns) -> tuple[str, ...]:
    if found.is_partial:
        return (f"Only the newest {MOST_SIFTED:,} runs were looked at: MLflow cannot sort by how long a run took.",)
    if found.is_cut and not found.order:
        return (f"There are more: only the {len(found.runs)} newest are listed.",)
    return ()


def _newest_table(found: NewestRuns) -> Table:
    several = spans_experiments(found.runs)
    cells = [
        (
            Cell(status_word(run)),
            last_cell(_value_logged(run, found), "nothing"),
            *place_cells(run, several=several),
            *([_took_cell(run, found)] if found.took else []),
            Cell(ago_words(run.started_at, found.now) or "unknown", float(run.started_at or 0) or None),
            Cell(user_name(run) or "unknown"),
        )
        for run in found.runs
    ]
    took = ("Took",) if found.took else ()
    columns = ("Status", "Logged", *(("In",) if several else ()), *took, "Started", "By")
    return table_of_runs("Runs", tuple(map(Column, columns)), found.runs, cells)


def _took_cell(run: Run, found: NewestRuns) -> Cell:
    length = found.took.get(run.run_id)
    return Cell("unknown") if length is None else Cell(duration_words(length), float(length))


def _value_logged(run: Run, found: RunningRuns | FailedRuns | NewestRuns) -> str:
    """The metrics that were asked for, else the one that the runs of its experiment are judged by."""
    return named_values(run, found.metrics) or last_value(run, found.by.get(run.experiment.experiment_id))


def named_values(run: Run, metrics: tuple[str, ...]) -> str:
    """`auc 0.93, loss 0.1`: the values of these metrics, as far as the run logged them."""
    return ", ".join(
        f"{display_name(name, LABEL_CHARS)} {number_words(run.metrics[name].value)}"
        for name in metrics
        if name in run.metrics
    )


def experiments_report(found: KnownExperiments, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """Their names, the last changed first."""
    if not found.experiments:
        text = "The bot sees no experiment on this MLflow server"
        return Report(text, f"{text}.")
    headline = count_noun(len(found.experiments), "experiment")
    shown = found.experiments[:MOST_EXPERIMENTS]
    names = [display_name(each.name, LABEL_CHARS) for each in shown]
    lines = tuple(
        Line(
            "the channel's experiment" if each.name == found.of_channel else f"id {each.experiment_id}",
            name,
            links=((name, experiment_url(ui_url, each.experiment_id)),) if ui_url else (),
        )
        for each, name in zip(shown, names, strict=True)
    )
    left = len(found.experiments) - len(shown)
    return Report(
        headline=headline,
        summary=cut_end(f"{headline}: {', '.join(names)}{f' and {left:,} more' if left else ''}.", 3_000),
        sections=(Section("Experiments, the last changed first", lines),),
        warnings=(f"Only the {len(shown)} last changed are listed.",) if left else (),
        steps=(Step("What happened in all of them", f"{command} standup"),),
    )
