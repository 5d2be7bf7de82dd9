"""How is a recommender asked over HTTP? One POST of JSON a question, and not longer or larger than is agreed.

The wire form is in docs/recommenders.md.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from ringfence.exposure.recommenders.deadline import within
from ringfence.exposure.recommenders.library import needed
from ringfence.exposure.recommenders.platform import Malformed
from ringfence.model.faults import Fault

_PIECE = 1 << 16


class Question(msgspec.Struct, frozen=True):
    """The body of a request."""

    viewer: str | None
    followed: Sequence[str]
    wanted: int


class Answer(msgspec.Struct, frozen=True):
    """The body of an answer; other fields are passed over."""

    accounts: list[str]


class PlatformEndpoint:
    """A `Platform` behind a URL. May be asked from several threads."""

    __slots__ = ("_headers", "_most_bytes", "_pool", "_retries", "_seconds", "_trouble", "_url")

    def __init__(
        self,
        url: str,
        *,
        seconds: float = 5.0,
        retries: int = 0,
        most_bytes: int = 1 << 20,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`seconds` for a whole question, retries among them; `headers` may carry a key, which is told nowhere.

        A question is asked again, up to `retries` times, where no answer came; an answer with an error is one.
        Raises Fault for a URL that is not HTTP, or where the library is not installed.
        """
        if not url.startswith(("http://", "https://")):
            raise Fault("is no HTTP address", where=repr(url), mend='begin it with "http://" or "https://"')
        library = needed("urllib3")
        # Redirects are not followed: a key goes to the address that it was given for, and to no other.
        self._retries = library.Retry(
            total=retries,
            redirect=0,
            status=0,
            allowed_methods=None,
            raise_on_redirect=False,
            respect_retry_after_header=False,
        )
        self._pool = library.PoolManager(maxsize=8, timeout=library.Timeout(total=seconds))
        self._trouble: Any = library.exceptions
        self._url, self._seconds, self._most_bytes = url, seconds, most_bytes
        self._headers = {**(headers or {}), "content-type": "application/json", "accept": "application/json"}

    def __call__(self, viewer: str | None, followed: Sequence[str], wanted: int) -> list[str]:
        """See `Platform`. Any status but 200 is a failure."""
        body = within(self._seconds, lambda: self._post(Question(viewer, followed, wanted)))
        try:
            return msgspec.json.decode(body, type=Answer).accounts
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"the body is no answer: {error}") from error

    def _post(self, question: Question) -> bytes:
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=msgspec.json.encode(question),
                headers=self._headers,
                retries=self._retries,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                if response.status != HTTPStatus.OK:
                    raise ConnectionError(f"status {response.status}")
                return self._read(response)
            finally:
                response.close()  # whatever is left of the body is not waited for
        except self._trouble.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            refused = isinstance(reason, self._trouble.NewConnectionError)  # which the library counts among timeouts
            if isinstance(reason, self._trouble.TimeoutError) and not refused:
                raise TimeoutError(f"no answer within {self._seconds:g} s") from error
            raise ConnectionError(str(reason)) from error

    def _read(self, response: Any) -> bytes:
        body = bytearray()
        while piece := response.read(_PIECE):
            body += piece
            if len(body) > self._most_bytes:
                raise Malformed(f"the body is larger than {self._most_bytes:,} bytes")
        return bytes(body)
