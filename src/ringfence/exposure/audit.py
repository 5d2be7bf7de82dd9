"""Who can check that a measurement is the one that was made? It is signed, together with the recipe to repeat it.

The file is JSON: the audit, the public key of the workspace it was made in, and an Ed25519 signature over the audit's
bytes as they stand in the file. There is one way to write it, so no byte of it can be another.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ringfence.exposure.everybody import Exact
from ringfence.exposure.measure import Exposure
from ringfence.exposure.thresholds import Finding, Thresholds
from ringfence.exposure.viewers import ViewerGroup
from ringfence.guard.snapshots.signing import PREFIX, Signer, Trusted
from ringfence.model.faults import Fault

# Before what is signed, so that no signature made for something else fits an audit.
PURPOSE = b"ringfence exposure 1\n"
ASK = "ask whoever measured for the file, and for their key"
MAY_LACK = ("exact",)  # fields that hold something or nothing


@dataclass(frozen=True, slots=True)
class Recipe:
    """All it takes to repeat the measurement on the same events."""

    command: str
    ringfence: str  # the version
    at: str  # UTC, ISO 8601
    recommenders: tuple[str, ...]
    choice: str  # how test accounts click; see `choices`
    seed: int
    withheld: int  # accounts found that the guard was not told of
    test_accounts: int  # at most, a stratum


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was wrong with a platform's answers, how often, and one such case; see `recommenders.troubles`."""

    name: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What one recommender showed test accounts, judged by the thresholds, and what it shows everybody.

    A reference recommender has no troubles.
    """

    recommender: str
    exposure: Exposure
    findings: tuple[Finding, ...]
    troubles: tuple[Trouble, ...]
    exact: Exact | None = None  # where all slates can be built at once


@dataclass(frozen=True, slots=True)
class Viewed:
    """What real viewers are shown now by a platform that can only say that: a table of slates, or the log."""

    recommender: str
    groups: tuple[ViewerGroup, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """One measurement of one or several recommenders, what was promised before it, and how to repeat it."""

    recipe: Recipe
    thresholds: Thresholds
    measured: tuple[Measured, ...]
    left_out: tuple[str, ...] = ()  # strata and arms that could not be measured, each with its reason
    viewed: tuple[Viewed, ...] = ()


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    audit: msgspec.Raw
    key: str
    signature: str


def seal(audit: Audit, signer: Signer) -> bytes:
    """The signed file. A share of nothing is null in it, and no "<" is: it can stand in a page as it is."""
    content = msgspec.json.encode(audit).replace(b"<", b"\\u003c")
    signature = b64encode(signer.sign(PURPOSE + content)).decode()
    return _file(_Sealed(msgspec.Raw(content), signer.name, signature))


def _file(sealed: _Sealed) -> bytes:
    return msgspec.json.encode(sealed) + b"\n"


def unseal(file: bytes, trusted: Trusted | None, where: str) -> Audit:
    """Read a file that `seal` wrote, signed by a trusted key; with None, by the key that it names.

    Raises Fault for what is no such file, was changed, or is signed by somebody else.
    """
    try:
        sealed = msgspec.json.decode(file, type=_Sealed)
        signature = b64decode(sealed.signature, validate=True)
    except ValueError as error:
        raise Fault(
            "is no signed measurement", where=where, mend="give a file that `ringfence exposure` wrote"
        ) from error
    (key,) = Trusted.of([sealed.key], where).keys
    content = bytes(sealed.audit)
    try:
        (trusted or Trusted(frozenset({key}))).check(key, signature, PURPOSE + content, where=where)
    except Fault as fault:
        raise Fault(fault.what, where=where, mend=ASK) from None
    # JSON and base64 have several ways to write the same; one of them is the file's.
    if _file(_Sealed(sealed.audit, PREFIX + b64encode(key).decode(), b64encode(signature).decode())) != file:
        raise Fault("it is not written as it was signed", where=where, mend=ASK)
    try:
        return msgspec.convert(_numbers(msgspec.json.decode(content)), Audit)
    except msgspec.ValidationError as error:
        what = f"is a measurement of another version ({error})"
        raise Fault(what, where=where, mend="read it with the version of ringfence that its recipe names") from error


def key_of(file: bytes) -> str:
    """The public key that a file of `seal` names."""
    return msgspec.json.decode(file, type=_Sealed).key


def _numbers(told: Any) -> Any:
    """The same with NaN for null, which is how a share of nothing is written; what is not there at all stays null."""
    if isinstance(told, dict):
        return {name: None if name in MAY_LACK and value is None else _numbers(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_numbers(value) for value in told]
    return np.nan if told is None else told
