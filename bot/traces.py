"""Traces: what one command or one delivery was made of, sent by OTLP where OTEL_EXPORTER_OTLP_ENDPOINT is set.

Needs requirements/otel.txt; without the setting nothing of OpenTelemetry is imported. The provider of spans is our
own: the global one belongs to MLflow, which would log spans into an experiment. No attribute names a channel, a person,
a run, an experiment or a metric of a run, and none holds a message: errors are told by their class or code.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from bot.metrics import version_of
from bot.settings import Settings
from handlers.services import Note, no_span

log = logging.getLogger(__name__)

REMEDY = (
    "make traces, or pip install --no-deps --require-hashes -r requirements/otel.txt (or pip install 'mlcompare[otel]')"
)
_CLIENTS = ("mlflow ", "slack ")  # how the names of spans begin that wait for another server
_ENDS_WITHIN = 2.0  # seconds that the last spans have to be sent
_SAID_AFTER = 300.0  # seconds between two lines on why spans are not sent
_CLASS = "error.type"  # as OpenTelemetry's conventions name the class or code of an error


class Traces(Protocol):
    """Who collects spans."""

    def span(self, name: str) -> AbstractContextManager[Note]:
        """A piece of work; one begun within another, in its thread or side by side, is a part of it."""
        ...

    def close(self) -> None:
        """Sends what is left, within a moment; nothing is collected afterwards."""
        ...


class NoTraces:
    """Collects nothing."""

    span = staticmethod(no_span)

    def close(self) -> None:
        return


class SparingFilter:
    """What the exporter says of a collector that is away: a line in some minutes, where it would be one a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._silent_until = float("-inf")

    def __call__(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        if not record.name.startswith("opentelemetry."):
            return True
        if record.levelno < logging.ERROR or self._clock() < self._silent_until:
            return False
        self._silent_until = self._clock() + _SAID_AFTER
        return True


class SentTraces:
    """Sends spans in the background, by the OTEL_… variables of the environment. Safe to use from any thread."""

    def __init__(self) -> None:
        """Raises ImportError where the exporter is not installed."""
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # The detector is named: others, which the environment may ask for, tell a process's arguments and its user.
        own = Resource({"service.name": "mlcompare", "service.version": version_of("mlcompare")})
        resource = own.merge(OTELResourceDetector().detect())
        self._provider: Any = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("mlcompare", version_of("mlcompare"))
        self._trace = trace

    @contextmanager
    def span(self, name: str) -> Iterator[Note]:
        kinds = self._trace.SpanKind
        kind = kinds.CLIENT if name.startswith(_CLIENTS) else kinds.INTERNAL
        # The text of an exception may hold what somebody typed: it is never recorded.
        with self._tracer.start_as_current_span(
            name, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:

            def note(key: str, value: str | int) -> None:
                span.set_attribute(key, value)
                if key == _CLASS:
                    span.set_status(self._trace.StatusCode.ERROR)

            try:
                yield note
            except BaseException as error:
                note(_CLASS, type(error).__name__)
                raise

    def identify(self, record: logging.LogRecord) -> bool:
        """Notes in a record of the log which span it was written in."""
        context = self._trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = self._trace.format_trace_id(context.trace_id)
            record.span_id = self._trace.format_span_id(context.span_id)
        return True

    def close(self) -> None:
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(_ENDS_WITHIN)  # a collector that is away would hold us for longer


def open_traces(settings: Settings) -> Traces:
    """What the settings ask for; where it cannot be had the log says why, and the bot runs without."""
    if not settings.otlp_endpoint.get_secret_value():
        return NoTraces()
    try:
        traces = SentTraces()
    except ImportError as error:
        log.warning("no traces are sent: %s is not installed; %s", error.name, REMEDY)
        return NoTraces()
    except Exception as error:  # noqa: BLE001 -- whatever the environment asks for, people are answered
        log.warning("no traces are sent: the OTEL_ settings cannot be used", extra={"reason": error})
        return NoTraces()
    for handler in logging.getLogger().handlers:
        handler.addFilter(traces.identify)
        handler.addFilter(SparingFilter(time.monotonic))
    log.info("traces are sent")
    return traces
