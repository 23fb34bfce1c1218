"""What changed between runs, in order of how likely it is to matter; and single parts of a comparison by themselves."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from comparison.judgement.differences import Likelihood, likelihood, sort_by_likelihood
from comparison.judgement.result import Comparison, Difference
from comparison.report import Line, Report, Section
from comparison.reports.differences import across, changed_line, datasets_section
from comparison.reports.headline import FIT, side_labels
from comparison.reports.text import count_noun, cut_end, display_value, join_names
from comparison.runs import Run

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
        Section("Parameters", _lines(sort_by_likelihood(comparison.parameters.changed), labels), _same(comparison)),
        Section("Code", _code(comparison, labels)),
        *_data(comparison, labels),
        *_tags(comparison, labels),
    ]
    changed = [part for part in parts if part.lines]
    told = _headline(changed, labels)
    metrics = _metrics(report)
    unchanged = _unchanged(comparison, changed)
    return replace(
        report,
        headline=told,
        summary="\n".join([f"{told}.", *(_in_short(part) for part in changed), f"{report.headline}.", *_url(report)]),
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
    kept = [replace(each, folded=False) for each in report.sections if each.title in _TITLES[name]]
    if name == "parameters" and comparison.parameters.changed:
        ordered = _lines(sort_by_likelihood(comparison.parameters.changed), labels)
        kept = [replace(each, lines=ordered) if each.title == "Parameters" else each for each in kept]
    headline = f"{name.capitalize()} of {join_names(labels, limit=4)}"
    lines = [f"{line.label}: {line.text}" if line.label else line.text for each in kept for line in each.lines]
    said = lines or [_NO_PARTS[name]]
    return Report(
        headline=headline,
        summary=cut_end("\n".join([f"{headline}.", *said]), 3_000),
        sections=tuple(kept) or (Section(name.capitalize(), (Line(_NO_PARTS[name]),)),),
        links=report.links,
    )


def _lines(differences: Sequence[Difference], labels: tuple[str, ...]) -> tuple[Line, ...]:
    return tuple(changed_line(each, labels) for each in differences)


def _same(comparison: Comparison) -> str:
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
    told = dict.fromkeys(map(fact, runs))
    return join_names([display_value(each) for each in told if each], limit=3)


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
    told = [_counted(part) for part in changed]
    between = f"{labels[0]} → {labels[1]}" if len(labels) == 2 else join_names(labels, limit=4)
    if not told:
        return f"{between}: nothing that was logged changed but the metrics"
    listed = " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
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
    told = [f"{line.label}: {line.text}" if line.label else line.text for line in part.lines[:TOLD]]
    left = len(part.lines) - len(told)
    return cut_end(f"{part.title}: {'; '.join(told)}" + (f"; {left:,} more." if left else "."), 600)


def _url(report: Report) -> list[str]:
    return [link.url for link in report.links if link.key == "compare" and len(link.url) < 1_000]
