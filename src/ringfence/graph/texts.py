"""Which texts are copies of one another, give or take a word? Those whose sets of words and word pairs mostly agree.

Sets are compared by min-hash (Broder 1997): of each of 32 hashes the smallest over a set agrees for two sets as often
as their Jaccard index says. Four hashes at a time find candidates; all 32 must then agree well enough.
"""

# ruff: noqa: PLR2004 - bytes of UTF-8 are best read as they are

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from ringfence.kernels.threads import even, in_ranges
from ringfence.kernels.union import settle, unite

LEAST_WORDS = 8  # shorter texts are alike by accident: greetings, thanks, birthdays
MOST_CHARACTERS = 4_000  # what is read of a text
HASHES, BAND_HASHES = 32, 4
BANDS = HASHES // BAND_HASHES
# How many hashes must agree: a Jaccard index of about 0.7. One word of twelve changed leaves 0.77.
LEAST_AGREEING = 22
# A text is compared with so many that follow it in a bucket, and with the first of it.
NEXT = 16

_FACTORS = np.random.default_rng(32).integers(0, 1 << 63, HASHES, dtype=np.uint64) | np.uint64(1)

Hashes = NDArray[np.uint64]
Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]


def hashed(texts: pa.StringArray) -> tuple[Hashes, NDArray[np.int32]]:
    """For each text a hash of its words in their order, and how many words it has.

    Compatible forms and case do not count, nor do signs, links, mentions and what is invisible. Where words are not
    set apart by spaces (Chinese, Japanese, Thai), each character is one.
    """
    data, offsets = _buffers(texts)
    hashes, words = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.int32)
    in_ranges(lambda first, last: _hash_texts(data, offsets, hashes, words, first, last), even(len(texts)))
    return hashes, words


def marks(texts: pa.StringArray) -> Hashes:
    """The min-hashes of each text, m x 8: 32 of 16 bits, four to a number."""
    data, offsets = _buffers(texts)
    found = np.zeros((len(texts), HASHES), np.uint16)
    in_ranges(lambda first, last: _mark_texts(data, offsets, _FACTORS, found, first, last), even(len(texts)))
    return found.view(np.uint64)


def join_near(found: Hashes, parent: NDArray[np.int64]) -> None:
    """Unite, in `parent`, the texts whose marks (m x 8) mostly agree. The order of the texts decides nothing but which
    are compared where very many share a bucket."""
    lanes = found.view(np.uint16)
    for band in range(BANDS):
        values = found[:, band]
        order = np.argsort(values, kind="stable")
        _join_band(values[order], order, lanes, parent)
    settle(parent)


def _buffers(texts: pa.StringArray) -> tuple[Bytes, Offsets]:
    plain = pc.utf8_lower(pc.utf8_normalize(texts.cast(pa.large_string()), form="NFKC"))
    offsets = np.frombuffer(plain.buffers()[1], np.int64)[plain.offset : plain.offset + len(plain) + 1]
    held = plain.buffers()[2]
    return np.frombuffer(held, np.uint8) if held is not None and held.size else np.zeros(1, np.uint8), offsets


@njit(nogil=True, cache=True)
def _join_band(values: Hashes, order: NDArray[np.int64], lanes: NDArray[np.uint16], parent: NDArray[np.int64]) -> None:
    start = 0
    for place in range(len(values)):
        if values[place] != values[start]:
            start = place
        if _agree(lanes, order[start], order[place]):
            unite(parent, order[start], order[place])
        for other in range(place + 1, min(place + 1 + NEXT, len(values))):
            if values[other] != values[place]:
                break
            if _agree(lanes, order[place], order[other]):
                unite(parent, order[place], order[other])


@njit(nogil=True, cache=True)
def _agree(lanes: NDArray[np.uint16], one: int, other: int) -> bool:
    same = 0
    for lane in range(HASHES):
        if lanes[one, lane] == lanes[other, lane]:
            same += 1
    return same >= LEAST_AGREEING


@njit(nogil=True, cache=True)
def _hash_texts(data: Bytes, offsets: Offsets, hashes: Hashes, words: NDArray[np.int32], first: int, last: int) -> None:
    for row in range(first, last):
        place, end, whole = offsets[row], offsets[row + 1], np.uint64(0)
        while place < end:
            place, word = _next_word(data, place, end)
            if word:
                words[row] += 1
                whole = _mixed(whole * np.uint64(0x9E3779B97F4A7C15) + word)
        hashes[row] = whole


