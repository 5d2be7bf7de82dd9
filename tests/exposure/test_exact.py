"""Is what is computed for all starts at once what enumerating every path of clicks gives?"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from ringfence.exposure.choices import Choice, any_slot, by_position, top
from ringfence.exposure.clicks import walks
from ringfence.exposure.exact import discounted, hit_within, shown_within, slot_prices
from ringfence.exposure.slates import Mask, Slates
from ringfence.kernels import threads
from ringfence.model.faults import Fault

Dense = NDArray[np.float64]
CHOICES: dict[str, tuple[Choice, Callable[[int], float], int]] = {
    "top 2": (top(2), lambda _slot: 1.0, 2),
    "any": (any_slot(), lambda _slot: 1.0, 99),
    "logarithmic": (by_position(), lambda slot: 1 / math.log2(slot + 2), 99),
    "halving": (by_position(0.5), lambda slot: 0.5**slot, 99),
}
NAMES = st.sampled_from(sorted(CHOICES))
HORIZONS = (4, 0, 1, 2)


def choice_of(name: str) -> Choice:
    return CHOICES[name][0]


def chances(slate: list[int], name: str) -> list[float]:
    """The rule once more, by hand."""
    _, weigh, head = CHOICES[name]
    filled = [slot for slot, shown in enumerate(slate) if shown >= 0][:head]
    total = sum(weigh(slot) for slot in filled)
    return [weigh(slot) / total if slot in filled else 0.0 for slot in range(len(slate))]


def slates_of(rows: list[list[int]]) -> Slates:
    return Slates(np.array(rows, np.int32), np.zeros(len(rows), np.int32))


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[list[int]], Mask]:
    """Up to six accounts with up to three slots, nobody twice in a slate; empty slots anywhere."""
    accounts, slots = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    rows = []
    for viewer in range(accounts):
        others = [account for account in range(accounts) if account != viewer]
        drawn = draw(st.permutations(others + [-1] * slots))
        rows.append(drawn[:slots])
    return rows, np.array(draw(st.lists(st.booleans(), min_size=accounts, max_size=accounts)))


def paths(rows: list[list[int]], name: str, start: int, clicks: int) -> Iterator[tuple[float, list[int]]]:
    """Every sequence of at most so many clicks, with its probability; shorter only where the walk ends."""
    slate = rows[start]
    if clicks == 0 or max(slate) < 0:
        yield 1.0, [start]
        return
    for chance, shown in zip(chances(slate, name), slate, strict=True):
        if chance:
            for further, path in paths(rows, name, shown, clicks - 1):
                yield chance * further, [start, *path]


def matrix(rows: list[list[int]], name: str) -> Dense:
    clicks = np.zeros((len(rows), len(rows)))
    for viewer, slate in enumerate(rows):
        for chance, shown in zip(chances(slate, name), slate, strict=True):
            if shown >= 0:
                clicks[viewer, shown] += chance
    return clicks


def held(rows: list[list[int]], members: Mask) -> Dense:
    return np.array([sum(shown >= 0 and bool(members[shown]) for shown in slate) for slate in rows], np.float64)


@settings(deadline=None)  # the first call compiles
@given(questions(), NAMES)
def test_hits_are_those_of_every_path(question: tuple[list[list[int]], Mask], name: str) -> None:
    rows, members = question
    found = hit_within(slates_of(rows), choice_of(name), members, HORIZONS)
    for start in range(len(rows)):
        for answer, clicks in zip(found[start], HORIZONS, strict=True):
            every = paths(rows, name, start, clicks)
            assert answer == pytest.approx(sum(chance for chance, path in every if members[path[1:]].any()), abs=1e-12)


@settings(deadline=None)  # the first call compiles
@given(questions(), NAMES)
def test_slates_seen_are_those_of_every_path(question: tuple[list[list[int]], Mask], name: str) -> None:
    rows, members = question
    found, holds = shown_within(slates_of(rows), choice_of(name), members, HORIZONS), held(rows, members) > 0
    for start in range(len(rows)):
        for answer, seen in zip(found[start], HORIZONS, strict=True):
            every = paths(rows, name, start, seen - 1) if seen else iter([])
            assert answer == pytest.approx(sum(chance for chance, path in every if holds[path].any()), abs=1e-12)


@settings(deadline=None)  # the first call compiles
@given(questions(), NAMES, st.floats(0, 0.97))
def test_discounted_exposure_solves_the_dense_system_within_its_bound(
    question: tuple[list[list[int]], Mask], name: str, patience: float
) -> None:
    rows, members = question
    found = discounted(slates_of(rows), choice_of(name), members, patience)
    truth = np.linalg.solve(np.eye(len(rows)) - patience * matrix(rows, name), held(rows, members))
    assert np.abs(found.exposure - truth).max() <= found.error_bound + 1e-13 * truth.max()  # the solver rounds too
    assert found.error_bound <= 2e-10 * found.exposure.max(initial=0)


def test_the_bound_is_not_loose_without_reason() -> None:
    """Two accounts that show each other, one a member: E is known, and the last step's error is what the bound says."""
    found = discounted(slates_of([[1], [0]]), any_slot(), np.array([True, True]), 0.5)
    assert found.exposure.tolist() == pytest.approx([2, 2], abs=found.error_bound)
    error = 2 - found.exposure[0]
    assert found.error_bound / 2 < error <= found.error_bound


