"""Sides of several runs: what their runs tell, and what nobody can tell."""

import math
from dataclasses import replace

import pytest

from comparison import Goal, Outcome, RequestError, compare
from comparison.judgement.goals import goal_of
from comparison.judgement.repeats import KnownNoise, remedy_words
from comparison.judgement.result import CaveatCode, VerdictKind
from comparison.judgement.statistics import Noise, pool, pool_near
from comparison.reports.comparison import comparison_report
from comparison.runs import Status
from tests.bench.false_alarms import DATA, of_groups, of_singles
from tests.comparison.builders import change, experiment, metric, run, side, two, warning

A = [0.912, 0.908, 0.915, 0.910, 0.905]
B = [0.921, 0.925, 0.918, 0.923, 0.919]


def seeds(name, values, *, first=0, **facts):
    """A side of one configuration, a seed a value."""
    runs = [
        run(f"{name}-s{seed}", {"acc": value}, parameters={"width": name, "seed": str(seed)}, started_at=seed, **facts)
        for seed, value in enumerate(values, first)
    ]
    return side(name, *runs)


def test_sides_with_the_same_seeds_are_compared_in_pairs_and_say_so():
    comparison = compare(seeds("a", A), seeds("b", B), metrics=["acc"])
    found = change(comparison, "acc").evidence
    assert (found.test.method, found.is_paired, found.test.n) == ("paired t", True, 5)
    assert found.test.p == pytest.approx(0.009773506873, abs=1e-9)
    assert comparison.verdicts[0].text == (
        "b is better: acc 0.9100 → 0.9212 (+0.0112, 95 %: +0.0045 to +0.0179; 5 seeds each, paired)"
    )


def test_sides_with_other_seeds_are_compared_by_welch():
    found = change(compare(seeds("a", A), seeds("b", B, first=7)), "acc").evidence
    assert (found.test.method, found.is_paired) == ("Welch", False)
    assert found.test.p == pytest.approx(0.000974975, abs=1e-8)


def test_some_shared_seeds_are_no_pairs_and_that_is_said():
    comparison = compare(seeds("a", A), seeds("b", B, first=3))
    assert change(comparison, "acc").evidence.test.method == "Welch"
    assert warning(comparison, CaveatCode.NOT_PAIRED) == (
        "a and b share 2 of 5 seeds: not compared in pairs. Run the same seeds on both sides."
    )


@pytest.mark.parametrize(
    ("baseline", "candidate", "outcome"),
    [
        ([0.9], [0.95, 0.96], Outcome.TOO_FEW),
        ([0.80, 0.82], [0.86, 0.84], Outcome.TOO_FEW),  # B wins every pairing, and p is .11
        ([0.1, 0.11], [0.9, 0.91], Outcome.BETTER),
        (A, [0.921], Outcome.NO_CLEAR_DIFFERENCE),  # inside what repeats of A do
        (A, [0.99], Outcome.BETTER),
        ([0.99], A, Outcome.WORSE),
        (A, [0.913, 0.911, 0.916, 0.909, 0.914], Outcome.NO_CLEAR_DIFFERENCE),
        (A, A, Outcome.NO_CLEAR_DIFFERENCE),
        ([0.9] * 3, [0.9] * 3, Outcome.SAME),
        ([0.8] * 3, [0.9] * 3, Outcome.NO_CLEAR_DIFFERENCE),  # no spread: one of 20 ways to share them out is like this
        ([0.8] * 5, [0.9] * 5, Outcome.BETTER),
        ([1.7e308] * 3, [-1.7e308, 1.7e308, 1e308], Outcome.TOO_FEW),
    ],
)
def test_the_words_of_a_verdict(baseline, candidate, outcome):
    assert change(compare(seeds("a", baseline), seeds("b", candidate, first=50)), "acc").outcome is outcome


def test_too_few_runs_say_how_many_would_do():
    comparison = compare(seeds("a", [0.80, 0.82]), seeds("b", [0.86, 0.84], first=9), metrics=["acc"])
    assert comparison.verdicts[0].standing is VerdictKind.UNCLEAR
    assert comparison.verdicts[0].claim == "Too few runs to tell b from a"
    assert change(comparison, "acc").evidence.seeds == 4


