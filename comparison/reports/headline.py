"""The first line of every message: the verdict; of several candidates the best one, or that none is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite

from comparison.judgement.numbers import NOTHING, format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.repeats import evidence_numbers, evidence_words
from comparison.judgement.result import (
    Change,
    Comparison,
    Evidence,
    MetricComparison,
    Outcome,
    Verdict,
    VerdictKind,
    how_one,
)
from comparison.judgement.verdict import change_words, count, holders, judge, names_several, tally_of_best, values_of
from comparison.report import RunCard
from comparison.reports.text import (
    TITLE_CHARS,
    count_noun,
    date_words,
    display_name,
    distinct_labels,
    duration_words,
    impossible,
    join_names,
    started_words,
    without_common_start,
)
from comparison.runs import Goal, Run, Side, Status

WHOLE = 120  # characters of a name where there is room for all of it
FIT = 30  # characters of a name within a headline, so that two of them fit


SIGNS = {
    VerdictKind.BETTER: "✅",
    VerdictKind.WORSE: "❌",
    VerdictKind.MIXED: "↔️",
    VerdictKind.SAME: "➖",
    VerdictKind.UNCLEAR: "❔",
    VerdictKind.UNKNOWN: "❔",
    VerdictKind.NOTHING: "❔",
}
LEADER = "🏆"
_CLOSE = 0.01  # of the best value: runs within it lead together
_FEWEST_CLOSE = 2
OPEN = (Outcome.NO_CLEAR_DIFFERENCE, Outcome.TOO_FEW)
_ON_ONE = " on 1 of 1 metric"  # says nothing beside the metric


@dataclass(frozen=True, slots=True)
class Headline:
    """What a comparison comes to, in the parts of one sentence: who, by which metric, from what to what, what else.

    `sign` goes with the claim, never alone: what it says is in the words as well. Parts that are "" are left out.
    """

    verdict: VerdictKind
    claim: str  # "mlp-64 is better", "Mixed: mlp-64 is better on 26 of 35 metrics, worse on 9"
    metric: str = ""  # that decides, or shows it best
    values: str = ""  # "0.9519 → 0.9796"
    change: str = ""  # "+2.9 %"
    note: str = ""  # "2 more metrics better"
    sign: str = ""  # "": that of the verdict

    @property
    def evidence(self) -> str:
        """`val_accuracy 0.9519 → 0.9796 (+2.9 %)`."""
        text = " ".join(filter(None, (self.metric, self.values)))
        return f"{text} ({self.change})" if text and self.change else text

    @property
    def sentence(self) -> str:
        """Without the sign and the note."""
        return f"{self.claim}: {self.evidence}" if self.evidence else self.claim

    @property
    def text(self) -> str:
        signed = f"{self.sign or SIGNS[self.verdict]} {self.sentence}"
        return f"{signed} · {self.note}" if self.note else signed


def verdict_lines(comparison: Comparison, labels: Sequence[str]) -> tuple[Verdict, ...]:
    """The verdict on each candidate, with names that can be read on one line and told apart."""
    metrics = [
        replace(metric, name=display_name(metric.name)) if metric.primary else metric for metric in comparison.metrics
    ]
    twice = comparison.not_counted
    return tuple(
        judge(
            metrics,
            number,
            labels=labels,
            twice=twice,
            one_run=how_one(comparison.baseline, comparison.candidates[number]),
        )
        for number in range(len(comparison.candidates))
    )


def comparison_headline(comparison: Comparison, judged: Sequence[Verdict], labels: Sequence[str]) -> Headline:
    """One sentence: the verdict with the metric that shows it; of several candidates who leads by which metric."""
    if len(judged) == 1:
        return _of_two(comparison, judged[0])
    metric = deciding_metric(comparison.metrics, comparison.not_counted)
    if metric is None or metric.goal is Goal.UNKNOWN:
        return _not_ranked(judged, labels)
    return _leading(metric, comparison, labels)


def _of_two(comparison: Comparison, verdict: Verdict) -> Headline:
    plain = Headline(verdict.standing, verdict.claim.removesuffix(_ON_ONE), note=verdict.note)
    metric = telling_metric(comparison, 0, verdict)
    if metric is None:
        return replace(plain, claim=verdict.claim)
    change = metric.changes[0]
    if change.evidence is not None and change.evidence.test is not None and verdict.standing is not VerdictKind.MIXED:
        return _by_evidence(plain, metric, change, change.evidence)
    shown = format_row(change.baseline.value, change.candidate.value)
    headline = replace(plain, metric=display_name(metric.name), change=change_words(change, shown))
    if verdict.standing is VerdictKind.MIXED:
        return replace(plain, claim=f"{plain.claim} (most: {headline.metric} {headline.change})")
    return replace(headline, values=f"{shown.values[0]} → {shown.values[1]}")


def _by_evidence(plain: Headline, metric: MetricComparison, change: Change, evidence: Evidence) -> Headline:
    """With what repeats tell: the difference and its interval, or how far runs must differ."""
    is_same = change.outcome is Outcome.SAME and evidence.is_shown_same
    words, numbers = evidence_words(change, evidence, is_same=is_same), evidence_numbers(change, evidence)
    values = f"{words.baseline} → {words.candidate}"
    return replace(plain, metric=display_name(metric.name), values=values, change=numbers)


def telling_metric(comparison: Comparison, candidate: int, verdict: Verdict) -> MetricComparison | None:
    """The metric that shows a verdict: the primary one, else the first in order among those that went this way.

    Of a mixed verdict it is the one that got worst. None: none went this way, or one of several datasets decides.
    """
    primaries = [metric for metric in comparison.metrics if metric.primary]
    if len(primaries) > 1:
        return None
    if verdict.standing is VerdictKind.SAME and primaries:
        evidence = primaries[0].changes[candidate].evidence
        return primaries[0] if evidence is not None and evidence.is_shown_same else None
    if verdict.standing not in (VerdictKind.BETTER, VerdictKind.WORSE, VerdictKind.MIXED, VerdictKind.UNCLEAR):
        return None
    wanted = {VerdictKind.BETTER: (Outcome.BETTER,), VerdictKind.UNCLEAR: OPEN}.get(verdict.standing, (Outcome.WORSE,))
    counted = count(comparison.metrics, candidate, comparison.not_counted)
    moved = [metric for metric, outcome in counted if outcome in wanted]
    if verdict.standing is VerdictKind.MIXED:
        return max(moved, key=lambda metric: _size(metric, candidate), default=None)
    return deciding_metric([metric for metric in moved if metric.primary] or moved)


def _size(metric: MetricComparison, candidate: int) -> tuple[bool, float]:
    relative = metric.changes[candidate].relative
    return not metric.is_cost, abs(relative) if relative is not None else inf


def _leading(metric: MetricComparison, comparison: Comparison, labels: Sequence[str]) -> Headline:
    """Who holds the best value of the metric that decides."""
    values = values_of(metric)
    shown = format_row(*values)
    name = display_name(metric.name)
    best = holders(metric)
    if not best:
        return Headline(VerdictKind.UNKNOWN, f"Cannot tell: no run logged a finite {name}")
    if len(best) == len(labels):
        claim = f"No difference in {name}: {shown.values[0]} in all {len(labels)}"
        return Headline(VerdictKind.SAME, claim, note=_best_on(comparison, labels, metric))
    things = "sides" if any(len(side.runs) > 1 for side in comparison.sides) else "runs"
    if open_ := _no_clear_leader(metric, best, labels, things):
        return replace(open_, values=f"{shown.values[best[0]]} in {labels[best[0]]}")
    note = _within_noise(metric, values) or _close(values, metric.goal, len(best))
    note = note or _best_on(comparison, labels, metric)
    if best == [0]:
        claim = f"The baseline {labels[0]} {'are' if names_several(labels[0]) else 'is'} still best"
        return Headline(VerdictKind.WORSE, claim, name, shown.values[0], note=note, sign=LEADER)
    leaders = join_names([labels[number] for number in best], limit=3)
    is_one = len(best) == 1 and not names_several(leaders)
    claim = f"{leaders} {'leads' if is_one else 'lead'} {len(labels)} {things}"
    change = shown.changes[best[0] - 1] if best[0] else NOTHING
    against = f"{change} against {labels[0]}" if change[0] in "+-×" else ""
    return Headline(VerdictKind.BETTER, claim, name, shown.values[best[0]], against, note, LEADER)


def _no_clear_leader(
    metric: MetricComparison, best: Sequence[int], labels: Sequence[str], things: str
) -> Headline | None:
    """Where chance may be why the best value is the best: the one that leads is not clearly apart from the baseline."""
    others = metric.changes if 0 in best else [metric.changes[number - 1] for number in best]
    unclear = [number for number, change in enumerate(metric.changes) if change.outcome in OPEN and change in others]
    if not unclear:
        return None
    if 0 in best and len(unclear) < len(metric.changes):
        return None
    note = f"no clear difference from {labels[0]}" if 0 not in best else "no candidate is clearly apart from it"
    claim = f"No clear leader among {len(labels)} {things}"
    return Headline(VerdictKind.UNCLEAR, claim, f"best {display_name(metric.name)}", note=note)


def _within_noise(metric: MetricComparison, values: Sequence[float | None]) -> str:
    """`first 3 are within noise of each other`, where the noise of single runs is known."""
    needed = max((change.evidence.needed or 0.0 for change in metric.changes if change.evidence), default=0.0)
    finite = sorted((v for v in values if v is not None and isfinite(v)), reverse=metric.goal is Goal.HIGHER)
    near = [each for each in finite if abs(each - finite[0]) < needed]
    return f"first {len(near)} are within noise of each other" if len(near) >= _FEWEST_CLOSE else ""


def _close(values: Sequence[float | None], goal: Goal, leaders: int) -> str:
    """`first 4 within 0.008`, where others are nearly as good as the best."""
    finite = sorted((each for each in values if each is not None and isfinite(each)), reverse=goal is Goal.HIGHER)
    near = [each for each in finite if abs(each - finite[0]) <= _CLOSE * abs(finite[0])]
    if len(near) < _FEWEST_CLOSE or len(near) == leaders:
        return ""
    gap = format_row(finite[0], near[-1]).differences[0].lstrip("+-")
    return f"first {len(near)} within {gap}"


def _best_on(comparison: Comparison, labels: Sequence[str], metric: MetricComparison) -> str:
    """Who is best on most metrics, where more than the deciding one are counted."""
    wins, counted = tally_of_best(comparison.metrics, comparison.not_counted)
    if counted < _FEWEST_CLOSE or not wins or metric.is_cost:
        return ""
    most = max(wins.values())
    leaders = [labels[number] for number in sorted(wins) if wins[number] == most]
    if len(leaders) == len(labels):
        return ""
    verb = "is" if len(leaders) == 1 and not names_several(leaders[0]) else "are"
    each = " each" if len(leaders) > 1 else ""
    return f"{join_names(leaders, limit=3)} {verb} best on {most} of {count_noun(counted, 'metric')}{each}"


def _not_ranked(judged: Sequence[Verdict], labels: Sequence[str]) -> Headline:
    """No metric ranks the runs."""
    found = {verdict.standing for verdict in judged}
    if found == {VerdictKind.SAME}:
        return Headline(VerdictKind.SAME, f"No difference: the {len(judged)} candidates are the same as {labels[0]}")
    if found == {VerdictKind.NOTHING}:
        return Headline(VerdictKind.NOTHING, f"Nothing to compare: no candidate shares a metric with {labels[0]}")
    return Headline(VerdictKind.UNKNOWN, f"Cannot tell: no metric with a known goal ranks these {len(labels)} runs")


# The sides, introduced: what each is called here, how it stands, and how it was chosen.


_STATUS = {
    Status.RUNNING: "running",
    Status.SCHEDULED: "scheduled",
    Status.FINISHED: "finished",
    Status.FAILED: "failed",
    Status.KILLED: "killed",
    Status.PRUNED: "pruned",
    Status.UNKNOWN: "status unknown",
}


def side_labels(comparison: Comparison, limit: int = TITLE_CHARS) -> tuple[str, ...]:
    """What each side is called in this report, baseline first; no two alike."""
    ids = [side.runs[0].run_id if side.runs else "" for side in comparison.sides]
    labels = [side.label for side in comparison.sides]
    return distinct_labels(without_common_start(labels, limit) if limit < WHOLE else labels, ids, limit)


def run_card(side: Side, role: str, label: str, *, url: str = "", now: int | None = None) -> RunCard:
    """One side with short facts: status, experiment, start, duration, user, how it was chosen."""
    facts = _facts_of_one(side.runs[0], now) if len(side.runs) == 1 else _facts_of_several(side.runs)
    notes = tuple(display_name(note, 200) for note in side.notes)
    return RunCard(role, label, url, facts + notes)


def _facts_of_one(run: Run, now: int | None) -> tuple[str, ...]:
    facts = (
        _STATUS[run.status],
        "deleted" if run.deleted else "",
        f"in {display_name(run.experiment.name)}" if run.experiment.name else "",
        "" if run.started_at is None else started_words(run.started_at, now),
        _length(run, now),
        *(f"impossible {moment}" for moment in impossible(run)),
        f"by {display_name(run.user)}" if is_known(run.user) else "",
    )
    return tuple(fact for fact in facts if fact)


def status_word(run: Run) -> str:
    """`finished`, `running`, `failed`; `deleted` beside it where it was."""
    return f"{_STATUS[run.status]}, deleted" if run.deleted else _STATUS[run.status]


def is_known(user: str) -> bool:
    """MLflow writes "unknown" where nobody said who it was."""
    return user not in ("", "unknown")


def _length(run: Run, now: int | None) -> str:
    if run.former_end is not None:
        return f"resumed, had ended {date_words(run.former_end)}"
    if run.started_at is None:
        return ""
    if run.is_over and run.ended_at is None and not run.odd_times:
        return "end not logged"
    if run.ended_at is not None:
        return f"took {duration_words(run.ended_at - run.started_at)}" if run.ended_at >= run.started_at else ""
    if run.status is Status.RUNNING and now is not None and now >= run.started_at:
        return f"no end yet after {duration_words(now - run.started_at)}"
    return ""


def _facts_of_several(runs: tuple[Run, ...]) -> tuple[str, ...]:
    counts = Counter(run.status for run in runs)
    statuses = ", ".join(f"{counts[status]} {word}" for status, word in _STATUS.items() if counts[status])
    experiments = list(dict.fromkeys(run.experiment.name for run in runs if run.experiment.name))
    deleted = sum(run.deleted for run in runs)
    facts = (
        count_noun(len(runs), "run"),
        statuses,
        f"{deleted} deleted" if deleted else "",
        f"in {join_names(experiments)}" if experiments else "",
    )
    return tuple(fact for fact in facts if fact)
