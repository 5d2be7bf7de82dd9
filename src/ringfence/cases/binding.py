"""How many values does one statement take? SQLite binds 32,766 at the most, and fewer are faster."""

from collections.abc import Iterator, Sequence

MOST = 500


def parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in turn, as many at a time as one statement takes."""
    for start in range(0, len(values), MOST):
        yield values[start : start + MOST]
