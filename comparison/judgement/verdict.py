"""The verdict: what the metrics with a known goal say together, as one sentence.

How good a run is comes before what it costs: costs decide only where no other metric moved, and never where one of
those cannot be judged. What was logged under two names counts once.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import isfinite

from comparison.judgement.numbers import NOTHING, RowDigits, format_row, is_same, is_within, significant
from comparison.judgement.repeats import evidence_numbers, evidence_words, noise_words
from comparison.judgement.result import (
    Change,
    Counts,
    Evidence,
    MetricComparison,
    Outcome,
    Reading,
    Verdict,
    VerdictKind,
)
from comparison.names import says_the_same
from comparison.runs import Goal

ENOUGH_DIGITS = 3  # significant ones: two metrics that share all values to so many are one under two names
LITTLE = 0.01  # of the larger value: a cost that moved by less counts as the same beside other metrics
_ONE_SIDED = (Outcome.ONLY_BASELINE, Outcome.ONLY_CANDIDATE, Outcome.NEITHER)
_MOVED = (Outcome.BETTER, Outcome.WORSE)
_OPEN = (Outcome.NO_CLEAR_DIFFERENCE, Outcome.TOO_FEW)
_STANDING_OF = {
    Outcome.BETTER: VerdictKind.BETTER,
    Outcome.WORSE: VerdictKind.WORSE,
    Outcome.SAME: VerdictKind.SAME,
    Outcome.NO_CLEAR_DIFFERENCE: VerdictKind.UNCLEAR,
    Outcome.TOO_FEW: VerdictKind.UNCLEAR,
}
_SEVERAL = re.compile(r" and \d+ more$")
_Judged = Sequence[tuple[MetricComparison, Outcome]]


def judge(
    metrics: Sequence[MetricComparison],
    candidate: int,
    *,
    labels: Sequence[str],
    twice: Container[str] = (),
    one_run: str | None = None,
) -> Verdict:
    """The verdict on one candidate (0 is the first). `labels` are those of all sides, the baseline's first.

    `twice` are metrics that are counted under another name, `one_run` is set where both sides are
    one, and says how it was found, else is empty.
    """
    label = labels[candidate + 1]
    counted = count(metrics, candidate, twice)
    tally = _Tally(counted, is_quality_missing=_is_quality_missing(metrics, candidate))
    primaries = [metric for metric in metrics if metric.primary]
    if one_run is not None:
        same = f"Both sides are one run, {one_run}" if one_run else f"{labels[0]} and {label} are one run"
        return tally.verdict(VerdictKind.NOTHING, _Sentence(f"{same}, so there is nothing to judge"))
    if primaries:
        others = [pair for pair in counted if not pair[0].primary]
        standing, sentence = _by_primary(primaries, candidate, tally, labels=labels)
        return tally.verdict(standing, replace(sentence, note=_others(others)))
    standing = tally.standing()
    sentence = _sentence(standing, tally, label=label, several=len(labels) > 2)
    if standing is VerdictKind.SAME and (margins := _margins_shown(counted, candidate)):
        within = f" within {margins[0]:g}" if len({*margins}) == 1 else " within their margins"
        claim = f"{labels[0]} and {label} are the same{within} on {len(margins)} of {_metrics(tally.shared)}"
        sentence = replace(sentence, claim=claim)
    return tally.verdict(standing, sentence)


def _margins_shown(counted: _Judged, candidate: int) -> list[float]:
    """The margins within which repeats, or known noise, show metrics to be the same; one each."""
    found = [metric.changes[candidate].evidence for metric, outcome in counted if outcome is Outcome.SAME]
    return [each.margin for each in found if each is not None and each.is_shown_same and each.margin is not None]


@dataclass(frozen=True, slots=True)
class _Sentence:
    claim: str
    evidence: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        sentence = f"{self.claim}: {self.evidence}" if self.evidence else self.claim
        return f"{sentence}; {self.note}" if self.note else sentence


def count(
    metrics: Sequence[MetricComparison], candidate: int, twice: Container[str] = ()
) -> list[tuple[MetricComparison, Outcome]]:
    """The metrics that both sides have but those of `twice`, and how each counts: a small cost as the same."""
    shared = [
        (metric, metric.changes[candidate])
        for metric in metrics
        if metric.name not in twice and metric.changes[candidate].outcome not in _ONE_SIDED
    ]
    has_quality = any(metric.goal is not Goal.UNKNOWN and not metric.is_cost for metric, _ in shared)
    return [
        (metric, Outcome.SAME if has_quality and _is_little(metric, change) else change.outcome)
        for metric, change in shared
    ]


def tally_of_best(metrics: Sequence[MetricComparison], twice: Container[str] = ()) -> tuple[Mapping[int, int], int]:
    """Counts of how many metrics each side (0 is the baseline) holds the best value of, and how many were counted.

    Counted are those that two sides or more have. Sides that share a best value all hold it. Costs are counted where
    there is nothing else.
    """
    shared = [metric for metric in metrics if metric.name not in twice and _is_contested(metric)]
    wanted = [metric for metric in shared if not metric.is_cost] or shared
    wins = Counter(side for metric in wanted for side in holders(metric))
    return wins, len(wanted)


def holders(metric: MetricComparison) -> list[int]:
    """Sides that hold the best value, by the goal; none where it is not known or no value is finite."""
    sign = -1 if metric.goal is Goal.LOWER else 1
    finite = {side: value for side, value in enumerate(values_of(metric)) if value is not None and isfinite(value)}
    if metric.goal is Goal.UNKNOWN or not finite:
        return []
    top = max(finite.values(), key=lambda value: sign * value)
    return [side for side, value in finite.items() if _is_as_good(top, value, metric.tolerance)]


def values_of(metric: MetricComparison) -> tuple[float | None, ...]:
    """The value of each side, the baseline's first; None: not logged, or of which dataset cannot be told."""
    return tuple(None if reading.is_unclear else reading.value for reading in metric.readings)


