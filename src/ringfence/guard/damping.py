"""How much should a recommender still learn from an account?

Leaving members out of what is shown does not end what they teach: a recommender that learns from their ties goes on to
introduce the people around them to one another. So flagged accounts, and ties through them, are given less weight.
"""

from collections.abc import Mapping

import numpy as np

from ringfence.guard.policy import Damping
from ringfence.guard.policy_parts import HARD, STEP


def weights_of(strengths: Mapping[str, float], damping: Damping) -> float:
    """The weight of an account with these signals: 1 learns as ever, 0 nothing. A signal without a factor counts not.

    Soft: 1 less strength times factor, by the signal that takes the most. Hard: 0 with any signal that has a factor.
    """
    taken = [
        _stepped(strengths[one]) * factor for one, factor in damping.signals.items() if one in strengths and factor
    ]
    if damping.mode == HARD:
        return 0.0 if taken else 1.0
    return float(np.float32(min(1.0, max(0.0, 1 - max(taken, default=0.0)))))


def _stepped(strength: float) -> float:
    return round(strength / STEP) * STEP
