"""What does a classifier that the platform runs say of new media? Asked over HTTP about ids and hashes.

None is shipped. Media is never fetched: the platform's pointer to its restricted store is passed through. The wire form
is in docs/media-triage.md.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from http import HTTPStatus
from http.client import HTTPException
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

import msgspec

from ringfence.media.triage.breaker import Breaker
from ringfence.model.faults import Fault

MOST_BYTES = 1 << 16
PIECE = 1 << 12


class Question(msgspec.Struct, frozen=True):
    """The body of a request: one media, its hashes by kind in hexadecimal digits, and where the platform keeps it."""

    media_id: str
    hashes: Mapping[str, str]
    pointer: str


class Malformed(ValueError):
    """An answer that is none."""


class _Stay(HTTPRedirectHandler):
    """A key goes to the address that it was given for, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Classifier:
    """A classifier behind a URL. `counts` has how often it was asked, and what was wrong how often."""

    __slots__ = ("_breaker", "_headers", "_label", "_opener", "_retries", "_seconds", "_url", "counts")

    def __init__(
        self,
        url: str,
        label: str,
        *,
        seconds: float = 5.0,
        retries: int = 1,
        failures: int = 5,
        pause: float = 30.0,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`label` is the one of its scores that counts; `seconds` is for one question and one try.

        Raises Fault for a URL that is not HTTP.
        """
        if not url.startswith(("http://", "https://")):
            raise Fault(
                "is no HTTP address", where="media_classifier.url", mend='begin it with "http://" or "https://"'
            )
        self._url, self._label, self._seconds, self._retries = url, label, seconds, retries
        self._headers = {**(headers or {}), "content-type": "application/json", "accept": "application/json"}
        self._breaker = Breaker(failures, pause, clock)
        self._opener = build_opener(ProxyHandler({}), HTTPHandler(), HTTPSHandler(), _Stay())
        self.counts: Counter[str] = Counter()

    def scores(self, questions: Sequence[Question], advanced: Callable[[float], None] = lambda _: None) -> list[float]:
        """What it says of each, 0 to 1; NaN, which counts as not asked, where no answer could be used."""
        said = []
        for number, question in enumerate(questions, 1):
            said.append(self.score(question))
            advanced(number / len(questions))
        return said

    def score(self, question: Question) -> float:
        """The same of one."""
        for _ in range(self._retries + 1):
            if not self._breaker.admits():
                self.counts["not asked"] += 1
                return math.nan
            self.counts["asked"] += 1
            try:
                said = _score(_within(self._seconds, lambda: self._post(question)), self._label)
            except Malformed:
                self._failed("malformed")
                return math.nan  # asked again it would say the same
            except TimeoutError:
                self._failed("timeouts")
            except (OSError, ValueError, HTTPException):  # the library says in many ways that an answer is broken
                self._failed("errors")
            else:
                self._breaker.succeeded()
                return said
        return math.nan

    def _failed(self, how: str) -> None:
        self.counts[how] += 1
        self._breaker.failed()

    def _post(self, question: Question) -> bytes:
        request = Request(self._url, msgspec.json.encode(question), self._headers, method="POST")  # noqa: S310 - HTTP only, see above
        try:
            with self._opener.open(request, timeout=self._seconds) as response:
                if response.status != HTTPStatus.OK:
                    raise ConnectionError(f"status {response.status}")
                body = bytearray()
                while piece := response.read(PIECE):
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise Malformed(f"the body is larger than {MOST_BYTES:,} bytes")
                return bytes(body)
        except HTTPError as error:
            error.close()
            raise ConnectionError(f"status {error.code}") from None
        except URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise TimeoutError from None
            raise ConnectionError from None


def _score(body: bytes, label: str) -> float:
    try:
        scores = msgspec.json.decode(body, type=dict[str, float])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("the body is no object of scores") from None
    said = scores.get(label)
    if said is None or not 0 <= said <= 1:
        raise Malformed("the label is missing, or its score is not from 0 to 1")
    return said


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """What `call` returns or raises; TimeoutError if it does neither in time, however slowly bytes drip in.

    A call that hangs keeps its thread; the breaker bounds how many do.
    """
    future: Future[bytes] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that asked
            future.set_exception(error)

    Thread(target=run, daemon=True, name="classifier").start()
    return future.result(seconds)
