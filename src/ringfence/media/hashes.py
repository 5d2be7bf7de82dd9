"""What is a hash of media, as text, as bytes and as numbers?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

# PDQ hashes as numbers: count x 4, each row the 32 bytes of its hexadecimal text in their order.
Codes = NDArray[np.uint64]

BITS = 256
RADIUS = 31  # bits; the bound that PDQ was published with (Facebook, 2019)
LEAST_QUALITY = 50  # of 100; below it a hash says little about the picture, its authors say
SIZES = {HashKind.PDQ: 32, HashKind.MD5: 16, HashKind.SHA1: 20, HashKind.SHA256: 32}  # bytes


def parse(kind: HashKind, text: str, where: str) -> bytes:
    """The bytes of a hash given in hexadecimal digits, of either case. Raises Fault, without repeating the hash."""
    digits = 2 * SIZES[kind]
    try:
        value = bytes.fromhex(text) if len(text) == digits else b""
    except ValueError:
        value = b""
    if len(value) != SIZES[kind]:
        what = f"is no {kind.upper()} hash ({len(text)} characters)"
        raise Fault(what, where=where, mend=f"give {digits} hexadecimal digits")
    return value


def codes_of(values: Sequence[bytes]) -> Codes:
    """PDQ hashes of 32 bytes each, as rows of four numbers."""
    return np.frombuffer(b"".join(values), np.uint64).reshape(-1, 4)


def texts_of(codes: Codes) -> list[str]:
    """The 64 hexadecimal digits of each row."""
    return [bytes(row).hex() for row in np.ascontiguousarray(codes).view(np.uint8)]
