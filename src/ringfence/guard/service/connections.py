"""How long may a client take over the head of a request and over the answer, and how large may the head be?

uvicorn bounds none of it while it parses with httptools, so a client could hold connections open by a byte now and
then, fill the memory with one header, or never read what it asked for.
"""

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ringfence.guard.service import refusals
from ringfence.guard.service.refusals import Refusal

MOST_HEAD_BYTES = 65_536
_ENCODE = msgspec.json.Encoder().encode


class Connection(HttpToolsProtocol):
    """uvicorn's own protocol, which knows where a head begins and ends, with a bound on both of it."""

    head_seconds = 5.0
    _head_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _taking_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        HttpToolsProtocol.connection_made(self, transport)  # type: ignore[arg-type]
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        if self._taking_timer is not None:
            self._taking_timer.cancel()
            self._taking_timer = None
        HttpToolsProtocol.connection_lost(self, exc)

    def data_received(self, data: bytes) -> None:
        HttpToolsProtocol.data_received(self, data)
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(Refusal(refusals.HEAD_TOO_LARGE))
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def on_message_begin(self) -> None:
        self._in_head = True
        HttpToolsProtocol.on_message_begin(self)

    def on_headers_complete(self) -> None:
        self.end_head()
        HttpToolsProtocol.on_headers_complete(self)

    def end_head(self) -> None:
        """The head is whole: what bounds it no longer counts."""
        self._in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._stop()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's words are not ours
        self._refuse(Refusal(refusals.NOT_HTTP))

    def pause_writing(self) -> None:
        HttpToolsProtocol.pause_writing(self)
        self._watch()

    def on_response_complete(self) -> None:
        HttpToolsProtocol.on_response_complete(self)
        if self.transport.is_closing():
            self._watch()

    def timeout_keep_alive_handler(self) -> None:
        HttpToolsProtocol.timeout_keep_alive_handler(self)
        self._watch()

    def _watch(self) -> None:
        """See to it that the client takes what waits for it: half of it, each time that a head may take."""
        if self._taking_timer is None:
            waits = self.transport.get_write_buffer_size()
            self._taking_timer = self.loop.call_later(self.head_seconds, self._look, waits)

    def _look(self, waited: int) -> None:
        self._taking_timer = None
        waits = self.transport.get_write_buffer_size()
        if waits and waits * 2 > waited:
            self.transport.abort()
        elif waits:
            self._watch()

    def _too_slow(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(Refusal(refusals.HEAD_TOO_SLOW))
        else:  # it was only held open; an answer to nothing could be taken for the answer to what comes next
            self.transport.close()
            self._watch()

    def _stop(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, refusal: Refusal) -> None:
        """Answer to what is no request yet, and hang up."""
        self._stop()
        if self.transport.is_closing():
            return
        status = refusal.kind.status
        body = _ENCODE(refusals.refused(refusal))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        self._watch()


def connections(head_seconds: float) -> type[Connection]:
    """The protocol with a limit of seconds of its own."""
    members: dict[str, Any] = {"head_seconds": head_seconds}
    return type("Connection", (Connection,), members)
