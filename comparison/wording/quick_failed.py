"""Runs that failed, worded."""

from comparison import links
from comparison.quick.failing import Failures
from comparison.report import Cell, Column, Link, Report, Step, Table
from comparison.runs import Run
from comparison.wording import plain
from comparison.wording import quick_words as words

_TOLD = 5


def failed_report(failures: Failures, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """A row a run: when, how long it ran, what it logged last, whose it is."""
    begin = f"{words.where(failures.place)} since {words.clock(failures.since)}"
    if not failures.runs:
        text = f"Nothing failed{begin}"
        pruned = _pruned(failures)
        summary = " ".join([f"{text}.", *pruned])
        return Report(text, summary, footnotes=pruned, steps=(Step("Further back", f"{command} failed since 7d"),))
    count = plain.counted(len(failures.runs), "run")
    headline = f"{count}{' or more' if failures.is_cut else ''} failed{begin}"
    names = words.labels(failures.runs)
    told = [f"{name} {_when(run, failures)}" for name, run in zip(names, failures.runs, strict=True)]
    left = len(told) - _TOLD
    more = [f"and {left:,} more"] if left > 0 else []
    return Report(
        headline=headline,
        summary=plain.cut(f"{headline}: {'; '.join([*told[:_TOLD], *more])}.", 3_000),
        table=_table(failures, names),
        warnings=(f"Only the {len(failures.runs)} last to end are shown.",) if failures.is_cut else (),
        links=tuple(
            Link(f"Open {name}", links.run_url(ui_url, run), f"run:{number}")
            for number, (name, run) in enumerate(zip(names[: words.OPENED], failures.runs, strict=False))
            if ui_url
        ),
        footnotes=tuple(filter(None, (words.of_one(failures.runs, failures.place), *_pruned(failures)))),
    )


def _pruned(failures: Failures) -> tuple[str, ...]:
    """Trials that are not listed, and why."""
    if not failures.pruned:
        return ()
    count = f"{plain.counted(failures.pruned, 'trial')}{' or more' if failures.is_cut else ''}"
    return (f"Besides, {count} {'was' if failures.pruned == 1 else 'were'} pruned: given up early by the search.",)


def _when(run: Run, failures: Failures) -> str:
    return f"{words.ill(run)} {words.when(run, failures.now)}"


def _table(failures: Failures, names: tuple[str, ...]) -> Table:
    several = words.spanning(failures.runs)
    columns = ("Run", "When", "Ran for", "Last logged", "By")
    rows = tuple(
        (
            Cell(f"{name} in {plain.name(run.experiment.name, words.LABEL)}" if several else name),
            Cell(_when(run, failures), float(run.over_at) or None),
            Cell(words.length(run) or "unknown"),
            Cell(words.last_value(run, failures.by.get(run.experiment.experiment_id)) or "nothing"),
            Cell(words.user(run) or "unknown"),
        )
        for name, run in zip(names, failures.runs, strict=True)
    )
    return Table("Runs that failed or were killed", tuple(map(Column, columns)), rows)
