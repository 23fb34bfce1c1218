"""The result of a comparison, as values. `comparison.compare` makes it; wording, frames and the contract read it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from comparison.judgement.statistics import ALPHA, Interval, Noise, Summary, Test
from comparison.runs import Dataset, Goal, Side

if TYPE_CHECKING:
    import pandas as pd


def _mean(values: tuple[float, ...]) -> float:
    """Mean in decimals: 0.1, 0.2 and 0.3 have a mean of 0.2, and large values do not overflow."""
    if not all(map(math.isfinite, values)):
        return sum(values)  # an infinity where they agree, else nan
    return float(sum(Decimal(repr(value)) for value in values) / len(values))


class Outcome(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"  # equal to 12 significant digits, or within the tolerance if one is set
    CHANGED = "changed"  # differs, and no goal is known
    ONLY_BASELINE = "only in baseline"
    ONLY_CANDIDATE = "only in candidate"
    NOT_A_NUMBER = "not a number"
    NEITHER = "in neither"  # of three or more sides, only others logged it
    UNCLEAR = "unclear"  # a run logged it for several datasets, and no one can tell which value is of which
    NO_CLEAR_DIFFERENCE = "no clear difference"  # repeats differ as much by themselves
    TOO_FEW = "too few runs to tell"


class Counts(NamedTuple):
    better: int = 0
    worse: int = 0
    same: int = 0


NONE = Counts()


class GoalSource(StrEnum):
    """Who said which way is better, or within what values are the same."""

    REQUEST = "request"
    CHANNEL = "channel"
    EXPERIMENT = "experiment"
    NAME = "name"  # assumed from the metric's name: to be marked as assumed
    NONE = "none"


class Reading(NamedTuple):  # made once a metric and side: a tuple is made in half the time of a dataclass
    """A metric of one side. `values` holds one per run that logged it, as logged (may be nan or ±inf)."""

    values: tuple[float, ...] = ()
    last_step: int | None = None  # the highest last step of the side's runs
    asked_of: int = 1  # how many runs the side has
    points: int = 1  # how often it was logged at this step, where its history was read: folds and the like
    is_unclear: bool = False  # which dataset a value is of cannot be told
    odd: tuple[float, ...] = ()  # nan and ±inf of runs of a group, which are left out of its mean

    @property
    def value(self) -> float | None:
        """The value of one run, the mean of several as people add them up; None when not logged."""
        if len(self.values) == 1:
            return self.values[0]
        return _mean(self.values) if self.values else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What repeats tell about a difference, candidate − baseline; all in the unit of the metric.

    `p` of the test decides for the primary metric of one candidate, `corrected` (Holm) where there are several.
    """

    baseline: Summary
    candidate: Summary
    test: Test | None = None  # None: too few runs, or values without any spread
    corrected: float | None = None
    tests: int = 1  # that share the correction
    is_by_seed: bool = False  # both sides say the seed of each run
    noise: Noise | None = None  # of earlier repeats, by which single runs were judged
    noise_at: int | None = None  # when the newest of those repeats ended, ms since the epoch
    margin: float | None = None  # within which the sides are the same, if that is shown
    same: Test | None = None  # of being the same within the margin; its interval is one of 90 %
    needed: float | None = None  # how far two such sides must differ to be told apart
    seeds: int | None = None  # a side, that would find such a difference, or show the same, in 80 of 100 cases
    spread: float | None = None  # the standard deviation of one run by which those are reckoned

    @property
    def is_inside_margin(self) -> bool:
        """Whether the difference, as it is, is smaller than the margin; that is no proof of being the same."""
        return self.margin is not None and abs(self.candidate.mean - self.baseline.mean) < self.margin

    @property
    def is_shown_same(self) -> bool:
        """Whether repeats, or known noise, show the sides to be the same within the margin."""
        return self.same is not None and self.same.p < ALPHA

    @property
    def is_paired(self) -> bool:
        return self.test is not None and self.test.n > 0

    @property
    def is_significant(self) -> bool:
        return self.corrected is not None and self.corrected < ALPHA


class Change(NamedTuple):  # as Reading
    """A metric from the baseline to one candidate. `relative` is a fraction of abs(baseline): 0.082 is +8.2 %."""

    baseline: Reading
    candidate: Reading
    difference: float | None
    relative: float | None
    outcome: Outcome
    evidence: Evidence | None = None  # where a side has several runs, or earlier repeats are known
    by_value: Outcome | None = None  # what the numbers alone would say, where the evidence decided

    @property
    def outcome_by_value(self) -> Outcome:
        """The outcome by the numbers alone, whatever chance may have done."""
        return self.by_value or self.outcome


