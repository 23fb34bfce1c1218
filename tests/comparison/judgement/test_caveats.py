import math

import pytest

from comparison import Metric, compare
from comparison.judgement.result import CaveatCode, Outcome
from comparison.runs import Dataset, Status
from tests.comparison.builders import experiment, run, side, two, warning

HOUR = 3_600_000
NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (Status.FAILED, "B failed."),
        (Status.KILLED, "B was killed."),
        (Status.RUNNING, "B is still running."),
        (Status.SCHEDULED, "B has not started."),
        (Status.UNKNOWN, "B has an unknown status."),
        (Status.FINISHED, None),
    ],
)
def test_a_run_that_did_not_finish_is_said(status, text):
    assert warning(compare(run("A"), run("B", status=status)), CaveatCode.NOT_FINISHED) == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"metrics": {"loss": Metric(1, 5, NOW - 5 * HOUR)}}, "B may be dead: no new metric for 5 h."),
        (
            {"metrics": {"loss": Metric(1, 5, NOW - 90 * 60_000)}},
            "B may be dead: no new metric for 90 min.",
        ),
        (
            {"metrics": {"loss": Metric(1, 5, NOW - 100 * HOUR)}},
            "B may be dead: no new metric for 4 days.",
        ),
        ({"metrics": {"x": Metric(1, 5, NOW - 9 * HOUR), "y": Metric(1, 5, NOW - HOUR)}}, None),
        ({"started_at": NOW - 2 * HOUR}, "B may be dead: no new metric for 2 h."),
        ({"started_at": NOW - 2 * HOUR, "metrics": {"x": Metric(1, 0, NOW - 1000)}}, None),
        ({"started_at": NOW + HOUR}, None),
        ({}, None),
    ],
)
def test_a_run_that_is_silent_for_more_than_an_hour_may_be_dead(facts, text):
    comparison = compare(run("A"), run("B", status=Status.RUNNING, **facts), now=NOW)
    assert warning(comparison, CaveatCode.MAY_BE_DEAD) == text
    assert (warning(comparison, CaveatCode.NOT_FINISHED) is None) == bool(text)


def test_without_a_clock_nobody_is_taken_for_dead():
    comparison = compare(run("A"), run("B", status=Status.RUNNING, started_at=1))
    assert warning(comparison, CaveatCode.MAY_BE_DEAD) is None
    assert warning(comparison, CaveatCode.NOT_FINISHED) == "B is still running."


def test_of_several_runs_those_that_did_not_finish_are_counted():
    seeds = side(
        "B",
        run("1", status=Status.KILLED),
        run("2", status=Status.FAILED),
        run("3", status=Status.FAILED, deleted=True),
    )
    comparison = compare(run("A"), seeds)
    assert warning(comparison, CaveatCode.NOT_FINISHED) == (
        "2 of the 3 runs of B failed. 1 of the 3 runs of B was killed."
    )
    assert warning(comparison, CaveatCode.DELETED) == "1 of the 3 runs of B is deleted in MLflow."


def test_a_deleted_run_is_said():
    assert warning(compare(run("A", deleted=True), run("B")), CaveatCode.DELETED) == "A is deleted in MLflow."


def test_metrics_of_one_side_only_are_named():
    comparison = two({"x": 1, "y": 1}, {"y": 1, "p": 1, "q": 1, "r": 1, "s": 1, "t": 1})
    assert (
        warning(comparison, CaveatCode.ONE_SIDED_METRICS)
        == "Logged only by A: x. Logged only by B: p, q, r and 2 more."
    )


def test_of_three_sides_those_without_the_metric_are_named():
    comparison = compare(run("A", {"x": 1, "y": 1}), run("B", {"x": 1}), run("C", {"x": 1, "y": 1}))
    assert warning(comparison, CaveatCode.ONE_SIDED_METRICS) == "Not logged by B: y."


def test_values_that_are_not_finite_are_named():
    comparison = two({"x": math.nan, "y": math.inf, "z": 1}, {"x": 1, "y": 1, "z": -math.inf})
    assert warning(comparison, CaveatCode.NOT_FINITE) == "Not finite in A: x (NaN), y (inf). Not finite in B: z (-inf)."


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        (100, 94, "B stopped at step 94; A ran to step 100."),
        (100, 95, None),
        (95, 100, None),
        (10, 20, "A stopped at step 10; B ran to step 20."),
        (0, 0, None),
        (-1, -9, None),
    ],
)
def test_numbers_of_steps_that_differ_by_more_than_a_twentieth_are_said(one, other, text):
    comparison = two({"loss": Metric(1, one), "acc": Metric(1, 0)}, {"loss": Metric(1, other), "acc": Metric(1, 0)})
    assert warning(comparison, CaveatCode.STEPS_DIFFER) == text


def test_many_metrics_that_ran_for_other_steps_are_one_warning():
    comparison = two(
        {"a": Metric(1, 9), "b": Metric(1, 9), "c": Metric(1, 9)},
        {"a": Metric(1, 5), "b": Metric(1, 5), "c": Metric(1, 9)},
    )
    assert warning(comparison, CaveatCode.STEPS_DIFFER) == "B stopped at step 5; A ran to step 9."


def test_runs_of_different_experiments_are_said():
    comparison = compare(run("A", experiment=experiment("iris")), run("B", experiment=experiment("digits")))
    assert (
        warning(comparison, CaveatCode.EXPERIMENTS_DIFFER)
        == "The runs are of different experiments: A in iris, B in digits."
    )


def test_the_same_run_twice_is_said_and_nothing_is_made_of_it():
    same = run("A", {"acc": 1}, commit="")
    assert [found.text for found in compare(same, same).warnings] == ["A (AA) and A (AA) #2 are the same run."]


