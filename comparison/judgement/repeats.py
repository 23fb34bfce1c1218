"""Repeats: runs of one configuration that differ by chance only, which of a group's count, and what they tell.

A parameter is of chance when its name says so: a seed, a fold, the number of a trial. Folders and machines do not
make a configuration either. Numbers compare as numbers.
"""

import math
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal

from comparison.judgement.differences import Likelihood, likelihood, value_key
from comparison.judgement.result import Change, Evidence, MetricComparison, Outcome, are_one
from comparison.judgement.statistics import (
    LEAST_NOISE_DF,
    Interval,
    Noise,
    Summary,
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
from comparison.runs import Goal, LeftOut, Run, Side, Status

_CHANCE = re.compile(
    r"(?:.*[._/\- ])?(?:(?:random|rng|np|numpy|torch|data|model|global|master|split)?[._\- ]?seed|seeds|"
    r"random[._\- ]?state|rng|cv[._\- ]?fold|fold|fold[._\- ]?(?:id|index|idx|no|number)|trial|"
    r"trial[._\- ]?(?:id|index|number)|replicate|replica|repeat|repetition|rep|pythonhashseed)",
    re.IGNORECASE,
)
_SEED_IN_NAME = re.compile(
    r"(?:^|[\s_.:/#-])(?:seed|random[-_ ]?state|fold)[\s_.:=/#-]*(\d+)(?=$|[\s_.:/#-])", re.IGNORECASE
)
_BEHIND_CHANCE = frozenset({Likelihood.CHANCE, Likelihood.SURROUNDINGS, Likelihood.HOUSEKEEPING})
_ENDED = {
    Status.FAILED: "failed",
    Status.KILLED: "killed",
    Status.PRUNED: "pruned",
    Status.RUNNING: "still running",
    Status.SCHEDULED: "not started",
    Status.UNKNOWN: "status unknown",
}

Seed = tuple[tuple[str, Hashable], ...]  # every parameter of chance with its value
Configuration = Hashable


def is_chance(parameter: str) -> bool:
    """Whether a parameter only tells which draw of chance a run is: `seed`, `random_state`, `cv_fold`."""
    return bool(_CHANCE.fullmatch(parameter.strip()))


def seed_of(run: Run) -> Seed:
    """The run's draw of chance: its parameters of that kind, else such tags, else what its name says; () for none."""
    for values in (run.parameters, run.tags):
        found = tuple(sorted((name, value_key(value)) for name, value in values.items() if is_chance(name)))
        if found:
            return found
    named = _SEED_IN_NAME.search(run.name)
    return (("seed", value_key(named[1])),) if named else ()


def configuration_of(run: Run) -> Mapping[str, Hashable]:
    """The run's parameters that make it what it is: without chance, machines and folders."""
    return {name: value_key(value) for name, value in run.parameters.items() if is_of_configuration(name)}


def repeat_key(run: Run) -> Configuration:
    """What repeats share: the experiment, the configuration and the digests of the datasets."""
    digests = frozenset((each.context, each.digest) for each in run.datasets)
    return run.experiment.experiment_id, frozenset(configuration_of(run).items()), digests


def are_repeats(one: Run, other: Run) -> bool:
    """Whether two runs are of one configuration, and of one commit where both say theirs."""
    is_same_code = not one.commit or not other.commit or one.commit == other.commit
    return is_same_code and repeat_key(one) == repeat_key(other)


def differing_parameters(runs: Sequence[Run]) -> list[str]:
    """The parameters besides chance in which the runs of a group differ; one that some did not log is one."""
    configurations = [configuration_of(run) for run in runs]
    names = {name: None for each in configurations for name in each}
    return [name for name in names if len({each.get(name) for each in configurations}) > 1]


def settle_side(side: Side) -> Side:
    """The side with the runs that count: each once, finished where any is, and of reruns of one seed the newest.

    Where all say one and the same seed, it is not what tells them apart, and all count.
    """
    if len(side.runs) < 2:
        return side
    runs = list({run.run_id: run for run in side.runs}.values())
    finished = [run for run in runs if run.status is Status.FINISHED]
    gone = [LeftOut(run, _ENDED[run.status]) for run in runs if run.status is not Status.FINISHED] if finished else []
    newest: dict[Hashable, Run] = {}
    for run in finished or runs:
        key = _draw(run)
        former = newest.get(key)
        if former is None or _age(run) > _age(former):
            newest[key] = run
    counting = {run.run_id for run in (newest.values() if len(newest) > 1 else finished or runs)}
    gone += [LeftOut(run, "a rerun is newer") for run in finished or runs if run.run_id not in counting]
    if not gone and len(runs) == len(side.runs):
        return side
    counted = tuple(run for run in finished or runs if run.run_id in counting)
    return replace(side, runs=counted, left_out=(*side.left_out, *gone))


def shared_seeds(one: Sequence[Run], other: Sequence[Run]) -> list[tuple[Run, Run]]:
    """The runs of both sides that have the same seed, in pairs; none where a seed occurs twice on a side."""
    first, second = _by_seed(one), _by_seed(other)
    return [(first[seed], second[seed]) for seed in first if seed in second]


def have_seeds(runs: Sequence[Run]) -> bool:
    """Whether each run says its seed, and no two the same."""
    return len(_by_seed(runs)) == len(runs) > 0


def _by_seed(runs: Sequence[Run]) -> dict[Seed, Run]:
    seeds = [seed_of(run) for run in runs]
    if not all(seeds) or len(set(seeds)) < len(seeds):
        return {}
    return dict(zip(seeds, runs, strict=True))


def _draw(run: Run) -> Hashable:
    """What a rerun shares with the run before it; a run that says no seed is like no other."""
    seed = seed_of(run)
    name = "" if configuration_of(run) else run.name  # what tells no configuration is called by one, if at all
    return (repeat_key(run), seed, name) if seed else run.run_id


def _age(run: Run) -> tuple[int, str]:
    return run.started_at or 0, run.run_id


def is_of_configuration(name: str) -> bool:
    """Whether a parameter makes a run what it is: no chance, no machine, no folder."""
    return not is_chance(name) and likelihood(name) not in _BEHIND_CHANCE


# What repeats, or the noise of earlier ones, tell about the difference of each metric.


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
        found = [(_value_of(one, name), _value_of(other, name)) for one, other in self.pairs]
        both = [(a, b) for a, b in found if a is not None and b is not None]
        return [a for a, _b in both], [b for _a, b in both]


def _value_of(run: Run, name: str) -> float | None:
    metric = run.metrics.get(name)
    return float(metric.value) if metric is not None and math.isfinite(metric.value) else None


def _finite(runs: Sequence[Run], name: str) -> list[float]:
    return [value for run in runs if (value := _value_of(run, name)) is not None]


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


# The same in a few words: means with their spread, a difference with its interval, what is missing.


MOST_DECIMALS = 12
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_WORDY = (1e-4, 1e9)  # numbers outside of these have exponents


@dataclass(frozen=True, slots=True)
class EvidenceWords:
    """The texts of one difference. `interval` and `runs` are "" where there is nothing to say."""

    baseline: str  # 0.9100
    candidate: str
    difference: str  # +0.0112
    interval: str  # 95 %: +0.0045 to +0.0179
    runs: str  # 5 seeds each, paired

    @property
    def summary(self) -> str:
        """`+0.0112, 95 %: +0.0045 to +0.0179; 5 seeds each, paired`."""
        numbers = ", ".join(filter(None, (self.difference, self.interval)))
        return "; ".join(filter(None, (numbers, self.runs)))


def evidence_words(change: Change, evidence: Evidence, *, is_same: bool = False) -> EvidenceWords:
    """The words of a change that has evidence; `is_same`: with the interval by which it is the same."""
    old, new = change.baseline.value or 0.0, change.candidate.value or 0.0
    test = evidence.same if is_same else evidence.test
    interval = test.interval if test else None
    difference = evidence.test.difference if evidence.test else new - old
    write = _writer((old, new), difference, interval, evidence)
    level = "90 %" if is_same else "95 %"
    return EvidenceWords(
        write(old).removeprefix("+"),
        write(new).removeprefix("+"),
        write.difference(old, new, difference),
        f"{level}: {write(interval.low)} to {write(interval.high)}" if interval else "",
        runs_words(evidence).removesuffix(", paired") if is_same else runs_words(evidence),
    )


def evidence_numbers(change: Change, evidence: Evidence) -> str:
    """What stands in brackets behind two values: the difference with its interval, or how far runs must differ.

    Of what is shown to be the same it is the 90 % interval, which lies within the margin.
    """
    is_same = change.outcome is Outcome.SAME and evidence.is_shown_same
    words, noise = evidence_words(change, evidence, is_same=is_same), noise_words(evidence)
    if not noise:
        return words.summary
    return f"{words.summary}; by the noise of earlier repeats" if is_same else f"{words.difference}; {noise}"


def spread_words(side: Summary) -> str:
    """` ± 0.0038`, to two digits, as exact as a spread of few runs can be; "" for a single value."""
    return "" if side.sd is None else f" ± {_short(side.sd)}"


def runs_words(evidence: Evidence) -> str:
    """`5 seeds each, paired`, `5 runs against 3`; "" for one run against one."""
    one, two = evidence.baseline.n, evidence.candidate.n
    if one == two == 1:
        return ""
    noun = "seed" if evidence.is_by_seed else "run"
    if evidence.is_paired and evidence.test is not None and (one != evidence.test.n or two != evidence.test.n):
        return f"{evidence.test.n} pairs of the same seed"
    counts = f"{one} {noun}s each" if one == two else f"{_count(one, noun)} against {_count(two, noun)}"
    return f"{counts}, paired" if evidence.is_paired else counts


def noise_words(evidence: Evidence) -> str:
    """What single runs are judged by: `runs here must differ by 0.0146 to tell`; "" where it is no noise."""
    if evidence.needed is None:
        return ""
    return f"runs here must differ by {_short(evidence.needed, 3)} to tell"


def missing_words(evidence: Evidence) -> str:
    """Why the noise that is known judges nothing yet: `noise is known from 3 repeats only, 5 more needed`; or ""."""
    if evidence.noise is None or evidence.noise.is_enough:
        return ""
    more = LEAST_NOISE_DF - evidence.noise.df
    return f"too few repeats to know the noise here: {more} more {'is' if more == 1 else 'are'} needed"


def remedy_words(evidence: Evidence) -> str:
    """`To see a difference of this size run about 8 seeds a side`; "" where nobody can say.

    Where the difference is smaller than a margin that was stated: how many would show that they are the same.
    """
    if evidence.seeds is None:
        return ""
    most = min(evidence.baseline.n, evidence.candidate.n)
    if evidence.seeds <= most:
        return ""
    if evidence.is_inside_margin:
        return f"To show that they are the same within {evidence.margin:g} run about {evidence.seeds:,} seeds a side"
    return f"To see a difference of this size run about {evidence.seeds:,} seeds a side"


def outcome_word(change: Change) -> str:
    """`within noise` of single runs whose noise is known; "" for what has a word of its own."""
    evidence = change.evidence
    if change.outcome is not Outcome.NO_CLEAR_DIFFERENCE or evidence is None or evidence.needed is None:
        return ""
    return "within noise"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Writer:
    """Numbers of one sentence, with as many decimals."""

    def __init__(self, decimals: int | None) -> None:
        self.decimals = decimals

    def __call__(self, value: float) -> str:
        if self.decimals is None:
            return f"{value:+.3g}"
        return _signed(_rounded(value, self.decimals))

    def difference(self, old: float, new: float, exact: float) -> str:
        """The difference as people reckon it from the two values that stand beside it; of pairs, that of the pairs."""
        if self.decimals is None or abs(new - old - exact) > 10.0**-self.decimals / 2:
            return self(exact)
        rounded = _rounded(new, self.decimals) - _rounded(old, self.decimals)
        return _signed(rounded) if rounded else self(exact)


def _rounded(value: float, decimals: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _signed(value: Decimal) -> str:
    text = f"{value:+,f}"
    return text if any(sign in text for sign in "123456789") else "0"


def _writer(values: Sequence[float], difference: float, interval: Interval | None, evidence: Evidence) -> _Writer:
    """Decimals that show half an interval, or a spread, to two digits, and a difference that is there as one."""
    half = (interval.high - interval.low) / 2 if interval else 0.0
    size = half or evidence.needed or evidence.baseline.sd or evidence.candidate.sd or abs(difference)
    largest = max(map(abs, (*values, size)), default=0.0)
    if not size or not math.isfinite(size):
        size = largest
    decimals = max(_decimals(size, 2), _decimals(difference, 2 if evidence.needed else 1))
    if (largest and not _WORDY[0] <= largest < _WORDY[1]) or decimals > MOST_DECIMALS:
        return _Writer(None)
    return _Writer(decimals)


def _decimals(value: float, digits: int) -> int:
    if not value or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-9))


def _short(value: float, digits: int = 2) -> str:
    """A positive number to so many significant digits, in decimals where people can read them."""
    if not value:
        return "0"
    if not _WORDY[0] / 100 <= value < _WORDY[1]:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{_decimals(value, digits)}f}"
