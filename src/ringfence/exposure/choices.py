"""Which slot of a slate does a test account click? Declared rules, so that a figure says what it rests on.

Slot i counts from 0. A slot is open when it is filled and fewer than `head` filled slots stand before it. An open slot
is clicked with probability w(i) / (sum of w over the open slots); a slate with no filled slot ends the walk.

| choice | w(i) | head |
|---|---|---|
| `top(n)` | 1 | n |
| `any_slot()` | 1 | all slots |
| `by_position()` | 1 / log2(i + 2), the discount of DCG (Järvelin and Kekäläinen, 2002) | all slots |
| `by_position(decay)` | decay^i, the browsing of RBP (Moffat and Zobel, 2008) | all slots |
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ringfence.exposure.slates import Shown
from ringfence.model.faults import Fault

Weights = NDArray[np.float64]

_ALL = 1 << 30  # more slots than any slate has
# No open slot weighs less, since it may be the only one; the product of two such weights is still above 0.
FAINTEST = 1e-150


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule of clicking, by name. `decay` is None where weights fall as 1 / log2(i + 2)."""

    name: str
    head: int
    decay: float | None

    def weights(self, slots: int) -> Weights:
        """w(i), one entry a slot, all above 0."""
        place = np.arange(slots, dtype=np.float64)
        falling = 1.0 / np.log2(place + 2.0) if self.decay is None else self.decay**place
        return np.maximum(falling, FAINTEST)

    def slot(self, filled: int, luck: float) -> int:
        """The slot clicked in a slate of which the first `filled` slots, 1 or more, are filled; `luck` is in [0, 1)."""
        passed = np.cumsum(self.weights(filled)[: self.head])
        return min(int(np.searchsorted(passed, luck * passed[-1], side="right")), len(passed) - 1)

    def probabilities(self, slate: Shown) -> Weights:
        """The chance of each slot of one slate; all 0 where the walk ends."""
        weights = self.weights(len(slate))
        total, end = open_slots(slate[None], 0, weights, self.head)
        weights[end:] = 0
        weights[slate < 0] = 0
        return weights / total if total else weights


def top(head: int) -> Choice:
    """One of the first `head` filled slots, each as likely. Raises Fault when there is none to click."""
    if head < 1:
        raise Fault(f"is {head}", where="top", mend="let at least 1 slot be clicked")
    return Choice(f"top {head}", head, 1.0)


def any_slot() -> Choice:
    """Every filled slot is as likely."""
    return Choice("any slot", _ALL, 1.0)


def by_position(decay: float | None = None) -> Choice:
    """Better slots are likelier; see the formulas above. Raises Fault for a decay outside of (0, 1]."""
    if decay is None:
        return Choice("by position, logarithmic", _ALL, None)
    if not 0.0 < decay <= 1.0:
        raise Fault(f"is {decay}", where="decay", mend="choose a number above 0 and up to 1")
    return Choice(f"by position, decay {decay:g}", _ALL, decay)


class Rule(StrEnum):
    """The choices that a command can name."""

    TOP_3 = "top-3"
    ANY = "any"
    POSITION = "position"


def named(rule: Rule) -> Choice:
    """The choice of a rule."""
    match rule:
        case Rule.TOP_3:
            return top(3)
        case Rule.ANY:
            return any_slot()
        case Rule.POSITION:
            return by_position()


@njit(nogil=True, cache=True)
def open_slots(ids: Shown, row: int, weights: Weights, head: int) -> tuple[float, int]:
    """Of one row: the weight of its open slots together, and the slot before which all of them stand."""
    total, left = 0.0, head
    for slot in range(ids.shape[1]):
        if ids[row, slot] >= 0:
            total += weights[slot]
            left -= 1
            if left == 0:
                return total, slot + 1
    return total, ids.shape[1]
