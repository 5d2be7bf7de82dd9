"""How are bits and fingerprints looked up, in compiled code?

Reads that miss the cache are what a lookup costs, so each kernel goes over its ids in passes: one that only reads, so
that the reads overlap, then one that looks at what came back.
"""

import numpy as np
from numba import njit

from ringfence.guard.snapshots.fingerprint import fingerprint, fingerprints

# Numbers from here on are looked up by their digits; below, they may be bits.
LARGEST_NUMBER = 1 << 32
_MOST_DIGITS = 10
BLOCK = 8  # words of 64 bits a rank
BITS, PRINTS = 1, 5  # places in the tables of Accounts


@njit(nogil=True, cache=True)
def numbers(data, offsets):
    found = np.empty(len(offsets) - 1, np.int64)
    for row in range(len(found)):
        found[row] = number_in(data, offsets[row], offsets[row + 1])
    return found


@njit(nogil=True, cache=True)
def number_in(data, start, end):
    """The number below LARGEST_NUMBER that stands in data[start:end] as str() writes it, or -1."""
    if end <= start or end - start > _MOST_DIGITS or (data[start] == 48 and end - start > 1):
        return np.int64(-1)
    value = np.int64(0)
    for place in range(start, end):
        digit = np.int64(data[place]) - 48
        if digit < 0 or digit > 9:
            return np.int64(-1)
        value = value * 10 + digit
    return value if value < LARGEST_NUMBER else np.int64(-1)


@njit(nogil=True, cache=True)
def set_bits(numbers, bits):
    for number in numbers:
        bits[number >> 6] |= np.uint64(1) << np.uint64(number & 63)


@njit(nogil=True, cache=True)
def _ones(word):
    """How many bits of a word are set (Hacker's Delight, section 5-1)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(nogil=True, cache=True)
def ranked(bits):
    ranks = np.empty(len(bits) // BLOCK, np.uint32)
    before = 0
    for block in range(len(ranks)):
        ranks[block] = before
        for word in range(block * BLOCK, (block + 1) * BLOCK):
            before += _ones(bits[word])
    return ranks


@njit(nogil=True, cache=True)
def members(bits, count):
    """The numbers that are bits, ascending; `count` is how many there are."""
    found = np.empty(count, np.int64)
    place = 0
    for word in range(len(bits)):
        left = bits[word]
        while left:
            found[place] = word << 6 | _ones((left & -left) - np.uint64(1))
            place += 1
            left &= left - np.uint64(1)
    return found


@njit(nogil=True, cache=True)
def cut(data, starts, ends):
    """Where each id starts and ends, if there are as many as there is room for; gives how many there are."""
    row = 0
    if len(starts):
        starts[0] = 0
    for place in range(len(data)):
        if data[place] == 0:
            if row < len(ends):
                ends[row] = place
            row += 1
            if row < len(starts):
                starts[row] = place + 1
    if row < len(ends):
        ends[row] = len(data)
    return row + 1


@njit(nogil=True, cache=True)
def _bit(bits, number):
    return np.int64((bits[number >> 6] >> np.uint64(number & 63)) & np.uint64(1))


@njit(nogil=True, cache=True)
def _of_numbers(numbers, bits, coarse, ranks, of_numbers, found):
    """The profiles of numbers that are bits of the set."""
    last = np.int64(len(bits)) << 6
    rows = np.empty(len(numbers), np.int64)
    left = np.int64(0)
    for row in range(len(numbers)):
        number = numbers[row]
        rows[left] = row
        if 0 <= number < last:
            left += _bit(coarse, number >> 3)
    for at in range(left):
        found[rows[at]] = _bit(bits, numbers[rows[at]])
    for at in range(left):
        row = rows[at]
        if found[row]:
            number = numbers[row]
            word = number >> 6
            rank = np.int64(ranks[word // BLOCK])
            for earlier in range(word // BLOCK * BLOCK, word):
                rank += _ones(bits[earlier])
            rank += _ones(bits[word] & ((np.uint64(1) << np.uint64(number & 63)) - np.uint64(1)))
            found[row] = of_numbers[rank]


@njit(nogil=True, cache=True)
def _shift(patterns):
    """How far a word is moved for its leading bits, of which there are so many patterns, a power of two above 1."""
    leading = 1
    while 1 << leading < patterns:
        leading += 1
    return np.uint64(64 - leading)


@njit(nogil=True, cache=True)
def mark(prints, sieve):
    """Set the bit of each fingerprint's leading pattern."""
    shift = _shift(len(sieve) << 6)
    for row in range(len(prints)):
        pattern = np.int64(prints[row, 0] >> shift)
        sieve[pattern >> 6] |= np.uint64(1) << np.uint64(pattern & 63)


@njit(nogil=True, cache=True)
def of_prints(wanted, prints, sieve, starts, of_names, found):
    """The profiles of fingerprints, for rows without one yet; again in passes, so that reads overlap."""
    sieve_shift, shift = _shift(len(sieve) << 6), _shift(len(starts) - 1)
    rows, edges = np.empty(len(wanted), np.int64), np.empty((len(wanted), 2), np.uint32)
    left = np.int64(0)
    for row in range(len(wanted)):
        rows[left] = row
        left += _bit(sieve, np.int64(wanted[row, 0] >> sieve_shift))
    for at in range(left):
        pattern = np.int64(wanted[rows[at], 0] >> shift)
        edges[at, 0], edges[at, 1] = starts[pattern], starts[pattern + 1]
    for at in range(left):
        row = rows[at]
        for place in range(edges[at, 0], edges[at, 1]):
            if prints[place, 0] == wanted[row, 0] and prints[place, 1] == wanted[row, 1] and not found[row]:
                found[row] = of_names[place]


@njit(nogil=True, cache=True)
def find_names(data, begins, ends, key, bits, coarse, ranks, of_numbers, prints, sieve, starts, of_names):
    found = np.zeros(len(ends), np.uint16)
    if len(bits):
        numbers = np.empty(len(ends), np.int64)
        for row in range(len(ends)):
            numbers[row] = number_in(data, begins[row], ends[row])
        _of_numbers(numbers, bits, coarse, ranks, of_numbers, found)
    if len(prints):
        of_prints(fingerprints(data, begins, ends, key), prints, sieve, starts, of_names, found)
    return found


@njit(nogil=True, cache=True)
def find_numbers(ids, key, bits, coarse, ranks, of_numbers, prints, sieve, starts, of_names):
    found = np.zeros(len(ids), np.uint16)
    if len(bits):
        _of_numbers(ids, bits, coarse, ranks, of_numbers, found)
    if len(prints):
        of_prints(digits(ids, key), prints, sieve, starts, of_names, found)
    return found


@njit(nogil=True, cache=True)
def digits(ids, key):
    """The fingerprints of numbers, written out."""
    wanted, spelt = np.empty((len(ids), 2), np.uint64), np.empty(20, np.uint8)
    for row in range(len(ids)):
        number, place = np.int64(ids[row]), len(spelt)
        while place == len(spelt) or number:
            place -= 1
            spelt[place] = 48 + number % 10
            number //= 10
        wanted[row, 0], wanted[row, 1] = fingerprint(spelt, place, len(spelt), key)
    return wanted
