"""How does a platform's own recommender answer? In the platform's names, and with what it takes to number them."""

from collections.abc import Sequence
from typing import Protocol

import duckdb
import numpy as np

from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.graph.csr import Ids, Index


class Malformed(ValueError):
    """What the platform answered is no list of account ids."""


class Platform(Protocol):
    """An adapter: asks the platform and hands on what it says, untouched. `checked` makes a recommender of it."""

    def __call__(self, viewer: str | None, followed: Sequence[str], wanted: int) -> Sequence[str]:
        """Whom the platform would show, best first, to a viewer (None: somebody new) who follows these.

        Raises TimeoutError where it was too late, Malformed where it answered no list of ids, anything where it failed.
        """


class Names:
    """The platform's names of accounts, by dense id."""

    __slots__ = ("_ids", "_names")

    def __init__(self, names: Sequence[str]) -> None:
        """`names` in the order of dense ids, no two alike."""
        self._names = list(names)
        self._ids = {name: number for number, name in enumerate(self._names)}

    @classmethod
    def from_events(cls, connection: duckdb.DuckDBPyConnection) -> "Names":
        """Those of a workspace: `ringfence.store.events.connect`."""
        return cls(connection.sql("SELECT account_id FROM account_ids ORDER BY id").to_arrow_table()[0].to_pylist())

    def __len__(self) -> int:
        return len(self._names)

    def name(self, account: int) -> str | None:
        """The name of an account; None for NOBODY and for a test account, which the platform does not know."""
        return self._names[account] if 0 <= account < len(self._names) else None

    def all(self, accounts: Ids) -> list[str]:
        """The names of accounts that all have one."""
        return [self._names[account] for account in accounts.tolist()]

    def find(self, names: Sequence[str]) -> Index:
        """The dense id of each name, NOBODY for those that no account has."""
        return np.array([self._ids.get(name, NOBODY) for name in names], dtype=np.int64)
