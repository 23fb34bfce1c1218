"""The headline of three runs or more, counted again by hand."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import compare
from comparison.reports.comparison import comparison_report
from tests.comparison.builders import run

HIGHER, LOWER = ("accuracy", "recall", "auc"), ("loss", "mae")
VALUES = st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5, 0.1 + 0.2])
SIDES = st.lists(st.dictionaries(st.sampled_from([*HIGHER, *LOWER]), VALUES, max_size=5), min_size=3, max_size=6)


def headline(*sides, **asked):
    return comparison_report(
        compare(*(run(name, values) for name, values in zip("Abcdefgh", sides, strict=False)), **asked)
    ).headline


def test_the_best_are_counted_over_all_sides():
    base, one, two, three = (
        {"accuracy": 0.5, "recall": 0.5}, {"accuracy": 0.6, "recall": 0.6}, {"accuracy": 0.7, "recall": 0.55}, {"accuracy": 0.9, "recall": 0.4},
    )  # fmt: skip
    assert (
        headline(base, one, two, three)
        == "2 of 3 candidates are better than A; b and d are best on 1 of 2 metrics each"
    )


def test_those_that_are_the_same_share_a_best_value():
    assert headline({"loss": 0.5}, {"loss": 0.3}, {"loss": 0.1 + 0.2}) == (
        "2 of 2 candidates are better than A; b and c are best on 1 of 1 metric each"
    )
    assert (
        headline({"loss": 0.5}, {"loss": 0.3}, {"loss": 0.1 + 0.2}, metrics=["loss"])
        == "Best loss: 0.3 in b and c (-40 % against A)"
    )
    assert headline({"loss": 0.3}, {"loss": 0.4}, {"loss": 0.1 + 0.2}, metrics=["loss"]) == "Best loss: 0.3 in A and c"


def test_costs_lead_only_where_there_is_nothing_else():
    sides = [{"accuracy": 0.5, "fit_time": 9}, {"accuracy": 0.6, "fit_time": 5}, {"accuracy": 0.7, "fit_time": 8}]
    assert headline(*sides) == "2 of 2 candidates are better than A; c is best on 1 of 1 metric"
    assert headline(*({"fit_time": side["fit_time"]} for side in sides)) == (
        "2 of 2 candidates are better than A; b is best on 1 of 1 metric"
    )


def test_what_is_logged_under_two_names_is_counted_once():
    sides = [{"acc": 0.5, "accuracy": 0.5}, {"acc": 0.6, "accuracy": 0.6}, {"acc": 0.7, "accuracy": 0.7}]
    assert headline(*sides) == "2 of 2 candidates are better than A; c is best on 1 of 1 metric"


def counted(sides):
    """How many metrics each side is best on, by trying each against each."""
    best, metrics = [0] * len(sides), 0
    for name in [*HIGHER, *LOWER]:
        held = {number: round(side[name], 6) for number, side in enumerate(sides) if name in side}
        if len(held) < 2:
            continue
        metrics += 1
        for number, value in held.items():
            beaten = any((other > value) is (name in HIGHER) and other != value for other in held.values())
            best[number] += not beaten
    return best, metrics


@settings(deadline=None)
@given(SIDES)
def test_who_is_said_to_be_best_is(sides):
    told = headline(*sides)
    found = re.search(r"; (.+) (?:is|are) best on (\d+) of (\d+) metrics?(?: each)?$", told)
    if not found:
        assert "best on" not in told
        return
    best, metrics = counted(sides)
    assert (int(found[2]), int(found[3])) == (max(best), metrics)
    leaders = [name for name, count in zip("Abcdefgh", best, strict=False) if count == max(best)]
    shown = re.split(r", | and ", found[1])
    assert shown == (leaders if len(leaders) < 4 else [*leaders[:3], f"{len(leaders) - 3} more"])


@settings(deadline=None)
@given(SIDES)
def test_how_many_are_better_is_counted_right(sides):
    baseline, *candidates = sides
    standings = []
    for side in candidates:
        shared = [name for name in side if name in baseline]
        moves = [(side[name] - baseline[name]) * (1 if name in HIGHER else -1) for name in shared]
        better, worse = any(move > 1e-6 for move in moves), any(move < -1e-6 for move in moves)
        standings.append("mixed" if better and worse else "better" if better else "worse" if worse else "none")
    told = headline(*sides)
    count = standings.count("better")
    if count > 1:
        assert told.startswith(f"{count} of {len(candidates)} candidates are better than A; ")
    elif count == 1:
        assert told.startswith(f"{'bcdefgh'[standings.index('better')]} is better on ")
    else:
        assert "are better" not in told
        assert " is better on" not in told
