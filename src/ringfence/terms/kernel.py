"""Where in a batch of texts do the terms of an index stand?

For each text: split it into units, collapse runs of like letters, walk the trie from every place where a word may
start, verify what the walk meets, then look at the tokens with one strange character, then at the emoji. A text with
signs among its letters is read a second time with the signs as punctuation. Places are bytes; no text allocates.

Arrays are handed to each function one by one: numba passes a tuple of them by copying it, and that cost four fifths.
"""

import numpy as np
from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SYMBOL_AT, UNSPACED, UPPER
from ringfence.terms.edges import adjacent
from ringfence.terms.finds import END, FIND, FOUND_TIER, PATTERN, ROW, START, UNWRAP, told
from ringfence.terms.index import (
    ALLOWED,
    ANYWHERE,
    LETTERS,
    MODE,
    NEXT,
    NOTHING,
    PICTURES,
    RUN_COUNT,
    RUNS,
    SIZE,
    TEXT,
    TEXT_SIZE,
    WORDS,
    step,
)
from ringfence.terms.masks import masked_tokens
from ringfence.terms.units import (
    BLANK,
    DIGIT,
    GAP,
    NEWLINE,
    SEPARATED,
    SIGN,
    UNITS_PER_BYTE,
    room,
    split,
    without_signs,
)
from ringfence.terms.units import END as UNIT_END
from ringfence.terms.units import START as UNIT_START
from ringfence.terms.verify import (
    EXACT,
    FIRST,
    FOLDED,
    LAST,
    STARTING,
    SYMBOL,
    TALLIES,
    verify,
)

# A hash of the files that are compiled into this one's functions: the cache of compiled code looks at this file alone.
# `python tools/stamp_kernel.py` writes it; a test compares.
INLINED = "731f258e6374578a"

_FIRST_FINDS = 16


@njit(nogil=True, cache=True)
def find(data, offsets, named, tables, index, refused):
    """Every find in the texts data[offsets[i]:offsets[i + 1]], as rows of FIND columns, texts in their order.

    With `refused`, what verification refused is told too, with the reason as the tier.
    """
    words, expansions, everyday = tables
    entries, letters, runs, text, trie, ends, masked, substrings = index
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    units, where = room(longest)
    others, where_others = room(longest)
    columns = np.empty((UNITS_PER_BYTE * longest + 1, 4), np.int32)
    pictures = np.empty((longest + 1, 3), np.int32)
    tally = np.zeros(TALLIES, np.int32)
    finds = np.empty((_FIRST_FINDS, FIND), np.int32)
    made = row = 0
    while row < len(offsets) - 1:
        begin, end = offsets[row], offsets[row + 1]
        before = made
        count, seen, after = split(data, begin, end, named, words, expansions, units, where, pictures)
        if count < 0:
            made = told(finds, made, UNWRAP, 0, 0, 0, 0)
        elif count:
            where[count, GAP] = after
            made = _read(
                units, where, count, columns, everyday, tally, entries, letters, runs, trie, ends, masked,
                substrings, finds, made, refused,
            )  # fmt: skip
            if _signs_among_letters(units, where, count):
                count_others = without_signs(count, units, where, others, where_others)
                where_others[count_others, GAP] = after
                made = _read(
                    others, where_others, count_others, columns, everyday, tally, entries, letters, runs, trie, ends,
                    masked, substrings, finds, made, refused,
                )  # fmt: skip
        if seen and count >= 0:
            made = _emoji(pictures, seen, entries, trie, ends, where, count, finds, made)
        if made > len(finds):  # there was no room: this text once more, with some
            larger = np.empty((2 * made, FIND), np.int32)
            larger[:before] = finds[:before]
            finds, made = larger, before
            continue
        for at in range(before, made):
            finds[at, ROW] = row
            if finds[at, FOUND_TIER] == FOLDED and _written_as(data, begin, finds, at, entries, text):
                finds[at, FOUND_TIER] = EXACT
        row += 1
    return finds[:made]


@njit(nogil=True, cache=True)
def find_one(data, named, tables, index, refused):
    """The same for one text, with less to hand over."""
    return find(data, np.array([0, len(data)]), named, tables, index, refused)


@njit(nogil=True, cache=True)
def _written_as(data, begin, finds, at, entries, text):
    pattern, start = finds[at, PATTERN], finds[at, START]
    size, kept = entries[pattern, TEXT_SIZE], entries[pattern, TEXT]
    if finds[at, END] - start != size:
        return False
    for place in range(size):  # noqa: SIM110 - numba compiles no generator
        if data[begin + start + place] != text[kept + place]:
            return False
    return True


