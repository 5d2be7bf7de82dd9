"""What exactly does an account share with the accounts found, and which of its ties lead to none of them?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery.corroborate import PRIOR
from ringfence.discovery.kinds import Kind
from ringfence.discovery.likeness import take_rows

MOST = 10

Accounts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shared:
    """One object or account that an account is tied to: `others` are its other users, `found` of them are found."""

    relation: str  # a kind of tie; "follows back" is the tie seen from the other end
    name: str
    others: int
    found: int


@dataclass(frozen=True, slots=True)
class Company:
    """An account's ties to what accounts found are tied to as well, the most telling first, and the rest.

    `more` says how many such ties there are beside the `shared` ones. `some` names the kinds of tie that lead to an
    account found and `none` those that do not, each with how many ties of it the account has.
    """

    shared: tuple[Shared, ...]
    more: int
    some: tuple[str, ...]
    none: tuple[tuple[str, int], ...]


def company(
    kinds: Sequence[Kind], found: NDArray[np.bool_], names: pa.StringArray, accounts: Accounts
) -> list[Company]:
    """What each of `accounts` (dense ids) shares with the accounts `found`, itself never counted.

    The most telling is what has the largest share of accounts found among its other users, that shrunk as in
    corroboration; of equals what more of them use, then by kind and id.
    """
    parts = [_ties(kind, number, found, accounts) for number, kind in enumerate(kinds)]
    place, number, target, others, held = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    telling = held / (others + PRIOR)
    leading = np.flatnonzero(held > 0)
    keys = (target, number, -held, -telling, place)
    order = leading[np.lexsort([key[leading] for key in keys])]
    starts = np.searchsorted(place[order], np.arange(len(accounts) + 1))
    reached, degree = (
        np.bincount(place * len(kinds) + number, weights, len(accounts) * len(kinds)).reshape(-1, len(kinds))
        for weights in (held > 0, None)
    )
    ties = np.column_stack([number, target, others, held])
    told = []
    for row, (first, last) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        shared = [
            Shared(kinds[kind].name, kinds[kind].ties.name(one, names), users, users_found)
            for kind, one, users, users_found in ties[order[first : min(last, first + MOST)]].tolist()
        ]
        some = tuple(kind.name for kind, is_some in zip(kinds, reached[row], strict=True) if is_some)
        none = np.flatnonzero((degree[row] > 0) & (reached[row] == 0)).tolist()
        counted = tuple((kinds[kind].name, int(degree[row, kind])) for kind in none)
        told.append(Company(tuple(shared), last - first - len(shared), some, counted))
    return told


def _ties(kind: Kind, number: int, found: NDArray[np.bool_], accounts: Accounts) -> tuple[Accounts, ...]:
    """The ties of one kind: place in `accounts`, number of the kind, target, its other users, how many are found."""
    own = take_rows(kind.matrix, accounts)
    place, target = own.sources().astype(np.int64), own.targets.astype(np.int64)
    users = np.bincount(kind.back.sources(), weights=found[kind.back.targets], minlength=kind.back.rows)
    held = users.astype(np.int64)[target] - found[accounts][place]
    return place, np.full(len(place), number), target, kind.back.degree()[target] - 1, held
