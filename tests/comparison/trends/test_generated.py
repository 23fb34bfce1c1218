"""What is concluded of forty curves with known truth: right, or silent, and never wrong."""

import pytest

from comparison.runs import Goal
from comparison.trends import Tail, curve_of, divergence_of, overfit_of, trend_of
from tests.comparison.trends.generated import Generated, forty

_TAILS = {Tail.FLAT: "flat", Tail.IMPROVING: "improving", Tail.WORSENING: "worsening"}


def concluded(made: Generated, goal: Goal = Goal.LOWER) -> tuple[str, float | None]:
    sign = 1 if goal is Goal.LOWER else -1
    curve = curve_of(made.steps, sign * made.values, goal=goal)
    train = None if made.train is None else curve_of(made.steps, sign * made.train, goal=goal)
    if (found := divergence_of(curve)) and not (train and overfit_of(train, curve)):
        return "diverged", found.since
    if train and (overfit := overfit_of(train, curve)):
        return "overfit", overfit.since
    trend = trend_of(curve)
    return _TAILS.get(trend.tail, ""), trend.since


def count(offset: int, goal: Goal) -> tuple[int, list[str], list[str]]:
    right, silent, wrong = 0, [], []
    for made in forty(offset):
        found, since = concluded(made, goal)
        is_placed = made.since is None or since is None or abs(since - made.since) <= max(6, 0.2 * len(made.steps))
        if found == made.truth and is_placed:
            right += 1
        elif not found:
            right += made.truth == "cyclic"
            silent += [made.name] if made.truth != "cyclic" else []
        else:
            wrong.append(f"{made.name}: {found} since {since}, truth {made.truth} since {made.since}")
    return right, silent, wrong


@pytest.mark.parametrize("goal", [Goal.LOWER, Goal.HIGHER])
@pytest.mark.parametrize("offset", [0, 1000, 2000])
def test_no_conclusion_about_forty_curves_of_known_truth_is_wrong(offset, goal):
    right, silent, wrong = count(offset, goal)
    assert wrong == []
    assert right >= 36, silent
