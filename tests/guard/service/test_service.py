import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import wire
from ringfence.guard.service.application import Application
from ringfence.guard.service.requests import LONGEST_ID, MOST_CANDIDATES
from ringfence.guard.service.settings import build_app, placed, serve
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.faults import Fault
from ringfence.model.words import Surface
from ringfence.store import config

POLICY = default_policy()
LIMIT = 50_000
Make = Callable[..., Built]


@pytest.fixture
def app(make: Make, shelved: Path, signer: Signer) -> Iterator[Application]:
    accounts = {"network:member": ["al", "bo", "7"], "network:likely_minor": ["mi"]}
    shelf.publish(shelved, make(["firecrest", "kittiwake"], accounts, {"lake": 0.9}), signer)
    built = build_app(shelved, POLICY, settings=config.Guard(body_limit=LIMIT, deadline_ms=60_000))
    yield built
    built.desk.current.close()


def ask(
    app: Application,
    method: str,
    path: str,
    body: bytes | AsyncIterator[bytes] | object = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    raw = isinstance(body, bytes | AsyncIterator)
    sent = {"content": body} if raw else {"json": body} if body is not None else {}

    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            return await client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]

    return asyncio.run(one())


def post(app: Application, path: str, body: object, headers: dict[str, str] | None = None) -> dict[str, Any]:
    response = ask(app, "POST", path, body, headers)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    answer: dict[str, Any] = response.json()
    return answer


def test_search(app: Application) -> None:
    answer = post(app, "/v1/search", {"query": "a firecrest", "viewer": "cy"})
    assert (answer["verdict"], answer["reason"], answer["degraded"]) == ("block", "lexicon:illegal", "")
    assert answer["policy_version"] == POLICY.version
    assert len(answer["snapshot_version"]) == 16
    assert "people who help" in answer["message"]
    assert post(app, "/v1/search", {"query": "robin"})["verdict"] == "allow"


@pytest.mark.parametrize(
    ("path", "body", "kept"),
    [
        ("autocomplete", {"prefix": "fire", "candidates": ["firecrest", "firewood"]}, ["firewood"]),
        ("related", {"query": "birds", "candidates": ["kittiwake", "lakes"]}, ["lakes"]),
        ("related", {"query": "kittiwake", "candidates": ["lakes"]}, []),
        ("tags", {"tags": ["#lake", "#sea"]}, ["#sea"]),
        ("suggest", {"viewer": "cy", "candidates": ["di", "bo", "ed"]}, ["di", "ed"]),
        ("suggest", {"viewer": 3, "candidates": [8, 7, 9]}, [8, 9]),
        (
            "suggest",
            {"viewer": {"id": "cy", "minor": True, "country": "AT", "language": "de-AT"}, "candidates": []},
            [],
        ),
        ("recommend", {"candidates": ["di", "bo", "di"]}, ["di", "di"]),
        ("recommend", {"candidates": ["p1", "p2"], "accounts": ["bo", "di"]}, ["p2"]),
        ("recommend", {"candidates": ["p1", "p2"], "accounts": [7, 8], "surface": "suggestion"}, ["p2"]),
        ("recommend", {"candidates": [1, 2], "accounts": ["bo", "di"]}, [2]),
    ],
)
def test_a_slate_says_what_to_show_and_why_not_the_rest(
    app: Application, path: str, body: dict[str, Any], kept: list[str | int]
) -> None:
    answer = post(app, f"/v1/{path}", body)
    assert answer["kept"] == kept
    candidates = body["candidates"] if "candidates" in body else body["tags"]
    assert answer["backfill"] == len(candidates) - len(kept)
    assert {judged["subject"] for judged in answer["judged"]} == set(candidates) - set(kept)
    assert all(judged["reason"] for judged in answer["judged"])
    assert answer["degraded"] == ""


def test_a_duplicate_is_answered_at_each_of_its_positions(app: Application) -> None:
    answer = post(app, "/v1/suggest", {"candidates": ["di", "bo", "di", "bo"]})
    assert (answer["kept"], answer["backfill"]) == (["di", "di"], 2)


def test_of_two_fields_of_one_name_the_last_counts(app: Application) -> None:
    body = b'{"query": "robin", "query": "firecrest"}'
    assert post(app, "/v1/search", body)["verdict"] == "block"
    twice = b'{"candidates": ["bo"], "candidates": ["di"]}'
    assert post(app, "/v1/suggest", twice)["kept"] == ["di"]


