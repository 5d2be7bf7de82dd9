"""How do vetted terms rest on disk so that only whoever holds the key can read them?

AES-256 in GCM (NIST SP 800-38D): a sealed file is MAGIC, twelve random bytes, then the ciphertext with its tag. MAGIC
and the kind of file are authenticated too, so that no file passes for one of another kind. One key may seal 2^32 files.
"""

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.model.faults import Fault

KEY = "RINGFENCE_LEXICON_KEY"
MAGIC = b"ringfence sealed 1\x00"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def new_key() -> str:
    """A new random key, as the environment variable KEY wants it."""
    return b64encode(AESGCM.generate_key(KEY_BYTES * 8)).decode()


def key() -> bytes | None:
    """The key in the environment; None when there is none. Raises Fault when what is there is no key."""
    text = os.environ.get(KEY, "").strip()
    if not text:
        return None
    try:
        read = b64decode(text, validate=True)
    except ValueError:
        read = b""
    if len(read) != KEY_BYTES:
        raise Fault(
            f"is not {KEY_BYTES} bytes in base64", where=KEY, mend="set it to what `ringfence lexicon key` once printed"
        )
    return read


def is_sealed(content: bytes) -> bool:
    """Whether a file that starts like this is sealed."""
    return content.startswith(MAGIC)


def seal(content: bytes, kind: str) -> bytes:
    """The content, sealed when there is a key in the environment. Raises Fault as `key` does."""
    secret = key()
    if secret is None:
        return content
    nonce = os.urandom(NONCE_BYTES)
    return MAGIC + nonce + AESGCM(secret).encrypt(nonce, content, _about(kind))


def unseal(content: bytes, kind: str, *, where: str) -> bytes:
    """What was sealed as a file of this kind; what is not sealed comes back as it is.

    Raises Fault without a key, with a wrong one, and when as much as a bit was changed.
    """
    if not is_sealed(content):
        return content
    secret = key()
    if secret is None:
        raise Fault("it is sealed, and there is no key", where=where, mend=f"set {KEY} to the key it was sealed with")
    nonce, sealed = content[len(MAGIC) :][:NONCE_BYTES], content[len(MAGIC) + NONCE_BYTES :]
    if len(sealed) < TAG_BYTES:
        raise Fault("it is sealed, and cut short", where=where, mend="restore it from a copy")
    try:
        return AESGCM(secret).decrypt(nonce, sealed, _about(kind))
    except InvalidTag:
        what = "it is sealed with another key, or was changed since"
        raise Fault(
            what, where=where, mend=f"set {KEY} to the key it was sealed with, or restore it from a copy"
        ) from None


def _about(kind: str) -> bytes:
    return MAGIC + kind.encode()
