import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comparison.judgement.numbers import difference_of, format_change, format_percent, format_row, is_same

NAN, INF = math.nan, math.inf
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("baseline", "candidate", "values", "difference", "change"),
    [
        # the table of the rules
        (0.85, 0.92, ("0.85", "0.92"), "+0.07", "+8.2 %"),
        (0.9312, 0.9347, ("0.9312", "0.9347"), "+0.0035", "+0.38 %"),
        (0.931204, 0.931209, ("0.931204", "0.931209"), "+0.000005", "+0.00054 %"),
        (3e-4, 1e-4, ("0.0003", "0.0001"), "-0.0002", "-67 %"),
        (1.5e-7, 3.0e-7, ("1.5e-07", "3.0e-07"), "+1.5e-07", "+100 %"),
        (1234567, 1240000, ("1,234,567", "1,240,000"), "+5,433", "+0.44 %"),
        (0, 0.3, ("0", "0.3"), "+0.3", "new from 0"),
        (-0.2, 0.1, ("-0.2", "0.1"), "+0.3", "–"),
        (0.8, NAN, ("0.8", "NaN"), "–", "not a number"),
        (0.8, None, ("0.8", "not logged"), "–", "–"),
        # others
        (0.1 + 0.2, 0.3, ("0.3", "0.3"), "0", "0 %"),
        (0.7, 0.1 + 0.7, ("0.7", "0.8"), "+0.1", "+14 %"),
        (1e15, 1e15 + 1, ("1,000,000,000,000,000", "1,000,000,000,000,001"), "+1", "–"),
        (1e16, 1e16 + 2, ("1e+16", "1e+16"), "0", "0 %"),
        (100, 1e-9, ("100.000000000", "0.000000001"), "-99.999999999", "-99.999999999 %"),
        (1e300, 5e-324, ("1e+300", "5e-324"), "-1e+300", "-100 %"),
        (1e308, -1e308, ("1e+308", "-1e+308"), "-2e+308", "–"),
        (1234.5, 1235.5, ("1,235", "1,236"), "+1", "+0.081 %"),
        (12.345678, 12.345999, ("12.34568", "12.34600"), "+0.00032", "+0.0026 %"),
        (0.93124567, 0.9, ("0.9312", "0.9000"), "-0.0312", "-3.4 %"),
        (1.234567891e-7, 1.234567892e-7, ("1.234567891e-07", "1.234567892e-07"), "+1e-16", "–"),
        (5, 5, ("5", "5"), "0", "0 %"),
        (0.0, -0.0, ("0", "0"), "0", "0 %"),
        (-0.0, 2, ("0", "2"), "+2", "new from 0"),
        (0.3, 0, ("0.3", "0"), "-0.3", "-100 %"),
        (-2, -1, ("-2", "-1"), "+1", "+50 %"),
        (1, 1000, ("1", "1,000"), "+999", "×1,000"),
        (1e-3, 1e6, ("0.001", "1,000,000.000"), "+999,999.999", "×1.0e+09"),
        # digits enough never to lie
        (1000, 4, ("1,000", "4"), "-996", "-99.6 %"),
        (10_000, 3, ("10,000", "3"), "-9,997", "-99.97 %"),
        (1000, 1996, ("1,000", "1,996"), "+996", "+99.6 %"),
        (1000, 2004, ("1,000", "2,004"), "+1,004", "+100.4 %"),
        (1000, 2000, ("1,000", "2,000"), "+1,000", "+100 %"),
        (0.5, 0.99996, ("0.50000", "0.99996"), "+0.49996", "+99.99 %"),
        (0.99996, 1, ("0.99996", "1.00000"), "+0.00004", "+0.004 %"),
        (9999.96, 5, ("9,999.96", "5.00"), "-9,994.96", "-99.9 %"),
        (3.9996e-8, 9.99996e-8, ("3.99960e-08", "9.99996e-08"), "+6.000e-08", "+150 %"),
        # halves are rounded away from zero, whatever the binary fraction
        (0.8, 0.9, ("0.8", "0.9"), "+0.1", "+13 %"),
        (800, 900, ("800", "900"), "+100", "+13 %"),
        (800, 908, ("800", "908"), "+108", "+14 %"),
        (0.8, 0.7, ("0.8", "0.7"), "-0.1", "-13 %"),
        # noise behind the twelfth digit
        (0.016, 0.016000000000000017, ("0.016", "0.016"), "0", "0 %"),
        (0.5, 0.7000000000000001, ("0.5", "0.7"), "+0.2", "+40 %"),
        (1e12 / 3, 1e12 / 3 + 1e-4, ("333,333,333,333", "333,333,333,333"), "0", "0 %"),
        (2**53 - 1, 2**53 - 2, ("9,007,199,254,740,991", "9,007,199,254,740,990"), "-1", "–"),
        (0.100000000001, 0.100000000002, ("0.100000000001", "0.100000000002"), "+0.000000000001", "–"),
        (INF, -INF, ("inf", "-inf"), "–", "not a number"),
        (None, None, ("not logged", "not logged"), "–", "–"),
        (None, 0.25, ("not logged", "0.25"), "–", "–"),
    ],
)
def test_a_row_is_shown_so(baseline, candidate, values, difference, change):
    shown = format_row(baseline, candidate)
    assert (shown.values, shown.differences, shown.changes) == (values, (difference,), (change,))


