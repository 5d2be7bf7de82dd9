"""What is there to read about one account? Its score in parts, what it shares, its path, what speaks against.

Told of the short list only; of all others there is the score and its rank. Nothing here is a verdict.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery import plain_words
from ringfence.discovery.contributions import Contribution, contributions
from ringfence.discovery.expand import Expansion
from ringfence.discovery.kinds import both_families
from ringfence.discovery.paths import Ways, ways
from ringfence.discovery.shared import Company, Shared, company
from ringfence.model.schemas import EXPLANATIONS

MOST_AGAINST = 3  # so many of the contributions that lower the score are said again
NOTHING = "nothing to show: it shares nothing with an account found, and no way leads to a seed"
TO_SEED, TO_TERM = "a seed account", "a user of a seed term or thing"

Accounts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Step:
    """One tie of a path and what it leads to. `back` says that it is read from the object to one of its users."""

    relation: str
    name: str
    back: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to read about one account. `path` leads to `path_to`; both are empty where none leads there."""

    account_id: str
    contributions: tuple[Contribution, ...]
    shared: tuple[Shared, ...]
    more_shared: int
    path: tuple[Step, ...]
    path_to: str
    against: tuple[str, ...]

    @property
    def nothing(self) -> str:
        """An honest line where there is nothing to show, else empty."""
        return "" if self.shared or self.path else NOTHING


def explanations(found: Expansion, accounts: Accounts) -> list[Explanation]:
    """Explain each of `accounts` (dense ids)."""
    names, kinds = found.graph.accounts, found.judged.kinds
    amounts = contributions(found, accounts)
    shares = company(kinds, found.members, names, accounts)
    paths = _Paths(found)
    refused = _tied_to(found, found.seeds.negatives)
    told = []
    for account, parts, shared in zip(accounts.tolist(), amounts, shares, strict=True):
        path, path_to = paths.of(account)
        said = tuple(_against(found, account, parts, shared, int(refused[account])))
        told.append(Explanation(str(names[account]), parts, shared.shared, shared.more, path, path_to, said))
    return told


def table(explained: Sequence[Explanation]) -> pa.Table:
    """Explanations as the table that is kept."""
    return pa.Table.from_pylist([asdict(one) for one in explained], EXPLANATIONS)


class _Paths:
    """The paths to the seed accounts and, for accounts without one, to who uses a seed term."""

    def __init__(self, found: Expansion) -> None:
        self.found = found
        self.seeds = self._ways(found.seeds.accounts)
        users = found.seeds.restarts[:, found.seeds.thing_columns].any(axis=1)
        self.users = self._ways(np.flatnonzero(users))

    def _ways(self, sources: Accounts) -> Ways:
        return ways(self.found.judged.kinds, self.found.graph.size, sources)

    def of(self, account: int) -> tuple[tuple[Step, ...], str]:
        """The steps of an account's path, and what is at their end."""
        for search, end in ((self.seeds, TO_SEED), (self.users, TO_TERM)):
            if search.steps[account] >= 0:
                way = search.to_source(account)
                return tuple(self._step(kind, node) for kind, node in way), end
        return (), ""

    def _step(self, number: int, node: int) -> Step:
        kind, begin = self.found.judged.kinds[number], self.seeds.offset[number]
        if kind.company or node < self.found.graph.size:
            return Step(kind.name, str(self.found.graph.accounts[node]), back=not kind.company)
        return Step(kind.name, kind.ties.name(node - begin, self.found.graph.accounts), back=False)


def _tied_to(found: Expansion, accounts: Accounts) -> NDArray[np.int64]:
    """How many of `accounts` each account is tied to, in whichever way; every relation has a kind for either end."""
    count = np.zeros(found.graph.size, np.int64)
    company_kept = [kind.matrix for kind in found.judged.kinds if kind.company]
    for one in accounts.tolist():
        beside = [matrix.row(one).astype(np.int64) for matrix in company_kept]
        count[np.unique(np.concatenate([np.empty(0, np.int64), *beside]))] += 1
    return count


def _against(found: Expansion, account: int, parts: Sequence[Contribution], shared: Company, refused: int) -> list[str]:
    """What speaks against an account, in sentences, the most telling first."""
    said = []
    if refused:
        said.append(f"tied to {refused:,} {_plural(refused, 'account')} that a person said are none")
    if found.networks.member_of[account] >= 0:
        said += _resting(found, found.networks.ids[found.networks.member_of[account]])
    else:
        said.append("in no network found")
    said += _one_family(found, shared)
    lowered = sorted((one for one in parts if one.amount < 0 and len(parts) > 1), key=lambda one: one.amount)
    said += [f"{one.words}: lowers the score by {-one.amount:.2f}" for one in lowered[:MOST_AGAINST]]
    for kind, ties in shared.none:
        said.append(f"none of the {ties:,} {plain_words.THINGS[kind]} leads to another account found")
    return said


def _resting(found: Expansion, network: str) -> list[str]:
    """Whether the account's network rests on one group of seeds that no other supports."""
    return [
        f"its network rests on one of {len(found.groups)} groups of seeds, which no other group supports"
        for group in found.groups
        if network in group.rest and len(found.groups) > 1
    ]


def _one_family(found: Expansion, shared: Company) -> list[str]:
    if not both_families(found.judged.kinds):
        return ["one family of ties only: this platform gave no other to agree with it"]
    families = {kind.company for kind in found.judged.kinds if kind.name in shared.some}
    if len(families) != 1:
        return []
    return [f"one family of ties only: {'the company it keeps' if True in families else 'the content it shares'}"]


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
