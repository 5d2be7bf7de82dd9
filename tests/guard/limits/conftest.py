import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.guard.limits.parts import accounts

from ringfence.store.load import load
from ringfence.store.workspace import Workspace


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("limits")
    pq.write_table(accounts(), folder / "accounts.parquet")
    workspace = Workspace.create(folder / "workspace")
    config = workspace.path / "ringfence.toml"
    config.write_text(config.read_text().replace("threads = 0", "threads = 1"))  # starting threads takes the longest
    workspace = Workspace.open(workspace.path)
    load(workspace, [folder / "accounts.parquet"])
    return workspace


@pytest.fixture
def place(model: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(model.path, tmp_path / "workspace")
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import this module, however pytest was started."""
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
