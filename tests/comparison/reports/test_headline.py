"""The headline of three runs or more, counted again by hand."""

import re

from hypothesis import given
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
        == "🏆 d leads 4 runs: accuracy 0.9 (+80 % against A) · b and d are best on 1 of 2 metrics each"
    )


def test_those_that_are_the_same_share_a_best_value():
    told = "🏆 b and c lead 3 runs: loss 0.3 (-40 % against A)"
    assert headline({"loss": 0.5}, {"loss": 0.3}, {"loss": 0.1 + 0.2}) == told
    assert headline({"loss": 0.5}, {"loss": 0.3}, {"loss": 0.1 + 0.2}, metrics=["loss"]) == told
    assert headline({"loss": 0.3}, {"loss": 0.4}, {"loss": 0.1 + 0.2}) == "🏆 A and c lead 3 runs: loss 0.3"


def test_costs_lead_only_where_there_is_nothing_else():
    sides = [{"accuracy": 0.5, "fit_time": 9}, {"accuracy": 0.6, "fit_time": 5}, {"accuracy": 0.7, "fit_time": 8}]
    assert headline(*sides) == "🏆 c leads 3 runs: accuracy 0.7 (+40 % against A)"
    assert headline(*({"fit_time": side["fit_time"]} for side in sides)) == (
        "🏆 b leads 3 runs: fit_time 5 (-44 % against A)"
    )


def test_what_is_logged_under_two_names_is_counted_once():
    sides = [{"acc": 0.5, "accuracy": 0.5}, {"acc": 0.6, "accuracy": 0.6}, {"acc": 0.7, "accuracy": 0.7}]
    assert headline(*sides) == "🏆 c leads 3 runs: acc 0.7 (+40 % against A)"


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


@given(SIDES)
def test_who_is_said_to_be_best_is(sides):
    told = headline(*sides)
    found = re.search(r" · (.+) (?:is|are) best on (\d+) of (\d+) metrics?(?: each)?$", told)
    if not found:
        assert "best on" not in told
        return
    best, metrics = counted(sides)
    assert (int(found[2]), int(found[3])) == (max(best), metrics)
    leaders = [name for name, count in zip("Abcdefgh", best, strict=False) if count == max(best)]
    shown = re.split(r", | and ", found[1])
    assert shown == (leaders if len(leaders) < 4 else [*leaders[:3], f"{len(leaders) - 3} more"])


@given(SIDES)
def test_who_leads_has_the_best_value_of_the_metric_that_most_runs_have(sides):
    told = headline(*sides)
    found = re.search(r"^🏆 (?:(.+) leads? \d runs|The baseline (A) is still best): (\w+) ", told)
    held = {name: [round(side[name], 6) for side in sides if name in side] for name in [*HIGHER, *LOWER]}
    most = max(map(len, held.values()))
    if not found:
        assert told[0] in "➖❔"
        assert most < 2 or any(len(values) == most and len(set(values)) == 1 for values in held.values())
        return
    who, metric = found[1] or found[2], found[3]
    assert len(held[metric]) == most
    top = (max if metric in HIGHER else min)(held[metric])
    leaders = [name for name, side in zip("Abcdefgh", sides, strict=False) if round(side.get(metric, -9), 6) == top]
    shown = re.split(r", | and ", who)
    assert shown == (leaders if len(leaders) < 4 else [*leaders[:3], f"{len(leaders) - 3} more"])


def test_a_side_named_after_several_runs_takes_a_plural_verb():
    old = [run("old", {"accuracy": 0.5})]
    one, other = (
        [run(f"{name}-{n}", {"accuracy": value + n / 100}) for n in range(3)]
        for name, value in (("a", 0.8), ("b", 0.9))
    )
    told = comparison_report(compare(old, one, other)).headline
    assert told.startswith("🏆 b-0 and 2 more lead 3 sides: accuracy 0.91")