@njit(nogil=True, cache=True)
def _read(
    units,
    where,
    count,
    columns,
    everyday,
    tally,
    entries,
    letters,
    runs,
    trie,
    ends,
    masked,
    substrings,
    finds,
    made,
    refused,
):
    """All that one reading of a text has."""
    width = _collapse(units, where, count, columns)
    for root in range(ANYWHERE + 1 if substrings else WORDS + 1):
        for start in range(width):
            if root == WORDS and not columns[start, STARTING]:
                continue
            state = np.int64(root)
            for stop in range(start, width):
                state = step(trie, state, np.int64(columns[stop, SYMBOL]))
                if state == NOTHING:
                    break
                pattern = ends[state]
                if pattern != NOTHING:
                    made = _met(
                        units, where, count, columns, start, stop, pattern, everyday, tally, entries, letters, runs,
                        finds, made, refused,
                    )  # fmt: skip
    return masked_tokens(units, where, count, everyday, entries, letters, masked, finds, made)


@njit(nogil=True, cache=True)
def _met(
    units, where, count, columns, start, stop, pattern, everyday, tally, entries, letters, runs, finds, made, refused
):
    """Verify each pattern that ends at one state of the trie.

    One of a single class of letters may stand in a run many times: "ill, ill" is one run.
    """
    while pattern != NOTHING:
        size, run_count, mode, allowed = (
            entries[pattern, SIZE],
            entries[pattern, RUN_COUNT],
            entries[pattern, MODE],
            entries[pattern, ALLOWED],
        )
        low, high = columns[start, FIRST], columns[start, LAST]
        while columns[start, FIRST] <= high:
            tier, first, last, evidence = verify(
                units, where, count, columns, start, stop, letters, entries[pattern, LETTERS], runs,
                entries[pattern, RUNS], (size, run_count, mode, allowed), everyday, tally,
            )  # fmt: skip
            if tier >= 0:
                made = told(finds, made, pattern, where[first, UNIT_START], where[last, UNIT_END], tier, evidence)
            elif refused:
                begin, end = where[columns[start, FIRST], UNIT_START], where[columns[stop, LAST], UNIT_END]
                made = told(finds, made, pattern, begin, end, tier, evidence)
            if run_count > 1 or last < 0:
                break
            columns[start, FIRST] = (last if tier >= 0 else first) + 1
        columns[start, FIRST] = low
        pattern = entries[pattern, NEXT]
    return made


@njit(nogil=True, cache=True)
def _collapse(units, where, count, columns):
    """Runs of like letters as columns: the first and last unit of each, and whether a word may start in it.

    It may where something is drawn before the unit, at a capital, after a sign or digit, and in scripts without blanks.
    """
    made = -1
    last_symbol = np.int64(-1)
    before = np.int64(0)
    for unit in range(count):
        word = units[unit]
        symbol = word >> SYMBOL_AT & CODE
        if symbol != last_symbol:
            made += 1
            columns[made, FIRST], columns[made, STARTING], columns[made, SYMBOL] = unit, 0, symbol
            last_symbol = symbol
        columns[made, LAST] = unit
        if (
            unit == 0
            or where[unit, GAP] & SEPARATED
            or (word | before) & UNSPACED
            or word & UPPER
            or before >> KIND_AT & 15 in (SIGN, DIGIT)
        ):
            columns[made, STARTING] = 1
        before = word
    return made + 1


@njit(nogil=True, cache=True)
def _signs_among_letters(units, where, count):
    """Whether some sign may be meant as punctuation within a word: within a token, or alone between two."""
    for unit in range(1, count - 1):
        if units[unit] >> KIND_AT & 15 != SIGN:
            continue
        apart = where[unit, GAP] & (BLANK | NEWLINE) != 0
        if adjacent(where, unit + 1) != apart:
            return True
    return False


@njit(nogil=True, cache=True)
def _emoji(pictures, seen, entries, trie, ends, where, count, finds, made):
    """Terms of emoji: the same emoji one after the other, with no letter between them."""
    unit = 0
    for start in range(seen):
        state = np.int64(PICTURES)
        while unit < count and where[unit, UNIT_START] < pictures[start, 2]:
            unit += 1
        limit = where[unit, UNIT_START] if unit < count else np.int32(2147483647)
        for stop in range(start, seen):
            if pictures[stop, 1] >= limit:
                break
            state = step(trie, state, np.int64(pictures[stop, 0]))
            if state == NOTHING:
                break
            pattern = ends[state]
            while pattern != NOTHING:
                made = told(finds, made, pattern, pictures[start, 1], pictures[stop, 2], FOLDED, 0)
                pattern = entries[pattern, NEXT]
    return made
