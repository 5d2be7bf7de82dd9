import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.brute import Brute

from ringfence.media import asked
from ringfence.media.banks.bank import Bank, Remedy
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.items import Item, Page, Signal
from ringfence.media.match import Reason
from ringfence.media.matcher import Matcher
from ringfence.media.queries import Look, Query
from ringfence.media.queries import read as read_query
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store import audit
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

KITTIWAKE = Bank("kittiwake", source="aviary", action=Remedy.SUPPRESS)
RANDOM = np.random.default_rng(7)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = Workspace.create(tmp_path / "platform")
    text = (workspace.path / "ringfence.toml").read_text()
    for setting in ("flood_matches = 100|flood_matches = 4", "flood_uploaders = 20|flood_uploaders = 2"):
        before, after = setting.split("|")
        assert before in text
        text = text.replace(before, after)
    write_whole(workspace.path / "ringfence.toml", text.encode())
    return Workspace.open(workspace.path)


@pytest.fixture
def banks(place: Workspace) -> Iterator[Banks]:
    made = Banks.of(place)
    made.add(KITTIWAKE)
    yield made
    made.close()


@pytest.fixture
def matcher(place: Workspace, banks: Banks) -> Iterator[Matcher]:  # noqa: ARG001 - the bank must be there
    made = Matcher.open(place, Brute.open)
    yield made
    made.close()


def code(*flipped: int, of: int = 0) -> bytes:
    """A hash far from those of other numbers, with some of its bits flipped."""
    value = int.from_bytes(np.random.default_rng(of).bytes(32))
    for bit in flipped:
        value ^= 1 << bit
    return value.to_bytes(32)


def look(*flipped: int, of: int = 0, uploader: str | None = None) -> Query:
    return Query("nest.jpg", (), (Look(code(*flipped, of=of), quality=90),), uploader)


def item(source: str, *flipped: int, of: int = 0) -> Item:
    return Item(source, (Signal(HashKind.PDQ, code(*flipped, of=of), 90),))


def test_what_another_process_put_in_is_in_the_very_next_answer(place: Workspace, matcher: Matcher) -> None:
    assert matcher.match(look()).matches == ()
    other = Banks.of(place)
    content = other.put("kittiwake", item("", 1, 2, 3))
    found = matcher.match(look())
    assert [(one.content, one.distance, one.remedy) for one in found.matches] == [(content, 3, Remedy.SUPPRESS)]
    other.change("kittiwake", replace(KITTIWAKE, radius=2))
    assert matcher.match(look()).matches == ()
    other.change("kittiwake", KITTIWAKE)
    other.say(content, Act.DECONFIRM, by="Ada Heron", why="a nest")
    assert matcher.match(look()).remedy is None
    other.withdraw(content)
    assert matcher.match(look()).matches == ()
    other.close()


def test_every_look_and_every_digest_is_asked(banks: Banks, matcher: Matcher) -> None:
    signals = (Signal(HashKind.PDQ, code(of=1)), Signal(HashKind.MD5, bytes(16)), Signal(HashKind.SHA1, bytes(20)))
    for place, signal in enumerate(signals):
        banks.put("kittiwake", Item(str(place), (signal,)))
    asked_for = Query("nest.jpg", signals[1:], (Look(code(of=2)), Look(code(7, of=1), "mirrored", 70)))
    found = {one.kind: (one.transform, one.distance, one.quality) for one in matcher.match(asked_for).matches}
    assert found == {
        HashKind.PDQ: ("mirrored", 1, 70),
        HashKind.MD5: ("as it is", 0, None),
        HashKind.SHA1: ("as it is", 0, None),
    }


STEP = st.tuples(
    st.sampled_from(["put", "put", "withdraw", "radius", "rebuild"]),
    st.integers(0, 3),
    st.sets(st.integers(0, 40), max_size=34),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, max_size=10))
