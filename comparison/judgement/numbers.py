"""Numbers as they are shown: one row shares its decimals, a difference never vanishes, no binary noise.

One rule rounds them all: half away from zero, on decimals. Digits are added until what is shown is no other number:
neither 1.000 for 0.99996 nor -100 % for what is not gone.
"""

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
_LEAST_READ, _MOST_READ = Decimal("1e-6"), Decimal("1e6")  # percentages outside of these have exponents
_LEAST_SHOWN = Decimal("1e-6")  # of the baseline: a smaller change is the noise of printing
_TIMES = 10  # from so many times on a change is a factor
_HAIR = Decimal("1e-9")
_QUANTA = tuple(Decimal(1).scaleb(-decimals) for decimals in range(_MOST_DECIMALS + 1))
_CLOSE = 1e-6  # of the baseline: what two floats that differ by less have in common is most of their digits
_BILLION, _WHOLE = 1e9, 2.0**52  # floats below the second count whole numbers exactly
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)  # room for any float with any shown decimals
_SAME_DIGITS = 12  # significant ones: what lies behind them is noise of the arithmetic
_NEAR = 1e-11  # of the larger: values further apart differ within these digits
_HALF_OFF = 5e-13  # of the larger: half of the last of these digits, whichever side of it a value is rounded to
_COUNTS_UP_TO = 2.0**53  # whole numbers below are exact in a float
_TOLD = Context(prec=_SAME_DIGITS, rounding=ROUND_HALF_UP)
_QUOTIENT = Context(prec=34, rounding=ROUND_HALF_UP)
_CLEAN = Context(prec=15, rounding=ROUND_HALF_UP)  # digits of a float's quotient that are no noise


@dataclass(frozen=True, slots=True)
class RowDigits:
    """Formats a row. `values` has the baseline first; the others have one entry for each other value.

    `changes` is `+8.2 %`, `new from 0`, `not a number`, or `–` where no change can be told.
    """

    values: tuple[str, ...]
    differences: tuple[str, ...]
    changes: tuple[str, ...]


def format_row(baseline: float | None, *others: float | None) -> RowDigits:
    """The texts of a baseline and what is compared with it; None: not logged."""
    base = _decimal(baseline)
    pairs = [_pair(baseline, base, other) for other in others]
    numbers = [number for number in (base, *(number for number, _gap in pairs)) if number is not None]
    style = _style(numbers, [gap for _number, gap in pairs if gap is not None])
    return RowDigits(
        values=tuple(
            _odd(value) if number is None else style.show(number)
            for value, number in zip((baseline, *others), (base, *(number for number, _gap in pairs)), strict=True)
        ),
        differences=tuple(
            NOTHING if gap is None else style.show_difference(style.agreeing(base, number, gap))
            for number, gap in pairs
        ),
        changes=tuple(format_change(baseline, other) for other in others),
    )


def _pair(baseline: float | None, base: Decimal | None, other: float | None) -> tuple[Decimal | None, Decimal | None]:
    """Another value of the row and its difference from the baseline, in decimals; None: there is none."""
    number = _decimal(other)
    if baseline is None or other is None or base is None or number is None:
        return number, None
    if is_same(baseline, other):
        return base, Decimal(0)
    gap = _EXACT.subtract(number, base)
    if abs(gap) < _HAIR * max(abs(base), abs(number)):  # so close that the digits behind the twelfth count
        gap = _EXACT.subtract(Decimal(repr(float(other))), Decimal(repr(float(baseline))))
    return number, gap


def is_same(one: float, other: float) -> bool:
    """Whether two finite values are equal to 12 significant digits. Whole numbers, which are exact, are only if equal.

    0.1 + 0.2 is the same as 0.3. What a value is compared with decides, not on which side of a rounding it lies.
    """
    if one == other:
        return True
    gap, larger = abs(one - other), max(abs(one), abs(other))
    if gap > _NEAR * larger:
        return False
    if larger < _COUNTS_UP_TO and float(one).is_integer() and float(other).is_integer():
        return False
    return gap <= _HALF_OFF * larger or f"{one:.{_SAME_DIGITS - 1}e}" == f"{other:.{_SAME_DIGITS - 1}e}"


def is_within(baseline: float, candidate: float, tolerance: float) -> bool:
    """Whether the change is no more than this fraction of the baseline, as decimals: 1.1 is within 10 % of 1."""
    base, number = _decimal(baseline), _decimal(candidate)
    if base is None or number is None:
        return False
    return abs(_EXACT.subtract(number, base)) <= _EXACT.multiply(Decimal(repr(float(tolerance))), abs(base))


def significant(value: float) -> int:
    """How many significant digits a value has, noughts at the end not counted; 0 for what is not finite."""
    number = _decimal(value)
    return 0 if number is None else _digits(number)


def difference_of(baseline: float, candidate: float) -> float:
    """Candidate − baseline of two finite values: 0.92 − 0.85 is 0.07. Finite, and 0 for values that are the same only.

    Values of up to nine decimals, and close ones, are subtracted as people do; the rest as floats are.
    """
    one, other = baseline * _BILLION, candidate * _BILLION
    if -_WHOLE < one < _WHOLE and -_WHOLE < other < _WHOLE:
        one, other = round(one), round(other)
        if one / _BILLION == baseline and other / _BILLION == candidate:
            return (other - one) / _BILLION
    gap = candidate - baseline
    if abs(gap) < abs(baseline) * _CLOSE:
        if is_same(baseline, candidate):
            return 0.0
        return float(_EXACT.subtract(Decimal(repr(candidate)), Decimal(repr(baseline))))
    return gap if math.isfinite(gap) else math.copysign(sys.float_info.max, gap)


