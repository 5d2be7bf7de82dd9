"""How are many terms laid out, so that one pass over a text meets each where it may stand?

Terms are words of letter classes with runs collapsed, in a trie that is walked from every place where a word may start
(from every place at all for substring terms). The trie is a hash table of (state, class) -> state: one random access a
letter, and most walks end after two. A second table has every term with one letter left out, for tokens in which one
character is a mask or no letter we know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.terms.characters import CODE, EMOJI, KIND_AT, SYMBOL_AT, Kind, characters
from ringfence.terms.units import (
    BLANK,
    GAP,
    NEWLINE,
    RAW,
    SEPARATED,
    room,
    split,
)
from ringfence.terms.verify import BREAK_AT, SUBSTRING, WILDCARD

# The roots of the trie.
WORDS, ANYWHERE, PICTURES = 0, 1, 2
ROOTS = 3
# Letters of the longest term; a longer one is refused.
LONGEST = 60
NOTHING = -1
_MULTIPLIER = 0x1E3779B97F4A7C15
LEFT_OUT = 0x1FFFFF  # stands for the letter that is left out; no code point is so large
_LEAST_LOAD = 16

# Columns of `entries`: one row a pattern.
LETTERS, SIZE, RUNS, RUN_COUNT, MODE, ALLOWED, TEXT, TEXT_SIZE, NEXT, TERM, EXCEPTION = range(11)
COLUMNS = 11


@dataclass(frozen=True, slots=True)
class Index:
    """Arrays only, so that the kernels take it as it is. `entries` has a row a pattern; the columns are named above."""

    entries: NDArray[np.int32]
    letters: NDArray[np.int64]
    runs: NDArray[np.int32]
    text: NDArray[np.uint8]
    trie: NDArray[np.int64]
    ends: NDArray[np.int32]
    masked: NDArray[np.int64]
    substrings: int


def build(
    texts: Sequence[str],
    modes: NDArray[np.int32],
    least: NDArray[np.int32],
    owners: NDArray[np.int32],
    exceptions: NDArray[np.bool_],
) -> Index:
    """The index of patterns, each with a letter or an emoji and at most LONGEST letters (see `spelled`).

    `modes` are numbers of verify.py; `least` has a row a pattern with the letters it needs for each tier, `owners` the
    term that each belongs to, and `exceptions` whether it says where that term is none.
    """
    tables = characters()
    raw = [text.encode("utf-8", "surrogatepass") for text in texts]
    sizes = np.fromiter(map(len, raw), np.int64, len(raw))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    text = np.frombuffer(b"".join(raw), np.uint8)
    entries, letters, runs = _spell(text, offsets, tables.words, tables.expansions, modes, least)
    entries[:, TERM], entries[:, EXCEPTION] = owners, exceptions
    trie, ends = _trie(entries, letters, runs, _capacity(len(letters)))
    masked = _masks(entries, letters, _capacity(int(entries[_maskable(entries), SIZE].sum())))
    substrings = int((modes == SUBSTRING).any())
    return Index(entries, letters, runs, text, trie, ends, masked, substrings)


def spelled(text: str) -> tuple[int, int]:
    """How many letters and how many emoji the fold finds in a text; a pattern needs one. Signs alone are none."""
    tables = characters()
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    pictures = np.empty((len(data) + 1, 3), np.int32)
    units, where = room(len(data))
    count, seen, _ = split(data, 0, len(data), RAW, tables.words, tables.expansions, units, where, pictures)
    signs_alone = all(int(word) >> KIND_AT & 15 == Kind.SIGN for word in units[:count])
    return (0 if signs_alone else count), seen


def mixes(text: str) -> bool:
    """Whether letters and emoji stand in one text; emoji that are letters, as those of flags, count as letters."""
    words = [int(characters().words[ord(character)]) for character in text]
    pictures = any(word & EMOJI and word >> KIND_AT & 15 == Kind.OTHER for word in words)
    return pictures and any(Kind.LETTER <= word >> KIND_AT & 15 <= Kind.DIGIT for word in words)


def _maskable(entries: NDArray[np.int32]) -> NDArray[np.bool_]:
    may = entries[:, ALLOWED] >> WILDCARD & 1 == 1
    kept: NDArray[np.bool_] = may & (entries[:, EXCEPTION] == 0) & (entries[:, RUN_COUNT] > 0)
    return kept


def _capacity(least: int) -> int:
    """A power of two that leaves half of a hash table empty."""
    return 1 << max(_LEAST_LOAD, 2 * least).bit_length()


@njit(nogil=True, cache=True)
def slot(key, size):
    """Where a key is looked for first."""
    mixed = key * _MULTIPLIER
    return (mixed ^ mixed >> 32) & (size - 1)


@njit(nogil=True, cache=True)
def step(trie, state, symbol):
    """The state after one more letter class, or NOTHING."""
    key = state << 21 | symbol
    place = slot(key, len(trie))
    while trie[place, 0] != NOTHING:
        if trie[place, 0] == key:
            return trie[place, 1]
        place = (place + 1) & (len(trie) - 1)
    return np.int64(NOTHING)


@njit(nogil=True, cache=True)
def mixed_in(mixed, symbol):
    """A running hash of letter classes; 62 bits, never negative."""
    return ((mixed ^ symbol) * 0x2545F4914F6CDD1D ^ mixed >> 29) & 0x3FFFFFFFFFFFFFFF


@njit(nogil=True, cache=True)
def _spell(text, offsets, words, expansions, modes, least):
    """Each pattern's letters, breaks and runs, by the same split that texts go through."""
    patterns = len(offsets) - 1
    entries = np.zeros((patterns, COLUMNS), np.int32)
    most = 4 * len(text) + 1
    letters, runs = np.empty(most, np.int64), np.empty(most + 2 * patterns, np.int32)
    longest = 0
    for pattern in range(patterns):
        longest = max(longest, offsets[pattern + 1] - offsets[pattern])
    units, where = room(longest)
    pictures = np.empty((len(text) + 1, 3), np.int32)
    used = run_count = 0
    for pattern in range(patterns):
        begin, end = offsets[pattern], offsets[pattern + 1]
        count, seen, _ = split(text, begin, end, RAW, words, expansions, units, where, pictures)
        entry = entries[pattern]
        entry[LETTERS], entry[RUNS], entry[TEXT], entry[TEXT_SIZE] = used, run_count, begin, end - begin
        entry[MODE] = modes[pattern]
        count = max(count, 0)
        for unit in range(count):
            gap = where[unit, GAP] & SEPARATED
            broken = 0 if unit == 0 or not gap else 1 if gap & (BLANK | NEWLINE) else 2
            letters[used] = units[unit] & ~(7 << BREAK_AT) | broken << BREAK_AT
            if unit == 0 or (letters[used] ^ letters[used - 1]) >> SYMBOL_AT & CODE:
                runs[run_count] = unit
                run_count += 1
                entry[RUN_COUNT] += 1
            used += 1
        runs[run_count] = count
        run_count += 1
        entry[SIZE] = count
        for tier in range(least.shape[1]):
            if count >= least[pattern, tier]:
                entry[ALLOWED] |= 1 << tier
        if count == 0:
            for picture in range(seen):
                letters[used] = pictures[picture, 0]
                used += 1
            entry[SIZE] = seen
    return entries, letters[:used].copy(), runs[:run_count].copy()


