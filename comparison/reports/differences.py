"""What differs besides the metrics: parameters, tags, datasets, and the facts MLflow keeps of every run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.result import CaveatCode, Comparison, DatasetComparison, Difference, Differences
from comparison.report import Line, Section
from comparison.reports.headline import is_known
from comparison.reports.metric_table import ROWS_OF_METRICS
from comparison.reports.text import (
    VALUE_CHARS,
    date_words,
    display_name,
    display_value,
    duration_words,
    join_names,
    told_apart,
)
from comparison.runs import Dataset, Run

NOT_LOGGED_LINE = "not logged"
LATEST = 4_102_444_800_000  # ms since the epoch, the year 2100: later moments are no dates that can be drawn
_PAIR = 2
_FEW_VALUES = 3  # of one side, that are listed
_Fact = Callable[[Run], str]


def comparison_sections(comparison: Comparison, labels: tuple[str, ...], *, everything: bool) -> tuple[Section, ...]:
    """What changed, then folded what is seldom asked for; with `everything` also what is the same."""
    are_many = len(comparison.sides) > ROWS_OF_METRICS
    differ = any(warning.code is CaveatCode.DATASETS_DIFFER for warning in comparison.warnings)
    parts = (
        _changed("Parameters", _of_groups(comparison), labels, folded=are_many, inline=not are_many),
        _changed("Tags", comparison.tags, labels, folded=True) if comparison.tags.changed else None,
        datasets_section(comparison.datasets, labels) if everything or not differ else None,
        _same("Unchanged parameters", comparison.parameters.same) if everything else None,
        _same("Unchanged tags", comparison.tags.same) if everything else None,
        _details(comparison, labels),
    )
    return tuple(part for part in parts if part is not None)


def _of_groups(comparison: Comparison) -> Differences:
    """The parameters; of a side of several runs that have many values each how many, and from where to where."""
    groups = [len(side.runs) > 1 for side in comparison.sides]
    if not any(groups):
        return comparison.parameters
    changed = [
        replace(
            each,
            values=tuple(_spread(value) if many else value for value, many in zip(each.values, groups, strict=True)),
        )
        for each in comparison.parameters.changed
    ]
    return replace(comparison.parameters, changed=tuple(changed))


def _spread(value: str | None) -> str | None:
    """`22 values, 0.0001 to 0.1`; a few values as they are."""
    values = value.split(" | ") if value else []
    if len(values) <= _FEW_VALUES:
        return value
    try:
        numbers = sorted(map(float, values))
    except ValueError:
        return f"{len(values)} values"
    return f"{len(values)} values, {numbers[0]:.3g} to {numbers[-1]:.3g}"


def changed_line(difference: Difference, labels: tuple[str, ...]) -> Line:
    """`C: 1.0 → 0.5`, `only in B: dropout = 0.1`, with several candidates `C: 1.0 → 0.5 in B, 0.1 in C`."""
    values = told_apart(difference.values)
    name = display_name(difference.name, VALUE_CHARS)
    having = [label for label, value in zip(labels, values, strict=True) if value is not None]
    told = {value for value in values if value is not None}
    if len(having) < len(labels) and len(told) == 1:
        return Line(f"{name} = {told.pop()}", f"only in {join_names(having)}")
    return Line(across(values, labels), name)


def across(values: Sequence[str | None], labels: tuple[str, ...]) -> str:
    """A value a side, baseline first: `1.0 → 0.5`; of more sides by value: `1.0: A, D · 0.5: B, C`."""
    words = [NOT_LOGGED_LINE if value is None else value for value in values]
    if len(values) == _PAIR:
        return f"{words[0]} → {words[1]}"
    holders: dict[str, list[str]] = {}
    for value, label in zip(words, labels, strict=True):
        holders.setdefault(value, []).append(label)
    return " · ".join(f"{value}: {join_names(who)}" for value, who in holders.items())


def _changed(
    title: str, differences: Differences, labels: tuple[str, ...], *, folded: bool = False, inline: bool = False
) -> Section | None:
    count = differences.same_count
    ordered = sort_by_likelihood(differences.changed)
    if ordered:
        note = f"{count:,} {'other' if count == 1 else 'others'} unchanged" if count else ""
        lines = tuple(changed_line(each, labels) for each in ordered)
        return Section(title, lines, note, folded=folded, inline=inline)
    if not count:
        return None
    noun = title.lower().removesuffix("s") if count == 1 else title.lower()
    told = f"{'the' if count == 1 else 'all'} {count:,} {noun} unchanged"
    return Section(title, (Line(told),), folded=folded, inline=inline)


def _same(title: str, same: Mapping[str, str] | None) -> Section | None:
    lines = tuple(Line(display_value(text), display_name(name, VALUE_CHARS)) for name, text in (same or {}).items())
    return Section(title, lines, folded=True) if lines else None


def datasets_section(datasets: tuple[DatasetComparison, ...], labels: tuple[str, ...]) -> Section | None:
    """The datasets of each role, and whether their digests are the same."""
    lines = tuple(
        Line(_dataset_text(each, labels), display_name(each.context) if each.context else "") for each in datasets
    )
    return Section("Datasets", lines, folded=True) if lines else None


def _dataset_text(compared: DatasetComparison, labels: tuple[str, ...]) -> str:
    named = [_named(side) or "none logged" for side in compared.sides]
    digests = "same digest" if compared.same_digest else "digests differ"
    if len(set(named)) == 1:
        return f"{named[0]}, {digests}"
    return across(named, labels) + (f", {digests}" if all(compared.sides) else "")


def _named(datasets: Iterable[Dataset]) -> str:
    unique = dict.fromkeys((display_name(each.name), display_name(each.digest, 20)) for each in datasets)
    return " and ".join(f"{name} ({digest})" for name, digest in unique)


def _details(comparison: Comparison, labels: tuple[str, ...]) -> Section | None:
    facts: tuple[tuple[str, _Fact], ...] = (
        ("Experiment", lambda run: display_name(run.experiment.name)),
        ("User", lambda run: display_name(run.user) if is_known(run.user) else ""),
        ("Source", lambda run: display_value(run.source) if run.source else ""),
        ("Commit", lambda run: display_name(run.commit[:10]) if run.commit else ""),
        ("Started", lambda run: "" if run.started_at is None else date_words(run.started_at)),
        ("Duration", _duration),
        ("Run", lambda run: display_name(run.run_id)),
    )
    lines = tuple(line for title, fact in facts if (line := _fact_line(title, fact, comparison, labels)) is not None)
    starts = [run.started_at for side in comparison.sides for run in side.runs if run.started_at is not None]
    moments = tuple((date_words(at), at) for at in dict.fromkeys(starts) if 0 < at < LATEST)
    lines = tuple(replace(line, moments=moments) if line.label == "Started" else line for line in lines)
    return Section("Details", lines, folded=True) if lines else None


def _fact_line(title: str, fact: _Fact, comparison: Comparison, labels: tuple[str, ...]) -> Line | None:
    values = [join_names(list(dict.fromkeys(map(fact, side.runs))), limit=3) for side in comparison.sides]
    told = [None if value in ("", "(no name)") else value for value in values]
    if not any(told):
        return None
    if len(set(told)) == 1:
        return Line(f"{told[0]} (all the same)" if len(told) > _PAIR else f"{told[0]} (both)", title)
    return Line(across(["unknown" if value is None else value for value in told], labels), title)


def _duration(run: Run) -> str:
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return ""
    return duration_words(run.ended_at - run.started_at)
