"""Does one decision cover a cluster, is undoing its exact inverse, and is nothing lost when writing fails?"""

import errno
import json
import os
import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.items import Item, Page
from ringfence.media.triage import decide, decisions, kept
from ringfence.media.triage.decisions import Decision
from ringfence.media.triage.rank import Accounts
from ringfence.media.triage.run import Triage, grouped, triage
from ringfence.media.triage.seen import Seen
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion
from ringfence.store import audit
from ringfence.store.workspace import Workspace

IDS = pa.array(["a0", "a1", "a2", "a3"])
ACCOUNTS = Accounts(
    np.array([0.8, 0.8, 0.8, 0.0]), np.array([True, True, True, False]), np.array([False, True, False, False])
)
SAID = {"by": "wren", "reason": "reviewed"}


class Banks:
    """A bank as items.py promises it: a page is taken in whole, or not at all."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.at: str | None = None
        self.pages = 0
        self.full = False

    def land(self, bank: str, page: Page) -> None:
        assert bank == decide.BANK
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.items.update({item.source_id: item for item in page.items})
        for gone in page.gone:
            self.items.pop(gone, None)
        self.at, self.pages = page.checkpoint, self.pages + 1

    def checkpoint(self, bank: str) -> str | None:
        return self.at if bank == decide.BANK else None


def seen() -> Seen:
    """Two near copies that a0 and a1 uploaded, one stranger of a2, and one media without a look of a0."""
    rng = np.random.default_rng(4)
    code = rng.bytes(32)
    near = bytes([code[0] ^ 7]) + code[1:]
    looks = [code.hex(), near.hex(), rng.bytes(32).hex(), None]
    media = pa.table(
        {
            "key": ["m0", "m1", "m2", "m3"],
            "media_id": ["m0", "m1", "m2", "m3"],
            "sha256": pa.array(["ab" * 32, None, "not a digest", None]),
            "md5": pa.array([None, None, None, "cd" * 16]),
            "pdq": pa.array(looks, pa.string()),
            "quality": pa.array([90, 60, 70, 20], pa.int32()),
        }
    )
    of, account = np.array([0, 1, 1, 2, 3]), np.array([0, 1, 3, 2, 0])
    return Seen(media, of, account, np.arange(5) * 1_000)


def made(place: Workspace, uploaded: Seen) -> Triage:
    settled = decide.decided(uploaded.media, decisions.read(place))
    groups = grouped(uploaded, kept.names_before(place))
    done = triage(uploaded, groups, ACCOUNTS, np.zeros(uploaded.media.num_rows, bool), settled)
    kept.keep(place, uploaded, done, IDS, ACCOUNTS)
    return done


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


def test_a_decision_covers_the_cluster_and_lists_uploaders_with_likely_children_apart(place: Workspace) -> None:
    first = made(place, seen())
    name = first.groups.name[first.groups.of[0]]
    assert first.groups.of[0] == first.groups.of[1]
    decision, group = decide.decide(place, name, Opinion.POSITIVE, **SAID)
    assert [one.media_id for one in decision.hashes] == ["m0", "m1"]
    assert (group.uploaders, group.care) == (("a0", "a3"), ("a1",))
    banks = Banks()
    assert decide.hand_over(place, banks) == 1
    (item,) = banks.items.values()
    assert item.opinion is Opinion.POSITIVE
    assert sorted(one.kind for one in item.signals) == [HashKind.PDQ, HashKind.PDQ, HashKind.SHA256]
    assert {one.quality for one in item.signals if one.kind is HashKind.PDQ} == {90, 60}
    again = made(place, seen())
    cluster = again.groups.name.index(name)
    assert again.decided[cluster]
    assert cluster not in again.listed(care=False)
    (entry,) = [one for one in audit.read(place) if one.action is audit.Action.MEDIA_TRIAGE_DECIDED]
    assert entry.who == "wren"
    assert not any(one.pdq and one.pdq in entry.subject for one in decision.hashes)


def test_a_near_copy_of_what_was_decided_is_not_new_either(place: Workspace) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[first.groups.of[0]], Opinion.NEGATIVE, **SAID)
    more = seen()
    code = bytes.fromhex(more.media["pdq"][0].as_py())
    row = {"key": "m9", "media_id": "m9", "pdq": (code[:5] + bytes([code[5] ^ 255]) + code[6:]).hex(), "quality": 80}
    media = pa.concat_tables([more.media, pa.Table.from_pylist([row], more.media.schema)])
    later = made(place, Seen(media, np.append(more.of, 4), np.append(more.account, 2), np.append(more.at, 9_000)))
    assert later.decided[later.groups.of[4]]


def test_what_is_to_be_investigated_stays_on_the_list(place: Workspace) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[first.groups.of[0]], Opinion.INVESTIGATE, **SAID)
    again = made(place, seen())
    assert (again.listed(care=False) == first.listed(care=False)).all()


ACTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(decide.OPINIONS)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=15)
@given(ACTS)
def test_undoing_is_the_exact_inverse(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, Opinion]]
) -> None:
    place = Workspace.create(tmp_path_factory.mktemp("w") / "platform")
    first, banks = made(place, seen()), Banks()
    before = []
    for media, opinion in acts:
        before.append((dict(banks.items), decisions.standing(decisions.read(place))))
        decide.decide(place, first.groups.name[first.groups.of[media]], opinion, **SAID)
        decide.hand_over(place, banks)
    for number in range(len(acts), 0, -1):
        decide.undo(place, number, **SAID)
        decide.hand_over(place, banks)
        items, standing = before.pop()
        assert banks.items == items
        assert decisions.standing(decisions.read(place)) == standing


def test_a_bank_that_could_not_be_written_is_caught_up_and_twice_is_as_once(place: Workspace) -> None:
    first, banks = made(place, seen()), Banks()
    for media in (0, 2):
        decide.decide(place, first.groups.name[first.groups.of[media]], Opinion.POSITIVE, **SAID)
    banks.full = True
    with pytest.raises(OSError, match="No space"):
        decide.hand_over(place, banks)
    banks.full = False
    assert decide.hand_over(place, banks) == 2
    assert decide.hand_over(place, banks) == 0
    assert banks.pages == len(banks.items) == 2


@pytest.mark.parametrize("undone", [0, 2, 9])
def test_only_what_stands_can_be_undone(place: Workspace, undone: int) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[0], Opinion.POSITIVE, **SAID)
    decide.undo(place, 1, **SAID)
    for number in (1, undone):
        with pytest.raises(Fault, match=f"no decision {number} stands"):
            decide.undo(place, number, **SAID)


@pytest.mark.parametrize(
    ("cluster", "opinion", "by", "reason", "told"),
    [
        ("nothing", Opinion.POSITIVE, "wren", "x", "is no cluster"),
        (None, Opinion.DISPUTED, "wren", "x", "no decision on media"),
        (None, Opinion.POSITIVE, " ", "x", "--by: is empty"),
        (None, Opinion.POSITIVE, "wren", "", "--reason: is empty"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_and_writes_nothing(
    place: Workspace, cluster: str | None, opinion: Opinion, by: str, reason: str, told: str
) -> None:
    first = made(place, seen())
    with pytest.raises(Fault, match=told):
        decide.decide(place, cluster or first.groups.name[0], opinion, by, reason)
    assert decisions.read(place) == ()


def test_before_a_triage_there_is_nothing_to_decide_on(place: Workspace) -> None:
    with pytest.raises(Fault, match="nothing was triaged yet"):
        decide.decide(place, "any", Opinion.POSITIVE, **SAID)


def test_a_full_disk_leaves_the_decisions_as_they_were(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[0], Opinion.POSITIVE, **SAID)
    before = decisions.file(place).read_bytes()
    real = os.write

    def half(handle: int, content: bytes | memoryview) -> int:
        real(handle, bytes(content)[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Fault, match="No space left"):
        decide.decide(place, first.groups.name[0], Opinion.NEGATIVE, **SAID)
    assert decisions.file(place).read_bytes() == before


def test_half_a_line_counts_for_nothing_and_the_next_writer_cuts_it_off(place: Workspace) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[0], Opinion.POSITIVE, **SAID)
    with decisions.file(place).open("ab") as file:
        file.write(b'{"number":2,"clus')
    assert len(decisions.read(place)) == 1
    assert decide.undo(place, 1, **SAID).number == 2
    assert [one.number for one in decisions.read(place)] == [1, 2]
    assert stat.S_IMODE(decisions.file(place).stat().st_mode) == 0o600


@pytest.mark.parametrize("line", [b"kittiwake\n", b"\xff\n", b'{"number":1}\n', b"\n"])
def test_a_line_that_is_no_decision_is_told_without_repeating_it(place: Workspace, line: bytes) -> None:
    file = decisions.file(place)
    file.parent.mkdir(parents=True)
    file.write_bytes(line)
    with pytest.raises(Fault, match=r"decisions\.jsonl:1: is no decision") as told:
        decisions.read(place)
    assert "kittiwake" not in str(told.value)


def test_a_line_taken_out_is_noticed(place: Workspace) -> None:
    first = made(place, seen())
    for _ in range(3):
        decide.decide(place, first.groups.name[0], Opinion.POSITIVE, **SAID)
    lines = decisions.file(place).read_bytes().splitlines(keepends=True)
    decisions.file(place).write_bytes(lines[0] + lines[2])
    with pytest.raises(Fault, match="is decision 3"):
        decisions.read(place)


def test_the_file_holds_hashes_and_ids_and_nothing_else_of_the_media(place: Workspace) -> None:
    first = made(place, seen())
    decide.decide(place, first.groups.name[first.groups.of[0]], Opinion.POSITIVE, **SAID)
    told = json.loads(decisions.file(place).read_text())
    assert set(told) == {"number", "cluster", "by", "reason", "at", "opinion", "hashes"}
    assert set(told["hashes"][0]) <= {"key", "media_id", "sha256", "md5", "pdq", "quality"}
    assert isinstance(decisions.read(place)[0], Decision)