@settings(deadline=None)  # the first call compiles
@given(questions(), NAMES, st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_emptying_a_slot_lowers_the_mean_by_its_price_as_far_as_no_walk_returns(
    question: tuple[list[list[int]], Mask], name: str, patience: float, seed: int
) -> None:
    rows, members = question
    starts = np.random.default_rng(seed).random(len(rows)) + 0.01
    mean = starts / starts.sum()
    found = slot_prices(slates_of(rows), choice_of(name), members, starts, patience)
    clicks, base, eye = matrix(rows, name), held(rows, members), np.eye(len(rows))
    visits = np.linalg.inv(eye - patience * clicks)
    whole = mean @ visits @ base
    assert found.mean == pytest.approx(whole, rel=1e-9, abs=1e-12)
    priced = {}
    for viewer, slot, shown, price in zip(
        found.viewers.tolist(), found.slots.tolist(), found.shown.tolist(), found.prices.tolist(), strict=True
    ):
        chance = chances(rows[viewer], name)[slot]
        fewer, less = clicks.copy(), base.copy()
        fewer[viewer, shown] -= chance
        less[viewer] -= members[shown]
        fall = whole - mean @ np.linalg.solve(eye - patience * fewer, less)
        assert rows[viewer][slot] == shown
        assert fall == pytest.approx(price / (1 + patience * chance * visits[shown, viewer]), abs=1e-7)
        assert fall <= price + 1e-7
        priced[viewer, slot] = price
    worth = {(viewer, slot) for viewer, slate in enumerate(rows) for slot in range(len(slate))} - priced.keys()
    exposure = visits @ base
    for viewer, slot in worth:  # what is left out is worth nothing
        shown, chance = rows[viewer][slot], chances(rows[viewer], name)[slot]
        assert shown < 0 or members[shown] + chance * exposure[shown] < 1e-6


def random_slates(seed: int, accounts: int, slots: int = 10) -> tuple[Slates, Mask]:
    """Mostly filled slates of popular and of neighbouring accounts, some with gaps; one account in fifty a member."""
    rng = np.random.default_rng(seed)
    near = np.arange(accounts)[:, None] + rng.integers(1, 20, (accounts, slots))
    popular = rng.zipf(1.3, (accounts, slots))
    ids = (np.where(rng.random((accounts, slots)) < 0.6, near, popular) % accounts).astype(np.int32)
    ids[rng.random(ids.shape) < 0.15] = -1
    return Slates(ids, np.zeros(accounts, np.int32)), rng.random(accounts) < 0.02


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_walks_drawn_at_random_agree(name: str) -> None:
    slates, members = random_slates(1, 500)
    choice, count = choice_of(name), 200_000
    hit, shown = hit_within(slates, choice, members), shown_within(slates, choice, members)
    for start in (3, 77, 401):
        drawn = walks(slates, choice, np.full(count, start), 10, members, seed=start)
        for column, horizon in enumerate((1, 3, 10)):
            for sample, chance in (
                (drawn.hit_within(horizon), hit[start, column]),
                (drawn.shown_within(horizon), shown[start, column]),
            ):
                low, high = stats.binom.interval(0.999, count, chance)
                assert low <= sample.sum() <= high


def test_the_dearest_slots_come_first_and_no_dearer_one_is_left_out() -> None:
    slates, members = random_slates(2, 3_000)
    starts = np.ones(3_000)
    every = slot_prices(slates, top(3), members, starts, most=30_000)
    few = slot_prices(slates, top(3), members, starts, most=50, known=discounted(slates, top(3), members))
    assert len(few.prices) == 50 < len(every.prices)
    assert (few.prices == every.prices[:50]).all()
    assert (few.viewers == every.viewers[:50]).all()
    assert (np.diff(every.prices) <= 0).all()
    assert slates.ids[few.viewers, few.slots].tolist() == few.shown.tolist()
    assert slot_prices(slates, top(3), members, starts, most=0).prices.size == 0


def test_blocks_and_parts_of_accounts_give_the_same_prices_and_order(monkeypatch: pytest.MonkeyPatch) -> None:
    slates, members = random_slates(2, 500)
    starts = (np.arange(500) % 7 == 0) * 1.0
    whole = slot_prices(slates, any_slot(), members, starts, most=40)
    monkeypatch.setattr("ringfence.exposure.exact._BLOCK", 9)
    monkeypatch.setattr("ringfence.exposure.exact.WORTH_A_THREAD", 0)
    parts = slot_prices(slates, any_slot(), members, starts, most=40)
    assert (whole.viewers.tolist(), whole.slots.tolist()) == (parts.viewers.tolist(), parts.slots.tolist())
    assert parts.prices == pytest.approx(whole.prices, rel=1e-12)


def test_equal_prices_are_told_by_viewer_then_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.exposure.exact._BLOCK", 2)
    slates = slates_of([[6, 7]] * 6 + [[-1, -1]] * 2)
    found = slot_prices(slates, any_slot(), np.arange(8) >= 6, np.ones(8), most=5)
    assert list(zip(found.viewers.tolist(), found.slots.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (2, 0),
    ]


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    slates, members = random_slates(4, 2_000)
    starts, answers = np.random.default_rng(0).random(2_000), []
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 0)
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "THREADS", count)
        answers.append(
            (
                hit_within(slates, by_position(), members).tolist(),
                shown_within(slates, by_position(), members).tolist(),
                discounted(slates, by_position(), members).exposure.tolist(),
                slot_prices(slates, by_position(), members, starts).prices.tolist(),
            )
        )
    assert answers[0] == answers[1] == answers[2]