def _is_contested(metric: MetricComparison) -> bool:
    finite = [value for value in values_of(metric) if value is not None and isfinite(value)]
    return metric.goal is not Goal.UNKNOWN and len(finite) > 1


def _is_as_good(top: float, value: float, tolerance: float | None) -> bool:
    return is_same(top, value) or bool(tolerance and is_within(top, value, tolerance))


def names_of_one(metrics: Sequence[MetricComparison]) -> tuple[tuple[str, ...], ...]:
    """Names under which one thing was logged: their values are equal on all sides, to many digits or by kindred names.

    The first of each is the one that counts.
    """
    alike: dict[tuple[object, ...], list[MetricComparison]] = {}
    for metric in sorted(metrics, key=lambda each: not each.primary):
        if metric.goal is not Goal.UNKNOWN:
            values = tuple(reading.values for reading in metric.readings)
            alike.setdefault((metric.goal, metric.dataset, values), []).append(metric)
    return tuple(tuple(group) for equal in alike.values() if len(equal) > 1 for group in _of_one(equal))


def _of_one(equal: Sequence[MetricComparison]) -> list[list[str]]:
    """Groups of these metrics, whose values are equal, that are one thing."""
    names = [metric.name for metric in equal]
    moved = any(change.outcome in _MOVED for change in equal[0].changes)
    if moved and _tells_apart(equal[0].readings):
        return [names]
    groups = {name: [name] for name in names}
    for one, other in combinations(equal, 2):
        if groups[one.name] is not groups[other.name] and says_the_same(one.logged_as, other.logged_as):
            joined = sorted([*groups[one.name], *groups[other.name]], key=names.index)
            groups.update(dict.fromkeys(joined, joined))
    return [list(group) for group in {id(group): group for group in groups.values()}.values() if len(group) > 1]


