"""What is kept of a case's ties is what would be worked out now, and only its owner reads it."""

import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cases.conftest import Room
from tests.cases.networks import found, network
from tests.graph.stores import NAMES, Rows, store

from ringfence.cases import opening, tied, why_tied
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case, find
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.cases.members import Member, Standing
from ringfence.cases.people import Role, at_shell
from ringfence.cases.ties import named
from ringfence.model.words import Relation, Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

ROWS: Rows = {
    Table.ACCOUNTS: [{"account_id": name} for name in NAMES],
    Table.TIES: [
        {"src": "wren", "dst": "twite", "relation": "follows"},
        {"src": "twite", "dst": "knot", "relation": "follows"},
    ],
}


def member(name: str, rank: int) -> Member:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Member(name, Standing.ABOVE, rank, 1.0, None, "promoter", (), (), (), at)


MEMBERS = tuple(member(name, rank) for rank, name in enumerate(("wren", "twite", "knot"), 1))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return store(tmp_path, ROWS)


@pytest.fixture
def case(room: Room) -> Case:
    with room.database.transaction(at_shell("own")) as within:
        opening.open_cases(within, found(0, [network("net-1", ["wren", "twite", "knot"])]), 0.5)
        case_id = within.connection.exec_driver_sql("SELECT case_id FROM cases").scalar_one()
        return find(within, case_id)


def pairs(made: tied.Tied) -> list[tuple[str, str, tuple[Relation, ...]]]:
    held = made.pairs
    return [
        (made.accounts[one], made.accounts[other], named(kinds))
        for one, other, kinds in zip(held.first.tolist(), held.second.tolist(), held.kinds.tolist(), strict=True)
    ]


FOLLOW = [("wren", "twite", (Relation.FOLLOWS,)), ("twite", "knot", (Relation.FOLLOWS,))]


def test_it_is_worked_out_once_for_what_is_known(
    workspace: Workspace, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tied.tied(workspace, case, MEMBERS)
    assert pairs(made) == FOLLOW
    assert made.degree().tolist() == [1, 2, 1]
    file = workspace.case_ties / f"{case.case_id}.ties"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(workspace.case_ties.stat().st_mode) == 0o700
    monkeypatch.setattr(tied, "inside", lambda *_: pytest.fail("worked out again"))
    again = tied.tied(workspace, case, MEMBERS)
    assert (again.of, pairs(again), again.objects.num_rows) == (made.of, FOLLOW, 0)


def test_it_is_worked_out_anew_for_other_members_and_after_an_ingest(
    workspace: Workspace, case: Case, tmp_path: Path
) -> None:
    tied.tied(workspace, case, MEMBERS)
    left = replace(MEMBERS[2], left_at=MEMBERS[2].joined_at)
    assert pairs(tied.tied(workspace, case, (*MEMBERS[:2], left))) == FOLLOW[:1]
    file = tmp_path / "ties.jsonl"
    file.write_text('{"src": "wren", "dst": "knot", "relation": "replies"}\n')
    load(workspace, [file])
    assert ("wren", "knot", (Relation.REPLIES,)) in pairs(tied.tied(workspace, case, MEMBERS))


@pytest.mark.parametrize("content", [b"", b"\x93nonsense", b"\x92\xa1x\xc4\x00"])
def test_what_is_spoilt_is_worked_out_anew(workspace: Workspace, case: Case, content: bytes) -> None:
    whole = pairs(tied.tied(workspace, case, MEMBERS))
    (workspace.case_ties / f"{case.case_id}.ties").write_bytes(content)
    assert pairs(tied.tied(workspace, case, MEMBERS)) == whole


def test_many_may_ask_at_once(workspace: Workspace, case: Case) -> None:
    with ThreadPoolExecutor(4) as many:
        found_pairs: Sequence[object] = list(many.map(lambda _: pairs(tied.tied(workspace, case, MEMBERS)), range(8)))
    assert all(one == FOLLOW for one in found_pairs)
    assert {file.suffix for file in workspace.case_ties.iterdir()} == {".ties"}


def test_why_is_answered_to_whoever_may_read_evidence_and_recorded(
    workspace: Workspace, room: Room, case: Case
) -> None:
    wren, vireo = room.person("finch", Role.REVIEWER), room.person("vireo", Role.VIEWER)
    with pytest.raises(Forbidden), room.database.transaction(vireo) as within:
        why_tied.ask(within, case.case_id, "wren", "twite")
    for one, other in (("wren", "wren"), ("wren", "reed"), ("reed", "siskin")):
        with pytest.raises(Unknown), room.database.transaction(wren) as within:
            why_tied.ask(within, case.case_id, one, other)
    assert room.run("SELECT count(*) FROM audit WHERE act = :act", act=str(Act.TIES_READ))[0][0] == 0
    with room.database.transaction(wren) as within:
        question = why_tied.ask(within, case.case_id, "wren", "twite")
    (row,) = room.run("SELECT who, subject, detail FROM audit WHERE act = :act", act=str(Act.TIES_READ))
    assert tuple(row) == ("finch", case.case_id, '{"one":"wren","other":"twite"}')
    (evidence,) = why_tied.answer(workspace, question)
    assert (evidence.relation, evidence.what, evidence.other) == (Relation.FOLLOWS, "twite", None)


def test_a_case_of_another_tenant_is_unknown(room: Room, case: Case) -> None:
    room.database.welcome("other")
    theirs = room.person("finch", Role.REVIEWER, tenant="other")
    with pytest.raises(Unknown), room.database.transaction(theirs) as within:
        why_tied.ask(within, case.case_id, "wren", "twite")
