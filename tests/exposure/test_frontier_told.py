"""Does the frontier's table say what the worlds said?"""

import pytest
from benchmarks.exposure.frontier import told
from benchmarks.exposure.frontier.kept import Measured


def row(arm: str, ever: float, displaced: float) -> Measured:
    return Measured("SALSA", arm, ever, displaced, 0.1, 0.0, 0.0)


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> dict[str, told.Worlds]:
    monkeypatch.setattr(told, "CONDITIONS", {"random": None})
    return {
        "random": [
            [row("filter", 0.5, 0.002), row("budgeted", 0.04, 0.009)],
            [row("filter", 0.3, 0.004), row("budgeted", 0.05, 0.011), row("30 reviews", 0.0, 0.01)],
        ]
    }


def test_a_line_an_arm_with_means_the_worst_world_and_in_how_many_both_bounds_held(
    worlds: dict[str, told.Worlds],
) -> None:
    lines = [line for line in told.lines(worlds) if line.startswith("| SALSA")]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [cells[1] for cells in shown] == ["filter", "budgeted", "30 reviews"]
    assert [cells[2].split(" ")[0] for cells in shown] == ["40.0%", "4.5%", "0.0%"]
    assert [cells[5] for cells in shown] == ["0.40%", "1.10%", "1.00%"]
    assert [cells[9] for cells in shown] == ["0 of 2", "1 of 2", "1 of 1"]


def test_the_picture_has_a_panel_a_recommender_and_the_target(worlds: dict[str, told.Worlds]) -> None:
    drawn = told.picture(worlds)
    assert drawn.count("random, ") == 3
    assert drawn.count("The target: both bounds kept") == 3
    assert "SALSA, 2 worlds" in drawn