def test_any_order_of_changes_is_answered_as_by_looking_at_all(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, set[int]]]
) -> None:
    workspace = Workspace.create(tmp_path_factory.mktemp("any") / "platform")
    banks = Banks.of(workspace)
    banks.add(KITTIWAKE)
    matcher = Matcher.open(workspace)
    plain: dict[str, bytes] = {}
    radius = KITTIWAKE.radius
    for act, number, flipped in steps:
        match act:
            case "put":
                plain[str(number)] = code(*flipped)
                banks.put("kittiwake", item(str(number), *flipped))
            case "withdraw" if plain.pop(str(number), None):
                banks.withdraw(banks.find("kittiwake", str(number)))
            case "radius":
                radius = len(flipped)
                banks.change("kittiwake", replace(KITTIWAKE, radius=radius))
            case "rebuild":
                with matcher.current.banks.reading():
                    matcher.current.catch_up()
                matcher.current._apart()
        near = {source: (int.from_bytes(one) ^ int.from_bytes(code())).bit_count() for source, one in plain.items()}
        found = {one.source_id: one.distance for one in matcher.match_all([look()], remember=False)[0].matches}
        assert found == {source: apart for source, apart in near.items() if apart <= radius}
    matcher.close()
    banks.close()


def test_much_change_has_the_index_built_anew_beside_the_answers(place: Workspace, banks: Banks) -> None:
    matcher = Matcher.open(place, Brute.open)
    matcher.current.rebuild_after = 10
    banks.land("kittiwake", Page(tuple(item(str(number), of=number) for number in range(11)), (), "1", more=False))
    assert len(matcher.match(look(of=3)).matches) == 1
    assert matcher.current._thread is not None
    matcher.current._thread.join(10)
    assert Brute.open(place.media / "index").upto == 1
    banks.put("kittiwake", item("late", of=50))
    assert len(matcher.match(look(of=3)).matches) == 1
    assert matcher.current._base == 1
    assert len(matcher.match(look(of=50)).matches) == 1
    matcher.close()


