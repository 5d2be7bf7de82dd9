"""Is a measurement written as it was taken?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.demo.tables import curve, table, write


def test_a_table_has_as_many_columns_as_its_header() -> None:
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "|---|---|", "| 1 | 2 |", ""]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_a_larger_share_never_has_a_shorter_bar(shares: list[float]) -> None:
    lines = curve({str(n): share for n, share in enumerate(shares)})[1:-2]
    lengths = [line.count("\N{FULL BLOCK}") for line in lines]
    order = sorted(range(len(shares)), key=shares.__getitem__)
    assert [lengths[n] for n in order] == sorted(lengths)


def test_a_share_of_nothing_has_no_bar() -> None:
    assert curve({"day 1": float("nan"), "day 120": 1.0})[1:3] == [
        "  day 1   none",
        "day 120 100.0% " + "\N{FULL BLOCK}" * 40,
    ]


def test_what_is_written_says_how_it_came_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "result.md", ["# Title"], "python bench.py")
    text = (tmp_path / "result.md").read_text()
    assert text.startswith("# Title\n")
    assert "cores" in text
    assert "`python bench.py`" in text
    assert capsys.readouterr().out == text + "\n"
