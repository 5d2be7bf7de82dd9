"""What is kept for each viewer? The base of the two platforms that can only repeat what they were given."""

from collections.abc import Sequence

from ringfence.exposure.recommenders.positions import Flaws, Slates


class PerViewer:
    """A `Platform` that answers each viewer with the last slate there is for them, whomever they follow.

    A test account has none. Use it to judge what real viewers are shown (`simulate.first_slates`), not to walk on.
    """

    __slots__ = ("_last", "_slates", "_without")

    def __init__(self, read: Slates) -> None:
        self._slates = read
        # Slates of a viewer stand in order of time, so the last row wins.
        self._last = {viewer: row for row, viewer in enumerate(read.table["viewer_id"].to_pylist())}
        self._without: set[str | None] = set()

    @property
    def flaws(self) -> Flaws:
        """What was wrong with the rows."""
        return self._slates.flaws

    @property
    def viewers(self) -> list[str]:
        """Whoever has a slate."""
        return list(self._last)

    @property
    def without(self) -> int:
        """Viewers that were asked about and have no slate; all test accounts count as one."""
        return len(self._without)

    def __call__(self, viewer: str | None, followed: Sequence[str], wanted: int) -> list[str]:  # noqa: ARG002 - see above
        """See `Platform`. Nobody for a viewer without a slate, who is counted in `without`."""
        row = None if viewer is None else self._last.get(viewer)
        if row is None:
            self._without.add(viewer)
            return []
        shown: list[str] = self._slates.table["shown"][row].as_py()
        return shown[:wanted]
