"""Which seeds would an attacker have an analyst believe in? Innocent accounts, among true ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ringfence.model.faults import Fault
from ringfence.world.plan import Kind, Plan, generator, plan
from ringfence.world.write import World, account_ids, row_of_places


class Poison(StrEnum):
    """Who is named falsely: accounts that hang together, or any."""

    SUPPORT_GROUP = "support_group"
    BIRD_WATCHER = "bird_watcher"
    COMMUNITY = "community"  # the most followed ordinary accounts of one community
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class PoisonedSeeds:
    """Account ids. `group` is everybody whom the false seeds may drag along: the rest of their group or community."""

    true: tuple[str, ...]
    false: tuple[str, ...]
    group: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.true + self.false


def poisoned_seeds(world: World, seeds: Sequence[str], share: float, kind: Poison) -> PoisonedSeeds:
    """`seeds`, the last of them replaced by innocent accounts, so that this share of all is false.

    The same arguments give the same seeds. Raises Fault for a share that is none, or a group that is too small.
    """
    if not 0 <= share <= 1:
        raise Fault(f"a share of {share}", where="poisoned seeds", mend="choose from 0 to 1")
    count = round(share * len(seeds))
    who = plan(world.accounts, world.seed, world.adversary)
    rng = generator(world.seed, f"poison {kind}")
    group = _group(who, kind, rng)
    if count > len(group):
        raise Fault(f"{count} of a group of {len(group)}", where="poisoned seeds", mend="choose a smaller share")
    first = group[: max(count, TOP)] if kind is Poison.COMMUNITY else group
    false = rng.choice(first, size=count, replace=False)
    row_of = row_of_places(who)
    dragged = np.empty(0, np.int64) if kind is Poison.RANDOM else np.setdiff1d(group, false)
    return PoisonedSeeds(
        true=tuple(seeds[: len(seeds) - count]),
        false=tuple(account_ids(row_of[false]).to_pylist()),
        group=tuple(account_ids(row_of[dragged]).to_pylist()),
    )


TOP = 30  # an attacker names accounts that are known in their community
MIDDLING = (100, 2_000)  # accounts in a community that an attacker would go for


def _group(who: Plan, kind: Poison, rng: np.random.Generator) -> NDArray[np.int64]:
    """The innocent accounts to choose from, those of a community with the most followed first."""
    if kind in {Poison.SUPPORT_GROUP, Poison.BIRD_WATCHER}:
        return who.of(Kind[kind.name])
    ordinary = who.of(Kind.ORDINARY)
    if kind is Poison.RANDOM:
        return ordinary
    sizes = np.diff(who.community_starts)
    middling = np.flatnonzero((sizes >= MIDDLING[0]) & (sizes <= MIDDLING[1]))
    community = rng.choice(middling if len(middling) else np.array([sizes.argmax()]))
    return np.asarray(ordinary[who.community(ordinary) == community])
