"""Who is who in the generated platform? Decided once, before a single event is written."""

from dataclasses import dataclass
from enum import IntEnum
from math import gcd

import numpy as np
from numpy.typing import NDArray

from ringfence.world.adversary import NONE, Adversary

DEFAULT_ACCOUNTS = 200_000
SMALLEST, LARGEST = 1_000, 10_000_000


class Kind(IntEnum):
    """What an account was planted as. The first three are members; all others are innocent but the audience."""

    PROMOTER = 0
    BRIDGE = 1
    BACKUP = 2
    AUDIENCE = 3
    ORDINARY = 4
    BYSTANDER = 5  # follows one or two members and does nothing else with them
    BIRD_WATCHER = 6
    SUPPORT_GROUP = 7
    JOURNALIST = 8
    SPAM = 9
    RESEARCHER = 10  # only where asked for


MEMBERS = (Kind.PROMOTER, Kind.BRIDGE, Kind.BACKUP)

# How many of each there are at 200,000 accounts; 405 is the number of selling accounts found in 2023.
AT_DEFAULT = {
    Kind.PROMOTER: 405,
    Kind.BRIDGE: 30,
    Kind.BACKUP: 45,
    Kind.AUDIENCE: 5_000,
    Kind.BYSTANDER: 2_000,
    Kind.BIRD_WATCHER: 1_500,
    Kind.SUPPORT_GROUP: 300,
    Kind.JOURNALIST: 60,
    Kind.SPAM: 400,
}
NETWORKS_AT_DEFAULT = 9
DAYS = 180  # how long the events last
REMOVAL_DAY = 120  # the day on which some promoters are removed; back-up accounts open after it
CHILD_SHARE = 0.12  # of promoters whose profile reads as run by a child


@dataclass(frozen=True, slots=True)
class Plan:
    """Every account by its place, 0 to accounts - 1.

    A place is also a popularity: the first places of a community are followed most. `order` says in which place each
    row of the accounts table is, so that the file gives nothing away.
    """

    accounts: int
    seed: int
    networks: int
    community_starts: NDArray[np.int64]  # communities + 1
    kind: NDArray[np.uint8]
    network: NDArray[np.int16]  # -1 for accounts of no network
    second: NDArray[np.int16]  # the other network of a bridge, else -1
    child: NDArray[np.bool_]
    removed: NDArray[np.bool_]  # promoters whose account was taken down on REMOVAL_DAY
    created: NDArray[np.float32]  # days after the first event; most are negative
    order: NDArray[np.int64]
    stride: int  # multiplying by it scatters popularity ranks over the places
    members: tuple[NDArray[np.int64], ...]  # places, one array a network, the loudest first
    audiences: tuple[NDArray[np.int64], ...]
    adversary: Adversary
    isolated: NDArray[np.bool_]  # networks that use none of the seeds' words
    replaced: NDArray[np.int64]  # the place of the removed account that each back-up account stands in for, else -1

    @property
    def communities(self) -> int:
        return len(self.community_starts) - 1

    def community(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.community_starts, places, side="right") - 1

    def of(self, kind: Kind) -> NDArray[np.int64]:
        """The places of one kind, ascending."""
        return np.flatnonzero(self.kind == kind)


def generator(plan_seed: int, stream: str, part: int = 0) -> np.random.Generator:
    """Random numbers of one stream and part. Every part has its own, so that parts may be made in any order."""
    return np.random.default_rng([plan_seed, part, *stream.encode()])


def plan(accounts: int, seed: int, adversary: Adversary = NONE) -> Plan:
    """Decide who is who among `accounts` accounts. Planted groups grow with the square root of the platform."""
    rng = generator(seed, "plan")
    scale = float(np.sqrt(accounts / DEFAULT_ACCOUNTS))
    counts = {kind: max(4, round(count * scale)) for kind, count in AT_DEFAULT.items()}
    networks = max(2, round(NETWORKS_AT_DEFAULT * scale))
    kind = np.full(accounts, Kind.ORDINARY, dtype=np.uint8)
    network = np.full(accounts, -1, dtype=np.int16)
    second = np.full(accounts, -1, dtype=np.int16)
    places = rng.choice(accounts, size=sum(counts.values()), replace=False)
    used = 0
    for which, count in counts.items():
        group = places[used : used + count]
        kind[group] = which
        if which in (*MEMBERS, Kind.AUDIENCE, Kind.BYSTANDER):
            network[group] = _shared_out(count, networks, rng)
        if which is Kind.BRIDGE:
            second[group] = (network[group] + rng.integers(1, networks, count)) % networks
        used += count
    child = (kind == Kind.PROMOTER) & (rng.random(accounts) < CHILD_SHARE)
    is_member = np.isin(kind, MEMBERS)
    starts = _communities(accounts, rng)
    removed = _removed(kind, counts[Kind.BACKUP], rng)
    created = _created(kind, rng)
    _study(kind, round(adversary.researchers * scale), seed)
    return Plan(
        accounts=accounts,
        seed=seed,
        networks=networks,
        community_starts=starts,
        kind=kind,
        network=network,
        second=second,
        child=child,
        removed=removed,
        created=_opened(created, is_member, removed, adversary.slow, seed),
        order=rng.permutation(accounts),
        stride=_stride(accounts),
        members=tuple(rng.permutation(np.flatnonzero(is_member & (network == n))) for n in range(networks)),
        audiences=tuple(np.flatnonzero((kind == Kind.AUDIENCE) & (network == n)) for n in range(networks)),
        adversary=adversary,
        isolated=_isolated(networks, adversary.isolated, seed),
        replaced=_replaced(kind, network, removed, seed),
    )


