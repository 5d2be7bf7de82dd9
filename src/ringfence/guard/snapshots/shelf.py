"""Which snapshot is served, which one before it can be gone back to, and who said so?

A folder holds the versions and `current`, which names the active one: signed like the snapshots, with a number that
rises at every activation. A guard that has seen a number takes no lower one, so that an old `current`, put back by
somebody who has no key, is refused.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ringfence.guard.snapshots import snapshot
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.guard.snapshots.snapshot import Built, Snapshot
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole

CURRENT = "current"
SUFFIX = ".snapshot"
KEPT = 2  # the active version, and the one to go back to
# A clock may be this much ahead of another; what is signed later than that is refused.
SKEW = timedelta(minutes=5)

_VERSION = re.compile(r"[0-9a-f]{16}")
_ABOUT = b"ringfence activation 1\n"


class Activation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `current` says: the active version, the one before it ("" for none), its number and its time."""

    version: str
    previous: str
    sequence: int
    at: datetime


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    activation: Activation
    key: bytes
    signature: bytes


_SIGNED = msgspec.json.Decoder(_Signed)


def publish(folder: Path, built: Built, signer: Signer, now: datetime | None = None) -> Path:
    """Put a snapshot in the folder, make it the active one and let go of all but KEPT versions; gives its file."""
    path = put(folder, built, signer)
    activate(folder, built.version, signer, now)
    retire(folder, Trusted(frozenset({signer.public})))
    return path


def put(folder: Path, built: Built, signer: Signer) -> Path:
    """Put a snapshot in the folder without activating it; gives its file."""
    path = file_of(folder, built.version)
    snapshot.write(path, built, signer)
    return path


def activate(folder: Path, version: str, signer: Signer, now: datetime | None = None) -> Activation:
    """Make a version the one that is served. It is read first: a corrupt or foreign one is never activated."""
    trusted = Trusted(frozenset({signer.public}))
    snapshot.read(file_of(folder, version), trusted)
    before = _before(folder, trusted)
    previous = "" if before is None else before.previous if before.version == version else before.version
    at = now or datetime.now(UTC)
    named = Activation(version, previous, before.sequence + 1 if before else 1, at)
    signature = signer.sign(_ABOUT + msgspec.json.encode(named))
    write_whole(folder / CURRENT, msgspec.json.encode(_Signed(named, signer.public, signature)) + b"\n")
    return named


def rollback(folder: Path, signer: Signer, now: datetime | None = None) -> Activation:
    """Make the version that was active before the active one again. Raises Fault when there is none."""
    active = activation(folder, Trusted(frozenset({signer.public})))
    if not active.previous or not file_of(folder, active.previous).exists():
        raise Fault("there is no version to go back to", where=str(folder), mend="publish again")
    return activate(folder, active.previous, signer, now)


def activation(folder: Path, trusted: Trusted) -> Activation:
    """What the folder's `current` says. Raises Fault when there is none, or it is not signed by a trusted key."""
    path = folder / CURRENT
    try:
        signed = _SIGNED.decode(path.read_bytes())
    except FileNotFoundError:
        raise Fault("no snapshot is active", where=str(folder), mend="publish one") from None
    except OSError as error:
        what = f"the active snapshot's name could not be read ({error.strerror})"
        raise Fault(what, where=str(path), mend="check its rights") from error
    except msgspec.DecodeError:
        raise Fault("it names no version", where=str(path), mend=_way_back(folder)) from None
    trusted.check(signed.key, signed.signature, _ABOUT + msgspec.json.encode(signed.activation), where=str(path))
    return signed.activation


def active(folder: Path, trusted: Trusted) -> Snapshot:
    """The active snapshot. A broken one is refused with the version to go back to; another is never taken unasked."""
    named = activation(folder, trusted)
    try:
        return snapshot.read(file_of(folder, named.version), trusted)
    except Fault as fault:
        raise Fault(fault.what, where=fault.where, mend=_way_back(folder, named.version)) from fault


def versions(folder: Path) -> tuple[str, ...]:
    """The versions in the folder, in the order they were written, the last one last."""
    paths = [path for path in folder.glob(f"*{SUFFIX}") if _VERSION.fullmatch(path.stem)]
    return tuple(path.stem for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name)))


def retire(folder: Path, trusted: Trusted) -> tuple[str, ...]:
    """Remove all versions but the active one and the one before it, and gives those removed.

    A guard that has one of them mapped keeps it: the file goes when the last guard has let go.
    """
    named = activation(folder, trusted)
    old = [version for version in versions(folder) if version not in (named.version, named.previous)]
    for version in old:
        file_of(folder, version).unlink(missing_ok=True)
        for delta in folder.glob(f"{version}.delta"):
            delta.unlink(missing_ok=True)
    return tuple(old)


def file_of(folder: Path, version: str) -> Path:
    """The file of a version, whether it is there or not."""
    if not _VERSION.fullmatch(version):
        raise Fault(f"{version!r} is no version", where=str(folder), mend="use 16 hexadecimal digits as listed there")
    return folder / f"{version}{SUFFIX}"


def _before(folder: Path, trusted: Trusted) -> Activation | None:
    """The activation that another one follows. A `current` that cannot be believed must not stop its mending."""
    try:
        return activation(folder, trusted)
    except Fault:
        return None


def _way_back(folder: Path, broken: str = "") -> str:
    """What to do about a broken version: the last one written before it, else any other, else a new one."""
    known: Iterable[str] = versions(folder)
    listed = tuple(known)
    earlier = listed[: listed.index(broken)] if broken in listed else listed
    others = earlier or tuple(version for version in listed if version != broken)
    return f"go back and activate {others[-1]}" if others else "publish again"
