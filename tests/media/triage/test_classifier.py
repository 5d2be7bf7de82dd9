"""Is a classifier asked no longer and no oftener than agreed, and is a bad answer never taken for a score?"""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.triage.breaker import Breaker, State
from ringfence.media.triage.classifier import MOST_BYTES, Classifier, Question
from ringfence.model.faults import Fault

ASKED = Question("m7", {"pdq": "0f" * 32}, "restricted://m7")


class Server(ThreadingHTTPServer):
    """Answers as `answer` says, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.bodies: list[bytes] = []
        self.keys: list[str | None] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - the library's name; `self` is the server here
                self.bodies.append(handler.rfile.read(int(handler.headers["content-length"])))
                self.keys.append(handler.headers["authorization"])
                answer(handler)

            def log_message(handler, *_: object) -> None:  # noqa: N805 - as above
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, *_: object) -> None:
        """A client that has gone away is no news."""


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[Server]:
    server = Server(answer)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def body(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Callable[..., None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-length": str(len(content)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_the_question_is_as_documented_and_the_key_goes_with_it() -> None:
    with serving(body(b'{"review": 0.83, "other": 0.1}')) as server:
        classifier = Classifier(server.url, "review", headers={"authorization": "Bearer k"})
        assert classifier.score(ASKED) == 0.83
    assert json.loads(server.bodies[0]) == {
        "media_id": "m7",
        "hashes": {"pdq": "0f" * 32},
        "pointer": "restricted://m7",
    }
    assert server.keys == ["Bearer k"]
    assert classifier.counts == {"asked": 1}


@pytest.mark.parametrize(
    ("content", "status", "count"),
    [
        (b"", 200, "malformed"),
        (b"[0.5]", 200, "malformed"),
        (b'{"review": "high"}', 200, "malformed"),
        (b'{"review": 1.01}', 200, "malformed"),
        (b'{"review": -0.01}', 200, "malformed"),
        (b'{"review": NaN}', 200, "malformed"),
        (b'{"review": null}', 200, "malformed"),
        (b'{"other": 0.5}', 200, "malformed"),
        (b'{"review": 0.5', 200, "malformed"),
        (b'\xff\xfe{"review": 0.5}', 200, "malformed"),
        (b"[" * 60_000, 200, "malformed"),
        (b'{"review": 0.5' + b" " * MOST_BYTES + b"}", 200, "malformed"),
        (b'{"review": 0.5}', 500, "errors"),
        (b'{"review": 0.5}', 204, "errors"),
        (b'{"review": 0.5}', 302, "errors"),
    ],
)
def test_a_bad_answer_is_no_score_and_is_counted(content: bytes, status: int, count: str) -> None:
    with serving(body(content, status)) as server:
        classifier = Classifier(server.url, "review", retries=0)
        assert math.isnan(classifier.score(ASKED))
    assert classifier.counts == {"asked": 1, count: 1}


def test_a_key_does_not_follow_a_redirect() -> None:
    with (
        serving(body(b'{"review": 1}')) as other,
        serving(body(b"", 307, {"location": other.url})) as server,
    ):
        classifier = Classifier(server.url, "review", retries=0, headers={"authorization": "Bearer k"})
        assert math.isnan(classifier.score(ASKED))
    assert other.bodies == []


def test_no_answer_is_waited_for_longer_than_agreed_however_slowly_it_drips() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    with serving(drip) as server:
        classifier = Classifier(server.url, "review", seconds=0.2, retries=1)
        assert math.isnan(classifier.score(ASKED))
    assert classifier.counts == {"asked": 2, "timeouts": 2}


def test_it_is_asked_again_where_no_answer_came_and_not_where_a_bad_one_did() -> None:
    answers = iter([body(b"", 503), body(b'{"review": 0.25}'), body(b"no")])

    def turn(handler: BaseHTTPRequestHandler) -> None:
        next(answers)(handler)

    with serving(turn) as server:
        classifier = Classifier(server.url, "review", retries=3)
        assert classifier.score(ASKED) == 0.25
        assert math.isnan(classifier.score(ASKED))
    assert len(server.bodies) == 3
    assert classifier.counts == {"asked": 3, "errors": 1, "malformed": 1}


def test_the_breaker_leaves_it_alone_and_tries_once_after_the_pause() -> None:
    now, broken = [0.0], [True]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body(b'{"review": 1}', 500 if broken[0] else 200)(handler)

    with serving(answer) as server:
        classifier = Classifier(server.url, "review", retries=0, failures=3, pause=30, clock=lambda: now[0])
        assert all(map(math.isnan, classifier.scores([ASKED] * 10)))
        assert len(server.bodies) == 3
        now[0] = 31.0
        assert all(map(math.isnan, classifier.scores([ASKED] * 5)))
        assert len(server.bodies) == 4
        now[0], broken[0] = 62.0, False
        assert classifier.scores([ASKED] * 5) == [1.0] * 5
    assert classifier.counts == {"asked": 9, "errors": 4, "not asked": 11}


def test_what_is_no_http_at_all_is_an_error_and_no_exception() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"kittiwake\r\n\r\n")

    with serving(answer) as server:
        classifier = Classifier(server.url, "review", retries=0)
        assert math.isnan(classifier.score(ASKED))
    assert classifier.counts == {"asked": 1, "errors": 1}


def test_nobody_there_is_an_error_and_no_exception() -> None:
    with serving(body(b"")) as server:
        url = server.url
    assert math.isnan(Classifier(url, "review", retries=0).score(ASKED))


def test_only_http_is_asked() -> None:
    with pytest.raises(Fault, match="is no HTTP address"):
        Classifier("file:///etc/passwd", "review")


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=60), st.integers(1, 5), st.floats(1, 30))
def test_an_open_breaker_admits_one_question_a_pause(
    steps: list[tuple[bool, float]], failures: int, pause: float
) -> None:
    now = [0.0]
    breaker = Breaker(failures, pause, lambda: now[0])
    in_a_row, last_failure = 0, 0.0
    for works, later in steps:
        now[0] += later
        admitted = breaker.admits()
        assert admitted == (in_a_row < failures or now[0] - last_failure >= pause)
        if not admitted:
            assert breaker.state is State.OPEN
            continue
        if in_a_row >= failures:
            assert not breaker.admits()  # another question while the one to see is under way
        if works:
            breaker.succeeded()
            in_a_row = 0
        else:
            breaker.failed()
            in_a_row += 1
            last_failure = now[0]
