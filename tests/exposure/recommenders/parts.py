"""What do the tests of recommenders share? Small graphs, and the promises that every recommender makes."""

import numpy as np
from hypothesis import strategies as st

from ringfence.exposure.recommenders.suggestions import NOBODY, Recommender
from ringfence.graph.csr import Csr, Ids

Ties = set[tuple[int, int]]
Question = tuple[Ties, int, list[int], int, int]  # ties, accounts, followed, wanted, viewer


def rows(ties: Ties, accounts: int) -> Csr:
    ordered = np.array(sorted(ties), dtype=np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(np.bincount(ordered[:, 0], minlength=accounts))]).astype(np.int64)
    return Csr(starts, ordered[:, 1].astype(np.uint32), np.ones(len(ordered), dtype=np.float32), accounts)


def ids(*accounts: int) -> Ids:
    return np.array(accounts, dtype=np.uint32)


def long_tailed(accounts: int, seed: int) -> Csr:
    """Out-degrees from 1 to 60, and a few accounts that very many follow."""
    rng = np.random.default_rng(seed)
    degrees = (60 ** rng.random(accounts)).astype(np.int64)
    return rows(
        {(src, int(dst)) for src, degree in enumerate(degrees) for dst in rng.zipf(1.4, degree) % accounts}, accounts
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    accounts = draw(st.integers(1, 14))
    account = st.integers(0, accounts - 1)
    ties = draw(st.sets(st.tuples(account, account), max_size=60))
    followed = sorted(draw(st.sets(account)))
    return ties, accounts, followed, draw(st.integers(0, 16)), draw(st.just(NOBODY) | account)


def keeps_its_promises(suggest: Recommender, question: Question, more: int) -> None:
    """Neither the viewer nor the followed, nobody twice, the same each time, and only longer when asked for more."""
    _, accounts, followed, wanted, viewer = question
    short, again = suggest(ids(*followed), wanted, viewer), suggest(ids(*followed), wanted, viewer)
    long = suggest(ids(*followed), wanted + more, viewer)
    shown = long.ids.tolist()
    assert not {*followed, viewer} & set(shown)
    assert len(set(shown)) == len(shown) <= min(wanted + more, accounts)
    assert shown[: len(short.ids)] == short.ids.tolist() == again.ids.tolist()
    assert len(short.ids) <= wanted
    assert (short.backfilled == again.backfilled) & (0 <= short.backfilled <= len(short.ids))