def test_what_is_the_same_takes_a_margin():
    near = [0.911, 0.909, 0.914, 0.912, 0.906]
    without = compare(seeds("a", A), seeds("b", near, first=9), metrics=["acc"])
    assert without.verdicts[0].claim == "No clear difference between a and b"
    within = compare(seeds("a", A), seeds("b", near, first=9), metrics=["acc"], margin=0.005)
    assert change(within, "acc").outcome is Outcome.SAME
    assert change(within, "acc").evidence.same.p == pytest.approx(0.0348413, abs=1e-7)
    assert within.verdicts[0].claim == "a and b are the same within 0.005"


def test_sides_with_the_same_seeds_are_shown_the_same_in_pairs():
    comparison = compare(seeds("a", A), seeds("b", [value + 0.0004 for value in A]), metrics=["acc"], margin=0.005)
    found = change(compare(seeds("a", A), seeds("b", [0.9121, 0.9079, 0.9152, 0.9101, 0.9048]), margin=0.001), "acc")
    assert change(comparison, "acc").evidence.same is None  # all differences are equal: nothing is known of chance
    assert (found.outcome, found.evidence.same.n) == (Outcome.SAME, 5)


@pytest.mark.parametrize(
    ("candidate", "margin", "known", "claim", "numbers"),
    [
        (0.9347, 0.02, (0.0043, 7), "A and B are the same within 0.02",
         "+0.0035, 90 %: -0.0080 to +0.0150; by the noise of earlier repeats"),
        (0.9347, 0.005, (0.0043, 7), "Cannot tell whether A and B are the same within 0.005",
         "+0.0035; runs here must differ by 0.0144 to tell"),
        (0.9347, 0.005, (0.0043, 3), "Cannot tell whether A and B are the same within 0.005", "+0.0035"),
        (0.9347, 0.005, None, "Cannot tell whether A and B are the same within 0.005", "+0.0035"),
        (0.9412, 0.005, None, "B is better", "+1.1 %"),
        (0.9583, 0.005, (0.0043, 7), "B is better", "+0.027; runs here must differ by 0.0144 to tell"),
    ],
)  # fmt: skip
def test_whether_single_runs_are_the_same_within_a_margin_is_told_by_known_noise(
    candidate, margin, known, claim, numbers
):
    given = {"noise": noise(*known)} if known else {}
    comparison = two({"acc": 0.9312}, {"acc": candidate}, metrics=["acc"], margin=margin, **given)
    verdict = comparison.verdicts[0]
    assert (verdict.claim, verdict.evidence.partition(" (")[2]) == (claim, f"{numbers})")


def test_what_is_not_shown_to_be_the_same_says_how_many_seeds_would():
    near = [0.911, 0.909, 0.914, 0.912, 0.906]
    found = change(compare(seeds("a", A), seeds("b", near, first=9), metrics=["acc"], margin=0.004), "acc").evidence
    assert (found.is_shown_same, found.seeds) == (False, 14)
    assert remedy_words(found) == "To show that they are the same within 0.004 run about 14 seeds a side"


def test_metrics_that_are_all_shown_the_same_say_within_what():
    far = [0.911, 0.909, 0.914, 0.912, 0.906]
    assert compare(seeds("a", A), seeds("b", far, first=9), margin=0.005).verdicts[0].text == (
        "a and b are the same within 0.005 on 1 of 1 metric"
    )


