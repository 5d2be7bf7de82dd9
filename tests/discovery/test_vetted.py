from pathlib import Path

import pytest

from ringfence.discovery import vetted
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "here")


def test_seeds_are_added_replaced_and_retracted(workspace: Workspace) -> None:
    assert vetted.read(workspace).num_rows == 0
    assert vetted.add(workspace, ["a", "b"], Opinion.POSITIVE, "analyst") == 2
    assert vetted.add(workspace, ["c", "b"], Opinion.DISPUTED, "appeal") == 3
    assert vetted.positive(workspace) == ["a"]
    assert vetted.read(workspace)["source"].to_pylist() == ["analyst", "appeal", "appeal"]
    assert vetted.retract(workspace, ["a"]) == 2
    assert vetted.positive(workspace) == []


def test_only_a_seed_can_be_retracted_and_nothing_is_lost_when_refused(workspace: Workspace) -> None:
    vetted.add(workspace, ["a"], Opinion.POSITIVE, "analyst")
    with pytest.raises(Fault, match="kittiwake"):
        vetted.retract(workspace, ["a", "kittiwake"])
    assert vetted.positive(workspace) == ["a"]


def test_every_change_is_in_the_audit(workspace: Workspace) -> None:
    vetted.add(workspace, ["a"], Opinion.POSITIVE, "analyst")
    vetted.retract(workspace, ["a"])
    assert workspace.audit_file.read_text().count("\n") == 2


def test_a_damaged_file_is_named(workspace: Workspace) -> None:
    workspace.seeds_file.write_bytes(b"firecrest")
    with pytest.raises(Fault, match=r"seeds\.parquet"):
        vetted.read(workspace)
