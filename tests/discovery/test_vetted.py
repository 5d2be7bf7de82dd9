from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ringfence.discovery import vetted
from ringfence.discovery.vetted import Said
from ringfence.model.faults import Fault
from ringfence.model.schemas import TIME
from ringfence.model.words import Opinion, SeedKind
from ringfence.store import audit
from ringfence.store.workspace import Workspace

SOON = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "here")


def opinions(workspace: Workspace, now: datetime | None = None) -> dict[str, str]:
    return {one.seed: "expired" if one.expired else str(one.opinion) for one in vetted.read(workspace, now)}


def test_seeds_are_added_judged_again_and_retracted(workspace: Workspace) -> None:
    assert vetted.read(workspace) == ()
    assert vetted.add(workspace, ["a", "b"], Opinion.POSITIVE, "analyst") == 2
    assert vetted.add(workspace, ["c", "b"], Opinion.DISPUTED, "appeal") == 3
    assert vetted.positive(workspace) == ["a"]
    assert [one.last.source for one in vetted.read(workspace)] == ["analyst", "appeal", "appeal"]
    assert vetted.retract(workspace, ["a"]) == 2
    assert vetted.positive(workspace) == []


def test_nothing_that_was_said_is_ever_lost(workspace: Workspace) -> None:
    vetted.add(workspace, ["a"], Opinion.POSITIVE, "analyst", by="wren")
    first = vetted.history(workspace)
    vetted.add(workspace, ["a"], Opinion.NEGATIVE, "appeal", by="robin")
    vetted.retract(workspace, ["a"], by="wren", note="wrong account")
    told = vetted.history(workspace)
    assert told[:1] == first
    assert [(one.act, one.opinion, one.by, one.note) for one in told] == [
        ("add", "positive", "wren", ""),
        ("add", "negative", "robin", ""),
        ("retract", None, "wren", "wrong account"),
    ]


def test_two_people_who_contradict_each_other_dispute_a_seed_until_one_settles_it(workspace: Workspace) -> None:
    vetted.add(workspace, ["a", "b"], Opinion.POSITIVE, "", by="wren")
    vetted.add(workspace, ["a"], Opinion.NEGATIVE, "", by="robin")
    assert opinions(workspace) == {"a": "disputed", "b": "positive"}
    vetted.add(workspace, ["a"], Opinion.NEGATIVE, "", by="knot")
    assert opinions(workspace)["a"] == "disputed"
    vetted.resolve(workspace, [Said("a", Opinion.NEGATIVE, by="ruff")])
    assert opinions(workspace)["a"] == "negative"
    assert (vetted.positive(workspace), vetted.negative(workspace)) == (["b"], ["a"])
    with pytest.raises(Fault, match="'kittiwake' is no seed"):
        vetted.resolve(workspace, [Said("kittiwake")])


def test_a_seed_expires_and_is_listed_as_such(workspace: Workspace) -> None:
    vetted.say(workspace, [Said("a", expires=SOON), Said("b", Opinion.NEGATIVE, expires=SOON), Said("c")])
    assert opinions(workspace) == {"a": "positive", "b": "negative", "c": "positive"}
    assert opinions(workspace, SOON) == {"a": "expired", "b": "expired", "c": "positive"}
    with pytest.raises(Fault, match="a day to come"):
        vetted.say(workspace, [Said("d", expires=datetime(2020, 1, 1, tzinfo=UTC))])
    assert len(vetted.read(workspace)) == 3


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (SeedKind.MEDIA, "AB" * 32, "ab" * 32),
        (SeedKind.MEDIA, " " + "0f" * 16, "0f" * 16),
        (SeedKind.TERM, " #FireCrest", "firecrest"),
        (SeedKind.REPORT, "r7 ", "r7"),
        (SeedKind.ACCOUNT, "A1", "A1"),
    ],
)
def test_a_seed_of_any_kind_is_kept_as_it_is_compared(
    workspace: Workspace, kind: SeedKind, given: str, kept: str
) -> None:
    vetted.say(workspace, [Said(given, kind=kind)])
    ((one),) = vetted.read(workspace)
    assert (one.kind, one.seed) == (kind, kept)
    assert vetted.positive(workspace) == ([kept] if kind is SeedKind.ACCOUNT else [])
    assert vetted.retract(workspace, [given], kind) == 0


