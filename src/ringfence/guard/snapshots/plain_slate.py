"""How is a plain slate judged in one go, in compiled code: read, looked up, and written without what is hidden?"""

import numpy as np
from numba import njit

from ringfence.guard.snapshots.lookups import find_names, find_numbers
from ringfence.guard.snapshots.tokens import NOT_PLAIN, TEXTS, kept, tokens

_HIDDEN = 3  # drop and block


@njit(nogil=True, cache=True)
def _profiles(kind, data, starts, ends, values, tables):
    if kind == TEXTS:
        return find_names(data, starts, ends, *tables)
    return find_numbers(values, *tables)


@njit(nogil=True, cache=True)
def judge_slate(data, most, longest, accounts, more, rules, verdicts):
    """Of a JSON array: its kind, how many ids it has, how many are hidden, the array of those shown, and what was met.

    `accounts` and `more` are the tables of two Accounts, the second counting before the first; `rules` has for each
    profile the number of the rule it meets, `verdicts` for each rule its verdict as a byte. What was met is a row for
    each id that met a rule: where it starts and ends, quotes included, and the rule's number.
    """
    kind, starts, ends, values = tokens(data, most, longest)
    if kind == NOT_PLAIN:
        return kind, 0, 0, np.empty(0, np.uint8), np.empty((0, 3), np.int64)
    found = _profiles(kind, data, starts, ends, values, accounts)
    if len(more[1]) or len(more[4]):
        over = _profiles(kind, data, starts, ends, values, more)
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
    met = np.empty((many, 3), np.int64)
    place = 0
    for row in range(len(found)):
        if found[row]:
            met[place, 0], met[place, 1], met[place, 2] = starts[row] - quotes, ends[row] + quotes, found[row]
            place += 1
    return kind, len(found), hidden, kept(data, starts, ends, quotes, codes), met


@njit(nogil=True, cache=True)
def profile_of(data, accounts, more):
    """The profile of one id."""
    starts, ends = np.zeros(1, np.int64), np.full(1, len(data), np.int64)
    if len(more[1]) or len(more[4]):
        over = find_names(data, starts, ends, *more)
        if over[0]:
            return over[0]
    return find_names(data, starts, ends, *accounts)[0]
