"""Is a real HTTP endpoint asked as documented, and is everything it may do wrong survived and counted?"""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import ids

from ringfence.exposure.recommenders.checked import Checked, Checks
from ringfence.exposure.recommenders.endpoint import PlatformEndpoint
from ringfence.exposure.recommenders.platform import Malformed, Names
from ringfence.model.faults import Fault

NAMES = Names(["heron", "kestrel", "lark", "plover"])
Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers every POST as `reply` says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.reply: Reply = sends(b'{"accounts": []}')
        self.asked: list[tuple[dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer, two writes, waits for the other side

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.asked.append((dict(self.headers), json.loads(body)))
                with suppress(OSError):  # it hung up
                    outer.reply(self)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/suggest"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def sends(body: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def answers(*accounts: object) -> Reply:
    return sends(json.dumps({"accounts": accounts}).encode())


def sleeps(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)
    answers("lark")(handler)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte in a while: no single wait is long."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def floods(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65_536)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def asked(server: Server, reply: Reply, seconds: float = 5.0) -> Checked:
    server.reply = reply
    server.asked.clear()
    endpoint = PlatformEndpoint(server.url, seconds=seconds, most_bytes=10_000)
    return Checked(endpoint, NAMES, Checks(twice=0))


def test_the_wire_form(server: Server) -> None:
    server.reply = answers("lark", "plover")
    server.asked.clear()
    endpoint = PlatformEndpoint(server.url, headers={"authorization": "Bearer nest"})
    assert endpoint("kestrel", ["heron"], 2) == ["lark", "plover"]
    assert endpoint(None, [], 1) == ["lark", "plover"]
    assert [body for _, body in server.asked] == [
        {"viewer": "kestrel", "followed": ["heron"], "wanted": 2},
        {"viewer": None, "followed": [], "wanted": 1},
    ]
    headers = {name.lower(): value for name, value in server.asked[0][0].items()}
    assert (headers["authorization"], headers["content-type"]) == ("Bearer nest", "application/json")
    assert "nest" not in repr(endpoint)


@pytest.mark.parametrize(
    ("reply", "trouble", "told"),
    [
        (sleeps, "timeouts", "no answer within 0.3 s"),
        (drips, "timeouts", "no answer within 0.3 s"),
        (sends(b"{}", 500), "errors", "status 500"),
        (sends(b'{"accounts": ["lark"]}', 204), "errors", "status 204"),
        (sends(b"", 302, {"location": "http://127.0.0.1:9/"}), "errors", "status 302"),
        (hangs_up, "errors", ""),
        (sends(b'{"accounts": ["lark"]}', headers={"content-length": "500", "connection": "close"}), "", ""),
        (floods, "malformed", "larger than 10,000 bytes"),
        (sends(b'{"accounts": ["' + b"x" * 10_000 + b'"]}'), "malformed", "larger than 10,000 bytes"),
        (sends(b"not json"), "malformed", "the body is no answer"),
        (sends(b""), "malformed", "the body is no answer"),
        (sends(b"\xff\xfe"), "malformed", "the body is no answer"),
        (sends(b"[" * 9_000), "malformed", "the body is no answer"),
        (sends(b'{"other": ' + b"[" * 9_000), "malformed", "the body is no answer"),
        (sends(b'["lark"]'), "malformed", "the body is no answer"),
        (sends(b'{"accounts": "lark"}'), "malformed", "the body is no answer"),
        (sends(b'{"accounts": [3]}'), "malformed", "the body is no answer"),
        (sends(b'{"accounts": null}'), "malformed", "the body is no answer"),
        (sends(b"{}"), "malformed", "the body is no answer"),
        (
            sends(gzip.compress(b'{"accounts": ["lark"]}'), headers={"content-encoding": "gzip"}),
            "malformed",
            "no answer",
        ),
    ],
)
def test_an_answer_that_failed_is_an_empty_slate_and_counted(
    server: Server, reply: Reply, trouble: str, told: str
) -> None:
    suggest = asked(server, reply, 0.3 if trouble == "timeouts" else 5.0)
    assert suggest(ids(0), 2, 1).ids.tolist() == []
    troubles = suggest.troubles
    assert troubles.failed == 1
    assert len(server.asked) == 1  # nothing is asked again, nor followed elsewhere
    if trouble:
        assert getattr(troubles, trouble) == 1
    assert told in next(iter(troubles.examples.values()))


def test_what_cannot_be_shown_is_taken_out_and_counted(server: Server) -> None:
    suggest = asked(server, answers("kestrel", "heron", "lark", "lark", "emu", "plover"))
    assert suggest(ids(0), 5, 1).ids.tolist() == [2]
    found = suggest.troubles
    assert (found.viewer, found.followed, found.duplicates, found.unknown, found.too_many) == (1, 1, 1, 1, 1)


def test_other_fields_of_an_answer_are_passed_over(server: Server) -> None:
    suggest = asked(server, sends(b'{"took_ms": 3, "accounts": ["lark"], "model": {"name": "nest"}}'))
    assert suggest(ids(0), 1).ids.tolist() == [2]


def test_nobody_listening_is_an_error_at_once() -> None:
    made = Server()
    made.close()
    suggest = Checked(PlatformEndpoint(made.url), NAMES)
    assert suggest(ids(0), 1).ids.tolist() == []
    assert suggest.troubles.errors >= 1


def test_only_where_no_answer_came_is_it_asked_again(server: Server) -> None:
    replies = [hangs_up, hangs_up, answers("lark")]

    def one_after_another(handler: BaseHTTPRequestHandler) -> None:
        replies.pop(0)(handler)

    server.reply = one_after_another
    server.asked.clear()
    assert PlatformEndpoint(server.url, retries=2)(None, [], 1) == ["lark"]
    assert len(server.asked) == 3
    server.reply = sends(b"", 503, {"retry-after": "0"})
    with pytest.raises(ConnectionError, match="status 503"):
        PlatformEndpoint(server.url, retries=2)(None, [], 1)
    assert len(server.asked) == 4


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:80", "file:///etc/hosts", ""])
def test_another_kind_of_address_is_one_line(url: str) -> None:
    with pytest.raises(Fault, match="is no HTTP address"):
        PlatformEndpoint(url)


def test_a_missing_library_is_one_line_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(Fault, match=r"urllib3 is not installed; install ringfence\[recommenders\]"):
        PlatformEndpoint("http://127.0.0.1/")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["lark", "emu"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("accounts") | st.text(max_size=2), inner),
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | JSON.map(lambda made: json.dumps(made).encode()))
def test_whatever_the_body_is_it_is_a_list_of_names_or_malformed(server: Server, body: bytes) -> None:
    server.reply = sends(body)
    try:
        found = PlatformEndpoint(server.url)(None, [], 1)
    except Malformed:
        return
    assert all(isinstance(one, str) for one in found)
