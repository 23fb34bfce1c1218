"""What repeats tell, in a few words: means with their spread, a difference with its interval, what is missing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from comparison.judgement.result import Change, Evidence, Outcome
from comparison.judgement.statistics import LEAST_NOISE_DF, Interval, Summary

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
        told = _rounded(new, self.decimals) - _rounded(old, self.decimals)
        return _signed(told) if told else self(exact)


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
