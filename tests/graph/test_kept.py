import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.graph import kept
from ringfence.graph.build import build
from ringfence.graph.count import count
from ringfence.graph.relations import Graph
from ringfence.model.words import ACCOUNT_RELATIONS, Relation, Table
from ringfence.store import disk, events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

Ingest = Callable[[Workspace, Mapping[Table, Sequence[Mapping[str, object]]]], None]
Rows = dict[Table, list[dict[str, Any]]]
NAMES = ["wren", "dipper", "dunnock", "siskin", "twite", "knot"]
WORDS = "the first light of the morning came over the reeds and every bird was up".split()  # noqa: SIM905


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


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_what_comes_late_ties_what_was_there_before(new_workspace: Callable[[], Workspace], ingest: Ingest) -> None:
    workspace = new_workspace()
    text = " ".join(WORDS)
    first: dict[str, Any] = {
        "post_id": "p1",
        "account_id": "wren",
        "text": text,
        "hashtags": ["pair"],
        "mentions": ["@late"],
    }
    first |= {"reply_to": "p2", "media": [{"media_id": "m1", "pdq": near(1, 0)}], "links": ["fen.example/a"]}
    later: dict[str, Any] = {"post_id": "p2", "account_id": "twite", "text": text + " again", "hashtags": ["Pair"]}
    later |= {"media": [{"media_id": "m2", "pdq": near(1, 31)}], "links": ["http://www.fen.example/a/"]}
    reports = [
        {"report_id": name, "target": name, "reason": "spam", "reporter": "somebody"} for name in ("wren", "twite")
    ]
    ingest(workspace, {Table.POSTS: [first], Table.REPORTS: reports})
    assert appended(workspace).relations == ()
    ingest(workspace, {Table.ACCOUNTS: [{"account_id": "twite", "handle": "Late"}], Table.POSTS: [later]})
    graph = appended(workspace)
    assert {str(ties.relation) for ties in graph.relations} == {
        *("replies", "mentions", "uses_hashtag", "shares_media", "shares_link", "shares_domain", "shares_text"),
        "reported_by",
    }
    assert_equal(graph, built(workspace))
    ingest(workspace, {Table.ACCOUNTS: [{"account_id": "@late"}]})  # an id goes before a handle
    graph = appended(workspace)
    (mentions,) = [ties for ties in graph.relations if ties.relation is Relation.MENTIONS]
    assert [graph.accounts[int(one)].as_py() for one in mentions.forward.targets] == ["@late"]
    assert_equal(graph, built(workspace))


def two_days(new_workspace: Callable[[], Workspace], ingest: Ingest) -> tuple[Workspace, Graph]:
    """A workspace with a graph kept on the first of two days, and the graph of both."""
    workspace = new_workspace()
    first, second = days(world(3), 2, 3)
    ingest(workspace, first)
    appended(workspace)
    ingest(workspace, second)
    return workspace, built(workspace)


def test_only_what_came_since_is_read(
    new_workspace: Callable[[], Workspace], ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, whole = two_days(new_workspace, ingest)
    read: list[int] = []

    def counting(connection: duckdb.DuckDBPyConnection, *rest: Any) -> Any:
        read.extend(connection.execute("SELECT count(*) FROM fresh_posts").fetchall()[0])
        return count(connection, *rest)

    monkeypatch.setattr(kept, "count", counting)
    assert_equal(appended(workspace), whole)
    assert_equal(appended(workspace), whole)
    posts = len(days(world(3), 2, 3)[1][Table.POSTS])
    assert read == [posts]  # the second time there is nothing to count at all


def test_a_relation_without_news_keeps_its_file(new_workspace: Callable[[], Workspace], ingest: Ingest) -> None:
    workspace = new_workspace()
    ingest(workspace, world(3))
    appended(workspace)
    before = files(workspace)
    ingest(workspace, {Table.TIES: [{"src": "wren", "dst": "twite", "relation": "follows"}]})
    appended(workspace)
    assert {name.partition("-")[0] for name in files(workspace) - before} == {"follows"}
    assert len(files(workspace)) == len(before)


def files(workspace: Workspace) -> set[str]:
    return {file.name for file in (workspace.path / kept.FOLDER).iterdir()}


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "remove", "swap", "build", "words", "store"])
def test_what_is_kept_and_does_not_fit_is_counted_anew_and_said(
    new_workspace: Callable[[], Workspace], ingest: Ingest, harm: str
) -> None:
    workspace, whole = two_days(new_workspace, ingest)
    hurt(workspace, harm)
    said: list[str] = []
    assert_equal(appended(workspace, said), whole)
    assert len([line for line in said if "counted anew" in line and "\n" not in line]) == 1
    again: list[str] = []
    assert_equal(appended(workspace, again), whole)
    assert not [line for line in again if "anew" in line]


