"""Does the company that media keeps decide where it stands, and never how popular it is?"""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.triage.rank import (
    CLASSIFIER,
    DAY,
    FIRST_DAYS,
    MOST_BELIEF,
    SPEED,
    SPREAD,
    STRANGERS,
    Accounts,
    Ranking,
    Uploads,
    ranking,
)

PEOPLE = 400
MEMBERS = range(10)  # the accounts found; 0 and 1 may be children
Row = tuple[int, int, int]


def people() -> Accounts:
    belief = np.zeros(PEOPLE)
    belief[list(MEMBERS)] = 0.8
    found = belief > 0
    minor = np.zeros(PEOPLE, bool)
    minor[[0, 1, 300]] = True
    return Accounts(belief, found, minor)


def ranked(rows: Sequence[Row], said: Sequence[float] | None = None, accounts: Accounts | None = None) -> Ranking:
    cluster, account, at = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    scores = None if said is None else np.array(said, float)
    return ranking(Uploads(cluster, account, at), int(cluster.max()) + 1, accounts or people(), scores)


def slow(rows: Sequence[Row], cluster: int, accounts: Accounts, said: float) -> list[float]:
    """The four parts, word for word as the module's docstring has them."""
    first: dict[int, int] = {}
    for own, account, at in rows:
        if own == cluster:
            first[account] = min(at, first.get(account, at))
    beliefs = [min(float(accounts.belief[account]), MOST_BELIEF) for account in first]
    nobody = 1.0
    for belief in beliefs:
        nobody *= 1 - belief
    company = (1 - nobody) * sum(beliefs) / (len(beliefs) + STRANGERS)
    many = sum(bool(accounts.found[account]) for account in first)
    early = sum(at - min(first.values()) < FIRST_DAYS * DAY for at in first.values()) / FIRST_DAYS
    spread = SPREAD * company * (1 - 2.0 ** (1 - max(many, 1)))
    return [company, spread, SPEED * company * early / (early + 1), CLASSIFIER * said]


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 10 * DAY)), min_size=1, max_size=40
).map(lambda rows: [*rows, *((cluster, 20, 0) for cluster in range(4))])


@settings(deadline=None, max_examples=150)
@given(ROWS, st.lists(st.floats(0, 1), min_size=21, max_size=21), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_parts_are_those_of_the_formula_and_add_up(rows: list[Row], beliefs: list[float], said: list[float]) -> None:
    accounts = Accounts(np.array(beliefs), np.array(beliefs) > 0.5, np.zeros(21, bool))
    made = ranked(rows, said, accounts)
    for cluster in range(4):
        assert made.parts[cluster] == pytest.approx(slow(rows, cluster, accounts, said[cluster]))
    assert made.priority == pytest.approx(made.parts.sum(axis=1))


@settings(deadline=None, max_examples=60)
@given(ROWS, st.randoms(use_true_random=False))
def test_neither_order_nor_uploading_again_makes_a_difference(rows: list[Row], luck: Random) -> None:
    once = ranked(rows)
    again = [*rows, *((cluster, account, at + DAY) for cluster, account, at in rows)]
    luck.shuffle(again)
    twice = ranked(again)
    assert (once.parts == twice.parts).all()
    assert (once.order() == twice.order()).all()
    assert (once.care == twice.care).all()


def test_a_networks_own_stands_above_all_that_is_only_popular() -> None:
    own = [(0, 3, 0), (0, 4, 2 * DAY), (0, 5, 40 * DAY)]  # quiet, and slow
    viral = [(1, account, account) for account in range(50, PEOPLE)]  # everybody, within a second
    meme = [(2, account, account) for account in range(PEOPLE)]  # everybody, and every member too
    spam = [(3, 60, at) for at in range(2_000)]
    single = [(4, 6, 0)]
    made = ranked([*own, *viral, *meme, *spam, *single])
    assert made.order()[:2].tolist() == [0, 4]
    assert made.priority[2] < made.priority[4] / 5
    assert made.priority[1] == made.priority[3] == 0
    assert made.listed(care=False).tolist() == [0, 4] + [2] * (not made.care[2])


def test_one_more_stranger_never_raises_the_company_and_one_more_member_never_lowers_it() -> None:
    rows = [(0, 3, 0), (0, 4, DAY), (0, 90, DAY)]
    before = ranked(rows).parts[0, 0]
    assert ranked([*rows, (0, 91, DAY)]).parts[0, 0] < before
    assert ranked([*rows, (0, 7, DAY)]).parts[0, 0] > before


def test_no_single_account_is_worth_more_than_the_cap() -> None:
    sure = Accounts(np.ones(PEOPLE), np.ones(PEOPLE, bool), np.zeros(PEOPLE, bool))
    assert ranked([(0, 3, 0)], accounts=sure).parts[0, 0] == pytest.approx(MOST_BELIEF**2 / 2)


def test_an_absent_classifier_is_neutral_and_a_low_score_hides_nothing() -> None:
    rows = [(0, 3, 0), (1, 4, 0), (2, 77, 0)]
    none, low = ranked(rows), ranked(rows, [float("nan"), 0.0, 0.9])
    assert (low.priority[:2] == none.priority[:2]).all()
    assert low.priority[2] == pytest.approx(0.9 * CLASSIFIER)


@pytest.mark.parametrize(
    ("rows", "care"),
    [
        ([(0, 0, 0), (0, 5, 1)], True),  # a found account that a child may run was the first
        ([(0, 5, 0), (0, 0, 1)], False),  # members first: theirs
        ([(0, 300, 0), (0, 5, 1), (0, 6, 2)], True),  # a child's, that members passed on
        ([(0, 90, 0), (0, 0, 1), (0, 5, 2)], True),  # of the company, the first
        ([(0, 300, 0), (0, 90, 1)], False),  # nobody of the company: nothing to say of it
    ],
)
def test_media_of_likely_children_goes_to_care(rows: list[Row], care: int) -> None:
    made = ranked(rows)
    assert made.care.tolist() == [bool(care)]
    assert made.listed(care=True).tolist() == [0] * care
    assert not set(made.listed(care=True)) & set(made.listed(care=False))


def test_ties_are_broken_the_same_way_every_time() -> None:
    rows = [(cluster, 3 + cluster % 2, 0) for cluster in range(6)]
    assert ranked(rows).order().tolist() == list(range(6))