def test_a_slate_of_bytes(app: Application) -> None:
    asked = wire.SlateRequest(Surface.SUGGESTION, np.array([8, 7, 7], np.uint32), viewer=3, minor=True)
    response = ask(app, "POST", "/v1/slate", wire.encode_request(asked))
    assert response.headers["content-type"] == "application/octet-stream"
    answer = wire.decode_answer(response.content)
    assert answer.verdicts.tolist() == [0, 3, 3]
    assert answer.version.hex() == post(app, "/v1/search", {"query": "x"})["snapshot_version"]
    assert answer.degraded == ""


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("search", b"", 400, "malformed"),
        ("search", b'{"query": ', 400, "malformed"),
        ("search", b'{"query": "kittiwake\xff"}', 400, "malformed"),
        ("search", b'{"query": "kittiwake\\ud800"}', 400, "malformed"),
        ("search", b'{"query": NaN}', 400, "malformed"),
        ("search", b"[" * 40_000, 422, "invalid"),
        ("search", b'{"query": ' + b'{"kittiwake": ' * 3_000, 422, "invalid"),
        ("search", b'{"query": "x", "viewer": ' + b"[" * 40_000, 422, "invalid"),
        ("search", {"query": 3}, 422, "invalid"),
        ("search", {"kittiwake": "x"}, 422, "invalid"),
        ("search", {}, 422, "invalid"),
        ("search", {"query": "kittiwake" * 2_000}, 422, "invalid"),
        ("search", {"query": "x", "viewer": "v" * (LONGEST_ID + 1)}, 422, "invalid"),
        ("search", {"query": "x", "viewer": {"id": "kittiwake", "minor": "yes"}}, 422, "invalid"),
        ("search", {"query": "x", "viewer": {"kittiwake": 1}}, 422, "invalid"),
        ("search", {"query": "x", "viewer": {"country": "kittiwake"}}, 422, "invalid"),
        ("search", {"query": "x", "viewer": {"language": "kittiwake kittiwake"}}, 422, "invalid"),
        ("search", {"query": "kittiwake", "kittiwake": True}, 422, "invalid"),
        ("suggest", {"candidates": ["kittiwake" * 1_200]}, 422, "invalid"),
        ("suggest", {"candidates": [""]}, 422, "invalid"),
        ("suggest", {"candidates": "bo"}, 422, "invalid"),
        ("suggest", {"candidates": ["kittiwake", 7]}, 422, "invalid"),
        ("suggest", {"candidates": [7, "kittiwake"]}, 422, "invalid"),
        ("suggest", {"candidates": [7, 1.5]}, 422, "invalid"),
        ("suggest", {"candidates": [-1]}, 422, "invalid"),
        ("suggest", {"candidates": [10**40]}, 422, "invalid"),
        ("suggest", {"candidates": [2**63]}, 422, "invalid"),
        ("suggest", b'{"candidates": [NaN]}', 400, "malformed"),
        ("suggest", b'{"candidates": [1e400]}', 422, "invalid"),
        ("suggest", {"candidates": [None]}, 422, "invalid"),
        ("suggest", {"candidates": ["c"] * (MOST_CANDIDATES + 1)}, 422, "invalid"),
        ("recommend", {"candidates": ["bo"], "surface": "kittiwake"}, 422, "invalid"),
        ("recommend", {"candidates": ["bo"], "accounts": []}, 422, "invalid"),
        ("recommend", {"candidates": ["bo", "di"], "accounts": ["kittiwake", 7]}, 422, "invalid"),
        ("hashtag", {"tag": "k" * (LONGEST_ID + 1)}, 422, "invalid"),
        ("tags", {"tags": ["k" * (LONGEST_ID + 1)]}, 422, "invalid"),
        ("slate", b"", 422, "invalid"),
        ("slate", b"kittiwake" * 10, 422, "invalid"),
        ("slate", b"RFS1\x09" + bytes(11), 422, "invalid"),
        ("search", b" " * (LIMIT + 1), 413, "too_large"),
        ("suggest", b'{"candidates": [' + b"1," * 500_000, 413, "too_large"),
        ("slate", bytes(LIMIT + 1), 413, "too_large"),
        ("kittiwake", {}, 404, "not_found"),
        ("suggest/", {}, 404, "not_found"),
    ],
)
def test_a_bad_request_has_one_shape_of_error_that_repeats_nothing(
    app: Application, caplog: pytest.LogCaptureFixture, path: str, body: object, status: int, code: str
) -> None:
    caplog.set_level("DEBUG")
    response = ask(app, "POST", f"/v1/{path}", body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()) == {"error", "degraded", "verdict"}
    assert set(response.json()["error"]) == {"code", "what", "mend"}
    assert response.json()["verdict"] in ("drop", "block")
    for word in ("kittiwake", "firecrest", '"bo"'):
        assert word not in response.text
        assert word not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")


