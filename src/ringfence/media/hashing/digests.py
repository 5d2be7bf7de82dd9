"""Which digests has a file? All three in one pass over its bytes."""

import hashlib
from typing import BinaryIO

BLOCK = 1 << 20  # bytes at a time


def digests(file: BinaryIO) -> tuple[bytes, bytes, bytes]:
    """MD5, SHA-1 and SHA-256 of what is left of `file`: lists name media by any of them."""
    found = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    while block := file.read(BLOCK):
        for one in found:
            one.update(block)
    md5, sha1, sha256 = (one.digest() for one in found)
    return md5, sha1, sha256
