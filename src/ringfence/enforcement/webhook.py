"""How does a platform that answers requests get its orders? Each as signed JSON, asked again with the same key.

The body is one JSON object: key, account_id, action, direction, reason, undoes. Beside it go the headers

    X-Ringfence-Timestamp   seconds since 1970
    X-Ringfence-Signature   v1= and the HMAC-SHA256, in hexadecimal, over timestamp, a dot and the body
    Idempotency-Key         the key

and the answer is 200 with {"key": KEY, "outcome": "done"} or {"key": KEY, "outcome": "refused", "reason": "..."}.
Whatever else comes back, or nothing, tells nobody whether it was done: the order is asked again. The key is in the
answer because one that is given twice must not be taken for the answer to the next order.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Literal
from urllib.parse import urlsplit

import msgspec
import urllib3

from ringfence.cases.actions import REVERSIBLE, Action, Done, Order, Outcome, Refused, Unclear, Unsent
from ringfence.media.triage.breaker import Breaker
from ringfence.model.faults import Fault

MOST_BYTES = 65_536  # of an answer
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0  # seconds between two tries, twice as long each time
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one answer may take, how often an order is asked again, and when the target is left alone."""

    seconds: float = 5.0
    retries: int = 2
    failures: int = 5
    pause: float = 30.0


class Answer(msgspec.Struct, frozen=True):
    """What a target says of an order."""

    key: str
    outcome: Literal["done", "refused"]
    reason: str = ""


class WebhookEnforcer:
    """Asks one address. After so many failures in a row nothing is asked for a while: what comes then is Unsent."""

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: bytes,
        patience: Patience = Patience(),
        at_once: int = 8,
        reversible: Collection[Action] = REVERSIBLE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises Fault for an address that is not https, unless it is on this machine."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
            raise Fault("is no https address", where="enforcement.url", mend='begin it with "https://"')
        if parts.username or parts.password:
            raise Fault("has a password in it", where="enforcement.url", mend="use the signature to know who asks")
        self._url, self._secret, self._patience, self._clock = url, secret, patience, clock
        self.at_once, self.reversible = at_once, reversible
        self._breaker, self._turn = Breaker(patience.failures, patience.pause, time.monotonic), Lock()
        timeout = urllib3.Timeout(total=patience.seconds)
        self._pool = urllib3.PoolManager(maxsize=at_once, block=True, timeout=timeout, retries=False)

    def carry_out(self, order: Order) -> Outcome:
        """Ask, and ask again with the same key while nobody can tell what became of it."""
        body, said, unclear = msgspec.json.encode(order), Unclear("was not asked"), False
        for number in range(self._patience.retries + 1):
            if number:
                time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1)))
            with self._turn:
                admitted = self._breaker.admits()
            if not admitted:
                return said if unclear else Unsent("the webhook does not answer and is left alone for a while")
            told = self._ask(order.key, body)
            with self._turn:
                (self._breaker.failed if isinstance(told, Unclear) else self._breaker.succeeded)()
            if not isinstance(told, Unclear):
                # Refused after a try without an answer: that one may have been done, so it is asked anew later.
                return Unclear(f"refused after a try without an answer: {_of(told)}") if unclear and _of(told) else told
            said, unclear = told, True
        return said

    def _ask(self, key: str, body: bytes) -> Done | Refused | Unclear:
        ends = time.monotonic() + self._patience.seconds
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=self._headers(key, body), redirect=False, preload_content=False
            )
            try:
                told = _meaning(key, response.status, _read(response, ends))
            except BaseException:
                response.close()
                raise
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Unclear(f"no answer ({type(error).__name__})")
        if isinstance(told, Unclear):
            response.close()  # what still comes on that connection is for nobody
        response.release_conn()
        return told

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        at = str(int(self._clock()))
        return {
            "content-type": JSON,
            "accept": JSON,
            "idempotency-key": key,
            "x-ringfence-timestamp": at,
            "x-ringfence-signature": f"v1={signature(self._secret, at, body)}",
        }


def signature(secret: bytes, at: str, body: bytes) -> str:
    """The HMAC-SHA256 of a body that was sent at a time, in hexadecimal."""
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _read(response: urllib3.BaseHTTPResponse, ends: float) -> bytes | None:
    """All of an answer; None where it is too long or too slow."""
    content = bytearray()
    while piece := response.read1(MOST_BYTES, decode_content=False):
        content += piece
        if len(content) > MOST_BYTES or time.monotonic() > ends:
            return None
    return bytes(content)


def _meaning(key: str, status: int, content: bytes | None) -> Done | Refused | Unclear:
    if content is None:
        return Unclear("the answer is too long, or took too long")
    if status != HTTPStatus.OK:
        return Unclear(f"the answer was {status}")
    try:
        answer = msgspec.json.decode(content, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unclear("the answer says no outcome")
    if answer.key != key:
        return Unclear("the answer is to another order")
    return Done() if answer.outcome == "done" else Refused(answer.reason or "no reason was given")


def _of(outcome: Done | Refused) -> str:
    return outcome.reason if isinstance(outcome, Refused) else ""
