import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.exposure.cuts.planted import planted

from ringfence.exposure.cuts.columns import nearest
from ringfence.exposure.cuts.hiding import PARTS, disguised, neighbourhoods, scattered


@given(st.integers(0, 1_000), st.integers(4, 60))
def test_parts_hold_every_account_once(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    evidence = rng.choice(500, size, replace=False).astype(np.uint32)
    parts = list(scattered(evidence, rng))
    assert len(parts) == PARTS
    assert sorted(np.concatenate(parts).tolist()) == sorted(evidence.tolist())


def test_neighbourhoods_hold_every_account_once_and_hang_together() -> None:
    world = planted(1)
    near, rng = nearest(world.follows), np.random.default_rng(0)
    evidence = np.flatnonzero(world.flagged).astype(np.uint32)
    parts = list(neighbourhoods(evidence, near, rng))
    assert sorted(np.concatenate(parts).tolist()) == evidence.tolist()
    assert max(map(len, parts)) <= -(-len(evidence) // PARTS)
    tied = (near + near.T).toarray()
    inside = np.mean([tied[np.ix_(part, part)].mean() for part in parts if len(part) > 1])
    by_chance = np.mean([tied[np.ix_(part, part)].mean() for part in scattered(evidence, rng)])
    assert inside > 1.2 * by_chance


def test_a_disguise_changes_the_ties_of_those_disguised_and_of_nobody_else() -> None:
    world = planted(2)
    before, hidden = world.follows, world.members[:20]
    after = disguised(before, hidden, world.flagged, np.random.default_rng(5))
    rest = np.ones(before.accounts, dtype=bool)
    rest[hidden] = False
    ids = np.flatnonzero(rest)
    assert (before.forward[ids][:, ids] != after.forward[ids][:, ids]).nnz == 0
    assert (before.forward != after.forward).nnz > 0
    assert set(after.forward.data) == {1.0}
    assert after.forward.diagonal().sum() == 0
