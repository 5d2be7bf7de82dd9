"""Which of these accounts has the guard been told something about?

Ids that are small whole numbers are bits of one dense set with ranks over it. All other ids are 128-bit fingerprints,
sorted, with a table of where each leading pattern starts. Before either stands a set of bits that is small enough for
the cache and says of most accounts that they are not there; only for the rest is anything read from memory. What is
found is the account's profile (flags.py), 0 for one that nothing is known about. "7" and 7 are the same account.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.guard.snapshots.fingerprint import fingerprints
from ringfence.guard.snapshots.lookups import (
    BLOCK,
    LARGEST_NUMBER,
    cut,
    digits,
    find_names,
    find_numbers,
    mark,
    members,
    numbers,
    of_prints,
    ranked,
    set_bits,
)

Profiles = NDArray[np.uint16]
Tables = tuple[NDArray[np.uint64] | NDArray[np.uint32] | Profiles, ...]
# A string, or a whole number, which is the same account as its decimal string.
Candidate = str | int
Ids = Sequence[str] | Sequence[int] | Sequence[Candidate]  # all strings, or all numbers

# A dense set may always take this many bits (64 MB); a larger one at most so many for each account in it.
_ALWAYS = 1 << 29
_BITS_AN_ACCOUNT = 512
SIEVED = 8  # bits of the sieve for a fingerprint, at the least
_SEPARATOR = "\0"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Arrays only, so that the kernels take them as they are."""

    key: NDArray[np.uint64]  # of the fingerprints
    bits: NDArray[np.uint64]
    coarse: NDArray[np.uint64]  # a bit for each eight numbers, whether any of them is there
    ranks: NDArray[np.uint32]
    of_numbers: Profiles  # in the order of the numbers
    prints: NDArray[np.uint64]  # rows of two words, ascending
    sieve: NDArray[np.uint64]  # a bit for each pattern of more leading bits, whether any fingerprint has it
    starts: NDArray[np.uint32]  # by the leading bits of the first word; one longer than there are patterns
    of_names: Profiles  # in the order of the fingerprints

    def profiles(self, ids: Ids) -> Profiles:
        """The profile of each account, in their order. Ids are strings, or whole numbers from 0 to 2^63 - 1."""
        if not ids:
            return np.empty(0, np.uint16)
        if isinstance(ids[0], int):
            return self.profiles_of_numbers(np.array(ids, np.int64))
        text = _SEPARATOR.join(ids)  # type: ignore[arg-type]
        raw = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
        starts, ends = np.empty((2, len(ids)), np.int64)
        if cut(raw, starts, ends) != len(ids):  # an id has the separator in it: cut by lengths
            ends = np.cumsum([len(one.encode("utf-8", "surrogatepass")) + 1 for one in ids]) - 1  # type: ignore[union-attr]
            starts = np.concatenate(([0], ends[:-1] + 1))
        return self.profiles_of_spans(raw, starts, ends)

    def profiles_of_spans(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> Profiles:
        """The same for ids that stand in bytes."""
        found: Profiles = find_names(data, starts, ends, *self.tables())
        return found

    def profiles_of_numbers(self, ids: NDArray[np.int64] | NDArray[np.uint32]) -> Profiles:
        """The same for an array of whole numbers."""
        found: Profiles = find_numbers(ids, *self.tables())
        return found

    def profiles_of_prints(self, prints: NDArray[np.uint64]) -> Profiles:
        """The same for fingerprints by the same key, rows of two words; ids that are bits have none."""
        found = np.zeros(len(prints), np.uint16)
        if len(self.prints):
            of_prints(prints, self.prints, self.sieve, self.starts, self.of_names, found)
        return found

    def lacks(self, number: int) -> bool:
        """Whether it is sure, by one look at the bits, that nothing is known of the account with this number."""
        if len(self.prints):
            return False
        word = number >> 6
        return word >= len(self.bits) or not int(self.bits[word]) >> (number & 63) & 1

    def numbers(self) -> NDArray[np.int64]:
        """The numbers that are bits of the set, ascending."""
        found: NDArray[np.int64] = members(self.bits, len(self.of_numbers))
        return found

    def everybody(self) -> tuple[NDArray[np.uint64], Profiles]:
        """The fingerprint of every account, and its profile; numbers are spelt out for it."""
        prints = np.concatenate([digits(self.numbers(), self.key), self.prints])
        return prints, np.concatenate([self.of_numbers, self.of_names])

    def tables(self) -> Tables:
        """Everything, as the kernels take it."""
        return (
            self.key,
            self.bits,
            self.coarse,
            self.ranks,
            self.of_numbers,
            self.prints,
            self.sieve,
            self.starts,
            self.of_names,
        )


def nobody() -> Accounts:
    """No account at all, laid out as one that was read from a file."""
    no_words, no_profiles = np.frombuffer(b"", np.uint64), np.frombuffer(b"", np.uint16)
    return Accounts(
        np.zeros(2, np.uint64), no_words, no_words, np.zeros(0, np.uint32), no_profiles,
        no_words.reshape(-1, 2), no_words, np.frombuffer(bytes(12), np.uint32), no_profiles,
    )  # fmt: skip


def numbers_kept(numbers: NDArray[np.int64]) -> bool:
    """Whether numbers, ascending, are dense enough to be bits of a set."""
    if not len(numbers):
        return False
    last = int(numbers[-1])
    return last < LARGEST_NUMBER and last < max(_ALWAYS, _BITS_AN_ACCOUNT * len(numbers))


def dense(numbers: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Numbers, ascending, as bits of 64-bit words, and how many stand before each block of words."""
    words = 0 if not len(numbers) else (int(numbers[-1]) // (64 * BLOCK) + 1) * BLOCK
    bits = np.zeros(words, np.uint64)
    set_bits(numbers, bits)
    return bits, ranked(bits)


def coarse(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """For each byte of the bits one bit, whether it holds any."""
    return np.packbits(bits.view(np.uint8) != 0, bitorder="little").view(np.uint64)


def patterns(prints: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Where the fingerprints with each leading pattern start; about two have the same one."""
    leading = max(1, (len(prints) // 2).bit_length())
    edges = np.arange((1 << leading) + 1, dtype=np.float64) * 2.0 ** (64 - leading)
    starts = np.searchsorted(prints[:, 0], edges[:-1].astype(np.uint64)).astype(np.uint32)
    return np.append(starts, np.uint32(len(prints)))


def sieve(prints: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Which patterns of leading bits the fingerprints, ascending, have: at most one of eight that there could be."""
    bits = np.zeros(1 << max(0, (SIEVED * len(prints)).bit_length() - 6), np.uint64)
    mark(prints, bits)
    return bits


def read_ids(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], key: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Of ids in UTF-8 that stand one after another: the number that each is, or -1, and its fingerprint."""
    return numbers(data, offsets), fingerprints(data, offsets[:-1], offsets[1:], key)
