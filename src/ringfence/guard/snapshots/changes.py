"""What differs between two snapshots?

Accounts are compared by their fingerprints, so that it can be told how many came and went, and not who.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.snapshots.accounts import Profiles
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.terms.stored import terms_of

_BITS = 16
_MASK = (1 << _BITS) - 1


@dataclass(frozen=True, slots=True)
class Count:
    """How many are there now, and how many of them came or went."""

    now: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Changes:
    """From one snapshot to another. `accounts` by signal; `changed_tags` have another share than before.

    With another signing key nobody can tell who is the same: then every account counts as gone and as new.
    """

    before: str
    after: str
    accounts: Mapping[str, Count]
    terms: Count
    tags: Count
    changed_tags: int
    policies: tuple[str, str]
    policy_changed: bool
    trial_changed: bool


def changes(before: Snapshot, after: Snapshot) -> Changes:
    """What differs in the second of two snapshots."""
    terms = frozenset(terms_of(before.terms)), frozenset(terms_of(after.terms))
    tags = frozenset(before.tags), frozenset(after.tags)
    return Changes(
        before.version,
        after.version,
        _accounts(before, after),
        _count(*terms),
        _count(*tags),
        sum(before.tags[tag] != after.tags[tag] for tag in tags[0] & tags[1]),
        (before.policy.version, after.policy.version),
        before.policy.text != after.policy.text,
        before.trial != after.trial,
    )


def _count(before: frozenset[object], after: frozenset[object]) -> Count:
    return Count(len(after), len(after - before), len(before - after))


def _accounts(before: Snapshot, after: Snapshot) -> dict[str, Count]:
    now: dict[str, int] = {}
    new: dict[str, int] = {}
    gone: dict[str, int] = {}
    for old, fresh, many in _pairs(before, after):
        was = {flag.signal for flag in before.profiles[old]}
        has = {flag.signal for flag in after.profiles[fresh]}
        for counted, signals in ((now, has), (new, has - was), (gone, was - has)):
            for signal in signals:
                counted[signal] = counted.get(signal, 0) + many
    return {name: Count(now.get(name, 0), new.get(name, 0), gone.get(name, 0)) for name in sorted({*now, *gone})}


def _pairs(before: Snapshot, after: Snapshot) -> Iterator[tuple[int, int, int]]:
    """Every pair of profiles that an account has before and after, and how many accounts have it."""
    old, fresh = before.accounts.everybody(), after.accounts.everybody()
    if before.key != after.key:
        old_in_fresh, fresh_in_old = np.zeros(len(old[1]), np.uint16), np.zeros(len(fresh[1]), np.uint16)
    else:
        old_in_fresh, fresh_in_old = _profiles(old[0], *fresh), _profiles(fresh[0], *old)
    left = old_in_fresh == 0
    pairs = np.concatenate([_packed(fresh_in_old, fresh[1]), _packed(old[1][left], old_in_fresh[left])])
    for pair, many in zip(*(one.tolist() for one in np.unique(pairs, return_counts=True)), strict=True):
        yield pair >> _BITS, pair & _MASK, many


def _packed(old: Profiles, fresh: Profiles) -> NDArray[np.int64]:
    return old.astype(np.int64) << _BITS | fresh


def _profiles(wanted: NDArray[np.uint64], prints: NDArray[np.uint64], profiles: Profiles) -> Profiles:
    """The profile of each fingerprint among others, 0 where it is not one of them."""
    if not len(prints):
        return np.zeros(len(wanted), np.uint16)
    order = np.lexsort((prints[:, 1], prints[:, 0]))
    rows, sought = _joined(prints[order]), _joined(wanted)
    places = np.minimum(np.searchsorted(rows, sought), len(rows) - 1)
    return np.where(rows[places] == sought, profiles[order][places], 0).astype(np.uint16)


def _joined(prints: NDArray[np.uint64]) -> NDArray[np.bytes_]:
    """Both words of each fingerprint as sixteen bytes that sort as the words do."""
    return np.ascontiguousarray(prints.astype(">u8")).view("S16").reshape(-1)
