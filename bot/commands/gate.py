"""Whether a candidate may pass: what `--fail-if-worse` answers."""

from math import isfinite

from comparison.outcome import Change, Comparison, Outcome, Standing
from comparison.runs import Goal
from comparison.verdict import count

PASS, WORSE, CANNOT_TELL = 0, 1, 4
_JUDGED = (Outcome.BETTER, Outcome.WORSE, Outcome.SAME)


def judge(comparison: Comparison) -> tuple[int, str]:
    """An exit code and why: by the primary metric, or by any where there is none, over all candidates.

    It cannot be told of a run that is compared with itself, nor of a metric that may be of any of several datasets.
    """
    candidates = range(len(comparison.candidates))
    found = [each for number in candidates for each in _judged(comparison, number)]
    worse = [name for name, outcome in found if outcome is Outcome.WORSE]
    if worse:
        return WORSE, f"worse: {', '.join(dict.fromkeys(worse))}"
    unclear = [why for number in candidates for why in _unclear(comparison, number)]
    return (CANNOT_TELL, f"cannot tell: {', '.join(dict.fromkeys(unclear))}") if unclear else (PASS, "")


def _judged(comparison: Comparison, candidate: int) -> list[tuple[str, Outcome]]:
    """What decides on a candidate: the primary metric, else all with a known goal, small costs as the same."""
    primary = [metric for metric in comparison.metrics if metric.primary]
    if primary:
        return [(metric.name, metric.changes[candidate].outcome) for metric in primary]
    counted = count(comparison.metrics, candidate)
    return [(metric.name, outcome) for metric, outcome in counted if metric.goal is not Goal.UNKNOWN]


def _unclear(comparison: Comparison, candidate: int) -> list[str]:
    if comparison.is_one_run(candidate):
        return [f"{comparison.baseline.label} and {comparison.candidates[candidate].label} are one run"]
    judged = _judged(comparison, candidate)
    if any(metric.primary for metric in comparison.metrics):
        return [name for name, outcome in judged if outcome not in _JUDGED]
    fallen = {
        metric.name: None
        for metric in comparison.metrics
        if metric.goal is not Goal.UNKNOWN and _fell_out_of_numbers(metric.changes[candidate])
    }
    unclear = [*fallen, *(name for name, outcome in judged if outcome is Outcome.UNCLEAR)]
    if unclear:
        return unclear
    if not any(outcome in _JUDGED for _name, outcome in judged):
        return ["no metric with a known goal is on both sides"]
    return ["nothing but costs can be judged"] if comparison.verdicts[candidate].standing is Standing.UNKNOWN else []


def _fell_out_of_numbers(change: Change) -> bool:
    old, new = change.baseline.value, change.candidate.value
    return old is not None and new is not None and isfinite(old) and not isfinite(new)
