"""What may somebody send to the service, and how are they told that a request is not right?

Every refusal has one shape, {"error": {"code", "what", "mend"}}. It never repeats what was sent: a log of errors must
hold no queries, no terms and no ids.
"""

from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ringfence.guard.texts import LONGEST
from ringfence.model.words import Surface

LARGEST_BODY = 1_000_000  # bytes
MOST_CANDIDATES = 10_000
LONGEST_ID = 256

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

Text = Annotated[str, msgspec.Meta(max_length=LONGEST)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=MOST_CANDIDATES)]


class Search(msgspec.Struct, forbid_unknown_fields=True):
    query: Text
    viewer: Id | None = None


class Autocomplete(msgspec.Struct, forbid_unknown_fields=True):
    prefix: Text
    candidates: Ids


class Hashtag(msgspec.Struct, forbid_unknown_fields=True):
    tag: Id


class Suggest(msgspec.Struct, forbid_unknown_fields=True):
    candidates: Ids
    viewer: Id | None = None


class Recommend(msgspec.Struct, forbid_unknown_fields=True):
    candidates: Ids
    viewer: Id | None = None
    surface: Surface = Surface.RECOMMENDATION


Asked = TypeVar("Asked")


class Refusal(Exception):
    """A request that gets an error for an answer. `code` is for programs, `what` and `mend` are for people."""

    def __init__(self, status: HTTPStatus, code: str, what: str, mend: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.what = what
        self.mend = mend


def decode(decoder: msgspec.json.Decoder[Asked], body: bytes) -> Asked:
    """The request in a body, or a Refusal."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        what, mend = _shape(str(error))
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", what, mend) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "malformed", "the body is not JSON in UTF-8", "send one JSON object"
        ) from error


async def body_of(request: Request) -> bytes:
    """The body of a request, or a Refusal as soon as more has arrived than is taken."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise Refusal(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "too_large",
                    f"the body is larger than {LARGEST_BODY} bytes",
                    "send fewer candidates at a time",
                )
    except ClientDisconnect as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "cut_off", "the body ended early", "send it again") from error
    return bytes(body)


async def refuse(_: Request, error: Exception) -> Response:
    """The answer to a request that failed, whatever it failed of."""
    if isinstance(error, Refusal):
        return _error(error.status, error.code, error.what, error.mend)
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return _error(status, status.name.lower(), status.phrase, "see the reference for paths and methods")
    what = "the guard failed on this request"
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", what, "do as your policy says for its degraded mode")


def _error(status: HTTPStatus, code: str, what: str, mend: str) -> Response:
    body = msgspec.json.encode({"error": {"code": code, "what": what, "mend": mend}})
    return Response(body, status, HEADERS, "application/json")


def _shape(message: str) -> tuple[str, str]:
    """What is wrong and what to do, in words that leave out every value of the request."""
    if message.startswith("Object contains unknown field"):
        return "the body has a field that this request does not know", "check the names of its fields"
    if message.startswith("Invalid enum value"):
        return "surface is not known", f"use one of {', '.join(Surface)}"
    return message, (
        f"send at most {MOST_CANDIDATES} candidates, ids of 1 to {LONGEST_ID} characters, texts of up to {LONGEST}"
    )
