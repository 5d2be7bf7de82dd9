"""Who does the provider say this is? OpenID Connect's code flow, with state, nonce and PKCE (RFC 7636, S256).

What is remembered between going there and coming back is in a cookie that only we can read or make, for ten minutes.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import msgspec
import urllib3
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwk, jwt

from ringfence.cases.faults import Forbidden
from ringfence.console.settings import LOCAL, Provider
from ringfence.model.faults import Fault

SECONDS = 600  # between going there and coming back
SKEW = 30  # seconds that the provider's clock may be off
WAIT = 5.0  # seconds for one answer
LONGEST = 500_000  # bytes of one
SIZE = 32  # bytes of a state, a nonce and a verifier
NONCE, PURPOSE = 12, b"ringfence console provider"
# Signatures by a key pair: one by a shared secret could be made by whoever has the public key.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_HTTP = urllib3.PoolManager(retries=False)


class Pending(msgspec.Struct, frozen=True):
    """What somebody went to the provider with. `again` is to prove anew who they are, while signed in."""

    state: str
    nonce: str
    verifier: str
    back: str
    again: bool
    at: float


def begin(provider: Provider, address: str, back: str, sealing: bytes, *, again: bool) -> tuple[str, str]:
    """Where to send the browser, and what it is to bring back."""
    state, nonce, verifier = (secrets.token_urlsafe(SIZE) for _ in range(3))
    pending = Pending(state, nonce, verifier, back, again, time.time())
    more = {"prompt": "login", "max_age": "0"} if again else {}
    url = prepare_grant_uri(
        _metadata(provider)["authorization_endpoint"],
        provider.client_id,
        "code",
        redirect_uri=_back_to(address),
        scope="openid",
        state=pending.state,
        nonce=pending.nonce,
        code_challenge=create_s256_code_challenge(pending.verifier),
        code_challenge_method="S256",
        **more,
    )
    return url, _sealed(pending, sealing)


def returned(kept: str, state: str, sealing: bytes) -> Pending:
    """What the browser went with. Raises Forbidden unless it is the one that went, and not long ago."""
    pending = _opened(kept, sealing)
    if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
        raise _refused("did not begin here")
    if time.time() - pending.at > SECONDS:
        raise _refused("took too long")
    return pending


def person(provider: Provider, address: str, pending: Pending, code: str) -> str:
    """The id of the person that the provider vouches for. Raises Forbidden where it does not, or for a stranger."""
    metadata = _metadata(provider)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _back_to(address),
        "code_verifier": pending.verifier,
    }
    secret = urllib3.make_headers(basic_auth=f"{_quoted(provider.client_id)}:{_quoted(provider.secret)}")
    told = _asked("POST", metadata["token_endpoint"], fields=fields, headers=secret, encode_multipart=False)
    claims = _claims(provider, metadata, pending, told)
    if pending.again and not float(claims.get("auth_time") or 0) >= pending.at - SKEW:
        raise _refused("did not ask who you are again")
    found = provider.people.get(str(claims["sub"]))
    if found is None:
        raise _refused("names somebody who is not on the list of people")
    return found


def _claims(
    provider: Provider, metadata: Mapping[str, str], pending: Pending, told: Mapping[str, Any]
) -> Mapping[str, Any]:
    keys = jwk.KeySet.import_key_set({"keys": _asked("GET", metadata["jwks_uri"]).get("keys", [])})
    try:
        token = jwt.decode(str(told.get("id_token", "")), keys, list(ALGORITHMS))
        expected = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        }
        params = {"nonce": pending.nonce, "client_id": provider.client_id, "access_token": told.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, expected, params)
        claims.validate(now=int(time.time()), leeway=SKEW)
    except Exception as error:  # of two libraries, with a class of their own for each way to be wrong
        raise _refused(f"gave no proof that holds ({type(error).__name__})") from error
    return dict(claims)


def _metadata(provider: Provider) -> Mapping[str, str]:
    told = _asked("GET", get_well_known_url(provider.issuer, external=True))
    if told.get("issuer") != provider.issuer:
        raise Fault("calls itself something else", where=provider.issuer, mend="mend oidc_issuer under [console]")
    places = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if not all(_safe(str(told.get(name, ""))) for name in places):
        raise Fault("is not reached over TLS", where=provider.issuer, mend="have it serve https")
    return {name: str(value) for name, value in OpenIDProviderMetadata(told).items()}


def _safe(address: str) -> bool:
    """TLS, but for a provider on this machine, as tests have."""
    return address.startswith(("https://", *(f"http://{host}:" for host in LOCAL)))


def _asked(method: str, address: str, **more: Any) -> Mapping[str, Any]:
    try:
        answer = _HTTP.request(method, address, timeout=WAIT, redirect=False, preload_content=False, **more)
        body = answer.read(LONGEST)
        answer.release_conn()
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (urllib3.exceptions.HTTPError, msgspec.DecodeError) as error:
        raise Fault("the provider cannot be used", where="sign-in", mend="try again, or use your password") from error
    if answer.status != 200:  # noqa: PLR2004
        raise _refused(f"answers {answer.status}")
    return told


def _sealed(pending: Pending, sealing: bytes) -> str:
    nonce = secrets.token_bytes(NONCE)
    return base64.urlsafe_b64encode(
        nonce + AESGCM(sealing).encrypt(nonce, msgspec.json.encode(pending), PURPOSE)
    ).decode()


def _opened(kept: str, sealing: bytes) -> Pending | None:
    try:
        raw = base64.urlsafe_b64decode(kept)
        return msgspec.json.decode(AESGCM(sealing).decrypt(raw[:NONCE], raw[NONCE:], PURPOSE), type=Pending)
    except (ValueError, InvalidTag, msgspec.DecodeError):
        return None


def _back_to(address: str) -> str:
    return f"{address}/sign-in/callback"


def _quoted(text: str) -> str:
    """As RFC 6749, 2.3.1 has it within basic authentication."""
    return quote_plus(text)


def _refused(what: str) -> Forbidden:
    return Forbidden(f"the provider {what}", where="sign-in", mend="sign in again")
