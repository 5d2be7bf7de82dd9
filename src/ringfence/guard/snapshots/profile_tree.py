"""How do all flags of one account become one number, in compiled code?

The sorted flags of an account are a path down a tree, and the node where it ends is the account's profile.
"""

from collections.abc import MutableMapping

import numpy as np
from numba import njit, types
from numba.typed import Dict

Tree = MutableMapping[int, int]  # (node << 32 | code) -> node; the root is 0


def sprout() -> Tree:
    """A tree with nothing but its root."""
    tree: Tree = Dict.empty(types.int64, types.int64)
    return tree


@njit(nogil=True, cache=True)
def grow(order, ids, codes, tree):
    """Each id's codes, in their order, are a path down a tree whose nodes are the profiles."""
    found, rows = np.empty(len(order), np.uint16), np.empty(len(order), np.int64)
    count = 0
    node = np.int64(0)
    last, last_code = np.int64(-1), np.int64(-1)
    for row in order:
        same = last >= 0
        for word in range(ids.shape[1]):
            same = same and ids[row, word] == ids[last, word]
        if same and codes[row] == last_code:
            continue
        if not same:
            node = np.int64(0)
            rows[count] = row
            count += 1
        step = node << 32 | codes[row]
        if step not in tree:
            tree[step] = len(tree) + 1
        node = tree[step]
        found[count - 1] = node
        last, last_code = row, codes[row]
    return found[:count].copy(), rows[:count].copy()
