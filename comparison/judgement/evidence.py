"""What repeats, or the noise of earlier ones, tell about the difference of each metric; the words of the verdict."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from comparison.judgement.repeats import have_seeds, shared_seeds
from comparison.judgement.result import Change, Evidence, MetricComparison, Outcome, are_one
from comparison.judgement.statistics import (
    Noise,
    Test,
    by_noise,
    equivalence_of,
    holm,
    paired,
    pool,
    seeds_needed,
    seeds_to_show_same,
    single_against_group,
    summarize,
    welch,
    without_spread,
)
from comparison.runs import Goal, Run, Side

MIN_GROUP = 3  # runs of a side below which a test that finds nothing says too little
_BY_VALUE = (Outcome.BETTER, Outcome.WORSE, Outcome.SAME, Outcome.CHANGED)


@dataclass(frozen=True, slots=True)
class KnownNoise:
    """The pooled noise of a metric near two values, and when the newest of its repeats ended (ms since the epoch)."""

    noise: Noise
    at: int | None = None


NoiseNear = Callable[[str, Sequence[float]], KnownNoise | None]  # of a metric as logged, near these values


def weigh(
    metrics: Sequence[MetricComparison],
    sides: Sequence[Side],
    *,
    noise: NoiseNear | None = None,
    margins: Mapping[str, float] | None = None,
    twice: frozenset[str] = frozenset(),
) -> tuple[MetricComparison, ...]:
    """The metrics with their evidence, and with the outcomes that it allows.

    `noise` judges sides of too few runs; `margins` are by metric, in its unit, "" for all; metrics of `twice` are
    counted under another name, and are no tests of their own. Without groups, noise and margins nothing changes.
    """
    if noise is None and not margins and all(len(side.runs) == 1 for side in sides):
        return tuple(metrics)
    pairings = [_Pairing(sides[0], side) for side in sides[1:]]
    weighed = [
        replace(
            metric,
            changes=tuple(
                _with_evidence(metric, change, pairing, noise, margins or {})
                for change, pairing in zip(metric.changes, pairings, strict=True)
            ),
        )
        for metric in metrics
    ]
    corrected = _corrected(weighed, twice)
    return tuple(_decided(metric, corrected) for metric in weighed)


class _Pairing:
    """What two sides have to do with each other, whichever the metric."""

    def __init__(self, baseline: Side, candidate: Side) -> None:
        self.baseline, self.candidate = baseline, candidate
        ids = {run.run_id for run in baseline.runs}
        self.is_one = are_one(baseline, candidate)
        self.is_overlapping = any(run.run_id in ids for run in candidate.runs)
        self.is_single = len(baseline.runs) == len(candidate.runs) == 1
        pairs = [] if self.is_single else shared_seeds(baseline.runs, candidate.runs)
        self.pairs = pairs if len(pairs) == len(baseline.runs) == len(candidate.runs) else []
        self.is_by_seed = have_seeds(baseline.runs) and have_seeds(candidate.runs)

    def values(self, name: str) -> tuple[list[float], list[float]]:
        return _finite(self.baseline.runs, name), _finite(self.candidate.runs, name)

    def paired_values(self, name: str) -> tuple[list[float], list[float]]:
        """Values of seeds that have a finite one on both sides."""
        found = [(_value(one, name), _value(other, name)) for one, other in self.pairs]
        both = [(a, b) for a, b in found if a is not None and b is not None]
        return [a for a, _b in both], [b for _a, b in both]


def _value(run: Run, name: str) -> float | None:
    metric = run.metrics.get(name)
    return float(metric.value) if metric is not None and math.isfinite(metric.value) else None


def _finite(runs: Sequence[Run], name: str) -> list[float]:
    return [value for run in runs if (value := _value(run, name)) is not None]


def _with_evidence(
    metric: MetricComparison,
    change: Change,
    pairing: _Pairing,
    noise: NoiseNear | None,
    margins: Mapping[str, float],
) -> Change:
    if pairing.is_one or change.outcome not in _BY_VALUE:
        return change
    first, second = pairing.values(metric.name)
    if not first or not second:
        return change
    try:
        evidence = _evidence(metric, pairing, first, second, noise)
        margin = _margin(metric, change, margins, is_judged=evidence is not None)
        if evidence is None and not margin:
            return change
        evidence = evidence or Evidence(summarize(first), summarize(second))
        if margin and not pairing.is_overlapping:
            evidence = _within(margin, evidence)
    except OverflowError:  # values at the end of what a float can hold
        return change._replace(outcome=_open(change), by_value=change.outcome) if not pairing.is_single else change
    return change._replace(evidence=evidence)


def _margin(metric: MetricComparison, change: Change, margins: Mapping[str, float], *, is_judged: bool) -> float | None:
    """Within what the metric's sides are the same, in its unit: stated so, or as a share of the baseline.

    Of single runs that nothing judges a share is a matter of the numbers alone.
    """
    for name in (metric.name, metric.logged_as, ""):
        if name in margins:
            return margins[name]
    size = abs(change.baseline.value or 0.0)
    return metric.tolerance * size if metric.tolerance and size and is_judged else None


def _within(margin: float, evidence: Evidence) -> Evidence:
    """The evidence with whether the sides are the same within a margin, and how many seeds would show it."""
    same = equivalence_of(evidence.test, margin) if evidence.test is not None else None
    sd = evidence.spread
    found = replace(evidence, margin=margin, same=same)
    return replace(found, seeds=seeds_to_show_same(margin, sd)) if sd and found.is_inside_margin else found


def _evidence(
    metric: MetricComparison,
    pairing: _Pairing,
    first: Sequence[float],
    second: Sequence[float],
    noise: NoiseNear | None,
) -> Evidence | None:
    one, two = summarize(first), summarize(second)
    if not all(math.isfinite(side.sd or 0.0) and math.isfinite(side.mean) for side in (one, two)):
        raise OverflowError
    is_few = min(one.n, two.n) < 2 and not metric.key  # a value of one dataset of several has no noise of its own
    known = noise(metric.name, [one.mean, two.mean]) if noise is not None and is_few else None
    if pairing.is_single and known is None:
        return None
    evidence = Evidence(one, two, is_by_seed=pairing.is_by_seed)
    if pairing.is_overlapping or len({*first, *second}) == 1:
        return evidence
    test = _test(metric.name, pairing, first, second)
    if test is None and known is not None and known.noise.is_enough:
        test = by_noise(one, two, known.noise)
    used = known if test is not None and test.method == "pooled noise" else None
    spread = used.noise.sd if used else _spread(pairing.paired_values(metric.name), test, first, second)
    difference = two.mean - one.mean
    return replace(
        evidence,
        test=test,
        noise=known.noise if known else None,
        noise_at=known.at if known else None,
        needed=used.noise.least_difference(one.n, two.n) if used else None,
        seeds=seeds_needed(difference, spread) if spread else None,
        spread=spread,
    )


def _test(name: str, pairing: _Pairing, first: Sequence[float], second: Sequence[float]) -> Test | None:
    """The test that fits: paired where both sides have the same seeds, of one run against a group, or Welch's."""
    one, two = pairing.paired_values(name)
    if len(one) >= MIN_GROUP and (found := paired(one, two)) is not None:
        return found
    if len(first) == 1 or len(second) == 1:
        if len(first) == len(second):
            return None
        return single_against_group(first, second[0]) if len(second) == 1 else _turned(second, first[0])
    return welch(first, second) or without_spread(first, second)


