import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.discovery.aggregates import circles
from ringfence.discovery.fold_labels import OUT, fold_labels, folds
from ringfence.discovery.labels import Labels
from ringfence.graph.relations import Graph

SIZE, FOLDS = 12, 3


def two_relations(seed: int) -> Graph:
    """Dense enough that every account hears itself back along some path, were it not left out."""
    pairs = np.random.default_rng(seed).integers(SIZE, size=(60, 2))
    table = pa.table({"src": pairs[:, 0], "dst": pairs[:, 1]})
    return Graph.from_tables({"follows": table, "shares_link": table}, features=np.zeros((SIZE, 1)))


def reviewed(positive: np.ndarray) -> Labels:
    return Labels(np.arange(SIZE), positive, np.ones(SIZE))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 999), st.integers(0, SIZE - 1))
def test_an_accounts_own_label_never_changes_its_own_columns(seed: int, account: int) -> None:
    around = circles(two_relations(seed))
    positive = np.random.default_rng(seed).random(SIZE) < 0.5
    fold = folds(reviewed(positive), SIZE, FOLDS, seed)
    turned = positive.copy()
    turned[account] = not turned[account]
    one, other = (fold_labels(around, reviewed(said), fold, FOLDS) for said in (positive, turned))
    mine = np.array([account])
    # As the learner that leaves its fold out sees it, down to the last bit ...
    assert (one.of(mine, int(fold[account])) == other.of(mine, int(fold[account]))).all()
    # ... and what others make of the change shows that labels are heard at all.
    assert (one.of(np.arange(SIZE)) != other.of(np.arange(SIZE))).any()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999), st.integers(0, FOLDS - 1))
def test_no_label_of_a_fold_that_is_left_out_is_heard_by_anybody(seed: int, left_out: int) -> None:
    around = circles(two_relations(seed))
    positive = np.random.default_rng(seed).random(SIZE) < 0.5
    fold = folds(reviewed(positive), SIZE, FOLDS, seed)
    turned = np.where(fold == left_out, ~positive, positive)
    one, other = (fold_labels(around, reviewed(said), fold, FOLDS) for said in (positive, turned))
    assert (one.of(np.arange(SIZE), left_out) == other.of(np.arange(SIZE), left_out)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999), st.integers(0, FOLDS - 1), st.integers(1, 3))
def test_no_learner_sees_an_account_told_by_its_own_fold(seed: int, mine: int, turn: int) -> None:
    """Labels change places within a fold: as many are positive as before, and none of the fold may notice."""
    around = circles(two_relations(seed))
    positive = np.random.default_rng(seed).random(SIZE) < 0.5
    fold = folds(reviewed(positive), SIZE, FOLDS, seed)
    there = np.flatnonzero(fold == mine)
    turned = positive.copy()
    turned[there] = np.roll(positive[there], turn)
    one, other = (fold_labels(around, reviewed(said), fold, FOLDS) for said in (positive, turned))
    for left_out in (OUT, *range(FOLDS)):
        assert (one.of(there, left_out) == other.of(there, left_out)).all()


def test_neighbours_are_counted_as_by_hand_and_told_in_words() -> None:
    table = pa.table({"src": ["a", "a", "a", "b"], "dst": ["b", "c", "d", "c"]})
    graph = Graph.from_tables({"follows": table})  # a, b, c, d
    said = Labels(np.array([1, 2, 3]), np.array([True, True, False]), np.ones(3))
    fold = np.array([OUT, 0, 1, 2])
    heard = fold_labels(circles(graph), said, fold, 3)
    assert heard.said(0, 0) == "0.67 of the labels among neighbours (follows) are positive, of all 0.67"
    assert heard.said(0, 0, left_out=2) == "1.00 of the labels among neighbours (follows) are positive, of all 1.00"
    # two steps away b hears c and d by a, and never itself, though c would tell of it and so would a
    assert heard.said(1, 2) == "0.50 of the labels two steps away (follows) are positive, of all 0.67"
    # b hears c, not itself; of what it hears the usual share in all other labels is a half
    assert heard.said(1, 0, left_out=0) == "1.00 of the labels among neighbours (follows) are positive, of all 0.50"


def test_a_share_is_told_as_what_exceeds_the_usual_and_shrunk_where_few_are_heard() -> None:
    table = pa.table({"src": ["a", "a", "a", "b"], "dst": ["b", "c", "d", "c"]})
    graph = Graph.from_tables({"follows": table})  # a, b, c, d
    said = Labels(np.array([1, 2, 3]), np.array([True, True, False]), np.ones(3))
    heard = fold_labels(circles(graph), said, np.array([OUT, 0, 1, 2]), 3)
    near = heard.voices[0]
    every = near.heard[0].sum()
    share, number = heard.of(np.array([0]))[0, :2]
    assert share == pytest.approx((near.positive[0].sum() - 2 / 3 * every) / (every + near.steady), abs=1e-6)
    assert abs(share) < 1e-6  # two of three, as usual: nothing to tell
    assert number == pytest.approx(np.log1p(every))
    without = heard.of(np.array([0]), 2)[
        0, 0
    ]  # d's label left out, all that is heard is positive, and so is all there is
    assert without == pytest.approx(0.0, abs=1e-6)
    # without b's, half of what a hears is positive, as is half of all; d hears nothing near
    assert heard.of(np.array([0]), 0)[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert heard.of(np.array([2]), 2)[0, 0] == pytest.approx(0.0, abs=1e-6)  # c hears b: positive, as all that is left


def test_who_shares_a_rare_object_is_heard_louder_than_a_crowd() -> None:
    table = pa.table({"src": ["a", "b", "a", "c", "d", "e"], "dst": ["x", "x", "y", "y", "y", "y"]})
    graph = Graph.from_tables({"shares_link": table})  # a to e
    said = Labels(np.array([1, 2]), np.array([True, False]), np.ones(2))
    near = fold_labels(circles(graph), said, np.array([OUT, 0, 1, OUT, OUT]), 2).voices[0]
    forward = graph.relations[0].forward
    rare, common = forward.weights[forward.starts[0] : forward.starts[1]].tolist()
    assert near.heard[0, 0] / near.heard[0, 1] == pytest.approx(rare / (common / 3), rel=1e-5)


def test_a_label_three_steps_away_is_heard_along_walks_alone() -> None:
    graph = Graph.from_tables({"follows": pa.table({"src": ["a", "b", "c"], "dst": ["b", "c", "d"]})})
    said = Labels(np.array([3]), np.array([True]), np.ones(1))
    heard = fold_labels(circles(graph), said, np.array([OUT, OUT, OUT, 0]), 1)
    numbers = dict(zip(heard.names, heard.of(np.array([0]))[0].tolist(), strict=True))
    assert numbers["number of labels among neighbours (follows)"] == 0.0
    assert numbers["number of labels two steps away (follows)"] == 0.0
    assert numbers["number of labels along walks"] > 0.0


@pytest.mark.parametrize("count", [2, 5])
def test_folds_have_their_part_of_either_class(count: int) -> None:
    positive = np.arange(100) < 20
    fold = folds(Labels(np.arange(100), positive, np.ones(100)), 120, count, 0)
    assert (fold[100:] == OUT).all()
    assert np.bincount(fold[:100][positive]).tolist() == [20 // count] * count
    assert np.bincount(fold[:100]).tolist() == [100 // count] * count
