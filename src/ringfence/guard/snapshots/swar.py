"""What can be asked of eight bytes at once, read as one word whose lowest byte comes first?

Answers about bytes are words of flags, the highest bit of each byte. The tricks are those of Hacker's Delight, section
6-1. Where it is not said that all flags are exact, those up to and including the first one are.
"""

import numpy as np
from numba import njit

_U = np.uint64
SIZE = 8  # bytes
_FLAGS = _U(0x8080808080808080)
_ONES = _U(0x0101010101010101)
_ZEROS = _U(0x3030303030303030)
_PAST_NINE = _U(0x7676767676767676)
_QUOTES, _ESCAPES, _BLANKS = _U(ord('"')) * _ONES, _U(ord("\\")) * _ONES, _U(ord(" ")) * _ONES


@njit(nogil=True, cache=True)
def word(data, place):
    """The word at data[place:place + 8], which must be there. Unsigned places spare the look for negative ones."""
    at = _U(place)
    return (
        _U(data[at])
        | (_U(data[at + _U(1)]) << _U(8))
        | (_U(data[at + _U(2)]) << _U(16))
        | (_U(data[at + _U(3)]) << _U(24))
        | (_U(data[at + _U(4)]) << _U(32))
        | (_U(data[at + _U(5)]) << _U(40))
        | (_U(data[at + _U(6)]) << _U(48))
        | (_U(data[at + _U(7)]) << _U(56))
    )


@njit(nogil=True, cache=True)
def equal(word, byte):
    """Flags of the bytes that are this one, every one of them exact."""
    differs = word ^ (_U(byte) * _ONES)
    return ~(((differs & ~_FLAGS) + ~_FLAGS) | differs | ~_FLAGS)


@njit(nogil=True, cache=True)
def first(flags):
    """The place, 0 to 7, of the first byte with a flag; 8 where there is none."""
    below = (((flags & (~flags + _U(1))) >> _U(7)) - _U(1)) & _ONES
    return np.int64((below * _ONES) >> _U(56))


@njit(nogil=True, cache=True)
def others_than_digits(word):
    """Flags of the bytes that are no decimal digit."""
    digits = word ^ _ZEROS
    return ((digits + _PAST_NINE) | digits) & _FLAGS


@njit(nogil=True, cache=True)
def number(word, count):
    """What the first `count` bytes, 0 to 8 decimal digits, are as a number.

    Neighbours are joined three times: to pairs, to fours, to all eight; digits that are not there count as zeros.
    """
    half = _U(4 * (SIZE - count))  # a word cannot be moved by all its bits at once
    digits = ((word ^ _ZEROS) << half) << half
    pairs = digits * _U(10) + (digits >> _U(8))
    lower, upper = pairs & _U(0x000000FF000000FF), (pairs >> _U(16)) & _U(0x000000FF000000FF)
    return np.int64((lower * _U(100 + (1_000_000 << 32)) + upper * _U(1 + (10_000 << 32))) >> _U(32))


@njit(nogil=True, cache=True)
def others_than_plain(word):
    """Flags of the bytes that end what is plain inside of quotes: a quote, an escape, and all but printable ASCII."""
    quote, escape = word ^ _QUOTES, word ^ _ESCAPES
    found = ((quote - _ONES) & ~quote) | ((escape - _ONES) & ~escape) | ((word - _BLANKS) & ~word)
    return (found | word | (word + _ONES)) & _FLAGS
