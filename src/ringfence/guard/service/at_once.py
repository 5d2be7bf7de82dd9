"""How is a request answered that has come whole, without a task, an event and a queue of messages for it?

Nearly every request for a decision is small and comes in one piece, and deciding waits for nothing. What does not fit
takes the ordinary way: other paths and methods, a body still on its way, a client that is behind with reading.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ringfence.guard.service.connections import Connection

Heads = Sequence[tuple[bytes, bytes]]


class Whole(NamedTuple):
    """An answer before it is written out; its headers are few different ones, and lack how long it is."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    payload: bytes


# Gives the answer to a request by its headers and body; None where the ordinary way has to.
AtOnce = Callable[[Heads, bytes], Whole | None]

_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_CLOSE = (b"connection", b"close")


class QuickConnection(Connection):
    """A connection whose whole requests are answered as soon as they are read."""

    answers: Mapping[bytes, AtOnce] = {}
    _answer: AtOnce | None = None
    _body: list[bytes]

    def data_received(self, data: bytes) -> None:
        Connection.data_received(self, data)
        if self._answer is not None:
            self._take_ordinary_way()

    def on_message_begin(self) -> None:
        self._in_head = True
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        answer = self.answers.get(self.url)
        if answer is None or not self._is_simple():
            self._begin()
            return
        self.end_head()
        self._answer, self._body = answer, []

    def on_body(self, body: bytes) -> None:
        if self._answer is None:
            Connection.on_body(self, body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer is None:
            Connection.on_message_complete(self)
            return
        said = self._answer(self.headers, b"".join(self._body))
        if said is None:
            self._take_ordinary_way()
            Connection.on_message_complete(self)
            return
        self._answer = None
        self.transport.write(_written(said))
        if _CLOSE in said.headers:
            self.transport.close()
        self.on_response_complete()

    def _is_simple(self) -> bool:
        """Whether nothing is under way here, and nothing is asked for but an answer to a POST."""
        parser, limit = self.parser, self.limit_concurrency
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and (limit is None or (len(self.connections) < limit and len(self.tasks) < limit))
        )

    def _take_ordinary_way(self) -> None:
        """Go on as if it had been this way from the start."""
        self._answer = None
        self._begin()
        for part in self._body:
            Connection.on_body(self, part)

    def _begin(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)  # the scope holds this very list
        Connection.on_headers_complete(self)


def _written(said: Whole) -> bytes:
    head = _head(said.status, said.headers)
    return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(said.payload), said.payload)


@lru_cache(maxsize=256)
def _head(status: int, headers: Heads) -> bytes:
    return _STATUS[status] + b"".join([b"%b: %b\r\n" % header for header in headers])


def quick_connections(head_seconds: float, answers: Mapping[bytes, AtOnce]) -> type[QuickConnection]:
    """The protocol with limits and answers of its own."""
    return type("QuickConnection", (QuickConnection,), {"head_seconds": head_seconds, "answers": answers})