def _turned(group: Sequence[float], single: float) -> Test | None:
    """One run as the baseline of a group: the same test, seen from the other side."""
    found = single_against_group(group, single)
    if found is None or found.interval is None or found.statistic is None:
        return found
    low, high = -found.interval.high, -found.interval.low
    return replace(
        found,
        difference=-found.difference,
        statistic=-found.statistic,
        interval=replace(found.interval, low=low, high=high),
    )


def _spread(
    pairs: tuple[Sequence[float], Sequence[float]], test: Test | None, first: Sequence[float], second: Sequence[float]
) -> float | None:
    """The standard deviation of one run by which more seeds would be reckoned."""
    if test is not None and test.n:
        found = pool([[b - a for a, b in zip(*pairs, strict=True)]])
        return found.sd / math.sqrt(2) if found else None
    found = pool([first, second])
    return found.sd if found else None


def _corrected(metrics: Sequence[MetricComparison], twice: frozenset[str]) -> dict[tuple[str, int], tuple[float, int]]:
    """By metric and candidate the p-value corrected for being several, and of how many tests.

    What is primary decides by itself, so it shares a correction with other candidates only. Metrics without a goal
    make nothing better, and share none with those that do.
    """
    families: dict[tuple[bool, bool], list[tuple[tuple[str, int], float]]] = {}
    for metric in metrics:
        if metric.name in twice:
            continue
        for number, change in enumerate(metric.changes):
            if change.evidence is not None and change.evidence.test is not None:
                family = families.setdefault((metric.primary, metric.goal is Goal.UNKNOWN), [])
                family.append(((metric.name, number), change.evidence.test.p))
    return {
        key: (value, len(family))
        for family in families.values()
        for (key, _p), value in zip(family, holm([p for _key, p in family]), strict=True)
    }


