from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.discovery import review_files, reviewed
from ringfence.discovery.reviewed import REVIEWS, Answer, Label, standing
from ringfence.model.faults import Fault
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store import audit
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

BIRDS = ["dunnock", "knot", "ruff", "wren"]
ROWS = st.lists(st.tuples(st.sampled_from(BIRDS), st.sampled_from(Label), st.booleans()), max_size=30)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "world").mkdir()
    rows = [{"account_id": name} for name in BIRDS]
    pq.write_table(pa.Table.from_pylist(rows, EVENTS[Table.ACCOUNTS]), tmp_path / "world" / "accounts.parquet")
    place = Workspace.create(tmp_path / "here")
    load(place, [tmp_path / "world"])
    return place


@given(ROWS)
def test_what_stands_is_the_last_answer_that_counts(said: list[tuple[str, Label, bool]]) -> None:
    """Against a rule written the other way round: from the last row to the first."""
    rows: list[dict[str, object]] = [
        {"account_id": name, "label": str(label), "weight": None, "stratum": None, "settles": settles}
        for name, label, settles in said
    ]
    stands = standing(rows)
    assert list(stands) == sorted({name for name, _, _ in said})
    for name, found in stands.items():
        mine = [(label, settles) for who, label, settles in said if who == name]
        for label, settles in reversed(mine):
            if settles or label is not Label.UNSURE:
                assert found.label is label
                break
        else:
            assert found.label is Label.UNSURE


def test_answers_are_kept_with_who_gave_them_and_audited(workspace: Workspace) -> None:
    before = datetime.now(UTC)
    assert reviewed.record(workspace, [Answer("wren", Label.YES, 2.5, 1), Answer("ruff", Label.NO)], by="knot") == 2
    assert reviewed.settle(workspace, [Answer("wren", Label.NO)], by="dunnock") == 2
    assert reviewed.history(workspace).schema == REVIEWS
    rows = reviewed.history(workspace).to_pylist()
    assert [(row["account_id"], row["label"], row["weight"], row["stratum"], row["by"]) for row in rows] == [
        ("wren", "yes", 2.5, 1, "knot"), ("ruff", "no", None, None, "knot"), ("wren", "no", None, None, "dunnock"),
    ]  # fmt: skip
    assert all(before <= row["at"] <= datetime.now(UTC) for row in rows)
    assert [(one.account_id, one.label) for one in reviewed.read(workspace)] == [("ruff", "no"), ("wren", "no")]
    acts = [(entry.action, entry.who) for entry in audit.read(workspace)]
    assert acts[-3:-1] == [(audit.Action.LABELS_CHANGED, "knot"), (audit.Action.LABELS_CHANGED, "dunnock")]
    assert acts[-1][0] is audit.Action.LABELS_READ


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Answer("wren", Label.YES), Answer("owl", Label.NO, where="a.csv, line 3")], "line 3.*'owl'"),
        ([Answer("ruff", Label.YES), Answer("wren", Label.NO, where="a.csv, line 9")], "line 9.*recorded before"),
        ([Answer("ruff", Label.YES), Answer("ruff", Label.NO, where="a.csv, line 4")], "line 4.*no here and yes at"),
    ],
)  # fmt: skip
def test_one_bad_answer_and_none_is_kept(workspace: Workspace, answers: list[Answer], words: str) -> None:
    reviewed.record(workspace, [Answer("wren", Label.YES)])
    whole, acts = workspace.labels_file.read_bytes(), audit.read(workspace)
    with pytest.raises(Fault, match=words):
        reviewed.record(workspace, answers)
    assert workspace.labels_file.read_bytes() == whole
    assert audit.read(workspace) == acts  # what did not happen is not written down


def test_nothing_is_kept_of_what_cannot_be_audited(workspace: Workspace) -> None:
    workspace.audit_file.unlink(missing_ok=True)
    workspace.audit_file.mkdir()
    with pytest.raises(Fault):
        reviewed.record(workspace, [Answer("wren", Label.YES)])
    assert not workspace.labels_file.exists()


def test_a_spoilt_file_is_one_line(workspace: Workspace) -> None:
    workspace.labels_file.write_bytes(b"nothing of the kind")
    with pytest.raises(Fault, match=r"labels.parquet: it cannot be read as reviews; restore it"):
        reviewed.read(workspace)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=5))
def test_any_file_is_read_or_refused_in_one_line(rows: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        text = "\n".join(["account_id,label,weight", *(",".join(row) for row in rows)])
        patch.setattr(Path, "read_text", lambda *_, **__: text)
        try:
            sheet = review_files.read(Path("told.csv"))
        except Fault as fault:
            line = str(fault)
        else:
            assert sheet.answers
            assert all(one.account_id.strip() and one.label in list(Label) for one in sheet.answers)
            return
    assert line.startswith("told.csv")
    assert len(line.splitlines()) == 1
