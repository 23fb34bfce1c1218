"""What runs now, worded."""

from comparison import digits, links
from comparison.quick.primary import is_better
from comparison.quick.racing import Field
from comparison.report import Cell, Column, Line, Link, Report, Section, Step, Table
from comparison.runs import Run
from comparison.wording import plain, times
from comparison.wording import quick_words as words

_TOLD = 5


def running_report(found: Field, *, ui_url: str = "", command: str = "/mlcompare") -> Report:
    """A row a run, the newest first: for how long, the last value, against the best at the same step, whose it is."""
    place = words.where(found.place)
    if not found.runs:
        text = f"Nothing is running{place}"
        folded = (_stale(found),) if found.stale else ()
        summary = " ".join([f"{text}.", *(f"{part.note}." for part in folded)])
        return Report(
            text, summary, sections=folded, steps=(Step("The last one that ended", f"{command} show latest"),)
        )
    headline = _headline(found, place)
    names = words.labels(found.runs)
    told = [
        words.joined(f"{name}, {_age(run, found)}", _last(run, found), _against(run, found))
        for name, run in zip(names, found.runs, strict=True)
    ]
    left = len(told) - _TOLD
    more = [f"and {left:,} more"] if left > 0 else []
    more += [f"{_stale(found).note}."] if found.stale else []
    return Report(
        headline=headline,
        summary=plain.cut("\n".join([f"{headline}.", *told[:_TOLD], *more]), 3_000),
        table=_table(found, names),
        sections=(_stale(found),) if found.stale else (),
        warnings=(f"Only the {len(found.runs) + len(found.stale)} newest were looked at.",) if found.is_cut else (),
        links=tuple(
            Link(f"Open {name}", links.run_url(ui_url, run), f"run:{number}")
            for number, (name, run) in enumerate(zip(names[: words.OPENED], found.runs, strict=False))
            if ui_url
        ),
        footnotes=tuple(filter(None, (words.of_one(found.runs, found.place), *_footnotes(found)))),
    )


def _headline(found: Field, place: str) -> str:
    dead = sum(run.run_id in found.silences for run in found.runs)
    alive = len(found.runs) - dead
    more = " or more" if found.is_cut else ""
    told = f"{plain.counted(alive, 'run')}{more} {'is' if alive == 1 and not more else 'are'} running{place}"
    return f"{told}, {dead} {'seems' if dead == 1 else 'seem'} dead" if dead else told


def _stale(found: Field) -> Section:
    """Those that nobody has heard of for more than a week, folded; MLflow says of them that they run."""
    count = f"{plain.counted(len(found.stale), 'run')}{' or more' if found.is_cut else ''}"
    lines = [
        Line(
            words.joined(
                f"in {plain.name(run.experiment.name, words.LABEL)}",
                f"silent for {times.duration(found.silences[run.run_id])}",
                f"by {words.user(run)}" if words.user(run) else "",
            ),
            name,
        )
        for name, run in zip(words.labels(found.stale), found.stale, strict=True)
    ]
    note = f"{count} besides {'says' if len(found.stale) == 1 else 'say'} RUNNING, silent for more than a week"
    return Section("Silent for more than a week", tuple(lines), note, folded=True)


def _table(found: Field, names: tuple[str, ...]) -> Table:
    several = words.spanning(found.runs)
    paced = bool(found.paces)
    columns = ("Run", "Running for", "Last logged", *(("Against the best",) if paced else ()), "By")
    rows = tuple(
        (
            Cell(f"{name} in {plain.name(run.experiment.name, words.LABEL)}" if several else name),
            Cell(_age(run, found), None if run.started_at is None else -float(run.started_at)),
            Cell(_last(run, found) or "nothing yet"),
            *((Cell(_against(run, found)),) if paced else ()),
            Cell(words.user(run) or "unknown"),
        )
        for name, run in zip(names, found.runs, strict=True)
    )
    return Table("Runs that are running", tuple(map(Column, columns)), rows)


def _age(run: Run, found: Field) -> str:
    told = words.age(run, found.now) or "unknown"
    if run.former_end is not None:
        told += f", resumed: it had ended {words.ago(run.former_end, found.now)}"
    silence = found.silences.get(run.run_id)
    return told if silence is None else f"{told}, silent for {times.duration(silence)}: seems dead"


def _last(run: Run, found: Field) -> str:
    return words.last_value(run, found.by.get(run.experiment.experiment_id))


def _against(run: Run, found: Field) -> str:
    """`▲ +0.02 better` than the best run had at this step; "" where that cannot be told."""
    key = run.experiment.experiment_id
    by, pace = found.by.get(key), found.paces.get(key)
    own = run.metrics.get(by.metric) if by else None
    held = pace.at(own.step) if pace and own and own.step else None
    if by is None or own is None or held is None:
        return ""
    shown = digits.row(held.value, own.value)
    if shown.differences[0] == digits.NOTHING:
        return ""
    if own.value == held.value:
        return "same"
    arrow = "▲" if own.value > held.value else "▼"
    return f"{arrow} {shown.differences[0]} {'better' if is_better(own.value, held.value, by.goal) else 'worse'}"


def _footnotes(found: Field) -> tuple[str, ...]:
    told = [
        f"{plain.name(pace.run.name, words.LABEL)} ({plain.name(by.metric, words.LABEL)} "
        f"{words.number(pace.run.metrics[by.metric].value)}) in {plain.name(pace.run.experiment.name, words.LABEL)}"
        for key, pace in found.paces.items()
        if (by := found.by.get(key))
    ]
    return (f"Against the best run so far at the same step: {'; '.join(told)}.",) if told else ()
