import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.media.banks import journal
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.contents import Review
from ringfence.media.banks.landing import Landed
from ringfence.media.banks.reviews import Act
from ringfence.media.hashes import SIZES
from ringfence.media.items import Item, Page, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

KITTIWAKE = Bank("kittiwake", source="aviary")


@pytest.fixture
def banks(tmp_path: Path) -> Iterator[Banks]:
    made = Banks(tmp_path / "banks.sqlite")
    made.add(KITTIWAKE)
    yield made
    made.close()


def sign(number: int, kind: HashKind = HashKind.PDQ, quality: int | None = 80) -> Signal:
    return Signal(kind, number.to_bytes(SIZES[kind]), quality if kind is HashKind.PDQ else None)


def page(*items: Item, gone: tuple[str, ...] = (), checkpoint: str = "1") -> Page:
    return Page(items, gone, checkpoint, more=False)


def entries(banks: Banks, after: int = 0) -> dict[int, tuple[HashKind, bytes]]:
    with banks.reading():
        return {
            int(entry): (batch.kind, bytes(value))
            for batch in journal.came(banks.db, after)
            for entry, value in zip(batch.entries, batch.values, strict=True)
        }


# What reviews and landings do, said again as plainly as can be: source id -> [hashes, review, held, there].
SOURCES = st.sampled_from(["wren", "robin", "heron", "finch"])
ITEMS = st.builds(
    Item,
    SOURCES,
    st.lists(
        st.builds(sign, st.integers(0, 5), st.sampled_from([HashKind.PDQ, HashKind.MD5]), st.sampled_from([80, None])),
        max_size=3,
    ).map(tuple),
    st.sampled_from([(), ("nest",)]),
    st.sampled_from(Opinion),
)
STEPS = st.one_of(
    st.tuples(st.lists(ITEMS, max_size=4), st.lists(SOURCES, max_size=2)),
    st.tuples(SOURCES, st.sampled_from(Act)),
    st.tuples(SOURCES, st.just("withdraw")),
)
Plain = dict[str, tuple[frozenset[tuple[HashKind, bytes]], Review | None, bool, bool]]


def plainly(plain: Plain, items: list[Item], gone: list[str]) -> None:
    for item in {item.source_id: item for item in items if item.source_id not in gone}.values():
        now = frozenset((one.kind, one.value) for one in item.signals)
        before, review, held, _there = plain.get(item.source_id, (now, None, False, True))
        plain[item.source_id] = (now, review if now <= before or not review else Review.CHANGED, held, True)
    for source in set(gone) & plain.keys():
        plain[source] = (*plain[source][:3], False)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=12))
