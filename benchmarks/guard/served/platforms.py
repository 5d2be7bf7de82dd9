"""What does the guard serve when it is measured? Two platforms, each with 5 million flagged accounts of 200 million.

One has numbers for ids, the other strings; both look for 100,000 made-up terms. They are kept in a folder of the
system's temporary ones, so that a second run need not build them again.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.guard import shelf, signing, snapshot
from ringfence.guard.files import signer_of
from ringfence.guard.flags import FLAGS
from ringfence.guard.policy import default_policy
from ringfence.guard.snapshot import Built
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

ALL, FLAGGED, TERMS = 200_000_000, 5_000_000, 100_000
SEED = 20261126
NUMBERS, STRINGS = "numbers", "strings"
SIGNALS = {"network:member": 0.8, "network:nearby": 0.15, "network:likely_minor": 0.05}
CACHE = Path(tempfile.gettempdir()) / "ringfence-guard-bench"
OLDEST = timedelta(hours=12)  # of a snapshot that is used again; after 72 it would be stale
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: ids that do not look like their numbers


@dataclass(frozen=True, slots=True)
class Platform:
    """A workspace with two snapshots, of which the first is active."""

    kind: str
    workspace: Workspace
    versions: tuple[str, ...]
    build_seconds: float  # of the first one; NaN when it was there already


def flagged(turn: int = 0) -> NDArray[np.int64]:
    """The numbers of the flagged accounts, in no order. Each turn has others."""
    rng = np.random.default_rng([SEED, turn])
    numbers = np.unique(rng.integers(0, ALL, FLAGGED + FLAGGED // 40))
    return rng.permutation(numbers)[:FLAGGED]


def name(number: int) -> str:
    """The string that an account of the other platform has for an id, 14 characters."""
    return f"u{number * _SPREAD % 2**52:013x}"


def names(numbers: NDArray[np.int64]) -> list[str]:
    return [name(number) for number in numbers.tolist()]


def words(count: int = TERMS) -> list[str]:
    """Made-up words of six to twelve letters."""
    rng = random.Random(SEED)
    parts = [first + last for first in "bcdfghjklmnprstvwz" for last in "aeiou"]
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choices(parts, k=rng.randint(3, 5))) + rng.choice("nrstlk")] = None
    return list(made)


def flags(kind: str, turn: int = 0) -> pa.Table:
    """The flags of one platform."""
    numbers = flagged(turn)
    ids = pa.array(numbers).cast(pa.string()) if kind == NUMBERS else pa.array(names(numbers))
    chosen = np.random.default_rng(turn).choice(list(SIGNALS), len(numbers), p=list(SIGNALS.values()))
    always = pa.nulls(len(numbers), FLAGS.field("until").type)
    ones = pa.repeat(pa.scalar(1.0, pa.float32()), len(numbers))
    return pa.table([ids, pa.array(chosen), ones, always], schema=FLAGS)


def build(kind: str, lexicon: Lexicon, signer: signing.Signer, turn: int = 0) -> tuple[Built, float]:
    """A snapshot and how many seconds it took, with the lexicon read and the flags at hand."""
    table, tags = flags(kind, turn), {f"tag{number}": number % 100 / 100 for number in range(10_000)}
    began = time.perf_counter()
    built = snapshot.build(lexicon, default_policy(), table, signer=signer, tags=tags, model_version="bench")
    return built, time.perf_counter() - began


def platform(kind: str) -> Platform:
    """The platform as it was left, or made anew."""
    folder = CACHE / kind
    fresh = not (folder / "ringfence.toml").exists()
    workspace = Workspace.create(folder) if fresh else Workspace.open(folder)
    signer = signer_of(workspace)
    write_whole(workspace.policy_file, default_policy().text.encode())
    workspace.snapshots.mkdir(exist_ok=True)
    signing.trust(workspace.snapshots, signer)
    kept = _kept(workspace, signer)
    if kept:
        return Platform(kind, workspace, kept, float("nan"))
    return _made(kind, workspace, signer)


def _kept(workspace: Workspace, signer: signing.Signer) -> tuple[str, ...]:
    """The two versions in a folder, when they can still be read and are young."""
    trusted = signing.Trusted(frozenset({signer.public}))
    found = shelf.versions(workspace.snapshots)[-2:]
    try:
        read = [snapshot.read(shelf.file_of(workspace.snapshots, version), trusted) for version in found]
    except Fault:
        return ()
    young = all(datetime.now(UTC) - each.created_at < OLDEST for each in read)
    if len(read) != 2 or not young:
        return ()
    shelf.activate(workspace.snapshots, found[0], signer)
    return found


def _made(kind: str, workspace: Workspace, signer: signing.Signer) -> Platform:
    for old in workspace.snapshots.iterdir():
        if old.name != signing.TRUSTED_FILE:
            old.unlink()
    lexicon = Lexicon.from_terms(words())
    versions, seconds = [], []
    for turn in range(2):
        built, taken = build(kind, lexicon, signer, turn)
        shelf.put(workspace.snapshots, built, signer)
        versions.append(built.version)
        seconds.append(taken)
    shelf.activate(workspace.snapshots, versions[0], signer)
    return Platform(kind, workspace, tuple(versions), seconds[0])


def activations(one: Platform, count: int) -> Iterator[bytes]:
    """What the folder's `current` says after each of `count` activations that take turns between both versions.

    They are signed beforehand and put in place during a measurement: to check 200 megabytes each time before signing
    is the publisher's work, and would be taken for the server's where both share a core.
    """
    folder, signer = one.workspace.snapshots, signer_of(one.workspace)
    aside = CACHE / f"aside-{one.kind}-{os.getpid()}"
    aside.mkdir()
    try:
        for file in (*(shelf.file_of(folder, version) for version in one.versions), folder / shelf.CURRENT):
            os.link(file, aside / file.name)
        for turn in range(count):
            shelf.activate(aside, one.versions[(turn + 1) % 2], signer)
            yield (aside / shelf.CURRENT).read_bytes()
    finally:
        for file in aside.iterdir():
            file.unlink()
        aside.rmdir()
