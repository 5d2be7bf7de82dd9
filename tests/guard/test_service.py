import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ringfence.guard.policy import default_policy
from ringfence.guard.requests import LARGEST_BODY, LONGEST_ID, MOST_CANDIDATES
from ringfence.guard.service import build_app, serve
from ringfence.guard.snapshot import activate, build, write
from ringfence.model.faults import Fault
from ringfence.terms.lexicon import Lexicon

POLICY = default_policy()
SNAPSHOT = build(
    Lexicon.from_terms(["firecrest", "kittiwake"]), POLICY, {"network:member": ["al", "bo"]}, tags={"lake": 0.9}
)


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    write(tmp_path, SNAPSHOT)
    activate(tmp_path, SNAPSHOT.version)
    return build_app(tmp_path, POLICY)


def ask(app: Starlette, method: str, path: str, body: bytes | AsyncIterator[bytes] | object = None) -> httpx.Response:
    raw = isinstance(body, bytes | AsyncIterator)
    sent = {"content": body} if raw else {"json": body} if body is not None else {}

    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            return await client.request(method, path, **sent)  # type: ignore[arg-type]

    return asyncio.run(one())


def post(app: Starlette, path: str, body: object) -> dict[str, Any]:
    response = ask(app, "POST", path, body)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer: dict[str, Any] = response.json()
    return answer


def test_search(app: Starlette) -> None:
    answer = post(app, "/v1/search", {"query": "a firecrest", "viewer": "cy"})
    assert (answer["verdict"], answer["reason"]) == ("block", "lexicon:illegal")
    assert (answer["policy_version"], answer["snapshot_version"]) == (POLICY.version, SNAPSHOT.version)
    assert "people who help" in answer["message"]
    assert post(app, "/v1/search", {"query": "robin"})["verdict"] == "allow"


def test_the_other_surfaces(app: Starlette) -> None:
    answer = post(app, "/v1/autocomplete", {"prefix": "fire", "candidates": ["firecrest", "firewood"]})
    assert answer["kept"] == ["firewood"]
    assert post(app, "/v1/hashtag", {"tag": "#lake"})["reason"] == "tag:network"
    for path in ("/v1/suggest", "/v1/recommend"):
        answer = post(app, path, {"viewer": "cy", "candidates": ["di", "bo", "ed"]})
        assert answer["kept"] == ["di", "ed"]
        (judged,) = answer["judged"]
        assert (judged["subject"], judged["verdict"], judged["reason"]) == ("bo", "drop", "network:member")
    assert post(app, "/v1/recommend", {"surface": "search", "candidates": ["bo"]})["kept"] == ["bo"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/search", b"", 400, "malformed"),
        ("/v1/search", b'{"query": ', 400, "malformed"),
        ("/v1/search", b'{"query": "kittiwake\xff"}', 400, "malformed"),
        ("/v1/search", b'{"query": "kittiwake\\ud800"}', 400, "malformed"),
        ("/v1/search", b"[" * 100_000, 422, "invalid"),
        ("/v1/search", b'{"query": ' + b'{"kittiwake": ' * 60_000, 422, "invalid"),
        ("/v1/search", {"query": 3}, 422, "invalid"),
        ("/v1/search", {"kittiwake": "x"}, 422, "invalid"),
        ("/v1/search", {}, 422, "invalid"),
        ("/v1/search", {"query": "kittiwake" * 2_000}, 422, "invalid"),
        ("/v1/search", {"query": "x", "viewer": "v" * (LONGEST_ID + 1)}, 422, "invalid"),
        ("/v1/search", {"query": "kittiwake", "kittiwake": True}, 422, "invalid"),
        ("/v1/suggest", {"candidates": ["kittiwake" * 30]}, 422, "invalid"),
        ("/v1/suggest", {"candidates": [""]}, 422, "invalid"),
        ("/v1/suggest", {"candidates": "bo"}, 422, "invalid"),
        ("/v1/suggest", {"candidates": ["c"] * (MOST_CANDIDATES + 1)}, 422, "invalid"),
        ("/v1/recommend", {"candidates": ["bo"], "surface": "kittiwake"}, 422, "invalid"),
        ("/v1/hashtag", {"tag": "k" * (LONGEST_ID + 1)}, 422, "invalid"),
        ("/v1/search", b" " * (LARGEST_BODY + 1), 413, "too_large"),
        ("/v1/kittiwake", {}, 404, "not_found"),
    ],
)
def test_a_bad_request_has_one_shape_of_error_that_repeats_nothing(
    app: Starlette, caplog: pytest.LogCaptureFixture, path: str, body: object, status: int, code: str
) -> None:
    caplog.set_level(logging.DEBUG)
    response = ask(app, "POST", path, body)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"code", "what", "mend"}
    assert error["code"] == code
    for word in ("kittiwake", "firecrest", '"bo"'):
        assert word not in response.text
        assert word not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")


