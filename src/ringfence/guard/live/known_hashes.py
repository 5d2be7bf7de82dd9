"""Which media are known? Hexadecimal digests in a file, SHA-256 or MD5, one a line."""

from hashlib import blake2b
from pathlib import Path

from ringfence.model.faults import Fault

FILE = "known_hashes.txt"
SIZES = (16, 32)  # bytes of an MD5 and of a SHA-256


def read(path: Path) -> tuple[frozenset[bytes], str]:
    """The digests in a file, and a version that says which they are. Without a file, none and no version.

    Blank lines and lines that start with # say nothing. Raises Fault with the number of the first line that is no
    digest; the line itself is not repeated.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return frozenset(), ""
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its rights") from error
    digests = frozenset(
        _digest(line.strip(), f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith(b"#")
    )
    content = blake2b(digest_size=8)
    for digest in sorted(digests):
        content.update(len(digest).to_bytes(1) + digest)
    return digests, content.hexdigest() if digests else ""


def _digest(line: bytes, where: str) -> bytes:
    try:
        digest = bytes.fromhex(line.decode("ascii"))
    except ValueError:
        digest = b""
    if len(digest) not in SIZES:
        raise Fault("is no SHA-256 or MD5 digest", where=where, mend="write 64 or 32 hexadecimal digits a line")
    return digest
