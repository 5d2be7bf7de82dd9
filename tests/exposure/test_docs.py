"""Does docs/exposure.md define every figure that is reported, and does its example run?"""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ringfence.exposure.everybody import DearSlot, ExactArm, Group
from ringfence.exposure.measure import ArmExposure, Stratum
from ringfence.exposure.metrics import Collateral, ExposureSummary
from ringfence.graph.csr import Csr

PAGE = (Path(__file__).parents[2] / "docs" / "exposure.md").read_text(encoding="utf-8")
# These hold figures, or say whose they are.
NAMES = ["arm", "arms", "name", "summary", "test_accounts", "accounts", "groups", "dearest", "viewer", "slot", "shown"]
KINDS = (ExposureSummary, Collateral, ArmExposure, Stratum, Group, DearSlot, ExactArm)
FIGURES = [field.name for kind in KINDS for field in fields(kind)]


@pytest.mark.parametrize("figure", sorted(set(FIGURES) - set(NAMES)))
def test_every_figure_has_a_formula(figure: str) -> None:
    assert f"\n| `{figure}` | " in PAGE


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    everybody = np.arange(40, dtype=np.uint32)
    follows = Csr(np.arange(41, dtype=np.int64), np.roll(everybody, 1), np.ones(40, dtype=np.float32), 40)
    given = {"follows": follows, "members": everybody[:4], "known": everybody[:3], "watchers": everybody[20:30]}
    exec(PAGE.split("```python\n")[1].split("```")[0], given)
    assert '"name":"bird_watchers"' in capsys.readouterr().out
