"""How is a share written that is not sure?"""

import numpy as np

from ringfence.exposure.estimates import Estimate, Pooled


def told(share: Estimate | Pooled) -> str:
    """The share and its interval, in hundredths."""
    return "of nothing" if np.isnan(share.value) else f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


def times(ratio: Estimate) -> str:
    """How many times more, and its interval."""
    return "of nothing" if np.isnan(ratio.value) else f"{ratio.value:.1f} [{ratio.low:.1f}, {ratio.high:.1f}]"
