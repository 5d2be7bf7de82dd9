"""Did our own page send this? A token of the session, and a browser that says where the request comes from.

The token is a keyed hash by the secret of the cookie, so that nothing is kept and no other session's is good.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping

from fastapi import Request

from ringfence.cases.faults import Forbidden

FIELD, HEADER = "csrf", "x-csrf-token"
_MEND = "open the page again and send it from there"


def token(secret: str) -> str:
    """The token that goes with a cookie's secret."""
    return hmac.digest(secret.encode(), b"ringfence console csrf", hashlib.sha256).hex()


def from_here(headers: Mapping[str, str], origins: Collection[str]) -> bool:
    """Whether the browser says that one of our own pages sent it. One that says nothing is not believed."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    return origin in origins if origin is not None else site is not None


async def check(request: Request, secret: str, origins: Collection[str]) -> None:
    """Raise Forbidden unless the request is from one of our pages and has the token of the secret."""
    if not from_here(request.headers, origins):
        raise Forbidden("came from another site", where="form", mend=_MEND)
    sent = request.headers.get(HEADER)
    if sent is None:
        field = (await request.form()).get(FIELD)
        sent = field if isinstance(field, str) else ""
    if not secret or not hmac.compare_digest(token(secret).encode(), sent.encode()):
        raise Forbidden("has no token of this session", where="form", mend=_MEND)