def test_failed_members_reruns_and_nans_are_left_out_and_named():
    members = [
        run("m1", {"acc": 0.1}, parameters={"seed": "1"}, status=Status.FAILED),
        run("m2", {"acc": 0.2}, parameters={"lr": "0.1", "seed": "2"}, started_at=1),
        run("m2-again", {"acc": 0.8}, parameters={"lr": "0.10", "seed": "2"}, started_at=2),
        run("m3", {"acc": 0.9}, parameters={"lr": "0.1", "seed": "3"}),
        run("m4", {"acc": math.nan}, parameters={"lr": "0.1", "seed": "4"}),
    ]
    comparison = compare(side("a", *members), seeds("b", B))
    assert change(comparison, "acc").baseline.values == (0.8, 0.9)
    assert warning(comparison, CaveatCode.LEFT_OUT) == "Left out of a: m1 (failed); m2 (a rerun is newer)."
    assert warning(comparison, CaveatCode.NOT_FINITE) == "Not finite in a: acc (1 of 3 runs, left out: NaN)."


def test_a_group_of_several_configurations_is_no_group_of_repeats():
    mixed = side("a", *(run(f"r{lr}", {"acc": lr}, parameters={"lr": str(lr), "seed": "1"}) for lr in (0.1, 0.2, 0.3)))
    assert "differ in more than the seed (lr)" in warning(compare(mixed, seeds("b", B)), CaveatCode.MIXED_GROUP)


def test_repeats_that_are_equal_to_the_last_digit_are_said():
    comparison = compare(seeds("a", [0.8, 0.82, 0.81]), seeds("b", [0.84] * 3, first=9))
    assert warning(comparison, CaveatCode.NO_SPREAD).startswith("All runs of b have the same acc:")


def test_other_metrics_are_corrected_for_being_several_and_the_primary_one_is_not():
    def group(name, shift):
        return side(
            name, *(run(f"{name}{n}", {"acc": n + shift, "auc": n + shift, "f1": n * 2 + shift}) for n in range(4))
        )

    comparison = compare(group("a", 0), group("b", 5), metrics=["acc"])
    acc, auc = (metric(comparison, name).changes[0].evidence for name in ("acc", "auc"))
    assert acc.corrected == acc.test.p
    assert (auc.tests, acc.tests) == (2, 1)
    unnamed = compare(group("a", 0), group("b", 5))
    assert metric(unnamed, "f1").changes[0].evidence.tests == 3


def test_candidates_share_a_correction():
    comparison = compare(seeds("a", A), seeds("b", B), seeds("c", B), metrics=["acc"])
    found = comparison.metrics[0].changes[0].evidence
    assert (found.tests, found.corrected) == (2, pytest.approx(2 * found.test.p))


def test_groups_that_share_runs_are_not_tested():
    one, other = seeds("a", A), seeds("b", B)
    comparison = compare(one, side("both", *one.runs[:1], *other.runs))
    assert change(comparison, "acc").outcome is Outcome.TOO_FEW
    assert change(comparison, "acc").evidence.test is None


def test_sizes_that_never_vary_are_no_matter_of_chance():
    def group(name, size):
        return side(name, *(run(f"{name}{n}", {"n_params": size}) for n in range(2)))

    assert change(compare(group("a", 10), group("b", 20)), "n_params").outcome is Outcome.CHANGED


def test_a_difference_agrees_with_the_values_beside_it():
    near = two({"acc": 0.94786}, {"acc": 0.95361}, metrics=["acc"], noise=noise(0.00285, 12))
    assert near.verdicts[0].evidence.startswith("acc 0.9479 → 0.9536 (+0.0057; ")


def noise(sd, df):
    return lambda _metric, _values: KnownNoise(Noise(sd, df), 1_700_000_000_000)


def test_single_runs_are_judged_by_the_noise_of_earlier_repeats():
    near = two({"acc": 0.9312}, {"acc": 0.9347}, metrics=["acc"], noise=noise(0.00435343, 7))
    assert change(near, "acc").evidence.needed == pytest.approx(0.0145582, abs=1e-6)
    assert change(near, "acc").evidence.test.p == pytest.approx(0.587469, abs=1e-5)
    assert near.verdicts[0].text == (
        "Cannot tell B from A: acc 0.9312 → 0.9347 (+0.0035; runs here must differ by 0.0146 to tell)"
    )
    assert warning(near, CaveatCode.SINGLE_RUNS) is None
    far = two({"acc": 0.9312}, {"acc": 0.9512}, metrics=["acc"], noise=noise(0.00435343, 7))
    assert change(far, "acc").evidence.test.p == pytest.approx(0.0140864, abs=1e-6)
    assert far.verdicts[0].standing is VerdictKind.BETTER