def _tells_apart(readings: Iterable[Reading]) -> bool:
    """Whether the values have so many digits that no two metrics share them by chance."""
    values = {value for reading in readings for value in reading.values}
    return sum(significant(value) >= ENOUGH_DIGITS for value in values) > 1


def _is_quality_missing(metrics: Sequence[MetricComparison], candidate: int) -> bool:
    """Whether one side lacks a metric that tells how good a run is."""
    one_sided = (Outcome.ONLY_BASELINE, Outcome.ONLY_CANDIDATE)
    lacking = (metric for metric in metrics if metric.changes[candidate].outcome in one_sided)
    return any(metric.goal is not Goal.UNKNOWN and not metric.is_cost for metric in lacking)


def _is_little(metric: MetricComparison, change: Change) -> bool:
    if change.outcome not in _MOVED or metric.primary or not metric.is_cost:
        return False
    old, new = change.baseline.value, change.candidate.value
    return old is not None and new is not None and abs(new - old) < LITTLE * max(abs(old), abs(new))


class _Tally:
    """How the metrics that both sides have came out."""

    def __init__(self, shared: _Judged, *, is_quality_missing: bool = False) -> None:
        known = [(metric, outcome) for metric, outcome in shared if metric.goal is not Goal.UNKNOWN]
        costs = [(metric, outcome) for metric, outcome in known if metric.is_cost]
        quality = [(metric, outcome) for metric, outcome in known if not metric.is_cost]
        self.all, self.costs, self.quality = map(_counts, (known, costs, quality))
        self.has_quality = bool(quality) or is_quality_missing
        self.shared = len(shared)
        outcomes = [outcome for _, outcome in shared]
        self.changed = outcomes.count(Outcome.CHANGED)
        self.odd = outcomes.count(Outcome.NOT_A_NUMBER)
        self.unclear = outcomes.count(Outcome.UNCLEAR)
        self.all_same = outcomes.count(Outcome.SAME)
        weighed = [outcome for _, outcome in (quality if self.has_quality else costs) or shared]
        self.no_clear = weighed.count(Outcome.NO_CLEAR_DIFFERENCE)
        self.too_few = weighed.count(Outcome.TOO_FEW)
        self.all_open = sum(outcome in _OPEN for outcome in outcomes)
        self.is_quality_open = any(outcome in _OPEN for _, outcome in quality)

    @property
    def leading(self) -> Counts:
        """What decides: quality, where it was logged; with it the costs that are the same."""
        better, worse, same = self.quality
        return Counts(better, worse, same + self.costs.same) if self.has_quality else self.costs

    @property
    def moved_costs(self) -> Counts:
        return self.costs._replace(same=0)

    @property
    def is_by_cost(self) -> bool:
        """Whether quality was judged and did not move, so that costs decide."""
        same = self.has_quality and sum(self.quality) == self.quality.same > 0 and not self.is_quality_open
        return same and bool(self.costs.better or self.costs.worse) and not self.odd + self.unclear

    def standing(self) -> VerdictKind:
        if not self.shared:
            return VerdictKind.NOTHING
        if not self.has_quality and self.changed:
            return VerdictKind.UNKNOWN  # one of these may tell how good it is; what it costs does not lead
        better, worse, _same = self.costs if self.is_by_cost else self.leading
        if better and worse:
            return VerdictKind.MIXED
        if better or worse:
            return VerdictKind.BETTER if better else VerdictKind.WORSE
        if self.no_clear + self.too_few:
            return VerdictKind.UNCLEAR
        judged = self.quality if self.has_quality else self.costs
        return VerdictKind.SAME if judged.same else VerdictKind.UNKNOWN

    def verdict(self, standing: VerdictKind, sentence: _Sentence) -> Verdict:
        return Verdict(
            standing,
            *self.all,
            text=sentence.text,
            costs=self.costs,
            claim=sentence.claim,
            evidence=sentence.evidence,
            note=sentence.note,
        )


