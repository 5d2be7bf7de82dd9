"""How is a find written down, and where does it stand in code points?"""

import numpy as np
from numba import njit

# Columns of a find: where it is (row of the batch, bytes), of which pattern, by which tier and evidence.
ROW, PATTERN, START, END, FOUND_TIER, EVIDENCE = range(6)
FIND = 6
# In PATTERN, for a text that has to be unwrapped first.
UNWRAP = -1


@njit(nogil=True, cache=True)
def told(finds, made, pattern, start, end, tier, evidence):
    """Write a find down where there is room, and count it in any case."""
    if made < len(finds):
        finds[made, PATTERN], finds[made, START], finds[made, END] = pattern, start, end
        finds[made, FOUND_TIER], finds[made, EVIDENCE] = tier, evidence
    return made + 1


@njit(nogil=True, cache=True)
def in_code_points(data, finds):
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
