from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.cases.test_preview import GROUNDS, MEMBERS, WISHES, made

from ringfence.cases import members
from ringfence.cases.changes import Changes, since
from ringfence.cases.members import Member
from ringfence.cases.preview import Grounds, Wish

AT = datetime(2026, 11, 2, tzinfo=UTC)
NOTHING = Changes((), (), (), ())


@given(MEMBERS, WISHES)
def test_nothing_has_changed_where_nothing_did(inside: list[Member], wish: Wish) -> None:
    frozen = made(inside, wish, Grounds(), {})
    if frozen is not None:
        assert since(frozen, wish, inside) == NOTHING


@given(MEMBERS, GROUNDS, st.data())
def test_each_change_is_told_as_what_it_is(inside: list[Member], grounds: Grounds, data: st.DataObject) -> None:
    wish = data.draw(WISHES.map(for_everybody))
    frozen = made(inside, wish, grounds, {})
    if frozen is None:
        return
    here = [one for one in inside if one.left_at is None]
    acted = {step.account_id for step in frozen.steps}
    one = data.draw(st.sampled_from(here))
    left = [replace(each, left_at=AT) if each == one else each for each in inside]
    assert since(frozen, wish, left).left == (one.account_id,)
    stranger = replace(one, account_id="new")
    assert since(frozen, wish, [*inside, stranger]).joined == ("new",)
    scored = [replace(each, score=each.score + 1) if each == one else each for each in inside]
    assert members.digest(scored) != members.digest(inside)
    assert since(frozen, wish, scored).evidence == ((one.account_id,) if one.account_id in acted else ())


def for_everybody(wish: Wish) -> Wish:
    """The same for everybody."""
    return Wish(wish.actions, wish.why)