def test_noise_of_too_few_repeats_judges_nothing():
    comparison = two({"acc": 0.9312}, {"acc": 0.9347}, metrics=["acc"], noise=noise(0.00435343, 3))
    assert change(comparison, "acc").outcome is Outcome.BETTER
    assert change(comparison, "acc").evidence.test is None
    assert warning(comparison, CaveatCode.SINGLE_RUNS) is not None


def test_noise_is_pooled_from_groups_near_the_values_only():
    near = [[0.90, 0.91, 0.92], [0.91, 0.93]]
    assert pool_near([*near, [0.1, 0.12, 0.09]], [0.91, 0.92]).df == 3
    assert pool_near([[0.1, 0.12]], [0.9]) is None


def test_what_is_compared_with_its_own_group_has_no_evidence():
    group = seeds("a", A)
    assert compare(group, group).metrics[0].changes[0].evidence is None


def test_a_margin_in_the_tags_of_the_experiment_counts():
    tagged = experiment("iris", goals={"acc": Goal.HIGHER})
    tagged = replace(tagged, margins={"acc": 0.01})
    comparison = compare(seeds("a", A, experiment=tagged), seeds("b", A[::-1], first=9, experiment=tagged))
    assert change(comparison, "acc").outcome is Outcome.SAME


@pytest.mark.parametrize("name", DATA)
def test_equal_groups_are_seldom_called_better_or_worse(name):
    assert of_groups(DATA[name], 3, 200) <= 0.08  # of 5 % at most, with what 200 draws can add to it
    assert of_groups(DATA[name], 5, 200, is_paired=True) <= 0.08


@pytest.mark.parametrize("name", ["normal", "heavy tails (t, 3)", "near the ceiling"])
def test_equal_single_runs_are_seldom_called_better_or_worse_by_the_noise_of_repeats(name):
    assert of_singles(DATA[name], 8, 200) <= 0.08


def test_the_noise_of_repeats_leaves_room_for_heavy_tails():
    few = pool_near([A], A)
    assert few.least_difference() == pytest.approx(pool([A]).least_difference() * 3.746947 / 2.776445, rel=1e-6)
    many = [[0.9, 0.9001]] * 30 + [[0.9, 0.91]]  # one pair in thirty differs by a hundred times as much as the rest
    assert pool([*many]).least_difference() < 0.004
    assert pool_near(many, [0.9, 0.905]).least_difference() == pytest.approx(0.01)


TESTED = {
    "acc": 0.9,
    "compare/aaaaaaaa/correctness/diff": 0.12,
    "compare/aaaaaaaa/correctness/ci_low": 0.03,
    "compare/aaaaaaaa/correctness/ci_high": 0.21,
    "compare/aaaaaaaa/correctness/p_value": 0.0124,
    "compare/aaaaaaaa/correctness/n_paired": 40.0,
}


def test_what_mlflows_own_test_logged_is_shown_and_judges_nothing():
    comparison = compare(run("A", {"acc": 0.8}, run_id="a" * 32), run("B", TESTED))
    assert [metric.name for metric in comparison.metrics] == ["acc"]
    assert warning(comparison, CaveatCode.ONE_SIDED_METRICS) is None
    (section,) = [part for part in comparison_report(comparison).sections if part.title == "MLflow's own tests"]
    assert [(line.label, line.text) for line in section.lines] == [
        ("correctness", "B against A: +0.12, 95 %: +0.03 to +0.21, p 0.012, 40 pairs")
    ]
    assert goal_of("compare/aaaaaaaa/accuracy/diff") is Goal.UNKNOWN


def test_nobody_judges_by_a_statistic():
    with pytest.raises(RequestError, match="not a result"):
        compare(run("A", TESTED), run("B", TESTED), metrics=["compare/aaaaaaaa/correctness/diff"])