def _counts(judged: _Judged) -> Counts:
    outcomes = [outcome for _, outcome in judged]
    return Counts(*(outcomes.count(each) for each in (Outcome.BETTER, Outcome.WORSE, Outcome.SAME)))


def _sentence(standing: VerdictKind, tally: _Tally, *, label: str, several: bool) -> _Sentence:
    if standing in (VerdictKind.BETTER, VerdictKind.WORSE):
        leading = tally.moved_costs if tally.is_by_cost else tally.leading
        moved = leading.better or leading.worse
        if tally.is_by_cost:
            costs = f"{label} {_is(label)} {standing.value} on {moved} of {_counted(sum(leading), 'cost')}"
            return _Sentence(f"{costs}, the same on {_metrics(tally.leading.same)}")
        counted = sum(leading) + tally.no_clear + tally.too_few
        claim = f"{label} {_is(label)} {standing.value} on {moved} of {_metrics(counted)}"
        return _Sentence(claim, note=_notes(_left_open(tally), _not_judged(tally), _costs(tally)))
    if standing is VerdictKind.MIXED:
        return _mixed(tally, label)
    sentence = {
        VerdictKind.SAME: _same,
        VerdictKind.UNCLEAR: _open,
        VerdictKind.UNKNOWN: _unknown,
        VerdictKind.NOTHING: _nothing,
    }[standing](tally)
    return replace(sentence, claim=f"{label}: {sentence.claim[0].lower()}{sentence.claim[1:]}") if several else sentence


def _mixed(tally: _Tally, label: str) -> _Sentence:
    if tally.is_by_cost:
        costs = _better_and_worse(tally.moved_costs, "cost")
        return _Sentence(f"Mixed: {label} {_is(label)} {costs}, the same on {_metrics(tally.leading.same)}")
    claim = f"Mixed: {label} {_is(label)} {_better_and_worse(tally.leading, 'metric')}"
    return _Sentence(claim, note=_notes(_left_open(tally), _not_judged(tally), _costs(tally)))


def _better_and_worse(counts: Counts, noun: str) -> str:
    return f"better on {counts.better} of {_counted(sum(counts), noun)}, worse on {counts.worse}"


def _open(tally: _Tally) -> _Sentence:
    """What chance leaves open: of groups, or of runs whose noise is known."""
    claims = []
    if tally.no_clear:
        claims.append(f"No clear difference on {_metrics(tally.no_clear)}")
    if tally.too_few:
        few = f"too few runs to tell on {_metrics(tally.too_few)}"
        claims.append(few if claims else few.capitalize())
    same = f"{_metrics(tally.all_same)} the same" if tally.all_same else ""
    changed = f"{tally.changed} changed with no known goal" if tally.changed else ""
    return _Sentence(", ".join(claims), note=_notes(same, changed, _not_judged(tally), _costs(tally)))


def _left_open(tally: _Tally) -> str:
    """`no clear difference on 2 metrics`, beside others that are better or worse."""
    clear = f"no clear difference on {_metrics(tally.no_clear)}" if tally.no_clear else ""
    return _notes(clear, f"too few runs to tell on {_metrics(tally.too_few)}" if tally.too_few else "")


def _same(tally: _Tally) -> _Sentence:
    count = sum(tally.leading) if tally.changed else tally.all_same
    changed = f"{tally.changed} changed with no known goal" if tally.changed else ""
    return _Sentence(f"No difference on {_metrics(count)}", note=_notes(changed, _not_judged(tally), _costs(tally)))


def _unknown(tally: _Tally) -> _Sentence:
    if tally.all_same == tally.shared:
        which = (
            "the metric they share, and it is"
            if tally.shared == 1
            else f"the {tally.shared} metrics they share, and all are"
        )
        return _Sentence(f"Nothing to judge: no goal is known for {which} the same")
    return _Sentence(f"Cannot tell: {_why_unknown(tally)}", note=_costs(tally))


