import numpy as np
import pyarrow as pa
import pytest

from ringfence.graph.relations import Graph

EVERYBODY = 3_000  # strength is told in multiples of the mean account, so a network must be rare


@pytest.fixture(scope="session")
def members() -> list[str]:
    """They share links and tags and follow one another."""
    return [f"m{number:03}" for number in range(30)]


@pytest.fixture(scope="session")
def watchers() -> list[str]:
    """Bird watchers, who share hashtags and no more."""
    return [f"w{number:03}" for number in range(40)]


@pytest.fixture(scope="session")
def tables(members: list[str], watchers: list[str]) -> dict[str, pa.Table]:
    chance = np.random.default_rng(7)
    everybody = [*members, *watchers]
    everybody += [f"o{number:04}" for number in range(EVERYBODY - len(everybody))]
    follows = [(one, str(other)) for one in everybody for other in chance.choice(everybody, 8)]
    tags = [(one, f"topic{topic}") for one in everybody for topic in chance.choice(1_000, 5)]
    links = [(one, f"page{page}") for one in everybody for page in chance.choice(1_000, 3)]
    for member in members:
        follows += [(member, str(other)) for other in chance.choice(members, 6)]
        tags += [(member, f"nest{number}") for number in chance.choice(8, 4)]
        links += [(member, f"perch{number}") for number in chance.choice(8, 4)]
    tags += [(watcher, f"feather{number}") for watcher in watchers for number in chance.choice(8, 4)]
    pairs = {"follows": follows, "uses_hashtag": tags, "shares_link": links}
    return {name: pa.table({"src": [a for a, _ in ties], "dst": [b for _, b in ties]}) for name, ties in pairs.items()}


@pytest.fixture(scope="session")
def graph(tables: dict[str, pa.Table]) -> Graph:
    return Graph.from_tables(tables)
