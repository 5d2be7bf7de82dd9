"""What do the profiles of the generated platform say?"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.world.plan import MEMBERS, Kind, Plan, generator
from ringfence.world.posts import NEWS_LINKS, SPAM_POOL
from ringfence.world.text import languages, names
from ringfence.world.vocabulary import BIOS, BIRDS, CHILD_BIOS, LANGUAGES

MINOR_SHARE = 0.06  # of all accounts that declare an age, those under 18


def accounts(plan: Plan, places: NDArray[np.int64], ids: pa.StringArray, created: pa.Array, part: int) -> pa.Table:
    """The accounts table's rows for `places`, whose ids and creation times are given."""
    rng = generator(plan.seed, "people", part)
    count = len(places)
    child = plan.child[places]
    bio = pa.array(BIOS).take(pa.array(rng.integers(0, len(BIOS), count)))
    bio = pc.if_else(pa.array(child), pa.array(CHILD_BIOS).take(pa.array(rng.integers(0, len(CHILD_BIOS), count))), bio)
    watcher = plan.kind[places] == Kind.BIRD_WATCHER
    birds = pa.array(BIRDS).take(pa.array(rng.integers(0, len(BIRDS), count)))
    bio = pc.if_else(pa.array(watcher), pc.binary_join_element_wise(birds, "and other birds", " "), bio)
    status = pc.if_else(pa.array(plan.removed[places]), "removed", "active")
    locale = pa.array(LANGUAGES).take(pa.array(languages(plan, places)))
    handle = _handles(plan, places)
    return pa.Table.from_arrays(
        [ids, handle, handle, bio, _links(plan, places, rng), created, status, _ages(plan, places, rng), locale],
        schema=EVENTS[Table.ACCOUNTS],
    )


def _handles(plan: Plan, places: NDArray[np.int64]) -> pa.StringArray:
    """`user` and a number. Where audiences return they must know whom to: every other back-up takes its old name."""
    known = (plan.replaced[places] >= 0) & (places % 2 == 0) & (plan.adversary.regrowth > 0)
    number = pc.cast(pa.array(_scattered(plan, np.where(known, plan.replaced[places], places))), pa.string())
    return pc.binary_join_element_wise("user", number, pc.if_else(pa.array(known), "x", ""), "")


def _scattered(plan: Plan, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return (places * plan.stride) % plan.accounts


def _ages(plan: Plan, places: NDArray[np.int64], rng: np.random.Generator) -> pa.Array:
    """Half of all accounts declare an age. Those that read as run by a child mostly declare a child's."""
    minor = (rng.random(len(places)) < MINOR_SHARE) | (plan.child[places] & (rng.random(len(places)) < 0.8))
    age = np.where(minor, rng.integers(13, 18, len(places)), rng.integers(18, 70, len(places)))
    hidden = (rng.random(len(places)) < 0.5) & ~plan.child[places]
    return pa.array(age.astype(np.int32), mask=hidden)


def _links(plan: Plan, places: NDArray[np.int64], rng: np.random.Generator) -> pa.ListArray:
    """A link in the profile: members put a contact of their network there, some others a page of their own."""
    sizes = np.array([max(2, len(members) // 4) for members in plan.members])
    starts = NEWS_LINKS + SPAM_POOL + np.cumsum(np.concatenate(([0], sizes[:-1])))
    member = np.isin(plan.kind[places], MEMBERS)
    network = np.where(member, plan.network[places], 0).astype(np.int64)
    contact = starts[network] + (sizes[network] * rng.random(len(places))).astype(np.int64)
    chance = rng.random(len(places))
    number = np.where(member & (chance < 0.25), contact, (1 << 41) + places)
    there = chance < np.where(member, 0.35, 0.12)
    offsets = np.concatenate(([0], np.cumsum(there)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names("https://example.org/l", number[there]))
