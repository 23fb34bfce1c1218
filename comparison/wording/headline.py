"""The first line of every message: the verdict; of several candidates the best one, or that none is."""

from collections import Counter
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
    metrics = [
        replace(metric, name=plain.name(metric.name)) if metric.primary else metric for metric in comparison.metrics
    ]
    return tuple(judge(metrics, number, labels=labels) for number in range(len(comparison.candidates)))


def headline(comparison: Comparison, judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    """One sentence. Of several candidates the best by the primary metric, else the one that is better."""
    if len(judged) == 1:
        return judged[0].text
    primary = next((metric for metric in comparison.metrics if metric.primary), None)
    if primary is not None and primary.goal is not Goal.UNKNOWN:
        return _best_by(primary, labels)
    return _best_of(comparison.metrics, judged, labels)


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


def _best_of(metrics: Sequence[MetricComparison], judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    baseline = labels[0]
    better = [number for number, verdict in enumerate(judged) if verdict.standing is Standing.BETTER]
    if len(better) == 1:
        others = _tally([verdict for number, verdict in enumerate(judged) if number not in better])
        return f"{judged[better[0]].text} (others: {others})"
    if better:
        return (
            f"{len(better)} of {len(judged)} candidates are better than {baseline}; {_leading(metrics, better, labels)}"
        )
    found = {verdict.standing for verdict in judged}
    if Standing.MIXED in found:
        mixed = sum(verdict.standing is Standing.MIXED for verdict in judged)
        return f"Mixed: none of {len(judged)} candidates is better than {baseline} throughout, {mixed} in part"
    if Standing.WORSE in found:
        return f"No candidate is better than {baseline}: {_tally(judged)}"
    return {
        frozenset({Standing.SAME}): f"No difference: the {len(judged)} candidates are the same as {baseline}",
        frozenset({Standing.NOTHING}): f"Nothing to compare: no candidate shares a metric with {baseline}",
        frozenset(
            {Standing.UNKNOWN}
        ): f"Cannot say which is better: none of the {len(judged)} candidates can be judged",
    }.get(frozenset(found), f"Cannot say which is better: {_tally(judged)}")


def _leading(metrics: Sequence[MetricComparison], better: Sequence[int], labels: Sequence[str]) -> str:
    """Which of these candidates holds the best value of the most metrics."""
    wins = Counter[int]()
    counted = 0
    for metric in metrics:
        if metric.goal is Goal.UNKNOWN:
            continue
        values = {number: metric.changes[number].candidate.value for number in better}
        finite = {number: value for number, value in values.items() if value is not None and isfinite(value)}
        if finite:
            counted += 1
            top = max(finite.values()) if metric.goal is Goal.HIGHER else min(finite.values())
            wins.update(number for number, value in finite.items() if value == top)
    most = max(wins.values())
    leaders = [labels[number + 1] for number in better if wins[number] == most]
    verb = "is" if len(leaders) == 1 else "are"
    return f"{plain.listed(leaders, limit=3)} {verb} best on {most} of {plain.counted(counted, 'metric')}"


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
