"""Are all slates at once the slates one by one, and is every row of a table either shown or counted?"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.exposure.cuts.budget import Cut, contact
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.simulate import fill_slate, keep_unflagged
from ringfence.exposure.slates import Limits, Mask, Slates, friend_of_friend, from_rows, load, save
from ringfence.graph.csr import Csr, from_pairs
from ringfence.kernels import threads
from ringfence.model.faults import Fault

Row = tuple[int, int, int]
ACCOUNTS, SLOTS = 5, 3


def graph(ties: set[tuple[int, int]], accounts: int) -> Csr:
    pairs = np.array(sorted(ties), np.int64).reshape(-1, 2)
    return from_pairs(pairs[:, 0], pairs[:, 1], np.ones(len(pairs)), (accounts, accounts))


def one_by_one(follows: Csr, slots: int, keep: Mask, reads: int) -> tuple[list[list[int]], list[int]]:
    suggest, ids, backfilled = FriendOfFriend(follows, reads), [], []
    for viewer in range(follows.rows):
        slate, popular = fill_slate(suggest, keep_unflagged(~keep), follows.row(viewer), viewer, slots)
        ids.append(slate.tolist() + [-1] * (slots - len(slate)))
        backfilled.append(popular)
    return ids, backfilled


def random_graph(seed: int, accounts: int) -> Csr:
    """Out-degrees from 0 to 60 and a few accounts that many follow."""
    rng = np.random.default_rng(seed)
    degrees = (60 ** rng.random(accounts)).astype(np.int64) - 1
    return graph(
        {(src, int(dst)) for src, degree in enumerate(degrees) for dst in rng.zipf(1.5, degree) % accounts}, accounts
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Csr, int, Mask, int]:
    accounts = draw(st.integers(1, 12))
    account = st.integers(0, accounts - 1)
    follows = graph(draw(st.sets(st.tuples(account, account), max_size=50)), accounts)
    keep = np.array(draw(st.lists(st.booleans(), min_size=accounts, max_size=accounts)))
    return follows, draw(st.integers(1, 6)), keep, draw(st.integers(1, 5))


@settings(deadline=None)  # the first call compiles
@given(questions())
def test_every_slate_is_what_the_recommender_fills(question: tuple[Csr, int, Mask, int]) -> None:
    follows, slots, keep, reads = question
    slates = friend_of_friend(follows, slots, keep=keep, reads=reads)
    assert (slates.ids.tolist(), slates.backfilled.tolist()) == one_by_one(follows, slots, keep, reads)


@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_on_larger_graphs_with_hubs_and_a_guard(seed: int) -> None:
    follows = random_graph(seed, 400)
    keep = np.random.default_rng(seed).random(400) < 0.8
    slates = friend_of_friend(follows, keep=keep, reads=20)
    assert (slates.ids.tolist(), slates.backfilled.tolist()) == one_by_one(follows, 10, keep, 20)
    assert 0 < slates.backfilled.mean() < 10


def test_without_a_guard_everybody_may_be_shown() -> None:
    follows = random_graph(9, 200)
    everybody = np.ones(200, np.bool_)
    assert friend_of_friend(follows).ids.tolist() == one_by_one(follows, 10, everybody, 1_000)[0]


def test_thousands_of_paths_to_one_account_add_up() -> None:
    friends = range(3, 4_003)  # each path through somebody who follows one account is worth the most there is
    follows = graph({(0, friend) for friend in friends} | {(friend, 1 + friend % 2) for friend in friends}, 4_003)
    slates = friend_of_friend(follows, 2)
    assert (slates.ids[0].tolist(), slates.backfilled[0]) == ([1, 2], 0)


def test_the_number_of_threads_changes_no_slate(monkeypatch: pytest.MonkeyPatch) -> None:
    follows, found = random_graph(3, 900), []
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 0)
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "THREADS", count)
        found.append(friend_of_friend(follows).ids.tolist())
    assert found[0] == found[1] == found[2]


def test_progress_ends_with_all_accounts() -> None:
    told: list[int] = []
    friend_of_friend(random_graph(0, 70), progress=told.append)
    assert told[-1] == 70


def test_a_mask_or_a_graph_of_other_accounts_is_refused() -> None:
    follows = random_graph(0, 30)
    with pytest.raises(Fault, match="same accounts"):
        friend_of_friend(follows, keep=np.ones(29, np.bool_))
    with pytest.raises(Fault, match="same accounts"):
        friend_of_friend(from_pairs(np.array([0]), np.array([1]), np.ones(1), (1, 2)))


def columns(rows: list[Row]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


@given(st.lists(st.tuples(st.integers(-1, ACCOUNTS), st.integers(-1, ACCOUNTS), st.integers(0, SLOTS + 1))))
def test_a_row_is_shown_or_counted_under_the_first_reason(rows: list[Row]) -> None:
    expected: dict[tuple[int, int], int] = {}
    counts = dict.fromkeys(["ids", "slots", "itself", "taken", "repeated"], 0)
    for viewer, shown, position in rows:
        if not (0 <= viewer < ACCOUNTS and 0 <= shown < ACCOUNTS):
            counts["ids"] += 1
        elif not 1 <= position <= SLOTS:
            counts["slots"] += 1
        elif viewer == shown:
            counts["itself"] += 1
        elif (viewer, position) in expected:
            counts["taken"] += 1
        else:
            expected[viewer, position] = shown
    for viewer, position in sorted(expected):
        better = [expected.get((viewer, place)) for place in range(1, position)]
        if expected[viewer, position] in better:
            counts["repeated"] += 1
            expected[viewer, position] = -1
    slates, troubles = from_rows(*columns(rows), accounts=ACCOUNTS, slots=SLOTS)
    wanted = [[expected.get((viewer, place), -1) for place in range(1, SLOTS + 1)] for viewer in range(ACCOUNTS)]
    assert slates.ids.tolist() == wanted
    assert troubles.ids_out_of_range == counts["ids"]
    assert troubles.slots_out_of_range == counts["slots"]
    assert troubles.shown_to_itself == counts["itself"]
    assert troubles.slots_taken == counts["taken"]
    assert troubles.repeated == counts["repeated"]
    assert troubles.gaps == sum(sorted(slate, key=lambda shown: shown < 0) != slate for slate in wanted)
    assert len(rows) == slates.filled().sum() + troubles.dropped


def test_a_gap_stays_a_gap_and_is_counted_once_a_slate() -> None:
    slates, troubles = from_rows(*columns([(0, 1, 2), (0, 2, 3), (1, 2, 1)]), accounts=4, slots=4)
    assert slates.ids.tolist() == [[-1, 1, 2, -1], [2, -1, -1, -1], [-1] * 4, [-1] * 4]
    assert (troubles.gaps, troubles.dropped) == (1, 0)
    assert slates.filled().tolist() == [2, 1, 0, 0]


def test_columns_of_different_length_are_refused() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    with pytest.raises(Fault, match="differ in length"):
        from_rows(one, two, two, accounts=3)


def some_slates(accounts: int = 7) -> Slates:
    return friend_of_friend(random_graph(1, accounts), 4)


def test_a_file_gives_back_the_slates_mapped_into_memory(tmp_path: Path) -> None:
    slates, file = some_slates(), tmp_path / "slates.npy"
    save(slates, file)
    read = load(file)
    assert read.ids.tolist() == slates.ids.tolist()
    assert read.backfilled.tolist() == slates.backfilled.tolist()
    assert not read.ids.flags.owndata
    assert [left.name for left in tmp_path.iterdir()] == ["slates.npy"]


def test_writing_to_loaded_slates_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "slates.npy"
    save(some_slates(), file)
    before = file.read_bytes()
    load(file).ids[:] = -1
    assert file.read_bytes() == before


def test_no_other_file_is_taken_for_slates(tmp_path: Path) -> None:
    file = tmp_path / "slates.npy"
    with pytest.raises(Fault, match=r"slates\.npy: holds no slates"):
        load(file)
    save(some_slates(), file)
    whole = file.read_bytes()
    others = [b"", b"hornbill", whole[:-4]]
    for array in (np.arange(9, dtype=np.int32), np.load(file)[:-1], np.load(file).astype(np.int64), np.zeros((2, 2))):
        np.save(file, array)
        others.append(file.read_bytes())
    for content in others:
        file.write_bytes(content)
        with pytest.raises(Fault, match="holds no slates"):
            load(file)


def test_a_file_with_an_id_beyond_its_accounts_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "slates.npy"
    save(some_slates(), file)
    array = np.load(file)
    array[5] = 7
    np.save(file, array)
    with pytest.raises(Fault, match="outside of the 7 accounts"):
        load(file)


@pytest.mark.parametrize(
    "ids",
    [
        np.full((2, 3), 2, np.int32),
        np.full((2, 3), -2, np.int32),
        np.zeros((2, 3), np.int64),
        np.zeros((3, 2), np.int32).T,
        np.zeros((2, 0), np.int32),
        np.zeros(2, np.int32),
        np.zeros((3, 3), np.int32),
    ],
)
def test_slates_that_a_kernel_would_read_past_are_refused(ids: NDArray[np.int32]) -> None:
    with pytest.raises(Fault, match="slates"):
        Slates(ids, np.zeros(2, np.int32))


@pytest.mark.parametrize("seed", range(3))
def test_limits_leave_out_for_each_viewer_whom_a_cut_leaves_out(seed: int) -> None:
    follows, rng = random_graph(seed, 300), np.random.default_rng(seed)
    odds = rng.normal(-3.0, 2.0, 300)
    chosen = Cut(rng.random(300) < 0.1, odds, 1 / (1 + np.exp(-odds)), -4.5)
    near = np.log(contact(chosen.probability, [follows.row(viewer) for viewer in range(300)]))
    found = friend_of_friend(follows, keep=~chosen.flagged, limits=Limits(odds, near, chosen.threshold), reads=20)
    suggest = FriendOfFriend(follows, 20)
    expected = [fill_slate(suggest, chosen.keep, follows.row(one), one, 10) for one in range(300)]
    assert [row[row >= 0].tolist() for row in found.ids] == [slate.tolist() for slate, _ in expected]
    assert found.backfilled.tolist() == [popular for _, popular in expected]
    assert (found.ids != friend_of_friend(follows, keep=~chosen.flagged, reads=20).ids).any()
