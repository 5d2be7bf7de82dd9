import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.media.index import live
from ringfence.media.index.live import MediaIndex
from ringfence.media.index.matches import Batch, Matches
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

KINDS = list(HashKind)
SIZES = {HashKind.PDQ: 32, HashKind.MD5: 16, HashKind.SHA1: 20, HashKind.SHA256: 32}
POOL = {kind: np.random.default_rng(1).integers(0, 256, (12, SIZES[kind]), dtype=np.uint8) for kind in KINDS}
NONE = np.empty(0, np.int64)


def told(matches: Matches) -> list[tuple[int, int]]:
    return list(zip(matches.query.tolist(), matches.entry.tolist(), strict=True))


def batches(known: dict[int, tuple[HashKind, int]]) -> list[Batch]:
    """Of entries, each with its kind and the place of its value in the pool."""
    of = {kind: [(entry, at) for entry, (one, at) in known.items() if one is kind] for kind in KINDS}
    return [
        Batch(kind, POOL[kind][[at for _, at in some]], np.array([entry for entry, _ in some], np.int64))
        for kind, some in of.items()
        if some
    ]


def check(index: MediaIndex, known: dict[int, tuple[HashKind, int]]) -> None:
    for kind in KINDS:
        wanted = sorted((at, entry) for entry, (one, at) in known.items() if one is kind)
        assert told(index.exact(kind, POOL[kind])) == wanted
    assert told(index.search(POOL[HashKind.PDQ].view(np.uint64))) == told(index.exact(HashKind.PDQ, POOL[HashKind.PDQ]))


VALUE = st.tuples(st.sampled_from(KINDS), st.integers(0, 11))
CHANGE = st.tuples(st.dictionaries(st.integers(1, 30), VALUE, max_size=8), st.sets(st.integers(1, 30), max_size=5))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["change", "rebuild"]), CHANGE), max_size=8), st.sampled_from([0, 5, 2_048]))
def test_after_every_change_the_index_knows_what_counts_and_nothing_else(
    steps: list[tuple[str, tuple[dict[int, tuple[HashKind, int]], set[int]]]], tail: int
) -> None:
    """Entries come, go, come again and change value or kind, in memory and under a segment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "TAIL", tail)
        index, known = MediaIndex.of_hashes([]), dict[int, tuple[HashKind, int]]()
        for upto, (what, (came, gone)) in enumerate(steps, 1):
            known = {entry: value for entry, value in known.items() if entry not in gone} | came
            if what == "change":
                index.change(upto, batches(came), np.array(sorted(gone), np.int64))
            else:
                index = index.rebuild(upto, batches(known))
            assert index.upto == upto
            check(index, known)


def test_of_an_entry_given_twice_the_later_value_counts() -> None:
    index = MediaIndex.of_hashes([])
    index.change(1, [Batch(HashKind.MD5, POOL[HashKind.MD5][:3], np.array([4, 5, 4]))], NONE)
    assert told(index.exact(HashKind.MD5, POOL[HashKind.MD5])) == [(1, 5), (2, 4)]


def test_a_change_that_is_heard_of_late_does_not_turn_the_number_back() -> None:
    index = MediaIndex.of_hashes([])
    index.change(7, [], NONE)
    index.change(3, [], NONE)
    assert index.upto == 7


def test_matches_stand_by_query_distance_and_entry() -> None:
    near = ["00" * 32, "00" * 31 + "03", "00" * 31 + "01", "ff" * 32, "00" * 32]
    matches = MediaIndex.of_hashes(near).near(["00" * 32, "ff" * 32])
    assert told(matches) == [(0, 0), (0, 4), (0, 2), (0, 1), (1, 3)]
    assert matches.distance.tolist() == [0, 0, 1, 2, 0]
    assert len(MediaIndex.of_hashes(near, radius=1).near(["00" * 32])) == 3
    assert len(MediaIndex.of_hashes(near, radius=1).near(["00" * 32], radius=52)) == 4


@pytest.mark.parametrize("radius", [-1, 53, 256])
def test_a_radius_out_of_range_is_told(radius: int) -> None:
    with pytest.raises(Fault, match="give a whole number of bits from 0 to 52"):
        MediaIndex.of_hashes([]).near([], radius)
    with pytest.raises(Fault, match="from 0 to 52"):
        MediaIndex.of_hashes([], radius)


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 32, "ab" * 33])
def test_what_is_no_hash_is_told_by_its_place_and_not_repeated(text: str) -> None:
    with pytest.raises(Fault, match="hash 2: is no PDQ hash") as fault:
        MediaIndex.of_hashes(["00" * 32, text])
    assert not text or text not in str(fault.value)


@pytest.mark.parametrize(("rows", "size", "dtype"), [(2, 32, np.uint8), (3, 16, np.uint8), (3, 32, np.int64)])
def test_a_batch_of_the_wrong_shape_is_refused(rows: int, size: int, dtype: Any) -> None:
    with pytest.raises(ValueError, match="are so many rows of 32 bytes"):
        Batch(HashKind.PDQ, np.zeros((rows, size), dtype), np.arange(3))


def test_readers_beside_changes_and_builds_see_one_state_or_the_next(tmp_path: Path) -> None:
    """A pair of entries comes and goes together; a reader never finds half of it, nor misses what always counts."""
    rng = np.random.default_rng(5)
    fixed = Batch(HashKind.PDQ, rng.integers(0, 256, (5_000, 32), dtype=np.uint8), np.arange(5_000))
    twice = rng.integers(0, 256, (1, 32), dtype=np.uint8).repeat(2, axis=0)
    pair = Batch(HashKind.PDQ, twice, np.array([7_001, 7_002]))
    current = [MediaIndex.open(tmp_path).rebuild(0, [fixed])]
    done, wrong, seen = threading.Event(), list[str](), set[int]()
    queries = np.concatenate((fixed.values[:3], pair.values[:1])).view(np.uint64)

    def read() -> None:
        while not done.is_set():
            found = told(current[0].search(queries))
            seen.add(len(found))
            if found[:3] != [(0, 0), (1, 1), (2, 2)] or len(found) not in {3, 5}:
                wrong.append(str(found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(1, 61):
        if turn % 20 == 0:
            current[0] = current[0].rebuild(turn, [fixed])
        elif turn % 2:
            current[0].change(turn, [pair], NONE)
        else:
            current[0].change(turn, [], pair.entries)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert seen == {3, 5}


def test_what_comes_grows_from_a_scan_into_tables_and_is_found_all_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TAIL", 500)
    values = np.random.default_rng(6).integers(0, 256, (6_000, 32), dtype=np.uint8)
    index = MediaIndex.of_hashes([])
    for start in range(0, 6_000, 400):
        index.change(start, [Batch(HashKind.PDQ, values[start : start + 400], np.arange(start, start + 400))], NONE)
        there = min(start + 400, 6_000)
        assert told(index.search(values[:there:7].view(np.uint64))) == [(at, at * 7) for at in range(-(-there // 7))]
    assert index.waiting == 6_000
    assert index._view.middle.pdq.tables is not None
