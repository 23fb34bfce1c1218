"""What differs besides the metrics: parameters, tags, datasets, and the facts MLflow keeps of every run."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from comparison.likelihood import by_likelihood
from comparison.outcome import Comparison, DatasetComparison, Difference, Differences
from comparison.report import Line, Section
from comparison.runs import Dataset, Run
from comparison.wording import plain, times
from comparison.wording.cards import is_known

NOT_LOGGED = "not logged"
_PAIR = 2
_Fact = Callable[[Run], str]


def sections(comparison: Comparison, labels: tuple[str, ...], *, everything: bool) -> tuple[Section, ...]:
    """Parameters, tags and datasets, then folded details; with `everything` also what is the same."""
    parts = (
        _changed("Parameters", comparison.parameters, labels),
        _changed("Tags", comparison.tags, labels) if comparison.tags.changed else None,
        _datasets(comparison.datasets, labels),
        _same("Parameters that are the same", comparison.parameters.same) if everything else None,
        _same("Tags that are the same", comparison.tags.same) if everything else None,
        _details(comparison, labels),
    )
    return tuple(part for part in parts if part is not None)


def changed_line(difference: Difference, labels: tuple[str, ...]) -> Line:
    """`C: 1.0 → 0.5`, `only in B: dropout = 0.1`, with several candidates `C: 1.0 → 0.5 in B, 0.1 in C`."""
    values = plain.told_apart(difference.values)
    name = plain.name(difference.name, plain.VALUE)
    having = [label for label, value in zip(labels, values, strict=True) if value is not None]
    told = {value for value in values if value is not None}
    if len(having) < len(labels) and len(told) == 1:
        return Line(f"{name} = {told.pop()}", f"only in {plain.listed(having)}")
    return Line(across(values, labels), name)


def across(values: Sequence[str | None], labels: tuple[str, ...]) -> str:
    """A value a side, baseline first: `1.0 → 0.5`, or by value `1.0 → 0.5 in B and C, the same in D`."""
    baseline, *candidates = (NOT_LOGGED if value is None else value for value in values)
    if len(values) == _PAIR:
        return f"{baseline} → {candidates[0]}"
    holders: dict[str, list[str]] = {}
    for value, label in zip(candidates, labels[1:], strict=True):
        holders.setdefault("the same" if value == baseline else value, []).append(label)
    return f"{baseline} → " + ", ".join(f"{value} in {plain.listed(who)}" for value, who in holders.items())


def _changed(title: str, differences: Differences, labels: tuple[str, ...]) -> Section | None:
    same = f"{differences.same_count:,} the same" if differences.same_count else ""
    if differences.changed:
        ordered = by_likelihood(differences.changed)
        return Section(title, tuple(changed_line(each, labels) for each in ordered), same)
    return Section(title, (Line("none differ"),), same) if same else None


def _same(title: str, same: Mapping[str, str] | None) -> Section | None:
    lines = tuple(Line(plain.value(text), plain.name(name, plain.VALUE)) for name, text in (same or {}).items())
    return Section(title, lines, folded=True) if lines else None


def _datasets(datasets: tuple[DatasetComparison, ...], labels: tuple[str, ...]) -> Section | None:
    lines = tuple(
        Line(_dataset_text(each, labels), plain.name(each.context) if each.context else "") for each in datasets
    )
    return Section("Datasets", lines) if lines else None


def _dataset_text(compared: DatasetComparison, labels: tuple[str, ...]) -> str:
    named = [_named(side) or "none logged" for side in compared.sides]
    digests = "same digest" if compared.same_digest else "digests differ"
    if len(set(named)) == 1:
        return f"{named[0]}, {digests}"
    return across(named, labels) + (f", {digests}" if all(compared.sides) else "")


def _named(datasets: Iterable[Dataset]) -> str:
    unique = dict.fromkeys((plain.name(each.name), plain.name(each.digest, 20)) for each in datasets)
    return " and ".join(f"{name} ({digest})" for name, digest in unique)


def _details(comparison: Comparison, labels: tuple[str, ...]) -> Section | None:
    facts: tuple[tuple[str, _Fact], ...] = (
        ("Experiment", lambda run: plain.name(run.experiment.name)),
        ("User", lambda run: plain.name(run.user) if is_known(run.user) else ""),
        ("Source", lambda run: plain.value(run.source) if run.source else ""),
        ("Commit", lambda run: plain.name(run.commit[:10]) if run.commit else ""),
        ("Started", lambda run: "" if run.started_at is None else times.date(run.started_at)),
        ("Duration", _duration),
        ("Run", lambda run: plain.name(run.run_id)),
    )
    lines = tuple(line for title, fact in facts if (line := _fact_line(title, fact, comparison, labels)) is not None)
    return Section("Details", lines, folded=True) if lines else None


def _fact_line(title: str, fact: _Fact, comparison: Comparison, labels: tuple[str, ...]) -> Line | None:
    values = [plain.listed(list(dict.fromkeys(map(fact, side.runs))), limit=3) for side in comparison.sides]
    told = [None if value in ("", "(no name)") else value for value in values]
    if not any(told):
        return None
    if len(set(told)) == 1:
        return Line(f"{told[0]} (all the same)" if len(told) > _PAIR else f"{told[0]} (both)", title)
    return Line(across(["unknown" if value is None else value for value in told], labels), title)


def _duration(run: Run) -> str:
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return ""
    return times.duration(run.ended_at - run.started_at)
