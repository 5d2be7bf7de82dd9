"""Which tokens are a term but for one place, which is a mask or a letter that is not known?"""

import numpy as np
from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SCRIPT_AT, SYMBOL_AT
from ringfence.terms.finds import told
from ringfence.terms.index import LEFT_OUT, LETTERS, MODE, NOTHING, SIZE, mixed_in, slot
from ringfence.terms.units import (
    APOSTROPHE,
    BLANK,
    COUNT,
    COUNT_AT,
    DIGIT,
    END,
    FIRST_AT,
    GAP,
    HANDLE,
    HASHTAG,
    LETTER,
    NEWLINE,
    PART,
    SEPARATED,
    SIGN,
    START,
)
from ringfence.terms.verify import (
    HANDLE_ONLY,
    HASHTAG_ONLY,
    LATIN,
    MASKED,
    ODDLY_MARKED,
    SAME,
    WILDCARD,
    relation,
)

_ASTERISK = 0x2A
_LEAST_MASKED = 5


@njit(nogil=True, cache=True)
def masked_tokens(units, where, count, everyday, entries, letters, masked, finds, made):
    """Tokens in which one place is a mask or a letter of another script, looked up with that place left out."""
    first = 0
    while first < count:
        last = first
        plain = latin = 0
        while True:
            word = units[last]
            kind = word >> KIND_AT & 15
            latin += kind == LETTER and word >> SCRIPT_AT & 31 == LATIN
            plain += kind == LETTER and (last == first or not where[last, GAP] & SEPARATED)
            if last + 1 == count or where[last + 1, GAP] & (BLANK | NEWLINE):
                break
            last += 1
        length = last - first + 1
        # Nothing strange in it, which is most tokens; or too short.
        if length >= _LEAST_MASKED and not (
            plain == length and latin in (0, length) and not _starred(where, first, last)
        ):
            made = _token(
                units, where, count, first, last, 2 * latin > length, everyday, entries, letters, masked, finds, made
            )
        first = last + 1
    return made


@njit(nogil=True, cache=True)
def _starred(where, first, last):
    """Whether an asterisk stands at one end of a token and not at the other."""
    before, after = where[first, GAP] & 0xFFFF0000, where[last + 1, GAP] & 0xFFFF0000
    star = _ASTERISK << FIRST_AT
    return (before == star) != (after == star)


@njit(nogil=True, cache=True)
def _token(units, where, count, first, last, mostly_latin, everyday, entries, letters, masked, finds, made):
    low, high = first, last
    while low < high and units[low] >> KIND_AT & 15 == SIGN:
        low += 1
    while high > low and units[high] >> KIND_AT & 15 == SIGN:
        high -= 1
    hole, gapped = _strange(units, where, low, high, mostly_latin)
    if hole < 0:
        return made
    mixed = np.int64(0)
    for unit in range(low, high + 1):
        if unit == hole:
            mixed = mixed_in(mixed, np.int64(LEFT_OUT))
        if unit != hole or gapped:
            mixed = mixed_in(mixed, units[unit] >> SYMBOL_AT & CODE)
    if hole == high + 1:
        mixed = mixed_in(mixed, np.int64(LEFT_OUT))
    size = high - low + 1 + gapped
    at = slot(mixed, len(masked))
    while masked[at, 0] != NOTHING:
        pattern = masked[at, 1]
        fits = masked[at, 0] == mixed and entries[pattern, SIZE] == size
        if fits and _fits(units, where, count, low, high, hole, gapped, everyday, entries, letters, pattern):
            made = told(finds, made, pattern, where[low, START], where[high, END], WILDCARD, MASKED)
        at = (at + 1) & (len(masked) - 1)
    return made


@njit(nogil=True, cache=True)
def _strange(units, where, low, high, mostly_latin):
    """The only strange place of a token: (unit, 0), or (the unit after it, 1) where it is no unit; else (-1, 0)."""
    hole, gapped = -1, 0
    for unit in range(low, high + 1):
        word, gap = units[unit], where[unit, GAP]
        if unit > low and gap & SEPARATED:
            if hole >= 0 or gap >> COUNT_AT & COUNT != 1 or gap & APOSTROPHE:
                return -1, 0
            hole, gapped = unit, 1
        kind = word >> KIND_AT & 15
        own = word >> SCRIPT_AT & 31 == LATIN and kind == LETTER
        if kind == SIGN or (kind != DIGIT and own != mostly_latin):
            if hole >= 0:
                return -1, 0
            hole = unit
    if hole < 0 and _starred(where, low, high):
        return (low if where[low, GAP] >> FIRST_AT == _ASTERISK else high + 1), 1
    return hole, gapped


@njit(nogil=True, cache=True)
def _fits(units, where, count, low, high, hole, gapped, everyday, entries, letters, pattern):
    """Whether a token is a pattern letter by letter but for the hole."""
    mode, part = entries[pattern, MODE], where[low, PART]
    if (mode == HASHTAG_ONLY and not part & HASHTAG) or (mode == HANDLE_ONLY and not part & HANDLE):
        return False
    letter = entries[pattern, LETTERS]
    for unit in range(low, high + 1):
        if unit == hole:
            letter += 1
            if not gapped:
                continue
        if not SAME <= relation(units, where, unit, count, letters[letter], everyday) <= ODDLY_MARKED:
            return False
        letter += 1
    return True
