"""Do random walks click as declared, remember what they should, and come out the same for everybody?"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ringfence.exposure.choices import Choice, any_slot, by_position, top
from ringfence.exposure.clicks import Memory, Walks, _uniform, walks
from ringfence.exposure.slates import Mask, Slates
from ringfence.kernels import threads
from ringfence.model.faults import Fault

COUNT = 20_000
Rows = list[list[int]]


def slates_of(rows: Rows) -> Slates:
    return Slates(np.array(rows, np.int32), np.zeros(len(rows), np.int32))


def mask(accounts: int, *members: int) -> Mask:
    return np.isin(np.arange(accounts), members)


def random_slates(seed: int, accounts: int, slots: int) -> Slates:
    rng = np.random.default_rng(seed)
    ids = np.array([rng.permutation(accounts)[:slots] for _ in range(accounts)], np.int32)
    ids[(ids == np.arange(accounts)[:, None]) | (rng.random(ids.shape) < 0.1)] = -1
    return Slates(ids, np.zeros(accounts, np.int32))


def told(walked: Walks) -> list[list[int]]:
    return [walked.hit.tolist(), walked.shown.tolist(), walked.clicks.tolist(), walked.held.tolist()]


def paths(
    rows: Rows, choice: Choice, fatigue: float, path: list[int], seen: Counter[int], clicks: int
) -> Iterator[tuple[float, list[int]]]:
    """Every path of a test account that remembers, with its probability: the definition once more, by hand."""
    slate, weights = rows[path[-1]], choice.weights(len(rows[0]))
    fresh = [slot for slot, shown in enumerate(slate) if shown >= 0 and shown not in path][: choice.head]
    if clicks == 0 or not fresh:
        yield 1.0, path
        return
    appeal = {slot: float(weights[slot]) * fatigue ** seen[slate[slot]] for slot in fresh}
    after = seen + Counter(shown for shown in slate if shown >= 0)
    for slot in fresh:
        chance = appeal[slot] / sum(appeal.values())
        for further, whole in paths(rows, choice, fatigue, [*path, slate[slot]], after, clicks - 1):
            yield chance * further, whole


def probable(successes: Mask, chance: float) -> bool:
    # One in a million: hypothesis looks at hundreds of cases, and none of them should fail by luck.
    low, high = stats.binom.interval(1 - 1e-6, len(successes), min(chance, 1.0))
    return bool(low <= successes.sum() <= high)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.sampled_from([top(1), top(2), any_slot(), by_position(0.4)]),
    st.sampled_from([1.0, 0.5, 0.05]),
)
def test_a_test_account_that_remembers_takes_every_path_as_often_as_it_should(
    seed: int, choice: Choice, fatigue: float
) -> None:
    slates = random_slates(seed, 5, 3)
    rows, member = slates.ids.tolist(), seed % 5
    walked = walks(slates, choice, np.zeros(COUNT, np.int64), 4, mask(5, member), seed, remembers=Memory(fatigue))
    every = list(paths(rows, choice, fatigue, [0], Counter(), 4))
    assert sum(chance for chance, _ in every) == pytest.approx(1)
    for clicks in range(1, 5):
        assert probable(walked.hit_within(clicks), sum(p for p, path in every if member in path[1 : clicks + 1]))
        shows = [(p, any(member in rows[account] for account in path[:clicks])) for p, path in every]
        assert probable(walked.shown_within(clicks), sum(p for p, shown in shows if shown))
        assert probable(walked.clicks >= clicks, sum(p for p, path in every if len(path) > clicks))


def test_nobody_is_clicked_twice_and_the_start_counts_as_clicked() -> None:
    pair = slates_of([[1], [0]])
    forgetful = walks(pair, any_slot(), np.array([0]), 9, mask(2, 0), 0)
    mindful = walks(pair, any_slot(), np.array([0]), 9, mask(2, 0), 0, remembers=Memory())
    assert told(forgetful) == [[2], [2], [9], [4]]
    assert told(mindful) == [[-1], [2], [1], [1]]  # account 1 shows the start, which is a member, once more


def test_whom_it_has_clicked_is_passed_over_and_the_next_slot_is_open_instead() -> None:
    circle = slates_of([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    walked = walks(circle, top(1), np.array([0]), 9, mask(4, 3), 5, remembers=Memory())
    assert told(walked)[0] == [3]  # 1, then 2 behind 0, then 3 behind 0 and 1
    assert told(walked)[2] == [3]


def test_fatigue_turns_to_what_is_new() -> None:
    """Accounts 0 and 1 both show 2; account 1 also shows 3, for the first time."""
    slates = slates_of([[1, 2], [2, 3], [-1, -1], [-1, -1]])
    starts, members = np.zeros(COUNT, np.int64), mask(4, 3)
    fresh = walks(slates, any_slot(), starts, 2, members, 1, remembers=Memory())
    tired = walks(slates, any_slot(), starts, 2, members, 1, remembers=Memory(0.25))
    assert probable(fresh.hit_within(2), 1 / 2 * 1 / 2)
    assert probable(tired.hit_within(2), 1 / 2 * 4 / 5)


def test_whoever_is_tired_of_an_account_still_clicks_it_when_there_is_no_other() -> None:
    """Each of 150 accounts shows the next, and all show one more: at the end of the row only that one is left."""
    rows = [[account + 1, 150] for account in range(149)] + [[-1, 150], [-1, -1]]
    walked = walks(slates_of(rows), any_slot(), np.zeros(50, np.int64), 300, mask(151, 150), 0, remembers=Memory(1e-3))
    assert (walked.hit > 0).all()
    assert walked.clicks.max() == 150


@pytest.mark.parametrize("choice", [top(3), by_position(), by_position(0.5)])
def test_first_clicks_are_as_frequent_as_the_rule_says(choice: Choice) -> None:
    slates = slates_of([[1, -1, 2, 3, 4]] + [[-1] * 5] * 4)
    for account, chance in zip((1, 2, 3, 4), choice.probabilities(slates.ids[0])[[0, 2, 3, 4]], strict=True):
        walked = walks(slates, choice, np.zeros(COUNT, np.int64), 1, mask(5, account), 9)
        assert probable(walked.hit_within(1), chance)


def test_steps_of_one_walk_and_walks_of_one_seed_are_independent() -> None:
    """A coin: accounts 0 and 1 both show both, 1 is the member."""
    slates = slates_of([[0, 1], [0, 1]])
    first, second = (walks(slates, any_slot(), np.zeros(COUNT, np.int64), 20, mask(2, 1), seed) for seed in (0, 1))
    assert probable((first.hit == 1) == (second.hit == 1), 0.5)
    assert probable((first.hit[1:] == 1) == (first.hit[:-1] == 1), 0.5)
    for step in range(1, 8):
        assert probable(first.hit == step, 0.5**step)


def test_a_stream_is_the_published_one() -> None:
    """The first outputs of SplitMix64 from 1234567; of each the upper 53 bits are used."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    found = [_uniform(np.uint64(1234567), step) for step in range(1, 5)]
    assert found == [(number >> 11) / 2**53 for number in published]


