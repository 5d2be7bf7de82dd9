"""What does the guard serve when it is measured? Two platforms, each with 5 million flagged accounts of 200 million.

One has whole numbers for ids, the other strings; both look for 100,000 made-up terms.
"""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.guard.files import signer_of
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

ALL, FLAGGED, TERMS = 200_000_000, 5_000_000, 100_000
SEED = 20261126
NUMBERS, STRINGS = "numbers", "strings"
SIGNALS = {"network:member": 0.8, "network:nearby": 0.15, "network:likely_minor": 0.05}
TAGS = {f"tag{number}": number % 100 / 100 for number in range(10_000)}
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: ids that do not look like their numbers


@dataclass(frozen=True, slots=True)
class Platform:
    """A workspace with its snapshots, of which the first is active, and the seconds that each took to build."""

    kind: str
    workspace: Workspace
    versions: tuple[str, ...]
    seconds: tuple[float, ...]

    @property
    def megabytes(self) -> float:
        """The size of its first snapshot's file."""
        return shelf.file_of(self.workspace.snapshots, self.versions[0]).stat().st_size / 1e6


@cache
def flagged() -> NDArray[np.int64]:
    """The numbers of the flagged accounts, in no order."""
    rng = np.random.default_rng(SEED)
    numbers = np.unique(rng.integers(0, ALL, FLAGGED + FLAGGED // 40))
    return rng.permutation(numbers)[:FLAGGED]


def name(number: int) -> str:
    """The string that an account of the other platform has for an id, 14 characters."""
    return f"u{number * _SPREAD % 2**52:013x}"


def names(numbers: NDArray[np.int64]) -> list[str]:
    return [name(number) for number in numbers.tolist()]


@cache
def words() -> list[str]:
    """Made-up words of seven to eleven letters."""
    rng = random.Random(SEED)
    parts = [first + last for first in "bcdfghjklmnprstvwz" for last in "aeiou"]
    made: dict[str, None] = {}
    while len(made) < TERMS:
        made["".join(rng.choices(parts, k=rng.randint(3, 5))) + rng.choice("nrstlk")] = None
    return list(made)


def flags(kind: str, turn: int) -> pa.Table:
    """The flags of one platform. Each turn has the neighbours of the last one's accounts."""
    numbers = (flagged() + turn) % ALL
    ids = pa.array(numbers).cast(pa.string()) if kind == NUMBERS else pa.array(names(numbers))
    chosen = np.random.default_rng(turn).choice(len(SIGNALS), len(numbers), p=list(SIGNALS.values()))
    always = pa.nulls(len(numbers), FLAGS.field("until").type)
    ones = pa.repeat(pa.scalar(1.0, pa.float32()), len(numbers))
    return pa.table([ids, pa.array(list(SIGNALS)).take(pa.array(chosen)), ones, always], schema=FLAGS)


def platform(folder: Path, kind: str, lexicon: Lexicon, count: int) -> Platform:
    """A platform in a folder of its own, with so many snapshots."""
    workspace = Workspace.create(folder / kind)
    signer = signer_of(workspace)
    write_whole(workspace.policy_file, default_policy().text.encode())
    workspace.snapshots.mkdir(exist_ok=True)
    signing.trust(workspace.snapshots, signer)
    versions, seconds = [], []
    for turn in range(count):
        table, began = flags(kind, turn), time.perf_counter()
        built = snapshot.build(lexicon, default_policy(), table, signer=signer, tags=TAGS, model_version="bench")
        shelf.put(workspace.snapshots, built, signer)
        seconds.append(time.perf_counter() - began)
        versions.append(built.version)
    shelf.activate(workspace.snapshots, versions[0], signer)
    return Platform(kind, workspace, tuple(versions), tuple(seconds))


def activations(one: Platform, count: int) -> Iterator[bytes]:
    """What the folder's `current` says after each of `count` activations that take turns between both versions.

    They are signed beforehand and put in place during a measurement: to check 200 megabytes each time before signing
    is the publisher's work, and would be taken for the server's where both share a core.
    """
    folder, signer = one.workspace.snapshots, signer_of(one.workspace)
    aside = one.workspace.path / "aside"
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
