"""Metrics: what Prometheus reads at /metrics. How fast people are answered, whose fault it is when not, what waits.

Labels are closed sets: none names a channel, a person, a run, an experiment or a metric of a run. Times are seconds.
Every process has a registry of its own, so nothing of MLflow's or a library's stands among them.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, make_asgi_app, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.notifier.outbox import MessageState
from comparison.errors import TrackingUnavailable
from comparison.tracking.source import RunSource
from handlers.services import OpenSpan, no_span
from handlers.slack.client import RESPONSE_URL, SlackError
from handlers.slack.fallback import Capabilities

log = logging.getLogger(__name__)

DOORS = ("command", "action", "event", "view", "options", "other")
OTHER = "other"  # whatever is in no closed set

# What Slack's methods are asked for here, and the errors that an operator can do something about.
SLACK_METHODS = frozenset(
    {
        *("apps.connections.open", "auth.test", "bots.info", "chat.delete", "chat.getPermalink", "chat.postEphemeral"),
        *("chat.postMessage", "chat.unfurl", "chat.update", "conversations.history", "conversations.info"),
        *("conversations.members", "conversations.open", "conversations.replies", "files.completeUploadExternal"),
        *("files.getUploadURLExternal", "users.info", "users.lookupByEmail", "views.open", "views.publish"),
        *("views.push", "views.update", RESPONSE_URL),
    }
)
SLACK_ERRORS = frozenset(
    {
        *("account_inactive", "channel_not_found", "fatal_error", "internal_error", "invalid_auth", "invalid_blocks"),
        *("is_archived", "message_not_found", "missing_scope", "msg_too_long", "not_authed", "not_in_channel"),
        *("ratelimited", "restricted_action", "service_unavailable", "token_expired", "token_revoked", "unreachable"),
    }
)

_QUICK = (0.05, 0.1, 0.3, 1.0, 2.0, 3.0)  # s; Slack waits three
_ANSWER = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # s
_DELAY = (1.0, 3.0, 10.0, 20.0, 60.0, 300.0, 1800.0)  # s
_MESSAGES_FOR = 5.0  # s that the outbox is not counted again, however often it is asked for


class Metrics:
    """All that one process measures, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: Any = {"registry": self.registry}
        self.acknowledge = Histogram(
            "mlcompare_acknowledge_seconds", "Until Slack's request was acknowledged", ["door"], buckets=_QUICK, **own
        )
        self.answer = Histogram(
            "mlcompare_answer_seconds",
            "From hearing words to their answer",
            ["command", "outcome"],
            buckets=_ANSWER,
            **own,
        )
        self.mlflow = Histogram("mlcompare_mlflow_seconds", "A question to MLflow", ["call"], buckets=_ANSWER, **own)
        self.mlflow_errors = Counter("mlcompare_mlflow_errors", "Questions that MLflow did not answer", ["call"], **own)
        self.slack = Histogram(
            "mlcompare_slack_seconds", "A call of Slack's Web API", ["method"], buckets=_QUICK, **own
        )
        self.slack_refused = Counter("mlcompare_slack_refused", "Calls that Slack refused", ["method", "error"], **own)
        self.rung = Counter("mlcompare_rung", "Messages by the rung of the ladder they began at", ["rung"], **own)
        self.delay = Histogram(
            "mlcompare_notification_delay_seconds", "From the end of a run to its message", buckets=_DELAY, **own
        )
        self.delay_clamped = Counter(
            "mlcompare_notification_delay_clamped", "Runs that ended in the future, by their clock", **own
        )
        build = Info("mlcompare_build", "What runs here", **own)
        build.info({"version": version_of("mlcompare"), "mlflow": version_of("mlflow")})

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """A number that is read when it is asked for."""
        Gauge(name, about, registry=self.registry).set_function(read)

    def watch_socket(self, socket: "Socket") -> None:
        """Whether there is a connection, and how many were made."""
        self.gauge("mlcompare_socket_up", "Whether Socket Mode is connected", lambda: not socket.problem)
        self.registry.register(_ConnectionsCollector(socket))

    def acknowledged(self, door: str, seconds: float) -> None:
        self.acknowledge.labels(door if door in DOORS else OTHER).observe(seconds)

    def answered(self, command: str, outcome: str, seconds: float) -> None:
        """`command` is the name of a kind of request: there are as many as the language has."""
        self.answer.labels(command, outcome).observe(seconds)

    def notified(self, seconds: float) -> None:
        """The seconds from a run's end to its message. Clocks of training machines differ: below 0 counts as 0."""
        if seconds < 0:
            self.delay_clamped.inc()
        self.delay.observe(max(0.0, seconds))

    def application(self) -> Any:
        """The ASGI application that answers with all of it."""
        return make_asgi_app(registry=self.registry)

    def serve(self, host: str, port: int) -> None:
        """Answers on a port of its own, in a thread. Raises OSError where it cannot be had."""
        start_http_server(port, host, self.registry)