def test_all_of_a_row_share_their_decimals():
    shown = format_row(1, 1.00001, None, 3.14159265, NAN)
    assert shown.values == ("1.00000", "1.00001", "not logged", "3.14159", "NaN")
    assert shown.differences == ("+0.00001", "–", "+2.14159", "–")


def test_a_row_of_one_is_a_row():
    assert format_row(0.5).values == ("0.5",)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.082, "+8.2 %"), (0.08, "+8 %"), (-0.67, "-67 %"), (1, "+100 %"), (2.346, "+235 %"), (0, "0 %"), (-0.0, "0 %"),
     (None, "–"), (NAN, "–"), (INF, "–"), (12.5, "+1,250 %"), (0.0996, "+10 %"), (0.000999, "+0.1 %"), (0.125, "+13 %"), (0.135, "+14 %"), (-0.125, "-13 %"), (0.0245, "+2.5 %"),
     (0.01125, "+1.1 %"), (0.01135, "+1.1 %"), (0.9 - 0.775, "+13 %"), (-0.996, "-99.6 %"), (-0.99999, "-99.999 %"), (1.004, "+100.4 %"),
     (-1 + 1e-15, "-100 %"), (1e302, "+1.0e+304 %"),
     (1.5e308, "+1.5e+310 %"), (1e-9, "+1.0e-07 %")],
)  # fmt: skip
def test_a_fraction_is_shown_in_percent(fraction, text):
    assert format_percent(fraction) == text


@pytest.mark.parametrize(
    ("baseline", "candidate", "difference"),
    [(0.85, 0.92, 0.07), (0.1, 0.3, 0.2), (1.1, 2.2, 1.1), (0.3, 0.1 + 0.2, 0), (1e308, -1e308, -1.7976931348623157e308),
     (5e-324, 0.0, -5e-324), (0.123456789, 0.1, -0.023456789)],
)  # fmt: skip
def test_a_difference_has_no_binary_noise(baseline, candidate, difference):
    assert difference_of(baseline, candidate) == difference


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@given(FINITE, FINITE)
@example(0.1 + 0.2, 0.3)
@example(1.5, 2.5)
@example(9.9995, 10.0)
def test_values_that_differ_never_look_the_same(baseline, candidate):
    shown = format_row(baseline, candidate)
    if is_same(baseline, candidate):
        assert shown.values[0] == shown.values[1]
        assert shown.differences == ("0",)
    else:
        assert shown.values[0] != shown.values[1]
        assert number(shown.differences[0]) * (1 if candidate > baseline else -1) > 0


@given(FINITE, FINITE)
def test_what_is_shown_is_the_value_rounded(baseline, candidate):
    for value, text in zip((baseline, candidate), format_row(baseline, candidate).values, strict=True):
        assert text != "-0"
        assert abs(number(text) - Decimal(repr(value))) <= abs(Decimal(repr(value))) * Decimal("0.0005")


@given(FINITE, FINITE)
def test_a_shown_difference_is_right_to_two_digits(baseline, candidate):
    gap = Decimal(0) if is_same(baseline, candidate) else Decimal(repr(candidate)) - Decimal(repr(baseline))
    shown = number(format_row(baseline, candidate).differences[0])
    assert abs(shown - gap) <= abs(gap) * Decimal("0.051")


@given(FINITE, FINITE)
@example(0.1 + 0.2, 0.3)
def test_a_difference_is_nought_for_values_that_are_the_same_only(baseline, candidate):
    gap = difference_of(baseline, candidate)
    assert math.isfinite(gap)
    assert is_same(baseline, candidate) == (gap == 0)
    assert gap == 0 or (gap > 0) is (candidate > baseline)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.00000000001, False),
        (9.99999999999, 9.99999999998, False),
        (0.123456789012, 0.123456789013, False),
        (0.30000000000049998, 0.3000000000005, True),
        (-0.3, -0.1 - 0.2, True),
        (0.0, -0.0, True),
        (0.0, 1e-300, False),
        (1e-17, -1e-17, False),
        (1e-17, 3 * 1e-17 / 3, True),
        (1_234_567_890_123.0, 1_234_567_890_124.0, False),
        (1e300, 1e300 * (1 + 1e-15), True),
        (1.7e308, -1.7e308, False),
    ],
)
def test_values_equal_to_twelve_digits_are_the_same(one, other, same):
    assert is_same(one, other) is is_same(other, one) is same


@given(FINITE, FINITE)
@example(1.0, 2.0000000000000004)
@example(1000.0, 4.0)
def test_a_hundred_percent_is_said_of_what_doubled_or_is_gone_only(baseline, candidate):
    text = format_change(baseline, candidate)
    if text in ("+100 %", "-100 %"):
        share = (Decimal(candidate) - Decimal(baseline)) / abs(Decimal(baseline))
        assert abs(abs(share) - 1) < Decimal("1e-11")


@given(st.lists(st.none() | st.floats(), max_size=6), st.none() | st.floats())
def test_any_row_can_be_shown(others, baseline):
    shown = format_row(baseline, *others)
    assert len(shown.values) == len(others) + 1
    assert len(shown.differences) == len(shown.changes) == len(others)
    assert all(len(text) < 45 for text in (*shown.values, *shown.differences, *shown.changes))
