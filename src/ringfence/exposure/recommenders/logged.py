"""What was in fact shown? The slates of the impressions log, as a platform that repeats itself."""

import duckdb
import pyarrow as pa

from ringfence.exposure.recommenders.per_viewer import PerViewer
from ringfence.exposure.recommenders.positions import slates
from ringfence.model.words import Surface

_LOG = """
SELECT account_id AS viewer_id, "at", shown_id, position FROM impressions JOIN account_ids ON viewer = id
WHERE surface = $surface
"""


class Logged(PerViewer):
    """Answers each viewer with the last slate that the log has for them: what one viewer was shown at one time."""

    __slots__ = ()

    @classmethod
    def from_impressions(cls, impressions: pa.Table) -> "Logged":
        """`impressions`: viewer_id, at, shown_id and position, of one surface."""
        with duckdb.connect() as connection:
            connection.register("impressions", impressions)
            return cls(slates(connection, 'SELECT viewer_id, "at", shown_id, position FROM impressions'))

    @classmethod
    def from_events(cls, connection: duckdb.DuckDBPyConnection, surface: Surface) -> "Logged":
        """From the impressions of a workspace on one surface: `ringfence.store.events.connect`."""
        return cls(slates(connection, _LOG, surface=surface))

    @property
    def history(self) -> pa.Table:
        """Every slate: viewer_id, at, shown (ids in order); by viewer, then time."""
        return self._slates.table
