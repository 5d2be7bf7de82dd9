"""A request that comes whole gets the bytes that the ordinary way gives, however it is cut."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service import wire
from ringfence.guard.service.application import Application, Place, application
from ringfence.guard.service.at_once import quick_connections
from ringfence.guard.service.connections import connections
from ringfence.guard.service.counters import Board
from ringfence.guard.snapshots import shelf, signing
from ringfence.guard.snapshots.signing import Signer
from ringfence.guard.snapshots.snapshot import Built
from ringfence.model.words import Surface
from ringfence.store import config

LIMIT = 5_000
SECONDS = 2.0
SLATE = wire.encode_request(wire.SlateRequest(Surface.SUGGESTION, np.array([7, 8, 9], np.uint32)))


@pytest.fixture(scope="module")
def app(make: Callable[..., Built], signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder: Path = tmp_path_factory.mktemp("snapshots")
    signing.trust(folder, signer)
    shelf.publish(folder, make(["firecrest"], {"network:member": ["bo", "7"]}, {"lake": 0.9}), signer)
    built = application(
        Place(folder, default_policy(), config.Guard(body_limit=LIMIT, deadline_ms=60_000)), Board(1), 0
    )
    yield built
    built.desk.current.close()


def post(path: str, body: bytes, *heads: bytes, method: bytes = b"POST", version: bytes = b"1.1") -> bytes:
    lines = [method + b" " + path.encode() + b" HTTP/" + version, b"host: x", b"content-length: %d" % len(body), *heads]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def asked(path: str, **body: Any) -> bytes:
    return post(path, json.dumps(body).encode())


ANSWERED = (
    "search", "suggest", "numbers", "tags", "a query string", "an escape", "an old version", "the last one",
    "expecting", "chunked", "a start that cannot be",
)  # fmt: skip
PLAIN: dict[str, Any] = {
    "lifespan": "off", "interface": "asgi3", "log_level": "critical", "log_config": None, "ws": "none",
    "server_header": False, "date_header": False,
}  # fmt: skip
REQUESTS = {
    "search": asked("/v1/search", query="a firecrest"),
    "suggest": asked("/v1/suggest", candidates=["bo", "al"], viewer="bo"),
    "numbers": asked("/v1/suggest", candidates=[7, 8]),
    "tags": asked("/v1/tags", tags=["lake", "sea"]),
    "bytes": post("/v1/slate", SLATE, b"content-type: application/octet-stream"),
    "no json": post("/v1/search", b"{"),
    "nothing": post("/v1/search", b""),
    "no slate": post("/v1/slate", b"kittiwake"),
    "unknown field": asked("/v1/search", kittiwake=1),
    "too large": post("/v1/search", b'{"query":"' + b"a" * LIMIT + b'"}'),
    "a query string": post("/v1/search?a=b", b'{"query":"a"}'),
    "an escape": post("/v1/sear%63h", b'{"query":"a"}'),
    "another path": post("/v1/nest", b"{}"),
    "another method": post("/v1/search", b"", method=b"PUT"),
    "an old version": post("/v1/search", b'{"query":"a"}', version=b"1.0"),
    "the last one": post("/v1/search", b'{"query":"a"}', b"connection: close"),
    "expecting": post("/v1/search", b'{"query":"a"}', b"expect: 100-continue"),
    "chunked": b"POST /v1/search HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    b'5\r\n{"que\r\n8\r\nry":"a"}\r\n0\r\n\r\n',
    "a bad deadline": post("/v1/search", b'{"query":"a"}', b"x-ringfence-deadline-ms: soon"),
    "a start that cannot be": post("/v1/search", b'{"query":"a"}', b"x-request-start: t=1"),
    "an upgrade": post("/v1/search", b'{"query":"a"}', b"connection: upgrade", b"upgrade: websocket"),
}


def talk(app: Application, protocol: Any, parts: list[bytes], late: float = 0.0) -> bytes:
    """All that a client reads that sends these parts one after the other, each on its own, and reads `late`."""
    keep = 1 if sum(map(len, parts)) > LIMIT or len(parts) > 1 else 0  # seconds; what comes in one piece needs none

    async def run() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(uvicorn.Config(app, http=protocol, timeout_keep_alive=keep, **PLAIN))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            reading = asyncio.create_task(read_later(reader, late))
            for part in parts:
                writer.write(part)
                await asyncio.sleep(0.005 if len(parts) > 1 else 0)
            async with asyncio.timeout(20):
                answer = await reading
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            server.should_exit = True
            await serving
            return answer

    return asyncio.run(run())


async def read_later(reader: asyncio.StreamReader, seconds: float) -> bytes:
    await asyncio.sleep(seconds)
    return await reader.read(-1)


def quick(app: Application, *parts: bytes) -> bytes:
    return talk(app, quick_connections(SECONDS, app.at_once()), list(parts))


def ordinary(app: Application, *parts: bytes) -> bytes:
    return talk(app, connections(SECONDS), list(parts))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_whole_request_gets_the_ordinary_answer(app: Application, name: str) -> None:
    said = quick(app, REQUESTS[name])
    assert said.startswith(b"HTTP/1.1 ")
    assert (b'"degraded":""' in said) == (name in ANSWERED)
    assert said == ordinary(app, REQUESTS[name])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=5), st.data())
def test_requests_one_after_another_and_cut_anywhere_are_answered_in_order(
    app: Application, names: list[str], data: st.DataObject
) -> None:
    lasting = [name for name in names if name not in ("too large", "another method", "an upgrade")]
    whole = b"".join(REQUESTS[name] for name in lasting)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=4)))
    parts = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert quick(app, *parts) == ordinary(app, whole)


def test_a_worker_that_is_about_to_end_says_so_and_hangs_up(app: Application) -> None:
    app.desk.draining = True
    try:
        said = quick(app, REQUESTS["search"] * 2)
    finally:
        app.desk.draining = False
    assert (said.count(b"HTTP/1.1 200"), said.count(b"connection: close")) == (1, 1)


def test_whoever_does_not_read_gets_the_ordinary_way_and_everything(app: Application) -> None:
    many = 3_000
    slate = asked("/v1/suggest", candidates=[f"kittiwake{number}" for number in range(150)])
    said = talk(app, quick_connections(SECONDS, app.at_once()), [slate * many], late=0.5)
    assert said.count(b"HTTP/1.1 200") == said.count(b'"degraded":""') == many


def test_whole_requests_do_go_without_asgi(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Application, scope: object, receive: object, send: object) -> None:  # noqa: ARG001
        raise AssertionError

    monkeypatch.setattr(Application, "__call__", fail)
    for name in ("search", "suggest", "numbers", "tags", "bytes", "no json", "a bad deadline"):
        assert quick(app, REQUESTS[name]).startswith((b"HTTP/1.1 200", b"HTTP/1.1 422", b"HTTP/1.1 400"))
