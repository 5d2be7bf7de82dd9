"""Are false seeds innocent accounts, as many as asked for, and of the group that was named?"""

import numpy as np
import pyarrow.parquet as pq
import pytest

from ringfence.model.faults import Fault
from ringfence.world.plan import plan
from ringfence.world.poison import Poison, poisoned_seeds
from ringfence.world.write import World, write


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write(tmp_path_factory.mktemp("poison") / "world", 5_000, 4)


def kinds(world: World) -> dict[str, str]:
    truth = pq.read_table(world.folder / "truth" / "accounts.parquet")
    return dict(zip(truth["account_id"].to_pylist(), truth["kind"].to_pylist(), strict=True))


@pytest.mark.parametrize("kind", list(Poison))
@pytest.mark.parametrize("share", [0, 0.2, 0.5])
def test_false_seeds_are_innocent_and_as_many_as_asked_for(world: World, kind: Poison, share: float) -> None:
    seeds = [f"seed {n}" for n in range(10)]
    poisoned = poisoned_seeds(world, seeds, share, kind)
    known = kinds(world)
    expected = str(kind) if kind in {Poison.SUPPORT_GROUP, Poison.BIRD_WATCHER} else "ordinary"
    assert len(poisoned.false) == round(share * 10)
    assert len(set(poisoned.all)) == 10
    assert poisoned.true == tuple(seeds[: len(poisoned.true)])
    assert {known.get(account, "ordinary") for account in (*poisoned.false, *poisoned.group)} <= {expected}
    assert not set(poisoned.false) & set(poisoned.group)
    assert poisoned == poisoned_seeds(world, seeds, share, kind)


def test_a_false_community_is_one_community_and_random_accounts_are_of_many(world: World) -> None:
    who = plan(world.accounts, world.seed)
    for kind, most in ((Poison.COMMUNITY, 1), (Poison.RANDOM, None)):
        false = poisoned_seeds(world, [f"seed {n}" for n in range(40)], 0.5, kind).false
        communities = np.unique(who.community(who.order[[int(account[1:]) for account in false]]))
        assert len(communities) == most or (most is None and len(communities) > 1)


@pytest.mark.parametrize(("share", "seeds"), [(-0.1, 10), (1.1, 10), (1, 4_000)])
def test_what_cannot_be_poisoned_is_one_line(world: World, share: float, seeds: int) -> None:
    with pytest.raises(Fault, match="choose") as refused:
        poisoned_seeds(world, ["a"] * seeds, share, Poison.SUPPORT_GROUP)
    assert "\n" not in str(refused.value)
