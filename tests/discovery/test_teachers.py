from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.discovery import walks
from ringfence.discovery.corroborate import STRONG, Corroboration, corroborate
from ringfence.discovery.seeds import seeds
from ringfence.discovery.teachers import ALIKE, alike, teachers
from ringfence.graph.relations import Graph

MEMBERS = [f"m{number:02}" for number in range(24)]
NEIGHBOURS = [f"n{number:02}" for number in range(60)]
SEEDS = MEMBERS[:2]


def judged_as(strengths: np.ndarray, suspects: np.ndarray) -> Corroboration:
    return Corroboration((), strengths, suspects, np.zeros(strengths.shape[1]))


@given(st.floats(0.01, 10), st.lists(st.floats(STRONG, 1_000), min_size=1, max_size=6))
def test_a_group_tied_as_the_suspects_are_is_alike_at_any_strength(share: float, profile: list[float]) -> None:
    strengths = np.column_stack([profile, np.array(profile) * share])
    assert alike(judged_as(strengths, np.array([1.0, 0.0])), np.array([1])) == pytest.approx(1)


def test_a_group_that_stands_out_where_suspects_hardly_do_is_not_alike() -> None:
    suspects = np.array([20.0, 40.0, 100.0, 500.0, 300.0])
    neighbours = np.array([50.0, 20.0, 110.0, 0.0, 0.0])
    judged = judged_as(np.column_stack([suspects, neighbours]), np.array([1.0, 0.0]))
    assert alike(judged, np.array([1])) < ALIKE
    assert alike(judged, np.array([0])) == pytest.approx(1)


def test_kinds_by_which_no_suspect_is_strong_are_not_compared() -> None:
    strengths = np.array([[100.0, 100.0], [STRONG / 2, 1e6]])
    assert alike(judged_as(strengths, np.array([1.0, 0.0])), np.array([1])) == pytest.approx(1)
    assert alike(judged_as(np.ones((2, 2)), np.array([1.0, 0.0])), np.array([1])) == 1
    assert alike(judged_as(np.zeros((2, 2)), np.zeros(2)), np.array([1])) == 1


@pytest.fixture(scope="module")
def platform() -> Graph:
    """A network whose members share media, links and tags, and a small ordinary community that one of them lives in."""
    chance = np.random.default_rng(5)
    everybody = [*MEMBERS, *NEIGHBOURS, *(f"o{number:04}" for number in range(6_000))]
    follows = [(one, str(other)) for one in everybody for other in chance.choice(everybody, 6)]
    tags = [(one, f"topic{topic}") for one in everybody for topic in chance.choice(1_500, 4)]
    links = [(one, f"page{page}") for one in everybody for page in chance.choice(1_500, 3)]
    media = [(one, f"picture{picture}") for one in everybody for picture in chance.choice(1_500, 2)]
    for member in MEMBERS:
        follows += [(member, str(other)) for other in chance.choice(MEMBERS, 6)]
        tags += [(member, f"nest{number}") for number in chance.choice(8, 4)]
        links += [(member, f"perch{number}") for number in chance.choice(8, 4)]
        media += [(member, f"feather{number}") for number in chance.choice(8, 4)]
    for one in [*NEIGHBOURS, MEMBERS[0]]:
        follows += [(one, str(other)) for other in chance.choice([*NEIGHBOURS, MEMBERS[0]], 12)]
        tags += [(one, f"village{number}") for number in chance.choice(10, 5)]
    pairs = {"follows": follows, "uses_hashtag": tags, "shares_link": links, "shares_media": media}
    return Graph.from_tables(
        {name: pa.table({"src": [a for a, _ in ties], "dst": [b for _, b in ties]}) for name, ties in pairs.items()}
    )


def test_the_neighbours_of_a_seed_teach_nothing(platform: Graph) -> None:
    start = seeds(platform, SEEDS)
    judged = corroborate(platform, walks.nearness(walks.walks(platform, start.restarts).long), start.accounts)
    fit = set(platform.accounts.filter(pa.array(teachers(platform, judged, 0))).to_pylist())
    corroborated = set(platform.accounts.filter(pa.array(judged.corroborated())).to_pylist())
    assert len(fit & set(MEMBERS)) >= 0.9 * len(MEMBERS)
    assert len(corroborated & set(NEIGHBOURS)) > len(NEIGHBOURS) / 2  # else there is nothing to tell apart
    assert not fit & set(NEIGHBOURS)


def test_nobody_corroborated_teaches(platform: Graph) -> None:
    start = seeds(platform, SEEDS)
    judged = corroborate(platform, walks.nearness(walks.walks(platform, start.restarts).long), start.accounts)
    assert not teachers(platform, replace(judged, strengths=np.zeros_like(judged.strengths)), 0).any()
