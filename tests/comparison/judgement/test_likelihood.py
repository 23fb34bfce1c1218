from comparison import compare
from comparison.judgement.differences import sort_by_likelihood
from comparison.judgement.result import Difference
from comparison.reports.comparison import comparison_report
from tests.comparison.builders import run


def names(*differences):
    return [each.name for each in sort_by_likelihood(tuple(Difference(*each) for each in differences))]


def test_the_likeliest_come_first_whatever_their_names():
    assert names(
        ("artifact_path", ("a", "b")), ("booster", ("gbtree", "dart")), ("seed", ("1", "2")), ("device", ("cpu", "cuda")),
        ("learning_rate", ("0.1", "0.01")), ("max_depth", ("6", "10")), ("dataset", ("v1", "v2")),
    ) == ["dataset", "max_depth", "learning_rate", "booster", "seed", "device", "artifact_path"]  # fmt: skip


def test_what_one_side_lacks_comes_last():
    assert names(("dropout", (None, "0.1")), ("out_dir", ("a", "b")), ("depth", ("3", None)), ("lr", ("1", "2"))) == [
        "lr", "out_dir", "depth", "dropout",
    ]  # fmt: skip


def test_of_many_that_changed_the_comparison_shows_the_likeliest_first():
    one = {f"a_{number:02}_path": "x" for number in range(30)} | {"max_depth": "6", "bagging": "1"}
    other = dict.fromkeys(one, "y") | {"max_depth": "10"} | {"alpha": "1"}
    report = comparison_report(compare(run("A", {"loss": 1}, parameters=one), run("B", {"loss": 1}, parameters=other)))
    lines = next(part.lines for part in report.sections if part.title == "Parameters")
    assert (lines[0].label, lines[0].text) == ("max_depth", "6 → 10")
    assert lines[-1].text == "alpha = 1"
    assert "max_depth 6 → 10" in report.summary
