"""A collector of traces: takes OTLP over HTTP, as OpenTelemetry's exporters send it, and keeps every span."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class OtlpReceiver:
    """`spans` are those that came, `headers` those of the requests, `raw` every byte. `status` is what it answers."""

    def __init__(self, status=200):
        self.spans, self.resources, self.headers, self.raw = [], [], [], b""
        self.status = status
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.path == "/v1/traces" and receiver.status == 200:
                    receiver.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
                receiver.headers.append(dict(self.headers))
                self.send_response(receiver.status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_words):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, body):
        told = ExportTraceServiceRequest.FromString(body)
        self.raw += body
        for part in told.resource_spans:
            self.resources.append({each.key: each.value.string_value for each in part.resource.attributes})
            self.spans += [span for scope in part.scope_spans for span in scope.spans]

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def below(self, span):
        """The names of the spans directly below one."""
        return [each.name for each in self.spans if each.parent_span_id == span.span_id]

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()


def attributes(span):
    """What is noted of a span."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
