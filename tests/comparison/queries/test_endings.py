"""Runs that were resumed, that do not tell when they ended, or whose clocks are wrong, on a real store."""

import time

import mlflow
import pytest
from mlflow import MlflowClient

from comparison.compare import ask as compare_runs
from comparison.language.parser import parse
from comparison.runs import Status
from comparison.tracking.mlflow import MlflowSource
from tests.comparison.queries.test_queries_on_mlflow import ask
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_store(tmp_path_factory.mktemp("endings"))


@pytest.fixture(scope="module")
def client(uri):
    return MlflowClient(uri)


@pytest.fixture
def source(uri, client):
    """As one who asks for the first time: the experiments are those that there are by now."""
    return MlflowSource(uri)


@pytest.fixture
def now():
    return int(time.time() * 1000)


def log_steps(client, run_id, values, at, *, every=1_000):
    for step, value in enumerate(values):
        client.log_metric(run_id, "loss", value, timestamp=at + step * every, step=step)


def told(report):
    parts = [report.headline, *report.warnings, *report.footnotes]
    parts += [cell.text for row in (report.table.rows if report.table else ()) for cell in row]
    parts += [f"{line.label}: {line.text}" for part in report.sections for line in part.lines]
    parts += [fact for card in report.sides for fact in card.facts]
    return "\n".join(parts)


def fetched(source, run_id):
    return source.get([run_id])[0]


# Resumed


@pytest.fixture(scope="module")
def resumed(uri, client):
    """A run that failed three days ago at step 49 and runs again, from step 0 on."""
    now = int(time.time() * 1000)
    experiment = new_experiment(client, "resumed")
    run_id = log_run(client, experiment, "phoenix", status="RUNNING", started=now - 3 * DAY)
    log_steps(client, run_id, [1 / (step + 1) for step in range(50)], now - 3 * DAY)
    client.set_terminated(run_id, "FAILED", end_time=now - 3 * DAY + MINUTE)
    mlflow.set_tracking_uri(uri)
    with mlflow.start_run(run_id=run_id):
        log_steps(client, run_id, [0.9, 0.7, 0.6], now - 2 * MINUTE)
        yield run_id


def test_a_run_that_was_resumed_has_no_end_and_tells_when_it_had_ended(source, resumed, now):
    run = fetched(source, resumed)
    assert (run.status, run.ended_at, run.is_over) == (Status.RUNNING, None, False)
    assert run.former_end < now - 2 * DAY


def test_a_run_that_logs_is_not_dead_though_its_steps_began_again(source, resumed):
    report = ask(source, "running in resumed")
    assert report.headline == "1 run is running in resumed"
    assert "phoenix" in told(report)
    assert "loss 0.6 at step 2" in told(report)
    assert "resumed: it had ended 2 d ago" in told(report) or "resumed: it had ended 3 d ago" in told(report)


def test_what_a_resumed_run_logged_last_is_shown_and_not_what_it_had_logged_before(source, resumed):
    report = ask(source, "show phoenix")
    assert report.headline == "phoenix: running, loss 0.6 at step 2"
    assert "took" not in told(report)
    assert "Ended:" not in told(report)
    assert "Resumed: it had ended" in told(report)


def test_a_run_that_was_resumed_and_has_logged_nothing_since_is_not_called_dead(source, client, now):
    experiment = new_experiment(client, "waking")
    run_id = log_run(client, experiment, "sleeper", status="RUNNING", started=now - 2 * DAY)
    log_steps(client, run_id, [0.5, 0.4], now - 2 * DAY)
    client.set_terminated(run_id, "FAILED", end_time=now - 2 * DAY + MINUTE)
    with mlflow.start_run(run_id=run_id, nested=True):
        assert ask(source, "running in waking").headline == "1 run is running in waking"


