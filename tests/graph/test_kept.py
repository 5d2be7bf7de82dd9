from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.graph import kept
from ringfence.graph.build import build
from ringfence.graph.relations import Graph
from ringfence.model.words import ACCOUNT_RELATIONS, Relation, Table
from ringfence.store import events
from ringfence.store.workspace import Workspace

Ingest = Callable[[Workspace, Mapping[Table, Sequence[Mapping[str, object]]]], None]
Rows = dict[Table, list[dict[str, Any]]]
NAMES = ["wren", "dipper", "dunnock", "siskin", "twite", "knot"]
WORDS = [
    "the",
    "first",
    "light",
    "of",
    "the",
    "morning",
    "came",
    "over",
    "the",
    "reeds",
    "and",
    "every",
    "bird",
    "was",
    "up",
]


def near(code: int, bits: int) -> str:
    """A PDQ hash that differs from the one numbered `code` in so many bits."""
    rng = np.random.default_rng(code)
    whole = rng.integers(0, 2, 256)
    whole[rng.permutation(256)[:bits]] ^= 1
    return np.packbits(whole).tobytes().hex()


def world(seed: int) -> Rows:
    """Events of every kind, few enough names that everything is shared, answered and mentioned before it is known."""
    rng = np.random.default_rng(seed)

    def pick(some: list[Any]) -> Any:
        return some[int(rng.integers(len(some)))]

    accounts: list[dict[str, Any]] = [
        {
            "account_id": name,
            "handle": pick([name.upper(), "@" + pick(NAMES), None]),
            "bio": pick([None, "ig: reed.bed", "write me: fen@marsh.example", "@reed.bed on instagram"]),
            "links": pick([None, ["https://www.marsh.example/a/?utm_source=x"], ["t.me/reedbed"]]),
        }
        for name in NAMES
    ]
    posts: list[dict[str, Any]] = []
    for number in range(30):
        words = list(WORDS)
        words[int(rng.integers(len(words)))] = pick(["heron", "bittern", "reed"])
        posts.append(
            {
                "post_id": f"p{number}",
                "account_id": pick(NAMES),
                "text": pick([" ".join(words), " ".join(WORDS), "short", None]),
                "reply_to": pick([None, f"p{rng.integers(30)}"]),
                "repost_of": pick([None, None, None, "p1", "p2"]),
                "hashtags": pick([[], ["Firecrest"], ["#firecrest", "avocet"]]),
                "mentions": pick([[], [pick(NAMES)], ["@" + pick(NAMES).title(), "nobody"]]),
                "links": pick([[], ["http://marsh.example/a#top"], ["fen.example/b?q=1"], [" not an address"]]),
                "media": pick(
                    [
                        [],
                        [{"media_id": f"m{rng.integers(4)}"}],
                        [
                            {
                                "media_id": "x",
                                "sha256": f"s{rng.integers(9)}",
                                "pdq": near(pick([1, 2]), pick([0, 9, 20])),
                            }
                        ],
                    ]
                ),
            }
        )
    ties = [
        {"src": pick(NAMES), "dst": pick(NAMES), "relation": pick(["follows", "replies", "mentions", "co_reported"])}
        for _ in range(20)
    ] + [
        {
            "src": pick(NAMES),
            "dst": pick(["Firecrest", "http://fen.example/b"]),
            "relation": str(relation),
            "weight": 2.0,
        }
        for relation in Relation
        if relation not in ACCOUNT_RELATIONS
    ]
    reports = [
        {"report_id": f"r{n}", "target": pick([*NAMES, "gone"]), "reason": "spam", "reporter": pick(["a", "b", None])}
        for n in range(9)
    ]
    return {Table.ACCOUNTS: accounts, Table.POSTS: posts, Table.TIES: ties, Table.REPORTS: reports}


def days(rows: Rows, number: int, seed: int) -> list[Rows]:
    """The rows dealt out to so many days, each on any of them."""
    rng = np.random.default_rng(seed)
    dealt: list[Rows] = [{} for _ in range(number)]
    for table, held in rows.items():
        for row in held:
            dealt[int(rng.integers(number))].setdefault(table, []).append(row)
    return dealt


def built(workspace: Workspace) -> Graph:
    with events.connect(workspace) as connection:
        return build(connection)


def appended(workspace: Workspace, said: list[str] | None = None) -> Graph:
    with events.connect(workspace) as connection:
        return kept.graph_of(workspace, connection, (said if said is not None else []).append)


def assert_equal(one: Graph, other: Graph) -> None:
    """Equal to the last bit."""
    assert one.accounts == other.accounts
    assert [ties.relation for ties in one.relations] == [ties.relation for ties in other.relations]
    for mine, theirs in zip(one.relations, other.relations, strict=True):
        assert mine.objects == theirs.objects
        assert mine.alone.tolist() == theirs.alone.tolist()
        for matrix, twin in ((mine.forward, theirs.forward), (mine.backward, theirs.backward)):
            assert matrix.columns == twin.columns
            for part in ("starts", "targets", "weights"):
                assert np.array_equal(getattr(matrix, part), getattr(twin, part)), (mine.relation, part)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), number=st.integers(2, 4))
def test_a_graph_appended_to_day_by_day_is_the_graph_built_at_once(
    new_workspace: Callable[[], Workspace], ingest: Ingest, seed: int, number: int
) -> None:
    workspace = new_workspace()
    for day in days(world(seed), number, seed):
        ingest(workspace, day)
        said: list[str] = []
        assert_equal(appended(workspace, said), built(workspace))
        assert all("mentions" in line for line in said)
