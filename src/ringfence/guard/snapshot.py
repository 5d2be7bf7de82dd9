"""What does the guard answer from, and how does it stay whole on disk?

One file holds everything: a header (magic, format, length, checksum) and a MessagePack body. A folder holds the
versions and `current`, a one-line file that names the active one.
"""

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec

from ringfence.guard.policy import Policy
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion, Surface
from ringfence.store.disk import write_whole
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.seal import seal, unseal
from ringfence.terms.term import Term

MAGIC = b"ringsnap"
FORMAT = 2
# What a sealed one is authenticated as.
KIND = "snapshot"
HEADER = struct.Struct(">8sHQ32s")  # magic, format, length of the body, blake2b of the body
CURRENT = "current"
SUFFIX = ".snapshot"

TEXT_SURFACES = (Surface.SEARCH, Surface.AUTOCOMPLETE, Surface.HASHTAG)
SLATE_SURFACES = (Surface.SUGGESTION, Surface.RECOMMENDATION)
_VERSION = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`accounts` lists account ids by signal, `tags` the share (0 to 1) of a hashtag's use that is by members.

    `version` is a hash of everything but `created_at`: the same input gives the same version.
    """

    version: str
    created_at: datetime
    model_version: str
    lexicon: Lexicon
    policy: Policy
    accounts: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, float]


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    created_at: datetime
    model_version: str
    terms: tuple[Term, ...]
    policy: str
    accounts: dict[str, tuple[str, ...]]
    tags: dict[str, float]


_DECODER = msgspec.msgpack.Decoder(_Body)


def build(
    lexicon: Lexicon,
    policy: Policy,
    accounts: Mapping[str, Iterable[str]],
    *,
    tags: Mapping[str, float] | None = None,
    model_version: str = "",
    created_at: datetime | None = None,
) -> Snapshot:
    """A snapshot, or a Fault when it would fail open: every category and signal in it needs a rule of the policy."""
    _refuse_unnamed(lexicon, policy, accounts, tags or {})
    ids = {signal: tuple(sorted(set(accounts[signal]))) for signal in sorted(accounts)}
    shares = dict(sorted((tags or {}).items()))
    content = (model_version, lexicon.terms, policy.text, ids, shares)
    version = blake2b(msgspec.msgpack.encode(content), digest_size=8).hexdigest()
    return Snapshot(version, created_at or datetime.now(UTC), model_version, lexicon, policy, ids, shares)


def write(folder: Path | str, snapshot: Snapshot) -> Path:
    """Put a snapshot in the folder, whole or not at all, without activating it; gives its file.

    It holds the terms, so it is sealed like a lexicon when there is a key in the environment (terms/seal.py).
    """
    body = msgspec.msgpack.encode(
        _Body(
            snapshot.version,
            snapshot.created_at,
            snapshot.model_version,
            snapshot.lexicon.terms,
            snapshot.policy.text,
            dict(snapshot.accounts),
            dict(snapshot.tags),
        )
    )
    path = Path(folder) / f"{snapshot.version}{SUFFIX}"
    write_whole(path, seal(HEADER.pack(MAGIC, FORMAT, len(body), _checksum(body)) + body, KIND))
    return path


def activate(folder: Path | str, version: str) -> None:
    """Make a version of the folder the one that is served. It is read first: a corrupt one is never activated."""
    read(_file(folder, version))
    write_whole(Path(folder) / CURRENT, f"{version}\n".encode())


def versions(folder: Path | str) -> tuple[str, ...]:
    """The versions in the folder, in the order they were written, the last one last."""
    paths = [path for path in Path(folder).glob(f"*{SUFFIX}") if _VERSION.fullmatch(path.stem)]
    return tuple(path.stem for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name)))


def read(path: Path | str) -> Snapshot:
    """The snapshot in a file, or a Fault that says in one line why it is none."""
    body = _body(Path(path))
    try:
        decoded = _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise _corrupt(path, "its content does not fit its format") from error
    return Snapshot(
        decoded.version,
        decoded.created_at,
        decoded.model_version,
        Lexicon.of(decoded.terms),
        Policy.parse(decoded.policy, f"{path}, policy"),
        decoded.accounts,
        decoded.tags,
    )


def current_version(folder: Path | str) -> str:
    """The version that the folder serves."""
    pointer = Path(folder) / CURRENT
    try:
        version = pointer.read_text("ascii", "replace").strip()
    except FileNotFoundError as error:
        raise Fault("no snapshot is active", where=str(folder), mend="publish one") from error
    except OSError as error:
        what = f"the active snapshot's name could not be read ({error.strerror})"
        raise Fault(what, where=str(pointer), mend="check its rights") from error
    if not _VERSION.fullmatch(version):
        raise Fault("it names no version", where=str(pointer), mend=_way_back(folder, version))
    return version


def load_current(folder: Path | str) -> Snapshot:
    """The active snapshot. A corrupt one is refused with the version to go back to; another is never taken unasked."""
    version = current_version(folder)
    try:
        return read(_file(folder, version))
    except Fault as fault:
        raise Fault(fault.what, where=fault.where, mend=_way_back(folder, version)) from fault


def _way_back(folder: Path | str, broken: str) -> str:
    """What to do about a broken version: the last one written before it, else any other, else a new one."""
    known = versions(folder)
    earlier = known[: known.index(broken)] if broken in known else known
    others = earlier or tuple(version for version in known if version != broken)
    return f"go back and activate {others[-1]}" if others else "publish again"


def _refuse_unnamed(lexicon: Lexicon, policy: Policy, accounts: Iterable[str], tags: Mapping[str, float]) -> None:
    """A signal that no rule names would be found and then let through, so each needs a rule where it can occur."""
    categories = {f"lexicon:{term.category}" for term in lexicon if term.opinion is Opinion.POSITIVE}
    needed = [(signal, surface) for signal in sorted(categories) for surface in TEXT_SURFACES]
    needed += [(signal, surface) for signal in sorted(accounts) for surface in SLATE_SURFACES]
    needed += [("tag:network", Surface.HASHTAG)] if tags else []
    for signal, surface in needed:
        if not policy.names(surface, signal):
            raise Fault(
                f"no {surface} rule names {signal}, which would then be let through",
                where=f"policy {policy.version}",
                mend=f'add a rule with surface = "{surface}" and signal = "{signal}"',
            )


def _file(folder: Path | str, version: str) -> Path:
    if not _VERSION.fullmatch(version):
        raise Fault(f"{version!r} is no version", where=str(folder), mend="use 16 hexadecimal digits as listed there")
    return Path(folder) / f"{version}{SUFFIX}"


def _body(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Fault(
            f"the snapshot could not be read ({error.strerror})", where=str(path), mend="publish again"
        ) from error
    raw = unseal(raw, KIND, where=str(path))
    if raw[: len(MAGIC)] != MAGIC:
        raise _corrupt(path, "it is no snapshot")
    if len(raw) < HEADER.size:
        raise _corrupt(path, "it is cut off in its header")
    _, version, length, checksum = HEADER.unpack_from(raw)
    if version != FORMAT:
        raise Fault(
            f"its format is {version}, and this ringfence reads {FORMAT}",
            where=str(path),
            mend="upgrade ringfence or publish again",
        )
    body = raw[HEADER.size :]
    if len(body) != length:
        raise _corrupt(path, f"it is {len(body)} bytes long where {length} were written")
    if _checksum(body) != checksum:
        raise _corrupt(path, "its checksum does not match its content")
    return body


def _corrupt(path: Path | str, what: str) -> Fault:
    return Fault(what, where=str(path), mend="publish again, or activate another version")


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=32).digest()
