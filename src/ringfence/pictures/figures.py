"""How is a number told to somebody who reads no tables for a living? Short, and never surer than it is."""

from typing import Protocol

import numpy as np

ONE_IN_A_HUNDRED = 0.01
SMALLEST = 0.0001  # shares below it are all one to a reader


class Share(Protocol):
    """A share and the 95% interval around it; NaN where there was nothing to take a share of."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


def count(number: float) -> str:
    """200000 -> 200,000."""
    return f"{number:,.0f}"


def percent(share: float) -> str:
    """0.912 -> 91.2%, 0.0004 -> 0.04%, 1 -> 100%; a dash for a share of nothing.

    Within a hundredth of either end it keeps two digits, and it is never rounded to a flat 0% or 100%, which would
    claim more than was seen.
    """
    if np.isnan(share):
        return "\N{EN DASH}"
    if share in {0, 1}:
        return f"{share:.0%}"
    margin = min(share, 1 - share)
    if margin < SMALLEST:
        return f"under {SMALLEST:.2%}" if margin == share else f"over {1 - SMALLEST:.2%}"
    return f"{share:.2%}" if margin < ONE_IN_A_HUNDRED else f"{share:.1%}"


def interval(estimate: Share) -> str:
    """The 95% interval, in words that fit behind the figure."""
    if np.isnan(estimate.value):
        return "nothing shown"
    if estimate.value == 0:
        return f"at most {percent(estimate.high)}"
    if estimate.value == 1:
        return f"at least {percent(estimate.low)}"
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def points(difference: Share) -> tuple[str, str]:
    """A difference of two shares, and its interval: +1.3%, -0.5% to +3.0%; a dash for one of nothing."""
    if np.isnan(difference.value):
        return "\N{EN DASH}", ""
    return f"{difference.value:+.1%}", f"{difference.low:+.1%} to {difference.high:+.1%}"


def times(factor: Share) -> tuple[str, str]:
    """How many times more, and its interval: 3.2, 2.1 to 5.0; a dash where there is no saying."""
    if np.isnan(factor.value):
        return "\N{EN DASH}", ""
    ends = f"{factor.low:.1f} to {factor.high:.1f}" if np.isfinite(factor.high) else f"at least {factor.low:.1f}"
    return f"{factor.value:.1f}", ends


def amount(number: float) -> str:
    """1.517 -> 1.52; a dash for none."""
    return "\N{EN DASH}" if np.isnan(number) else f"{number:.2f}"