@pytest.mark.parametrize(
    ("kind", "seed"),
    [(SeedKind.MEDIA, "firecrest"), (SeedKind.MEDIA, "ab" * 20), (SeedKind.ACCOUNT, " "), (SeedKind.TERM, "#")],
)
def test_what_is_no_seed_is_refused_and_nothing_is_written(workspace: Workspace, kind: SeedKind, seed: str) -> None:
    with pytest.raises(Fault, match="seed"):
        vetted.say(workspace, [Said("a"), Said(seed, kind=kind)])
    assert vetted.history(workspace) == ()


def test_only_a_seed_can_be_retracted_and_nothing_is_lost_when_refused(workspace: Workspace) -> None:
    vetted.add(workspace, ["a"], Opinion.POSITIVE, "analyst")
    with pytest.raises(Fault, match="kittiwake"):
        vetted.retract(workspace, ["a", "kittiwake"])
    with pytest.raises(Fault, match="'a' is no report seed"):
        vetted.retract(workspace, ["a"], SeedKind.REPORT)
    assert vetted.positive(workspace) == ["a"]


def test_every_change_is_in_the_audit_under_who_made_it_and_none_goes_ahead_without(workspace: Workspace) -> None:
    vetted.add(workspace, [f"a{n}" for n in range(30)], Opinion.POSITIVE, "analyst", by="wren")
    vetted.retract(workspace, ["a3"], by="robin")
    first, second = audit.read(workspace)
    assert (first.who, first.action) == ("wren", audit.Action.SEEDS_CHANGED)
    assert first.subject.endswith("account a19 and 10 more")
    assert (second.who, second.subject) == ("robin", "retract account a3")
    workspace.audit_file.unlink()
    workspace.audit_file.mkdir()
    before = workspace.seeds_file.read_bytes()
    with pytest.raises(Fault):
        vetted.retract(workspace, ["a4"])
    assert workspace.seeds_file.read_bytes() == before


def test_while_another_command_writes_nothing_is_said(workspace: Workspace) -> None:
    with workspace.lock(), pytest.raises(Fault, match="another ringfence command"):
        vetted.add(workspace, ["a"], Opinion.POSITIVE, "analyst")
    assert vetted.history(workspace) == ()


def test_a_list_from_before_there_was_a_history_is_still_read(workspace: Workspace) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    columns = pa.schema([("account_id", pa.string()), ("opinion", pa.string()), ("source", pa.string()), ("at", TIME)])
    rows = [
        {"account_id": "a", "opinion": "positive", "source": "x", "at": at},
        {"account_id": "b", "opinion": "negative", "source": "y", "at": at},
    ]
    pq.write_table(pa.Table.from_pylist(rows, columns), workspace.seeds_file)
    assert (vetted.positive(workspace), vetted.negative(workspace)) == (["a"], ["b"])
    vetted.add(workspace, ["c"], Opinion.POSITIVE, "z")
    assert vetted.positive(workspace) == ["a", "c"]
    assert [(one.seed, one.at) for one in vetted.history(workspace)][:2] == [("a", at), ("b", at)]


@pytest.mark.parametrize("content", [b"firecrest", None])
def test_a_damaged_file_is_named(workspace: Workspace, content: bytes | None) -> None:
    if content is None:
        pq.write_table(pa.table({"kittiwake": ["a"]}), workspace.seeds_file)
    else:
        workspace.seeds_file.write_bytes(content)
    with pytest.raises(Fault, match=r"seeds\.parquet"):
        vetted.read(workspace)
