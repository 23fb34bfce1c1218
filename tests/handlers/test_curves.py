"""Curves: what is said, what is drawn, and what stands for it where a workspace takes less."""

from dataclasses import replace

import pytest

from comparison.runs import Metric, Status
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import MINUTE, NEW, NOON, OLD, a_run
from tests.handlers.workshop import Workshop

STEPS = 40


def history(values):
    start = NOON - 60 * MINUTE
    return [Metric(float(value), step, start + step * 1_000) for step, value in enumerate(values)]


def trained(name, number, **metrics):
    return a_run(name, number, metrics={key: history(values)[-1] for key, values in metrics.items()})


def falling(to, speed):
    return [to + (1 - to) * speed**step for step in range(STEPS)]


OVERFIT = [0.3 + 0.7 * (1 - step / 12) ** 2 if step <= 12 else 0.3 + 0.02 * (step - 12) for step in range(STEPS)]
CURVES = {
    "slow": {"val_loss": falling(0.1, 0.95)},
    "fast": {"val_loss": falling(0.3, 0.8)},
    "greedy": {"val_loss": OVERFIT, "train_loss": falling(0.01, 0.9)},
    "burst": {"val_loss": [*falling(0.3, 0.8)[:20], *[float("nan")] * 20]},
}
BATCHES = 100  # an epoch
RUNS = [trained(name, number, **metrics) for number, (name, metrics) in enumerate(CURVES.items(), 3)]
HISTORIES = {(run.run_id, key): history(CURVES[run.name][key]) for run in RUNS for key in run.metrics}


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW, *RUNS], histories=dict(HISTORIES))


TWO = """\
#ml-experiments:
# slow leads at step 39: val_loss 0.2217, fast 0.3001
[chart val_loss over steps: fast, slow; 2 to 39]
What the curves say
• fast: best 0.3001 at step 39 · plateau since step 18
• slow: best 0.2217 at step 39 · still improving when it stopped
• slow has been ahead since step 29.
• slow reached fast's best (0.3001) at step 30 after 30 s; fast had it at step 39, 39 s.
"""


def test_two_curves_are_a_chart_and_what_it_says(slack, runs):
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves fast vs slow")
    for line in TWO.splitlines():
        assert line in said
    assert "[chart val_loss over steps: fast, slow" in said
    assert runs.asked.count("histories_of") == 1


def test_no_run_is_said_to_lead_where_one_counts_batches_and_the_other_epochs(slack, runs):
    slow = next(run for run in RUNS if run.name == "slow")
    points = [replace(each, step=each.step * BATCHES) for each in HISTORIES[slow.run_id, "val_loss"]]
    runs.histories[slow.run_id, "val_loss"] = points
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves fast vs slow")
    assert "# fast and slow seem to count other steps: best val_loss 0.3001 at step 39 and 0.2217 at step 3,900" in said
    assert "ahead" not in said
    assert "Steps may be of different units (batches and epochs)" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("how did greedy train?", "# greedy: best val_loss 0.3 at step 12, overfitting since step 12"),
        ("trend of burst", "# burst diverged at step 20: val_loss is not a number from there on"),
        ("fast vs burst curves", "# burst diverged at step 20; fast did not (val_loss)"),
        ("plot val_loss of slow, fast and greedy", "# slow has the best val_loss of 3 runs: 0.2217 at step 39"),
    ],
)
def test_the_first_line_says_what_is_to_be_seen(slack, runs, words, said):
    with Workshop(slack, runs) as shop:
        assert said in shop.ask(words)


def test_where_slack_draws_no_chart_it_is_a_picture_whose_words_say_the_conclusion(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes | {"files:write"})
    slack.faults.refuse_blocks("data_visualization", times=None)
    slack.files.scans = 2
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves fast vs slow")
    assert "[picture: slow leads at step 39" in said
    assert shop.waits == [1.0, 2.0]
    (file,) = slack.files.known.values()
    assert file.content.startswith(b"\x89PNG")
    assert "slow leads" in file.alt_text
    assert shop.ledger.rung("T0PLAYGROUND") == 1


