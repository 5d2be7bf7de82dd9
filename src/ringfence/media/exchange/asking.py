"""How is an exchange asked over HTTP? One question at a time, and not longer or larger than is agreed.

The standard library's client is enough for one connection to one host, so that a platform which only receives hashes
needs nothing more installed. A redirect is not followed: the secret goes to the address it was given for.
"""

import http.client
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from socket import SHUT_RDWR, socket
from threading import Timer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from ringfence.media.exchange.sent import Request
from ringfence.model.faults import Fault

_PIECE = 1 << 16
SECONDS = 60.0  # for one whole answer
MOST_BYTES = 64 << 20  # of one answer; a page of 1,000 entries is below 2 MB
NAME = "ringfence"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is empty where the status is an error: such a page says nothing that may be told."""

    status: int
    body: bytes = b""
    retry_after: str = ""


class Dropped(Exception):
    """No whole answer came; asking again may help. It says why, in words of ours or the system's."""


@dataclass(slots=True)
class _Clock:
    """Cuts the socket off when time is over. The library lets go of a socket while its answer is still read."""

    sock: socket | None = None
    over: bool = False

    def strike(self) -> None:
        self.over = True
        with suppress(OSError):  # it is closed already
            if self.sock is not None:
                self.sock.shutdown(SHUT_RDWR)


@dataclass(slots=True)
class Line:
    """A connection to one exchange, made when it is needed and again when it broke. Close it in the end.

    `address` is where its paths begin; `headers` and `query` carry the secret and are told nowhere.
    """

    address: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    seconds: float = SECONDS
    most_bytes: int = MOST_BYTES
    _open: http.client.HTTPConnection | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def ask(self, request: Request, media_types: Sequence[str]) -> Answer:
        """The answer to one question. Raises Dropped when none came whole, Fault when what came may not be read.

        The clock runs from the first byte sent to the last received: a trickle does not reset it.
        """
        connection = self._connection()
        clock = _Clock()
        late = Timer(self.seconds, clock.strike)
        late.daemon = True
        late.start()
        try:
            answer = self._answer(connection, request, media_types, clock)
        except ssl.SSLCertVerificationError as error:
            what = f"its certificate is not trusted ({error.verify_message})"
            trouble: Exception = Fault(
                what, where=self.where, mend="check the address, and the certificates of this system"
            )
        except (OSError, http.client.HTTPException) as error:
            trouble = Dropped(_why(error))
        except Fault as fault:
            trouble = fault
        else:
            if not clock.over:
                return answer
        finally:
            late.cancel()
        self.close()  # whatever is left of the body is not waited for
        # What was cut off by the clock looks like an answer that ends, so that whatever came of it does not count.
        raise Dropped(f"no whole answer within {self.seconds:g} s") if clock.over else trouble from None

    def _connection(self) -> http.client.HTTPConnection:
        if self._open is None:
            parts = urlsplit(self.address)
            host = parts.hostname or ""
            if parts.scheme == "https":
                context = ssl.create_default_context()
                self._open = http.client.HTTPSConnection(host, parts.port, timeout=self.seconds, context=context)
            else:
                self._open = http.client.HTTPConnection(host, parts.port, timeout=self.seconds)
        return self._open

    def _answer(
        self, connection: http.client.HTTPConnection, request: Request, media_types: Sequence[str], clock: _Clock
    ) -> Answer:
        path = urlsplit(self.address).path.rstrip("/") + request.path
        if self.query:
            path += ("&" if "?" in path else "?") + self.query
        headers = {"accept": ", ".join(media_types), "user-agent": NAME, **self.headers}
        if request.body:
            headers["content-type"] = request.content_type
        if connection.sock is None:
            connection.connect()
        clock.sock = connection.sock
        connection.request(request.method, path, body=request.body or None, headers=headers)
        with connection.getresponse() as response:
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                self.close()
                return Answer(response.status, retry_after=response.headers.get("retry-after", ""))
            if request.method == "GET":
                _check_type(response.headers.get_content_type(), media_types, self.where)
            return Answer(response.status, self._body(response))

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """All of it. The library does not miss what is lacking when it is read in pieces, so it is counted here."""
        said = response.length
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > self.most_bytes:
                mend = "nothing of it landed; ask the exchange, or raise most_megabytes in exchanges.toml"
                raise Fault(f"its answer is larger than {self.most_bytes >> 20:,} MB", where=self.where, mend=mend)
        if said is not None and len(body) < said:
            raise http.client.IncompleteRead(bytes(body), said - len(body))
        return bytes(body)

    @property
    def where(self) -> str:
        return urlsplit(self.address).netloc


def _check_type(found: str, wanted: Sequence[str], where: str) -> None:
    if found not in wanted:
        said = found if len(found) < 60 and found.isascii() and found.isprintable() else "something else"  # noqa: PLR2004
        what = f"answers with {said}, not {wanted[0]}"
        raise Fault(what, where=where, mend="check the address: a sign-in page or a proxy may stand before it")


def _why(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke in the middle of an answer"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, http.client.RemoteDisconnected):
        return "it hung up without an answer"
    return "its answer is no HTTP"
