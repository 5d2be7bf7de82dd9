"""Does this stretch of a text spell this term, and by how much disguise?

The walk of kernel.py finds stretches whose letters, taken by class, are the term's. Here the letters are read as they
were written. The bounds below were chosen on generated cases and clean posts that are not the ones reported
(benchmarks/terms/quality).
"""

import numpy as np
from numba import njit

from ringfence.terms.characters import CODE, KIND_AT, SCRIPT_AT, SIGNATURE_AT, SYMBOL_AT, UPPER
from ringfence.terms.edges import (
    MIDDLING,
    adjacent,
    alone,
    among,
    edge,
    first_of_many,
    first_unit,
    last_unit,
    spelled_on,
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
    HIDDEN,
    LETTER,
    LOOK_ALIKE,
    NEWLINE,
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
HELD_BACK = -9  # it is the term, and an exception or a combination that is not whole keeps it from being a hit

# In the bits above a term's letter: whether it has a blank (1) or punctuation (2) before it.
BREAK_AT = 61
# Columns of a collapsed text: the first and last unit of a run, whether a word may start in it, its class.
FIRST, LAST, STARTING, SYMBOL = range(4)

# Modes by number, in the order of term.Mode; an exception is looked for as it is written, anywhere.
WORD, TOKEN, SUBSTRING, HASHTAG_ONLY, HANDLE_ONLY = range(5)

# How a written letter relates to the term's.
NONE, SAME, MARKED, ODDLY_MARKED, ALIKE, BY_DIGIT, BY_SIGN = range(7)


# What is counted over a stretch: the relations above by their numbers, then these.
(
    DOUBLES, TRIPLES, PAIRS, OPEN, GAP_KINDS, UNEVEN, OPENING, WIDEST, HIDES, JOINED, SCRIPT, MIXED, LONE_SIGN,
) = range(BY_SIGN + 1, BY_SIGN + 14)  # fmt: skip
TALLIES = BY_SIGN + 14

LATIN, ARABIC = 1, 6
# From Hebrew on, the marks that are taken off are vowel points, which are written or left out at will.
VOWELLED = 0x590
# An ordinary word has no letter three times in a row; doubling three letters of one word is no accident either.
TRIPLE = 3
# A term of so many letters is not met by chance in text that is spelled letter by letter.
LONG = 6
SHORT = 4
WIDEST_GAP = 4
# Signs that follow or lead a word in ordinary text; at an edge they are no evidence.
_EDGE_SIGNS = np.array([ord(sign) for sign in "!([{<#^°®©¡¤\N{MULTIPLICATION SIGN}"], np.int64)


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
        if base >= VOWELLED:
            return SAME
        usual = marks == 0 or everyday[base, marks]
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
def _stands_in(word, letter):
    """Whether a digit or sign stands where the term has a letter."""
    return word >> KIND_AT & 15 in (DIGIT, SIGN) and letter >> KIND_AT & 15 in (LETTER, LOOK_ALIKE)


@njit(nogil=True, cache=True)
def _needs(allowed, tier):
    return not allowed >> tier & 1


@njit(nogil=True, cache=True)
def verify(units, where, count, columns, start, stop, letters, low_letter, runs, low_run, entry, everyday, tally):
    """Whether collapsed columns start..stop of a text are a term.

    Its letters are `letters` from `low_letter` on, each with BREAK bits; where its runs start is in `runs` from
    `low_run` on, with its size at the end; `entry` is (size, runs, mode, allowed tiers); `tally` is room for TALLIES
    counts. Returns (tier or reason, first unit, last unit, evidence); the units are -1 where no word has these edges.
    """
    size, run_count, mode, allowed = entry
    first, last = _edges(units, where, count, columns, start, stop, runs, low_run, size, run_count, mode == SUBSTRING)
    if last < 0:
        return INSIDE_A_WORD, -1, -1, 0
    part = where[first, PART]
    if (mode == HASHTAG_ONLY and not part & HASHTAG) or (mode == HANDLE_ONLY and not part & HANDLE):
        return WRONG_PLACE, first, last, 0
    if mode == TOKEN and not alone(units, where, first, last, count):
        return INSIDE_A_WORD, first, last, 0
    tally[:] = 0
    tally[SCRIPT] = tally[OPENING] = -1
    for run in range(run_count):
        low, high = max(columns[start + run, FIRST], first), min(columns[start + run, LAST], last)
        begin, end = runs[low_run + run], runs[low_run + run + 1]
        refusal = _count(units, where, count, low, high, first, letters, low_letter, begin, end, everyday, tally)
        if refusal:
            return refusal, first, last, 0
    cased = edge(units, where, first, count, size) == 2 or edge(units, where, last + 1, count, size) == 2
    wanted = letters[low_letter], letters[low_letter + size - 1]
    verdict, evidence = _judged(units, where, count, first, last, wanted, size, allowed, cased, tally)
    return verdict, first, last, evidence


@njit(nogil=True, cache=True)
def _edges(units, where, count, columns, start, stop, runs, low_run, size, run_count, anywhere):
    """The units between which the term stands, or -1 as the last."""
    wanted = runs[low_run + 1] - runs[low_run]
    low, high = columns[start, FIRST], columns[start, LAST]
    if start == stop:
        first = first_of_many(units, where, low, high, count, wanted, size, anywhere)
    else:
        first = first_unit(units, where, low, high, count, wanted, size, anywhere)
    if first < 0:
        return -1, -1
    low, high = max(columns[stop, FIRST], first), columns[stop, LAST]
    wanted = size - runs[low_run + run_count - 1]
    return first, last_unit(units, where, low, high, count, wanted, size, anywhere)


@njit(nogil=True, cache=True)
def _count(units, where, count, low, high, first, letters, low_letter, begin, end, everyday, tally):
    """Align the units low..high of one run with the term's letters begin..end, and count how each was written.

    A unit is the next letter where it can be, else one more of the same. Returns a reason to refuse, or 0.
    """
    extra = high - low + 1 - (end - begin)
    if extra < 0:
        return OTHER_LETTERS
    tally[DOUBLES] += extra > 0
    letter = begin
    repeated = 0
    for unit in range(low, high + 1):
        how = NONE
        fresh = unit == low
        if unit > low and letter + 1 < end:
            how = relation(units, where, unit, count, letters[low_letter + letter + 1], everyday)
            if how:
                letter += 1
                fresh = True
        if how == NONE:
            how = relation(units, where, unit, count, letters[low_letter + letter], everyday)
        if how == NONE:
            return OTHER_LETTERS
        repeated = repeated + 1 if unit > low and not (units[unit] ^ units[unit - 1]) & CODE else 1
        if repeated >= TRIPLE and extra:
            tally[TRIPLES] = 1
        tally[how] += 1
        _note(units[unit], how, tally)
        broken = letters[low_letter + letter] >> BREAK_AT if fresh else 0
        if unit > first and not _bridge(where[unit, GAP], broken, tally):
            return LOOSE_GAPS
    return 0 if letter == end - 1 else OTHER_LETTERS


@njit(nogil=True, cache=True)
def _note(word, how, tally):
    """Remember the sign, and of which scripts the look-alikes are."""
    if how == BY_SIGN:
        tally[LONE_SIGN] = word & CODE
    elif how == ALIKE:
        script = word >> SCRIPT_AT & 31
        if script <= LATIN or tally[SCRIPT] not in (-1, script):
            tally[MIXED] = 1
        tally[SCRIPT] = script


@njit(nogil=True, cache=True)
def _bridge(gap, broken, tally):
    """Count the gap before a unit; False when the words of a phrase stand too far apart."""
    if gap & HIDDEN:
        tally[HIDES] = 1
    separators = gap >> COUNT_AT & COUNT
    if broken:
        if not gap & SEPARATED and broken == 1:
            tally[JOINED] = 1
        return separators <= WIDEST_GAP
    tally[PAIRS] += 1
    if gap & SEPARATED:
        tally[OPEN] += 1
        tally[GAP_KINDS] |= gap & SEPARATED
        tally[WIDEST] = max(tally[WIDEST], separators)
        if tally[OPENING] not in (-1, gap >> FIRST_AT):
            tally[UNEVEN] = 1
        tally[OPENING] = gap >> FIRST_AT
    return True


@njit(nogil=True, cache=True)
def _judged(units, where, count, first, last, wanted, size, allowed, cased, tally):  # noqa: C901 - one rule after another
    """The tier, or the first reason to refuse, and the evidence for it. A rule knows what the ones before came to."""
    evidence = (UNDRAWN if tally[HIDES] else 0) | (CAMEL_CASE if cased else 0) | (RUN_TOGETHER if tally[JOINED] else 0)
    if cased and _needs(allowed, CAMEL):
        return TOO_SHORT, evidence
    if tally[JOINED] and not where[first, PART] & (HASHTAG | HANDLE):
        return LOOSE_GAPS, evidence
    tier = CAMEL if cased else FOLDED
    weak = acts = False
    for rule in range(4):
        if rule == 0:
            found, bits = _by_look_alikes(units, count, first, last, size, allowed, tally)
        elif rule == 1:
            found, bits = _by_leet(units[first], units[last], wanted, size, allowed, tally)
        elif rule == 2:
            found, bits = _by_repeats(allowed, acts, tally)
        else:
            found, bits = _by_gaps(units, where, count, first, last, size, allowed, tally)
        evidence |= bits
        if found < 0:
            return found, evidence
        if found == WILDCARD:
            weak = weak or not acts
        elif found:
            tier, acts = found, True
    found, bits = _by_marks(size, allowed, acts, tally)
    evidence |= bits
    if found < 0 or (found == ACCENTED and not weak):
        return found, evidence
    return (WILDCARD if weak and not acts else tier), evidence


@njit(nogil=True, cache=True)
def _as_written(tally):
    """How many letters are the term's own, with or without marks."""
    return tally[SAME] + tally[MARKED] + tally[ODDLY_MARKED]


@njit(nogil=True, cache=True)
def _by_look_alikes(units, count, first, last, size, allowed, tally):
    """A word all of one other script is a word of that language, unless it stands alone among other letters."""
    if not tally[ALIKE]:
        return 0, 0
    if _needs(allowed, CONFUSABLE):
        return TOO_SHORT, LOOK_ALIKES
    whole = not tally[MIXED] and not _as_written(tally)
    if whole and (size < MIDDLING or among(units, first, last, count, tally[SCRIPT])):
        return OTHER_SCRIPT, LOOK_ALIKES
    return CONFUSABLE, LOOK_ALIKES


@njit(nogil=True, cache=True)
def _by_leet(first_word, last_word, wanted, size, allowed, tally):
    """Digits and signs for letters, of which one alone at an edge is mostly a number or punctuation."""
    if not (tally[BY_DIGIT] or tally[BY_SIGN]):
        return 0, 0
    evidence = (DIGITS if tally[BY_DIGIT] else 0) | (SIGNS if tally[BY_SIGN] else 0)
    at_first, at_last = _stands_in(first_word, wanted[0]), _stands_in(last_word, wanted[1])
    if _needs(allowed, LEET) or (size <= SHORT and (at_first or at_last)) or not (_as_written(tally) + tally[ALIKE]):
        return TOO_SHORT, evidence
    if tally[BY_DIGIT] + tally[BY_SIGN] > 1 or tally[ALIKE] or tally[ODDLY_MARKED] or tally[OPEN]:
        return LEET, evidence
    if tally[BY_SIGN] and (at_first or at_last):
        for sign in _EDGE_SIGNS:
            if sign == tally[LONE_SIGN]:
                return ONLY_PUNCTUATION, evidence
    number = at_last and last_word & CODE != 0x33  # 3 for a last e is no number after a word
    leading = tally[BY_SIGN] and at_first and tally[LONE_SIGN] not in (0x24, 0x40)  # $ and @ do stand for letters there
    return (WILDCARD if number or leading else LEET), evidence


@njit(nogil=True, cache=True)
def _by_repeats(allowed, acts, tally):
    """Letters written more often than the term has them: no ordinary word has one three times in a row."""
    if not tally[DOUBLES]:
        return 0, 0
    if tally[TRIPLES] or tally[DOUBLES] >= TRIPLE:
        return (TOO_SHORT if _needs(allowed, STRETCHED) else STRETCHED), REPEATS
    # With an everyday mark too there are two weak signs, which are two chances and no better a proof.
    if _needs(allowed, WILDCARD) or (tally[MARKED] and not acts):
        return TOO_SHORT, DOUBLED
    return WILDCARD, DOUBLED


@njit(nogil=True, cache=True)
def _by_gaps(units, where, count, first, last, size, allowed, tally):  # noqa: PLR0911 - one rule a line
    """Letters set apart: all of them alike, or some by punctuation within one token."""
    if not tally[OPEN]:
        return 0, 0
    if _needs(allowed, SPACED):
        return TOO_SHORT, GAPS
    blank = tally[GAP_KINDS] & (BLANK | NEWLINE)
    if tally[WIDEST] > WIDEST_GAP:
        return LOOSE_GAPS, GAPS
    if tally[OPEN] == tally[PAIRS] and size > 2:
        if (blank and tally[UNEVEN]) or (size < MIDDLING and tally[MARKED]):
            return LOOSE_GAPS, GAPS
        if size < LONG and spelled_on(units, where, first, last, count, where[last, GAP]):
            return SPELLED_OUT, GAPS
        return SPACED, GAPS
    if blank or size < MIDDLING or tally[GAP_KINDS] == APOSTROPHE:
        return LOOSE_GAPS, GAPS
    return (LOOSE_GAPS if size < LONG and (tally[BY_DIGIT] or tally[BY_SIGN]) else SPACED), GAPS


@njit(nogil=True, cache=True)
def _by_marks(size, allowed, acts, tally):
    """Marks: odd ones, or on most letters, are a disguise; an everyday one may as well make another word."""
    marked = tally[MARKED]
    if not (marked or tally[ODDLY_MARKED]):
        return 0, 0
    everywhere = (marked >= TRIPLE and 5 * marked >= 3 * size) or marked == size
    if tally[ODDLY_MARKED] or acts or everywhere:
        return 0, MARKS
    return (TOO_SHORT if _needs(allowed, ACCENTED) else ACCENTED), MARKS | EVERYDAY_MARKS
