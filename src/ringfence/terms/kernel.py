"""Where in a batch of texts do the terms of an index stand?

For each text: split it into units, collapse runs of like letters, walk the trie from every place where a word may
start, verify what the walk meets, then look at the tokens with one strange character, then at the emoji. A text with
signs among its letters is read a second time with the signs as punctuation. Places are bytes; no text allocates.

Arrays are handed to each function one by one: numba passes a tuple of them by copying it, and that cost four fifths.
"""

import numpy as np
from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SCRIPT_AT, SYMBOL_AT, UNSPACED, UPPER
from ringfence.terms.edges import adjacent
from ringfence.terms.index import (
    ALLOWED,
    ANYWHERE,
    LEFT_OUT,
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
    mixed_in,
    slot,
    step,
)
from ringfence.terms.units import (
    APOSTROPHE,
    BLANK,
    COUNT,
    COUNT_AT,
    DIGIT,
    FIRST_AT,
    GAP,
    HANDLE,
    HASHTAG,
    LETTER,
    NEWLINE,
    PART,
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
    HANDLE_ONLY,
    HASHTAG_ONLY,
    LAST,
    LATIN,
    MASKED,
    ODDLY_MARKED,
    SAME,
    STARTING,
    SYMBOL,
    TALLIES,
    WILDCARD,
    relation,
    verify,
)

# A hash of characters.py, edges.py, index.py, units.py and verify.py, which are compiled into this file's functions:
# the cache of compiled code looks at this file alone. `python tools/stamp_kernel.py` writes it; a test compares.
INLINED = "502d54f5806a6426"

# Columns of a find: where it is (row of the batch, bytes), of which pattern, by which tier and evidence.
ROW, PATTERN, START, END, FOUND_TIER, EVIDENCE = range(6)
FIND = 6
# In PATTERN, for a text that has to be unwrapped first.
UNWRAP = -1
_FIRST_FINDS = 16
_ASTERISK = 0x2A
_LEAST_MASKED = 5


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
            made = _told(finds, made, UNWRAP, 0, 0, 0, 0)
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
def _told(finds, made, pattern, start, end, tier, evidence):
    """Write a find down where there is room, and count it in any case."""
    if made < len(finds):
        finds[made, PATTERN], finds[made, START], finds[made, END] = pattern, start, end
        finds[made, FOUND_TIER], finds[made, EVIDENCE] = tier, evidence
    return made + 1


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
    return _masks(units, where, count, everyday, entries, letters, masked, finds, made)


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
                made = _told(finds, made, pattern, where[first, UNIT_START], where[last, UNIT_END], tier, evidence)
            elif refused:
                begin, end = where[columns[start, FIRST], UNIT_START], where[columns[stop, LAST], UNIT_END]
                made = _told(finds, made, pattern, begin, end, tier, evidence)
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
def _masks(units, where, count, everyday, entries, letters, masked, finds, made):
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
            made = _told(finds, made, pattern, where[low, UNIT_START], where[high, UNIT_END], WILDCARD, MASKED)
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
                made = _told(finds, made, pattern, pictures[start, 1], pictures[stop, 2], FOLDED, 0)
                pattern = entries[pattern, NEXT]
    return made


@njit(nogil=True, cache=True)
def places(data, finds):
    """Where finds of one text start and end, in code points; one pass."""
    codes = np.empty(len(data) + 1, np.int32)
    code = 0
    for place in range(len(data)):
        codes[place] = code
        code += data[place] & 0xC0 != 0x80
    codes[len(data)] = code
    found = np.empty((len(finds), 2), np.int32)
    for at in range(len(finds)):
        found[at, 0], found[at, 1] = codes[finds[at, START]], codes[finds[at, END]]
    return found
