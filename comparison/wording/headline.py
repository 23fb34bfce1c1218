"""The first line of every message: the verdict; of several candidates the best one, or that none is."""

from collections.abc import Sequence
from dataclasses import replace

from comparison import digits
from comparison.outcome import Comparison, MetricComparison, Standing, Verdict
from comparison.runs import Goal
from comparison.verdict import holders, judge, tally_of_best, values_of
from comparison.wording import plain

FIT = 30  # characters of a name within a headline, so that two of them fit


def verdicts(comparison: Comparison, labels: Sequence[str]) -> tuple[Verdict, ...]:
    """The verdict on each candidate, with names that can be read on one line and told apart."""
    metrics = [
        replace(metric, name=plain.name(metric.name)) if metric.primary else metric for metric in comparison.metrics
    ]
    return tuple(
        judge(metrics, number, labels=labels, is_one_run=comparison.is_one_run(number))
        for number in range(len(comparison.candidates))
    )


def headline(comparison: Comparison, judged: Sequence[Verdict], labels: Sequence[str]) -> str:
    """One sentence. Of several candidates the best by the primary metric, else the one that is better."""
    if len(judged) == 1:
        return judged[0].text
    primary = next((metric for metric in comparison.metrics if metric.primary), None)
    if primary is not None and primary.goal is not Goal.UNKNOWN:
        return _best_by(primary, labels)
    return _best_of(comparison.metrics, judged, labels)


def _best_by(primary: MetricComparison, labels: Sequence[str]) -> str:
    values = values_of(primary)
    shown = digits.row(*values)
    name = plain.name(primary.name)
    best = holders(primary)
    if not best:
        return f"Cannot say which is best: no run logged a finite {name}"
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
        return f"{len(better)} of {len(judged)} candidates are better than {baseline}; {_leading(metrics, labels)}"
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


def _leading(metrics: Sequence[MetricComparison], labels: Sequence[str]) -> str:
    """Which sides hold the best value of the most metrics, the baseline and candidates that are worse elsewhere too."""
    wins, counted = tally_of_best(metrics)
    most = max(wins.values())
    leaders = [labels[number] for number in sorted(wins) if wins[number] == most]
    verb, each = ("is", "") if len(leaders) == 1 else ("are", " each")
    return f"{plain.listed(leaders, limit=3)} {verb} best on {most} of {plain.counted(counted, 'metric')}{each}"


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
