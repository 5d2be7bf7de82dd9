"""How is a plain slate judged in one go, in compiled code: read, looked up, and written without what is hidden?"""

import numpy as np
from numba import njit

from ringfence.guard.snapshots.lookups import BITS, PRINTS, find_names, find_numbers
from ringfence.guard.snapshots.tokens import NOT_PLAIN, TEXTS, kept, tokens

_HIDDEN = 3  # drop and block
_COMMA = ord(",")
_SUBJECT = np.frombuffer(b'{"subject":', np.uint8)
# FNV-1a. A slate is at most MOST_CANDIDATES long, so ids chosen to collide cost no more than its square.
_OFFSET, _PRIME = np.uint64(14_695_981_039_346_656_037), np.uint64(1_099_511_628_211)


@njit(nogil=True, cache=True)
def _profiles(kind, data, starts, ends, values, tables):
    if kind == TEXTS:
        return find_names(data, starts, ends, *tables)
    return find_numbers(values, *tables)


@njit(nogil=True, cache=True)
def judge_slate(data, most, longest, accounts, more, rules, verdicts, tails, ends):
    """Of a JSON array: its kind, how many ids it has, how many are hidden, the array of those shown, and what is told.

    `accounts` and `more` are the tables of two Accounts, the second counting before the first; `rules` has for each
    profile the number of the rule it meets, `verdicts` for each rule its verdict as a byte. Told is each id that met a
    rule, once, as an element of another JSON array, followed by what `tails` has for the rule (up to `ends`); the last
    array has how many these are by rule.
    """
    kind, starts, stops, values = tokens(data, most, longest)
    met = np.zeros(len(verdicts), np.int64)
    if kind == NOT_PLAIN:
        return kind, 0, 0, np.empty(0, np.uint8), np.empty(0, np.uint8), met
    found = _profiles(kind, data, starts, stops, values, accounts)
    if len(more[BITS]) or len(more[PRINTS]):
        over = _profiles(kind, data, starts, stops, values, more)
        for row in range(len(found)):
            if over[row]:
                found[row] = over[row]
    codes = np.empty(len(found), np.uint8)
    hidden = many = 0
    for row in range(len(found)):
        found[row] = rules[found[row]]
        codes[row] = verdicts[found[row]]
        many += found[row] != 0
        hidden += codes[row] >= _HIDDEN
    quotes = 1 if kind == TEXTS else 0
    first = _first_met(data, starts, stops, found, many)
    told = _told(data, starts, stops, quotes, found, first, tails, ends)
    for row in first:
        met[found[row]] += 1
    return kind, len(found), hidden, kept(data, starts, stops, quotes, codes), told, met


@njit(nogil=True, cache=True)
def _same(data, start, stop, other_start, other_stop):
    if stop - start != other_stop - other_start:
        return False
    for place in range(stop - start):  # noqa: SIM110 - numba compiles no generator
        if data[start + place] != data[other_start + place]:
            return False
    return True


@njit(nogil=True, cache=True)
def _first_met(data, starts, stops, found, many):
    """The rows that met a rule, of the same id only the first: an open hash table of rows."""
    size = 2
    while size < 2 * many:
        size *= 2
    rows, table = np.empty(many, np.int64), np.full(size, -1, np.int64)
    count = 0
    for row in range(len(found)):
        if not found[row]:
            continue
        spot = _OFFSET
        for place in range(starts[row], stops[row]):
            spot = (spot ^ np.uint64(data[place])) * _PRIME
        at = np.int64((spot ^ (spot >> np.uint64(32))) & np.uint64(size - 1))
        while table[at] >= 0 and not _same(data, starts[row], stops[row], starts[table[at]], stops[table[at]]):
            at = (at + 1) & (size - 1)
        if table[at] < 0:
            table[at] = row
            rows[count] = row
            count += 1
    return rows[:count]


@njit(nogil=True, cache=True)
def _told(data, starts, stops, quotes, found, rows, tails, ends):
    size = 0
    for row in rows:
        size += 1 + len(_SUBJECT) + stops[row] - starts[row] + 2 * quotes + ends[found[row]] - ends[found[row] - 1]
    written = np.empty(size, np.uint8)
    size = 0
    for row in rows:
        if size:
            written[size] = _COMMA
            size += 1
        for byte in _SUBJECT:
            written[size] = byte
            size += 1
        for place in range(starts[row] - quotes, stops[row] + quotes):
            written[size] = data[place]
            size += 1
        for place in range(ends[found[row] - 1], ends[found[row]]):
            written[size] = tails[place]
            size += 1
    return written[:size]


@njit(nogil=True, cache=True)
def profile_of(data, accounts, more):
    """The profile of one id."""
    starts, ends = np.zeros(1, np.int64), np.full(1, len(data), np.int64)
    if len(more[BITS]) or len(more[PRINTS]):
        over = find_names(data, starts, ends, *more)
        if over[0]:
            return over[0]
    return find_names(data, starts, ends, *accounts)[0]
