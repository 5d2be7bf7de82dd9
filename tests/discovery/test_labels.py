from typing import Any

import pyarrow as pa
import pytest

from ringfence.discovery.labels import labels
from ringfence.model.faults import Fault

ACCOUNTS = pa.array(["1", "2", "3", "4"])


def test_ids_may_be_numbers_and_what_is_not_known_is_left_out() -> None:
    said = labels(pa.table({"account_id": [4, 1, 3, 1], "label": [0, 1, None, 1]}), ACCOUNTS)
    assert said.accounts.tolist() == [0, 3]
    assert said.positive.tolist() == [True, False]
    assert said.weight.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("empty", [{"account_id": [], "label": []}, {"account_id": ["1"], "label": [None]}])
def test_an_empty_table_has_no_labels(empty: dict[str, list[Any]]) -> None:
    assert len(labels(pa.table(empty), ACCOUNTS).accounts) == 0


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"account_id": ["1"]}, "no column label"),
        ({"account_id": ["1", "9", "8"], "label": [1, 0, 0]}, "account '9' is not among the 4 accounts"),
        ({"account_id": ["1", "2"], "label": [1, 2]}, "row 1 has the label 2"),
        ({"account_id": ["1"], "label": ["yes"]}, "the labels are string"),
        ({"account_id": ["2", "1", "2"], "label": [1, 0, 0]}, "account '2' is labelled both 0 and 1"),
        ({"account_id": ["1", None], "label": [1, 0]}, "null in account_id"),
        ({"account_id": ["1"], "label": [1], "weight": [0.5]}, "row 0 has the weight 0.5"),
        ({"account_id": ["1"], "label": [1], "weight": [None]}, "row 0 has the weight nan"),
    ],
)
def test_each_bad_table_of_labels_has_one_clear_line(columns: dict[str, list[Any]], words: str) -> None:
    with pytest.raises(Fault, match=words) as told:
        labels(pa.table(columns), ACCOUNTS)
    assert "\n" not in str(told.value)
