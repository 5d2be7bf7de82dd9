import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal

import pytest
import uvicorn

from ringfence.guard.service.connections import MOST_HEAD_BYTES, connections

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SECONDS = 0.5
LARGE = 20_000_000


async def echo(scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]) -> None:
    body = bytes(LARGE) if scope["path"] == "/large" else scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def served(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, bytes]]) -> bytes:
    """What a client gets to read that talks so to a server over this protocol."""

    async def run() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(
                uvicorn.Config(echo, http=connections(SECONDS), lifespan="off", log_level="critical", log_config=None)
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            async with asyncio.timeout(20):
                answer = await talk(reader, writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            server.should_exit = True
            await serving
            return answer

    return asyncio.run(run())


def sends(*parts: bytes, pause: float = 0.0) -> bytes:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        reading = asyncio.create_task(read_all(reader))
        for part in parts:
            if not reading.done():
                writer.write(part)
                await asyncio.sleep(pause)
        return await reading

    return served(talk)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Everything up to the end, or up to where the server has hung up on what was still being sent."""
    parts = []
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            parts.append(part)
    return b"".join(parts)


def code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for() -> None:
    assert code(sends(*[REQUEST[place : place + 1] for place in range(20)], pause=0.05)) == (408, "head_too_slow")


def test_a_second_head_is_not_waited_for_either() -> None:
    answer = sends(REQUEST, REQUEST[:9], pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200")
    assert code(answer[answer.index(b"HTTP/1.1 408") :]) == (408, "head_too_slow")


def test_who_says_nothing_is_only_hung_up_on() -> None:
    assert sends() == b""


@pytest.mark.parametrize("parts", [1, 40])
def test_a_head_that_is_too_large_is_refused(parts: int) -> None:
    header = b"x: " + b"y" * (2 * MOST_HEAD_BYTES // parts) + b"\r\n"
    start = b"GET / HTTP/1.1\r\n"
    answer = sends(start, *[header[:-2] if parts == 1 else header] * parts, pause=0.001)
    assert answer == b"" or code(answer) == (431, "head_too_large")  # who still sends may find it gone first


@pytest.mark.parametrize("nonsense", [b"kittiwake\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nx\r\n\r\n"])
def test_what_is_no_http_is_told_so_and_not_repeated(nonsense: bytes) -> None:
    answer = sends(nonsense)
    assert code(answer) == (400, "not_http")
    assert b"kittiwake" not in answer


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("header", [b"", b"connection: close\r\n"])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_who_does_not_take_the_answer_is_hung_up_on_and_who_takes_it_slowly_is_not(
    loop: Literal["asyncio", "uvloop"], header: bytes, share: float
) -> None:
    async def talk(server: uvicorn.Server, address: tuple[str, int]) -> int:
        reader, writer = await asyncio.open_connection(*address, limit=65_536)
        writer.write(b"GET /large HTTP/1.1\r\n" + header + b"\r\n")
        taken = len(await reader.readexactly(1_000))
        while share and taken < LARGE:
            taken += len(await reader.read(1_000_000))
            await asyncio.sleep(0.001)
        async with asyncio.timeout(20):
            while server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells of it in no other way
                await asyncio.sleep(0.01)
        writer.close()
        return taken

    async def run() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            settings = uvicorn.Config(
                echo, http=connections(SECONDS), lifespan="off", log_config=None, timeout_keep_alive=1, ws="none"
            )
            server = uvicorn.Server(settings)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            taken = await talk(server, listener.getsockname())
            server.should_exit = True
            await serving
            return taken

    with asyncio.Runner(loop_factory=uvicorn.Config(echo, loop=loop).get_loop_factory()) as runner:
        taken = runner.run(run())
    assert (taken >= LARGE) == bool(share)


def test_many_requests_on_one_connection_are_all_answered() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for _ in range(120):
            writer.write(REQUEST[:7])
            await asyncio.sleep(0.005)
            writer.write(REQUEST[7:])
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await reader.readexactly(1)
        return b""

    served(talk)  # longer than the time for one head
