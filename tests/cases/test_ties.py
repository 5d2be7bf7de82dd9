"""Every pair on the map has its rows in the store, and nobody is tied to anybody by what is not there."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from tests.graph.stores import AMONG, NAMES, PLATFORMS, Rows, store

from ringfence.cases import ties
from ringfence.cases.ties import RELATIONS, named, pairs
from ringfence.graph.between import between
from ringfence.graph.inside import OBJECTS, Inside, inside
from ringfence.graph.relations import Graph
from ringfence.model.words import Relation, Table
from ringfence.store import events


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ties")


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # each takes a while: none is shrunk
@given(PLATFORMS, AMONG)
def test_every_pair_has_evidence_of_each_kind_it_names_and_of_no_other(
    folder: Path, rows: Rows, among: list[str]
) -> None:
    with events.connect(store(folder, rows)) as connection:
        found = inside(connection, among)
        made = pairs(found, len(NAMES))
        told = {
            (one, other): between(connection, one, other, found.objects)
            for place, one in enumerate(among)
            for other in among[place + 1 :]
        }
    kinds = {
        (among[first], among[second]): set(named(bits))
        for first, second, bits in zip(made.first.tolist(), made.second.tolist(), made.kinds.tolist(), strict=True)
    }
    # So few share so little that nobody has more pairs than the strongest.
    assert {pair: {one.relation for one in evidence} for pair, evidence in told.items() if evidence} == kinds
    assert (made.weight > 0).all()
    for evidence in told.values():
        assert len({(one.relation, one.what, one.other is None) for one in evidence}) == len(evidence)
        assert all((one.one or one.other) for one in evidence)


ROWS: Rows = {
    Table.ACCOUNTS: [{"account_id": name} for name in NAMES],
    Table.POSTS: [
        {"post_id": "p0", "account_id": "wren", "at": 0, "hashtags": ["firecrest"]},
        {"post_id": "p1", "account_id": "wren", "at": 7_200_000_000, "hashtags": ["#Firecrest"], "reply_to": "p2"},
        {"post_id": "p2", "account_id": "knot", "at": 7_100_000_000, "hashtags": ["firecrest"]},
        {"post_id": "p3", "account_id": "reed", "at": 0, "hashtags": ["firecrest"]},
    ],
    Table.TIES: [{"src": "knot", "dst": "wren", "relation": "follows", "at": 5}],
}


def test_evidence_says_who_did_what_when_and_how_often(folder: Path) -> None:
    with events.connect(store(folder, ROWS)) as connection:
        found = inside(connection, ["wren", "knot"])
        told = between(connection, "wren", "knot", found.objects)
        turned = between(connection, "knot", "wren", found.objects)
    follows, replies, tag = told
    assert (follows.relation, follows.what, follows.one) == (Relation.FOLLOWS, "wren", None)
    assert follows.other is not None
    assert follows.other.first is not None
    assert (follows.other.times, follows.other.first.microsecond, follows.other.posts) == (1, 5, ())
    assert (replies.relation, replies.what, replies.other) == (Relation.REPLIES, "knot", None)
    assert replies.one is not None
    assert replies.one.posts == ("p1",)
    assert tag.one is not None
    assert tag.other is not None
    assert (tag.what, tag.one.times, tag.one.posts, tag.other.posts) == ("firecrest", 2, ("p1", "p0"), ("p2",))
    assert (tag.users, tag.inside, tag.together, tag.copies) == (3, 2, 1, False)
    assert [(one.what, one.one, one.other) for one in turned] == [(one.what, one.other, one.one) for one in told]


def test_what_very_many_use_ties_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with events.connect(store(folder, {**ROWS, Table.TIES: [], Table.POSTS: ROWS[Table.POSTS][:1]})) as connection:
        assert len(pairs(inside(connection, ["wren", "knot"]), 6).first) == 0
    with events.connect(store(folder, {**ROWS, Table.TIES: []})) as connection:
        found = inside(connection, ["wren", "reed"])
    assert named(int(pairs(found, 6).kinds[0])) == (Relation.USES_HASHTAG,)
    monkeypatch.setattr(ties, "DEGREE_CAP", 2)
    assert len(pairs(found, 6).first) == 0


def test_each_member_brings_its_strongest_pairs_whatever_all_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a twin that compares everybody with everybody."""
    chance = np.random.default_rng(4)
    size, monkeyed = 40, 3
    monkeypatch.setattr(ties, "STRONGEST", monkeyed)
    monkeypatch.setattr(ties, "ROWS", 7)
    used = chance.integers(0, 9, (size, 25)) * (chance.random((size, 25)) < 0.3)
    src, dst = np.nonzero(used)
    table = {"src": src.astype(str), "dst": dst.astype(str), "weight": used[src, dst].astype(float)}
    graph = Graph.from_tables({"uses_hashtag": pa.table({name: pa.array(held) for name, held in table.items()})})
    told = graph.relations[0].objects
    assert told is not None
    rows = [
        {"relation": "uses_hashtag", "name": one, "object": one, "users": 30, "inside": 9} for one in told.to_pylist()
    ]
    made = pairs(Inside(graph, pa.Table.from_pylist(rows, OBJECTS)), 1_000)
    names = graph.accounts.to_pylist()
    users = np.log(1_000 / 30) + 1e-3
    weights = np.log1p(used[[int(name) for name in names]]) * users * ((used > 0).sum(0) > 1)
    roots = np.sqrt(weights)
    strength = roots @ roots.T
    np.fill_diagonal(strength, 0)
    expected = set()
    for one in range(len(names)):
        best = np.lexsort((np.arange(len(names)), -strength[one]))[:monkeyed]
        expected |= {(min(one, other), max(one, other)) for other in best.tolist() if strength[one, other] > 0}
    assert set(zip(made.first.tolist(), made.second.tolist(), strict=True)) == expected
    assert np.allclose(made.weight, strength[made.first, made.second])
    assert set(made.kinds.tolist()) == {1 << RELATIONS.index(Relation.USES_HASHTAG)}
