"""What the graph of the whole platform says of some accounts among themselves, the graph of them alone says too.

But for copies: two that are near to a third that somebody else posted are one there, and two here.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from tests.graph.stores import AMONG, NAMES, NEAR, PLATFORMS, Rows, store

from ringfence.graph.build import build
from ringfence.graph.inside import inside
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation, Table
from ringfence.store import events


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inside")


def tied(graph: Graph, among: Sequence[str]) -> dict[str, list[list[str]]]:
    """Who of some accounts is tied to what, by relation; to things, only where two of them are."""
    told: dict[str, list[list[str]]] = {}
    for ties in graph.relations:
        users = [
            sorted(set(graph.accounts.take(pa.array(ties.backward.row(target))).to_pylist()) & set(among))
            for target in range(ties.backward.rows)
        ]
        if ties.objects is None:
            names = graph.accounts.to_pylist()
            kept = [[name, *who] for name, who in zip(names, users, strict=True) if who and name in among]
        else:
            kept = [who for who in users if len(who) > 1]
        if kept:
            told[str(ties.relation)] = sorted(kept)
    return told


@settings(max_examples=10, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # each takes a while: none is shrunk
@given(PLATFORMS, AMONG)
def test_it_says_what_the_whole_graph_says(folder: Path, rows: Rows, among: list[str]) -> None:
    with events.connect(store(folder, rows)) as connection:
        whole = build(connection)
        alone = inside(connection, among)
    here, there = tied(alone.graph, among), tied(whole, among)
    for relation in (Relation.SHARES_MEDIA, Relation.SHARES_TEXT):
        larger = [set(group) for group in there.pop(str(relation), [])]
        assert all(any(set(group) <= one for one in larger) for group in here.pop(str(relation), []))
    assert here == there
    assert alone.graph.accounts.to_pylist() == among
    _agrees(alone.objects, whole)


def _agrees(objects: pa.Table, whole: Graph) -> None:
    """How many use a thing is what the whole graph says, for what has one name."""
    of = {str(ties.relation): ties for ties in whole.relations}
    for row in objects.to_pylist():
        if row["relation"] in {Relation.SHARES_MEDIA, Relation.SHARES_TEXT}:
            continue
        ties = of[row["relation"]]
        assert ties.objects is not None
        place = ties.objects.to_pylist().index(row["object"])
        assert row["users"] == len(ties.backward.row(place)) >= row["inside"] > 1


def test_an_account_that_is_not_in_the_store_has_no_ties(folder: Path) -> None:
    rows: Rows = {
        Table.ACCOUNTS: [{"account_id": "wren"}, {"account_id": "knot"}],
        Table.TIES: [{"src": "wren", "dst": "knot", "relation": "follows"}],
    }
    with events.connect(store(folder, rows)) as connection:
        found = inside(connection, ["gone", "knot", "wren"])
        nobody = inside(connection, [])
    assert tied(found.graph, ["gone", "knot", "wren"]) == {"follows": [["knot", "wren"]]}
    assert nobody.graph.size == nobody.objects.num_rows == 0


def test_how_many_others_use_what_two_share_is_counted_once_for_all_its_copies(folder: Path) -> None:
    rows: Rows = {
        Table.ACCOUNTS: [{"account_id": name} for name in NAMES],
        Table.POSTS: [
            {
                "post_id": f"p{number}",
                "account_id": name,
                "media": [{"media_id": f"m{number % 3}", "pdq": NEAR[number % 2]}],
            }
            for number, name in enumerate([*NAMES, "reed"])
        ],
    }
    with events.connect(store(folder, rows)) as connection:
        rows_of = inside(connection, ["wren", "twite", "knot"]).objects.to_pylist()
    assert {row["name"] for row in rows_of} == {"m0", "m1", "m2"}
    assert {(row["object"], row["inside"], row["users"]) for row in rows_of} == {("m0", 3, 6)}


def test_a_mention_means_whoever_the_whole_platform_knows_by_it(folder: Path) -> None:
    rows: Rows = {
        Table.ACCOUNTS: [
            {"account_id": "wren", "handle": "@Reed"},
            {"account_id": "twite", "handle": "REED"},
            {"account_id": "knot", "handle": "dipper"},
            {"account_id": "dipper"},
            {"account_id": "siskin"},
        ],
        Table.POSTS: [{"post_id": "p0", "account_id": "siskin", "mentions": ["reed", "dipper"]}],
    }
    with events.connect(store(folder, rows)) as connection:
        second = inside(connection, ["siskin", "twite", "knot"])
        first = inside(connection, ["siskin", "wren", "dipper"])
    assert second.graph.relations == ()
    among = ["siskin", "wren", "dipper"]
    assert tied(first.graph, among) == {"mentions": [["dipper", "siskin"], ["wren", "siskin"]]}
