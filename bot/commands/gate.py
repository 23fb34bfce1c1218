"""Whether a candidate may pass: what `--fail-if-worse` answers."""

from collections.abc import Iterator
from math import isfinite

from comparison.outcome import Change, Comparison, Outcome
from comparison.runs import Goal

PASS, WORSE, CANNOT_TELL = 0, 1, 4
_JUDGED = (Outcome.BETTER, Outcome.WORSE, Outcome.SAME)


def judge(comparison: Comparison) -> tuple[int, str]:
    """An exit code and why: by the primary metric, or by any where there is none, over all candidates."""
    primary = [metric for metric in comparison.metrics if metric.primary]
    changes = list(_changes(comparison, only_primary=bool(primary)))
    worse = [name for name, change in changes if change.outcome is Outcome.WORSE]
    if worse:
        return WORSE, f"worse: {', '.join(dict.fromkeys(worse))}"
    if primary:
        unclear = [name for name, change in changes if change.outcome not in _JUDGED]
    else:
        unclear = [name for name, change in changes if _fell_out_of_numbers(change)]
        judged = any(change.outcome in _JUDGED for _, change in changes)
        unclear = unclear or ([] if judged else ["no metric with a known goal is on both sides"])
    return (CANNOT_TELL, f"cannot tell: {', '.join(dict.fromkeys(unclear))}") if unclear else (PASS, "")


def _changes(comparison: Comparison, *, only_primary: bool) -> Iterator[tuple[str, Change]]:
    for metric in comparison.metrics:
        if metric.primary or (not only_primary and metric.goal is not Goal.UNKNOWN):
            yield from ((metric.name, change) for change in metric.changes)


def _fell_out_of_numbers(change: Change) -> bool:
    old, new = change.baseline.value, change.candidate.value
    return old is not None and new is not None and isfinite(old) and not isfinite(new)
