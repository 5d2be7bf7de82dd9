"""Which accounts has a person reviewed, and what was said? A table of labels, checked against a graph."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.model.faults import Fault


@dataclass(frozen=True, slots=True)
class Labels:
    """Reviewed accounts by dense id, ascending, each once.

    `positive` says whether the account belongs; `weight` is how many accounts it stands for: one over the chance it had
    to be drawn for review, or 1.
    """

    accounts: NDArray[np.int64]
    positive: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @property
    def both_classes(self) -> bool:
        return bool(self.positive.any() and not self.positive.all())


def labels(table: pa.Table, accounts: pa.StringArray) -> Labels:
    """Read columns account_id (strings or integers), label (1, 0 or null: not known) and optionally weight.

    Raises Fault for a missing column, an account that is not among `accounts`, another label, two that contradict, and
    a weight below 1.
    """
    if missing := {"account_id", "label"} - set(table.column_names):
        raise _fault(
            f"no column {', '.join(sorted(missing))} among {', '.join(table.column_names) or 'none'}",
            "name the columns account_id and label",
        )
    said = _said(table["label"])
    weight = _weight(table)
    table = table.select(["account_id"]).filter(pa.array(~np.isnan(said)))
    weight, said = weight[~np.isnan(said)], said[~np.isnan(said)]
    places = _places(table["account_id"], accounts)
    order = np.lexsort((said, places))
    places, said, weight = places[order], said[order], weight[order]
    again = np.flatnonzero(places[1:] == places[:-1])
    if len(contrary := again[said[again] != said[again + 1]]):
        name = accounts[int(places[contrary[0]])].as_py()
        raise _fault(f"account {name!r} is labelled both 0 and 1", "settle it, or leave the account out")
    once = np.concatenate(([True], places[1:] != places[:-1])) if len(places) else np.zeros(0, bool)
    return Labels(places[once], said[once] == 1, weight[once])


def _said(column: pa.ChunkedArray) -> NDArray[np.float64]:
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise _fault(f"the labels are {kind}", "give 1, 0 or null")
    said = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    other = np.flatnonzero(~np.isnan(said) & (said != 0) & (said != 1))
    if len(other):
        raise _fault(f"row {other[0]} has the label {said[other[0]]:g}", "give 1, 0 or null")
    return said


def _weight(table: pa.Table) -> NDArray[np.float64]:
    if "weight" not in table.column_names:
        return np.ones(table.num_rows)
    weight = np.asarray(table["weight"].cast(pa.float64()).to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~(weight >= 1) | ~np.isfinite(weight))
    if len(bad):
        raise _fault(
            f"row {bad[0]} has the weight {weight[bad[0]]:g}", "give one over the chance of being drawn, 1 or more"
        )
    return weight


def _places(column: pa.ChunkedArray, accounts: pa.StringArray) -> NDArray[np.int64]:
    if column.null_count:
        raise _fault("a label without an account (null in account_id)", "leave such rows out")
    names = column.cast(pa.string())
    places = pc.index_in(names, accounts)
    if places.null_count:
        name = names.filter(places.is_null())[0].as_py()
        raise _fault(
            f"account {name!r} is not among the {len(accounts):,} accounts",
            "check the id, or ingest the events it appears in",
        )
    return np.asarray(places.to_numpy(), dtype=np.int64)


def _fault(what: str, mend: str) -> Fault:
    return Fault(what, where="labels", mend=mend)
