"""Traces by OpenTelemetry, where the environment names a collector.

The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT turns it on (http/protobuf),
OTEL_SERVICE_NAME and the others say the rest.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: "Flask") -> None:
    """Trace every request but the probes, if there is a collector to send to."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    # Most of a second of imports, for those alone who want it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.instrumentation.flask import FlaskInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    FlaskInstrumentor().instrument_app(  # pyright: ignore[reportUnknownMemberType]  # untyped
        app, tracer_provider=provider, excluded_urls="healthz,readyz"
    )
