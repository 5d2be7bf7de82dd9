"""Does docs/adversary.md explain every effort, and do its examples run?"""

from dataclasses import fields
from pathlib import Path

import pytest

from ringfence.world.adversary import Adversary

PAGE = (Path(__file__).parents[2] / "docs" / "adversary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("effort", [field.name for field in fields(Adversary)])
def test_every_effort_is_explained(effort: str) -> None:
    assert f"\n| `{effort}` | " in PAGE


def test_the_examples_run_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, object] = {}
    for example in PAGE.split("```python\n")[1:]:
        exec(example.split("```")[0].replace("50_000", "1_500"), given)
    assert {path.name for path in tmp_path.iterdir()} == {"world", "view"}
