"""Where does a word start and end, and what stands around it?

In running text a word ends where something is drawn that is no letter. In a name it also ends at capitals and digits.
"""

from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SCRIPT_AT, UNSPACED, UPPER
from ringfence.terms.units import (
    BLANK,
    DIGIT,
    FIRST_AT,
    GAP,
    HANDLE,
    HASHTAG,
    INNER,
    LETTER,
    LOOK_ALIKE,
    NEWLINE,
    OUTER,
    PART,
    SEPARATED,
    SIGN,
)

# A term of so many letters is told from the digits after it in running text too: kittiwake2024, and not owl24.
MIDDLING = 5


@njit(nogil=True, cache=True)
def adjacent(where, unit):
    """Whether nothing that is drawn stands before this unit and after the one before it."""
    return not where[unit, GAP] & SEPARATED


@njit(nogil=True, cache=True)
def steps(units, where, unit, count):
    """Whether capitals start a new word at this unit: aB, and ABc before the B."""
    if not units[unit] & UPPER:
        return False
    if not units[unit - 1] & UPPER:
        return True
    return (
        unit + 1 < count
        and adjacent(where, unit + 1)
        and not units[unit + 1] & UPPER
        and (units[unit + 1] >> KIND_AT & 15 in (LETTER, LOOK_ALIKE))
    )


@njit(nogil=True, cache=True)
def edge(units, where, unit, count, letters):  # noqa: PLR0911 - one rule a line
    """Whether a word ends between this unit and the one before: 0 no, 1 yes, 2 by a change to capitals."""
    if unit in (0, count):
        return 1
    if where[unit, PART] & INNER:
        return 0
    if not adjacent(where, unit):
        return 1
    before, after = units[unit - 1], units[unit]
    if (before | after) & UNSPACED:
        return 1
    kind_before, kind_after = before >> KIND_AT & 15, after >> KIND_AT & 15
    if SIGN in (kind_before, kind_after):
        return 1
    named = where[unit, PART] & (HASHTAG | HANDLE)
    if (kind_before == DIGIT) != (kind_after == DIGIT):
        return 1 if named or letters >= MIDDLING else 0
    return 2 if named and steps(units, where, unit, count) else 0


@njit(nogil=True, cache=True)
def first_unit(units, where, low, high, count, wanted, letters, anywhere):
    """Where the term starts in its first run of like letters, so that a word starts there; -1 when nowhere."""
    for unit in range(high - wanted + 1, low - 1, -1):
        if anywhere:
            if not where[unit, PART] & INNER:
                return unit
        elif edge(units, where, unit, count, letters):
            return unit
    return -1


@njit(nogil=True, cache=True)
def first_of_many(units, where, low, high, count, wanted, letters, anywhere):
    """The same for a term that is all one run, which may stand in it several times: the first place."""
    for unit in range(low, high - wanted + 2):
        if (anywhere and not where[unit, PART] & INNER) or (not anywhere and edge(units, where, unit, count, letters)):
            return unit
    return -1


@njit(nogil=True, cache=True)
def last_unit(units, where, low, high, count, wanted, letters, anywhere):
    """The same for where it ends."""
    for unit in range(low + wanted - 1, high + 1):
        if anywhere:
            if not where[unit, PART] & OUTER:
                return unit
        elif not where[unit, PART] & OUTER and edge(units, where, unit + 1, count, letters):
            return unit
    return -1


@njit(nogil=True, cache=True)
def alone(units, where, first, last, count):
    """Whether nothing but punctuation shares the token."""
    before = first
    while before and not where[before, GAP] & (BLANK | NEWLINE) and units[before - 1] >> KIND_AT & 15 == SIGN:
        before -= 1
    after = last + 1
    while after < count and not where[after, GAP] & (BLANK | NEWLINE) and units[after] >> KIND_AT & 15 == SIGN:
        after += 1
    return (before == 0 or where[before, GAP] & (BLANK | NEWLINE)) and (
        after == count or where[after, GAP] & (BLANK | NEWLINE)
    )


@njit(nogil=True, cache=True)
def among(units, first, last, count, script):
    """Whether the nearest letter before or after is of a script."""
    for beyond, step in ((first - 1, -1), (last + 1, 1)):
        unit = beyond
        while 0 <= unit < count and units[unit] >> KIND_AT & 15 not in (LETTER, LOOK_ALIKE):
            unit += step
        if 0 <= unit < count and units[unit] >> SCRIPT_AT & 31 == script:
            return True
    return False


@njit(nogil=True, cache=True)
def spelled_on(units, where, first, last, count, gap):
    """Whether the spelling-out goes on beyond the term: p r a t f a l l has no fall in it.

    One vowel before or after is a word of its own in many languages, when nothing single stands beyond it.
    """
    pattern = _pattern(gap)
    for beyond, step in ((first - 1, -1), (last + 1, 1)):
        if not _single(where, beyond, count, pattern):
            continue
        vowel = False
        for letter in b"aeiouy":
            vowel |= units[beyond] & CODE == letter
        if not vowel or _single(where, beyond + step, count, pattern):
            return True
    return False


@njit(nogil=True, cache=True)
def _single(where, unit, count, pattern):
    """Whether a unit stands alone between gaps, at least one of which is of this pattern."""
    if not 0 <= unit < count:
        return False
    before, after = where[unit, GAP], where[unit + 1, GAP]
    open_before, open_after = unit == 0 or before & SEPARATED, unit + 1 == count or after & SEPARATED
    return open_before and open_after and (_pattern(before) == pattern or _pattern(after) == pattern)


@njit(nogil=True, cache=True)
def _pattern(gap):
    """What kind of gap it is, and which character opens it."""
    return gap & SEPARATED | (gap >> FIRST_AT) << FIRST_AT
