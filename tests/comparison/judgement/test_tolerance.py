import pytest

from comparison import Goal, Outcome, compare
from comparison.channel_defaults import read_tolerance, write_tolerance
from comparison.judgement.result import GoalSource
from comparison.reports.comparison import comparison_report
from comparison.runs import Experiment
from tests.comparison.builders import change, metric, run, two

ONE, OTHER = {"accuracy": 0.900, "loss": 0.500, "foo": 1.0}, {"accuracy": 0.8995, "loss": 0.502, "foo": 1.0004}


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("0.1 %", 0.001), ("0.1%", 0.001), ("± 0,5 %", 0.005), ("1 ‰", 0.001), ("2 per mille", 0.002), (".5 percent", 0.005),
        ("0.001", 0.001), ("1e-3", 0.001), ("0", 0), ("99 %", 0.99),
        ("100 %", None), ("5", None), ("-1 %", None), ("much", None), ("", None), ("nan", None), ("1e999", None),
    ],
)  # fmt: skip
def test_a_tolerance_is_read_as_a_share(text, fraction):
    assert read_tolerance(text) == fraction


def test_where_people_type_a_number_alone_may_mean_either():
    assert read_tolerance("0.1", needs_unit=True) is None
    assert read_tolerance("0.1 %", needs_unit=True) == 0.001


@pytest.mark.parametrize(("fraction", "text"), [(0.001, "0.1 %"), (0.5, "50 %"), (0, "0 %"), (0.00025, "0.025 %")])
def test_a_tolerance_is_written_in_percent(fraction, text):
    assert write_tolerance(fraction) == text


def outcomes(comparison):
    return {each.name: each.changes[0].outcome.value for each in comparison.metrics}


def test_a_tolerance_holds_for_every_metric_whether_its_goal_is_known_or_not():
    assert outcomes(two(ONE, OTHER)) == {"accuracy": "worse", "loss": "worse", "foo": "changed"}
    assert outcomes(two(ONE, OTHER, tolerance=0.001)) == {"accuracy": "same", "loss": "worse", "foo": "same"}
    assert outcomes(two(ONE, OTHER, tolerance=0.004)) == {"accuracy": "same", "loss": "same", "foo": "same"}


def test_noise_does_not_lead_out_of_a_tolerance():
    assert change(two({"loss": 3.0}, {"loss": 3.0 * 1.1}, tolerance=0.1), "loss").outcome is Outcome.SAME


def tagged(**tolerances):
    return Experiment(
        "1", "iris", tolerances={"" if name == "every" else name: each for name, each in tolerances.items()}
    )


def test_the_request_counts_more_than_the_channel_and_that_more_than_the_tags():
    sides = [run("A", ONE, experiment=tagged(every=0.5)), run("B", OTHER, experiment=tagged(every=0.5))]
    found = [
        compare(*sides),
        compare(*sides, channel_tolerances={"": 0.1}),
        compare(*sides, channel_tolerances={"": 0.1, "loss": 0.2}, tolerance=0.0),
        compare(*sides, channel_tolerances={"": 0.1, "loss": 0.2}),
    ]
    told = [(metric(each, "loss").tolerance, metric(each, "loss").tolerance_source) for each in found]
    assert told == [
        (0.5, GoalSource.EXPERIMENT), (0.1, GoalSource.CHANNEL), (0.0, GoalSource.REQUEST), (0.2, GoalSource.CHANNEL),
    ]  # fmt: skip


def test_what_is_tagged_for_a_metric_counts_more_than_what_is_tagged_for_all():
    sides = [
        run(name, values, experiment=tagged(every=0.001, loss=0.01)) for name, values in (("A", ONE), ("B", OTHER))
    ]
    assert outcomes(compare(*sides)) == {"accuracy": "same", "loss": "same", "foo": "same"}


def test_experiments_that_disagree_set_no_tolerance():
    comparison = compare(run("A", ONE, experiment=tagged(every=0.5)), run("B", OTHER, experiment=tagged(every=0.4)))
    assert metric(comparison, "loss").tolerance is None


def test_a_tolerance_is_said_with_who_set_it():
    sides = [run(name, values, experiment=tagged(loss=0.01)) for name, values in (("A", ONE), ("B", OTHER))]
    said = [
        comparison_report(compare(*sides, tolerance=0.001)).footnotes[0],
        comparison_report(compare(*sides, channel_tolerances={"": 0.002})).footnotes[0],
        comparison_report(compare(*sides)).footnotes[0],
    ]
    assert said == [
        "Values count as the same within this share of the baseline: 0.1 % (as asked).",
        "Values count as the same within this share of the baseline: 0.2 % (set for this channel).",
        "Values count as the same within this share of the baseline: 1 % for loss (the experiment's tag).",
    ]


def test_a_value_within_the_tolerance_shows_that_it_moved_and_that_it_counts_as_the_same():
    (row,) = comparison_report(two({"accuracy": 0.9}, {"accuracy": 0.8995}, tolerance=0.001)).table.rows
    assert [cell.text for cell in row] == ["accuracy", "▼ -0.0005 same, -0.056 %", "0.8995", "0.9000"]


def test_a_tolerance_of_several_candidates_shares_the_best_value():
    report = comparison_report(
        compare(
            run("A", {"acc": 0.8}), run("B", {"acc": 0.9}), run("C", {"acc": 0.9001}), metrics=["acc"], tolerance=0.001
        )
    )
    assert report.headline == "🏆 B and C lead 3 runs: acc 0.9000 (+13 % against A)"


def test_a_stated_goal_and_a_tolerance_go_together():
    found = two({"cost": 100.0}, {"cost": 100.05}, goals={"cost": Goal.LOWER}, tolerance=0.001)
    assert change(found, "cost").outcome is Outcome.SAME
