import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.guard.service.parts import running

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service.application import Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.snapshots import shelf, signing
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.faults import Fault
from ringfence.store import config

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    """An OpenTelemetry collector, as far as it takes spans."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Taker)

    @property
    def spans(self) -> list[Span]:
        requests = map(ExportTraceServiceRequest.FromString, self.raw)
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Taker(BaseHTTPRequestHandler):
    """Takes what is posted, uncompressed."""

    server: Collector

    def do_POST(self) -> None:
        self.server.raw.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is declared
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_spans_reach_a_collector_with_counts_and_versions_and_no_texts(
    collector: Collector,
    make: Callable[..., Built],
    signer: Signer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    signing.trust(folder, signer)
    shelf.publish(folder, make(["firecrest"], {"network:member": ["divercandidate"]}), signer)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    with running(tmp_path) as run, httpx.Client(base_url=run.address, timeout=20) as client:
        parent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        client.post("v1/suggest", json={"candidates": ["divercandidate", "x", "y"]}, headers=parent)
        client.post("v1/search", json={"query": "firecrest", "viewer": "owlviewer"})
        client.post("v1/search", content=b"{ouzel", headers={"traceparent": "nonsense"})
        code, written = run.end()
    assert (code, written.replace(run.address, "").strip()) == (0, "")
    by_name = {span.name: span for span in collector.spans}
    assert len(collector.spans) == 3
    suggested = by_name["guard suggest"]
    assert (suggested.trace_id.hex(), suggested.parent_span_id.hex()) == (TRACE, PARENT)
    told = {item.key: item.value.string_value or item.value.int_value for item in suggested.attributes}
    assert told["ringfence.surface"] == "suggestion"
    assert (told["ringfence.verdicts.drop"], told["ringfence.verdicts.allow"], told["ringfence.subjects"]) == (1, 2, 3)
    assert (told["ringfence.policy_version"], told["http.response.status_code"]) == (default_policy().version, 200)
    assert suggested.start_time_unix_nano < suggested.end_time_unix_nano
    everything = b"".join(collector.raw)
    for canary in (b"divercandidate", b"firecrest", b"owlviewer", b"ouzel", b"nonsense"):
        assert canary not in everything


def test_nothing_is_traced_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    made = application(Place(tmp_path, default_policy(), config.Guard()), Board(1), 0)
    assert made.desk.record_span is None
    made.desk.current.close()


def test_without_the_package_asking_for_it_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.guard.service.application.find_spec", lambda _: None)
    with pytest.raises(Fault, match="OpenTelemetry is not installed"):
        application(Place(tmp_path, default_policy(), config.Guard(traces=True)), Board(1), 0)
