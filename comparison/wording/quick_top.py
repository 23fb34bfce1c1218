"""The best runs by a metric, worded."""

from collections.abc import Sequence

from comparison import digits, links
from comparison.likelihood import by_likelihood
from comparison.outcome import Difference
from comparison.quick.primary import value_of
from comparison.quick.ranking import Ranked
from comparison.report import Align, Cell, Column, Link, Report, Step, Table
from comparison.runs import Run
from comparison.wording import plain
from comparison.wording import quick_words as words

_PARAMETERS = 3  # told of each run
_VALUE = 24  # characters of one


def top_report(ranked: Ranked, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """The first as headline, then a row a run."""
    names = words.labels(ranked.runs)
    metric = plain.name(ranked.by.metric, words.LABEL)
    shown = digits.row(*(value_of(run, ranked.by.metric) for run in ranked.runs))
    fitting = f" where {plain.name(ranked.where, 80)}" if ranked.where else ""
    word = "Worst" if ranked.worst else "Best"
    own = "" if ranked.place.experiments else f" in {plain.name(ranked.runs[0].experiment.name, words.LABEL)}"
    headline = f"{word} {metric}{words.where(ranked.place)}{fitting}: {shown.values[0]}, {names[0]}{own}"
    told = [
        f"{number}. {name} {value}" for number, (name, value) in enumerate(zip(names, shown.values, strict=True), 1)
    ]
    return Report(
        headline=headline,
        summary=plain.cut("\n".join([f"{headline}.", *told[1:]]), 3_000),
        table=_table(ranked, names, shown, metric),
        warnings=_warnings(ranked, metric),
        steps=_steps(ranked, command),
        links=_links(ranked, names, ui_url),
        footnotes=tuple(filter(None, (words.chosen(ranked.by),))),
    )


def _table(ranked: Ranked, names: Sequence[str], shown: digits.RowDigits, metric: str) -> Table:
    several = words.spanning(ranked.runs)
    differing = _differing(ranked.runs)
    columns = (
        Column("Run"),
        Column(metric, Align.RIGHT),
        Column("To the first", Align.RIGHT),
        *((Column("Differs in"),) if differing else ()),
        Column("By"),
    )
    rows = []
    for place, run in enumerate(ranked.runs):
        where = f" in {plain.name(run.experiment.name, words.LABEL)}" if several else ""
        rows.append(
            (
                Cell(f"{place + 1}. {names[place]}{where}"),
                Cell(shown.values[place], value_of(run, ranked.by.metric)),
                Cell(shown.differences[place - 1] if place else "–"),
                *((Cell(_parameters(run, differing)),) if differing else ()),
                Cell(", ".join(filter(None, (words.user(run), words.ago(run.started_at, ranked.now))))),
            )
        )
    return Table(f"Runs by {metric}", columns, tuple(rows))


def _differing(runs: Sequence[Run]) -> tuple[str, ...]:
    """The parameters that are not the same in all, the likeliest to matter first."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    values = [Difference(name, tuple(run.parameters.get(name) for run in runs)) for name in names]
    changed = [each for each in values if len(set(each.values)) > 1]
    return tuple(each.name for each in by_likelihood(tuple(changed))[:_PARAMETERS])


def _parameters(run: Run, names: Sequence[str]) -> str:
    held = [(name, run.parameters[name]) for name in names if name in run.parameters]
    return ", ".join(f"{plain.name(name, _VALUE)} {plain.value(value, _VALUE)}" for name, value in held)


def _warnings(ranked: Ranked, metric: str) -> tuple[str, ...]:
    found = []
    if len(ranked.runs) < ranked.count:
        one = len(ranked.runs) == 1
        fit = f" that {'fits' if one else 'fit'}" if ranked.where else ""
        found.append(
            f"Only {plain.counted(len(ranked.runs), 'run')}{fit} {'has' if one else 'have'} a finite {metric}."
        )
    unfinished = [run.name for run in ranked.runs if not run.is_over]
    if unfinished:
        found.append(f"{plain.listed(unfinished, 3)} {'has' if len(unfinished) == 1 else 'have'} not ended.")
    return tuple(found)


def _steps(ranked: Ranked, command: str) -> tuple[Step, ...]:
    if len(ranked.runs) < 2:
        return ()
    first, second = words.short_ids(ranked.runs[:2])
    return (Step("What sets the first two apart", f"{command} {second} vs {first}"),)


def _links(ranked: Ranked, names: Sequence[str], ui_url: str) -> tuple[Link, ...]:
    if not ui_url:
        return ()
    opened = [
        Link(f"Open {name}", links.run_url(ui_url, run), f"run:{number}")
        for number, (name, run) in enumerate(zip(names[: words.OPENED], ranked.runs, strict=False))
    ]
    if len(ranked.runs) < 2:
        return tuple(opened)
    return (*opened, Link("Compare in MLflow", links.compare_url(ui_url, ranked.runs), "compare"))
