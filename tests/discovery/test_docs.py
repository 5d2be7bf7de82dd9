"""Does the example of docs/discovery.md run, and are its picture and its words of the same world?"""

from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "discovery.md").read_text(encoding="utf-8")


def test_the_example_runs_on_a_list_of_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = np.random.default_rng(5).integers(0, 120, (900, 2))
    (tmp_path / "edges.csv").write_text("src,dst\n" + "\n".join(f"{one},{other}" for one, other in pairs))
    monkeypatch.chdir(tmp_path)
    exec(PAGE.split("```python\n")[1].split("```")[0], {})
    assert capsys.readouterr().out.count("'account_id'") == 20


@pytest.mark.parametrize("name", ["a00015315", "a00009380", "net-4381c14c"])
def test_who_is_read_out_is_in_the_picture(name: str) -> None:
    assert f"`{name}`" in PAGE or f" {name}`" in PAGE
    assert name in (DOCS / "pictures" / "demo-networks.svg").read_text(encoding="utf-8")