def test_a_refusal_carries_the_policys_own_verdict_for_that_surface_and_cause(shelved: Path) -> None:
    text = POLICY.text + '\n[degraded.malformed]\nsearch = "demote"\n[degraded.too_long]\nsearch = "review"\n'
    policy = type(POLICY).parse(text, "test")
    app = build_app(shelved, policy, settings=config.Guard(body_limit=LIMIT))
    assert ask(app, "POST", "/v1/search", b"{").json()["verdict"] == "demote"
    assert ask(app, "POST", "/v1/search", b" " * (LIMIT + 1)).json()["verdict"] == "review"
    assert ask(app, "POST", "/v1/suggest", b"{").json()["verdict"] == "drop"
    assert ask(app, "POST", "/v1/nothing", b"{").json()["verdict"] == "block"
    app.desk.current.close()


@pytest.mark.parametrize("path", ["/v1/search", "/v1/suggest", "/v1/slate"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused_with_the_right_one(app: Application, path: str, method: str) -> None:
    response = ask(app, method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_other_paths_have_the_shape_without_a_verdict(app: Application) -> None:
    assert set(ask(app, "GET", "/nothing").json()) == {"error"}
    refused = ask(app, "POST", "/healthz")
    assert (refused.status_code, set(refused.json()), set(refused.headers["allow"].split(", "))) == (
        405,
        {"error"},
        {"GET", "HEAD"},
    )


@pytest.mark.parametrize("route", ["search", "suggest", "slate"])
def test_a_failing_guard_says_what_to_do_and_not_what_it_was_asked(
    app: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, route: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("kittiwake")

    for name in ("search", "suggest", "ready", "verdicts"):
        monkeypatch.setattr(f"ringfence.guard.decide.Guard.{name}", fail)
    slate = wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, np.array([1], np.uint32)))
    bodies = {"search": {"query": "kittiwake"}, "suggest": {"candidates": ["kittiwake"]}, "slate": slate}
    response = ask(app, "POST", f"/v1/{route}", bodies[route])
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")
    assert response.json()["verdict"] in ("drop", "block")
    assert "kittiwake" not in response.text + caplog.text
    assert "RuntimeError at " in caplog.text


def test_a_body_without_a_length_is_bounded_as_it_arrives(app: Application) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 20 * LIMIT:
            sent += 10_000
            yield b" " * 10_000

    assert ask(app, "POST", "/v1/search", endless()).status_code == 413
    assert sent <= 2 * LIMIT + 40_000


def test_a_late_request_gets_the_policys_verdict_for_the_deadline(app: Application) -> None:
    late = {"x-ringfence-deadline-ms": "5", "x-request-start": f"t={_seconds_ago(1):.3f}"}
    answer = post(app, "/v1/search", {"query": "robin"}, late)
    assert (answer["verdict"], answer["degraded"], answer["reason"]) == ("block", "deadline", "degraded:deadline")
    slate = post(app, "/v1/recommend", {"candidates": ["di"], "surface": "suggestion"}, late)
    assert (slate["kept"], slate["degraded"], slate["surface"]) == ([], "deadline", "suggestion")
    asked = wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, np.array([8], np.uint32)))
    answered = wire.decode_answer(ask(app, "POST", "/v1/slate", asked, late).content)
    assert (answered.verdicts.tolist(), answered.degraded) == ([3], "deadline")


