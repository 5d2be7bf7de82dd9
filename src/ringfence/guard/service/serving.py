"""How does a process answer until it is told to end, and end without dropping anything?

On SIGTERM readiness turns at once and answers say `connection: close`; connections are still taken for a while, so that
load balancers notice; then no new ones; what is open is answered; the log is written; the process exits with 0.
"""

import asyncio
import ctypes
import logging
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import uvicorn

from ringfence.guard.service import tls
from ringfence.guard.service.application import Place, application
from ringfence.guard.service.at_once import quick_connections
from ringfence.guard.service.counters import Board

LOG = logging.getLogger("ringfence.guard")
ENDING = (signal.SIGTERM, signal.SIGINT)
LAST_SECONDS = 1.0  # of the time to end, for what is still open then
LOOK = 0.02
HANDOVER = 0.0005  # seconds until the thread that reads a new snapshot lets the one that answers go on
SETTLE = 0.1  # seconds to take the connections that came before the last moment
HELD_UP = 2.0  # seconds that whoever refuses more connections may be late with it
SO_ATTACH_FILTER = SO_GET_FILTER = 26  # asm-generic/socket.h: one number, to set and to get
NO_MORE = (  # BPF over a packet from its TCP header on: drop what opens a connection, let through what goes on with one
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x45, 0, 1, 0x02),  # SYN: the next line, else the one after it
    (0x06, 0, 0, 0),  # keep nothing
    (0x06, 0, 0, 0xFFFF_FFFF),  # keep all of it
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ends: how long it goes on taking connections, and how long all of it may take."""

    notice: float
    total: float


def run(
    place: Place,
    listener: socket.socket,
    board: Board,
    worker: int,
    parent: int,
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Answer as one worker until SIGTERM or SIGINT, or until `parent`, the process that started it, is gone."""
    sys.setswitchinterval(HANDOVER)
    settings = place.settings
    secured = tls.of(settings)
    app = application(place, board, worker)
    config = uvicorn.Config(
        app,
        http=quick_connections(settings.body_timeout_ms / 1000, app.at_once()),
        loop="uvloop",
        ws="none",
        interface="asgi3",
        lifespan="on",
        access_log=False,  # ours holds no texts and no addresses
        log_level="error",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=int(LAST_SECONDS),
        ssl_context_factory=(lambda *_: secured) if secured else None,
    )
    ending = Ending(settings.drain_notice_ms / 1000, settings.drain_seconds)
    loop_factory = config.get_loop_factory()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        serving = _serve(
            uvicorn.Server(config), listener, app.desk.drain, ending, ready, parent=parent, alone=board.workers == 1
        )
        runner.run(serving)


async def _serve(
    server: uvicorn.Server,
    listener: socket.socket,
    drain: Callable[[], object],
    ending: Ending,
    ready: Callable[[], object],
    *,
    parent: int,
    alone: bool,
) -> None:
    """Serve, with signals of our own: uvicorn's would close what is idle although a request may be on its way there."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    serving = loop.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells of it in no other way
        await asyncio.sleep(LOOK)
    for number in ENDING:
        loop.add_signal_handler(number, told.set)
    orphaned = loop.create_task(_orphaned(parent))
    if server.started:
        ready()
    waiting = loop.create_task(told.wait())
    await asyncio.wait({serving, waiting, orphaned}, return_when=asyncio.FIRST_COMPLETED)
    drain()
    if not serving.done():
        await _end(server, ending, listener, alone=alone or orphaned.done())
    for task in (waiting, orphaned):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await serving


def refuse_more(listener: socket.socket) -> None:
    """Let no more connections come to a listening socket, so that it can be closed once those that wait are taken.

    Closing it would reset them. Elsewhere than on Linux, and in some sandboxes, there is no such filter, and the few
    that come in the moment of closing are reset before they are read.
    """
    if sys.platform != "linux":
        return
    lines = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in NO_MORE))
    program = struct.pack("HP", len(NO_MORE), ctypes.addressof(lines))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _refuses_more(listener: socket.socket) -> bool:
    """Whether somebody has called `refuse_more` on the socket, in whichever process; or nobody can."""
    if sys.platform != "linux":
        return True
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, SO_GET_FILTER, 8 * len(NO_MORE)))
    except OSError:
        return True


def _some_wait(listener: socket.socket) -> bool:
    """Whether there are connections that nobody has taken yet."""
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    return bool(waiting.poll(0))


async def _end(server: uvicorn.Server, ending: Ending, listener: socket.socket, *, alone: bool) -> None:
    """Take connections for the notice, then those that still wait, and stay for what is open as long as there is time.

    Who is `alone`, or has lost its supervisor, lets no more come by itself. Else the supervisor does, unless only this
    one was told to end: then the others take what it does not.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + ending.total - LAST_SECONDS - 0.5
    await asyncio.sleep(min(ending.notice, max(0.0, last - loop.time())))
    if alone:
        refuse_more(listener)
    await _until(lambda: _refuses_more(listener), min(last, loop.time() + HELD_UP))
    await asyncio.sleep(SETTLE)
    if _refuses_more(listener):
        await _until(lambda: not _some_wait(listener), last)
    for one in server.servers:
        one.close()
    await _until(lambda: not server.server_state.connections, last)
    server.should_exit = True


async def _until(true: Callable[[], bool], last: float) -> None:
    """Look now and then whether it is true, at most until `last` by the clock of the event loop."""
    while not true() and asyncio.get_running_loop().time() < last:  # noqa: ASYNC110 - the system tells of it in no other way
        await asyncio.sleep(LOOK)


async def _orphaned(parent: int) -> None:
    """Return when the process that started this one is gone: nobody would replace or end it any more."""
    while os.getppid() == parent:  # noqa: ASYNC110 - the system tells of it in no other way
        await asyncio.sleep(1)
