import numpy as np
import pyarrow as pa
import pytest

from ringfence.discovery.thresholds import NotYet, Threshold, precision_bound, threshold
from ringfence.model.faults import Fault


def ranked(count: int) -> pa.Table:
    """Scores n - 1 to 0 of accounts named after their rank, from 0."""
    return pa.table({"account_id": [str(n) for n in range(count)], "score": np.arange(count - 1, -1, -1.0)})


def reviews(ranks: np.ndarray, positive: np.ndarray, weight: np.ndarray | None = None) -> pa.Table:
    columns = {"account_id": [str(n) for n in ranks], "label": positive[ranks].astype(int)}
    return pa.table(columns if weight is None else {**columns, "weight": weight})


def test_the_lowest_threshold_that_can_be_vouched_for_is_chosen() -> None:
    positive = np.arange(1_000) < 250
    found = threshold(ranked(1_000), reviews(np.arange(0, 1_000, 2), positive), 0.9)
    assert isinstance(found, Threshold)
    assert (found.above, found.reviewed) == (250, 125)
    assert found.precision == found.recall == 1.0
    assert 0.9 <= found.precision_bound < 1.0


def test_a_chosen_threshold_keeps_its_promise_however_many_were_looked_at() -> None:
    """Labels drawn anew 300 times: a threshold below the asked precision is chosen in at most 5% of them."""
    truth, kept = np.linspace(1.0, 0.0, 2_000), []
    for seed in range(300):
        chance = np.random.default_rng(seed)
        positive = chance.random(2_000) < truth
        picked = chance.choice(2_000, 400, replace=False)
        found = threshold(ranked(2_000), reviews(picked, positive), 0.7)
        if isinstance(found, Threshold):
            kept.append(positive[: found.above].mean() >= 0.7)
    assert len(kept) > 200
    assert np.mean(kept) >= 0.95


def test_too_few_reviews_name_how_many_more_would_do() -> None:
    positive = np.ones(1_000, dtype=bool)
    found = threshold(ranked(1_000), reviews(np.arange(10), positive), 0.9)
    assert isinstance(found, NotYet)
    assert str(found).startswith("not enough reviewed accounts: review ")
    enough = threshold(ranked(1_000), reviews(np.arange(10 + found.more), positive), 0.9)
    assert isinstance(enough, Threshold)
    assert isinstance(threshold(ranked(1_000), reviews(np.arange(9 + found.more), positive), 0.9), NotYet)


def test_no_reviews_at_all_ask_for_some() -> None:
    empty = pa.table({"account_id": pa.array([], pa.string()), "label": pa.array([], pa.int8())})
    assert isinstance(threshold(ranked(1_000), empty, 0.9), NotYet)


@pytest.mark.parametrize(
    ("count", "precision", "words"), [(10, 0.9, "among so few"), (1_000, 1.0, "above 0 and below")]
)
def test_what_cannot_be_vouched_for_is_refused(count: int, precision: float, words: str) -> None:
    with pytest.raises(Fault, match=words):
        threshold(ranked(count), reviews(np.arange(5), np.zeros(count, dtype=bool)), precision)


def test_unequal_weights_tell_less_than_their_number() -> None:
    positive = np.array([True] * 18 + [False] * 2)
    even = precision_bound(np.full(20, 5.0), positive, 0.95)
    assert even == pytest.approx(0.7174, abs=1e-3)  # Clopper and Pearson's for 18 of 20
    assert precision_bound(np.where(np.arange(20) < 2, 50.0, 1.0), positive, 0.95) < even
