"""The first line of every message: the verdict; of several candidates the best one, or that none is."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from comparison import digits
from comparison.outcome import Comparison, MetricComparison, Standing, Verdict
from comparison.runs import Goal
from comparison.verdict import judge
from comparison.wording import plain

FIT = 30  # characters of a name within a headline, so that two of them fit


def verdicts(comparison: Comparison, labels: Sequence[str]) -> tuple[Verdict, ...]:
    """The verdict on each candidate, with names that can be read on one line and told apart."""
    metrics = [replace(metric, name=plain.name(metric.name)) for metric in comparison.metrics]
    return tuple(judge(metrics, number, labels=labels) for number in range(len(comparison.candidates)))


def headline(comparison: Comparison, labels: Sequence[str]) -> str:
    """One sentence. Of several candidates the best by the primary metric, else by what is better less what is worse."""
    judged = verdicts(comparison, labels)
    if len(judged) == 1:
        return judged[0].text
    primary = next((metric for metric in comparison.metrics if metric.primary), None)
    if primary is not None and primary.goal is not Goal.UNKNOWN:
        return _best_by(primary, labels)
    return _best_of(judged, labels)


def _best_by(primary: MetricComparison, labels: Sequence[str]) -> str:
    values = (primary.changes[0].baseline.value, *(change.candidate.value for change in primary.changes))
    shown = digits.row(*values)
    name = plain.name(primary.name)
    direction = -1 if primary.goal is Goal.LOWER else 1
    ranked = [
        (direction * value, number) for number, value in enumerate(values) if value is not None and isfinite(value)
    ]
    if len(ranked) == 0:
        return f"Cannot say which is best: no run logged a finite {name}"
    top = max(ranked)[0]
    best = [number for score, number in ranked if score == top]
    if len(best) == len(labels):
        return f"No difference in {name}: {shown.values[0]} in all {len(labels)}"
    told = f"Best {name}: {shown.values[best[0]]} in {plain.listed([labels[number] for number in best], limit=3)}"
    if best == [0]:
        return f"{told}, the baseline; no candidate is better"
    change = shown.changes[best[0] - 1] if best[0] else digits.NOTHING
    return f"{told} ({change} against {labels[0]})" if best[0] and change[0] in "+-" else told


def _best_of(judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    baseline, names = labels[0], labels[1:]
    better = [number for number, verdict in enumerate(judged) if verdict.standing is Standing.BETTER]
    if better:
        return _better(judged, better, names, baseline)
    found = {verdict.standing for verdict in judged}
    if Standing.MIXED in found:
        mixed = sum(verdict.standing is Standing.MIXED for verdict in judged)
        return f"Mixed: none of {len(judged)} candidates is better than {baseline} throughout, {mixed} in part"
    if Standing.WORSE in found:
        return f"No candidate is better than {baseline}: {_tally(judged)}"
    return {
        frozenset({Standing.SAME}): f"No difference: all {len(judged)} candidates are the same as {baseline}",
        frozenset({Standing.NOTHING}): f"Nothing to compare: no candidate shares a metric with {baseline}",
    }.get(frozenset(found), f"Cannot say which is better: {_tally(judged)}")


def _better(judged: Sequence[Verdict], better: Sequence[int], names: Sequence[str], baseline: str) -> str:
    if len(better) == 1:
        verdict = judged[better[0]]
        count = plain.counted(verdict.better + verdict.worse + verdict.same, "metric")
        told = f"{names[better[0]]} is better than {baseline} on {verdict.better} of {count}"
        others = [verdict for number, verdict in enumerate(judged) if number not in better]
        return f"{told}; of the others: {_tally(others)}"
    most = max(judged[number].better for number in better)
    leading = [names[number] for number in better if judged[number].better == most]
    told = f"{len(better)} of {len(judged)} candidates are better than {baseline}"
    if len(leading) == len(better):
        return f"{told}: {plain.listed(leading, limit=3)}"
    verb = "leads" if len(leading) == 1 else "lead"
    return f"{told}; {plain.listed(leading, limit=3)} {verb} with {plain.counted(most, 'metric')} better"


def _tally(judged: Sequence[Verdict]) -> str:
    words = {
        Standing.BETTER: "better",
        Standing.WORSE: "worse",
        Standing.MIXED: "mixed",
        Standing.SAME: "the same",
        Standing.UNKNOWN: "cannot be judged",
        Standing.NOTHING: "with no metric in common",
    }
    standings = [verdict.standing for verdict in judged]
    return ", ".join(f"{count} {word}" for standing, word in words.items() if (count := standings.count(standing)))
