"""What else is known of each account, in numbers? A matrix with one row an account, checked."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Described:
    """Accounts and what is known of them, row by row."""

    accounts: pa.StringArray
    values: NDArray[np.float32]

    def of(self, accounts: pa.StringArray) -> NDArray[np.float32]:
        """The rows for `accounts`, in their order; an account that is not described has the mean of those that are."""
        places = pc.index_in(accounts, self.accounts)
        there = ~np.asarray(places.is_null())
        usual = self.values.mean(axis=0) if len(self.values) else np.zeros(self.values.shape[1])
        rows = np.tile(usual.astype(np.float32), (len(accounts), 1))
        rows[there] = self.values[places.drop_null().to_numpy()]
        return rows


def described(features: pa.Table | NDArray[np.floating] | None) -> Described | None:
    """Features as given by a caller: a table with an `account_id` column, or a matrix whose row i is account "i"."""
    if features is None:
        return None
    if not isinstance(features, pa.Table):
        return Described(pa.array([str(n) for n in range(len(features))], pa.string()), finite(features))
    if "account_id" not in features.column_names:
        raise Fault(
            f"no column account_id among {', '.join(features.column_names)}",
            where="features",
            mend="name the column that holds the account ids account_id",
        )
    accounts = features["account_id"].combine_chunks().cast(pa.string())
    if accounts.null_count or len(pc.unique(accounts)) != len(accounts):
        raise Fault("an account_id that is null or given twice", where="features", mend="give one row an account")
    return Described(accounts, _numbers(features.drop_columns(["account_id"])))


def finite(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """A matrix of finite numbers, as float32. Raises Fault that names the first row and column that holds none."""
    matrix = np.ascontiguousarray(values, dtype=np.float32)
    if matrix.ndim != 2:  # noqa: PLR2004 - a matrix has two
        raise Fault(f"it has the shape {matrix.shape}", where="features", mend="give a matrix, one row an account")
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        raise Fault(
            f"row {bad[0][0]}, column {bad[0][1]} is no finite number, nor are {len(bad) - 1:,} others",
            where="features",
            mend="fill what is missing, and say so in a column of its own",
        )
    return matrix


def _numbers(table: pa.Table) -> NDArray[np.float32]:
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            raise Fault(f"column {name} is {kind}", where="features", mend="give numbers, or leave the column out")
        if column.null_count:
            raise Fault(f"column {name} holds nulls", where="features", mend="fill what is missing, or leave it out")
        columns.append(column.cast(pa.float64()).to_numpy())
    return finite(np.column_stack(columns)) if columns else np.empty((table.num_rows, 0), np.float32)