def test_any_order_of_landings_and_reviews_leaves_what_a_plain_reading_of_the_rules_does(steps: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        banks = Banks(Path(folder) / "banks.sqlite")
        banks.add(KITTIWAKE)
        plain: Plain = {}
        index: dict[int, tuple[HashKind, bytes]] = {}
        upto, given_out = 0, set[int]()
        for step in steps:
            match step:
                case (list() as items, list() as gone):
                    sent = page(*items, gone=tuple(gone))
                    banks.land("kittiwake", sent)
                    again = banks.land("kittiwake", sent)
                    assert (again.added, again.changed, again.removed) == (0, 0, 0)
                    plainly(plain, items, gone)
                case (str() as source, "withdraw") if source in plain and plain[source][3]:
                    banks.withdraw(banks.find("kittiwake", source))
                    plain[source] = (*plain[source][:3], False)
                case (str() as source, Act() as act) if source in plain and plain[source][3]:
                    banks.say(banks.find("kittiwake", source), act, by="Ada Heron", why="looked")
                    hashes, review, held, there = plain[source]
                    review = {Act.CONFIRM: Review.CONFIRMED, Act.DECONFIRM: Review.DECONFIRMED}.get(act, review)
                    held = act is Act.QUARANTINE or (held and act is Act.CONFIRM)
                    plain[source] = (hashes, review, held, there)
            came, change = entries(banks, upto), banks.last_change()
            assert not given_out & came.keys(), "an entry's number was used again"
            with banks.reading():
                gone_now = journal.gone(banks.db, upto)
            assert set(gone_now.tolist()) <= index.keys()
            index = {entry: value for entry, value in (index | came).items() if entry not in gone_now}
            upto, given_out = change, given_out | came.keys()
            assert index == entries(banks)
        found = {one.source_id: one for one in banks.contents("kittiwake")}
        assert {source: (one.review, one.held is not None) for source, one in found.items()} == {
            source: (review, held) for source, (_, review, held, there) in plain.items() if there
        }
        for source, one in found.items():
            kept = banks.signals(one.content)
            assert frozenset((each.kind, each.value) for each in kept) == plain[source][0]
            assert len(kept) == len(plain[source][0])
        assert len(index) == sum(len(hashes) for hashes, _, _, there in plain.values() if there)
        banks.close()


def test_a_page_is_counted(banks: Banks) -> None:
    first = page(Item("wren", (sign(1),)), Item("robin", (sign(2), sign(3, HashKind.SHA1))), Item("finch", (sign(4),)))
    assert banks.land("kittiwake", first) == Landed(3, 0, 0, 0)
    second = page(
        Item("wren", (sign(1),)), Item("robin", (sign(9),)), Item("heron", ()), gone=("finch", "nobody"), checkpoint="2"
    )
    assert banks.land("kittiwake", second) == Landed(1, 1, 1, 1)
    assert banks.checkpoint("kittiwake") == "2"
    assert sorted(value for _, value in entries(banks).values()) == [sign(1).value, sign(9).value]


def test_what_is_withdrawn_leaves_no_hash_in_the_file(banks: Banks) -> None:
    rare = Signal(HashKind.PDQ, bytes(range(100, 132)))
    banks.land("kittiwake", page(Item("wren", (rare,))))
    banks.land("kittiwake", page(gone=("wren",)))
    banks.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert rare.value not in banks.path.read_bytes()


def test_a_reviewers_word_outlasts_a_withdrawal_but_not_other_hashes(banks: Banks) -> None:
    wren = Item("wren", (sign(1),))
    banks.land("kittiwake", page(wren))
    banks.say(banks.find("kittiwake", "wren"), Act.DECONFIRM, by="Ada Heron", why="a nest")
    banks.land("kittiwake", page(gone=("wren",)))
    banks.land("kittiwake", page(wren))
    assert banks.contents("kittiwake")[0].review is Review.DECONFIRMED
    banks.land("kittiwake", page(Item("wren", (sign(2),))))
    assert banks.contents("kittiwake")[0].review is Review.CHANGED


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (Item("", (sign(1),)), "item 2: has no id"),
        (Item("f" * 64, (Signal(HashKind.PDQ, b"short"),)), "item 2: has a PDQ hash of 5 bytes"),
        (Item("f" * 64, (Signal(HashKind.MD5, bytes(20)),)), "item 2: has a MD5 hash of 20 bytes"),
    ],
)
def test_of_a_page_with_one_bad_item_nothing_lands_and_no_hash_is_told(banks: Banks, item: Item, told: str) -> None:
    with pytest.raises(Fault, match=told) as fault:
        banks.land("kittiwake", page(Item("wren", (sign(1),)), item))
    assert "ffff" not in str(fault.value)
    assert (banks.contents("kittiwake"), banks.checkpoint("kittiwake")) == ((), None)


@pytest.mark.parametrize("name", ["kittiwake", "Kittiwake"])
def test_a_banks_name_is_its_own(banks: Banks, name: str) -> None:
    with pytest.raises(Fault, match="is the name of a bank already"):
        banks.add(Bank(name))
    banks.add(Bank("firecrest"))
    with pytest.raises(Fault, match="is the name of a bank already"):
        banks.change("firecrest", Bank(name))
    with pytest.raises(Fault, match="is no bank"):
        banks.land("siskin", page())


@pytest.mark.parametrize(
    "setting",
    [
        {"name": ""}, {"name": "a b"}, {"source": "../x"}, {"radius": 53}, {"radius": -1}, {"least_quality": 101},
        {"rollout": 1.01}, {"rollout": float("nan")}, {"sources_needed": 0},
    ],
)  # fmt: skip
def test_a_setting_out_of_bounds_is_refused(setting: dict[str, str | float]) -> None:
    (name,) = setting
    with pytest.raises(Fault, match=name):
        Bank(**({"name": "wren"} | setting))  # type: ignore[arg-type]


def test_a_removed_bank_is_gone_with_all_it_held(banks: Banks) -> None:
    banks.add(Bank("firecrest"))
    banks.land("firecrest", page(Item("wren", (sign(5),))))
    banks.land("kittiwake", page(Item("wren", (sign(1), sign(2)))))
    banks.say(banks.find("kittiwake", "wren"), Act.CONFIRM, by="Ada Heron", why="looked")
    before = banks.last_change()
    banks.remove("kittiwake")
    with banks.reading():
        assert len(journal.gone(banks.db, before)) == 2
    assert [value for _, value in entries(banks).values()] == [sign(5).value]
    banks.add(KITTIWAKE)
    assert (banks.contents("kittiwake"), banks.feedback_waiting("kittiwake")) == ((), ())


def test_only_the_last_word_is_sent_back_and_only_once(banks: Banks) -> None:
    banks.add(Bank("ours"))
    for bank in ("kittiwake", "ours"):
        banks.land(bank, page(Item("wren", (sign(1),))))
        content = banks.find(bank, "wren")
        banks.say(content, Act.CONFIRM, by="Ada Heron", why="looked")
        banks.say(content, Act.DECONFIRM, by="Ada Heron", why="looked again")
    (waiting,) = banks.feedback_waiting("kittiwake")
    assert (waiting.source_id, waiting.opinion, waiting.why) == ("wren", Opinion.NEGATIVE, "looked again")
    assert banks.feedback_waiting("ours") == ()
    banks.feedback_sent("kittiwake", [waiting.id])
    banks.feedback_sent("kittiwake", [waiting.id])
    assert banks.feedback_waiting("kittiwake") == ()
    assert [one.act for one in banks.history(banks.find("kittiwake", "wren"))] == [Act.CONFIRM, Act.DECONFIRM]