def test_a_run_that_logs_at_times_that_cannot_be_is_not_called_dead(source, client, now):
    experiment = new_experiment(client, "in seconds")
    run_id = log_run(client, experiment, "hasty", status="RUNNING", started=now - DAY)
    log_steps(client, run_id, [0.5, 0.4], now // 1000, every=1)
    assert ask(source, 'running in "in seconds"').headline == "1 run is running in in seconds"


# No end


@pytest.mark.parametrize("status", ["FAILED", "KILLED", "FINISHED"])
def test_a_run_that_does_not_tell_when_it_ended_is_found_all_the_same(uri, client, status):
    name = f"no end, {status}"
    experiment = new_experiment(client, name)
    run_id = log_run(client, experiment, "abrupt", {"loss": [0.5, 0.4]}, status="RUNNING")
    client.update_run(run_id, status=status)
    source = MlflowSource(uri)
    assert "It does not tell when it ended." in ask(source, f'show latest in "{name}"').warnings
    standup = ask(source, f'standup 24h in "{name}"').headline
    assert (": 1 finished, 0 failed" if status == "FINISHED" else ": 0 finished, 1 failed") in standup
    failed = told(ask(source, f'failed since 24h in "{name}"'))
    assert ("abrupt" in failed) is (status != "FINISHED")
    if status != "FINISHED":
        assert "at a time it does not tell, last heard of just now" in failed


# Clocks


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (lambda now: now // 1000, lambda now: now, "start 1970-01-21"),
        (lambda now: now * 1000, lambda now: now, "perhaps logged in microseconds"),
        (lambda now: min(now, -5), lambda now: now, "start 1969-12-31"),
        (lambda now: now - 5 * MINUTE, lambda now: now // 1000, "perhaps logged in seconds"),
        (
            lambda now: now - 5 * MINUTE,
            lambda now: now * 1000,
            "end at an impossible time, perhaps logged in microseconds",
        ),
        (lambda now: now, lambda now: now - 5 * MINUTE, "it ended before it started"),
        (lambda now: now - MINUTE, lambda now: now + 3 * DAY, "Its end is still to come"),
        (lambda now: now + 3 * DAY, lambda now: now + 4 * DAY, "Its start is still to come"),
    ],
)
def test_times_that_cannot_be_are_said_and_not_used(uri, client, start, end, said):
    now = int(time.time() * 1000)
    experiment = new_experiment(client)
    run_id = log_run(client, experiment, "clockwork", {"loss": 0.5}, status="RUNNING", started=start(now))
    client.set_terminated(run_id, "FINISHED", end_time=end(now))
    report = ask(MlflowSource(uri), f"show {run_id}")
    assert said in told(report)
    assert "20764 d" not in told(report)
    assert "d ago" not in told(report)
    plain = [fact for card in report.sides for fact in card.facts]
    if "still to come" not in said:
        assert not any(fact.startswith("took") for fact in plain)


def test_a_run_whose_clock_is_days_ahead_is_not_the_latest_for_days(uri, client, now):
    experiment = new_experiment(client, "ahead")
    ahead = log_run(client, experiment, "ahead", {"loss": 0.5}, status="RUNNING", started=now - 9 * MINUTE)
    client.set_terminated(ahead, "FINISHED", end_time=now + 3 * DAY)
    log_run(client, experiment, "right", {"loss": 0.5}, started=now - MINUTE)
    assert ask(MlflowSource(uri), "show latest in ahead").headline.startswith("right: ")


# Sweeps


def test_the_latest_is_no_sweep_that_logged_no_metrics(uri, client, now):
    experiment = new_experiment(client, "swept")
    parent = log_run(client, experiment, "sweep", status="RUNNING", started=now - DAY)
    log_run(client, experiment, "trial", {"loss": 0.5}, tags={"mlflow.parentRunId": parent}, started=now - MINUTE)
    client.set_terminated(parent)
    report = ask(MlflowSource(uri), "show latest in swept")
    assert report.headline.startswith("trial: ")
    assert "the sweep sweep ended later and has no metrics" in told(report)


def test_the_latest_is_a_run_without_metrics_where_it_is_no_sweep(uri, client, now):
    experiment = new_experiment(client, "bare")
    log_run(client, experiment, "with", {"loss": 0.5}, started=now - MINUTE)
    log_run(client, experiment, "without", status="FAILED")
    assert ask(MlflowSource(uri), "show latest in bare").headline.startswith("without: ")


# Pruned


@pytest.fixture(scope="module")
def study(client):
    """A study as Optuna's storage for MLflow makes it: 130 trials pruned, one failed before them, one finished."""
    experiment = new_experiment(client, "study")
    parent = log_run(client, experiment, "study", tags={"optuna.study_direction": "MINIMIZE"}, status="RUNNING")
    tags = {"mlflow.parentRunId": parent, "param_directions": "{}"}
    log_run(client, experiment, "broke", {"value": 0.9}, tags=tags, status="FAILED")
    for number in range(130):
        log_run(client, experiment, f"trial-{number}", {"intermediate_value": 0.5}, tags=tags, status="KILLED")
    log_run(client, experiment, "good", {"value": 0.1}, tags=tags)
    return parent


def test_trials_that_were_pruned_are_no_failures_and_hide_none(source, study):
    report = ask(source, "failed since 24h in study")
    assert [row[0].text for row in report.table.rows] == ["broke"]
    assert "Besides, 130 trials were pruned: given up early by the search." in report.footnotes
    standup = ask(source, "standup 24h in study").headline
    assert ": 1 finished, 1 failed, 130 pruned; now 1 running" in standup


def test_a_pruned_trial_is_shown_as_such(source, study):
    report = ask(source, "show trial-7 in study")
    assert report.headline.startswith("trial-7: pruned")
    assert "Its search gave it up early; these are the last values before that." in report.warnings


# Silent, and named


def test_runs_that_were_silent_for_more_than_a_week_are_folded(uri, client, now):
    experiment = new_experiment(client, "museum")
    for number in range(3):
        log_run(client, experiment, f"zombie-{number}", status="RUNNING", started=now - (8 + number) * DAY)
    log_run(client, experiment, "alive", {"loss": 0.5}, status="RUNNING", started=now - MINUTE)
    report = ask(MlflowSource(uri), "running in museum")
    assert report.headline == "1 run is running in museum"
    assert [row[0].text for row in report.table.rows] == ["alive"]
    (folded,) = report.sections
    assert folded.folded
    assert [line.label for line in folded.lines] == ["zombie-0", "zombie-1", "zombie-2"]
    assert "3 runs besides say RUNNING, silent for more than a week." in report.summary


def test_the_top_names_its_experiment(uri, client):
    experiment = new_experiment(client, "named")
    log_run(client, experiment, "first", {"only_here_accuracy": 0.9})
    assert ask(MlflowSource(uri), "top 3 by only_here_accuracy").headline.endswith(": 0.9, first in named")
    other = new_experiment(client, "named too")
    log_run(client, other, "second", {"only_here_accuracy": 0.95})
    headline = ask(MlflowSource(uri), "top 3 by only_here_accuracy").headline
    assert headline == "Best only_here_accuracy: 0.95, second in named too"


def test_a_comparison_takes_what_a_resumed_run_logged_last_and_does_not_call_it_dead(source, client, resumed, now):
    experiment = new_experiment(client)
    other = log_run(client, experiment, "other", {"loss": 0.8})
    comparison = compare_runs(parse(f"{other} vs {resumed}"), source, now=now)
    assert comparison.metrics[0].changes[0].candidate.value == 0.6
    assert not any("dead" in warning.text for warning in comparison.warnings)
