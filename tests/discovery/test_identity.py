from collections.abc import Collection
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.discovery.identity import Change, history_rows, identified
from ringfence.discovery.networks import name
from ringfence.model.schemas import NETWORKS_HISTORY
from ringfence.model.words import NetworkEvent


def accounts(first: int, count: int) -> list[str]:
    return [f"a{number:04}" for number in range(first, first + count)]


def told(changes: tuple[Change, ...]) -> list[tuple[str, str, str | None]]:
    return [(one.network_id, str(one.event), one.other) for one in changes]


# Each list of labels is a partition of the same accounts, by number; -1 is in no network.
PARTITIONS = st.lists(st.integers(-1, 4), min_size=20, max_size=20)


def partition(labels: list[int]) -> list[list[str]]:
    groups = [[f"a{place:02}" for place, one in enumerate(labels) if one == label] for label in range(5)]
    return [group for group in groups if group]


def test_the_first_networks_are_new_and_their_ids_hang_on_their_members_alone() -> None:
    members = [accounts(0, 5), accounts(10, 4)]
    ids, changes = identified(members, {})
    assert told(changes) == sorted((one, "new", None) for one in ids)
    assert identified([set(group) for group in reversed(members)], {})[0] == ids[::-1]


def test_a_network_that_grows_by_a_fifth_or_loses_as_much_keeps_its_id() -> None:
    for after in (accounts(0, 120), accounts(20, 80), accounts(10, 100)):
        ids, changes = identified([after], {"net-1": accounts(0, 100)})
        assert ids == ("net-1",)
        assert told(changes) == [("net-1", "kept", None)]


def test_of_a_split_the_larger_part_keeps_the_id_and_the_other_says_where_it_came_from() -> None:
    ids, changes = identified([accounts(60, 40), accounts(0, 60)], {"net-1": accounts(0, 100)})
    assert ids[1] == "net-1" != ids[0]
    assert told(changes) == sorted([("net-1", "kept", None), (ids[0], "split_from", "net-1")])


def test_a_merged_network_keeps_the_larger_ones_id_and_names_the_other() -> None:
    ids, changes = identified([accounts(0, 100)], {"net-1": accounts(0, 40), "net-2": accounts(40, 60)})
    assert ids == ("net-2",)
    assert told(changes) == [("net-2", "kept", None), ("net-2", "merged_from", "net-1")]


def test_what_hardly_overlaps_is_another_network_and_the_old_one_is_gone() -> None:
    ids, changes = identified([accounts(97, 100)], {"net-1": accounts(0, 100)})
    assert ids[0] != "net-1"
    assert told(changes) == sorted([("net-1", "gone", None), (ids[0], "new", None)])


def test_an_id_that_was_ever_used_is_not_given_to_another_network() -> None:
    members = accounts(0, 5)
    first = name(members, ())
    (second,), _ = identified([members], {}, retired={first})
    (third,), _ = identified([members], {}, retired={first, second})
    assert len({first, second, third}) == 3


@given(PARTITIONS, PARTITIONS, st.randoms())
def test_nothing_hangs_on_the_order_of_networks_or_members(before: list[int], after: list[int], chance: object) -> None:
    old, new = partition(before), partition(after)
    previous = {f"net-{number}": group for number, group in enumerate(old)}
    ids, changes = identified(new, previous)
    order = list(range(len(new)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled: list[Collection[str]] = [set(new[number]) for number in order]
    again, same = identified(shuffled, dict(reversed(previous.items())))
    assert again == tuple(ids[number] for number in order)
    assert same == changes


@given(PARTITIONS, PARTITIONS)
def test_every_network_old_and_new_is_accounted_for_once(before: list[int], after: list[int]) -> None:
    new = partition(after)
    previous = {f"net-{number}": group for number, group in enumerate(partition(before))}
    ids, changes = identified(new, previous)
    assert len(set(ids)) == len(new)
    appear = [one.network_id for one in changes if one.event in ("new", "split_from", "kept")]
    assert sorted(appear) == sorted(ids)
    leave = [one.network_id for one in changes if one.event in ("gone", "kept")]
    leave += [str(one.other) for one in changes if one.event is NetworkEvent.MERGED_FROM]
    assert sorted(leave) == sorted(previous)
    sizes = dict(zip(ids, map(len, new), strict=True))
    assert all(one.size == sizes.get(one.network_id, 0) for one in changes)


@given(PARTITIONS)
def test_the_same_networks_again_are_all_kept(labels: list[int]) -> None:
    new = partition(labels)
    ids, _ = identified(new, {})
    again, changes = identified(new, dict(zip(ids, new, strict=True)))
    assert again == ids
    assert {one.event for one in changes} <= {NetworkEvent.KEPT}


def test_the_history_is_a_row_a_change() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    _, changes = identified([accounts(0, 100)], {"net-1": accounts(0, 40), "net-2": accounts(40, 60)})
    rows = history_rows(changes, at)
    assert rows.schema == NETWORKS_HISTORY
    assert rows.to_pylist() == [
        {"at": at, "network_id": "net-2", "event": "kept", "other": None, "size": 100},
        {"at": at, "network_id": "net-2", "event": "merged_from", "other": "net-1", "size": 100},
    ]
    assert pa.concat_tables([rows, rows]).num_rows == 4


@pytest.mark.parametrize("count", [1, 3])
def test_without_new_networks_all_old_ones_are_gone(count: int) -> None:
    ids, changes = identified([], {f"net-{n}": accounts(10 * n, 5) for n in range(count)})
    assert ids == ()
    assert [one.event for one in changes] == [NetworkEvent.GONE] * count
