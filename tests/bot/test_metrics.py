"""What Prometheus reads: from a real process, and that the dashboard and the alerts ask for nothing else."""

import json
import re
import time
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine

from bot.metrics import DOORS, OTHER, SLACK_ERRORS, SLACK_METHODS, Metrics, door_of, measured_runs
from bot.playground.slack import SlackStandIn
from bot.store.migrate import upgrade
from bot.store.outbox import StoredOutbox
from comparison.errors import TrackingUnavailable
from comparison.notifications.message import MessageKind, WantedMessage
from handlers.slack.client import RESPONSE_URL
from tests.bot.process import BotProcess, SlowMlflow
from tests.fakes.runs import FakeRuns

MONITORING = Path(__file__).parents[2] / "docs" / "deploy" / "monitoring"
NAME = re.compile(r"\bmlcompare_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|count|sum|total|created)$")


def families(text):
    found = text_string_to_metric_families(text)
    return {family.name: family for family in found if not family.name.endswith("_created")}


def scraped(url):
    answer = httpx.get(f"{url}/metrics", trust_env=False, follow_redirects=True, timeout=10)
    answer.raise_for_status()
    return families(answer.text)


def samples(family, **labels):
    return [each for each in family.samples if labels.items() <= each.labels.items()]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What a process tells that has answered a command, and had MLflow fail."""
    with SlackStandIn() as slack, SlowMlflow() as mlflow:
        settings = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_APP_TOKEN": slack.installation.app_token,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow.url,
            "MLCOMPARE_METRICS": "on",
        }
        with BotProcess(tmp_path_factory.mktemp("bot"), settings) as bot:
            bot.wait_until_it_serves()
            bot.wait_for_log("Socket Mode: connected")
            assert slack.command("/mlcompare", "help").was_taken
            slack.wait_until(lambda: slack.ephemerals, 30)
            assert slack.command("/mlcompare", "what is love, and why vs").was_taken
            slack.wait_until(lambda: len(slack.ephemerals) > 1, 30)
            until = time.monotonic() + 30
            while time.monotonic() < until and not samples(
                scraped(bot.url)["mlcompare_answer_seconds"], outcome="refused"
            ):
                time.sleep(0.1)
            yield scraped(bot.url)


def test_each_acknowledgement_is_measured_by_its_door(measured):
    (count,) = [
        each.value
        for each in samples(measured["mlcompare_acknowledge_seconds"], door="command")
        if each.name.endswith("_count")
    ]
    assert count == 2


def test_answers_are_measured_by_their_kind_and_outcome(measured):
    counted = {
        (each.labels["command"], each.labels["outcome"]): each.value
        for each in measured["mlcompare_answer_seconds"].samples
        if each.name.endswith("_count")
    }
    assert sum(count for (_, outcome), count in counted.items() if outcome == "answered") == 1
    assert sum(count for (_, outcome), count in counted.items() if outcome == "refused") == 1


def test_calls_of_slack_and_the_connection_are_measured(measured):
    methods = {each.labels["method"] for each in measured["mlcompare_slack_seconds"].samples}
    assert {"auth.test", "apps.connections.open", RESPONSE_URL} <= methods <= SLACK_METHODS | {OTHER}
    assert measured["mlcompare_socket_up"].samples[0].value == 1
    assert measured["mlcompare_socket_reconnects"].samples[0].value == 0


def test_what_runs_is_said(measured):
    (info,) = measured["mlcompare_build_info"].samples
    assert set(info.labels) == {"version", "mlflow"}


def test_the_dashboard_and_the_alerts_ask_only_for_what_there_is(measured):
    asked = "".join((MONITORING / name).read_text(encoding="utf-8") for name in ("dashboard.json", "alerts.yaml"))
    assert {SUFFIX.sub("", name) for name in NAME.findall(asked)} <= set(measured)


def test_the_dashboard_shows_all_that_is_measured(measured):
    shown = {SUFFIX.sub("", name) for name in NAME.findall((MONITORING / "dashboard.json").read_text(encoding="utf-8"))}
    assert {name for name in measured if name.startswith("mlcompare_")} - shown == set()


def test_there_are_six_alerts_and_the_runbook_tells_what_to_do_for_each():
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    runbook = (MONITORING.parent / "runbook.md").read_text(encoding="utf-8")
    assert len(rules) == 6
    assert [rule["alert"] for rule in rules if f"## {rule['alert']}" not in runbook] == []


def test_the_dashboard_is_one_that_grafana_reads():
    panels = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])


# In the process, without one.


@pytest.mark.parametrize(
    ("body", "door"),
    [
        ({"command": "/mlcompare", "text": "a vs b"}, "command"),
        ({"type": "event_callback", "event": {"type": "app_mention"}}, "event"),
        ({"type": "block_actions"}, "action"),
        ({"type": "block_suggestion"}, "options"),
        ({"type": "view_submission"}, "view"),
        ({"type": "view_closed"}, "view"),
        ({"type": "something_new"}, "other"),
        ({}, "other"),
    ],
)
def test_a_request_of_slack_has_a_door(body, door):
    assert door_of(body) == door
    assert door in DOORS


def test_a_question_to_mlflow_is_measured_and_a_failure_counted():
    metrics, runs = Metrics(), FakeRuns([])
    source = measured_runs(runs, metrics)
    assert source.experiments() == ()
    runs.down = "MLflow does not answer."
    with pytest.raises(TrackingUnavailable):
        source.experiments()
    assert metrics.registry.get_sample_value("mlcompare_mlflow_seconds_count", {"call": "experiments"}) == 2
    assert metrics.registry.get_sample_value("mlcompare_mlflow_errors_total", {"call": "experiments"}) == 1


def test_a_run_that_ended_in_the_future_counts_as_just_now():
    metrics = Metrics()
    metrics.notified(-5.0)
    metrics.notified(2.0)
    assert metrics.registry.get_sample_value("mlcompare_notification_delay_seconds_sum") == 2.0
    assert metrics.registry.get_sample_value("mlcompare_notification_delay_clamped_total") == 1


def test_a_door_that_nobody_knows_makes_no_new_label():
    metrics = Metrics()
    metrics.acknowledged("C0SECRET", 0.1)
    assert metrics.registry.get_sample_value("mlcompare_acknowledge_seconds_count", {"door": "other"}) == 1


def test_the_labels_are_of_closed_sets():
    assert {"ratelimited", "invalid_blocks"} <= SLACK_ERRORS
    assert all("." in method for method in SLACK_METHODS - {RESPONSE_URL})


def test_the_outbox_tells_how_long_its_oldest_message_waits(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    upgrade(engine)
    outbox = StoredOutbox(engine)
    assert outbox.backlog(1_000_000) == ({}, 0.0)
    later = WantedMessage("b", MessageKind.RUN, "T1", "C1", ("r2",), ("w1",), not_before=900_000)
    outbox.announce([WantedMessage("a", MessageKind.RUN, "T1", "C1", ("r1",), ("w1",)), later], 400_000)
    assert outbox.backlog(500_000) == ({"waiting": 2}, 100.0)
    assert outbox.backlog(1_000_000) == ({"waiting": 2}, 600.0)
    engine.dispose()
