"""What does the guard answer from? One immutable artefact: terms, policy, flagged accounts, risk of tags.

Built once, from the same input always the same: its version is a hash of its content, whenever it was built and whoever
signed it. How the file is kept whole is container.py's affair, which one is served shelf.py's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.policies.help import Help, Packs, built_in
from ringfence.guard.policies.policy import Policy
from ringfence.guard.policies.trial import Trial
from ringfence.guard.snapshots import container
from ringfence.guard.snapshots.accounts import Accounts
from ringfence.guard.snapshots.flags import Flagged, Profile, flagged
from ringfence.guard.snapshots.signing import Signer, Trusted
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion, Surface
from ringfence.terms import stored
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import Matcher
from ringfence.terms.plain import plain
from ringfence.terms.seal import MAGIC, is_sealed, seal, unseal
from ringfence.terms.term import bare

KIND = "snapshot"
TAG_SIGNAL = "tag:network"
TEXT_SURFACES = (Surface.SEARCH, Surface.AUTOCOMPLETE, Surface.HASHTAG)
SLATE_SURFACES = (Surface.SUGGESTION, Surface.RECOMMENDATION)

_SEALED = len(MAGIC)
_PROFILES = msgspec.msgpack.Decoder(tuple[Profile, ...])
_TAGS = msgspec.msgpack.Decoder(dict[str, float])
_HELP = msgspec.msgpack.Decoder(dict[str, tuple[Help, ...]])


@dataclass(frozen=True, slots=True)
class Built:
    """A snapshot on its way to a file."""

    version: str
    meta: Mapping[str, object]
    sections: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One read from a file. `profiles` are what accounts refer to; `tags` has the share of a tag's use by members."""

    version: str
    created_at: datetime
    model_version: str
    lexicon_version: str
    policy: Policy
    trial: Trial | None
    key: bytes  # of the fingerprints of account ids
    accounts: Accounts
    profiles: tuple[Profile, ...]
    tags: Mapping[str, float]
    packs: Packs
    terms: Mapping[str, bytes | memoryview]
    size: int  # bytes of the file

    def matcher(self, today: date) -> Matcher:
        """A matcher over its terms, less those that have expired on a day."""
        return stored.matcher(self.terms, today)

    @property
    def term_count(self) -> int:
        """How many terms it looks for."""
        return len(self.terms["terms.expires"]) // stored.EXPIRES_BYTES

    def counts(self) -> dict[str, int]:
        """How many accounts have each signal."""
        used = np.bincount(np.concatenate([self.accounts.of_numbers, self.accounts.of_names]), minlength=1)
        counts: dict[str, int] = {}
        for number in np.flatnonzero(used).tolist():
            for signal in {flag.signal for flag in self.profiles[number]}:
                counts[signal] = counts.get(signal, 0) + int(used[number])
        return dict(sorted(counts.items()))


def build(
    lexicon: Lexicon,
    policy: Policy,
    flags: pa.Table,
    *,
    signer: Signer,
    tags: Mapping[str, float] | None = None,
    trial: Trial | None = None,
    packs: Packs | None = None,
    model_version: str = "",
    created_at: datetime | None = None,
) -> Built:
    """A snapshot of a lexicon, a policy, flags of accounts (see flags.py) and shares of tags.

    Raises Fault when it would let something through by leaving it out: each category and signal needs a rule.
    """
    at = created_at or datetime.now(UTC)
    risks = _folded(tags or {})
    for served in (policy, trial.policy) if trial else (policy,):
        refuse_unnamed(lexicon, served, flags, risks)
    sections = {
        **account_sections(flagged(flags, signer.fingerprints)),
        "tags": msgspec.msgpack.encode(risks),
        "help": msgspec.msgpack.encode(built_in() if packs is None else packs),
        **stored.stored(lexicon, at.date()),
    }
    meta: dict[str, object] = {
        "model": model_version,
        "lexicon": lexicon.version,
        "policy": policy.text,
        "trial": trial.packed() if trial else None,
        "key": signer.fingerprints,
    }
    version = _version(meta, sections)
    sealed = {name: seal(content, KIND) if name.startswith("terms.") else content for name, content in sections.items()}
    return Built(version, {**meta, "version": version, "created_at": at.isoformat()}, sealed)


def write(path: Path, built: Built, signer: Signer) -> None:
    """Put a snapshot in a file, whole or not at all."""
    container.write(path, KIND, built.meta, built.sections, signer)


def read(path: Path, trusted: Trusted) -> Snapshot:
    """The snapshot in a file, mapped; a Fault in one line when it is not whole, or not signed by a trusted key."""
    held = container.read(path, KIND, trusted)
    try:
        return _snapshot(path, held)
    except (KeyError, TypeError, ValueError, msgspec.DecodeError) as error:
        raise container.corrupt(path, "its content does not fit its format") from error


