"""What does a trace say of a request? Its surface, counts and versions, and never a text or an id.

Spans go where OpenTelemetry's environment says (OTEL_EXPORTER_OTLP_ENDPOINT and the like), in the background.
"""

from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ringfence.guard.service.access_log import Line
from ringfence.guard.service.desk import Recorder

SERVICE = "ringfence-guard"
PARENT = ("traceparent", "tracestate")
SERVER_FAULT = 500
_PROPAGATOR = TraceContextTextMapPropagator()


def recorder() -> Recorder:
    """What makes a span of each request, as a child of the caller's where the request names one."""
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("ringfence.guard")

    def record(line: Line, headers: Mapping[bytes, bytes], began: int) -> None:
        parent = _PROPAGATOR.extract(_carried(headers))
        span = tracer.start_span(
            f"guard {line.route}", parent, SpanKind.SERVER, attributes=attributes(line), start_time=began
        )
        if line.status >= SERVER_FAULT:
            span.set_status(Status(StatusCode.ERROR))
        span.end(began + line.microseconds * 1000)

    return record


def attributes(line: Line) -> dict[str, str | int]:
    """What a span says."""
    told: dict[str, str | int] = {
        "http.response.status_code": line.status,
        "ringfence.surface": line.surface,
        "ringfence.subjects": line.subjects,
        "ringfence.degraded": line.degraded,
        "ringfence.policy_version": line.policy,
        "ringfence.snapshot_version": line.snapshot,
        "ringfence.lexicon_version": line.lexicon,
    }
    told.update({f"ringfence.verdicts.{verdict}": count for verdict, count in line.verdicts.items()})
    return told


def _carried(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name: headers[name.encode()].decode("latin-1") for name in PARENT if name.encode() in headers}