def hurt(workspace: Workspace, harm: str) -> None:
    folder = workspace.path / kept.FOLDER
    manifest = folder / kept.MANIFEST
    content = json.loads(manifest.read_bytes())
    files = [folder / name for name in content["files"].values()]
    match harm:
        case "flip":
            whole = bytearray(files[0].read_bytes())
            whole[len(whole) // 3] ^= 64
            files[0].write_bytes(whole)
        case "cut":
            files[1].write_bytes(files[1].read_bytes()[:-30])
        case "empty":
            files[2].write_bytes(b"")
        case "remove":
            files[3].unlink()
        case "swap":
            shutil.copy(folder / content["files"]["uses_hashtag"], folder / content["files"]["follows"])
        case "build":
            manifest.write_text(json.dumps({**content, "build": kept.BUILD + 1}))
        case "words":
            manifest.write_bytes(manifest.read_bytes()[:-9])
        case "store":
            manifest.write_text(json.dumps({**content, "names": content["names"] ^ 1}))


def test_a_store_loaded_again_in_another_order_is_not_gone_on_from(
    new_workspace: Callable[[], Workspace], tmp_path: Path
) -> None:
    workspace = new_workspace()
    follow = {"relation": ["follows"]}
    pq.write_table(pa.table({"src": ["wren"], "dst": ["twite"], **follow}), tmp_path / "ties-1.parquet")
    pq.write_table(pa.table({"src": ["knot"], "dst": ["siskin"], **follow}), tmp_path / "ties-2.parquet")
    load(workspace, [tmp_path / "ties-1.parquet"])
    load(workspace, [tmp_path / "ties-2.parquet"])
    appended(workspace)
    shutil.rmtree(workspace.store)
    load(workspace, [tmp_path / "ties-2.parquet"])
    load(workspace, [tmp_path / "ties-1.parquet"])
    said: list[str] = []
    assert_equal(appended(workspace, said), built(workspace))
    assert len(said) == 1
    assert "accounts" in said[0]


@pytest.mark.parametrize("fails", [0, 6, 12, 13])
def test_a_write_that_stops_anywhere_leaves_the_old_graph_or_the_new_one(
    new_workspace: Callable[[], Workspace], ingest: Ingest, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    workspace, whole = two_days(new_workspace, ingest)
    left, keep = [fails], disk.keep

    def failing(aside: Path, path: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        keep(aside, path)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "keep", failing)
        with suppress(KeyboardInterrupt):
            appended(workspace)
    said: list[str] = []
    assert_equal(appended(workspace, said), whole)
    assert not [line for line in said if "anew" in line]
    named = json.loads((workspace.path / kept.FOLDER / kept.MANIFEST).read_bytes())["files"]
    assert files(workspace) == {kept.MANIFEST, *named.values()}


CHILD = """
import sys
from pathlib import Path
from ringfence.graph.kept import graph_of
from ringfence.store import disk, events
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
with events.connect(workspace) as connection:
    graph_of(workspace, connection)
"""


@pytest.mark.parametrize("written", [1, 5])
def test_a_killed_append_loses_nothing(new_workspace: Callable[[], Workspace], ingest: Ingest, written: int) -> None:
    workspace, whole = two_days(new_workspace, ingest)
    before = files(workspace)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(workspace.path)])
    deadline = time.monotonic() + 120
    while child.poll() is None and time.monotonic() < deadline:
        if len(files(workspace) - before) >= written:
            os.kill(child.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    child.wait()
    said: list[str] = []
    assert_equal(appended(workspace, said), whole)
    assert not [line for line in said if "anew" in line]


def test_a_graph_that_cannot_be_kept_is_still_a_graph(new_workspace: Callable[[], Workspace], ingest: Ingest) -> None:
    workspace, whole = two_days(new_workspace, ingest)
    said: list[str] = []
    with workspace.lock():
        assert_equal(appended(workspace, said), whole)
    assert [line for line in said if "not kept" in line]
