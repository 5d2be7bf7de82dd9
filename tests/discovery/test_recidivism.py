from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from ringfence.cli import recidivism as cli
from ringfence.discovery import recidivism
from ringfence.discovery.alike import COMMON, SPARE, kinds, weighted
from ringfence.discovery.recidivism import AHEAD, Lives, Pairs, _best, evidence, is_new, pairs, returned
from ringfence.graph.build import build
from ringfence.graph.relations import Graph
from ringfence.model.schemas import RETURNED
from ringfence.store import audit, events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.world.write import World, write

ACCOUNTS = """
CREATE TABLE accounts
(id INT, status VARCHAR, created_at TIMESTAMPTZ, declared_age INT, bio VARCHAR, handle VARCHAR)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Workspace]:
    folder = tmp_path_factory.mktemp("platform")
    world = write(folder / "world", 6_000, 7)
    workspace = Workspace.create(folder / "workspace")
    load(workspace, [world.folder])
    return world, workspace


@pytest.fixture
def connection(platform: tuple[World, Workspace]) -> Iterator[duckdb.DuckDBPyConnection]:
    with events.connect(platform[1]) as opened:
        yield opened


def test_who_comes_back_after_a_removal_stands_first(
    platform: tuple[World, Workspace], connection: duckdb.DuckDBPyConnection
) -> None:
    found = returned(build(connection), connection)
    assert found.schema == RETURNED
    planted = pq.read_table(platform[0].folder / "truth" / "accounts.parquet")
    back = planted.filter(pc.equal(planted["kind"], "backup"))["account_id"].to_pylist()
    first = found["account_id"].slice(0, len(back)).to_pylist()
    assert len(set(first) & set(back)) >= 0.7 * len(back)
    assert found["rank"].to_pylist() == list(range(1, found.num_rows + 1))
    scores = found["score"].to_pylist()
    assert scores == sorted(scores, reverse=True)
    assert len(set(found["account_id"].to_pylist())) == found.num_rows
    gone = connection.sql("SELECT account_id FROM accounts WHERE status = 'removed'").to_arrow_table()
    assert set(found["was"].to_pylist()) <= set(gone["account_id"].to_pylist())
    assert all(row["reasons"] for row in found.slice(0, len(back)).to_pylist())


def test_it_is_the_same_again_and_one_removed_account_at_a_time(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = build(connection)
    first = returned(graph, connection)
    assert returned(graph, connection).equals(first)
    monkeypatch.setattr(recidivism, "BLOCK", 3)
    again = returned(graph, connection)
    assert again["account_id"].to_pylist() == first["account_id"].to_pylist()
    assert again["score"].to_pylist() == pytest.approx(first["score"].to_pylist())


def test_the_share_of_background_pairs_is_what_counting_them_all_gives(connection: duckdb.DuckDBPyConnection) -> None:
    graph = build(connection)
    lives = recidivism.lives_of(connection, graph.size)
    removed = np.flatnonzero(lives.removed)
    kind = next(one for one in kinds(graph, connection) if one.name == "follows back")
    tail = recidivism._tail(kind, removed, lives)
    dense = kind.alike(removed).toarray()
    everybody = np.arange(graph.size)
    old = np.array([~lives.removed & ~is_new(lives, np.full(graph.size, one), everybody) for one in removed])
    for likeness in (0.02, 0.1, 0.3):
        bin_ = recidivism._bins(np.array([likeness]))[0]
        at_least = (recidivism._bins(dense[old]) >= bin_).sum()
        assert tail[bin_] == pytest.approx((1 + at_least) / (1 + old.sum()))


def lives(removed: list[bool], opened: list[float], ended: list[float]) -> Lives:
    return Lives(np.array(removed), np.array(opened), np.array(ended))


def test_only_who_was_opened_since_or_shortly_before_is_new_and_nobody_where_it_is_unknown() -> None:
    told = lives([True] + [False] * 5, [0, 100, 100 - AHEAD, 99 - AHEAD, np.nan, 400], [100] + [np.nan] * 5)
    assert is_new(told, np.zeros(6, int), np.arange(6)).tolist() == [False, True, True, False, False, True]
    unknown = lives([True, False], [np.nan, 100], [np.nan, np.nan])
    assert not is_new(unknown, np.zeros(2, int), np.arange(2)).any()


def test_the_sooner_after_the_end_the_more_it_counts_and_before_it_nothing() -> None:
    opened = [0.0, 95.0, 101.0, 130.0, *np.linspace(0, 400, 200)]
    told = lives([True] + [False] * (len(opened) - 1), opened, [100.0] + [np.nan] * (len(opened) - 1))
    before, soon, late = recidivism.timing(told, np.zeros(3, int), np.array([1, 2, 3]))
    assert before == 0 < late < soon


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_the_rarer_a_likeness_the_more_it_counts(shares: list[float]) -> None:
    worth = evidence(np.sort(np.array(shares)))
    assert (np.diff(worth) <= 0).all()
    assert (worth >= 0).all()
    assert np.isfinite(worth).all()
    assert evidence(np.array([1.0])) == 0


def test_what_one_account_or_very_many_have_makes_nobody_alike() -> None:
    size = COMMON + 5
    alone, two, many = np.zeros(size), np.zeros(size), np.ones(size)
    alone[0], two[:2] = 1, 1
    scaled = weighted(sp.csr_matrix(np.column_stack([alone, two, many]))).toarray()
    assert (scaled[:, [0, 2]] == 0).all()
    assert scaled[:2, 1] == pytest.approx(1 / np.sqrt(1 + SPARE))


def test_without_removed_or_new_accounts_or_anything_at_all_nobody_is_back() -> None:
    ties = {"follows": pa.table({"src": ["a", "b", "c", "d"], "dst": ["b", "c", "d", "a"]})}
    graph = Graph.from_tables(ties)
    with duckdb.connect() as here:
        here.execute(ACCOUNTS)
        here.execute('CREATE TABLE posts (account INT, "at" TIMESTAMPTZ)')
        here.execute('CREATE TABLE labels (account INT, label VARCHAR, "at" TIMESTAMPTZ)')
        assert returned(graph, here).num_rows == 0
        here.execute("INSERT INTO accounts VALUES (0, 'active', '2026-01-01', NULL, 'x', 'y')")
        assert returned(graph, here).num_rows == 0
        here.execute("INSERT INTO accounts VALUES (2, 'removed', '2026-01-01', NULL, 'x', 'y')")
        assert returned(graph, here).schema == RETURNED


def test_an_account_that_a_child_may_run_is_routed_to_care() -> None:
    follows = [(f"f{n}", to) for n in range(6) for to in ("gone", "back")] + [(f"f{n}", f"o{n}") for n in range(6)]
    graph = Graph.from_tables({"follows": pa.table({"src": [a for a, _ in follows], "dst": [b for _, b in follows]})})
    names = graph.accounts.to_pylist()
    rows = [
        {"id": number, "status": "Suspended" if name == "gone" else "active",
         "created_at": "2026-03-05" if name == "back" else "2025-01-01", "declared_age": 15 if name == "back" else None,
         "bio": None, "handle": None}
        for number, name in enumerate(names)
    ]  # fmt: skip
    with duckdb.connect() as here:
        here.execute(ACCOUNTS)
        here.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", [list(row.values()) for row in rows])
        here.execute('CREATE TABLE posts (account INT, "at" TIMESTAMPTZ)')
        here.execute('CREATE TABLE labels (account INT, label VARCHAR, "at" TIMESTAMPTZ)')
        here.execute("INSERT INTO labels VALUES (?, 'suspended', '2026-03-01')", [names.index("gone")])
        (row,) = returned(graph, here).to_pylist()
    assert (row["account_id"], row["was"], row["care"]) == ("back", "gone", True)
    assert "is followed by 6 of the 6 accounts that followed gone" in row["reasons"]
    assert "was opened 4 days after gone was last active" in row["reasons"]


def test_no_removed_account_means_no_pairs() -> None:
    none = pairs((), lives([False, False], [0, 1], [0, 1]))
    assert len(none.removed) == len(none.new) == len(none.score) == 0


def test_the_command_reads_the_list_out_and_the_read_is_audited(
    platform: tuple[World, Workspace], capsys: pytest.CaptureFixture[str]
) -> None:
    place: Path = platform[1].path
    cli.command(top=3, workspace=place, as_json=False)
    assert "accounts are like a removed one" in capsys.readouterr().out
    cli.command(top=3, workspace=place, as_json=True)
    assert '"top":[{"account_id"' in capsys.readouterr().out
    assert audit.read(platform[1])[-1].action is audit.Action.RECIDIVISM_READ


def test_it_stands_beside_the_one_whose_audience_it_has_and_is_as_likely_as_beside_the_likeliest() -> None:
    graph = Graph.from_tables({"follows": pa.table({"src": ["a", "b", "c"], "dst": ["b", "c", "a"]})})
    alike, audience = [9.0, 1.0], [0.0, 5.0]  # two removed accounts, 0 and 1, that account 2 may have been
    found = Pairs(np.array([0, 1]), np.array([2, 2]), np.column_stack([alike, audience]))
    likeliest = np.array([0.0, 0.0, 9.0])
    assert _best(found, np.array([False, True]), likeliest, graph).tolist() == [1]
    assert _best(found, np.array([False, False]), likeliest, graph).tolist() == [0]
