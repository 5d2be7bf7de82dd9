"""What is known about which account, and how do all flags of one account become one small number?

A flag is a signal about an account, how strong it is and until when it holds. All flags of an account are its profile;
most accounts share theirs with many others, so a table of accounts needs two bytes for each.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyroaring import BitMap

from ringfence.guard.snapshots.accounts import (
    Accounts,
    Profiles,
    coarse,
    dense,
    numbers_kept,
    patterns,
    read_ids,
    sieve,
)
from ringfence.guard.snapshots.fingerprint import key_words
from ringfence.guard.snapshots.profile_tree import Tree, grow, sprout
from ringfence.model.faults import Fault

# One row a flag. Strength is floored to steps of 0.05, and a flag with `until` is over from that moment on.
FLAGS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        pa.field("strength", pa.float32(), nullable=False),
        pa.field("until", pa.timestamp("us", tz="UTC")),
    ]
)
STEPS = 20  # of strength; a policy's strengths are multiples of one
MOST_PROFILES = 65_535
_ALWAYS = 0  # a flag's `until` when it has none
_SECOND = 1_000_000  # microseconds
# How a flag is packed into 64 bits to be sorted: its signal's rank above these.
_UNTIL_BITS, _STEP_BITS = 40, 5
_ROUNDING = 1e-4  # 0.95 as a 32-bit float is a little less than 19 steps


class Flag(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One thing that is known. `steps` of 20 is its strength, `until` are seconds since 1970, 0 for no end."""

    signal: str
    steps: int
    until: int

    @property
    def strength(self) -> float:
        return self.steps / STEPS

    def holds(self, now: float) -> bool:
        """Whether it is not over yet."""
        return self.until == _ALWAYS or now < self.until


Profile = tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Flagged:
    """Accounts with flags, stored: numbers as a roaring bitmap, other ids as fingerprints. No profile is number 0."""

    roaring: bytes
    of_numbers: Profiles
    prints: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    of_names: Profiles
    profiles: tuple[Profile, ...]

    def accounts(self, key: bytes) -> Accounts:
        """The same ready to be asked: the bitmap spread out into a dense set."""
        numbers = np.frombuffer(BitMap.deserialize(self.roaring).to_array(), np.uint32)
        if len(numbers) != len(self.of_numbers):
            raise ValueError("there are not as many numbers as profiles")
        bits, ranks = dense(numbers)
        return Accounts(
            key_words(key),
            bits,
            coarse(bits),
            ranks,
            self.of_numbers,
            self.prints,
            sieve(self.prints),
            self.starts,
            self.of_names,
        )


def flagged(flags: pa.Table, key: bytes, as_bits: Callable[[NDArray[np.int64]], bool] = numbers_kept) -> Flagged:
    """Every account of a table of FLAGS with its profile. The order of the rows changes nothing.

    `as_bits` says whether numbers, ascending, are to be bits of a dense set; else they are kept as other ids are.
    Raises Fault when accounts differ in more ways than MOST_PROFILES.
    """
    flags = flags.cast(FLAGS).combine_chunks()
    kinds, codes = _kinds(flags)
    data, offsets = _utf8(flags["account_id"])
    numbers, prints = read_ids(data, offsets, key_words(key))
    is_number = numbers >= 0
    if not as_bits(np.sort(numbers[is_number])):
        is_number = np.zeros_like(is_number)
    tree = sprout()
    of_numbers, rows = _profiles(np.flatnonzero(is_number), numbers[:, None].view(np.uint64), codes, tree)
    of_names, name_rows = _profiles(np.flatnonzero(~is_number), prints, codes, tree)
    if len(tree) > MOST_PROFILES:
        what = f"accounts differ in {len(tree):,} ways, and {MOST_PROFILES:,} are the most"
        raise Fault(what, where="the flags of accounts", mend="let limits end on fewer different days")
    named = np.ascontiguousarray(prints[name_rows])
    return Flagged(
        BitMap(numbers[rows].astype(np.uint32)).serialize(),
        of_numbers, named, patterns(named), of_names, _spelled(tree, kinds),
    )  # fmt: skip


def table(rows: Collection[tuple[str, str, float, object]]) -> pa.Table:
    """FLAGS of rows (account_id, signal, strength, until)."""
    columns: Sequence[Sequence[object]] = list(zip(*rows, strict=True)) or [[], [], [], []]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, FLAGS, strict=True)], schema=FLAGS)


def _kinds(flags: pa.Table) -> tuple[list[Flag], NDArray[np.int64]]:
    """The different flags, sorted, and which of them each row has."""
    strength = flags["strength"].to_numpy()
    if len(strength) and not (np.isfinite(strength).all() and (strength >= 0).all() and (strength <= 1).all()):
        raise Fault(
            "a strength is not from 0 to 1", where="the flags of accounts", mend="divide by the largest there is"
        )
    steps = np.floor(strength.astype(np.float64) * STEPS + _ROUNDING).astype(np.int64)
    micros = pc.fill_null(flags["until"].cast(pa.int64()), _ALWAYS).to_numpy()
    until = np.where(micros == _ALWAYS, _ALWAYS, np.maximum(-(-micros // _SECOND), 1))
    signal = flags["signal"].combine_chunks().dictionary_encode()
    if isinstance(signal, pa.ChunkedArray):
        signal = signal.combine_chunks()
    names = np.array(signal.dictionary.to_pylist(), dtype=str)
    ranks = np.argsort(np.argsort(names))
    packed = (ranks[signal.indices.to_numpy()] << _UNTIL_BITS | until) << _STEP_BITS | steps if len(flags) else steps
    kinds, codes = np.unique(packed, return_inverse=True)
    names = np.sort(names)
    return [_unpacked(int(kind), names) for kind in kinds], codes.astype(np.int64)


def _unpacked(kind: int, names: NDArray[np.str_]) -> Flag:
    until = kind >> _STEP_BITS & ((1 << _UNTIL_BITS) - 1)
    return Flag(str(names[kind >> (_STEP_BITS + _UNTIL_BITS)]), kind & ((1 << _STEP_BITS) - 1), until)


def _utf8(ids: pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    array = pa.concat_arrays([pa.array([], pa.large_string()), *ids.cast(pa.large_string()).chunks])
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), places


def _profiles(
    rows: NDArray[np.int64], ids: NDArray[np.uint64], codes: NDArray[np.int64], tree: Tree
) -> tuple[Profiles, NDArray[np.int64]]:
    """The profile of each account among some rows, ascending by id, and one row that each stands in."""
    return grow(_sorted(rows, ids, codes), ids, codes, tree)  # type: ignore[no-any-return]


def _sorted(rows: NDArray[np.int64], ids: NDArray[np.uint64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows by id, then code. Most ids differ in their first word, so only the rest is sorted by all of it."""
    order = rows[np.argsort(ids[rows, 0])]
    first = ids[order, 0]
    same = first[1:] == first[:-1]
    tied = np.append(same, False) | np.append(False, same) if len(order) else np.zeros(0, np.bool_)
    some = order[tied]
    order[tied] = some[np.lexsort((codes[some], *ids[some].T[::-1]))]
    return order


def _spelled(tree: Tree, kinds: Sequence[Flag]) -> tuple[Profile, ...]:
    profiles: list[Profile] = [()] * (len(tree) + 1)
    for step, node in tree.items():  # a node's parent is older than it is
        profiles[node] = (*profiles[step >> 32], kinds[step & 0xFFFFFFFF])
    return tuple(profiles)