def _decided(metric: MetricComparison, corrected: Mapping[tuple[str, int], tuple[float, int]]) -> MetricComparison:
    changes = []
    for number, change in enumerate(metric.changes):
        evidence = change.evidence
        if evidence is None:
            changes.append(change)
            continue
        if evidence.test is not None:
            p, tests = corrected.get((metric.name, number), (evidence.test.p, 1))
            evidence = replace(evidence, corrected=p, tests=tests)
        outcome = _outcome(metric, change, evidence)
        changes.append(change._replace(evidence=evidence, outcome=outcome, by_value=change.outcome))
    return replace(metric, changes=tuple(changes))


def _outcome(metric: MetricComparison, change: Change, evidence: Evidence) -> Outcome:
    if evidence.is_shown_same:
        return Outcome.SAME
    if evidence.is_significant:
        return _moved(metric, change)
    if _is_no_matter_of_chance(metric, change, evidence):
        return change.outcome
    fewest = min(evidence.baseline.n, evidence.candidate.n)
    is_settled = evidence.test is not None and (evidence.noise is not None or fewest != 2)
    return Outcome.NO_CLEAR_DIFFERENCE if is_settled else Outcome.TOO_FEW


def _is_no_matter_of_chance(metric: MetricComparison, change: Change, evidence: Evidence) -> bool:
    """Whether the numbers decide by themselves: sizes that never vary, and single runs that nothing is known of."""
    if change.baseline.asked_of == change.candidate.asked_of == 1:
        is_little = evidence.is_inside_margin and change.outcome is not Outcome.SAME
        return evidence.test is None and not is_little
    if evidence.baseline.sd or evidence.candidate.sd:
        return False
    if not change.difference:
        return True
    is_size = metric.goal is Goal.UNKNOWN or metric.is_cost
    return is_size and min(evidence.baseline.n, evidence.candidate.n) > 1


def _moved(metric: MetricComparison, change: Change) -> Outcome:
    """By the goal, also where the tolerance would call the values the same: that takes proof of its own."""
    if metric.goal is Goal.UNKNOWN:
        return Outcome.CHANGED
    difference = change.difference or 0.0
    return Outcome.BETTER if (difference > 0) is (metric.goal is Goal.HIGHER) else Outcome.WORSE


def _open(change: Change) -> Outcome:
    return change.outcome if change.outcome is Outcome.SAME else Outcome.TOO_FEW
