"""Of which letters is a text made, in the order they are read, and where in the text does each stand?

A unit is one letter, digit or sign that may stand for a letter. Blanks, punctuation, emoji and whatever is not drawn
are no units: they are the gap before the next one. Works on UTF-8, in one pass, without allocating.
"""

import numpy as np
from numba import njit

from ringfence.terms.characters import (
    CODE,
    EMOJI,
    KIND_AT,
    SIGNATURE_AT,
    SYMBOL_AT,
    Kind,
)

# What lies in the gap before a unit; its count and first character are packed above these bits.
BLANK = 1
NEWLINE = 2
PUNCTUATION = 4
PICTURE = 8
UNDERSCORE = 16
APOSTROPHE = 32
SEPARATED = 63  # any of the above
HIDDEN = 64  # only what is not drawn: no separation
COUNT_AT = 8
FIRST_AT = 16
COUNT = 255

# What a unit is a part of.
INNER = 1  # not the first unit of its character
OUTER = 2  # not the last
HASHTAG = 4
HANDLE = 8
RAW = 16  # of a text, for `split`: it is unwrapped already

# Why a text has to be unwrapped before it is split.
WRAPPED = -1

# A character becomes at most eight units (build_characters.py) and takes at least two bytes when it becomes several.
UNITS_PER_BYTE = 4

LETTER, LOOK_ALIKE, DIGIT, SIGN = int(Kind.LETTER), int(Kind.LOOK_ALIKE), int(Kind.DIGIT), int(Kind.SIGN)
_OTHER, _BLANK, _NEWLINE = int(Kind.OTHER), int(Kind.BLANK), int(Kind.NEWLINE)
_IGNORABLE, _MARK, _SEVERAL = int(Kind.IGNORABLE), int(Kind.MARK), int(Kind.SEVERAL)
_LAST_CODE = 0x10FFFF

# A text's units are two arrays: a word of characters.py each, and where it stands, in these columns.
START, END, GAP, PART = range(4)


@njit(nogil=True, cache=True)
def room(longest):
    """Arrays that hold the units of any text of so many bytes."""
    size = UNITS_PER_BYTE * longest + 2
    return np.empty(size, np.int64), np.empty((size, 4), np.int32)


@njit(nogil=True, cache=True)
def decode(data, at, end):
    """The code point at a byte and the bytes it takes; a byte that is no UTF-8 is taken for one strange character."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if first < 0xC0 or first >= 0xF8 or at + size > end:
        return np.int64(0xFFFD), 1
    code = first & (0x7F >> size)
    for step in range(1, size):
        code = code << 6 | np.int64(data[at + step]) & 0x3F
    return (code, size) if code <= _LAST_CODE else (np.int64(0xFFFD), 1)


@njit(nogil=True, cache=True)
def wrapped(data, at, end):
    """Whether %6B, &#107; or <b> starts here: a text with one is unwrapped first (unwrap.py)."""
    if data[at] == 0x25:  # %
        return at + 2 < end and _hexadecimal(data[at + 1]) and _hexadecimal(data[at + 2])
    if data[at] == 0x3C:  # <
        following = data[at + 1] if at + 1 < end else 0x20
        return following == 0x2F or 0x61 <= following | 0x20 <= 0x7A
    for ahead in range(at + 1, min(at + 12, end)):  # &
        if data[ahead] == 0x3B:
            return ahead > at + 2
        if not (data[ahead] == 0x23 or 0x30 <= data[ahead] <= 0x39 or 0x61 <= data[ahead] | 0x20 <= 0x7A):
            return False
    return False


@njit(nogil=True, cache=True)
def _hexadecimal(byte):
    return 0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x66


@njit(nogil=True, cache=True)
def split(data, begin, end, named, words, expansions, units, where, pictures):  # noqa: C901, PLR0912, PLR0915 - one pass, one loop: taken apart it would hand ten locals around
    """Fill `units` and `where` from data[begin:end], with places counted from `begin`.

    `named` is HASHTAG or HANDLE where all of the text is one, and RAW where it has been unwrapped. `pictures` takes
    (code, start, end) of each emoji. Returns the number of units, of emoji, and the gap after the last unit; or WRAPPED
    as the number of units.
    """
    raw = named & RAW
    named &= ~RAW
    count = seen = 0
    gap = separators = first = 0
    name = named
    joined = False  # whether a letter, digit or mark ends right here
    at = begin
    while at < end:
        code, size = decode(data, at, end)
        start = at - begin
        if raw:
            pass
        elif code in (0x25, 0x26, 0x3C):
            if wrapped(data, at, end):
                return WRAPPED, 0, 0
        elif code in (0x202D, 0x202E):
            return WRAPPED, 0, 0
        at += size
        word = words[code]
        kind = word >> KIND_AT & 15
        if word & EMOJI:
            pictures[seen, 0], pictures[seen, 1], pictures[seen, 2] = code, start, at - begin
            seen += 1
        if LETTER <= kind <= SIGN or kind == _SEVERAL:
            base = word & CODE
            if kind == SIGN and not named:
                sigil = not joined and base in (0x23, 0x40)
                name = (HASHTAG if base == 0x23 else HANDLE) if sigil else 0
            pieces = (word >> SYMBOL_AT & CODE) if kind == _SEVERAL else 1
            for piece in range(pieces):
                units[count] = expansions[base + piece] if kind == _SEVERAL else word
                where[count, START], where[count, END] = start, at - begin
                where[count, GAP] = gap | min(separators, COUNT) << COUNT_AT | (first & 0x7FFF) << FIRST_AT
                where[count, PART] = name | (INNER if piece else 0) | (OUTER if piece < pieces - 1 else 0)
                gap = separators = first = 0
                count += 1
            joined = kind != SIGN
        elif kind == _MARK:
            if count and not gap & SEPARATED:
                units[count - 1] ^= word & (127 << SIGNATURE_AT)
                where[count - 1, END] = at - begin
            else:
                gap |= HIDDEN
        elif kind == _IGNORABLE:
            gap |= HIDDEN
        else:
            joined = False
            if not separators:
                first = word & CODE
            separators += 1
            if kind == _OTHER:
                base = word & CODE
                if base == 0x5F:
                    gap |= UNDERSCORE
                    joined = True
                else:
                    name = named
                    gap |= (
                        PICTURE if word & EMOJI else APOSTROPHE if base in (0x27, 0x2019, 0x60, 0xB4) else PUNCTUATION
                    )
            else:
                name = named
                gap |= BLANK if kind == _BLANK else NEWLINE
    return count, seen, gap | min(separators, COUNT) << COUNT_AT | (first & 0x7FFF) << FIRST_AT


@njit(nogil=True, cache=True)
def without_signs(count, units, where, units_to, where_to):
    """The same text with every sign read as punctuation: "fire!crest" is firecrest with a gap, not fireicrest."""
    kept = 0
    gap = separators = first = 0
    for unit in range(count):
        own = where[unit, GAP]
        if not separators:
            first = own >> FIRST_AT
        gap |= own & 255
        separators += own >> COUNT_AT & COUNT
        if units[unit] >> KIND_AT & 15 == SIGN:
            if not separators:
                first = units[unit] & 0x7FFF
            gap |= PUNCTUATION
            separators += 1
            continue
        units_to[kept] = units[unit]
        where_to[kept] = where[unit]
        where_to[kept, GAP] = gap | min(separators, COUNT) << COUNT_AT | first << FIRST_AT
        kept += 1
        gap = separators = first = 0
    return kept
