"""The verdict: what the metrics with a known goal say together, as one sentence."""

from collections.abc import Sequence

from comparison import digits
from comparison.outcome import Change, MetricComparison, Outcome, Standing, Verdict
from comparison.runs import Goal

_ONE_SIDED = (Outcome.ONLY_BASELINE, Outcome.ONLY_CANDIDATE, Outcome.NEITHER)
_STANDING_OF = {
    Outcome.BETTER: Standing.BETTER,
    Outcome.WORSE: Standing.WORSE,
    Outcome.SAME: Standing.SAME,
}


def judge(metrics: Sequence[MetricComparison], candidate: int, *, labels: Sequence[str]) -> Verdict:
    """The verdict on one candidate (0 is the first). `labels` are those of all sides, the baseline's first."""
    outcomes = [(metric, metric.changes[candidate].outcome) for metric in metrics]
    shared = [(metric, outcome) for metric, outcome in outcomes if outcome not in _ONE_SIDED]
    tally = _Tally(shared)
    primary = next((metric for metric in metrics if metric.primary), None)
    several = len(labels) > 2
    label = labels[candidate + 1]
    if primary is not None:
        standing = _primary_standing(primary.changes[candidate].outcome, tally)
        text = _primary_text(primary, primary.changes[candidate], baseline=labels[0], label=label)
        others = _Tally([pair for pair in shared if pair[0] is not primary]).counts()
        return tally.verdict(standing, f"{text}; also {others}" if others else text)
    standing = tally.standing()
    return tally.verdict(standing, _text(standing, tally, label=label, several=several))


class _Tally:
    """How the metrics that both sides have came out."""

    def __init__(self, shared: Sequence[tuple[MetricComparison, Outcome]]) -> None:
        known = [outcome for metric, outcome in shared if metric.goal is not Goal.UNKNOWN]
        self.shared = len(shared)
        self.better = known.count(Outcome.BETTER)
        self.worse = known.count(Outcome.WORSE)
        self.same = known.count(Outcome.SAME)
        outcomes = [outcome for _, outcome in shared]
        self.changed = outcomes.count(Outcome.CHANGED)
        self.odd = outcomes.count(Outcome.NOT_A_NUMBER)
        self.all_same = outcomes.count(Outcome.SAME)

    @property
    def judged(self) -> int:
        return self.better + self.worse + self.same

    def standing(self) -> Standing:
        if not self.shared:
            return Standing.NOTHING
        if self.better and self.worse:
            return Standing.MIXED
        if self.better or self.worse:
            return Standing.BETTER if self.better else Standing.WORSE
        return Standing.SAME if self.same or self.all_same == self.shared else Standing.UNKNOWN

    def counts(self) -> str:
        counted = ((self.better, "better"), (self.worse, "worse"), (self.same, "same"), (self.odd, "not a number"))
        return ", ".join(f"{count} {word}" for count, word in counted if count)

    def verdict(self, standing: Standing, text: str) -> Verdict:
        return Verdict(standing, better=self.better, worse=self.worse, same=self.same, text=text)


def _text(standing: Standing, tally: _Tally, *, label: str, several: bool) -> str:
    if standing is Standing.BETTER:
        return f"{label} is better on {tally.better} of {_metrics(tally.judged)}{_not_numbers(tally)}"
    if standing is Standing.WORSE:
        return f"{label} is worse on {tally.worse} of {_metrics(tally.judged)}{_not_numbers(tally)}"
    text = {
        Standing.MIXED: f"Mixed: {tally.counts()}",
        Standing.SAME: f"No difference on {_metrics(tally.judged if tally.changed else tally.all_same)}"
        + (f"; {tally.changed} changed with no known goal" if tally.changed else "")
        + _not_numbers(tally),
        Standing.UNKNOWN: f"Cannot say which is better: {_why_unknown(tally)}",
        Standing.NOTHING: "Nothing to compare: the runs share no metric",
    }[standing]
    return f"{label}: {text[0].lower()}{text[1:]}" if several else text


def _why_unknown(tally: _Tally) -> str:
    if not tally.changed:
        return f"{_metrics(tally.odd)} {'is' if tally.odd == 1 else 'are'} not a number"
    unknown = tally.shared - tally.odd
    return f"no goal is known for {'this metric' if unknown == 1 else f'these {unknown} metrics'}{_not_numbers(tally)}"


def _not_numbers(tally: _Tally) -> str:
    return f"; {tally.odd} not a number" if tally.odd else ""


def _metrics(count: int) -> str:
    return f"{count} metric" if count == 1 else f"{count} metrics"


def _primary_standing(outcome: Outcome, tally: _Tally) -> Standing:
    if outcome in _STANDING_OF:
        return _STANDING_OF[outcome]
    return Standing.UNKNOWN if tally.shared else Standing.NOTHING


def _primary_text(metric: MetricComparison, change: Change, *, baseline: str, label: str) -> str:
    unmoved = {
        Outcome.SAME: f"no difference between {baseline} and {label}",
        Outcome.ONLY_BASELINE: f"not logged by {label}, so it cannot say which is better",
        Outcome.ONLY_CANDIDATE: f"not logged by {baseline}, so it cannot say which is better",
        Outcome.NEITHER: f"logged by neither {baseline} nor {label}",
        Outcome.NOT_A_NUMBER: "not a number, so it cannot say which is better",
    }
    if change.outcome in unmoved:
        return f"{metric.name}: {unmoved[change.outcome]}"
    shown = digits.row(change.baseline.value, change.candidate.value)
    moved = f"{metric.name} {shown.differences[0]}"
    if shown.changes[0] != digits.NOTHING:
        moved += f" ({shown.changes[0]})"
    if change.outcome is Outcome.CHANGED:
        return f"{moved}: no goal is known for it, so it cannot say which is better"
    return f"{moved}: {label} is {change.outcome.value}"