def test_an_index_that_cannot_be_built_anew_is_told_and_the_old_one_answers(
    banks: Banks, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> Brute:
        raise Fault("cannot be written (No space left on device)", where="index", mend="free some space")

    monkeypatch.setattr(Brute, "rebuild", full)
    matcher.current.rebuild_after = 0
    banks.put("kittiwake", item("wren"))
    assert len(matcher.match(look()).matches) == 1
    assert matcher.current._thread is not None
    matcher.current._thread.join(10)
    found = matcher.match(look())
    assert (len(found.matches), found.remedy) == (1, Remedy.SUPPRESS)
    assert "No space left" in found.degraded[0]


def test_a_damaged_index_is_no_answer(place: Workspace, banks: Banks) -> None:
    banks.put("kittiwake", item("wren"))
    write_whole(place.media / "index" / "brute.json", b"{")
    with pytest.raises(Fault, match="is damaged"):
        Matcher.open(place, Brute.open)


def test_an_index_of_later_banks_than_these_is_no_answer(place: Workspace, banks: Banks) -> None:
    banks.put("kittiwake", item("wren"))
    write_whole(place.media / "index" / "brute.json", json.dumps([99, []]).encode())
    matcher = Matcher.open(place, Brute.open)
    with pytest.raises(Fault, match="knows change 99, and the banks end at change 1"):
        matcher.match(look())
    matcher.close()


@pytest.mark.parametrize("rows", [[[1, "pdq", code(5).hex()]], [[7, "pdq", code().hex()]]])
def test_an_index_that_does_not_fit_the_banks_is_no_answer(
    place: Workspace, banks: Banks, rows: list[list[object]]
) -> None:
    banks.put("kittiwake", item("wren"))
    write_whole(place.media / "index" / "brute.json", json.dumps([1, rows]).encode())
    matcher = Matcher.open(place, Brute.open)
    with pytest.raises(Fault, match="media index rebuild"):
        matcher.match(look())
    matcher.close()


def test_what_floods_is_held_with_the_match_at_the_threshold(place: Workspace, banks: Banks, matcher: Matcher) -> None:
    content = banks.put("kittiwake", item("wren"))
    remedies = [matcher.match(look(number, uploader=f"a{number}")).remedy for number in range(5)]
    assert remedies == [Remedy.SUPPRESS] * 3 + [Remedy.REVIEW] * 2
    assert [one.content for one in banks.held()] == [content]
    assert [(one.act, one.by) for one in banks.history(content)] == [(Act.QUARANTINE, "ringfence")]
    banks.say(content, Act.RELEASE, by="Ada Heron", why="it is that widespread")
    remedies = [matcher.match(look(number, uploader=f"a{number}")).remedy for number in range(9)]
    assert set(remedies) == {Remedy.SUPPRESS}
    assert any("quarantine" in one.subject for one in audit.read(place))


def test_one_uploader_holds_nothing_and_a_confirmed_content_is_not_held(banks: Banks, matcher: Matcher) -> None:
    banks.put("kittiwake", item("wren"))
    assert {matcher.match(look(uploader="a1")).remedy for _ in range(9)} == {Remedy.SUPPRESS}
    banks.say(banks.find("kittiwake", "wren"), Act.CONFIRM, by="Ada Heron", why="looked")
    assert {matcher.match(look(uploader=f"a{number}")).remedy for number in range(9)} == {Remedy.SUPPRESS}


def test_processes_hear_of_what_others_met_and_a_new_one_of_what_was(place: Workspace, banks: Banks) -> None:
    banks.put("kittiwake", item("wren"))
    one, other = Matcher.open(place, Brute.open), Matcher.open(place, Brute.open)
    for number in range(2):
        one.match(look(uploader=f"a{number}"))
    one.remembered.write()
    other.remembered.write()
    assert other.match(look(uploader="b1")).remedy is Remedy.SUPPRESS
    one.close()
    other.close()
    third = Matcher.open(place, Brute.open)
    assert third.match(look(uploader="c1")).remedy is Remedy.REVIEW
    third.close()


def test_what_floods_is_judged_so_even_where_it_cannot_be_written_down(
    banks: Banks, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = banks.put("kittiwake", item("wren"))

    def full(*_given: object, **_more: object) -> None:
        raise Fault("cannot be used (disk full)", where="banks", mend="free some space")

    for number in range(3):
        matcher.match(look(uploader=f"a{number}"))
    with monkeypatch.context() as patched:
        patched.setattr(Banks, "say", full)
        found = matcher.match(look(uploader="a3"))
    assert (found.remedy, found.matches[0].reasons) == (Remedy.REVIEW, (Reason.NEAR, Reason.QUARANTINED))
    assert "disk full" in found.degraded[0]
    assert banks.held() == ()
    matcher.match(look(uploader="a4"))
    assert [one.content for one in banks.held()] == [content]


def test_what_cannot_be_remembered_is_told_with_the_answer(banks: Banks, matcher: Matcher) -> None:
    banks.put("kittiwake", item("wren"))
    matcher.remembered.db.execute(
        "CREATE TEMP TRIGGER full_disk BEFORE INSERT ON main.asked BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    matcher.remembered._written = 0
    found = matcher.match(look())
    assert found.remedy is Remedy.SUPPRESS
    assert "disk full" in found.degraded[0]
    matcher.remembered.db.execute("DROP TRIGGER full_disk")
    matcher.remembered._written = 0
    assert matcher.match(look()).degraded == ()
    assert asked.last(matcher.remembered.db) == 2


def test_hashes_are_kept_as_they_were_asked_and_forgotten_in_time(place: Workspace) -> None:
    matcher = Matcher.open(place, Brute.open)
    full = Query(
        "nest.jpg",
        (Signal(HashKind.MD5, bytes(16)), Signal(HashKind.SHA256, bytes(32))),
        (Look(code(), quality=90), Look(code(of=1), "mirrored"), Look(code(of=2), "turned 90", 0)),
        "a1",
    )
    for one in (full, look()):
        matcher.match(one)
    matcher.close()
    db = asked.connect(place.media / asked.FILE)
    assert [past.query for past in asked.after(db, 0, 9)] == [full, look()]
    asked.forget(db, time.time() + 1, 0)
    assert asked.after(db, 0, 9) == ()
    db.close()


def test_the_audit_counts_what_was_asked(place: Workspace, banks: Banks) -> None:
    matcher = Matcher.open(place, Brute.open)
    banks.put("kittiwake", item("wren"))
    matcher.match_all([look(), look(of=9)])
    matcher.close()
    told = [one.subject for one in audit.read(place) if one.action is audit.Action.MEDIA_MATCHED]
    assert told == ["matching begins", "2 asked, 1 matched"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "is no query"),
        ("[]", "is no query"),
        ('{"media_id": 7}', "is no query"),
        ('{"media_id": "nest.jpg"}', "has no hash"),
        ('{"pdq": "abcd"}', "pdq: is no PDQ hash"),
        ('{"md5": "%s"}' % ("g" * 32), "md5: is no MD5 hash"),
        ('{"looks": [{"pdq": "%s", "quality": 101}]}' % ("0" * 64), "quality out of bounds"),
        ('{"looks": [{"pdq": "%s", "transform": "a\\nb"}]}' % ("0" * 64), "one line of"),
        (json.dumps({"looks": [{"pdq": "0" * 64}] * 4_097}), "has 4097 looks"),
        ("\udcff", "is no query"),
    ],
)  # fmt: skip
def test_a_malformed_query_is_told_in_a_line_without_its_hash(line: str, told: str) -> None:
    with pytest.raises(Fault, match=told) as fault:
        read_query(line.encode("utf-8", "surrogateescape"), "line 3")
    assert "gggg" not in str(fault.value)
    assert "0000" not in str(fault.value)


def test_a_query_is_read_as_it_is_written() -> None:
    line = {
        "media_id": "nest.jpg",
        "pdq": code().hex(),
        "quality": 70,
        "md5": bytes(16).hex(),
        "chain": "x",
        "looks": [],
    }
    found = read_query(json.dumps(line), "line 1")
    assert found == Query("nest.jpg", (Signal(HashKind.MD5, bytes(16)),), (Look(code(), quality=70),))
    seen = {"looks": [{"pdq": code().hex(), "transform": "as it is", "quality": 5}], "pdq": code().hex()}
    assert read_query(json.dumps(seen), "line 1").looks == (Look(code(), quality=5),)


PUTTING = """
import sys
from pathlib import Path
from ringfence.media.banks.banks import Banks
from ringfence.media.items import Item, Signal
from ringfence.model.words import HashKind
banks = Banks(Path(sys.argv[1]))
for line in sys.stdin:
    banks.put("kittiwake", Item("", (Signal(HashKind.PDQ, bytes.fromhex(line.strip())),)))
    print("put", flush=True)
"""


def test_a_hash_put_by_a_real_other_process_matches_on_the_next_query(banks: Banks, matcher: Matcher) -> None:
    command = [sys.executable, "-c", PUTTING, str(banks.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(1, 30):
            assert matcher.match(look(of=number)).matches == ()
            process.stdin.write(code(of=number).hex() + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "put\n"
            assert len(matcher.match(look(of=number)).matches) == 1
        process.stdin.close()


def test_a_newer_file_of_queries_is_refused(tmp_path: Path) -> None:
    asked.connect(tmp_path / "asked.sqlite").close()
    db = sqlite3.connect(tmp_path / "asked.sqlite")
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(Fault, match="newer ringfence"):
        asked.connect(tmp_path / "asked.sqlite")


def test_a_clip_of_a_known_video_acts_and_a_frame_of_it_goes_to_a_person(matcher: Matcher, banks: Banks) -> None:
    frames = [Signal(HashKind.PDQ, code(of=number), 90) for number in range(40, 45)]
    blank = Signal(HashKind.PDQ, code(of=45), 3)  # says too little to count
    banks.land("kittiwake", Page((Item("clip", (*frames, blank), ("video",)),), (), "", more=False))

    def of(*numbers: int) -> Query:
        return Query("m", (), tuple(Look(code(3, of=number), f"frame {number}", 90) for number in numbers))

    (one,) = matcher.match(of(41)).matches
    assert (one.frames, one.remedy, one.reasons) == (0.2, Remedy.REVIEW, (Reason.NEAR, Reason.FEW_FRAMES))
    (most,) = matcher.match(of(40, 41, 42, 43)).matches
    assert (most.frames, most.remedy) == (0.8, Remedy.SUPPRESS)
