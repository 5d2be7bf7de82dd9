"""How is a caller told that a request gets no decision?

In one shape, {"error": {"code", "what", "mend"}}, and where a decision was asked for with what to do instead:
{"degraded": cause, "verdict": what the policy says for it}. It never repeats what was sent: errors end up in logs.
"""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from ringfence.guard.policies.policy import STRICTNESS, Cause, Policy
from ringfence.model.words import Surface, Verdict

Headers = tuple[tuple[bytes, bytes], ...]
CLOSE: Headers = ((b"connection", b"close"),)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal. `cause` is what the policy's verdict is looked up by."""

    status: HTTPStatus
    code: str
    cause: Cause
    what: str
    mend: str
    headers: Headers = ()


MALFORMED = Kind(
    HTTPStatus.BAD_REQUEST, "malformed", Cause.MALFORMED, "the body is not JSON in UTF-8", "send one JSON object"
)
CUT_OFF = Kind(HTTPStatus.BAD_REQUEST, "cut_off", Cause.MALFORMED, "the body ended early", "send it again", CLOSE)
INVALID = Kind(
    HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", Cause.MALFORMED, "the request is not right", "see the reference"
)
TOO_LARGE = Kind(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    Cause.TOO_LONG,
    "the body is larger than guard.body_limit",
    "send fewer candidates at a time",
    CLOSE,
)
TOO_SLOW = Kind(
    HTTPStatus.REQUEST_TIMEOUT,
    "too_slow",
    Cause.DEADLINE,
    "the body took longer than guard.body_timeout_ms",
    "send it again",
    CLOSE,
)
OVERLOADED = Kind(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded",
    Cause.OVERLOADED,
    "more requests are being read than guard.max_in_flight",
    "do as the verdict says, and ask again later",
    ((b"retry-after", b"1"),),
)
UNAUTHORISED = Kind(
    HTTPStatus.UNAUTHORIZED,
    "unauthorised",
    Cause.MALFORMED,
    "no key that is known was shown",
    "send `Authorization: Bearer KEY`",
    ((b"www-authenticate", b"Bearer"),),
)
FORBIDDEN = Kind(
    HTTPStatus.FORBIDDEN, "forbidden", Cause.MALFORMED, "the key is for something else", "use a key of another role"
)
NOT_FOUND = Kind(
    HTTPStatus.NOT_FOUND, "not_found", Cause.MALFORMED, "there is no such path", "see the reference for the paths"
)
WRONG_METHOD = Kind(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "method_not_allowed",
    Cause.MALFORMED,
    "the path takes another method",
    "use the one in the header `allow`",
    ((b"allow", b"POST"),),
)
INTERNAL = Kind(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal",
    Cause.NO_SNAPSHOT,
    "the guard failed on this request",
    "do as the verdict says, and report it",
)
MEDIA_UNAVAILABLE = Kind(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "media_unavailable",
    Cause.NO_SNAPSHOT,
    "the banks of known media or their index cannot be read",
    "take it that any media may be known, and have the operator look",
)
# Of a head that is no request yet: there is no path to have a verdict for.
NOT_HTTP = Kind(HTTPStatus.BAD_REQUEST, "not_http", Cause.MALFORMED, "it is no HTTP/1.1", "send a request", CLOSE)
HEAD_TOO_LARGE = Kind(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "head_too_large",
    Cause.TOO_LONG,
    "the head of the request is larger than 65536 bytes",
    "send fewer headers",
    CLOSE,
)
HEAD_TOO_SLOW = Kind(
    HTTPStatus.REQUEST_TIMEOUT,
    "head_too_slow",
    Cause.DEADLINE,
    "the head of the request took longer than guard.body_timeout_ms",
    "send it again",
    CLOSE,
)
KINDS = (
    MALFORMED,
    CUT_OFF,
    INVALID,
    TOO_LARGE,
    TOO_SLOW,
    OVERLOADED,
    UNAUTHORISED,
    FORBIDDEN,
    NOT_FOUND,
    WRONG_METHOD,
    INTERNAL,
    MEDIA_UNAVAILABLE,
)


class Refusal(Exception):
    """A request that gets an error for an answer. `what` and `mend` are for people, and its kind's own if empty."""

    def __init__(self, kind: Kind, what: str = "", mend: str = "") -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.what = what or kind.what
        self.mend = mend or kind.mend


class Error(msgspec.Struct, frozen=True):
    """What is wrong: a code for programs, a sentence and a remedy for people."""

    code: str
    what: str
    mend: str


class Refused(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a refusal. `degraded` and `verdict` are there where a decision was asked for."""

    error: Error
    degraded: Cause | None = None
    verdict: Verdict | None = None


def refused(refusal: Refusal) -> Refused:
    """The body for a path that decides nothing."""
    return Refused(Error(refusal.kind.code, refusal.what, refusal.mend))


def refused_decision(refusal: Refusal, policy: Policy, surface: Surface | None) -> Refused:
    """The body for a path that decides: with the policy's verdict there, or the strictest where none is known."""
    cause = refusal.kind.cause
    return Refused(Error(refusal.kind.code, refusal.what, refusal.mend), cause, verdict(policy, cause, surface))


def verdict(policy: Policy, cause: Cause, surface: Surface | None) -> Verdict:
    """What the policy says for a cause; a policy that would answer on, when there is no answer, has said block."""
    surfaces = Surface if surface is None else (surface,)
    said = (policy.degraded_verdict(cause, each) or Verdict.BLOCK for each in surfaces)
    return max(said, key=STRICTNESS.index)
