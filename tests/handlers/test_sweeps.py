"""Sweeps: what is said, and what a person reads then."""

from dataclasses import replace

import pytest
import sklearn.ensemble  # noqa: F401 -- loaded before a worker has to answer in time

from comparison.runs import Experiment, Metric, Status
from tests.comparison.sweeps.made import noise, signal
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, NOON, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

FRAUD = Experiment("2", "fraud")


def sweep(trials, *, parent="search", experiment=FRAUD, metric="accuracy", **facts):
    """A parent and its children, a minute apart."""
    top = a_run(parent, 900, experiment=experiment, metrics={}, parameters={})
    children = [
        a_run(
            f"trial-{trial.key}",
            1000 + trial.number,
            experiment=experiment,
            parent_id=top.run_id if parent else "",
            metrics={metric: Metric(trial.values[0], 1), "latency_ms": Metric(10.0 + trial.number)},
            parameters=trial.parameters,
            started_at=NOON - (len(trials) - trial.number) * 60_000,
            **facts,
        )
        for trial in trials
    ]
    return [top, *children] if parent else children


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW, *sweep(signal(60, 0))])


@pytest.mark.parametrize("words", ["sweep search", "what matters in fraud?", "sweep fraud", "sweep latest"])
def test_a_sweep_says_its_best_and_what_matters(slack, runs, words):
    with Workshop(slack, runs) as shop:
        said = shop.ask(words)
    assert "is the best of 60 trials: accuracy 1.0075 (+6.3 % over the first trial)" in said
    assert "• lr: ▇▇▇▇▇▇▇" in said
    assert "junk_a ▇" not in said
    assert "Not told apart from chance: " in said
    assert "Best region: lr 0.000172 to 0.00488; depth 5 to 8." in said
    assert "Best accuracy so far" in said
    assert "best so far; 3 to 60" not in said  # a chart would push what matters off a phone's screen
    assert "| Trial | accuracy | lr | depth |" in said
    assert "At the edge: The best depth (8) is the largest tried: widen it." in said
    assert "Repeat the top 3 with 3 seeds each" in said
    assert len(runs.asked) <= 6


def test_of_noise_nothing_is_said_to_matter(slack):
    runs = FakeRuns(sweep(noise(24, 1)))
    with Workshop(slack, runs) as shop:
        said = shop.ask("sweep search")
    assert "What matters\n• Cannot tell which parameter matters with 24 trials." in said
    assert "▇" not in said


def test_a_small_sweep_says_how_many_trials_it_takes(slack):
    with Workshop(slack, FakeRuns(sweep(signal(9, 1)))) as shop:
        said = shop.ask("sweep search")
    assert "Cannot tell which parameter matters with 9 trials; it takes 20 at least." in said


def test_two_metrics_are_a_front(slack, runs):
    with Workshop(slack, runs) as shop:
        said = shop.ask("sweep fraud by accuracy and latency_ms")
    assert (
        "# 3 trials trade accuracy against latency_ms: trial-12 has the best accuracy, trial-0 the best latency_ms"
        in said
    )
    assert "| Trial | accuracy | latency_ms | lr | depth |" in said
    assert "\n| trial-12 | 1.0075 |" in said
    assert "(No trial beats one of these in both" in said
    (answer,) = slack.messages()
    assert "trial-12: accuracy 1.0075 · latency_ms" in answer.text


def test_the_front_is_a_picture_of_all_trials_where_files_may_be_sent(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes | {"files:write"})
    with Workshop(slack, runs) as shop:
        said = shop.ask("sweep fraud by accuracy and latency_ms")
    assert "[picture: 3 trials trade accuracy against latency_ms" in said
    titles = [file.title for file in slack.files.known.values()]
    assert titles == ["latency_ms against accuracy", "accuracy against each parameter"]


