import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.media.floods import Floods, Limits

LIMITS = Limits(matches=5, window=60, share=0.5, uploaders=3)


def floods(limits: Limits = LIMITS) -> Floods:
    return Floods(limits)


def times(found: Floods, uploaders: str, at: float = 0.0, step: float = 1.0) -> list[bool]:
    """Which of the matches, one a query, is one too many; a dash is an uploader nobody told."""
    answers = []
    for place, who in enumerate(uploaders):
        found.asked()
        answers.append(found.met(1, None if who == "-" else who, at + place * step))
    return answers


def test_the_match_at_the_threshold_is_held_and_not_the_one_before() -> None:
    assert times(floods(), "abcab") == [False] * 4 + [True]


@pytest.mark.parametrize(("uploaders", "held"), [("aabba", False), ("aabbc", True), ("aaa--", True), ("aaaa-", False)])
def test_one_person_cannot_have_an_entry_held(uploaders: str, held: bool) -> None:  # noqa: FBT001
    assert times(floods(), uploaders)[-1] is held


@pytest.mark.parametrize(("step", "held"), [(15.0, True), (15.01, False)])
def test_the_window_is_from_the_first_of_the_last_matches(step: float, held: bool) -> None:  # noqa: FBT001
    assert times(floods(), "abcde", step=step)[-1] is held


@pytest.mark.parametrize(("others", "held"), [(5, True), (6, False)])
def test_the_share_is_of_all_queries_since_the_first_of_them(others: int, held: bool) -> None:  # noqa: FBT001
    found = floods()
    assert times(found, "abcd")[-1] is False
    found.asked(others)
    found.asked()
    assert found.met(1, "e", 5.0) is held


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from(["a", "b", "c", "d", None]), st.integers(0, 40))))
def test_it_is_what_a_plain_count_says(asked: list[tuple[int, str | None, int]]) -> None:
    found, at, plain = floods(), 0.0, list[tuple[int, str | None, float]]()
    for content, who, later in asked:
        at += later
        plain.append((content, who, at))
        found.asked()
        mine = [place for place, (one, _, _) in enumerate(plain) if one == content][-5:]
        told = {plain[place][1] for place in mine} - {None}
        untold = [place for place in mine if plain[place][1] is None]
        expected = (
            len(mine) == 5
            and at - plain[mine[0]][2] <= 60
            and 5 / (len(plain) - mine[0]) >= 0.5
            and len(told) + len(untold) >= 3
        )
        assert found.met(content, who, at) is expected