def test_where_nobody_is_a_member_nobody_is_exposed() -> None:
    slates, _ = random_slates(5, 60)
    nobody = np.zeros(60, np.bool_)
    assert not hit_within(slates, top(3), nobody).any()
    assert not shown_within(slates, top(3), nobody).any()
    found = discounted(slates, top(3), nobody)
    assert not found.exposure.any()
    assert (found.iterations, found.error_bound) == (1, 0)
    assert slot_prices(slates, top(3), nobody, np.ones(60)).prices.size == 0


def test_where_everybody_is_a_member_the_first_filled_slate_is_a_hit_for_certain() -> None:
    slates, _ = random_slates(5, 60)
    everybody, some = np.ones(60, np.bool_), slates.filled() > 0
    assert (hit_within(slates, by_position(), everybody) == some[:, None]).all()
    assert (shown_within(slates, by_position(), everybody) == some[:, None]).all()
    assert (discounted(slates, top(3), everybody).exposure >= slates.filled()).all()


def test_empty_slates_end_every_walk_and_an_empty_platform_has_no_starts() -> None:
    empty, member = slates_of([[-1, -1]] * 4), np.array([True, False, False, False])
    assert not hit_within(empty, top(3), member).any()
    assert not shown_within(empty, top(3), member).any()
    assert not discounted(empty, top(3), member).exposure.any()
    nobody = Slates(np.empty((0, 2), np.int32), np.empty(0, np.int32))
    assert hit_within(nobody, top(3), np.empty(0, np.bool_)).shape == (0, 3)
    assert discounted(nobody, top(3), np.empty(0, np.bool_)).exposure.shape == (0,)


def test_no_walk_crosses_to_another_component() -> None:
    apart = slates_of([[1], [0], [3], [2]])
    found = hit_within(apart, any_slot(), np.array([True, False, False, False]), (50,))
    assert found[:, 0].tolist() == [1, 1, 0, 0]  # the member comes back to itself by way of the other


def test_members_end_no_session_and_discounting_counts_them_again() -> None:
    pair = slates_of([[1], [0]])
    assert discounted(pair, any_slot(), np.array([False, True]), 0.5).exposure.tolist() == pytest.approx([4 / 3, 2 / 3])


@pytest.mark.parametrize("patience", [-0.1, 1.0, 0.9999, math.nan])
def test_a_patience_without_an_answer_is_refused(patience: float) -> None:
    slates, members = random_slates(0, 20)
    with pytest.raises(Fault, match="patience"):
        discounted(slates, top(3), members, patience)
    with pytest.raises(Fault, match="patience"):
        slot_prices(slates, top(3), members, np.ones(20), patience)


@pytest.mark.parametrize("starts", [np.zeros(20), -np.ones(20), np.ones(19), np.full(20, np.nan)])
def test_starts_that_are_no_distribution_are_refused(starts: Dense) -> None:
    slates, members = random_slates(0, 20)
    with pytest.raises(Fault, match="starts"):
        slot_prices(slates, top(3), members, starts)


def test_members_of_other_accounts_and_negative_horizons_are_refused() -> None:
    slates, members = random_slates(0, 20)
    with pytest.raises(Fault, match="members"):
        hit_within(slates, top(3), members[:19])
    with pytest.raises(Fault, match="members"):
        shown_within(slates, top(3), np.resize(members, (2, 10)))
    with pytest.raises(Fault, match="horizons"):
        hit_within(slates, top(3), members, (3, -1))