def _why_unknown(tally: _Tally) -> str:
    if tally.changed:
        unknown = tally.shared - tally.odd - tally.unclear - sum(tally.all) - tally.all_open
        which = "this metric" if unknown == 1 else f"these {unknown} metrics"
        return "; ".join(filter(None, (f"no goal is known for {which}", _not_judged(tally))))
    causes = []
    if tally.odd:
        causes.append(f"{_metrics(tally.odd)} {'is' if tally.odd == 1 else 'are'} not a number")
    if tally.unclear:
        causes.append(f"{_metrics(tally.unclear)} {'has' if tally.unclear == 1 else 'have'} values of several datasets")
    return " and ".join(causes) or "the runs share no metric but costs"


def _nothing(_tally: _Tally) -> _Sentence:
    return _Sentence("Nothing to compare: the runs share no metric")


def _tally_words(counts: Counts, noun: str) -> str:
    """`1 metric better, 2 worse`: the first count has its noun, those that are 0 are left out."""
    words = [(count, word) for count, word in zip(counts, Counts._fields, strict=True) if count]
    return ", ".join(
        f"{_counted(count, noun)} {word}" if number == 0 else f"{count} {word}"
        for number, (count, word) in enumerate(words)
    )


def _costs(tally: _Tally) -> str:
    """What became of the costs, where they are not what was judged and some moved by more than a little."""
    moved = tally.costs.better or tally.costs.worse
    is_led = tally.has_quality or tally.changed
    return _tally_words(tally.moved_costs, "cost") if moved and is_led else ""


def _not_judged(tally: _Tally) -> str:
    reasons = ((tally.odd, "not a number"), (tally.unclear, "unclear"))
    return "; ".join(f"{_metrics(count)} {word}" for count, word in reasons if count)


