"""Traces: a real exporter sends them to a real receiver, and neither secrets nor what people say is in them."""

import logging
import sys

import pytest
from pydantic import SecretStr
from slack_bolt import BoltRequest

from bot.app import build
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from bot.playground.workspace import TEAM
from bot.settings import Settings
from bot.store.watches import StoredWatches
from bot.traces import NoTraces, SparingFilter, open_traces
from comparison.notifications.message import MessageKind, WantedMessage
from comparison.runs import Experiment, Metric, Run, Status
from handlers.stores import StoredWatch
from tests.bot.process import BotProcess, SlowMlflow
from tests.endings import running
from tests.fakes.runs import FakeRuns
from tests.otlp_receiver import OtlpReceiver, attributes

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
pytest.importorskip(EXPORTER, reason="requirements/test.txt has it since traces can be sent")

IRIS = Experiment("1", "iris-secret-project")
RUNS = [
    Run(
        f"{name:0<32}",
        f"{name}-customer",
        IRIS,
        status=Status.FINISHED,
        started_at=1_000,
        ended_at=2_000,
        metrics={"acc_customer": Metric(value)},
    )
    for name, value in (("a", 0.5), ("b", 0.7))
]


class UnforeseenRuns(FakeRuns):
    def with_prefix(self, *_words, **_named):
        raise ValueError("nobody expects a-customer here")

    called = find = with_prefix


@pytest.fixture
def receiver():
    with OtlpReceiver() as made:
        yield made


@pytest.fixture
def slack():
    with running(SlackStandIn()) as made:
        yield made


class Traced:
    """A bot whose traces go to the receiver; `finish` ends it, so that all of them have come."""

    def __init__(self, settings, runs):
        self.bot = build(settings, runs=runs)
        self.bot.probes[0].ask()
        self.bot.identity.ask()

    def say(self, words):
        body = f"command=%2Fmlcompare&text={words.replace(' ', '+')}&team_id={TEAM}&user_id={MAYA}"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        asked = BoltRequest(body=f"{body}&channel_id={EXPERIMENTS}&trigger_id=1.2", headers=headers)
        assert self.bot.app.dispatch(asked).status == 200

    def finish(self):
        self.bot.listeners.shutdown(wait=True)
        assert self.bot.pool.drain(60) == 0
        self.bot.engine.dispose()
        self.bot.traces.close()


@pytest.fixture
def traced(slack, receiver, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)  # the exporter reads it by itself
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20collector-token")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")

    def make(runs):
        return Traced(
            Settings(
                slack_bot_token=SecretStr(slack.installation.bot_token),
                slack_signing_secret=SecretStr("unused-secret"),
                slack_api_url=slack.api_url,
                mlflow_tracking_uri=SecretStr("http://reader:hunter22@127.0.0.1:9"),
                database_url=SecretStr(f"sqlite:///{tmp_path}/state.db"),
            ),
            runs,
        )

    before = [list(each.filters) for each in logging.getLogger().handlers]
    yield make
    for handler, filters in zip(logging.getLogger().handlers, before, strict=False):
        handler.filters[:] = filters


def test_a_command_is_one_trace_of_its_questions_to_mlflow_and_its_posts(traced, receiver):
    bot = traced(FakeRuns(RUNS))
    bot.say(f"{RUNS[0].run_id} vs {RUNS[1].run_id}")
    bot.finish()
    (command,) = receiver.named("command")
    below = receiver.below(command)
    assert "mlflow get" in below
    assert [each for each in below if each.startswith("slack")] == ["slack chat.postMessage"]
    told = attributes(command)
    assert {"mlcompare.command": "Compare", "mlcompare.outcome": "answered"}.items() <= told.items()
    assert {each.trace_id for each in receiver.named("mlflow get")} == {command.trace_id}


def test_what_mlflow_and_slack_are_asked_is_a_wait_for_another_server(traced, receiver):
    bot = traced(FakeRuns(RUNS))
    bot.say(f"{RUNS[0].run_id} vs {RUNS[1].run_id}")
    bot.finish()
    kinds = {span.name.partition(" ")[0]: span.kind for span in receiver.spans}
    assert kinds == {"command": 1, "mlflow": 3, "slack": 3}  # INTERNAL is 1, CLIENT is 3


def test_a_delivery_is_one_trace_with_the_id_that_the_log_has(traced, receiver):
    bot = traced(FakeRuns(RUNS))
    watches = StoredWatches(bot.bot.engine)
    watches.add(StoredWatch("w1", TEAM, EXPERIMENTS, "iris-secret-project", MAYA, 0.0, is_primed=True))
    outbox = bot.bot.notifier._parts.outbox
    wanted = WantedMessage("k", MessageKind.RUN, TEAM, EXPERIMENTS, (RUNS[0].run_id,), ("w1",), ("1",))
    outbox.announce([wanted], 3_000)
    (due,) = outbox.due(10**13, 10)
    assert bot.bot.notifier._parts.deliverer.deliver(due.id, due.revision) is None
    bot.finish()
    (delivery,) = receiver.named("delivery")
    assert attributes(delivery) == {"mlcompare.delivery": due.id, "mlcompare.outcome": "done"}
    assert "slack chat.postMessage" in receiver.below(delivery)