@pytest.mark.parametrize("remembers", [None, Memory(0.5)])
def test_neither_threads_nor_other_walks_change_a_walk(
    monkeypatch: pytest.MonkeyPatch, remembers: Memory | None
) -> None:
    slates, members = random_slates(3, 300, 10), mask(300, *range(0, 300, 40))
    starts, answers = np.random.default_rng(0).integers(0, 300, 500), []
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 0)
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "THREADS", count)
        answers.append(told(walks(slates, by_position(), starts, 10, members, 4, remembers=remembers)))
    few = told(walks(slates, by_position(), starts[:7], 10, members, 4, remembers=remembers))
    other = told(walks(slates, by_position(), starts, 10, members, 5, remembers=remembers))
    assert answers[0] == answers[1] == answers[2] != other
    assert few == [column[:7] for column in answers[0]]


@pytest.mark.parametrize("remembers", [None, Memory()])
def test_an_empty_slate_ends_the_walk_and_no_walk_has_no_steps(remembers: Memory | None) -> None:
    slates = slates_of([[2, -1], [-1, 2], [-1, -1]])
    walked = walks(slates, top(3), np.array([0, 1, 2]), 5, mask(3, 2), 0, remembers=remembers)
    assert told(walked) == [[1, 1, -1], [1, 1, -1], [1, 1, 0], [1, 1, 0]]
    assert told(walks(slates, top(3), np.array([0]), 0, mask(3, 2), 0, remembers=remembers)) == [[-1], [-1], [0], [0]]
    assert told(walks(slates, top(3), np.empty(0, np.int64), 5, mask(3), 0, remembers=remembers)) == [[], [], [], []]


@pytest.mark.parametrize("seed", [0, -1, 2**64 - 1, 2**70])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    slates = random_slates(0, 20, 3)
    assert walks(slates, top(3), np.arange(20), 3, mask(20, 1), seed).clicks.max() <= 3


def test_what_does_not_fit_the_slates_is_refused() -> None:
    slates = random_slates(0, 20, 3)
    for starts in ([20], [-1]):
        with pytest.raises(Fault, match="do not fit"):
            walks(slates, top(3), np.array(starts), 3, mask(20), 0)
    with pytest.raises(Fault, match="do not fit"):
        walks(slates, top(3), np.array([0]), 3, mask(19), 0)
    with pytest.raises(Fault, match="fatigue"):
        Memory(0.0)