@dataclass(frozen=True, slots=True)
class MetricComparison:
    name: str
    goal: Goal
    goal_source: GoalSource
    changes: tuple[Change, ...]  # one a candidate, in their order
    primary: bool = False  # named first in the request
    tolerance: float | None = None  # a fraction of the baseline within which values are the same
    tolerance_source: GoalSource = GoalSource.NONE
    key: str = ""  # as it was logged, where `name` says the dataset too: `accuracy` of `accuracy · valid`
    dataset: str = ""  # what this row's values are of, where the metric was logged for several
    is_cost: bool = False  # it tells what the run costs, not how good it is

    @property
    def logged_as(self) -> str:
        return self.key or self.name

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What each side holds of it, the baseline first."""
        return (self.changes[0].baseline, *(change.candidate for change in self.changes))


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter or tag whose values are not the same on all sides.

    `values` has one entry a side, baseline first; None: not logged by that side. A side whose runs disagree
    joins their values with ` | `. For maps compared key by key the name is `optimizer.lr`.
    """

    name: str
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    changed: tuple[Difference, ...] = ()
    same: Mapping[str, str] | None = None  # name → the shared value

    @property
    def same_count(self) -> int:
        return len(self.same or {})


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """The datasets of one role (`context`, "" when it was not said), one tuple a side, baseline first."""

    context: str
    sides: tuple[tuple[Dataset, ...], ...]
    same_digest: bool  # every side has the same set of digests, and at least one


class CaveatCode(StrEnum):
    """Stable names of what makes a comparison doubtful, most serious first."""

    NOT_FINISHED = "not_finished"
    MAY_BE_DEAD = "may_be_dead"
    DELETED = "deleted"
    DATASETS_DIFFER = "datasets_differ"
    ONE_SIDED_METRICS = "one_sided_metrics"
    DATASETS_UNCLEAR = "datasets_unclear"
    NOT_FINITE = "not_finite"
    BEST_EARLIER = "best_earlier"  # a run was better before its end
    SEVERAL_AT_ONE_STEP = "several_at_one_step"
    STEPS_DIFFER = "steps_differ"
    EXPERIMENTS_DIFFER = "experiments_differ"
    SAME_RUN = "same_run"
    PICKED = "picked"  # runs that are the best of unequally many
    OPTIMISTIC = "optimistic"  # values that were picked as the best of many
    COMMIT_UNKNOWN = "commit_unknown"
    COMMITS_DIFFER = "commits_differ"
    LEFT_OUT = "left_out"  # runs of a group that were not counted
    MIXED_GROUP = "mixed_group"  # the runs of a group differ in more than the seed
    NOT_PAIRED = "not_paired"  # some seeds are shared, not all
    NO_SPREAD = "no_spread"  # repeats that are equal to the last digit
    SINGLE_RUNS = "single_runs"


@dataclass(frozen=True, slots=True)
class Caveat:
    code: CaveatCode
    text: str  # one plain sentence


class VerdictKind(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    MIXED = "mixed"
    SAME = "same"
    UNCLEAR = "unclear"  # no clear difference, or too few runs to tell
    UNKNOWN = "unknown"  # no goal is known for what both sides have, or nothing but costs could be judged
    NOTHING = "nothing"  # the sides share no metric, or are one run


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counted over metrics with a known goal that both sides have. `text` is the headline sentence.

    What is logged under two names counts once. `costs` are those of the counts that are of times, memory and the like.
    The sentence is made of a `claim` ("B is better"), its `evidence` ("accuracy 0.85 → 0.92 (+8.2 %)", "" where
    metrics are only counted) and a `note` ("2 more metrics better").
    """

    standing: VerdictKind
    better: int
    worse: int
    same: int
    text: str
    costs: Counts = NONE
    claim: str = ""
    evidence: str = ""
    note: str = ""


def are_one(side: Side, other: Side) -> bool:
    """Whether two sides are of the same runs."""
    return {run.run_id for run in side.runs} == {run.run_id for run in other.runs}


def how_one(side: Side, other: Side) -> str | None:
    """How one run came to be both sides: "" where both were named, None where they are not one.

    `xgb-v2 (best val_auc in fraud)`: `latest vs best` may well be one run.
    """
    if not are_one(side, other):
        return None
    chosen = dict.fromkeys(note for each in (side, other) for note in each.notes[:1])
    if len(side.runs) > 1 or not chosen:
        return ""
    return f"{side.runs[0].name} ({' and '.join(chosen)})"


@dataclass(frozen=True, slots=True)
class ExampleTest:
    """One score over the examples that both runs have. `better` and `worse` count examples; `p` None: too few pairs."""

    score: str
    goal: Goal
    baseline: float  # mean over the pairs
    candidate: float
    pairs: int
    better: int
    worse: int
    method: str = ""
    p: float | None = None
    corrected: float | None = None  # Holm, over the scores
    interval: Interval | None = None  # of the mean difference, 95 %

    @property
    def outcome(self) -> Outcome:
        if not self.better and not self.worse:
            return Outcome.SAME
        if self.corrected is None:
            return Outcome.TOO_FEW
        if self.corrected >= ALPHA:
            return Outcome.NO_CLEAR_DIFFERENCE
        is_more = self.candidate > self.baseline
        return Outcome.BETTER if is_more is (self.goal is Goal.HIGHER) else Outcome.WORSE


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything there is to say of a baseline and its candidates. `metrics` is in reading order."""

    baseline: Side
    candidates: tuple[Side, ...]
    metrics: tuple[MetricComparison, ...]
    parameters: Differences
    tags: Differences
    datasets: tuple[DatasetComparison, ...]
    warnings: tuple[Caveat, ...]
    verdicts: tuple[Verdict, ...]  # one a candidate
    reading: str = "last"  # which value was read: "last", "best" or "at step N"
    counted_once: tuple[tuple[str, ...], ...] = ()  # names of one thing; the first of each counts
    examples: tuple[ExampleTest, ...] = ()  # what two single runs did on the same examples, where that was asked for
    examples_lacking: str = ""  # why there are none, where one side has some: a sentence
    repeats: tuple[tuple[str, ...], ...] = ()  # ids of the runs that repeat each side, where each has some
    by_change: bool = False  # `metrics` is in the order of their changes

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.baseline, *self.candidates)

    @property
    def not_counted(self) -> frozenset[str]:
        """Metrics that are counted under another name."""
        return frozenset(name for names in self.counted_once for name in names[1:])

    def is_one_run(self, candidate: int) -> bool:
        """Whether this candidate (0 is the first) is what it is compared with."""
        return are_one(self.baseline, self.candidates[candidate])

    def to_frame(self) -> "pd.DataFrame":
        """Table with one row a metric and candidate; columns and dtypes are those of docs/frame.md."""
        return to_frame(self)


