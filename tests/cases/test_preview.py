import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.cases.actions import REVERSIBLE, Action
from ringfence.cases.members import Member, Standing
from ringfence.cases.preview import OPPOSED, STRANGER, Grounds, Preview, Reach, Wish, preview, staged
from ringfence.model.faults import Fault

SHARES = (0.01, 0.1, 1.0)
AT = datetime(2026, 11, 1, tzinfo=UTC)
ABOVE = Member("ant", Standing.ABOVE, 1, 9.0, 0.9, "promoter", ("shares a link",), (), (), AT)
NAMES = st.sampled_from([f"a{number}" for number in range(12)])
MEMBERS = st.lists(
    st.builds(
        Member,
        account_id=NAMES,
        standing=st.sampled_from(Standing),
        rank=st.integers(1, 50),
        score=st.floats(0, 10),
        probability=st.none() | st.floats(0, 1),
        role=st.none(),
        reasons=st.just(("shares a link",)),
        against=st.sampled_from([(), ("in no other network",)]),
        contributions=st.just(()),
        joined_at=st.just(AT),
        left_at=st.none() | st.just(AT),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda one: one.account_id,
)
ACTIONS = st.lists(st.sampled_from(Action), min_size=1, max_size=6).map(tuple)
WISHES = st.builds(
    Wish,
    ACTIONS,
    st.just("for a reason"),
    st.none() | st.lists(NAMES | st.just("nobody"), max_size=9).map(tuple),
    st.lists(NAMES | st.just("nobody"), max_size=4).map(tuple),
)
BUSY = st.dictionaries(NAMES, st.frozensets(st.sampled_from(Action)), max_size=6)
GROUNDS = st.builds(Grounds, minors=st.frozensets(NAMES, max_size=3), opposed=st.frozensets(NAMES, max_size=3))
SHARE_LISTS = st.lists(st.floats(0.001, 1), max_size=5).map(lambda some: (*sorted(some), 1.0))


def made(inside: Sequence[Member], wish: Wish, grounds: Grounds, busy: dict[str, frozenset[Action]]) -> Preview | None:
    try:
        return preview(inside, wish, grounds, busy, SHARES)
    except Fault:
        return None


@given(MEMBERS, WISHES, GROUNDS, BUSY)
def test_nobody_is_acted_on_but_those_above_who_were_chosen_and_a_child_gets_care_alone(
    inside: list[Member], wish: Wish, grounds: Grounds, busy: dict[str, frozenset[Action]]
) -> None:
    told = made(inside, wish, grounds, busy)
    if told is None:
        return
    by_id = {one.account_id: one for one in inside}
    for step in told.steps:
        one = by_id[step.account_id]
        assert one.left_at is None
        assert wish.accounts is None or one.account_id in wish.accounts
        assert not set(step.actions) & busy.get(one.account_id, frozenset())
        if one.standing is Standing.LIKELY_MINOR or one.account_id in grounds.minors:
            assert step.actions == (Action.CARE,)
        else:
            assert one.standing is Standing.ABOVE
            assert one.account_id not in grounds.opposed
            assert one.account_id not in wish.left_out
            assert set(step.actions) <= set(wish.actions) - {Action.CARE}


@given(MEMBERS, WISHES, GROUNDS, BUSY)
def test_everybody_is_acted_on_or_set_aside_with_a_reason(
    inside: list[Member], wish: Wish, grounds: Grounds, busy: dict[str, frozenset[Action]]
) -> None:
    told = made(inside, wish, grounds, busy)
    if told is None:
        return
    here = {one.account_id for one in inside if one.left_at is None}
    acted = {step.account_id for step in told.steps if step.actions != (Action.CARE,)}
    cared = {step.account_id for step in told.steps if step.actions == (Action.CARE,)}
    aside = {one.account_id for one in told.aside}
    asked = (here if wish.accounts is None else set(wish.accounts)) | (set(wish.left_out) - here)
    assert acted | aside == asked
    assert not acted & aside
    assert cared <= aside
    assert all(one.why for one in told.aside)
    assert {one.account_id for one in told.aside if one.why == STRANGER} == asked - here
    assert all(one.asked is (wish.accounts is not None) for one in told.aside if one.why != STRANGER)


@given(MEMBERS, WISHES, GROUNDS, BUSY, st.randoms(use_true_random=False))
def test_the_order_in_which_members_come_changes_nothing(
    inside: list[Member], wish: Wish, grounds: Grounds, busy: dict[str, frozenset[Action]], chance: random.Random
) -> None:
    mixed = list(inside)
    chance.shuffle(mixed)
    assert made(inside, wish, grounds, busy) == made(mixed, wish, grounds, busy)


@given(MEMBERS, WISHES, BUSY)
def test_the_blast_is_what_one_counts_by_hand(
    inside: list[Member], wish: Wish, busy: dict[str, frozenset[Action]]
) -> None:
    seen: list[Sequence[str]] = []

    def reach(accounts: Sequence[str]) -> Reach:
        seen.append(accounts)
        return Reach(1, 2, 3, 4, 5)

    told = made(inside, wish, Grounds(reach=reach), busy)
    if told is None:
        return
    acted = [step for step in told.steps if Action.CARE not in step.actions]
    assert seen == [[step.account_id for step in acted]]
    blast = told.blast
    assert (blast.audience, blast.viewers, blast.minors_reached, blast.posts, blast.hashtags) == (1, 2, 3, 4, 5)
    assert blast.accounts == len(acted)
    assert blast.share == len(acted) / sum(one.left_at is None for one in inside)
    assert sum(blast.orders.values()) == sum(len(step.actions) for step in told.steps)
    assert blast.irreversible == sum(action not in REVERSIBLE for step in acted for action in step.actions)
    assert sum(blast.aside.values()) == len(told.aside)
    assert blast.contested == sum(bool(step.evidence.against) for step in acted)
    probabilities = [step.evidence.probability for step in acted]
    if None not in probabilities:
        assert blast.expected_wrong == pytest.approx(len(acted) - sum(one or 0.0 for one in probabilities))


@given(st.integers(1, 3_000), SHARE_LISTS)
def test_a_stage_ends_where_its_share_of_all_is_done(count: int, shares: tuple[float, ...]) -> None:
    told = list(staged(count, shares))
    assert len(told) == count
    assert told[0] == 1
    assert all(after - before in (0, 1) for before, after in pairwise(told))
    ends = {place + 1 for place in range(count) if place + 1 == count or told[place + 1] != told[place]}
    assert ends == {max(1, min(count, ceil(share * count))) for share in shares}


@pytest.mark.parametrize("standing", [Standing.PROTECTED, Standing.BELOW])
def test_one_asked_for_by_name_is_set_aside_all_the_same(standing: Standing) -> None:
    other = replace(ABOVE, account_id="swift", standing=standing)
    told = preview([ABOVE, other], Wish((Action.SUSPEND,), "why", ("ant", "swift")), Grounds(), {}, SHARES)
    assert [step.account_id for step in told.steps] == ["ant"]
    assert [(one.account_id, one.asked) for one in told.aside] == [("swift", True)]
    with pytest.raises(Fault, match="nobody is left"):
        preview([other], Wish((Action.SUSPEND,), "why", ("swift",)), Grounds(), {}, SHARES)


@pytest.mark.parametrize("standing", Standing)
def test_who_is_a_likely_minor_by_now_gets_care_whatever_the_discovery_said(standing: Standing) -> None:
    child = replace(ABOVE, account_id="robin", standing=standing)
    told = preview([child], Wish((Action.SUSPEND,), "why"), Grounds(minors=frozenset({"robin"})), {}, SHARES)
    assert [(step.account_id, step.actions) for step in told.steps] == [("robin", (Action.CARE,))]
    assert told.blast.accounts == 0


def test_what_a_reviewer_said_stands_above_the_score() -> None:
    told = preview(
        [ABOVE, replace(ABOVE, account_id="bee")],
        Wish((Action.LIMIT,), "why"),
        Grounds(opposed=frozenset({"bee"})),
        {},
        SHARES,
    )
    assert [(one.account_id, one.why) for one in told.aside] == [("bee", OPPOSED)]


@pytest.mark.parametrize("wish", [Wish((), "why"), Wish((Action.LIMIT,), "  "), Wish((Action.LIMIT,), "w" * 10_001)])
def test_a_wish_without_an_action_or_a_reason_is_refused(wish: Wish) -> None:
    with pytest.raises(Fault):
        preview([ABOVE], wish, Grounds(), {}, SHARES)