def _notes(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _others(others: _Judged) -> str:
    """What became of the metrics beside the primary one: `2 more metrics better, 1 worse`."""
    tally = _Tally(others)
    counts = _tally_words(tally.all, "more metric").replace(" same", " the same")
    return _notes(counts, _left_open(tally), _not_judged(tally))


def _is(label: str) -> str:
    """The verb for one run, or for a side that is called `a and 4 more`."""
    return "are" if names_several(label) else "is"


def names_several(label: str) -> bool:
    """Whether a side is called after several of its runs: `a and 4 more`."""
    return bool(_SEVERAL.search(label))


def _metrics(count: int) -> str:
    return _counted(count, "metric")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _by_primary(
    primaries: Sequence[MetricComparison], candidate: int, tally: _Tally, *, labels: Sequence[str]
) -> tuple[VerdictKind, _Sentence]:
    """What the metric says that decides, which may be several rows: one for each dataset."""
    label = labels[candidate + 1]
    if len(primaries) == 1:
        change = primaries[0].changes[candidate]
        sentence = _primary_sentence(primaries[0], change, baseline=labels[0], label=label)
        return _primary_standing(change.outcome, tally), sentence
    decided = _Tally(count(primaries, candidate))
    standing = decided.standing() if tally.shared else VerdictKind.NOTHING
    better, worse, same = decided.all
    datasets = _counted(len(primaries), "dataset")
    name = primaries[0].logged_as
    claims = {
        VerdictKind.BETTER: f"{label} {_is(label)} better: {name} on {better} of {datasets}",
        VerdictKind.WORSE: f"{label} {_is(label)} worse: {name} on {worse} of {datasets}",
        VerdictKind.MIXED: f"Mixed: {label} {_is(label)} better in {name} on {better} of {datasets}, worse on {worse}"
        + (f", the same on {same}" if same else ""),
        VerdictKind.SAME: f"No difference in {name} on {datasets}",
    }
    return standing, _Sentence(claims.get(standing, f"Cannot tell by {name} on {datasets}"))


def _primary_standing(outcome: Outcome, tally: _Tally) -> VerdictKind:
    if outcome in _STANDING_OF:
        return _STANDING_OF[outcome]
    return VerdictKind.UNKNOWN if tally.shared else VerdictKind.NOTHING


def _primary_sentence(metric: MetricComparison, change: Change, *, baseline: str, label: str) -> _Sentence:
    name = metric.name
    unmoved = {
        Outcome.SAME: f"No difference in {name} between {baseline} and {label}",
        Outcome.ONLY_BASELINE: f"Cannot tell: {label} did not log {name}",
        Outcome.ONLY_CANDIDATE: f"Cannot tell: {baseline} did not log {name}",
        Outcome.NEITHER: f"Cannot tell: neither {baseline} nor {label} logged {name}",
        Outcome.NOT_A_NUMBER: f"Cannot tell: {name} is not a number",
        Outcome.UNCLEAR: f"Cannot tell: {name} was logged for several datasets",
    }
    judged = _by_evidence(metric, change, change.evidence, baseline=baseline, label=label) if change.evidence else None
    if judged is not None:
        return judged
    if change.outcome in unmoved:
        return _Sentence(unmoved[change.outcome])
    if change.outcome is Outcome.CHANGED:
        return _Sentence(f"Cannot tell: no goal is known for {name} ({_values(change)})")
    return _Sentence(f"{label} {_is(label)} {change.outcome.value}", evidence_of(metric.name, change))


def evidence_of(name: str, change: Change) -> str:
    """`accuracy 0.85 → 0.92 (+8.2 %)`; the difference where there is no relative change.

    What repeats judged has its interval, `(+0.031, 95 %: +0.024 to +0.038; 5 seeds each, paired)`, or the noise.
    """
    evidence = change.evidence
    if evidence is not None and (evidence.test is not None or change.outcome in _OPEN):
        is_same = change.outcome is Outcome.SAME and evidence.is_shown_same
        numbers, words = evidence_numbers(change, evidence), evidence_words(change, evidence, is_same=is_same)
        return f"{name} {words.baseline} → {words.candidate} ({numbers})"
    shown = format_row(change.baseline.value, change.candidate.value)
    return f"{name} {shown.values[0]} → {shown.values[1]} ({change_words(change, shown)})"


def _values(change: Change) -> str:
    old, new = format_row(change.baseline.value, change.candidate.value).values
    return f"{old} → {new}"


def change_words(change: Change, shown: RowDigits) -> str:
    """`+8.2 %`; the signed difference where there is no relative change, or none that can be read."""
    return shown.differences[0] if change.relative is None or shown.changes[0] == NOTHING else shown.changes[0]


def _by_evidence(
    metric: MetricComparison, change: Change, evidence: Evidence, *, baseline: str, label: str
) -> _Sentence | None:
    """The sentence of a metric that repeats judge: who is better, by how much, and how sure; None where they do not."""
    is_shown_same = change.outcome is Outcome.SAME and evidence.is_shown_same
    if evidence.test is None and change.outcome not in _OPEN:
        return None
    is_asked_same = change.outcome in _OPEN and evidence.is_inside_margin
    claims = {
        Outcome.BETTER: f"{label} is better",
        Outcome.WORSE: f"{label} is worse",
        Outcome.CHANGED: f"Cannot tell: no goal is known for {metric.name}",
        Outcome.NO_CLEAR_DIFFERENCE: f"Cannot tell {label} from {baseline}"
        if noise_words(evidence)
        else f"No clear difference between {baseline} and {label}",
        Outcome.TOO_FEW: f"Too few runs to tell {label} from {baseline}",
    }
    if is_shown_same:
        claims[Outcome.SAME] = f"{baseline} and {label} are the same within {evidence.margin:g}"
    elif is_asked_same:
        claims[change.outcome] = f"Cannot tell whether {baseline} and {label} are the same within {evidence.margin:g}"
    claim = claims.get(change.outcome)
    return _Sentence(claim, evidence_of(metric.name, change)) if claim else None
