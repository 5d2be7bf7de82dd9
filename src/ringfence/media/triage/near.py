"""Which codes hang together? Those joined by steps of at most RADIUS bits, each step between two of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ringfence.media.hashes import Codes
from ringfence.media.index.join import join_near

Ids = NDArray[np.int64]
Join = Callable[[Codes], Ids]  # for each code the place of the first code that it hangs together with


def joined(codes: Codes) -> Ids:
    """For each of the codes (n x 4) the lowest place of those it hangs together with."""
    parent = np.arange(len(codes))
    join_near(codes, parent)
    return parent
