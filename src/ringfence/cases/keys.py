"""With which secrets are heads of the audit signed, and TOTP secrets encrypted? Each is a file for its owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringfence.model.faults import Fault
from ringfence.store import disk, private

SIGNING, SEALING = "cases_signing.key", "cases_sealing.key"
SIZE = 32  # bytes of an Ed25519 seed and of an AES-256 key


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """The key that signs the heads of the audit, made when it is first needed."""
    return Ed25519PrivateKey.from_private_bytes(_secret(folder / SIGNING))


def sealing_key(folder: Path) -> bytes:
    """The 32 bytes that encrypt TOTP secrets, made when they are first needed."""
    return _secret(folder / SEALING)


def _secret(file: Path) -> bytes:
    """Read a secret; make it first where there is none. Raises Fault where others may read it, or it is no secret."""
    if not file.exists():
        _make(file)
    content = private.read(file, SIZE + 1)
    if len(content) != SIZE:
        raise Fault("is no key", where=str(file), mend="restore it from a copy")
    return content


def _make(file: Path) -> None:
    """Two processes that both need it first agree on one: whoever links its file first has made it."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    with disk.writing(file.parent):
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_bytes(SIZE))
            os.fsync(handle)
            with suppress(FileExistsError):
                os.link(aside, file)
        finally:
            os.close(handle)
            aside.unlink()