def test_a_deadline_that_is_none_and_a_clock_that_is_wrong(app: Application) -> None:
    refused = ask(app, "POST", "/v1/search", {"query": "x"}, {"x-ringfence-deadline-ms": "soon"})
    assert (refused.status_code, refused.json()["verdict"]) == (422, "block")
    skewed = {"x-ringfence-deadline-ms": "1000", "x-request-start": f"t={_seconds_ago(-100):.3f}"}
    assert post(app, "/v1/search", {"query": "robin"}, skewed)["verdict"] == "allow"
    assert app.desk.counters.get("clock_skew") == 1


def _seconds_ago(seconds: float) -> float:
    return time.time() - seconds


def test_health_and_readiness(app: Application, tmp_path: Path) -> None:
    assert ask(app, "GET", "/healthz").json() == {"ok": True}
    state = ask(app, "GET", "/readyz").json()
    version = post(app, "/v1/search", {"query": "x"})["snapshot_version"]
    assert state == {"ready": True, "trouble": "", "policy_version": POLICY.version, "snapshot_version": version}
    app.desk.drain()
    draining = ask(app, "GET", "/readyz")
    assert (draining.status_code, draining.json()["trouble"]) == (503, "draining")
    assert ask(app, "POST", "/v1/search", {"query": "x"}).headers["connection"] == "close"
    none = build_app(tmp_path / "none", POLICY)
    empty = ask(none, "GET", "/readyz")
    assert (empty.status_code, empty.json()["trouble"]) == (503, "no_snapshot")
    none.desk.current.close()


def test_a_corrupt_new_snapshot_keeps_the_last_good_one_serving(
    app: Application, make: Make, shelved: Path, signer: Signer
) -> None:
    before = post(app, "/v1/search", {"query": "kittiwake"})["snapshot_version"]
    path = shelf.publish(shelved, make(["robin"]), signer)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    app.desk.current.look()
    assert post(app, "/v1/search", {"query": "kittiwake"})["snapshot_version"] == before
    state = ask(app, "GET", "/readyz").json()
    assert state["ready"]
    assert state["trouble"]
    shelf.publish(shelved, make(["robin"]), signer)
    app.desk.current.look()
    assert post(app, "/v1/search", {"query": "robin"})["verdict"] == "block"


@pytest.mark.parametrize("surface", list(Surface))
def test_without_a_snapshot_every_answer_is_degraded_and_says_so(tmp_path: Path, surface: Surface) -> None:
    app = build_app(tmp_path, POLICY)
    said = POLICY.degraded_verdict("no_snapshot", surface)  # type: ignore[arg-type]
    answer = post(app, "/v1/recommend", {"candidates": ["di"], "surface": surface})
    assert (answer["degraded"], answer["judged"][0]["verdict"]) == ("no_snapshot", said)
    asked = wire.encode_request(wire.SlateRequest(surface, np.array([8], np.uint32)))
    answered = wire.decode_answer(ask(app, "POST", "/v1/slate", asked).content)
    assert (answered.degraded, wire.VERDICTS[answered.verdicts[0]]) == ("no_snapshot", said)
    assert not any(answered.version)
    app.desk.current.close()


def test_what_is_counted_is_what_was_answered(app: Application) -> None:
    post(app, "/v1/suggest", {"candidates": ["di", "bo", "ed"]})
    ask(app, "POST", "/v1/suggest", b"{")
    text = ask(app, "GET", "/metrics").text
    for line in (
        'requests_total{route="suggest",status="200",surface="suggestion"} 1.0',
        'requests_total{route="suggest",status="400",surface="suggestion"} 1.0',
        'verdicts_total{reason="network",surface="suggestion",verdict="drop"} 1.0',
        'verdicts_total{reason="none",surface="suggestion",verdict="allow"} 2.0',
        'degraded_total{cause="malformed",surface="suggestion"} 1.0',
        'candidates_total{surface="suggestion"} 3.0',
        "workers 1.0",
    ):
        assert f"ringfence_guard_{line}" in text


def test_a_port_that_is_taken_is_a_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Fault, match="choose another port"):
            serve(tmp_path, POLICY, port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "guard.example"])
def test_without_keys_it_listens_on_this_machine_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(Fault, match="open to anybody"):
        placed(tmp_path, POLICY, config.Guard(), tmp_path, host)
    for here in ("127.0.0.1", "::1", "localhost"):
        assert placed(tmp_path, POLICY, config.Guard(), tmp_path, here).open_without_keys