@njit(nogil=True, cache=True)
def _mark_texts(
    data: Bytes, offsets: Offsets, factors: Hashes, found: NDArray[np.uint16], first: int, last: int
) -> None:
    smallest = np.empty(HASHES, np.uint64)
    for row in range(first, last):
        place, end, before = offsets[row], offsets[row + 1], np.uint64(0)
        smallest[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        while place < end:
            place, word = _next_word(data, place, end)
            if word:
                pair = _mixed(before * np.uint64(0x9E3779B97F4A7C15) + word)
                for hashing in range(HASHES):
                    smallest[hashing] = min(smallest[hashing], word * factors[hashing])
                    if before:
                        smallest[hashing] = min(smallest[hashing], pair * factors[hashing])
                before = word
        for hashing in range(HASHES):
            # The upper bits of a smallest number are all zero; mixed, any sixteen will do.
            found[row, hashing] = np.uint16(_mixed(smallest[hashing]) & np.uint64(0xFFFF))


@njit(nogil=True, cache=True)
def _mixed(number: np.uint64) -> np.uint64:
    """Spread every bit over all others (the finaliser of MurmurHash3); never zero, which stands for no word."""
    number = (number ^ (number >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    number = (number ^ (number >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return (number ^ (number >> np.uint64(33))) | np.uint64(1 << 63)


@njit(nogil=True, cache=True)
def _next_word(data: Bytes, place: int, end: int) -> tuple[int, np.uint64]:
    """The hash of the word that begins at or behind `place`, zero where there is none, and where it ends."""
    word, started = np.uint64(14695981039346656037), False
    while place < end:
        first = data[place]
        if 97 <= first <= 122 or 48 <= first <= 57:
            if not started and first in (104, 119) and _begins_link(data, place, end):
                place = _behind_name(data, place, end)
                continue
            word = (word ^ np.uint64(first)) * np.uint64(1099511628211)  # FNV-1a
            started = True
            place += 1
            continue
        if first < 128:
            if started:
                break
            place = _behind_name(data, place, end) if first == 64 else place + 1
            continue
        kind, size = _kind(data, place, end)
        if started and kind in (SIGN, ALONE):
            break
        if kind in (LETTER, ALONE):
            for byte in range(place, place + size):
                word = (word ^ np.uint64(data[byte])) * np.uint64(1099511628211)
            started = True
        place += size
        if kind == ALONE:
            break
    return place, _mixed(word) if started else np.uint64(0)


SIGN, LETTER, ALONE, UNSEEN = 0, 1, 2, 3


@njit(nogil=True, cache=True)
def _kind(data: Bytes, place: int, end: int) -> tuple[int, int]:
    """What the UTF-8 character at `place`, beyond ASCII, is to a word, and how many bytes it has."""
    first = data[place]
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if place + size > end or size == 2:
        return (UNSEEN if first == 0xC2 and data[place + 1] == 0xAD else SIGN if first == 0xC2 else LETTER), min(
            size, end - place
        )
    second, third = data[place + 1], data[place + 2]
    if size == 4:
        # Emoji and other pictures; letters beyond them are rare scripts and rare Chinese characters.
        return (SIGN if first == 0xF0 and second == 0x9F else ALONE), 4
    if (first == 0xE2 and (second, third) >= (0x80, 0x8B) and (second, third) <= (0x80, 0x8F)) or (
        first == 0xEF and second in (0xB8, 0xBB)
    ):
        return UNSEEN, 3
    if first == 0xE2 or (first == 0xE3 and second == 0x80):
        return SIGN, 3
    if 0xE3 <= first <= 0xED or (first == 0xE0 and second in (0xB8, 0xB9)):
        return ALONE, 3
    return LETTER, 3


@njit(nogil=True, cache=True)
def _begins_link(data: Bytes, place: int, end: int) -> bool:
    if end - place < 8:
        return False
    if data[place] == 119:  # www.
        return bool(data[place + 1] == 119 and data[place + 2] == 119 and data[place + 3] == 46)
    if data[place] != 104 or data[place + 1] != 116 or data[place + 2] != 116 or data[place + 3] != 112:
        return False
    colon = place + 5 if data[place + 4] == 115 else place + 4  # https or http
    return bool(data[colon] == 58 and data[colon + 1] == 47 and data[colon + 2] == 47)


@njit(nogil=True, cache=True)
def _behind_name(data: Bytes, place: int, end: int) -> int:
    while place < end and data[place] > 32:
        place += 1
    return place
