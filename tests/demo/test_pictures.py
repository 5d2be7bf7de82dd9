"""Do the pictures draw what they were given, no more and no less?"""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ringfence.demo.pictures import Node, Stage, network_map, score_histogram, stage_bars
from ringfence.model.words import Role


def titles(drawn: str) -> list[str]:
    return [part.text or "" for part in ET.fromstring(drawn).iter("title")][1:]


def words(drawn: str) -> list[str]:
    return [part.text or "" for part in ET.fromstring(drawn).iter("text")]


def described(drawn: str) -> str:
    return ET.fromstring(drawn).findtext("desc") or ""


def test_the_map_marks_every_account_with_its_role_and_network() -> None:
    nodes = [Node("a1", "n1", Role.PROMOTER), Node("a2", "n1", Role.LIKELY_MINOR), Node("<b>", "", "")]
    drawn = network_map(nodes, [(0, 1), (0, 2)])
    assert titles(drawn) == [
        "a1: promoter, in n1",
        "a2: likely minor, routed to care, in n1",
        "<b>: no role, in no network",
    ]
    assert "n1 · 2" in words(drawn)
    assert described(drawn) == "3 accounts in 1 networks, with 2 ties between them."


def test_a_map_of_too_many_says_how_many_it_leaves_out() -> None:
    drawn = network_map([Node(f"a{index}", "n1", Role.AUDIENCE) for index in range(700)], [])
    assert len(titles(drawn)) == 600
    assert "best tied of 700 accounts" in described(drawn)


def test_an_empty_map_is_still_a_picture() -> None:
    assert described(network_map([], [])).startswith("0 accounts")


def bar_counts(drawn: str, kind: str, *, pale: bool) -> int:
    bars = [part for part in ET.fromstring(drawn).iter("rect") if (part.get("fill-opacity") == "0.5") == pale]
    told = [title.text or "" for bar in bars for title in bar.iter("title")]
    return sum(int(words.split()[0].replace(",", "")) for words in told if f" {kind}," in words)


@pytest.mark.parametrize("seed", range(4))
def test_the_histogram_loses_nobody_and_the_cut_parts_its_bars(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.lognormal(0, 2, 3_000), 2) * (rng.random(3_000) < 0.7)
    planted = rng.random(3_000) < 0.1
    cut = float(scores[scores > 0][5])  # a score that some account has
    drawn = score_histogram(scores, planted, cut)
    for kind, group in (("planted members", planted), ("innocents", ~planted)):
        assert bar_counts(drawn, kind, pale=False) == (group & (scores >= cut)).sum()
        assert bar_counts(drawn, kind, pale=True) == (group & (scores < cut)).sum()


def test_an_account_a_hair_below_the_cut_is_not_drawn_as_named() -> None:
    drawn = score_histogram(np.array([np.nextafter(3.7, 0), 3.7]), np.array([False, True]), 3.7)
    assert bar_counts(drawn, "innocents", pale=True) == 1
    assert bar_counts(drawn, "planted members", pale=False) == 1


@pytest.mark.parametrize("cut", [0.001, 1.0, 1_000.0])
def test_the_histogram_stands_when_all_are_on_one_side_of_the_cut(cut: float) -> None:
    scores, planted = np.array([0.5, 0.5, 2.0]), np.array([True, False, False])
    drawn = score_histogram(scores, planted, cut)
    assert sum(bar_counts(drawn, "innocents", pale=pale) for pale in (False, True)) == 2
    line = next(part for part in ET.fromstring(drawn).iter("line") if part.get("stroke-dasharray") == "5 4")
    assert 60 <= float(line.get("x1") or "nan") <= 940


def test_the_histogram_of_nothing_but_zeros_stands() -> None:
    assert "1 innocents, score 0" in titles(score_histogram(np.zeros(2), np.array([True, False]), 1.0))


def test_stages_are_told_in_order_with_their_units() -> None:
    drawn = stage_bars([Stage("ingest", 6.44, 940), Stage("discover", 0, 1_310.2)])
    assert titles(drawn) == ["ingest: 6.4 s", "discover: 0.0 s", "ingest: 940 MB", "discover: 1,310 MB"]
