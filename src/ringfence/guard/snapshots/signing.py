"""Who made this file? Ed25519 signatures (RFC 8032), by keys that whoever reads it has chosen to trust.

The private key signs what the guard serves; it is made once a workspace and stays there. Hosts that serve get the
public one, by hand or by configuration: a folder that brings its own key proves nothing about who wrote it.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ringfence.model.faults import Fault
from ringfence.store import disk

# Public keys that are trusted, with blanks between them; it goes before any file.
TRUSTED = "RINGFENCE_TRUSTED_KEYS"
# Beside snapshots: the public key of whoever publishes there.
TRUSTED_FILE = "trusted.keys"
SECRET_FILE = "signing.key"  # noqa: S105 - a file's name
PREFIX = "ed25519:"
KEY_BYTES = 32
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key. `fingerprints` keys the hashes of account ids: they mean nothing without this workspace."""

    key: Ed25519PrivateKey
    public: bytes  # KEY_BYTES

    def sign(self, content: bytes) -> bytes:
        """The signature of some bytes; the same key and bytes give the same one."""
        return self.key.sign(content)

    @property
    def fingerprints(self) -> bytes:
        """Sixteen bytes that depend on nothing but this key."""
        return blake2b(self.key.private_bytes_raw(), digest_size=16, person=b"ringfence ids").digest()

    @property
    def name(self) -> str:
        """The public key as people copy it."""
        return PREFIX + b64encode(self.public).decode()


@dataclass(frozen=True, slots=True)
class Trusted:
    """The public keys that are believed. With none, nothing is."""

    keys: frozenset[bytes]

    @staticmethod
    def of(names: Iterable[str], where: str) -> "Trusted":
        """Keys as `Signer.name` writes them. Raises Fault for what is no key; `where` says where it stood."""
        return Trusted(frozenset(_decoded(name, where) for name in names))

    def check(self, key: bytes, signature: bytes, content: bytes, *, where: str) -> None:
        """Raise Fault unless a trusted key signed these bytes."""
        if key not in self.keys:
            what = "it is not signed" if not any(signature) else "it is signed by a key that is not trusted here"
            raise Fault(what, where=where, mend=f"publish it from a workspace whose key is trusted, or set {TRUSTED}")
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
        except InvalidSignature:
            what = "its signature does not fit its content"
            raise Fault(what, where=where, mend="publish again, or activate another version") from None


def new() -> Signer:
    """A key that nobody has had before."""
    return _signer(Ed25519PrivateKey.generate())


def from_file(path: Path) -> Signer:
    """The key in a file, or a new one put there: readable by its owner alone. Raises Fault for what is no key."""
    try:
        raw = b64decode(path.read_text("ascii").strip(), validate=True)
    except FileNotFoundError:
        return _made(path)
    except (OSError, ValueError) as error:
        raise Fault("the signing key cannot be read", where=str(path), mend="restore it from a copy") from error
    if len(raw) != KEY_BYTES:
        raise Fault(f"the signing key is not {KEY_BYTES} bytes", where=str(path), mend="restore it from a copy")
    return _signer(Ed25519PrivateKey.from_private_bytes(raw))


def trust(folder: Path, signer: Signer) -> None:
    """Write down beside the snapshots of a folder who signs them."""
    content = f"{signer.name}\n".encode()
    path = folder / TRUSTED_FILE
    if not path.exists() or path.read_bytes() != content:
        disk.write_whole(path, content)


def trusted_in(folder: Path) -> Trusted:
    """The keys named in the environment, else those in the folder's own file; none when there is neither."""
    if names := os.environ.get(TRUSTED, "").split():
        return Trusted.of(names, TRUSTED)
    path = folder / TRUSTED_FILE
    try:
        names = path.read_text("ascii", "replace").split()
    except FileNotFoundError:
        return Trusted(frozenset())
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its rights") from error
    return Trusted.of(names, str(path))


def _made(path: Path) -> Signer:
    signer = new()
    with disk.writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b64encode(signer.key.private_bytes_raw()) + b"\n")
        disk.keep(aside, path)
    return signer


def _signer(key: Ed25519PrivateKey) -> Signer:
    return Signer(key, key.public_key().public_bytes_raw())


def _decoded(name: str, where: str) -> bytes:
    try:
        raw = b64decode(name.removeprefix(PREFIX), validate=True) if name.startswith(PREFIX) else b""
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise Fault(
            "it holds what is no public key", where=where, mend=f"write keys as {PREFIX}BASE64, a blank between"
        )
    return raw
