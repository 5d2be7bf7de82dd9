from pathlib import Path

import pyarrow as pa
import pytest
import scipy.sparse as sp

from ringfence.graph import memory, relations
from ringfence.graph.memory import BYTES_A_TIE, BYTES_AN_ACCOUNT, available, fits
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault


def test_a_graph_is_refused_from_one_byte_too_many_on_in_one_line_that_names_the_engine() -> None:
    needed = 1_000 * BYTES_A_TIE + 10 * BYTES_AN_ACCOUNT
    fits(1_000, 10, limit=needed)
    with pytest.raises(Fault, match="1,000 ties of 10 accounts") as refusal:
        fits(1_000, 10, limit=needed - 1)
    assert "the engine spark" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_there_is_room_for_small_graphs_and_none_for_all_the_world() -> None:
    fits(0, 0)
    fits(1_000_000, 100_000)
    with pytest.raises(Fault, match="spark"):
        fits(10**15, 10**10)


def test_the_limit_of_the_group_is_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    group = tmp_path / "memory.max"
    group.write_text("12345\n")
    monkeypatch.setattr(memory, "GROUPS", (tmp_path / "none", group))
    assert available() == 12_345
    group.write_text("max\n")
    assert available() > 12_345
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    assert available() > 12_345


def test_tables_and_matrices_are_measured_before_they_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(ties: int, accounts: int) -> None:
        fits(ties, accounts, limit=0)

    monkeypatch.setattr(relations, "fits", full)
    with pytest.raises(Fault, match="1 ties of 2 accounts"):
        Graph.from_tables({"follows": pa.table({"src": ["a"], "dst": ["b"]})})
    with pytest.raises(Fault, match="of 3 accounts"):
        Graph.from_matrices({"follows": sp.csr_array((3, 3))})
