"""Is what real viewers are shown judged as it stands, odd slates counted, and nobody walked?"""

import numpy as np
import pyarrow as pa
import pytest
from tests.exposure.test_slates import graph

from ringfence.exposure.arms import Arm, standing
from ringfence.exposure.recommenders.platform import Names
from ringfence.exposure.recommenders.table import Precomputed
from ringfence.exposure.simulate import keep_all
from ringfence.exposure.viewers import Repeated, ViewerGroup, viewed
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault

ACCOUNTS = 30
MEMBERS = np.arange(ACCOUNTS) >= 25
FOLLOWS: Csr = graph({(viewer, 25) for viewer in range(5)} | {(viewer, 20) for viewer in range(5, 15)}, ACCOUNTS)


def shown(slates: dict[str, list[str]]) -> Repeated:
    rows = [
        {"viewer_id": viewer, "shown_id": account, "position": place}
        for viewer, slate in slates.items()
        for place, account in enumerate(slate)
    ]
    return Repeated(Precomputed.from_table(pa.Table.from_pylist(rows)), Names([f"a{n}" for n in range(ACCOUNTS)]))


def groups(told: Repeated, *, flagged: tuple[int, ...] = (), most: int = 1_000) -> dict[str, ViewerGroup]:
    mask = np.isin(np.arange(ACCOUNTS), flagged)
    found = viewed(FOLLOWS, MEMBERS, told, standing(told, mask, None), 0, most=most)
    return {group.name: group for group in found}


def test_a_slate_is_judged_as_it_was_shown_even_where_the_viewer_followed_since() -> None:
    told = groups(shown({"a0": ["a25", "a20"], "a1": ["a21", "a20"], "a5": ["a20", "a26", "a27"], "a6": ["a21"]}))
    near, far = told["follows_member"].arms[0], told["follows_none"].arms[0]
    assert (near.share.value, near.ever_first.value) == (0.25, 0.5)  # a0 follows a25, and was shown it
    assert (far.share.value, far.ever_first.value) == (0.5, 0.5)
    assert (near.share.accounts, told["follows_none"].of) == (2, 2)
    assert far.empty == pytest.approx(16 / 20)


def test_the_filter_lets_the_next_of_a_long_slate_move_up() -> None:
    long = [*(f"a{n}" for n in range(10, 19)), "a25", "a21", "a26"]
    (group,) = groups(shown({"a5": long, "a6": ["a26"]}), flagged=(25, 26, 11)).values()
    none, filtered = group.arms
    assert none.share.value == pytest.approx(2 / 11)
    assert (none.name, none.ever_first.value) == ("none", 1.0)
    assert (filtered.name, filtered.share.value, filtered.ever_first.value) == ("filter", 0.0, 0.0)
    assert filtered.displaced.value == pytest.approx(1 / 9)  # 11, which is flagged wrongly
    assert filtered.empty == pytest.approx((1 + 10) / 20)


def test_odd_slates_are_counted_once_and_what_is_behind_moves_up() -> None:
    told = shown({"a5": ["nobody", "a5", "a20", "a25", "a20"], "stranger": ["a20"], "a25": ["a26"]})
    for _ in range(3):
        (group,) = groups(told).values()
    assert (group.name, group.viewers, group.of) == ("follows_none", 1, 1)  # neither a member nor a stranger
    assert group.arms[0].share.value == 0.5
    counts = {name: count for name, count, _ in told.troubles}
    assert counts == {"unknown_viewers": 1, "unknown": 1, "viewer": 1, "duplicates": 1}
    examples = {name: example for name, _, example in told.troubles}
    assert examples["unknown"] == "'nobody', shown to 'a5'"
    assert told(np.empty(0, np.uint32), 10, ACCOUNTS).ids.tolist() == []  # a test account


def test_a_sample_is_drawn_and_is_the_same_again() -> None:
    slates = {f"a{n}": ["a25" if n % 2 else "a20"] for n in range(15)}
    first, again = groups(shown(slates), most=4), groups(shown(slates), most=4)
    assert first == again
    assert [(group.viewers, group.of) for group in first.values()] == [(4, 5), (4, 10)]
    every = groups(shown(slates))
    assert every["follows_none"].arms[0].ever_first.value == 0.5


def test_where_nobody_has_a_slate_it_is_one_line() -> None:
    told = shown({"stranger": ["a20"], "a26": ["a25"]})
    with pytest.raises(Fault, match="no viewer has a slate"):
        viewed(FOLLOWS, MEMBERS, told, [Arm("none", told, keep_all)], 0)
