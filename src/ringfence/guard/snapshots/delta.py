"""What has come since a snapshot was published, as a small file beside it that is replaced again and again?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from ringfence.guard.snapshots import container
from ringfence.guard.snapshots.flags import flagged
from ringfence.guard.snapshots.overlay import Known, laid_over
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.guard.snapshots.snapshot import Snapshot, account_sections, folded, loaded
from ringfence.model.faults import Fault

KIND = "delta"
SUFFIX = ".delta"
_TAGS = msgspec.msgpack.Decoder(dict[str, float])


@dataclass(frozen=True, slots=True)
class Delta:
    """Flags of accounts (see flags.py) and shares of tags to lay over a snapshot.

    `sequence` rises with every delta of a snapshot; `at` is the time of the last event in it, so that the same events
    give the same bytes.
    """

    base_version: str
    sequence: int
    at: datetime
    flags: pa.Table
    tags: Mapping[str, float]


def file_of(folder: Path, base_version: str) -> Path:
    """The file of a snapshot's delta, whether it is there or not."""
    return folder / f"{base_version}{SUFFIX}"


def write(folder: Path, delta: Delta, signer: Signer) -> Path:
    """Put a delta beside its snapshot, in place of the one before; gives its file."""
    risks = {folded(tag): share for tag, share in sorted(delta.tags.items())}
    sections = {
        # A dense set would be as large as the largest number in it, however few there are.
        **account_sections(flagged(delta.flags, signer.fingerprints, lambda _: False)),
        "tags": msgspec.msgpack.encode(dict(sorted(risks.items()))),
    }
    meta = {
        "base": delta.base_version,
        "sequence": delta.sequence,
        "at": delta.at.isoformat(),
        "key": signer.fingerprints,
    }
    path = file_of(folder, delta.base_version)
    container.write(path, KIND, meta, sections, signer)
    return path


def read(path: Path, base: Snapshot, trusted: Trusted) -> Known:
    """What is known with a delta laid over its snapshot. Raises Fault when it is not whole, or another snapshot's."""
    held = container.read(path, KIND, trusted, container.in_memory)
    try:
        if held.meta["base"] != base.version or held.meta["key"] != base.key:
            raise Fault("it belongs to another snapshot", where=str(path), mend="let `ringfence live` write it again")
        accounts, profiles = loaded(held.sections, held.meta["key"])
        return laid_over(base, accounts, profiles, _TAGS.decode(held.sections["tags"]), held.meta["sequence"])
    except (KeyError, TypeError, ValueError, msgspec.DecodeError) as error:
        raise container.corrupt(path, "its content does not fit its format") from error
