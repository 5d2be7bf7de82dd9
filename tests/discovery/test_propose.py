import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.propose import PROPOSED, propose, strata, weights
from ringfence.model.faults import Fault

NONE = pa.table({"account_id": pa.array([], pa.string()), "label": pa.array([], pa.int8())})


def ranked(count: int) -> pa.Table:
    return pa.table({"account_id": pa.array([str(n) for n in range(count)], pa.string()), "score": -np.arange(count)})


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5_000), st.integers(1, 300), st.integers(0, 9), st.integers(0, 200))
def test_as_many_as_asked_are_drawn_once_each_at_the_chance_that_is_told(
    size: int, count: int, seed: int, done: int
) -> None:
    reviewed = pa.table({"account_id": pa.array([str(n) for n in range(min(done, size))], pa.string())})
    reviewed = reviewed.append_column("label", pa.array([n % 2 for n in range(reviewed.num_rows)], pa.int8()))
    drawn = propose(ranked(size), reviewed, count, seed)
    assert drawn.schema == PROPOSED
    ids = drawn["account_id"].to_pylist()
    assert len(set(ids)) == len(ids) == min(count, size - reviewed.num_rows)
    assert not set(ids) & set(reviewed["account_id"].to_pylist())
    assert drawn["rank"].to_pylist() == [int(name) + 1 for name in ids]
    stratum, chance = np.array(drawn["stratum"]), np.array(drawn["chance"])
    free = np.bincount(strata(size)[reviewed.num_rows :], minlength=20)
    for number in set(stratum.tolist()):
        assert chance[stratum == number] == pytest.approx((stratum == number).sum() / free[number])


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    assert propose(ranked(2_000), NONE, 50, 1).equals(propose(ranked(2_000), NONE, 50, 1))
    assert not propose(ranked(2_000), NONE, 50, 1).equals(propose(ranked(2_000), NONE, 50, 2))


def test_effort_goes_where_there_is_doubt() -> None:
    known = np.arange(0, 50, 2)  # of the first stratum, all right: it is settled
    settled = pa.table({"account_id": [str(n) for n in known], "label": [1] * len(known)})
    stratum = np.array(propose(ranked(2_000), settled, 150)["stratum"])
    assert (stratum == 0).sum() < (stratum == 1).sum()
    assert np.bincount(stratum).min() >= 5


def test_weights_stand_for_the_whole_platform_after_any_number_of_rounds() -> None:
    scores = ranked(3_000)
    reviewed = NONE
    for seed in range(3):
        ids = propose(scores, reviewed, 100, seed)["account_id"].to_pylist()
        told = pa.table({"account_id": ids, "label": pa.array([int(int(one) < 90) for one in ids], pa.int8())})
        reviewed = pa.concat_tables([reviewed, told])
    weighed = weights(scores, reviewed)
    assert sum(weighed["weight"].to_pylist()) == pytest.approx(3_000)
    assert min(weighed["weight"].to_pylist()) >= 1.0


def test_no_accounts_to_review_is_refused() -> None:
    with pytest.raises(Fault, match="1 or more"):
        propose(ranked(10), NONE, 0)