def refuse_unnamed(lexicon: Lexicon, policy: Policy, flags: pa.Table, tags: Mapping[str, float]) -> None:
    """Raise Fault for a category or signal that no rule of the policy names where it can occur."""
    categories = {f"lexicon:{term.category}" for term in lexicon if term.opinion is Opinion.POSITIVE}
    needed = [(signal, surface) for signal in sorted(categories) for surface in TEXT_SURFACES]
    needed += [(TAG_SIGNAL, Surface.HASHTAG)] if tags else []
    signals = sorted(pc.unique(flags["signal"]).to_pylist())
    needed += [(signal, surface) for signal in signals for surface in SLATE_SURFACES]
    for signal, surface in needed:
        if not policy.names(surface, signal):
            raise Fault(
                f"no {surface} rule names {signal}, which would then be let through",
                where=f"policy {policy.version}",
                mend=f'add a rule with surface = "{surface}" and signal = "{signal}"',
            )


def folded(tag: str) -> str:
    """A tag as risks are kept by: without its sigil, case and marks."""
    return plain(bare(tag))


def account_sections(known: Flagged) -> dict[str, bytes]:
    """The sections of a file that hold flagged accounts."""
    return {
        "accounts.roaring": known.roaring,
        "accounts.of_numbers": known.of_numbers.tobytes(),
        "accounts.prints": known.prints.tobytes(),
        "accounts.starts": known.starts.tobytes(),
        "accounts.of_names": known.of_names.tobytes(),
        "profiles": msgspec.msgpack.encode(known.profiles),
    }


def loaded(known: Mapping[str, bytes | memoryview], key: bytes) -> tuple[Accounts, tuple[Profile, ...]]:
    """The flagged accounts in the sections of a file."""
    held = Flagged(
        bytes(known["accounts.roaring"]),
        np.frombuffer(known["accounts.of_numbers"], "<u2"),
        np.frombuffer(known["accounts.prints"], "<u8").reshape(-1, 2),
        np.frombuffer(known["accounts.starts"], "<u4"),
        np.frombuffer(known["accounts.of_names"], "<u2"),
        _PROFILES.decode(known["profiles"]),
    )
    accounts = held.accounts(key)
    _refuse_misfits(accounts, len(held.profiles))
    return accounts, held.profiles


def _refuse_misfits(accounts: Accounts, profiles: int) -> None:
    """Raise ValueError where a table points outside of another: compiled code looks nowhere before it reads."""
    prints = len(accounts.prints)
    most = max(accounts.of_numbers.max(initial=0), accounts.of_names.max(initial=0))
    starts = accounts.starts.astype(np.int64)
    patterns = len(starts) - 1
    fits = (
        len(accounts.of_names) == prints
        and most < profiles
        and patterns.bit_count() == 1
        and starts[0] >= 0
        and starts[-1] == prints
        and bool((np.diff(starts) >= 0).all())
    )
    if not fits:
        raise ValueError("tables do not fit each other")


def _snapshot(path: Path, held: container.Container) -> Snapshot:
    meta, where = held.meta, f"{path}, policy"
    accounts, profiles = loaded(held.sections, meta["key"])
    parts = {name: content for name, content in held.sections.items() if name.startswith("terms.")}
    terms = {name: _opened(content, path) for name, content in parts.items()}
    stored.matcher(terms, date.min)  # raises where they do not fit
    return Snapshot(
        version=meta["version"],
        created_at=datetime.fromisoformat(meta["created_at"]),
        model_version=meta["model"],
        lexicon_version=meta["lexicon"],
        policy=_policy(meta["policy"]),
        trial=Trial.unpacked(meta["trial"], where) if meta["trial"] else None,
        key=meta["key"],
        accounts=accounts,
        profiles=profiles,
        tags=_TAGS.decode(held.sections["tags"]),
        packs=_HELP.decode(held.sections["help"]),
        terms=terms,
        size=held.size,
    )


@lru_cache(maxsize=4)
def _policy(text: str) -> Policy:
    """A snapshot's policy. Reading TOML is slow, and it is seldom another than the one before."""
    return Policy.parse(text, "the policy in the snapshot")


def _opened(content: memoryview, path: Path) -> bytes | memoryview:
    """A section as it is when it lies open, so that it stays mapped; else what was sealed."""
    return unseal(bytes(content), KIND, where=str(path)) if is_sealed(bytes(content[:_SEALED])) else content


def _folded(tags: Mapping[str, float]) -> dict[str, float]:
    risks: dict[str, float] = {}
    for tag, share in sorted(tags.items()):
        risks[folded(tag)] = max(share, risks.get(folded(tag), 0.0))
    return dict(sorted(risks.items()))


def _version(meta: Mapping[str, object], sections: Mapping[str, bytes]) -> str:
    content = blake2b(msgspec.msgpack.encode(dict(sorted(meta.items()))), digest_size=8)
    for name, section in sorted(sections.items()):
        content.update(name.encode() + b"\0" + container.checksum(section))
    return content.hexdigest()
