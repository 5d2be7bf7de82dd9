"""Whatever the graph of the whole platform says of some accounts among themselves, the graph of them alone says too."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.build import build
from ringfence.graph.inside import inside
from ringfence.graph.relations import Graph
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Relation, Table
from ringfence.store import events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

Rows = Mapping[Table, Sequence[Mapping[str, object]]]
NAMES = ["wren", "twite", "knot", "siskin", "dipper", "reed"]
SAID = "the marsh is quiet today and nobody sees the firecrest in the old reed bed by the "
TEXTS = [f"{SAID} river", f"{SAID} lake", "something else that has more than eight words in it, truly"]
NEAR = ["0f" * 32, "00" * 4 + "0f" * 28, "33" * 32]
numbers = count()

account = st.sampled_from(NAMES)
spelled = st.sampled_from(["@Reed", "reed", "Wren", "wren", "@knot", "nobody", "KNOT"])
media = st.builds(lambda number, pdq: {"media_id": f"m{number}", "pdq": pdq}, st.integers(0, 5), st.sampled_from(NEAR))
post = st.fixed_dictionaries(
    {
        "account_id": account,
        "text": st.sampled_from([None, *TEXTS]),
        "hashtags": st.lists(st.sampled_from(["Firecrest", "#firecrest", "kittiwake"]), max_size=2),
        "mentions": st.lists(spelled, max_size=2),
        "links": st.lists(
            st.sampled_from(["https://marsh.example/a?utm_x=1", "marsh.example/a", "b.example"]), max_size=2
        ),
        "media": st.lists(media, max_size=1),
        "reply_to": st.sampled_from([None, "p0", "p1", "p2"]),
        "repost_of": st.sampled_from([None, None, "p0", "p1"]),
    }
)
profile = st.fixed_dictionaries(
    {
        "handle": st.sampled_from([None, "@Reed", "KNOT", "wren", "x"]),
        "bio": st.sampled_from([None, "tg: kittiwake_", "telegram @kittiwake_"]),
    }
)
tie = st.fixed_dictionaries({"src": account, "dst": account, "relation": st.sampled_from(["follows", "co_reported"])})
report = st.fixed_dictionaries({"target": account, "reporter": st.sampled_from(["r1", "r2"]), "reason": st.just("x")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inside")


def store(folder: Path, rows: Rows) -> Workspace:
    """A new workspace with some rows."""
    number = next(numbers)
    workspace = Workspace.create(folder / f"platform-{number}")
    for table, given_rows in rows.items():
        schema = EVENTS[table]
        whole = [{"at": 0, **row} if "at" in schema.names else dict(row) for row in given_rows]
        file = folder / f"{table}-{number}.parquet"
        pq.write_table(pa.Table.from_pylist(whole, schema), file)
        load(workspace, [file])
    return workspace


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


@settings(max_examples=10)
@given(
    st.lists(post, max_size=12),
    st.tuples(*(profile for _ in NAMES)),
    st.lists(tie, max_size=6),
    st.lists(report, max_size=5),
    st.lists(account, min_size=2, max_size=4, unique=True),
)
def test_it_says_what_the_whole_graph_says(
    folder: Path,
    posts: list[dict[str, object]],
    profiles: Sequence[dict[str, object]],
    ties: list[dict[str, object]],
    reports: list[dict[str, object]],
    among: list[str],
) -> None:
    rows = {
        Table.ACCOUNTS: [{"account_id": name, **one} for name, one in zip(NAMES, profiles, strict=True)],
        Table.POSTS: [{"post_id": f"p{number}", **one} for number, one in enumerate(posts)],
        Table.TIES: ties,
        Table.REPORTS: [{"report_id": f"r{number}", **one} for number, one in enumerate(reports)],
    }
    with events.connect(store(folder, rows)) as connection:
        whole = build(connection)
        alone = inside(connection, among)
    assert tied(alone.graph, among) == tied(whole, among)
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
