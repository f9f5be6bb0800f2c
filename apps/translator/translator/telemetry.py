"""Traces for OpenTelemetry, where the environment names a collector; else none of it is loaded.

FastAPI makes the spans itself. Here they are sent: by OTLP over HTTP, to
OTEL_EXPORTER_OTLP_ENDPOINT, with what other variables of the OTEL_ family say.
"""

import os
from typing import Final

_COLLECTOR: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


def configure() -> None:
    """Begin to send spans, if there is somebody to take them."""
    if not os.environ.get(_COLLECTOR):
        return
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    # A name from the environment wins.
    resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "translator")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
