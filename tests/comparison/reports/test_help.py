"""Help and errors in words: each teaches what to type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood, RequestError, RunNotFound
from comparison.language.parser import parse
from comparison.reports.help import TOPICS, Examples, error_report, examples_of, help_report, spot
from comparison.runs import Experiment, Metric, Run, Status


def typed(report):
    return [step.command for step in report.steps]


def test_help_is_four_lines_to_copy_with_names_of_real_runs():
    assert typed(help_report("", Examples(("Run 1", "run-2", "all"), "val_loss", "my iris"))) == [
        '/mlcompare "Run 1" vs run-2',
        '/mlcompare "Run 1" vs run-2 by val_loss',
        '/mlcompare latest vs best val_loss in "my iris"',
        "/mlcompare standup",
    ]


def test_where_only_comparisons_can_be_asked_for_nothing_else_is_offered():
    assert typed(help_report("", ["Run 1", "run-2", "all"], only_comparisons=True)) == [
        '/mlcompare "Run 1" vs run-2',
        '/mlcompare "Run 1" vs run-2 by accuracy',
        '/mlcompare "Run 1", run-2 and "all"',
        '/mlcompare "Run 1" vs run-2 all',
    ]


def run(name, experiment, status=Status.FINISHED, **metrics):
    held = {key: Metric(value) for key, value in metrics.items()}
    return Run(name, name, Experiment(experiment, f"of {experiment}"), status, metrics=held)


def test_examples_are_of_runs_that_can_be_compared():
    runs = [
        run("busy", "1", Status.RUNNING, acc=0.1),
        run("odd", "1", n=1.0),
        run("broken", "2", Status.FAILED, loss=3.0),
        run("one", "2", n=1.0, loss=0.5, acc=0.2),
        run("two", "2", n=1.0, loss=0.4),
    ]
    assert examples_of(runs) == Examples(("one", "two"), "loss", "of 2")
    assert examples_of(runs[:2]) == Examples(("busy", "odd"))
    assert examples_of([]) == Examples()


@pytest.mark.parametrize("topic", ["", *TOPICS])
def test_every_line_to_copy_is_understood(topic):
    for line in typed(help_report(topic, Examples(("latest", "a b", "best"), "val/loss", "in all"))):
        assert parse(line), line


def test_help_without_runs_says_that_the_names_stand_in():
    report = help_report("", [], "mlcompare compare")
    assert typed(report)[0] == "mlcompare compare run-a vs run-b"
    assert "stand for names of your own runs" in report.summary


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mlp-64", "mlp-64"),
        ("iris/mlp", "iris/mlp"),
        ("lr=0.1, wd=2", '"lr=0.1, wd=2"'),
        ('the "best" one', '“the "best" one”'),
        ('it\'s "this"', '“it\'s "this"”'),
        ("vs", '"vs"'),
        ("Compare", '"Compare"'),
        ("größe", "größe"),
        ("latest", '"latest"'),
        ("models:/a/1", '"models:/a/1"'),
        ("run A run B", '"run A run B"'),
    ],
)
def test_a_name_is_quoted_where_it_has_to_be(name, shown):
    assert typed(help_report("", [name]))[0] == f"/mlcompare {shown} vs run-b"


@pytest.mark.parametrize("name", ["two\nlines", "x" * 200, "", "bell\x07"])
def test_a_name_that_cannot_be_copied_is_no_example(name):
    assert typed(help_report("", [name, "fine"]))[0] == "/mlcompare fine vs run-b"


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_lines_to_copy(topic):
    report = help_report(topic, ["a", "b", "c"])
    assert all(line.startswith("/mlcompare ") for line in typed(report))
    assert topic in help_report("", []).summary.partition("More: /mlcompare help ")[2]


def test_an_unknown_topic_is_said_and_the_overview_given():
    report = help_report("cooking", ["a", "b"])
    assert report.headline == "There is no help on cooking. Compare MLflow runs: the first one is the baseline"
    assert len(report.steps) == 4


def test_an_error_marks_the_spot_names_the_nearest_and_gives_a_line_to_copy():
    error = RunNotFound(
        "I found no run called odl.",
        remedy="Names are case-sensitive.",
        example="old vs new",
        near=("old", "older"),
        text="odl vs new in iris",
        at=0,
    )
    assert error_report(error).summary.split("\n") == [
        "I found no run called odl.",
        "You typed: «odl» vs new in iris",
        "Did you mean: old and older",
        "Names are case-sensitive.",
        "/mlcompare old vs new",
    ]


def test_an_error_with_nothing_but_a_problem_is_said():
    report = error_report(RequestError("MLflow did not answer."))
    assert (report.headline, report.summary) == ("MLflow did not answer.", "MLflow did not answer.")
    assert (report.sections, report.steps) == ((), ())


def test_an_example_that_holds_the_command_is_left_as_it_is():
    error = NotUnderstood("What?", example="mlcompare compare a vs b")
    assert typed(error_report(error, "mlcompare compare")) == ["mlcompare compare a vs b"]


@pytest.mark.parametrize(
    ("text", "at", "marked"),
    [
        ("a vs b", 5, "a vs «b»"),
        ("a vs", 4, "a vs «…»"),
        ("a, b and c", 0, "«a», b and c"),
        ('a vs "Run 1" in x', 5, 'a vs «"Run 1"» in x'),
        ("a vs “Run 1” in x", 5, "a vs «“Run 1”» in x"),
        ('a vs "Run 1', 5, 'a vs «"Run 1»'),
        ("a\nvs b", 5, "a⏎vs «b»"),
        ("a vs b", 99, "a vs b «…»"),
        ("a vs b", None, "a vs b"),
        ("x" * 300 + " odl " + "y" * 300, 301, f"…{'x' * 59} «odl» {'y' * 59}…"),
    ],
)
def test_the_spot_is_marked(text, at, marked):
    assert spot(text, at) == marked


@given(st.text(max_size=300), st.none() | st.integers(-5, 400), st.lists(st.text(), max_size=8), st.text())
def test_any_error_is_told_on_short_plain_lines(text, at, near, example):
    report = error_report(RunNotFound("No such run.", near=tuple(near), text=text, at=at, example=example))
    lines = [line.text for section in report.sections for line in section.lines]
    assert all("\n" not in line and len(line) < 600 for line in lines)