def test_where_no_file_may_be_sent_signs_stand_for_the_picture(slack, runs):
    slack.faults.refuse_blocks("data_visualization", times=None)
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves fast vs slow")
    assert "• slow: █" in said
    assert "first 1.0000 · best 0.2217 at step 39 · last 0.2217" in said
    assert "[picture" not in said


def test_a_button_below_a_comparison_shows_the_curves_in_its_thread(slack, runs):
    with Workshop(slack, runs) as shop:
        slack.command("/mlcompare", "fast vs slow by val_loss")
        message = slack.wait_for_message("Swap")
        slack.press(message, "follow:curves")
        said = shop.transcript()
    assert "#ml-experiments, in thread:\n# slow leads at step 39: val_loss 0.2217, fast 0.3001\n[chart" in said


@pytest.mark.parametrize(("words", "headline"), [("show greedy", "greedy: best val_loss 0.3 at step 12")])
def test_a_button_below_a_run_shows_its_curve_in_its_thread(slack, runs, words, headline):
    with Workshop(slack, runs) as shop:
        slack.command("/mlcompare", words)
        message = slack.wait_for_message("greedy")
        slack.press(message, "trends:curves")
        slack.press(message, "trends:curves")
        said = shop.transcript()
    assert f"#ml-experiments, in thread:\n# {headline}" in said
    assert said.count(headline) == 1


def test_a_run_that_logged_no_steps_has_no_such_button(slack, runs):
    with Workshop(slack, runs) as shop:
        assert "[Curves]" not in shop.ask("show old")


@pytest.mark.parametrize("words", ["curves", "and the curves?", "plot val_loss"])
def test_in_the_thread_of_a_comparison_its_runs_are_meant(slack, runs, words):
    with Workshop(slack, runs) as shop:
        slack.command("/mlcompare", "fast vs slow by val_loss")
        message = slack.wait_for_message("slow is better")
        slack.wait_until(lambda: shop.services.comparisons.in_thread(message.channel, message.ts))
        slack.mention(words, thread_ts=message.ts)
        said = shop.transcript()
    assert "# slow leads at step 39: val_loss 0.2217, fast 0.3001\n[chart" in said


def test_a_run_that_goes_on_is_held_against_the_best_at_its_step(slack, runs):
    here = [1 - 0.01 * step for step in range(20)]
    alive = replace(
        trained("alive", 20, val_loss=here), status=Status.RUNNING, ended_at=None, started_at=NOON - 30 * MINUTE
    )
    runs.runs.append(alive)
    runs.histories[alive.run_id, "val_loss"] = history(here)
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves alive")
    assert "# alive is behind slow by 0.3704 at step 19 of 39 (val_loss)" in said


def test_a_run_that_goes_on_is_not_held_against_one_that_logged_its_result_alone(slack, runs):
    alone = a_run("alone", 31, metrics={"val_loss": replace(history([0.05])[0], step=0)})
    alive = replace(trained("alive", 32, val_loss=falling(0.2, 0.9)[:20]), status=Status.RUNNING, ended_at=None)
    runs.histories[alone.run_id, "val_loss"] = history([0.05])
    runs.histories[alive.run_id, "val_loss"] = history(falling(0.2, 0.9)[:20])
    runs.runs += [alone, alive]
    with Workshop(slack, runs) as shop:
        said = shop.ask("curves alive")
    assert "alone" not in said
    assert "# alive is ahead of slow by" in said
    assert "ahead of slow, the best run with a curve, by" in said


def test_a_run_without_the_metric_is_told_and_what_nobody_logged_is_an_error(slack, runs):
    with Workshop(slack, runs) as shop:
        assert "old did not log val_loss." in shop.ask("curves fast vs old by val_loss")


def test_a_metric_that_nobody_logged_brings_the_nearest_names(slack, runs):
    with Workshop(slack, runs) as shop:
        assert "None of these runs logged a metric called val_los" in shop.ask("curves fast vs slow by val_los")