def test_no_trace_holds_a_secret_or_what_people_or_runs_say(traced, receiver, slack):
    bot = traced(UnforeseenRuns(RUNS))
    bot.say("a-customer vs b-customer")
    bot.say("please-nobody understands-this")
    bot.finish()
    assert receiver.named("command")
    kept_out = ("customer", "iris", "please-nobody", "hunter22", "unused-secret", "collector-token", "127.0.0.1")
    kept_out += (slack.installation.bot_token, TEAM, EXPERIMENTS, MAYA, "hooks.slack", "Traceback")
    assert [each for each in kept_out if each.encode() in receiver.raw] == []


def test_what_went_wrong_has_its_incident_and_its_class(traced, receiver):
    bot = traced(UnforeseenRuns(RUNS))
    bot.say("a-customer vs b-customer")
    bot.finish()
    (command,) = receiver.named("command")
    told = attributes(command)
    assert told["error.type"] == "ValueError"
    assert told["mlcompare.incident"].isdecimal()
    assert (command.status.code, command.status.message) == (2, "")  # ERROR is 2


def test_a_record_of_the_log_names_the_span_it_was_written_in(traced, receiver, caplog):
    handlers = logging.getLogger().handlers
    bot = traced(UnforeseenRuns(RUNS))
    assert handlers
    bot.say("a-customer vs b-customer")
    bot.finish()
    (command,) = receiver.named("command")
    ids = {each.trace_id for each in caplog.records if "incident" in each.getMessage()}
    assert ids == {command.trace_id.hex()}


def test_the_collector_is_told_what_runs_and_gets_its_headers(traced, receiver):
    bot = traced(FakeRuns(RUNS))
    bot.finish()
    (headers, *_more) = receiver.headers
    assert headers["authorization"] == "Basic collector-token"
    told = receiver.resources[0]
    assert set(told) == {"service.name", "service.version", "deployment.environment.name"}
    assert told["service.name"] == "mlcompare"


def test_mlflow_keeps_its_own_traces_to_itself(traced, receiver):
    from opentelemetry import trace

    bot = traced(FakeRuns(RUNS))
    with trace.get_tracer("somebody else").start_as_current_span("not ours"):
        pass
    bot.finish()
    assert receiver.named("not ours") == []


def test_headers_of_the_collector_are_kept_out_of_the_log():
    settings = Settings(otlp_headers=SecretStr("authorization=Bearer%20abcdefgh,x-team=ml-platform"))
    assert {"Bearer abcdefgh", "abcdefgh", "ml-platform"} <= set(settings.secrets)


def test_without_the_setting_nothing_is_collected():
    assert isinstance(open_traces(Settings()), NoTraces)


def test_without_the_exporter_the_log_says_what_to_install(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    assert isinstance(open_traces(Settings(otlp_endpoint=SecretStr("http://collector:4318"))), NoTraces)
    assert "requirements/otel.txt" in caplog.text


def test_a_collector_that_is_away_is_told_of_in_one_line_every_five_minutes():
    said, at = [], iter((0.0, 0.0, 1.0, 301.0, 301.0))
    passes = SparingFilter(lambda: next(at))
    for name, level in (("bot.app", 20), (EXPORTER, 30), (EXPORTER, 40), (EXPORTER, 40), (EXPORTER, 40)):
        said.append(passes(logging.makeLogRecord({"name": name, "levelno": level})))
    assert said == [True, False, True, False, True]


def test_an_address_that_is_none_is_named_with_the_other_settings():
    with pytest.raises(ValueError, match="it is not an address"):
        Settings(otlp_endpoint=SecretStr("collector:4318"))


def test_a_process_sends_its_last_spans_when_it_ends_and_a_collector_that_fails_holds_nothing_up(tmp_path):
    with SlackStandIn() as slack, SlowMlflow() as mlflow, OtlpReceiver() as well, OtlpReceiver(503) as ill:
        for receiver in (well, ill):
            folder = tmp_path / str(receiver.status)
            folder.mkdir()
            settings = {
                "SLACK_BOT_TOKEN": slack.installation.bot_token,
                "SLACK_APP_TOKEN": slack.installation.app_token,
                "SLACK_API_URL": slack.api_url,
                "MLFLOW_TRACKING_URI": mlflow.url,
                "MLCOMPARE_LOG_FORMAT": "json",
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            }
            with BotProcess(folder, settings) as bot:
                bot.wait_for_log("Socket Mode: connected")
                before = len(slack.ephemerals)
                assert slack.command("/mlcompare", "help").was_taken
                slack.wait_until(lambda before=before: len(slack.ephemerals) > before, 30)
                bot.terminate()
                assert bot.wait(30) == 0, bot.log
                assert "Traceback" not in bot.log
        commands = [attributes(each)["mlcompare.command"] for each in well.named("command")]
        assert commands == ["Help"]
        assert ill.spans == []
