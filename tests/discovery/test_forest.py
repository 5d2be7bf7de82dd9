import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.tree import ExtraTreeClassifier

from ringfence.discovery.forest import LEAST_LEAF, Forest, grow, joined
from ringfence.kernels import threads

COLUMNS, TREES = 5, 20
SIZES = st.integers(1, 12), st.integers(1, 40)


def rows(count: int, seed: int) -> np.ndarray:
    # Many equal values, so that a row often lies on a cut.
    return np.random.default_rng(seed).integers(0, 6, (count, COLUMNS)).astype(np.float32)


def by_the_library(positives: np.ndarray, others: np.ndarray, seed: int, least_leaf: int) -> list[ExtraTreeClassifier]:
    """The same trees, each class balanced as the library does it."""
    label = np.repeat([1, 0], [len(positives), len(others)])
    return [
        ExtraTreeClassifier(
            max_features="sqrt", min_samples_leaf=least_leaf, class_weight="balanced", random_state=int(each)
        ).fit(np.vstack([positives, others]), label)
        for each in np.random.default_rng(seed).integers(1 << 31, size=TREES)
    ]


@settings(deadline=None, max_examples=15)
@given(*SIZES, st.integers(0, 50), st.integers(1, 3))
def test_an_answer_is_the_mean_of_what_the_librarys_own_trees_say(
    some: int, more: int, seed: int, least_leaf: int
) -> None:
    positives, others, asked = rows(some, seed), rows(more, seed + 1), rows(60, seed + 2)
    forest = grow(positives, others, TREES, seed, least_leaf)
    trees = by_the_library(positives, others, seed, least_leaf)
    expected = np.mean([tree.predict_proba(asked)[:, 1] for tree in trees], axis=0)
    assert np.allclose(forest.ask(asked), expected, atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(*SIZES, st.integers(0, 50))
def test_the_parts_add_up_to_the_answer_and_every_row_starts_alike(some: int, more: int, seed: int) -> None:
    forest, asked = grow(rows(some, seed), rows(more, seed + 1), TREES, seed), rows(60, seed + 2)
    parts = forest.parts(asked, COLUMNS)
    assert parts.shape == (60, COLUMNS + 1)
    assert np.allclose(parts.sum(axis=1), forest.ask(asked), atol=1e-9)
    assert np.allclose(parts[:, -1], 0.5)  # the classes weigh the same at the root


def test_only_the_column_that_tells_has_a_part() -> None:
    positives, others = np.zeros((20, COLUMNS), np.float32), np.zeros((30, COLUMNS), np.float32)
    positives[:, 2] = 1
    forest = grow(positives, others, TREES, 0)
    parts = forest.parts(np.vstack([positives[:1], others[:1]]), COLUMNS)
    assert np.allclose(parts[:, 2], [0.5, -0.5])
    assert not np.delete(parts, [2, COLUMNS], axis=1).any()


def test_two_forests_joined_answer_as_both_by_their_trees() -> None:
    one, two = grow(rows(5, 1), rows(9, 2), 10, 0), grow(rows(7, 3), rows(30, 4), 30, 1)
    both, asked = joined([one, two]), rows(50, 5)
    assert len(both.roots) == 40
    assert np.allclose(both.ask(asked), 0.25 * one.ask(asked) + 0.75 * two.ask(asked))
    assert np.allclose(both.parts(asked, COLUMNS), 0.25 * one.parts(asked, COLUMNS) + 0.75 * two.parts(asked, COLUMNS))
    again = joined([joined([one]), two])
    assert np.array_equal(again.ask(asked), both.ask(asked))


def test_a_single_positive_is_told_from_many_others() -> None:
    positive, others = np.full((1, COLUMNS), 9, np.float32), rows(300, 1)
    forest = grow(positive, others, TREES, 0)
    assert forest.ask(positive)[0] > forest.ask(others).max()
    assert forest.ask(positive)[0] > 0.5


def test_columns_that_are_the_same_for_all_tell_nothing() -> None:
    same = np.full((30, COLUMNS), 3, np.float32)
    forest = grow(same[:4], same, TREES, 0)
    assert np.allclose(forest.ask(same), 0.5)
    assert np.allclose(forest.parts(same, COLUMNS)[:, :-1], 0)


def test_how_many_there_are_of_each_does_not_tilt_the_answer() -> None:
    few, many = np.zeros((3, COLUMNS), np.float32), np.zeros((3_000, COLUMNS), np.float32)
    assert np.allclose(grow(few, many, TREES, 0).ask(few), 0.5)


def test_it_ranks_as_well_as_the_librarys_forest() -> None:
    chance = np.random.default_rng(0)
    positives, others = (chance.normal(shift, 1, (100, COLUMNS)).astype(np.float32) for shift in (1, 0))
    asked = chance.normal(0.5, 1, (400, COLUMNS)).astype(np.float32)
    library = ExtraTreesClassifier(200, min_samples_leaf=LEAST_LEAF, class_weight="balanced", random_state=0)
    library.fit(np.vstack([positives, others]), np.repeat([1, 0], 100))
    own = grow(positives, others, 200, 0).ask(asked)
    assert np.corrcoef(own, library.predict_proba(asked)[:, 1])[0, 1] > 0.98


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_threads_change_nothing(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rows(101, 5)

    def answers() -> tuple[Forest, np.ndarray, np.ndarray]:
        forest = grow(rows(9, 1), rows(90, 2), TREES, 3)
        return forest, forest.ask(asked), forest.parts(asked, COLUMNS)

    usual = answers()
    monkeypatch.setattr(threads, "THREADS", number)
    again = answers()
    assert np.array_equal(usual[0].cut, again[0].cut)
    assert np.array_equal(usual[1], again[1])
    assert np.array_equal(usual[2], again[2])


def test_nobody_asked_about_has_no_answer() -> None:
    forest = grow(rows(5, 1), rows(9, 2), TREES, 0)
    assert forest.ask(rows(0, 0)).shape == (0,)
    assert forest.parts(rows(0, 0), COLUMNS).shape == (0, COLUMNS + 1)


def test_answers_are_shares() -> None:
    answers = grow(rows(5, 1), rows(9, 2), TREES, 0).ask(rows(500, 3))
    assert np.isfinite(answers).all()
    assert answers.min() >= 0
    assert answers.max() <= 1
