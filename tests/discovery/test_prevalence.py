import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.prevalence import count, prevalence
from ringfence.discovery.propose import propose
from ringfence.model.faults import Fault

NONE = pa.table({"account_id": pa.array([], pa.string()), "label": pa.array([], pa.int8())})


@pytest.mark.parametrize(("top", "base", "reviews"), [(0.9, 0.0, 150), (0.9, 0.005, 250), (0.5, 0.05, 250)])
def test_a_90_percent_interval_holds_the_truth_nine_times_in_ten(top: float, base: float, reviews: int) -> None:
    """From few that belong to many, ranked well or badly; 200 platforms each, reviewed in one round."""
    size, held = 4_000, []
    scores = pa.table({"account_id": [str(n) for n in range(size)], "score": -np.arange(size)})
    for seed in range(200):
        positive = np.random.default_rng(seed).random(size) < np.maximum(top * np.exp(-np.arange(size) / 120), base)
        ids = propose(scores, NONE, reviews, seed)["account_id"].to_pylist()
        said = pa.table({"account_id": ids, "label": [int(positive[int(name)]) for name in ids]})
        found = prevalence(scores, said)
        held.append(found.lowest <= positive.sum() <= found.highest)
    assert 0.87 <= np.mean(held) <= 0.97


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_the_estimate_lies_in_its_interval_and_never_beyond_what_was_seen(
    parts: list[tuple[int, float, float]],
) -> None:
    held = np.array([size for size, _, _ in parts])
    seen = np.array([round(size * part) for size, part, _ in parts])
    right = np.array([round(many * part) for many, (_, _, part) in zip(seen.tolist(), parts, strict=True)])
    estimate, lowest, highest = count(held, seen, right, 0.9)
    assert right.sum() - 1e-6 <= lowest <= estimate + 1e-6
    assert estimate <= highest + 1e-6 <= (held - seen + right).sum() + 2e-6


def test_a_platform_that_is_reviewed_as_a_whole_leaves_no_doubt() -> None:
    scores = pa.table({"account_id": [str(n) for n in range(60)], "score": -np.arange(60)})
    every = pa.table({"account_id": [str(n) for n in range(60)], "label": [1] * 7 + [0] * 53})
    found = prevalence(scores, every)
    assert [found.accounts, found.lowest, found.highest] == pytest.approx([7.0, 7.0, 7.0])
    assert found.unseen == 0


def test_accounts_nobody_looked_at_may_be_anything() -> None:
    scores = pa.table({"account_id": [str(n) for n in range(600)], "score": -np.arange(600)})
    first = pa.table({"account_id": [str(n) for n in range(50)], "label": [1] * 50})
    found = prevalence(scores, first)
    assert found.unseen == 550
    assert found.highest > 300


def test_nothing_reviewed_is_refused() -> None:
    with pytest.raises(Fault, match="no account is reviewed"):
        prevalence(pa.table({"account_id": ["a"], "score": [1.0]}), NONE)
