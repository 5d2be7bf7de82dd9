"""Does this stretch of a text spell this term, and by how much disguise?

The prefilter (scan_kernel.py) finds stretches whose letters, taken by class, are the term's. Here the letters are read
as they were written. Numbers below say what each rule costs or saves; they were chosen on generated cases and clean
posts that are not the ones reported (benchmarks/terms/quality.py).
"""

import numpy as np
from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SCRIPT_AT, SIGNATURE_AT, SYMBOL_AT, UNSPACED, UPPER
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
    HIDDEN,
    INNER,
    LETTER,
    LOOK_ALIKE,
    NEWLINE,
    OUTER,
    PART,
    SEPARATED,
    SIGN,
)

# Evidence: what had to be undone to read the term. One bit each; reason.py has the words.
UNDRAWN = 1
MARKS = 2
LOOK_ALIKES = 4
DIGITS = 8
SIGNS = 16
REPEATS = 32
GAPS = 64
RUN_TOGETHER = 128
CAMEL_CASE = 256
EVERYDAY_MARKS = 512
DOUBLED = 1024
MASKED = 2048
LAST_SIGN = 4096
REVERSED = 8192  # set by unwrap.py, as the next
DECODED = 16384

# Tiers by number, in the order of term.Tier.
EXACT, FOLDED, CAMEL, CONFUSABLE, LEET, STRETCHED, SPACED, ACCENTED, WILDCARD = range(9)

# Why a stretch is not the term.
OTHER_LETTERS = -1
INSIDE_A_WORD = -2
WRONG_PLACE = -3
TOO_SHORT = -4
OTHER_SCRIPT = -5
LOOSE_GAPS = -6
SPELLED_OUT = -7
ONLY_PUNCTUATION = -8

# In the bits above a term's letter: whether it has a blank (1) or punctuation (2) before it.
BREAK_AT = 61
# Columns of a collapsed text: the first and last unit of a run, whether a word may start in it, its class.
FIRST, LAST, STARTING, SYMBOL = range(4)

# Modes by number, in the order of term.Mode; an exception is looked for as it is written, anywhere.
WORD, TOKEN, SUBSTRING, HASHTAG_ONLY, HANDLE_ONLY = range(5)

# How a written letter relates to the term's.
NONE, SAME, MARKED, ODDLY_MARKED, ALIKE, BY_DIGIT, BY_SIGN = range(7)

LATIN, ARABIC = 1, 6
# An ordinary word has no letter three times in a row; doubling three letters of one word is no accident either.
TRIPLE = 3
# A term of so many letters is not met by chance in text that is spelled letter by letter.
LONG = 6
MIDDLING = 5
SHORT = 4
WIDEST_GAP = 4
# Signs that follow or lead a word in ordinary text; at an edge they are no evidence.
_EDGE_SIGNS = np.array([ord(sign) for sign in "!([{<#^°®©¡¤\N{MULTIPLICATION SIGN}"], np.int64)


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
def tricked(units, where, unit, count):
    """Whether a capital I stands among small letters, or a small l among capitals: each drawn like the other."""
    upper = units[unit] & UPPER
    seen = False
    for other in (unit - 1, unit + 1):
        if 0 <= other < count and adjacent(where, max(unit, other)):
            neighbour = units[other]
            if neighbour >> KIND_AT & 15 == LETTER:
                if neighbour & UPPER == upper:
                    return False
                seen = True
    return seen or upper > 0  # spelled out, there is nothing to hold it against


@njit(nogil=True, cache=True)
def relation(units, where, unit, count, letter, everyday):  # noqa: PLR0911
    """How one written letter relates to one of the term."""
    word = units[unit]
    if (word ^ letter) >> SYMBOL_AT & CODE:
        return NONE
    base, wanted = word & CODE, letter & CODE
    kind, wanted_kind = word >> KIND_AT & 15, letter >> KIND_AT & 15
    if base == wanted:
        marks = word >> SIGNATURE_AT & 127
        if marks == letter >> SIGNATURE_AT & 127:
            return SAME
        usual = marks == 0 or base >= len(everyday) or everyday[base, marks]
        return MARKED if usual else ODDLY_MARKED
    if wanted_kind not in (LETTER, LOOK_ALIKE):
        return NONE
    if kind == DIGIT:
        return BY_DIGIT
    if kind == SIGN:
        return BY_SIGN
    if base < 0x80 and wanted < 0x80:
        return ALIKE if tricked(units, where, unit, count) else NONE
    # Two letters of one script are two letters, but for the Latin ones that only decorate, and variants in Arabic.
    script = word >> SCRIPT_AT & 31
    if script == letter >> SCRIPT_AT & 31 and script > LATIN and script != ARABIC:
        return NONE
    return NONE if kind == LETTER and script == LATIN and wanted < 0x80 else ALIKE


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