def test_a_direction_that_the_search_states_is_taken_before_a_guess(slack):
    tags = {"number": "1", "datetime_start": "now", "direction": "MAXIMIZE"}
    runs = FakeRuns(sweep(signal(24, 0), metric="value", tags=tags))
    with Workshop(slack, runs) as shop:
        said = shop.ask("sweep search")
    assert "is the best of 24 trials: value 1.0075" in said


def test_pruned_trials_are_no_failures_and_do_not_count(slack):
    made = sweep(signal(30, 0))
    made[3:6] = [replace(run, status=Status.PRUNED, metrics={}) for run in made[3:6]]
    with Workshop(slack, FakeRuns(made)) as shop:
        said = shop.ask("sweep search")
    assert "is the best of 27 trials" in said
    assert "27 finished, 3 pruned" in said


def test_of_a_search_that_logs_its_best_alone_nothing_follows_for_parameters(slack):
    made = sweep(signal(25, 0))
    made[0] = replace(made[0], tags={"estimator_name": "GridSearchCV"})
    with Workshop(slack, FakeRuns(made)) as shop:
        said = shop.ask("sweep search")
    assert "Cannot be told: this search logs its best trials alone." in said
    assert "▇" not in said


def test_runs_that_nothing_calls_a_sweep_are_asked_about_before_they_are_taken_for_one(slack):
    with Workshop(slack, FakeRuns(sweep(signal(24, 0), parent=""))) as shop:
        slack.command("/mlcompare", "what matters in fraud by accuracy")
        asked = slack.wait_for_ephemeral("one sweep?")
        assert read(asked) == (
            "# Are these 24 runs of fraud one sweep?\n"
            "Why I ask\n"
            "• For it: of one commit (c0ffee), begun within a day, and they differ in depth, junk_a, junk_b, lr and "
            "optimizer alone.\n"
            "• Against it: no parent run, and no search says so.\n"
            "[They are one sweep]"
        )
        assert slack.messages() == []
        slack.press(asked, "trends:loose")
        shop.finish()
    (answer,) = slack.messages()
    assert "is the best of 24 trials" in read(answer)
    assert "Nothing says that these 24 runs are one sweep" in read(answer)
    assert answer.thread_ts == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sweep old", "old has no child runs: it is no sweep."),
        ("sweep nothing-there", "There is no run and no experiment called nothing-there."),
        ("what matters in iris", "I find no sweep in iris."),
    ],
)
def test_where_there_is_no_sweep_it_is_said(slack, runs, words, said):
    with Workshop(slack, runs) as shop:
        assert said in shop.ask(words)


def test_a_metric_without_a_direction_asks_for_one(slack):
    with Workshop(slack, FakeRuns(sweep(signal(24, 0), metric="thing"))) as shop:
        said = shop.ask("sweep search by thing")
    assert "which way thing is better is not known" in said
    assert "set goal thing lower" in said


def test_a_button_below_the_top_asks_what_the_sweep_found(slack, runs):
    with Workshop(slack, runs) as shop:
        slack.command("/mlcompare", "top 5 by accuracy in fraud")
        message = slack.wait_for_message("trial-12")
        slack.press(message, "trends:sweep")
        said = shop.transcript()
    assert "#ml-experiments, in thread:\n# trial-12 is the best of 60 trials" in said


def test_trials_without_a_parent_have_the_button_too(slack):
    tags = {"number": "1", "datetime_start": "now", "direction": "MAXIMIZE"}
    with Workshop(slack, FakeRuns(sweep(signal(24, 0), parent="", tags=tags))) as shop:
        slack.command("/mlcompare", "top 5 by accuracy in fraud")
        slack.press(slack.wait_for_message("Best accuracy"), "trends:sweep")
        said = shop.transcript()
    assert "#ml-experiments, in thread:\n# trial-" in said
    assert "is the best of 24 trials" in said


def test_the_top_of_runs_that_are_no_trials_has_no_such_button(slack, runs):
    with Workshop(slack, runs) as shop:
        assert "[Sweep]" not in shop.ask("top 5 by accuracy in iris")
