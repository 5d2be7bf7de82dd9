from pathlib import Path

import pytest

from ringfence.model.faults import Fault
from ringfence.store.workspace import CONFIG, Workspace


def test_a_workspace_that_was_created_can_be_opened(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "deep" / "platform")
    assert Workspace.open(made.path) == made


def test_nothing_is_created_over_a_workspace(tmp_path: Path) -> None:
    config = Workspace.create(tmp_path).path / CONFIG
    config.write_text("[store]\nthreads = 1\n")
    with pytest.raises(Fault, match="already there"):
        Workspace.create(tmp_path)
    assert Workspace.open(tmp_path).config.store.threads == 1


@pytest.mark.parametrize("place", ["absent", "file", "empty"])
def test_what_is_no_workspace_says_how_to_make_one(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Fault, match="is not a workspace; run `ringfence init"):
        Workspace.open(tmp_path / place)


def test_a_config_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_bytes(b"\xff\xfe")
    with pytest.raises(Fault, match=CONFIG):
        Workspace.open(tmp_path)


def test_a_folder_that_takes_no_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match="cannot be written"):
        Workspace.create(tmp_path / "file" / "platform")


def test_the_lock_is_free_again_after_a_failure(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    with pytest.raises(ZeroDivisionError), workspace.lock():
        raise ZeroDivisionError
    with workspace.lock():
        pass
