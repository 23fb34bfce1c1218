"""What differs besides the metrics: parameters, tags, datasets, and the facts MLflow keeps; and what of it matters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from comparison.judgement.differences import Likelihood, likelihood, sort_by_likelihood
from comparison.judgement.result import CaveatCode, Comparison, DatasetComparison, Difference, Differences
from comparison.report import Line, Report, Section
from comparison.reports.headline import FIT, is_known, side_labels
from comparison.reports.tables import ROWS_OF_METRICS, run_length
from comparison.reports.text import (
    VALUE_CHARS,
    count_noun,
    cut_end,
    date_words,
    display_name,
    display_value,
    distinct_values,
    join_names,
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
    values = distinct_values(difference.values)
    name = display_name(difference.name, VALUE_CHARS)
    having = [label for label, value in zip(labels, values, strict=True) if value is not None]
    distinct = {value for value in values if value is not None}
    if len(having) < len(labels) and len(distinct) == 1:
        return Line(f"{name} = {distinct.pop()}", f"only in {join_names(having)}")
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
    text = f"{'the' if count == 1 else 'all'} {count:,} {noun} unchanged"
    return Section(title, (Line(text),), folded=folded, inline=inline)


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
        ("Duration", run_length),
        ("Run", lambda run: display_name(run.run_id)),
    )
    lines = tuple(line for title, fact in facts if (line := _fact_line(title, fact, comparison, labels)) is not None)
    starts = [run.started_at for side in comparison.sides for run in side.runs if run.started_at is not None]
    moments = tuple((date_words(at), at) for at in dict.fromkeys(starts) if 0 < at < LATEST)
    lines = tuple(replace(line, moments=moments) if line.label == "Started" else line for line in lines)
    return Section("Details", lines, folded=True) if lines else None


def _fact_line(title: str, fact: _Fact, comparison: Comparison, labels: tuple[str, ...]) -> Line | None:
    values = [join_names(list(dict.fromkeys(map(fact, side.runs))), limit=3) for side in comparison.sides]
    texts = [None if value in ("", "(no name)") else value for value in values]
    if not any(texts):
        return None
    if len(set(texts)) == 1:
        return Line(f"{texts[0]} (all the same)" if len(texts) > _PAIR else f"{texts[0]} (both)", title)
    return Line(across(["unknown" if value is None else value for value in texts], labels), title)


# What changed, in order of how likely it is to matter; and single parts of a comparison by themselves.


METRICS = 3  # of the table, told in a line each
TOLD = 3  # of each kind, in the summary
_ENVIRONMENT = (Likelihood.SURROUNDINGS, Likelihood.CHANCE)
_NO_PARTS = {
    "parameters": "No parameters were logged.",
    "tags": "No tags differ, and none are shared.",
    "datasets": "No datasets were logged.",
    "details": "Nothing is known of these runs but their metrics.",
}
_TITLES = {
    "parameters": ("Parameters", "Unchanged parameters"),
    "tags": ("Tags", "Unchanged tags"),
    "datasets": ("Datasets",),
    "details": ("Details",),
}


def reasons_report(comparison: Comparison, report: Report) -> Report:
    """The report with what changed first: parameters, code, data, tags, environment; of the metrics a few lines."""
    labels = side_labels(comparison, FIT)
    parts = [
        Section(
            "Parameters",
            _lines(sort_by_likelihood(comparison.parameters.changed), labels),
            _others_unchanged(comparison),
        ),
        Section("Code", _code(comparison, labels)),
        *_data(comparison, labels),
        *_tags(comparison, labels),
    ]
    changed = [part for part in parts if part.lines]
    headline = _headline(changed, labels)
    metrics = _metrics(report)
    unchanged = _unchanged(comparison, changed)
    return replace(
        report,
        headline=headline,
        summary="\n".join(
            [f"{headline}.", *(_in_short(part) for part in changed), f"{report.headline}.", *_url(report)]
        ),
        table=None,
        sections=(
            *changed,
            *unchanged,
            *metrics,
            *(part for part in report.sections if part.folded and part.title == "Details"),
        ),
        steps=(),
    )


def part_report(comparison: Comparison, report: Report, name: str) -> Report:
    """One part by itself: "metrics", "parameters", "tags", "datasets" or "details".

    `report` was worded with `everything`.
    """
    if name == "metrics":
        return replace(report, sections=(), steps=())
    labels = side_labels(comparison, FIT)
    sections = [replace(each, folded=False) for each in report.sections if each.title in _TITLES[name]]
    if name == "parameters" and comparison.parameters.changed:
        ordered = _lines(sort_by_likelihood(comparison.parameters.changed), labels)
        sections = [replace(each, lines=ordered) if each.title == "Parameters" else each for each in sections]
    headline = f"{name.capitalize()} of {join_names(labels, limit=4)}"
    lines = [f"{line.label}: {line.text}" if line.label else line.text for each in sections for line in each.lines]
    texts = lines or [_NO_PARTS[name]]
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *texts]), 3_000),
        sections=tuple(sections) or (Section(name.capitalize(), (Line(_NO_PARTS[name]),)),),
        links=report.links,
    )


def _lines(differences: Sequence[Difference], labels: tuple[str, ...]) -> tuple[Line, ...]:
    return tuple(changed_line(each, labels) for each in differences)


def _others_unchanged(comparison: Comparison) -> str:
    count = comparison.parameters.same_count
    return f"{count:,} {'other' if count == 1 else 'others'} unchanged" if count else ""


def _code(comparison: Comparison, labels: tuple[str, ...]) -> tuple[Line, ...]:
    facts: tuple[tuple[str, Callable[[Run], str]], ...] = (
        ("Commit", lambda run: run.commit[:10]),
        ("Source", lambda run: run.source),
    )
    found = []
    for title, fact in facts:
        values = [_of_side(side.runs, fact) for side in comparison.sides]
        if len(set(values)) > 1 and any(values):
            found.append(Line(across([value or "unknown" for value in values], labels), title))
    return tuple(found)


def _of_side(runs: Sequence[Run], fact: Callable[[Run], str]) -> str:
    values = dict.fromkeys(map(fact, runs))
    return join_names([display_value(each) for each in values if each], limit=3)


def _data(comparison: Comparison, labels: tuple[str, ...]) -> list[Section]:
    """The datasets where they differ."""
    differ = any(not each.same_digest or len(set(each.sides)) > 1 for each in comparison.datasets)
    found = datasets_section(comparison.datasets, labels) if differ else None
    return [replace(found, folded=False)] if found else []


def _tags(comparison: Comparison, labels: tuple[str, ...]) -> list[Section]:
    """What tells of the surroundings comes by itself, last."""
    ordered = sort_by_likelihood(comparison.tags.changed)
    around = [each for each in ordered if likelihood(each.name) in _ENVIRONMENT]
    others = [each for each in ordered if likelihood(each.name) not in _ENVIRONMENT]
    return [Section("Tags", _lines(others, labels)), Section("Environment", _lines(around, labels))]


def _headline(changed: Sequence[Section], labels: Sequence[str]) -> str:
    counts = [_counted(part) for part in changed]
    between = f"{labels[0]} → {labels[1]}" if len(labels) == 2 else join_names(labels, limit=4)
    if not counts:
        return f"{between}: nothing that was logged changed but the metrics"
    listed = " and ".join([", ".join(counts[:-1]), counts[-1]]) if len(counts) > 1 else counts[0]
    return f"{between}: {listed} changed"


def _counted(part: Section) -> str:
    count = len(part.lines)
    return {
        "Parameters": count_noun(count, "parameter"),
        "Code": "the code" if any(line.label == "Commit" for line in part.lines) else "the source",
        "Datasets": "the data",
        "Tags": count_noun(count, "tag"),
        "Environment": "the environment",
    }[part.title]


def _unchanged(comparison: Comparison, changed: Sequence[Section]) -> tuple[Section, ...]:
    """What is known to be the same, of what people look for first."""
    titles = {part.title for part in changed}
    commits = {run.commit for side in comparison.sides for run in side.runs}
    same = []
    if "Parameters" not in titles and comparison.parameters.same_count:
        same.append(Line("Same parameters."))
    if "Code" not in titles and len(commits) == 1 and "" not in commits:
        same.append(Line("Same commit."))
    return (Section("Not changed", tuple(same)),) if same else ()


def _metrics(report: Report) -> tuple[Section, ...]:
    """The headline, then the first rows of the table that it does not say, a line each."""
    if report.table is None or not report.table.rows:
        return ()
    columns = [column.title for column in report.table.columns[1:]]
    two = columns[:1] == ["Change"]
    lines = []
    is_said = f"{report.table.rows[0][0].text} {report.table.rows[0][-1].text} → " in report.headline
    for row in report.table.rows[is_said:METRICS]:
        texts = [cell.text for cell in row[1:]]
        several = " · ".join(f"{title} {text}" for title, text in zip(columns, texts, strict=False))
        lines.append(Line(f"{texts[2]} → {texts[1]} ({texts[0]})" if two else several, row[0].text))
    left = len(report.table.rows) - len(lines) - is_said
    return (Section("Metrics", (Line(report.headline), *lines), f"{left:,} more" if left else ""),)


def _in_short(part: Section) -> str:
    texts = [f"{line.label}: {line.text}" if line.label else line.text for line in part.lines[:TOLD]]
    left = len(part.lines) - len(texts)
    return cut_end(f"{part.title}: {'; '.join(texts)}" + (f"; {left:,} more." if left else "."), 600)


def _url(report: Report) -> list[str]:
    return [link.url for link in report.links if link.key == "compare" and len(link.url) < 1_000]
