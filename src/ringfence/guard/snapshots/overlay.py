"""What is known about accounts and tags: the snapshot's, with what has come since laid over it.

A delta (delta.py) is small and comes every second: it is looked up beside the snapshot's tables, not merged in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.snapshots.accounts import Accounts, Candidate, Ids, Profiles, nobody
from ringfence.guard.snapshots.flags import Flag, Profile
from ringfence.guard.snapshots.plain_slate import judge_slate, profile_of
from ringfence.guard.snapshots.snapshot import Snapshot

NOBODY = nobody()
# Two profiles are packed into one number, to meet each pair of them once.
_BITS = 16
_MASK = (1 << _BITS) - 1
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Known:
    """`more` has accounts whose profile in it, a number of `profiles` too, counts instead of that in `accounts`."""

    accounts: Accounts
    profiles: tuple[Profile, ...]
    tags: Mapping[str, float]
    more: Accounts = NOBODY
    sequence: int = 0  # of the delta

    def profiles_of(self, ids: Ids) -> Profiles:
        """The number of each account's profile, 0 where nothing is known. Ids are all strings or all whole numbers."""
        found = self.accounts.profiles(ids)
        return found if self.more is NOBODY else _over(self.more.profiles(ids), found)

    def profiles_of_numbers(self, ids: NDArray[np.int64] | NDArray[np.uint32]) -> Profiles:
        """The same for an array."""
        found = self.accounts.profiles_of_numbers(ids)
        return found if self.more is NOBODY else _over(self.more.profiles_of_numbers(ids), found)

    def profile_of(self, account: Candidate) -> int:
        """The number of one account's profile."""
        written = str(account)
        if _is_number(written) and self.accounts.lacks(int(written)) and self.more.lacks(int(written)):
            return 0  # most viewers are nobody in particular, and the compiled way costs ten times as much
        data = np.frombuffer(written.encode("utf-8", "surrogatepass"), np.uint8)
        return int(profile_of(data, self.accounts.tables(), self.more.tables()))

    def judge_slate(
        self,
        data: NDArray[np.uint8],
        most: int,
        longest: int,
        rules: NDArray[np.uint16],
        verdicts: NDArray[np.uint8],
        tails: NDArray[np.uint8],
        ends: NDArray[np.int64],
    ) -> tuple[int, int, int, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """A plain JSON array judged in one go: see plain_slate.py."""
        tables = self.accounts.tables(), self.more.tables()
        judged: tuple[int, int, int, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]
        judged = judge_slate(data, most, longest, *tables, rules, verdicts, tails, ends)
        return judged


def known_of(base: Snapshot) -> Known:
    """What a snapshot alone knows."""
    return Known(base.accounts, base.profiles, base.tags)


def laid_over(
    base: Snapshot, accounts: Accounts, profiles: Sequence[Profile], tags: Mapping[str, float], sequence: int
) -> Known:
    """A snapshot with more accounts and tags over it. Nothing that it knows is taken away or weakened."""
    numbers = {profile: number for number, profile in enumerate(base.profiles)}
    merged = list(base.profiles)
    below = _below(base.accounts, accounts)
    tables = []
    for own, under in ((accounts.of_numbers, below[0]), (accounts.of_names, below[1])):
        pairs, places = np.unique(own.astype(np.int64) << _BITS | under, return_inverse=True)
        table = np.empty(len(pairs), np.uint16)
        for row, pair in enumerate(pairs.tolist()):
            profile = tuple(sorted({*base.profiles[pair & _MASK], *profiles[pair >> _BITS]}, key=_order))
            if profile not in numbers:
                numbers[profile] = len(merged)
                merged.append(profile)
            table[row] = numbers[profile]
        tables.append(table[places.reshape(-1)])
    more = replace(accounts, of_numbers=tables[0], of_names=tables[1])
    risks = {tag: max(share, base.tags.get(tag, 0.0)) for tag, share in tags.items()}
    return Known(base.accounts, tuple(merged), {**base.tags, **risks}, more, sequence)


def _is_number(account: str) -> bool:
    return len(account) <= _MOST_DIGITS and account.isascii() and account.isdigit()


def _over(above: Profiles, below: Profiles) -> Profiles:
    return np.where(above, above, below)


def _below(base: Accounts, accounts: Accounts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The profile that the snapshot has for each account of a delta: those by number, and those by fingerprint."""
    by_number = base.profiles_of_numbers(accounts.numbers())
    return by_number.astype(np.int64), base.profiles_of_prints(accounts.prints).astype(np.int64)


def _order(flag: Flag) -> tuple[str, int, int]:
    return flag.signal, flag.steps, flag.until