@pytest.mark.parametrize("said", [{"by": " ", "why": "looked"}, {"by": "Ada Heron", "why": ""}])
def test_nobody_decides_without_a_name_and_a_reason(banks: Banks, said: dict[str, str]) -> None:
    content = banks.put("kittiwake", Item("", (sign(1),)), by="Ada Heron")
    with pytest.raises(Fault, match="has no"):
        banks.say(content, Act.CONFIRM, **said)
    with pytest.raises(Fault, match="content 99: is in no bank"):
        banks.say(99, Act.CONFIRM, by="Ada Heron", why="looked")


def test_only_the_owner_reads_the_file(banks: Banks) -> None:
    banks.land("kittiwake", page(Item("wren", (sign(1),))))
    files = list(banks.path.parent.iterdir())
    assert len(files) == 3, "the log and its index are there as well"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_newer_file_another_database_and_a_damaged_one_are_refused(banks: Banks, tmp_path: Path) -> None:
    banks.db.execute("PRAGMA user_version = 99")
    with pytest.raises(Fault, match="newer ringfence"):
        Banks(banks.path)
    other = tmp_path / "other.sqlite"
    db = sqlite3.connect(other)
    db.execute("PRAGMA application_id = 7")
    db.close()
    with pytest.raises(Fault, match="something else"):
        Banks(other)
    other.write_bytes(b"no database at all, but long enough to be read as one" * 30)
    with pytest.raises(Fault, match="is damaged"):
        Banks(other)


@pytest.mark.parametrize("table", ["contents", "entries", "changes", "state", "banks"])
def test_a_write_that_fails_leaves_nothing_of_its_page(banks: Banks, table: str) -> None:
    banks.land("kittiwake", page(Item("wren", (sign(1),))))
    before = (entries(banks), banks.last_change(), banks.checkpoint("kittiwake"))
    act = "UPDATE" if table in ("state", "banks") else "INSERT"
    banks.db.execute(
        f"CREATE TEMP TRIGGER full_disk BEFORE {act} ON main.{table} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    with pytest.raises(Fault, match="disk full"):
        banks.land("kittiwake", page(Item("robin", (sign(2),)), gone=("wren",), checkpoint="2"))
    assert (entries(banks), banks.last_change(), banks.checkpoint("kittiwake")) == before
    banks.db.execute("DROP TRIGGER full_disk")
    assert banks.land("kittiwake", page(Item("robin", (sign(2),)), checkpoint="2")).added == 1


def test_a_change_that_cannot_be_audited_does_not_happen(banks: Banks) -> None:
    def full(_subject: str, _by: str | None) -> None:
        raise Fault("cannot be written", where="audit", mend="free some space")

    deaf = Banks(banks.path, full)
    with pytest.raises(Fault, match="cannot be written"):
        deaf.land("kittiwake", page(Item("wren", (sign(1),))))
    assert banks.contents("kittiwake") == ()
    deaf.close()


LANDING = """
import sys
from pathlib import Path
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Page, Signal
from ringfence.model.words import HashKind
banks = Banks(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[3])):
    items = tuple(Item(f"{sys.argv[2]}-{number}-{at}", (Signal(HashKind.PDQ, bytes(32)),)) for at in range(50))
    banks.land("kittiwake", Page(items, (), f"{sys.argv[2]} {number}", True))
"""


def landing(banks: Banks, who: str, pages: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LANDING, str(banks.path), who, str(pages)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_landing_leaves_whole_pages_and_the_checkpoint_of_the_last(banks: Banks) -> None:
    with landing(banks, "wren", 1_000_000) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        while banks.checkpoint("kittiwake") is None:
            time.sleep(0.01)
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGKILL)
    checkpoint = banks.checkpoint("kittiwake")
    landed = 0 if checkpoint is None else int(checkpoint.split()[1]) + 1
    assert len(entries(banks)) == banks.size("kittiwake").contents == landed * 50
    assert banks.last_change() == landed > 0
    assert banks.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_processes_land_at_once_and_nothing_is_lost(banks: Banks) -> None:
    with landing(banks, "wren", 20) as one, landing(banks, "robin", 20) as other:
        assert (one.wait(120), other.wait(120)) == (0, 0)
    numbers = np.array(sorted(entries(banks)))
    assert numbers.tolist() == list(range(1, 2_001))
    assert banks.last_change() == 40


def test_two_processes_make_the_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ringfence.media.banks.banks import Banks; Banks(Path(sys.argv[1]))"
    )
    made = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "new.sqlite")]) for _ in "ab"]
    assert [process.wait(120) for process in made] == [0, 0]
