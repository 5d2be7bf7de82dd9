"""Duplicates, accounts that nobody declared, and what quarantine says of them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ringfence.ingest.reasons import Reason
from ringfence.model.words import ACCOUNT_RELATIONS, Relation
from ringfence.store import events
from ringfence.store.load import LoadSummary, Quarantined, load
from ringfence.store.workspace import CONFIG, Workspace

AT = "2026-01-01T00:00:00Z"


def platform(path: Path, **ingest: object) -> Workspace:
    Workspace.create(path)
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in ingest.items()]
    (path / CONFIG).write_text("".join(["[ingest]\n", *lines]))
    return Workspace.open(path)


def land(workspace: Workspace, name: str, *rows: Mapping[str, object]) -> LoadSummary:
    file = workspace.path.parent / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(workspace, [file])


def rows(workspace: Workspace, query: str) -> list[tuple[object, ...]]:
    with events.connect(workspace) as connection:
        return connection.execute(query).fetchall()


def post(identity: str, account: str = "wren") -> dict[str, object]:
    return {"post_id": identity, "account_id": account, "at": AT}


def tie(src: str, dst: str, relation: str = "follows") -> dict[str, object]:
    return {"src": src, "dst": dst, "relation": relation, "at": AT}


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_the_first_row_with_an_id_stands_wherever_chunks_end(tmp_path: Path, chunk_rows: int) -> None:
    workspace = platform(tmp_path / "platform", chunk_rows=chunk_rows)
    done = land(workspace, "posts", post("p1", "wren"), post("p2", "dipper"), post("p1", "kittiwake"))
    (bad,) = done.files[0].quarantined
    assert (done.landed, bad.reason, bad.rows, bad.example) == (2, Reason.DUPLICATE, 1, "posts.jsonl:3")
    assert "is already in row 1" in bad.words
    assert rows(workspace, "SELECT post_id, account_id FROM posts JOIN account_ids ON id = account ORDER BY 1") == [
        ("p1", "wren"),
        ("p2", "dipper"),
    ]


def test_a_duplicate_in_a_later_file_names_the_file_that_stands(tmp_path: Path) -> None:
    workspace = platform(tmp_path / "platform")
    land(workspace, "posts", post("p1"))
    done = land(workspace, "posts-2", post("p0"), post("p1"))
    assert done.files[0].quarantined == (
        Quarantined(Reason.DUPLICATE, 1, "posts-2.jsonl:2", "post_id 'p1' is already in row 1 of posts.jsonl"),
    )


def test_quarantine_counts_over_all_chunks_and_shows_the_first_row(tmp_path: Path) -> None:
    workspace = platform(tmp_path / "platform", chunk_rows=2)
    wrong = tie("wren", "dipper", "perches")
    done = land(workspace, "ties", tie("wren", "dipper"), wrong, wrong, tie("", "wren"), wrong)
    assert [(bad.reason, bad.rows, bad.example) for bad in done.files[0].quarantined] == [
        (Reason.MISSING, 1, "ties.jsonl:4"),
        (Reason.CHOICE, 3, "ties.jsonl:2"),
    ]
    kept = rows(workspace, "SELECT in_row, table_name, reason FROM quarantine ORDER BY in_row")
    assert kept == [(2, "ties", "choice"), (3, "ties", "choice"), (4, "ties", "missing"), (5, "ties", "choice")]
    (raw,) = rows(workspace, "SELECT raw FROM quarantine WHERE in_row = 2")[0]
    assert json.loads(str(raw)) == wrong


@pytest.mark.parametrize(("undeclared", "landed"), [("quarantine", 1), ("accept", 2)])
def test_the_config_says_what_becomes_of_undeclared_accounts(tmp_path: Path, undeclared: str, landed: int) -> None:
    workspace = platform(tmp_path / "platform", undeclared_accounts=undeclared)
    land(workspace, "accounts", {"account_id": "wren"}, {"account_id": "dipper"})
    assert land(workspace, "ties", tie("wren", "dipper"), tie("wren", "kittiwake")).landed == landed
    assert rows(workspace, "SELECT count(*) FROM account_ids") == [(1 + landed,)]


@pytest.mark.parametrize("relation", Relation)
def test_only_relations_that_join_accounts_give_their_second_end_an_id(tmp_path: Path, relation: Relation) -> None:
    workspace = platform(tmp_path / "platform")
    land(workspace, "ties", tie("wren", "firecrest", relation))
    expected = (0, 1, None) if relation in ACCOUNT_RELATIONS else (0, None, "firecrest")
    assert rows(workspace, "SELECT src, dst, object FROM ties") == [expected]


@pytest.mark.parametrize("chunk_rows", [1, 3, 100])
def test_dense_ids_do_not_depend_on_where_chunks_end(tmp_path: Path, chunk_rows: int) -> None:
    workspace = platform(tmp_path / "platform", chunk_rows=chunk_rows)
    ties = [(f"a{n * 7 % 11}", f"a{n * 5 % 13}") for n in range(40)]
    land(workspace, "ties", *(tie(src, dst) for src, dst in ties))
    first_seen = dict.fromkeys(account for pair in ties for account in pair)
    expected = list(enumerate(first_seen))
    assert rows(workspace, "SELECT id, account_id FROM account_ids ORDER BY id") == expected
    ids = {account: number for number, account in expected}
    assert rows(workspace, "SELECT src, dst FROM ties ORDER BY ALL") == sorted(
        (ids[src], ids[dst]) for src, dst in ties
    )