def _shared_out(count: int, networks: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Networks of uneven size: the n-th gets a share in proportion to 1 / (n + 2)."""
    shares = 1.0 / np.arange(2, networks + 2)
    return rng.choice(networks, size=count, p=shares / shares.sum()).astype(np.int16)


def _removed(kind: NDArray[np.uint8], count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """As many promoters are gone as back-up accounts came."""
    removed = np.zeros(len(kind), dtype=bool)
    removed[rng.choice(np.flatnonzero(kind == Kind.PROMOTER), size=count, replace=False)] = True
    return removed


def _created(kind: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Anyone may have joined in the three years before; members a little later, back-ups after the removal."""
    created = DAYS / 2 - 1200 * rng.random(len(kind))
    recent = np.isin(kind, MEMBERS) | (rng.random(len(kind)) < 0.2)
    created[recent] = DAYS / 2 - 500 * rng.random(int(recent.sum()))
    late = kind == Kind.BACKUP
    created[late] = REMOVAL_DAY + 1 + 30 * rng.random(int(late.sum()))
    return created.astype(np.float32)


def _study(kind: NDArray[np.uint8], count: int, seed: int) -> None:
    """Make `count` ordinary accounts researchers."""
    ordinary = np.flatnonzero(kind == Kind.ORDINARY)
    kind[generator(seed, "researchers").choice(ordinary, size=count, replace=False)] = Kind.RESEARCHER


def _opened(
    created: NDArray[np.float32], member: NDArray[np.bool_], removed: NDArray[np.bool_], slow: float, seed: int
) -> NDArray[np.float32]:
    """Members' accounts open later, at most any day of the events; a removed one still before its removal."""
    last = np.where(removed, REMOVAL_DAY, DAYS) - 1.0
    any_day = np.maximum(created, last * generator(seed, "slow").random(len(created)))
    moved = created + min(1.0, slow) * (any_day - created)
    return np.where(member, moved, created).astype(np.float32)


def _isolated(networks: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Which networks use none of the seeds' words: one at least does."""
    count = min(networks - 1, round(share * networks))
    alone = np.zeros(networks, dtype=bool)
    alone[generator(seed, "isolated").choice(networks, size=count, replace=False)] = True
    return alone


def _replaced(
    kind: NDArray[np.uint8], network: NDArray[np.int16], removed: NDArray[np.bool_], seed: int
) -> NDArray[np.int64]:
    """Each back-up account stands in for a removed one, of its own network while there are any."""
    rng = generator(seed, "replaced")
    backups, gone = rng.permutation(np.flatnonzero(kind == Kind.BACKUP)), rng.permutation(np.flatnonzero(removed))
    replaced = np.full(len(kind), -1, dtype=np.int64)
    for one in range(int(network.max()) + 1):
        here, there = backups[network[backups] == one], gone[network[gone] == one]
        pairs = min(len(here), len(there))
        replaced[here[:pairs]] = there[:pairs]
    left = backups[replaced[backups] < 0]
    replaced[left] = np.setdiff1d(gone, replaced)[: len(left)]
    return replaced


def _communities(accounts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    count = max(8, round(accounts / 700))
    sizes = rng.pareto(1.6, count) + 0.3
    starts = np.round(np.cumsum(sizes) / sizes.sum() * accounts).astype(np.int64)
    return np.unique(np.concatenate(([0], starts)))


def _stride(accounts: int) -> int:
    stride = int(accounts * 0.6180339887) | 1
    while gcd(stride, accounts) != 1:
        stride += 2
    return stride
