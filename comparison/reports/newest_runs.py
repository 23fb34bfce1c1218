"""The newest runs and the experiments there are, worded."""

from comparison.queries.newest_runs import KnownExperiments, NewestRuns
from comparison.report import Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.reports.headline import status_word
from comparison.reports.standup import (
    LABEL_CHARS,
    MAX_OPEN_BUTTONS,
    ago_words,
    among_words,
    last_cell,
    last_value,
    number_words,
    of_one,
    place_cells,
    run_labels,
    run_urls,
    scope_words,
    short_ids,
    spans_experiments,
    table_of_runs,
    user_name,
)
from comparison.reports.text import count_noun, cut_end, display_name, duration_words, with_links
from comparison.resolve.among import MOST_SIFTED
from comparison.runs import Run, Status
from comparison.tracking.mlflow_links import experiment_url, run_url

_TOLD = 5
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
    told = [
        f"{name}: {', '.join(filter(None, (status_word(run), _values(run, found))))}"
        for name, run in zip(names, found.runs, strict=True)
    ]
    more = [f"and {len(told) - _TOLD:,} more"] if len(told) > _TOLD else []
    ids = short_ids(found.runs[:2])
    which = "first" if found.order else "newest"
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *told[:_TOLD], *more]), 3_000),
        table=with_links(_table(found), run_urls(found.runs, ui_url)),
        warnings=_warnings(found),
        steps=(Step(f"Compare the {which} two", f"{command} {ids[1]} vs {ids[0]}", "pair"),) if len(ids) > 1 else (),
        links=tuple(
            Link(f"Open {name}", run_url(ui_url, run), f"run:{number}")
            for number, (name, run) in enumerate(zip(names[:MAX_OPEN_BUTTONS], found.runs, strict=False))
            if ui_url
        ),
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


def _warnings(found: NewestRuns) -> tuple[str, ...]:
    if found.is_partial:
        return (f"Only the newest {MOST_SIFTED:,} runs were looked at: MLflow cannot sort by how long a run took.",)
    if found.is_cut and not found.order:
        return (f"There are more: only the {len(found.runs)} newest are listed.",)
    return ()


def _table(found: NewestRuns) -> Table:
    several = spans_experiments(found.runs)
    cells = [
        (
            Cell(status_word(run)),
            last_cell(_values(run, found), "nothing"),
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


def _values(run: Run, found: NewestRuns) -> str:
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