def test_sides_that_share_a_run_say_so():
    comparison = compare(side("A", run("1"), run("2")), side("B", run("2"), run("3")))
    assert warning(comparison, CaveatCode.SAME_RUN) == "A and B share a run."


@pytest.mark.parametrize(
    ("commits", "code", "text"),
    [
        (("", "abc"), CaveatCode.COMMIT_UNKNOWN, "The source commit of A is unknown: the code may differ too."),
        (("", ""), CaveatCode.COMMIT_UNKNOWN, "The source commits are unknown: the code may differ too."),
        (("abc", "abc"), CaveatCode.COMMIT_UNKNOWN, None),
        (("abc", "abc"), CaveatCode.COMMITS_DIFFER, None),
        (("1a2b3c4d5e", "9f8e7d6c5b"), CaveatCode.COMMITS_DIFFER, "The source commits differ: A 1a2b3c4, B 9f8e7d6."),
        (
            ("1a2b3c4d5e", "1a2b3c4fff"),
            CaveatCode.COMMITS_DIFFER,
            "The source commits differ: A 1a2b3c4d5e, B 1a2b3c4fff.",
        ),
    ],
)
def test_source_commits_that_are_unknown_or_differ_are_said(commits, code, text):
    assert warning(compare(run("A", commit=commits[0]), run("B", commit=commits[1])), code) == text


def test_one_run_against_one_run_may_be_seed_noise():
    assert warning(two({"acc": 1}, {"acc": 2}), CaveatCode.SINGLE_RUNS) == ("Single runs: this could be seed noise.")


def test_no_difference_is_no_noise():
    assert warning(two({"acc": 1}, {"acc": 1}), CaveatCode.SINGLE_RUNS) is None


def test_several_single_runs_may_be_seed_noise_too():
    comparison = compare(run("A", {"acc": 1}), run("B", {"acc": 2}), run("C", {"acc": 3}))
    assert warning(comparison, CaveatCode.SINGLE_RUNS) == "Single runs: this could be seed noise."


def test_a_single_run_against_repeats_is_judged_by_them_and_raises_no_doubt_of_noise():
    comparison = compare(
        side("A", run("1", {"acc": 1}), run("2", {"acc": 1})), run("B", {"acc": 2}), run("C", {"acc": 2})
    )
    assert warning(comparison, CaveatCode.SINGLE_RUNS) is None
    assert {change.outcome for change in comparison.metrics[0].changes} == {Outcome.TOO_FEW}


def test_repeats_on_both_sides_raise_no_doubt_of_noise():
    comparison = compare([run("A", {"acc": 1}), run("B", {"acc": 1})], [run("C", {"acc": 2}), run("D", {"acc": 2})])
    assert warning(comparison, CaveatCode.SINGLE_RUNS) is None


OF_GROUPS = {  # and of histories
    CaveatCode.LEFT_OUT, CaveatCode.MIXED_GROUP, CaveatCode.NOT_PAIRED, CaveatCode.NO_SPREAD, CaveatCode.PICKED,
    CaveatCode.OPTIMISTIC, CaveatCode.BEST_EARLIER,
}  # fmt: skip


def test_the_most_serious_doubts_come_first():
    comparison = compare(
        run("A", {"x": 1, "loss": Metric(math.nan, 100), "acc": 1, "f1": Metric(1, is_unclear=True), "auc": Metric(1, points=4)}, status=Status.FAILED, deleted=True),
        run("B", {"y": 1, "loss": Metric(1, 50), "acc": 2}, status=Status.RUNNING, started_at=1, experiment=experiment("other"),
            commit="", datasets=(Dataset("d", "1"),)),
        run("A", {"x": 1}, run_id="AA", commit="ffffff"),
        now=NOW,
    )  # fmt: skip
    codes = [found.code for found in comparison.warnings]
    assert codes == sorted(codes, key=list(CaveatCode).index)
    assert set(codes) == set(CaveatCode) - OF_GROUPS
    assert all(found.text.endswith(".") and "\n" not in found.text for found in comparison.warnings)


def test_two_good_runs_of_one_kind_raise_one_doubt_only():
    assert [found.code for found in two({"acc": 1}, {"acc": 2}).warnings] == [CaveatCode.SINGLE_RUNS]


def test_values_other_than_the_last_do_not_tell_how_long_a_run_went_on():
    comparison = compare(
        run("A", {"loss": Metric(1, 3)}),
        run("B", {"loss": Metric(1, 90, 1000)}, status=Status.RUNNING),
        now=NOW,
        reading="best",
    )
    assert warning(comparison, CaveatCode.STEPS_DIFFER) is None
    assert warning(comparison, CaveatCode.MAY_BE_DEAD) is None
    assert warning(comparison, CaveatCode.NOT_FINISHED) == "B is still running."


def test_values_that_may_be_of_any_dataset_are_named():
    comparison = two({"acc": 0.9, "f1": 0.8}, {"acc": Metric(0.8, is_unclear=True), "f1": Metric(0.8, is_unclear=True)})
    assert warning(comparison, CaveatCode.DATASETS_UNCLEAR) == (
        "acc, f1 have values of several datasets in B, and MLflow does not tell which value is of which: not judged. "
        "It tells where a metric is logged for a model, or each dataset has a name of its own."
    )


def test_values_that_share_their_step_are_said():
    comparison = two({"acc": Metric(0.9, 0, points=4), "f1": 1}, {"acc": Metric(0.8, 3), "f1": 1}, reading="best")
    assert warning(comparison, CaveatCode.SEVERAL_AT_ONE_STEP) == (
        "acc was logged 4 times at step 0 in A: folds and datasets are no steps."
    )
