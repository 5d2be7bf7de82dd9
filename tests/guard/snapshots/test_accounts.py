"""Lookups against a plain dictionary, for every kind of id and however the sets are laid out."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.snapshots import accounts as accounts_file
from ringfence.guard.snapshots.accounts import dense, numbers_kept
from ringfence.guard.snapshots.flags import STEPS, Flag, _sorted, flagged, table
from ringfence.model.faults import Fault

KEY = bytes(range(100, 116))
SIGNALS = ("network:member", "network:nearby", "media:known")
UNTIL = datetime(2026, 12, 1, 12, tzinfo=UTC)

ids = st.one_of(
    st.integers(0, 300).map(str),
    st.integers(2**32 - 5, 2**32 + 5).map(str),
    st.integers(2**62, 2**63 - 1).map(str),
    st.sampled_from(["", "0", "00", "07", "7 ", "+7", "-7", "\0", "a\0b", "\u0663", "12345678901"]),
    st.text(max_size=12),
)
rows = st.tuples(
    ids, st.sampled_from(SIGNALS), st.integers(0, STEPS).map(lambda step: step / STEPS), st.sampled_from([None, UNTIL])
)
Row = tuple[str, str, float, datetime | None]


def expected(known: list[Row]) -> dict[str, set[Flag]]:
    flags: dict[str, set[Flag]] = {}
    for account, signal, strength, until in known:
        end = 0 if until is None else int(until.timestamp())
        flags.setdefault(account, set()).add(Flag(signal, round(strength * STEPS), end))
    return flags


@settings(max_examples=300, deadline=None)
@given(st.lists(rows, max_size=30), st.lists(ids, min_size=1, max_size=30), st.sampled_from(["", "sparse"]))
def test_profiles_are_those_of_a_dictionary(known: list[Row], asked: list[str], sparse: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if sparse:  # no number is dense enough to be a bit
            patch.setattr(accounts_file, "_ALWAYS", 0)
            patch.setattr(accounts_file, "_BITS_AN_ACCOUNT", 0)
        held = flagged(table(known), KEY)
    found = held.accounts(KEY)
    twin = expected(known)
    asked = [*asked, *twin]
    assert [set(held.profiles[number]) for number in found.profiles(asked)] == [twin.get(one, set()) for one in asked]
    numbers = [
        int(one) for one in asked if one.isascii() and one.isdigit() and str(int(one)) == one and int(one) < 2**63
    ]
    if numbers:
        told = [set(held.profiles[number]) for number in found.profiles(numbers)]
        assert told == [twin.get(str(one), set()) for one in numbers]


@settings(deadline=None)
@given(
    st.permutations(
        [
            ("b", "network:member", 0.9, None),
            ("7", "media:known", 1.0, None),
            ("a", "media:known", 1.0, UNTIL),
            ("a", "network:member", 0.5, None),
            ("b", "network:member", 0.9, None),
        ]
    )
)
def test_the_order_of_the_rows_changes_no_byte(known: list[Row]) -> None:
    first = flagged(table(sorted(known, key=str)), KEY)
    again = flagged(table(known), KEY)
    assert (again.roaring, again.profiles) == (first.roaring, first.profiles)
    assert again.of_names.tobytes() + again.prints.tobytes() == first.of_names.tobytes() + first.prints.tobytes()


@settings(deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, unique=True).map(sorted))
def test_ranks_count_the_numbers_before_a_block(numbers: list[int]) -> None:
    bits, ranks = dense(np.array(numbers, np.uint32))
    spread = np.unpackbits(bits.view(np.uint8), bitorder="little")
    assert np.flatnonzero(spread).tolist() == numbers
    assert ranks.tolist() == [int(spread[: block * 512].sum()) for block in range(len(ranks))]


def test_sparse_numbers_are_kept_as_names() -> None:
    assert numbers_kept(np.array([5, 2**29 - 1]))
    assert not numbers_kept(np.array([5, 2**29]))
    assert numbers_kept(np.arange(0, 2**30, 500))
    assert not numbers_kept(np.array([], np.int64))


def test_two_ids_with_one_first_word_are_told_apart() -> None:
    """Fingerprints that meet in their first word are sorted, and asked, by both."""
    prints = np.array([[7, 9], [7, 1], [3, 5], [7, 1]], np.uint64)
    order = _sorted(np.arange(4), prints, np.array([0, 5, 0, 2]))
    assert order.tolist() == [2, 3, 1, 0]


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_strength_out_of_bounds_is_refused(strength: float) -> None:
    with pytest.raises(Fault, match="0 to 1"):
        flagged(table([("a", "network:member", strength, None)]), KEY)


def test_accounts_that_differ_in_too_many_ways_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.guard.snapshots.flags.MOST_PROFILES", 2)
    with pytest.raises(Fault, match="3 ways"):
        flagged(table([(str(step), "network:member", step / STEPS, None) for step in range(3)]), KEY)


def test_an_end_is_never_earlier_than_asked_for() -> None:
    """Ends are kept in seconds, rounded up: a limit must not end early."""
    until = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    held = flagged(table([("a", "network:member", 1.0, until)]), KEY)
    assert held.profiles[1][0].until == int(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp())
