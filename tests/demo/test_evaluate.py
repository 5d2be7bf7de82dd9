import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from ringfence.demo.evaluate import average_precision


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=60).filter(
        lambda rows: any(a for a, _ in rows)
    )
)
def test_average_precision_is_sklearns_ties_and_all(rows: list[tuple[bool, int]]) -> None:
    member, score = np.array([a for a, _ in rows]), np.array([float(b) for _, b in rows])
    assert np.isclose(average_precision(member, score), average_precision_score(member, score))