@njit(nogil=True, cache=True)
def _trie(entries, letters, runs, capacity):
    trie = np.full((capacity, 2), NOTHING, np.int64)
    ends = np.full(capacity, NOTHING, np.int32)
    made = ROOTS
    for pattern in range(len(entries)):
        entry = entries[pattern]
        spelled_out = entry[RUN_COUNT] > 0
        state = np.int64((ANYWHERE if entry[MODE] == SUBSTRING else WORDS) if spelled_out else PICTURES)
        for place in range(entry[RUN_COUNT] if spelled_out else entry[SIZE]):
            if spelled_out:
                symbol = letters[entry[LETTERS] + runs[entry[RUNS] + place]] >> SYMBOL_AT & CODE
            else:
                symbol = letters[entry[LETTERS] + place]
            key = state << 21 | symbol
            at = slot(key, capacity)
            while trie[at, 0] not in (NOTHING, key):
                at = (at + 1) & (capacity - 1)
            if trie[at, 0] == NOTHING:
                trie[at, 0], trie[at, 1] = key, made
                made += 1
            state = trie[at, 1]
        entry[NEXT] = ends[state]
        ends[state] = pattern
    return trie, ends[:made].copy()


@njit(nogil=True, cache=True)
def _masks(entries, letters, capacity):
    masked = np.full((capacity, 2), NOTHING, np.int64)
    for pattern in range(len(entries)):
        entry = entries[pattern]
        if not entry[ALLOWED] >> WILDCARD & 1 or entry[EXCEPTION] or not entry[RUN_COUNT]:
            continue
        for hole in range(entry[SIZE]):
            mixed = np.int64(0)
            for place in range(entry[SIZE]):
                symbol = letters[entry[LETTERS] + place] >> SYMBOL_AT & CODE
                mixed = mixed_in(mixed, LEFT_OUT if place == hole else symbol)
            at = slot(mixed, capacity)
            while masked[at, 0] != NOTHING:
                at = (at + 1) & (capacity - 1)
            masked[at, 0], masked[at, 1] = mixed, pattern
    return masked
