"""Are rankings and cuts judged as defined, whatever the ties?"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from ringfence.demo.evaluate import Truth, average_precision, best_of, cut, cuts, recall_at_precision, wilson

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=60)
ACCOUNTS = st.lists(
    st.tuples(st.sampled_from(["promoter", "audience", "ordinary", "journalist"]), st.integers(0, 6)),
    min_size=1,
    max_size=40,
)


def columns(rows: list[tuple[bool, int]]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return np.array([a for a, _ in rows]), np.array([float(b) for _, b in rows])


def judged(accounts: list[tuple[str, int]]) -> tuple[Truth, NDArray[np.float64]]:
    kind = np.array([kind for kind, _ in accounts])
    return Truth(kind, kind == "promoter"), np.array([float(score) for _, score in accounts])


@given(ROWS.filter(lambda rows: any(a for a, _ in rows)))
def test_average_precision_is_sklearns_ties_and_all(rows: list[tuple[bool, int]]) -> None:
    member, score = columns(rows)
    assert np.isclose(average_precision(member, score), average_precision_score(member, score))


@given(ROWS.filter(lambda rows: any(a for a, _ in rows)), st.sampled_from([0.0, 0.5, 0.8, 0.95, 1.0]))
def test_recall_at_precision_is_the_best_point_of_sklearns_curve(rows: list[tuple[bool, int]], least: float) -> None:
    member, score = columns(rows)
    precision, recall, _ = precision_recall_curve(member, score)
    assert np.isclose(recall_at_precision(member, score, least), recall[precision >= least].max())


def test_a_tie_is_never_parted_to_look_precise() -> None:
    member, score = np.array([True, True, False]), np.array([2.0, 1.0, 1.0])
    assert recall_at_precision(member, score, 0.95) == 0.5
    assert recall_at_precision(member[::-1], score[::-1], 0.95) == 0.5
    assert recall_at_precision(member, np.ones(3), 0.95) == 0.0
    assert recall_at_precision(np.zeros(3, bool), score, 0.95) == 0.0


@given(ACCOUNTS, st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_a_cut_is_counted_as_by_hand(accounts: list[tuple[str, int]], sizes: list[int]) -> None:
    truth, score = judged(accounts)
    for size, of in zip(sizes, cuts(truth, score, sizes), strict=True):
        first = sorted(range(len(accounts)), key=lambda n: (-accounts[n][1], n))[:size]
        kinds = [accounts[n][0] for n in first]
        assert of.named == len(first)
        assert of.members == kinds.count("promoter")
        assert of.touched == {
            k: kinds.count(k) for k in ("journalist", "ordinary") if (k, 0) in {(a, 0) for a, _ in accounts}
        }
        assert of.innocents == kinds.count("journalist") + kinds.count("ordinary")
        assert np.isnan(of.precision) if not first else of.precision == of.members / len(first)
        assert np.isnan(of.recall) if not truth.member.any() else of.recall == of.members / truth.member.sum()


@given(ACCOUNTS)
def test_a_longer_cut_never_finds_less_nor_touches_fewer(accounts: list[tuple[str, int]]) -> None:
    truth, score = judged(accounts)
    all_ = cuts(truth, score, range(len(accounts) + 2))
    for shorter, longer in pairwise(all_):
        assert shorter.members <= longer.members
        assert all(shorter.touched[kind] <= longer.touched[kind] for kind in shorter.touched)


def test_seeds_are_left_out_of_the_truth() -> None:
    truth, _ = judged([("promoter", 1), ("ordinary", 1), ("promoter", 1), ("audience", 1)])
    rest, others = truth.but(np.array([0, 1]))
    assert rest.kind.tolist() == ["promoter", "audience"]
    assert others.tolist() == [False, False, True, True]
    assert cut(rest, np.array([True, True])).touched == {}


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilsons_ends_are_where_the_share_is_z_deviations_away(given_: tuple[int, int]) -> None:
    cases, of = given_
    estimate = wilson(cases, of)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    for end in (estimate.low, estimate.high):
        if 0 < end < 1:  # the score test inverted: |share - end| = z sqrt(end (1 - end) / of)
            assert abs(estimate.value - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / of), rel=1e-6)
    assert wilson(0, of).low == 0 < wilson(0, of).high
    assert wilson(of, of).low < 1 == wilson(of, of).high


def test_wilsons_interval_of_newcombes_example_and_of_nothing() -> None:
    estimate = wilson(81, 263)  # Newcombe (1998), table I
    assert (round(estimate.low, 4), round(estimate.high, 4)) == (0.2553, 0.3662)
    assert np.isnan([wilson(0, 0).value, wilson(0, 0).low, wilson(0, 0).high]).all()


def test_the_best_column_is_found_whichever_way_it_points() -> None:
    member = np.array([True, False, False, True])
    name, judged_, column = best_of({"noise": np.array([1.0, 1, 0, 0]), "age": np.array([0.0, 5, 6, 1])}, member)
    assert (name, judged_) == ("age", 1.0)
    assert column.tolist() == [0, -5, -6, -1]