class Socket(Protocol):
    """The connection of Socket Mode, as far as it is measured."""

    problem: str
    connections: int


class _ConnectionsCollector(Collector):
    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def collect(self) -> Iterable[Metric]:
        about = "Connections of Socket Mode made after the first"
        again = max(0, self._socket.connections - 1)
        yield CounterMetricFamily("mlcompare_socket_reconnects", about, value=again)


def version_of(package: str) -> str:
    """Installed version of a package; "unknown" where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def door_of(body: Mapping[str, Any]) -> str:
    """The door of Slack's that a request came in by."""
    if "command" in body:
        return "command"
    if "event" in body:
        return "event"
    kind = str(body.get("type", ""))
    return {"block_actions": "action", "block_suggestion": "options"}.get(
        kind, "view" if kind.startswith("view_") else OTHER
    )


# What is measured where it is called: each stands in front of the real one and changes nothing of it.


class _MeasuredRuns:
    """Measures each question to MLflow, by the name of the method."""

    def __init__(self, source: RunSource, metrics: Metrics, span: OpenSpan) -> None:
        self._source = source
        self._metrics = metrics
        self._span = span
        self._measured: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._measured:
            self._measured[name] = self._measure(name)
        return self._measured[name]

    def _measure(self, call: str) -> Any:
        if not callable(getattr(RunSource, call, None)):
            return getattr(self._source, call)  # beside the protocol: not a question of ours
        seconds, errors = self._metrics.mlflow.labels(call), self._metrics.mlflow_errors.labels(call)

        def measured(*given: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                with self._span(f"mlflow {call}"):
                    return getattr(self._source, call)(*given, **named)
            except TrackingUnavailable:
                errors.inc()
                raise
            finally:
                seconds.observe(time.monotonic() - began)

        return measured


def measured_runs(source: RunSource, metrics: Metrics, span: OpenSpan = no_span) -> RunSource:
    """The same source; each question to it is measured, and a span."""
    return cast("RunSource", _MeasuredRuns(source, metrics, span))


class MeasuredWebClient(WebClient):
    """Slack's Web API, each call measured once `metrics` is set, and a span."""

    metrics: Metrics | None = None
    span: OpenSpan = staticmethod(no_span)

    def like(self, other: WebClient) -> "MeasuredWebClient":
        """A client for the same calls as another, measured as those of this one."""
        own = copy(self)
        vars(own).update(vars(other))
        return own

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        with self.observed(api_method):
            return super().api_call(api_method, **given)

    @contextmanager
    def observed(self, api_method: str) -> Iterator[None]:
        """What is called within, measured under this name."""
        method = api_method if api_method in SLACK_METHODS else OTHER
        began = time.monotonic()
        with self.span(f"slack {method}") as note:
            try:
                yield
            except Exception as error:
                code = _code_of(error)
                note("slack.error", code)
                if self.metrics is not None:
                    self.metrics.slack_refused.labels(method, code).inc()
                raise
            finally:
                if self.metrics is not None:
                    self.metrics.slack.labels(method).observe(time.monotonic() - began)


def _code_of(error: Exception) -> str:
    """Code by which Slack refused a call, of a closed set."""
    if isinstance(error, SlackApiError):
        code = str(error.response.get("error", ""))
    else:
        code = error.code if isinstance(error, SlackError) and error.__cause__ is None else "unreachable"
    return code if code in SLACK_ERRORS else OTHER


class MeasuredCapabilities:
    """Counts on which rung messages begin: how often a workspace refuses blocks."""

    def __init__(self, inner: Capabilities, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def rung(self, workspace: str) -> int:
        rung = self._inner.rung(workspace)
        self._metrics.rung.labels(str(rung)).inc()
        return rung

    def remember(self, workspace: str, rung: int) -> None:
        self._inner.remember(workspace, rung)

    def forget(self) -> None:
        self._inner.forget()


class OutboxCollector(Collector):
    """Rows of the outbox by state, and the age of the oldest that waits; counted at most every few seconds."""

    def __init__(self, count: Callable[[], tuple[Mapping[str, int], float]], clock: Callable[[], float]) -> None:
        self._count = count
        self._clock = clock
        self._known: tuple[Mapping[str, int], float] = ({}, 0.0)
        self._until = float("-inf")

    def collect(self) -> Iterable[Metric]:
        if self._clock() >= self._until:
            try:
                self._known = self._count()
            except (SQLAlchemyError, OSError) as error:
                log.info("the outbox could not be counted", extra={"reason": error})
            self._until = self._clock() + _MESSAGES_FOR
        counts, oldest = self._known
        rows = GaugeMetricFamily("mlcompare_outbox_rows", "Messages of the notifier, by state", labels=["state"])
        for state in MessageState:
            rows.add_metric([state.value], counts.get(state.value, 0))
        yield rows
        about = "Age of the oldest message that is due and not posted"
        yield GaugeMetricFamily("mlcompare_outbox_oldest_seconds", about, value=oldest)
