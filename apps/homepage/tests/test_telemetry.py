"""Traces reach a collector where one is named, and nothing is sent where none is."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import PATIENCE, Process


def test_a_request_is_traced_and_a_probe_is_not(serve: Callable[..., Process]) -> None:
    received = Queue[tuple[str, bytes]]()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            pass

    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, args=(0.02,)).start()
    try:
        process = serve(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}",
            OTEL_SERVICE_NAME="homepage-under-test",
            OTEL_BSP_SCHEDULE_DELAY="50",
        )
        httpx.get(f"{process.address}/healthz", timeout=PATIENCE)
        httpx.get(f"{process.address}/talks", timeout=PATIENCE)
        path, body = received.get(timeout=PATIENCE)
    finally:
        collector.shutdown()
        collector.server_close()
    (spans,) = ExportTraceServiceRequest.FromString(body).resource_spans
    names = [span.name for scope in spans.scope_spans for span in scope.spans]
    assert path == "/v1/traces"
    assert names == ["GET /talks"]
    assert "homepage-under-test" in str(spans.resource)
