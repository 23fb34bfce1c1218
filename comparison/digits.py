"""Numbers as they are shown: one row shares its decimals, a difference never vanishes, no binary noise."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

NOTHING = "–"
NOT_LOGGED = "not logged"
NEW_FROM_ZERO = "new from 0"
NOT_A_NUMBER = "not a number"

_VALUE_DIGITS = 4  # significant digits a value is shown to
_DIFFERENCE_DIGITS = 2  # significant digits a difference is shown to, at least
_MOST_DECIMALS = 12  # a row that needs more is shown with exponents
_TINY, _HUGE = Decimal("1e-4"), Decimal("1e16")  # outside of these the largest of a row asks for exponents
_HUNDRED = Decimal(100)
_QUANTA = tuple(Decimal(1).scaleb(-decimals) for decimals in range(_MOST_DECIMALS + 1))
_CLOSE = 1e-6  # of the baseline: what two floats that differ by less have in common is most of their digits
_BILLION, _WHOLE = 1e9, 2.0**52  # floats below the second count whole numbers exactly
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)  # room for any float with any shown decimals


@dataclass(frozen=True, slots=True)
class RowDigits:
    """One row as text. `values` has the baseline first; the others have one entry for each other value.

    `changes` is `+8.2 %`, `new from 0`, `not a number`, or `–` where no change can be told.
    """

    values: tuple[str, ...]
    differences: tuple[str, ...]
    changes: tuple[str, ...]


def row(baseline: float | None, *others: float | None) -> RowDigits:
    """The texts of a baseline and what is compared with it; None: not logged."""
    exact = [_decimal(value) for value in (baseline, *others)]
    base = exact[0]
    gaps = [None if base is None or other is None else _EXACT.subtract(other, base) for other in exact[1:]]
    style = _style([number for number in exact if number is not None], [gap for gap in gaps if gap is not None])
    return RowDigits(
        values=tuple(
            _odd(value) if number is None else style.show(number)
            for value, number in zip((baseline, *others), exact, strict=True)
        ),
        differences=tuple(NOTHING if gap is None else style.show_difference(gap) for gap in gaps),
        changes=tuple(change(baseline, other) for other in others),
    )


def difference(baseline: float, candidate: float) -> float:
    """Candidate − baseline of two finite values: 0.92 − 0.85 is 0.07. Finite, and 0 for equal values only.

    Values of up to nine decimals, and close ones, are subtracted as people do; the rest as floats are.
    """
    one, other = baseline * _BILLION, candidate * _BILLION
    if -_WHOLE < one < _WHOLE and -_WHOLE < other < _WHOLE:
        one, other = round(one), round(other)
        if one / _BILLION == baseline and other / _BILLION == candidate:
            return (other - one) / _BILLION
    gap = candidate - baseline
    if abs(gap) < abs(baseline) * _CLOSE:
        return float(_EXACT.subtract(Decimal(repr(candidate)), Decimal(repr(baseline))))
    return gap if math.isfinite(gap) else math.copysign(sys.float_info.max, gap)


def relative(baseline: float, candidate: float, gap: float) -> float | None:
    """The difference (`gap`) of two finite values ÷ abs(baseline); None from 0, across 0, and beyond a float."""
    if baseline == 0 or baseline < 0 < candidate or candidate < 0 < baseline:
        return None
    quotient = gap / abs(baseline)
    return quotient if math.isfinite(quotient) else None


def change(baseline: float | None, candidate: float | None) -> str:
    """The change as text: `+8.2 %`, `new from 0`, `not a number`, or `–`."""
    if baseline is None or candidate is None:
        return NOTHING
    if not (math.isfinite(baseline) and math.isfinite(candidate)):
        return NOT_A_NUMBER
    if baseline == candidate:
        return percent(0.0)
    if baseline == 0:
        return NEW_FROM_ZERO
    return percent(relative(baseline, candidate, difference(baseline, candidate)))


def percent(fraction: float | None) -> str:
    """A signed percentage to two digits: 0.082 is `+8.2 %`; `–` for None or what is not finite."""
    if fraction is None or not math.isfinite(fraction):
        return NOTHING
    if fraction == 0:
        return "0 %"
    number = fraction * 100
    if not 1e-6 <= abs(number) < 1e6:  # beyond what is read at a glance; in decimals, which a float may overflow
        exact = _EXACT.multiply(Decimal(repr(fraction)), _HUNDRED)
        return f"{_sign(exact)}{_with_exponent(abs(exact), _DIFFERENCE_DIGITS - 1)} %"
    decimals = max(0, _DIFFERENCE_DIGITS - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:+,.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if decimals else text} %"


@dataclass(frozen=True, slots=True)
class _Style:
    """How the numbers of one row are written: with so many decimals, behind the point or in the mantissa."""

    decimals: int
    quantum: Decimal | None  # the value of the last decimal; None: with exponents

    def show(self, number: Decimal) -> str:
        if not number:
            return "0"
        if self.quantum is not None:
            return f"{number.quantize(self.quantum, context=_EXACT):,f}"
        text = _with_exponent(abs(number), self.decimals)
        return f"-{text}" if number < 0 else text

    def show_difference(self, gap: Decimal) -> str:
        if not gap:
            return "0"
        if self.quantum is not None:
            return f"{gap.quantize(self.quantum, context=_EXACT):+,f}"
        # close values have many digits, which would be noughts in their difference
        decimals = self.decimals if self.decimals < _VALUE_DIGITS else min(_digits(gap), _VALUE_DIGITS) - 1
        return f"{_sign(gap)}{_with_exponent(abs(gap), decimals)}"


def _style(numbers: Sequence[Decimal], gaps: Sequence[Decimal]) -> _Style:
    decimals = _decimals(gaps, _DIFFERENCE_DIGITS, at_least=_decimals(numbers, _VALUE_DIGITS, at_least=0))
    largest = max(map(abs, filter(None, numbers)), default=Decimal(1))
    if decimals <= _MOST_DECIMALS and _TINY <= largest < _HUGE:
        return _Style(decimals, _QUANTA[decimals])
    return _Style(_mantissa_decimals(list(filter(None, numbers)), list(filter(None, gaps))), quantum=None)


def _decimals(numbers: Sequence[Decimal], digits: int, *, at_least: int) -> int:
    """The fewest decimals that show each number to so many significant digits, or all it has."""
    decimals = at_least
    for number in numbers:
        wanted = digits - 1 - number.adjusted()
        if wanted > decimals and number:
            decimals = max(decimals, min(wanted, _digits(number) - 1 - number.adjusted()))
    return decimals


def _mantissa_decimals(numbers: Sequence[Decimal], gaps: Sequence[Decimal]) -> int:
    """As `_decimals`, of mantissas; values must show where they differ, however close they are."""
    places = [min(_digits(gap), _DIFFERENCE_DIGITS) - 1 for gap in gaps]
    finest = min((gap.adjusted() - place for gap, place in zip(gaps, places, strict=True)), default=None)
    for number in numbers:
        wanted = _VALUE_DIGITS - 1 if finest is None else max(_VALUE_DIGITS - 1, number.adjusted() - finest)
        places.append(min(_digits(number) - 1, wanted))
    return max(places, default=0)


def _decimal(value: float | None) -> Decimal | None:
    """The shortest decimal that is this float; None for what has no finite value."""
    return None if value is None or not math.isfinite(value) else Decimal(repr(float(value)))


def _odd(value: float | None) -> str:
    if value is None:
        return NOT_LOGGED
    if math.isnan(value):
        return "NaN"
    return "inf" if value > 0 else "-inf"


def _sign(number: Decimal) -> str:
    return "-" if number < 0 else "+"


def _digits(number: Decimal) -> int:
    """How many significant digits a number has, noughts at the end not counted."""
    return len(_EXACT.normalize(number).as_tuple().digits)


def _with_exponent(number: Decimal, decimals: int) -> str:
    rounded = Context(prec=decimals + 1, rounding=ROUND_HALF_UP).plus(number)
    mantissa, exponent = f"{rounded:.{decimals}e}".split("e")
    return f"{mantissa}e{int(exponent):+03d}"
