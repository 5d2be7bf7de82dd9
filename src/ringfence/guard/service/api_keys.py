"""Who may ask the service what?

A key is 256 random bits behind a public id. Only its hash is kept, so the file lets nobody in; and as the secret is
random, one round of a fast hash is enough.
"""

import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path

import msgspec

from ringfence.guard.service.refusals import FORBIDDEN, UNAUTHORISED, Refusal
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
KEY = re.compile(rb"Bearer rfk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
LOOK_EVERY = 0.25  # seconds between two looks at the file, so that a revoked key is refused within one
NOBODY = "-"  # in the log, when no key is asked for
# Why nobody is let in. Codes, shown by readiness.
KEYS_UNREADABLE, KEYS_MISSING = "keys_unreadable", "keys_missing"


class Role(StrEnum):
    """What a key is for. `admin` may do all of it."""

    DECIDE = "decide"
    METRICS = "metrics"
    BANKS = "banks"  # of known media: read and change them
    ADMIN = "admin"


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as it is kept. `hash` is of its secret, in hexadecimal."""

    name: str
    role: Role
    id: str
    hash: str
    created_at: datetime


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: tuple[Key, ...]


def read(file: Path) -> tuple[Key, ...]:
    """The keys in a file, none when there is no file, or a Fault when it cannot be understood."""
    mend = "restore it, or remove it and add the keys anew"
    try:
        keys = msgspec.json.decode(file.read_bytes(), type=_File).keys
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(file), mend=mend) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Fault("is no list of keys", where=str(file), mend=mend) from error
    if len({key.name for key in keys}) < len(keys) or len({key.id for key in keys}) < len(keys):
        raise Fault("has two keys of one name", where=str(file), mend=mend)
    return keys


def named(name: str) -> str:
    """The name, or a Fault when no key may be called so: it stands in logs and in the audit."""
    if not NAME.fullmatch(name):
        mend = "use up to 64 lower-case letters, digits, - and _"
        raise Fault(f"{name!r} is no name for a key", where="keys", mend=mend)
    return name


def add(file: Path, name: str, role: Role) -> str:
    """Keep a new key and give it back in clear, the only time that anybody can read it."""
    keys = read(file)
    if any(key.name == name for key in keys):
        raise Fault(f"there is a key {name} already", where=str(file), mend="revoke it first, or choose another name")
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    _write(file, (*keys, Key(named(name), role, key_id, _hash(secret.encode()).hex(), datetime.now(UTC))))
    return f"rfk_{key_id}_{secret}"


def revoke(file: Path, name: str) -> None:
    """Forget a key; a service that runs refuses it within a second."""
    keys = read(file)
    left = tuple(key for key in keys if key.name != name)
    if len(left) == len(keys):
        raise Fault(f"there is no key {name}", where=str(file), mend="see `ringfence keys list`")
    _write(file, left)


class Keyring:
    """The keys as the file has them now. Whatever is wrong with the file, nobody is let in.

    It is open to all only when it was told so: there was no file when the service started, and there still is none.
    """

    __slots__ = ("_by_id", "_clock", "_file", "_looked", "_open", "_seen", "trouble")

    def __init__(self, file: Path | None, *, open_without: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._open = open_without
        self._by_id: dict[bytes, tuple[bytes, Role, str]] = {}
        self._seen: tuple[int, int, int] | None = None
        self.trouble = ""
        self._looked = clock()
        self._look(first=True)

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for."""
        return self._open

    def name_of(self, authorization: bytes | None, role: Role) -> str:
        """The name of the key that a request shows, or a Refusal when it may not do what this role may."""
        if (now := self._clock()) - self._looked > LOOK_EVERY:
            self._looked = now
            self._look()
        if self._open:
            return NOBODY
        match = KEY.fullmatch(authorization) if authorization else None
        if match is None or self.trouble:
            raise Refusal(UNAUTHORISED)
        known = self._by_id.get(match[1])
        given = _hash(match[2])
        if known is None or not compare_digest(known[0], given):
            raise Refusal(UNAUTHORISED)
        if known[1] is not role and known[1] is not Role.ADMIN:
            raise Refusal(FORBIDDEN)
        return known[2]

    def look(self) -> None:
        """See whether the file has changed, as a request does."""
        self._looked = self._clock()
        self._look()

    def _look(self, *, first: bool = False) -> None:
        if self._file is None:
            return
        seen = _status(self._file)
        if seen == self._seen and not first:
            return
        self._seen = seen
        if seen is None and self._open:
            return
        self._open = False
        self.trouble = "" if seen else KEYS_MISSING
        try:
            self._by_id = {key.id.encode(): (bytes.fromhex(key.hash), key.role, key.name) for key in read(self._file)}
        except (Fault, ValueError):
            self._by_id = {}
            self.trouble = KEYS_UNREADABLE


def _status(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return (0, 0, 0)  # it is there and cannot even be looked at
    return status.st_mtime_ns, status.st_ino, status.st_size


def _hash(secret: bytes) -> bytes:
    return blake2b(secret, digest_size=32, person=b"ringfence key").digest()


def _write(file: Path, keys: tuple[Key, ...]) -> None:
    write_whole(file, msgspec.json.format(msgspec.json.encode(_File(keys))) + b"\n")
