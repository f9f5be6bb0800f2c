"""OpenTelemetry traces, if the environment names a collector; else nothing is loaded.

FastAPI creates the spans. They are sent by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT, as
configured by other OTEL_ variables.
"""

import os
from typing import Final

_COLLECTOR: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


def configure() -> None:
    """Start sending spans, if a collector is configured."""
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
