"""Whatever goes wrong, nothing of what was asked, listed or found stands in an error, a log, a count or a span."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import metrics, traces, wire
from ringfence.guard.service.access_log import Line
from ringfence.guard.service.application import Application, Place, application
from ringfence.guard.service.counters import Board
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.words import Surface
from ringfence.store import config

# Each stands where it would be seen: in a text, as a term, as a candidate, as a viewer, as a tag, as a number.
QUERY, TERM, CANDIDATE, VIEWER, TAG, NUMBER = (
    "ouzelquery",
    "fircresterm",
    "divercandidate",
    "owlviewer",
    "tagwren",
    7310421,
)
CANARIES = (QUERY, TERM, CANDIDATE, VIEWER, TAG, str(NUMBER))
BODIES: dict[str, Any] = {
    "search": {"query": f"{QUERY} {TERM}", "viewer": VIEWER},
    "autocomplete": {"prefix": QUERY, "candidates": [TERM, CANDIDATE], "viewer": VIEWER},
    "related": {"query": QUERY, "candidates": [TERM, CANDIDATE], "viewer": {"id": VIEWER, "minor": True}},
    "hashtag": {"tag": f"#{TAG}", "viewer": VIEWER},
    "tags": {"tags": [TAG, TERM], "viewer": VIEWER},
    "suggest": {"candidates": [CANDIDATE, "other"], "viewer": VIEWER},
    "recommend": {"candidates": [NUMBER, 8], "viewer": VIEWER, "accounts": [CANDIDATE, "other"]},
    "slate": wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, np.array([NUMBER, 8], np.uint32), NUMBER)),
}
LIMIT = 3_000


def raw(route: str) -> bytes:
    body = BODIES[route]
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def typo(route: str) -> bytes:
    return raw(route).replace(b'{"', b'{"' + CANDIDATE.encode() + b'": "' + TERM.encode() + b'", "', 1) + b"\0"


FAULTS: dict[str, Callable[[str], tuple[bytes, dict[str, str]]]] = {
    "none": lambda route: (raw(route), {}),
    "cut": lambda route: (raw(route)[:-3], {}),
    "garbage before": lambda route: (TERM.encode() + raw(route), {}),
    "unknown field": lambda route: (typo(route)[:-1], {}),
    "garbage after": lambda route: (raw(route) + CANDIDATE.encode(), {}),
    "wrong types": lambda route: (raw(route).replace(b'"', b"[", 3).replace(b"[", b'["', 1), {}),
    "invalid utf-8": lambda route: (raw(route).replace(b'", "', b'\xff", "', 1) + b"\xff", {}),
    "too large": lambda route: (raw(route) + TERM.encode() * LIMIT, {}),
    "late": lambda route: (raw(route), {"x-request-start": "t=1", "x-ringfence-deadline-ms": TERM}),
    "deadline over": lambda route: (raw(route), {"x-ringfence-deadline-ms": "1"}),
    "wrong key": lambda route: (raw(route), {"authorization": f"Bearer {CANDIDATE}"}),
    "odd headers": lambda route: (raw(route), {"traceparent": f"00-{TERM}", "x-request-start": QUERY, QUERY: TERM}),
}
ANSWERED = {"none", "odd headers", "deadline over"}
REFUSED = {"cut", "garbage before", "garbage after", "unknown field", "invalid utf-8", "too large", "late"}
SURPRISES = ("search", "autocomplete", "related", "hashtag", "tags", "suggest", "recommend", "verdicts", "ready")


class Watched:
    """An application with everything that it writes."""

    def __init__(self, app: Application, log: Path, spans: list[dict[str, Any]]) -> None:
        self.app = app
        self._log = log
        self._spans = spans

    def everything(self) -> str:
        desk = self.app.desk
        desk.pulse()
        if desk.log is not None:
            desk.log.flush()
            while desk.log._handed != desk.log._written:
                pass
        return f"{metrics.text(desk.board).decode()}{self._log.read_text()}{self._spans}"


@pytest.fixture
def watched(make: Callable[..., Built], shelved: Path, signer: Signer, tmp_path: Path) -> Iterator[Watched]:
    accounts = {"network:member": [CANDIDATE, str(NUMBER), VIEWER]}
    shelf.publish(shelved, make([TERM], accounts, {TAG: 0.9}), signer)
    log = tmp_path / "access.jsonl"
    place = Place(shelved, default_policy(), config.Guard(body_limit=LIMIT, deadline_ms=60_000), log_file=log)
    app = application(place, Board(1), 0)
    app.desk.counters.put("pid", 1)
    spans: list[dict[str, Any]] = []

    def record(line: Line, _: object, began: int) -> None:
        spans.append({"name": f"guard {line.route}", "began": began, **traces.attributes(line)})

    app.desk.record_span = record
    yield Watched(app, log, spans)
    asyncio.run(app.desk.close())


def ask(app: Application, path: str, body: bytes | AsyncIterator[bytes], headers: dict[str, str]) -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            return await client.post(path, content=body, headers=headers)

    return asyncio.run(one())


def clean(text: str) -> None:
    lowered = text.lower()
    assert [canary for canary in CANARIES if canary in lowered] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_a_request_leaks_on_any_path(
    watched: Watched, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    caplog.set_level("DEBUG")
    for route in BODIES:
        body, headers = FAULTS[fault](route)
        response = ask(watched.app, f"/v1/{route}", body, headers)
        assert response.status_code < 500
        if response.status_code != 200:
            clean(response.text + str(response.headers))
        assert response.status_code == 200 or fault not in ANSWERED or route == "slate"
        assert response.status_code != 200 or fault not in REFUSED or route == "slate"
    clean(watched.everything())
    clean("".join(record.getMessage() for record in caplog.records if record.name != "httpx"))
    clean("".join(capfd.readouterr()))


@pytest.mark.parametrize(
    "path", [f"/v1/{TERM}", f"/{CANDIDATE}", f"/v1/search/{QUERY}", f"/?{QUERY}={TERM}", "/v1/%00"]
)
def test_a_path_is_not_repeated(watched: Watched, path: str) -> None:
    response = ask(watched.app, path, b"{}", {})
    clean(response.text + watched.everything())


def test_no_failure_of_the_guards_own_leaks(
    watched: Watched, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*asked: object, **_: object) -> None:
        raise RuntimeError(*asked)

    for name in SURPRISES:
        monkeypatch.setattr(f"ringfence.guard.decide.Guard.{name}", fail)
    for route in BODIES:
        response = ask(watched.app, f"/v1/{route}", raw(route), {})
        assert response.status_code == 500
        assert response.json()["verdict"] in ("drop", "block")
        clean(response.text)
    clean(watched.everything())
    clean("".join(record.getMessage() + str(record.exc_info) for record in caplog.records if record.name != "httpx"))


def test_without_a_snapshot_nothing_leaks_either(tmp_path: Path) -> None:
    place = Place(tmp_path, default_policy(), config.Guard(), log_file=tmp_path / "log")
    app = application(place, Board(1), 0)
    for route in BODIES:
        assert ask(app, f"/v1/{route}", raw(route), {}).status_code == 200
    asyncio.run(app.desk.close())
    clean((tmp_path / "log").read_text() + metrics.text(app.desk.board).decode())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*CANARIES, "al", "x" * 300, NUMBER]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["query", "prefix", "candidates", "viewer", "tag", "tags", "id"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
FIELDS = ("query", "prefix", "candidates", "viewer", "tag", "tags", "accounts", "surface")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route=st.sampled_from(list(BODIES)),
    body=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5).map(lambda it: json.dumps(it).encode())
    | st.binary(max_size=60)
    | st.sampled_from(list(BODIES)).map(raw),
    cut=st.integers(0, 40),
)
def test_whatever_is_sent_gets_a_defined_answer_and_no_error_repeats_it(
    watched: Watched, route: str, body: bytes, cut: int
) -> None:
    response = ask(watched.app, f"/v1/{route}", body[: len(body) - cut] if cut > 20 else body, {})
    assert response.status_code in (200, 400, 413, 422)
    if response.status_code != 200:
        assert set(response.json()) == {"error", "degraded", "verdict"}
        clean(response.text)
    clean(watched.everything())
