"""The index beside every pair compared, with and without tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.media.hashes import Codes
from ringfence.media.index import coded
from ringfence.media.index.bits import WORDS, mixed
from ringfence.media.index.coded import Coded
from ringfence.media.index.matches import together
from ringfence.media.index.order import by_columns, new_rows
from ringfence.media.index.plan import Plan

Found = list[tuple[int, int, int]]


def altered(codes: Codes, bits: NDArray[np.int64], seed: int = 0) -> Codes:
    """Each code with exactly so many bits changed."""
    rng = np.random.default_rng(seed)
    out = np.unpackbits(np.ascontiguousarray(codes).view(np.uint8), axis=1)
    for row, count in zip(out, bits, strict=True):
        row[rng.permutation(256)[:count]] ^= 1
    return np.packbits(out, axis=1).view(np.uint64)


def crowd(seed: int, count: int, shape: str) -> Codes:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    if shape == "clustered":
        codes = altered(codes[rng.integers(0, max(1, count // 20), count)], rng.integers(0, 20, count), seed)
    elif shape == "skewed":  # hardly a bit is set, as of blank pictures
        for _ in range(3):
            codes &= rng.integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    elif shape == "halved":  # one half of the bits never changes
        codes[:, :2] = 7
    return codes


def apart(queries: Codes, codes: Codes) -> NDArray[np.int64]:
    return np.stack([np.bitwise_count(query ^ codes).sum(axis=1) for query in queries]).astype(np.int64)


def twin(queries: Codes, codes: Codes, entries: NDArray[np.int64], radius: int) -> Found:
    return within(apart(queries, codes), entries, radius)


def within(apart: NDArray[np.int64], entries: NDArray[np.int64], radius: int) -> Found:
    near = [(int(q), int(entries[c]), int(apart[q, c])) for q, c in np.argwhere(apart <= radius)]
    return sorted(near, key=lambda one: (one[0], one[2], one[1]))


def found(index: Coded, queries: Codes, radius: int, threads: int = 1) -> Found:
    matches = together([index.near(mixed(queries), radius, threads)])
    return list(zip(matches.query.tolist(), matches.entry.tolist(), matches.distance.tolist(), strict=True))


def made(codes: Codes, entries: NDArray[np.int64]) -> Coded:
    return coded.coded(codes.view(np.uint8), entries)


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few codes there are, they are found by tables."""
    monkeypatch.setattr(coded, "FEW", 0)
    monkeypatch.setattr(coded, "ONE_BY_ONE", 1e12)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("shape", ["even", "clustered", "skewed", "halved"])
def test_at_every_radius_all_that_is_near_is_found_and_nothing_else(shape: str) -> None:
    codes = crowd(5, 3_000, shape)
    entries = np.arange(3_000) * 7
    index = made(codes, entries)
    assert index.tables is not None
    queries = altered(codes[:54], np.arange(54), seed=9)
    distances = apart(queries, codes)
    for radius in range(53):
        assert found(index, queries, radius) == within(distances, entries, radius)


@pytest.mark.usefixtures("tables")
@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.lists(st.integers(-1, 3), min_size=WORDS, max_size=WORDS))
def test_every_exact_plan_finds_the_same(seed: int, radii: list[int]) -> None:
    radius = min(sum(one + 1 for one in radii) - 1, 52)
    if radius < 0:
        return
    codes = crowd(7, 500, "clustered")
    index = made(codes, np.arange(500))
    index._plans[radius] = Plan(radius, tuple(radii), 0.0)
    queries = altered(codes[:40], np.full(40, max(0, radius - 1) + seed % 4), seed)
    assert found(index, queries, radius) == twin(queries, codes, np.arange(500), radius)


@pytest.mark.usefixtures("tables")
@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0, 3, 31]))
def test_a_code_that_many_entries_have_is_told_for_each(seed: int, count: int, radius: int) -> None:
    rng = np.random.default_rng(seed)
    codes = crowd(seed, 6, "even")[rng.integers(0, 6, count)]
    entries = rng.permutation(1_000)[:count] + (1 << 40) * (seed % 2)
    queries = altered(codes, rng.integers(0, 5, count), seed)
    assert found(made(codes, entries), queries, radius) == twin(queries, codes, entries, radius)


def test_few_codes_one_code_and_none_are_found_without_tables() -> None:
    for count in (0, 1, 2, 300):
        codes = crowd(2, count, "clustered")
        index = made(codes, np.arange(count))
        assert index.tables is None
        assert found(index, codes, 31) == twin(codes, codes, np.arange(count), 31) if count else not len(index.codes)
        assert found(index, codes[:0], 31) == []


def test_threads_find_what_one_finds() -> None:
    codes = crowd(11, 6_000, "clustered")
    index = made(codes, np.arange(6_000))
    assert index.tables is not None
    assert found(index, codes[:401], 31, threads=3) == found(index, codes[:401], 31) != []


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 60))
def test_rows_stand_by_all_their_numbers_and_equal_ones_by_entry(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows, entries = rng.integers(0, 3, (count, 4), dtype=np.uint64), rng.permutation(count)
    order = by_columns(rows, entries)
    keys = [(*rows[one].tolist(), int(entries[one])) for one in order]
    assert keys == sorted(keys)
    assert new_rows(rows[order]).tolist() == [not at or keys[at][:4] != keys[at - 1][:4] for at in range(count)]