def test_a_wrong_method_and_a_failing_guard_have_the_same_shape(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(app, "GET", "/v1/search").json()["error"]["code"] == "method_not_allowed"

    def fail(*_: object) -> None:
        raise RuntimeError("kittiwake")

    monkeypatch.setattr("ringfence.guard.decide.Guard.search", fail)
    response = ask(app, "POST", "/v1/search", {"query": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")
    assert "kittiwake" not in response.text


def test_a_body_without_a_length_is_bounded_as_it_arrives(app: Starlette) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 20 * LARGEST_BODY:
            sent += 100_000
            yield b" " * 100_000

    assert ask(app, "POST", "/v1/search", endless()).status_code == 413
    assert sent <= LARGEST_BODY + 200_000


def test_health_and_readiness(app: Starlette, tmp_path: Path) -> None:
    assert ask(app, "GET", "/healthz").json() == {"ok": True}
    assert ask(app, "GET", "/readyz").json() == {
        "ready": True,
        "trouble": "",
        "policy_version": POLICY.version,
        "snapshot_version": SNAPSHOT.version,
    }
    empty = ask(build_app(tmp_path / "none", POLICY), "GET", "/readyz")
    assert (empty.status_code, empty.json()["trouble"]) == (503, "no_snapshot")


def test_a_corrupt_new_snapshot_keeps_the_last_good_one_serving(app: Starlette, tmp_path: Path) -> None:
    post(app, "/v1/search", {"query": "robin"})
    other = build(Lexicon.from_terms(["robin"]), POLICY, {})
    path = write(tmp_path, other)
    activate(tmp_path, other.version)
    path.write_bytes(path.read_bytes()[:-1])
    assert post(app, "/v1/search", {"query": "kittiwake"})["snapshot_version"] == SNAPSHOT.version
    state = ask(app, "GET", "/readyz").json()
    assert (state["ready"], state["trouble"]) == (True, "unreadable_snapshot")
    write(tmp_path, other)
    activate(tmp_path, other.version)
    assert post(app, "/v1/search", {"query": "robin"})["verdict"] == "block"


def test_without_a_snapshot_the_answer_is_degraded(tmp_path: Path) -> None:
    app = build_app(tmp_path, POLICY)
    answer = post(app, "/v1/search", {"query": "robin"})
    assert (answer["verdict"], answer["reason"]) == ("block", "degraded:no_snapshot")
    assert post(app, "/v1/suggest", {"candidates": ["di"]})["kept"] == []


def test_it_serves_for_real_and_stops_when_asked(tmp_path: Path) -> None:
    write(tmp_path, SNAPSHOT)
    activate(tmp_path, SNAPSHOT.version)
    program = (
        "import sys; from functools import partial; from ringfence.guard import policy, service; "
        "service.serve(sys.argv[1], policy.default_policy(), port=0, ready=partial(print, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        answer = httpx.post(f"{address}v1/search", json={"query": "firecrest"}, timeout=20)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert answer.json()["verdict"] == "block"
    assert json.dumps(answer.json()).count(SNAPSHOT.version) == 1
    assert "firecrest" not in output + errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_a_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Fault, match="choose another port"):
            serve(tmp_path, POLICY, port=port)