# The columns of a frame: docs/frame.md tells what they mean.
# Plain float64 for numbers: nan is "no number here", and `outcome`, `baseline_n` and `candidate_n` say why.
COLUMNS = {
    "metric": "string",
    "baseline": "string",
    "candidate": "string",
    "primary": "bool",
    "goal": "category",
    "goal_source": "category",
    "baseline_value": "float64",
    "candidate_value": "float64",
    "difference": "float64",
    "change": "float64",
    "outcome": "category",
    "baseline_n": "int64",
    "candidate_n": "int64",
    "baseline_step": "Int64",
    "candidate_step": "Int64",
    "baseline_sd": "float64",
    "candidate_sd": "float64",
    "low": "float64",
    "high": "float64",
    "p": "float64",
    "p_holm": "float64",
    "method": "string",
    "paired": "bool",
    "noise_sd": "float64",
    "noise_df": "Int64",
    "margin": "float64",
    "p_same": "float64",
}
_CATEGORIES = {"goal": Goal, "goal_source": GoalSource, "outcome": Outcome}


def to_frame(comparison: Comparison) -> "pd.DataFrame":
    """Rows in reading order, for each metric the candidates in theirs; same columns and dtypes when there are none."""
    import pandas as pd  # noqa: PLC0415 -- pandas is imported by those who want a frame

    rows = [
        row
        for metric in comparison.metrics
        for candidate, change in zip(comparison.candidates, metric.changes, strict=True)
        for row in _rows(metric, comparison.baseline, candidate, change)
    ]
    columns = zip(*rows, strict=True) if rows else ([] for _ in COLUMNS)
    return pd.DataFrame(
        {name: _series(name, list(values)) for name, values in zip(COLUMNS, columns, strict=True)},
        columns=list(COLUMNS),
    )


def _rows(metric: MetricComparison, baseline: Side, candidate: Side, change: Change) -> Iterator[tuple[Any, ...]]:
    yield (
        metric.name,
        baseline.label,
        candidate.label,
        metric.primary,
        metric.goal.value,
        metric.goal_source.value,
        change.baseline.value,
        change.candidate.value,
        change.difference,
        change.relative,
        change.outcome.value,
        len(change.baseline.values),
        len(change.candidate.values),
        change.baseline.last_step,
        change.candidate.last_step,
        *evidence_cells(change.evidence),
    )


def evidence_cells(evidence: Evidence | None) -> tuple[Any, ...]:
    """What stands in the columns from `baseline_sd` on; None: there is no such number."""
    if evidence is None:
        return (None, None, None, None, None, None, "", False, None, None, None, None)
    test, noise = evidence.test, evidence.noise
    interval = test.interval if test else None
    return (
        evidence.baseline.sd,
        evidence.candidate.sd,
        interval.low if interval else None,
        interval.high if interval else None,
        test.p if test else None,
        evidence.corrected,
        test.method if test else "",
        evidence.is_paired,
        noise.sd if noise else None,
        noise.df if noise else None,
        evidence.margin,
        evidence.same.p if evidence.same else None,
    )


def _series(name: str, values: list[Any]) -> "pd.Series":
    import pandas as pd  # noqa: PLC0415 -- as above

    if name in _CATEGORIES:
        categories = [member.value for member in _CATEGORIES[name]]
        return pd.Series(pd.Categorical(values, categories=categories))
    return pd.Series(values, dtype=COLUMNS[name])
