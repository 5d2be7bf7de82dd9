"""How is a probability kept as a strength? In steps, rounded down: never surer than what was found."""

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.policies.parts import STEP

TINY = 1e-6  # 0.7 / 0.05 is a little less than 14 in binary


def floored(probability: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Each of these (0 to 1) as a float32 that is a whole number of steps, not above it; null stays null."""
    steps = pc.floor(pc.add(pc.divide(pc.cast(probability, pa.float64()), STEP), TINY))
    within = pc.max_element_wise(
        0.0, pc.min_element_wise(1.0, pc.multiply(steps, STEP), skip_nulls=False), skip_nulls=False
    )
    return pc.cast(within, pa.float32(), safe=False)