@njit(nogil=True, cache=True)
def _stands_in(word, letter):
    """Whether a digit or sign stands where the term has a letter."""
    return word >> KIND_AT & 15 in (DIGIT, SIGN) and letter >> KIND_AT & 15 in (LETTER, LOOK_ALIKE)


@njit(nogil=True, cache=True)
def _needs(allowed, tier):
    return not allowed >> tier & 1


@njit(nogil=True, cache=True)
def verify(units, where, count, columns, start, stop, letters, low_letter, runs, low_run, entry, everyday):  # noqa: C901, PLR0911, PLR0912, PLR0915 - the rules in the order they are told in docs/lexicon.md
    """Whether collapsed columns start..stop of a text are a term.

    Its letters are `letters` from `low_letter` on, each with BREAK bits; where its runs start is in `runs` from
    `low_run` on, with its size at the end; `entry` is (size, runs, mode, allowed tiers). Returns (tier or reason, first
    unit, last unit, evidence).
    """
    size, run_count, mode, allowed = entry
    anywhere = mode == SUBSTRING
    wanted = runs[low_run + 1] - runs[low_run]
    low, high = columns[start, FIRST], columns[start, LAST]
    if start == stop:
        first = first_of_many(units, where, low, high, count, wanted, size, anywhere)
    else:
        first = first_unit(units, where, low, high, count, wanted, size, anywhere)
    if first < 0:
        return INSIDE_A_WORD, -1, -1, 0
    last = last_unit(
        units,
        where,
        max(columns[stop, FIRST], first),
        columns[stop, LAST],
        count,
        size - runs[low_run + run_count - 1],
        size,
        anywhere,
    )
    if last < 0:
        return INSIDE_A_WORD, -1, -1, 0
    if (mode == HASHTAG_ONLY and not where[first, PART] & HASHTAG) or (
        mode == HANDLE_ONLY and not where[first, PART] & HANDLE
    ):
        return WRONG_PLACE, first, last, 0
    if mode == TOKEN and not alone(units, where, first, last, count):
        return INSIDE_A_WORD, first, last, 0
    same = marked = oddly = alike = digits = signs = 0
    triple = doubled = pairs = open_pairs = 0
    kinds = 0
    uniform = True
    hidden = joined = False
    pattern = -1
    widest = 0
    script = -1
    mixed = False
    lone_sign = 0
    for run in range(run_count):
        column = start + run
        low, high = max(columns[column, FIRST], first), min(columns[column, LAST], last)
        wanted = runs[low_run + run + 1] - runs[low_run + run]
        length = high - low + 1
        if length < wanted:
            return OTHER_LETTERS, first, last, 0
        if length > wanted:
            doubled += 1
        letter = runs[low_run + run]
        repeated = 0
        for unit in range(low, high + 1):
            how = relation(units, where, unit, count, letters[low_letter + letter], everyday)
            repeated = repeated + 1 if unit > low and not (units[unit] ^ units[unit - 1]) & CODE else 1
            triple |= repeated >= TRIPLE and length > wanted
            fresh = unit == low
            if unit > low:
                further = (
                    relation(units, where, unit, count, letters[low_letter + letter + 1], everyday)
                    if letter + 1 < runs[low_run + run + 1]
                    else NONE
                )
                if further:
                    letter += 1
                    how = further
                    fresh = True
            if how == NONE:
                return OTHER_LETTERS, first, last, 0
            same += how == SAME
            marked += how == MARKED
            oddly += how == ODDLY_MARKED
            alike += how == ALIKE
            digits += how == BY_DIGIT
            signs += how == BY_SIGN
            if how == BY_SIGN:
                lone_sign = units[unit] & CODE
            if how == ALIKE:
                own = units[unit] >> SCRIPT_AT & 31
                mixed |= script not in (-1, own) or own <= LATIN
                script = own
            if unit == first:
                continue
            gap = where[unit, GAP]
            hidden |= gap & HIDDEN > 0
            broken = letters[low_letter + letter] >> BREAK_AT
            if fresh and broken:
                if gap & SEPARATED:
                    if gap >> COUNT_AT & COUNT > WIDEST_GAP:
                        return LOOSE_GAPS, first, last, 0
                elif broken == 1:
                    joined = True
                continue
            pairs += 1
            if gap & SEPARATED:
                open_pairs += 1
                kinds |= gap & SEPARATED
                widest = max(widest, gap >> COUNT_AT & COUNT)
                uniform &= pattern in (-1, gap >> FIRST_AT)
                pattern = gap >> FIRST_AT
        if letter != runs[low_run + run + 1] - 1:
            return OTHER_LETTERS, first, last, 0
    evidence = UNDRAWN if hidden else 0
    named = where[first, PART] & (HASHTAG | HANDLE)
    tier = FOLDED
    if edge(units, where, first, count, size) == 2 or edge(units, where, last + 1, count, size) == 2:
        evidence |= CAMEL_CASE
        tier = CAMEL
        if _needs(allowed, CAMEL):
            return TOO_SHORT, first, last, evidence
    if joined:
        if not named:
            return LOOSE_GAPS, first, last, evidence
        evidence |= RUN_TOGETHER
    acts = False
    if alike:
        evidence |= LOOK_ALIKES
        if _needs(allowed, CONFUSABLE):
            return TOO_SHORT, first, last, evidence
        # All of one other script: a word of that language, unless it stands alone among other letters.
        whole = not mixed and same + marked + oddly == 0
        if whole and (size < MIDDLING or among(units, first, last, count, script)):
            return OTHER_SCRIPT, first, last, evidence
        tier, acts = CONFUSABLE, True
    weak = False
    if digits or signs:
        evidence |= (DIGITS if digits else 0) | (SIGNS if signs else 0)
        at_first = _stands_in(units[first], letters[low_letter])
        at_last = _stands_in(units[last], letters[low_letter + size - 1])
        if _needs(allowed, LEET) or (size <= SHORT and (at_first or at_last)) or same + marked + oddly + alike == 0:
            return TOO_SHORT, first, last, evidence
        if digits + signs == 1 and not (alike or oddly or open_pairs):
            if signs and (at_first or at_last):
                for sign in _EDGE_SIGNS:
                    if sign == lone_sign:
                        return ONLY_PUNCTUATION, first, last, evidence
            # A number after a word is a number (but 3 for e); a sign before one is mostly a sign (but $ and @).
            if at_last and units[last] & CODE != 0x33:
                weak = True
            if signs and at_first and lone_sign not in (0x24, 0x40):
                weak = True
        if not weak:
            tier, acts = LEET, True
    if doubled:
        if triple or doubled >= TRIPLE:
            evidence |= REPEATS
            if _needs(allowed, STRETCHED):
                return TOO_SHORT, first, last, evidence
            tier, acts = STRETCHED, True
        else:
            evidence |= DOUBLED
            if size < MIDDLING:
                return TOO_SHORT, first, last, evidence
            if marked and not acts:
                return TOO_SHORT, first, last, evidence  # two weak signs are two chances, and no better a proof
            weak = weak or not acts
    if open_pairs:
        evidence |= GAPS
        if _needs(allowed, SPACED):
            return TOO_SHORT, first, last, evidence
        if widest > WIDEST_GAP:
            return LOOSE_GAPS, first, last, evidence
        if open_pairs == pairs and size > 2:
            if kinds & (BLANK | NEWLINE) and not uniform:
                return LOOSE_GAPS, first, last, evidence
            if size < MIDDLING and marked:
                return LOOSE_GAPS, first, last, evidence
            if size < LONG and spelled_on(units, where, first, last, count, where[last, GAP]):
                return SPELLED_OUT, first, last, evidence
        elif kinds & (BLANK | NEWLINE) or size < MIDDLING or kinds == APOSTROPHE or (size < LONG and (digits or signs)):
            return LOOSE_GAPS, first, last, evidence
        tier, acts = SPACED, True
    if marked or oddly:
        evidence |= MARKS
        everything = (marked >= TRIPLE and 5 * marked >= 3 * size) or marked == size
        if not oddly and not acts and not everything:
            evidence |= EVERYDAY_MARKS
            if _needs(allowed, ACCENTED):
                return TOO_SHORT, first, last, evidence
            if not weak:
                return ACCENTED, first, last, evidence
    if weak and not acts:
        if _needs(allowed, WILDCARD) and size < MIDDLING:
            return TOO_SHORT, first, last, evidence
        return WILDCARD, first, last, evidence
    return tier, first, last, evidence
