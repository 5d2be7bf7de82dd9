"""Where did the audit last end, to the knowledge of somebody else than the database? In a file beside it.

Whoever cuts the end of an audit off and puts an old head in its place is found out by a newer head that is kept here,
or by one that was handed to an auditor.
"""

import fcntl
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ringfence.cases.audit import Head, content
from ringfence.model.faults import Fault
from ringfence.store import disk


def keep(folder: Path, head: Head) -> None:
    """Keep the head of a tenant's audit, unless a later one is kept already.

    It is renamed into its place and not synced: what a power cut takes is an old head instead of a new one, and a
    sync for every act would cost more than the act.
    """
    with disk.writing(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / f".{head.tenant}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = read(folder, head.tenant)
            if kept is None or kept.number < head.number:
                aside = folder / f".{head.tenant}.new"
                aside.write_bytes(msgspec.json.encode(head) + b"\n")
                aside.replace(_file(folder, head.tenant))


def read(folder: Path, tenant: str) -> Head | None:
    """The head that is kept beside the database; None where none is. Raises Fault for a file that is none."""
    file = _file(folder, tenant)
    try:
        return parse(file.read_bytes(), str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(file), mend="give it to its owner") from error


def parse(line: bytes, where: str) -> Head:
    """One head from its JSON. Raises Fault when it is none."""
    try:
        return msgspec.json.decode(line, type=Head)
    except msgspec.DecodeError as error:
        mend = "find out who changed it, and restore it from a copy"
        raise Fault("is no head of an audit", where=where, mend=mend) from error


def file_of(path: Path) -> tuple[Head, ...]:
    """The heads of a file that `ringfence audit anchor` wrote, one a line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its name and rights") from error
    return tuple(parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def write(path: Path, heads: Iterable[Head]) -> None:
    """Write heads for somebody else to keep, one a line."""
    disk.write_whole(path, b"".join(msgspec.json.encode(one) + b"\n" for one in heads))


def genuine(head: Head, key: str) -> bool:
    """Whether the head is signed with the key, given as the public one in hexadecimal."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(head.signature), content(head.tenant, head.number, head.at, head.hash))
    except (InvalidSignature, ValueError):
        return False
    return head.key == key


def _file(folder: Path, tenant: str) -> Path:
    return folder / f"{tenant}.json"
