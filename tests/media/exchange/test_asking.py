"""Does an answer that trickles, grows or comes over an untrusted line end in time and in one line?"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from ringfence.media.exchange import again
from ringfence.media.exchange.again import Patience
from ringfence.media.exchange.asking import Dropped, Line
from ringfence.media.exchange.sent import Request
from ringfence.model.faults import Fault

TYPES = ("application/json",)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of bare bytes; its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    answer(connection)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(2)


def trickle(before: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize("before", [b"HTTP/1.1 200 OK\r\nx: ", HEAD + b"content-length: 1000\r\n\r\n", HEAD + b"\r\n"])
def test_a_trickle_ends_in_time(before: bytes) -> None:
    with (
        raw(trickle(before)) as address,
        Line(address, seconds=0.3) as line,
        pytest.raises(Dropped, match=r"no whole answer within 0\.3 s"),
    ):
        line.ask(Request("/x"), TYPES)


BODIES = {
    "endless": (HEAD + b"\r\n" + b" " * 3_000_000, "larger than 1 MB"),
    "endless in chunks": (HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"ffff\r\n" + b" " * 65_535 + b"\r\n"
                          + (b"ffff\r\n" + b" " * 65_535 + b"\r\n") * 30, "larger than 1 MB"),
    "a length that is said": (HEAD + b"content-length: 99999999999\r\n\r\n" + b" " * 2_000_000, "larger than 1 MB"),
    "cut short": (HEAD + b"content-length: 99\r\n\r\n{}", "in the middle of an answer"),
    "cut in a chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\nff\r\n{", "in the middle of an answer"),
    "no HTTP": (b"SSH-2.0-wren\r\n", "its answer is no HTTP"),
    "nothing": (b"", "hung up without an answer"),
    "a head without end": (b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000, "its answer is no HTTP"),
    "no type": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "answers with text/plain"),
    "a type that is none": (b"HTTP/1.1 200 OK\r\ncontent-type: \xff\xfe\r\ncontent-length: 2\r\n\r\n{}",
                            "answers with text/plain"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_that_is_none_is_told_in_one_line(name: str) -> None:
    body, says = BODIES[name]
    patience = Patience(tries=2, sleep=lambda _: None)
    with (
        raw(lambda connection: connection.sendall(body)) as address,
        Line(address, seconds=2, most_bytes=1 << 20) as line,
    ):
        with pytest.raises(Fault) as told:
            again.ask(line, Request("/x"), TYPES, patience)
        assert says in str(told.value)
        assert "\n" not in str(told.value)


def test_nobody_there_and_nobody_known() -> None:
    patience = Patience(tries=2, sleep=lambda _: None)
    for address in ("http://127.0.0.1:1", "http://no-such-host.invalid"):
        with Line(address, seconds=2) as line, pytest.raises(Fault, match=r"\(2 tries\)"):
            again.ask(line, Request("/x"), TYPES, patience)


def test_a_certificate_of_nobody_is_not_asked_twice() -> None:
    trustme = pytest.importorskip("trustme")
    import ssl  # noqa: PLC0415

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    pauses: list[float] = []

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
            pass

    listening = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=lambda: answer(listening.accept()[0]), daemon=True)
    thread.start()
    with Line(f"https://127.0.0.1:{listening.getsockname()[1]}", {"authorization": "feather"}, seconds=2) as line:
        with pytest.raises(Fault, match="certificate is not trusted") as told:
            again.ask(line, Request("/x"), TYPES, Patience(sleep=pauses.append))
        assert "feather" not in str(told.value)
    assert pauses == []
    thread.join(2)
    listening.close()


def test_pauses_double_and_are_a_random_share() -> None:
    pauses: list[float] = []
    patience = Patience(tries=6, first=1, longest=5, sleep=pauses.append, share=lambda: 0.5)
    with (
        raw(lambda connection: connection.sendall(b"HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n")) as address,
        Line(address, seconds=2) as line,
        pytest.raises(Fault, match="status 503"),
    ):
        again.ask(line, Request("/x"), TYPES, patience)
    assert pauses == [0.5, 1, 2, 2.5, 2.5]


@pytest.mark.parametrize("text", ["", "soon", "-5", "Wed, 99 Foo", "\u0665", "1e9", "9" * 400])
def test_a_pause_that_is_no_time_is_none(text: str) -> None:
    assert again._seconds(text, Patience().now()) in {0.0, float("9" * 12)}
