"""Can an address that somebody sends lead the machine anywhere but to the hosts that the operator named?"""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest

from ringfence.media.fetching import Reach, fetch
from ringfence.model.faults import Fault

LOCAL = (ip_network("127.0.0.0/8"),)


class Files(BaseHTTPRequestHandler):
    """One path a way to answer."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.headers['host']} {self.path}")  # type: ignore[attr-defined]
        if self.path == "/gone":
            return self._say(404, b"")
        if self.path == "/elsewhere":
            return self._say(302, b"", location="http://127.0.0.1:1/secret")
        if self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while True:
                try:
                    self.wfile.write(b"0" * 65_536)
                except OSError:
                    return None
        return self._say(200, b"a drawn picture" if self.path == "/small?a=1" else b"")

    def _say(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "image/png", "content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _reach(**more: Any) -> Reach:
    return Reach(frozenset({"localhost", "127.0.0.1"}), **{"networks": LOCAL, **more})


def test_a_file_of_a_named_host_is_read(server: ThreadingHTTPServer) -> None:
    fetched = fetch(f"http://localhost:{server.server_port}/small?a=1#part", _reach())
    assert (fetched.content, fetched.content_type) == (b"a drawn picture", "image/png")
    assert server.asked[-1] == f"localhost:{server.server_port} /small?a=1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/gone", "/elsewhere"])
def test_what_is_not_there_or_sends_on_is_refused(server: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(Fault, match="answers"):
        fetch(f"http://localhost:{server.server_port}{path}", _reach())
    assert server.asked[-1].endswith(path)  # type: ignore[attr-defined]


def test_no_more_is_read_than_the_limit(server: ThreadingHTTPServer) -> None:
    with pytest.raises(Fault, match="larger than"):
        fetch(f"http://localhost:{server.server_port}/endless", _reach(most_bytes=1_000_000))


def test_it_ends_on_time(server: ThreadingHTTPServer) -> None:
    with pytest.raises(Fault, match="too long"):
        fetch(f"http://localhost:{server.server_port}/endless", _reach(most_bytes=10**15, seconds=0.2))


def test_without_a_named_host_nothing_is_asked() -> None:
    with pytest.raises(Fault, match="is off"):
        fetch("http://localhost/", Reach(frozenset()))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://localhost/a",
        "gopher://localhost/",
        "//localhost/a",
        "localhost/a",
        "",
        "http://",
        "http://other.example/",
        "http://localhost.other.example/",
        "http://localhost@other.example/",
        "http://user:word@localhost/",
        "http://localhost:0/",
        "http://localhost:99999/",
        "http://localhost:x/",
        "http://[::1/",
        "http://other.example\\@localhost/",
        "http://localhost/a\r\nx: y",
        "http://localhost/a b",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
def test_odd_addresses_and_other_hosts_are_refused_unasked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise AssertionError("was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(Fault) as refused:
        fetch(url, _reach())
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::",
        "ff02::1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", [[], ["93.184.216.34"]])
def test_a_named_host_that_leads_inside_is_refused(
    address: str, beside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever rules a name can point it anywhere, also beside a good address."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in [*beside, address]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Fault, match="not public"):
        fetch("http://localhost/", _reach(networks=()))


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers anew each time is asked for once."""
    real, looks = socket.getaddrinfo, 0

    def changing(host: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal looks
        looks += host == "localhost"
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    fetch(f"http://localhost:{server.server_port}/small?a=1", _reach())
    assert looks == 1
