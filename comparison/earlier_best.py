"""Runs that were better before their end: the best value of the metric that decides, where the last one is worse.

One request for all sides. Nothing is said from a sample, of fewer points than tell the noise, or where MLflow is slow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from comparison.errors import RequestError
from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.result import Caveat, CaveatCode, Comparison, MetricComparison, Reading
from comparison.runs import Goal, Side
from comparison.tracking.histories import History
from comparison.tracking.source import RunSource

SHARE = 0.25  # of the deadline of MLflow: the answer does not wait longer for this
MOST_SIDES = 20
_NAMED = 3
_SIGMAS = 4  # how far the best of many noisy values may lie from the last one by chance
_SLIGHT = 0.01  # of the range of the curve: a difference that no eye sees
_FEWEST = 8  # points that tell the noise of a curve


def with_earlier_best(compared: Comparison, source: RunSource) -> Comparison:
    """The comparison with a caveat on runs whose best value of the deciding metric is not their last one.

    More than noise: beyond what earlier repeats differ by, where they are known; else four times the noise of the curve
    from point to point, and 1 % of its range.
    """
    metric = deciding_metric(compared.metrics, compared.not_counted)
    if metric is None or metric.goal is Goal.UNKNOWN or metric.key or not _is_asked(compared, metric):
        return compared
    runs = [side.runs[0] for side in compared.sides]
    try:
        read = source.histories_of(runs, metric.name, exact=False, share=SHARE)
    except RequestError:
        return compared
    text = _worded(compared.sides, metric, read)
    if not text:
        return compared
    order = list(CaveatCode)
    caveats = [*compared.warnings, Caveat(CaveatCode.BEST_EARLIER, text)]
    return replace(compared, warnings=tuple(sorted(caveats, key=lambda each: order.index(each.code))))


def _is_asked(compared: Comparison, metric: MetricComparison) -> bool:
    """Whether there are curves: single runs, at least one of which logged the metric beyond its first step."""
    sides = compared.sides
    are_single = len(sides) <= MOST_SIDES and all(len(side.runs) == 1 for side in sides)
    return are_single and any((reading.last_step or 0) > 0 for reading in _readings(metric))


def _readings(metric: MetricComparison) -> list[Reading]:
    return [metric.changes[0].baseline, *(change.candidate for change in metric.changes)]


def _worded(sides: Sequence[Side], metric: MetricComparison, read: Mapping[str, History]) -> str:
    """`val_loss was better before the end: B 0.21 at step 12, now 0.35. By best values B leads.`; "" for none."""
    needed = [each.evidence.needed for each in metric.changes if each.evidence and each.evidence.needed]
    known = max(needed, default=None)
    bests = {
        side.label: best
        for side in sides
        if (past := read.get(side.runs[0].run_id)) and (best := _best(past, metric, known))
    }
    last = {
        side.label: value
        for side, reading in zip(sides, _readings(metric), strict=True)
        if (value := reading.value) is not None
    }
    earlier = [label for label, (_best_value, _step, is_earlier) in bests.items() if is_earlier and label in last]
    if not earlier:
        return ""
    told = []
    for label in earlier[:_NAMED]:
        value, step, _is_earlier = bests[label]
        values = format_row(value, last[label]).values
        told.append(f"{label} {values[0]} at step {step:,.0f}, last {values[1]}")
    left = f"; and {len(earlier) - _NAMED} more" if len(earlier) > _NAMED else ""
    text = f"{metric.name} was better before the end: {'; '.join(told)}{left}."
    return f"{text}{_other_leader(metric, {label: each[0] for label, each in bests.items()}, last)}"


def _other_leader(metric: MetricComparison, bests: Mapping[str, float], last: Mapping[str, float]) -> str:
    """Who leads by best values, where that is another one; only where those of all are known."""
    if bests.keys() != last.keys() or len(bests) < 2:
        return ""
    sign = 1 if metric.goal is Goal.LOWER else -1
    leader, second = sorted(bests, key=lambda label: sign * bests[label])[:2]
    if leader == min(last, key=lambda label: sign * last[label]) or bests[leader] == bests[second]:
        return ""
    values = format_row(bests[leader], bests[second]).values
    return f" By best values, which are optimistic, {leader} leads: {values[0]}, {second} {values[1]}."


def _best(past: History, metric: MetricComparison, known: float | None) -> tuple[float, float, bool] | None:
    """The best value, its step, and whether the last one is worse by more than noise; None where it is not known."""
    from comparison.trends.curve import Axis, curve_of, find_best  # noqa: PLC0415 -- numpy, for who logged steps

    curve = curve_of(past.steps, past.values, past.times, goal=metric.goal, is_complete=past.is_complete)
    best = find_best(curve)
    if best is None or not best.is_exact or curve.axis is not Axis.STEP or not curve.finite[-1]:
        return None
    values = curve.values[curve.finite]
    limit = max(_SIGMAS * curve.noise, _SLIGHT * float(values.max() - values.min())) if known is None else known
    is_told = known is not None or len(values) >= _FEWEST
    return best.value, best.x, is_told and abs(curve.last - best.value) > limit
