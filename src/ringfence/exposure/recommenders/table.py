"""What would be shown, where a platform works its slates out in advance? A table with one row a place."""

from pathlib import Path

import duckdb
import pyarrow as pa

from ringfence.exposure.recommenders.per_viewer import PerViewer
from ringfence.exposure.recommenders.positions import slates
from ringfence.model.faults import Fault

COLUMNS = ("viewer_id", "shown_id", "position")

_ROWS = 'SELECT viewer_id, NULL AS "at", shown_id, position FROM given'


class Precomputed(PerViewer):
    """Answers each viewer with the slate that the table has for them."""

    __slots__ = ()

    @classmethod
    def from_table(cls, table: pa.Table, where: str = "table of slates") -> "Precomputed":
        """`table`: viewer_id, shown_id and position. Raises Fault where one is missing; others are passed over."""
        with duckdb.connect() as connection:
            connection.register("given", table.select(_columns(table.column_names, where)))
            return cls(slates(connection, _ROWS))

    @classmethod
    def from_file(cls, path: Path) -> "Precomputed":
        """A Parquet file, or a CSV file with a header. Raises Fault for a file that cannot be read as one."""
        with duckdb.connect() as connection:
            try:
                if path.suffix.lower() == ".csv":
                    given = connection.read_csv(str(path), header=True, all_varchar=True)  # "007" is an id, and no 7
                else:
                    given = connection.read_parquet(str(path))
                _columns(given.columns, str(path))
                given.create_view("given")
                return cls(slates(connection, _ROWS))
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise Fault(first, where=str(path), mend="give a Parquet file, or a .csv with a header") from error


def _columns(found: list[str], where: str) -> list[str]:
    if missing := [column for column in COLUMNS if column not in found]:
        raise Fault(f"has no column {', '.join(missing)}", where=where, mend=f"give {', '.join(COLUMNS)}")
    return list(COLUMNS)