def relative_change(baseline: float, candidate: float, gap: float) -> float | None:
    """The difference (`gap`) of two finite values ÷ abs(baseline); None from 0, across 0, and beyond a float."""
    if baseline == 0 or baseline < 0 < candidate or candidate < 0 < baseline:
        return None
    quotient = gap / abs(baseline)
    return quotient if math.isfinite(quotient) else None


def format_change(baseline: float | None, candidate: float | None) -> str:
    """The change as text: `+8.2 %`, from ten times on `×12`, `new from 0`, `not a number`, or `–`."""
    if baseline is None or candidate is None:
        return NOTHING
    base, number = _decimal(baseline), _decimal(candidate)
    if base is None or number is None:
        return NOT_A_NUMBER
    if is_same(baseline, candidate):
        return format_percent(0.0)
    if baseline == 0:
        return NEW_FROM_ZERO
    if relative_change(baseline, candidate, difference_of(baseline, candidate)) is None:
        return NOTHING
    _number, gap = _pair(baseline, base, candidate)
    return _factor_or_percent(base, number, gap or Decimal(0))


def _factor_or_percent(base: Decimal, number: Decimal, gap: Decimal) -> str:
    if abs(number) >= _TIMES * abs(base):
        return _factor(_QUOTIENT.divide(number, base))
    fraction = _QUOTIENT.divide(gap, abs(base))
    return NOTHING if abs(fraction) < _LEAST_SHOWN else _percent(fraction)


def _factor(ratio: Decimal) -> str:
    """`×12.5`, `×297`, `×1.2e+07`: to three digits."""
    if ratio >= _MOST_READ:
        return f"×{_with_exponent(ratio, _DIFFERENCE_DIGITS - 1)}"
    text = f"{_rounded(ratio, 0 if ratio >= _HUNDRED else 1):,f}"
    return f"×{text.removesuffix('.0')}"


def format_percent(fraction: float | None) -> str:
    """A signed percentage to two digits: 0.082 is `+8.2 %`; `–` for None or what is not finite.

    It is `100 %` only for what doubled or is gone: 1000 → 4 is `-99.6 %`.
    """
    if fraction is None or not math.isfinite(fraction):
        return NOTHING
    return _percent(_CLEAN.plus(Decimal(repr(float(fraction)))))


def _percent(fraction: Decimal) -> str:
    number = _EXACT.multiply(fraction, _HUNDRED)
    if not number:
        return "0 %"
    if not _LEAST_READ <= abs(number) < _MOST_READ:  # beyond what is read at a glance
        return f"{_sign(number)}{_with_exponent(abs(number), _DIFFERENCE_DIGITS - 1)} %"
    decimals = max(0, _DIFFERENCE_DIGITS - 1 - number.adjusted())
    rounded = _rounded(number, decimals)
    while abs(rounded) == _HUNDRED != abs(number) and decimals < _SAME_DIGITS:
        decimals += 1
        rounded = _rounded(number, decimals)
    text = f"{rounded:+,f}"
    return f"{text.rstrip('0').rstrip('.') if decimals else text} %"


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


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

    def agreeing(self, base: Decimal | None, number: Decimal | None, gap: Decimal) -> Decimal:
        """The difference of the two as they are shown, so that a reader who subtracts finds the same."""
        if self.quantum is None or base is None or number is None or not gap:
            return gap
        shown = number.quantize(self.quantum, context=_EXACT) - base.quantize(self.quantum, context=_EXACT)
        return shown or gap

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
    decimals = max(decimals, *(_decimals_to_tell(number, decimals) for number in numbers), 0)
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


def _decimals_to_tell(number: Decimal, decimals: int) -> int:
    """Formats with so many decimals, and more where they would round 0.99996 up to 1.000."""
    while number and decimals <= _MOST_DECIMALS and _rounded(number, decimals).adjusted() > number.adjusted():
        if decimals >= _digits(number) - 1 - number.adjusted():
            break
        decimals += 1
    return decimals


def _mantissa_decimals(numbers: Sequence[Decimal], gaps: Sequence[Decimal]) -> int:
    """Decimals of mantissas, like `_decimals`; values must show where they differ, however close they are."""
    places = [min(_digits(gap), _DIFFERENCE_DIGITS) - 1 for gap in gaps]
    finest = min((gap.adjusted() - place for gap, place in zip(gaps, places, strict=True)), default=None)
    for number in numbers:
        wanted = _VALUE_DIGITS - 1 if finest is None else max(_VALUE_DIGITS - 1, number.adjusted() - finest)
        own = _digits(number) - 1
        while wanted < own and _mantissa(number, wanted).adjusted() > number.adjusted():  # 9.99996, not 10.00
            wanted += 1
        places.append(min(own, wanted))
    return max(places, default=0)


def _decimal(value: float | None) -> Decimal | None:
    """The decimal that people mean by a float, to 12 digits where it is no whole number; None: no finite value."""
    if value is None or not math.isfinite(value):
        return None
    number = Decimal(repr(float(value)))
    if len(number.as_tuple().digits) <= _SAME_DIGITS or (abs(value) < _COUNTS_UP_TO and float(value).is_integer()):
        return number
    return _TOLD.plus(number)


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
    mantissa, exponent = f"{_mantissa(number, decimals):.{decimals}e}".split("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _mantissa(number: Decimal, decimals: int) -> Decimal:
    return Context(prec=decimals + 1, rounding=ROUND_HALF_UP).plus(number)
