import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.cases.conftest import Room
from tests.cases.planning import CHILD, SHIELDED, SUSPEND, UNSURE, Bench

from ringfence.cases import (
    approval,
    deciding,
    drafts,
    execution,
    holds,
    plan,
    plans,
    protected,
    staff,
    undo,
)
from ringfence.cases.actions import Action
from ringfence.cases.deciding import Outcome
from ringfence.cases.faults import Forbidden, Stale
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.plan import Phase, Plan, Terms
from ringfence.cases.plan_tables import PLANS
from ringfence.cases.preview import Grounds, Wish
from ringfence.cases.protected import Why
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

NAMED = Wish((Action.SUSPEND,), "asked for by name", ("ant", CHILD, SHIELDED, UNSURE, "nobody"))


@pytest.fixture
def bench(room: Room) -> Bench:
    return Bench(room)


def set_roles(room: Room, who: Person, *roles: Role) -> None:
    with room.database.transaction(at_shell("own")) as within:
        staff.set_roles(within, who.id, roles)


def status(room: Room, made: Plan) -> Phase:
    with room.database.look() as connection:
        return Phase(connection.execute(sa.select(PLANS.c.status).where(PLANS.c.plan_id == made.plan_id)).scalar_one())


def test_what_was_previewed_is_what_is_frozen_and_what_is_carried_out(room: Room, bench: Bench) -> None:
    seen = bench.preview()
    made = bench.propose()
    with bench.act(bench.finch) as within:
        told = plans.show(within, made.plan_id)
    assert told.content is not None
    assert told.content.preview == seen
    assert told.plan.digest == plan.frozen(told.content)[1]
    bench.approve(made)
    orders = bench.whole(bench.begin(made))
    assert [(one.account_id, one.action) for one in orders] == [
        (step.account_id, action) for step in seen.steps for action in step.actions
    ]
    assert status(room, made) is Phase.DONE


def test_a_child_a_protected_account_and_one_in_doubt_are_never_acted_on_even_by_name(bench: Bench) -> None:
    made = bench.approved(NAMED)
    orders = bench.whole(bench.begin(made))
    assert {(one.account_id, one.action) for one in orders} == {("ant", Action.SUSPEND), (CHILD, Action.CARE)}
    with bench.act(bench.finch) as within:
        told = plans.show(within, made.plan_id)
    assert told.content is not None
    assert {one.account_id for one in told.content.preview.aside} == {CHILD, SHIELDED, UNSURE, "nobody"}


def test_a_plan_takes_a_lease_and_a_reason(bench: Bench) -> None:
    with pytest.raises(Stale, match="not held by you"):
        bench.propose(who=bench.finch)
    with pytest.raises(Fault, match="no reason"):
        bench.propose(Wish((Action.LIMIT,), " "))
    made = bench.propose()
    with bench.act(bench.finch) as within, pytest.raises(Fault, match="no reason"):
        approval.approve(within, made.plan_id, str(made.digest), "", 365)


def test_nobody_approves_what_they_had_a_part_in(room: Room, bench: Bench) -> None:
    set_roles(room, bench.wren, Role.SENIOR_REVIEWER)
    made = bench.propose()
    with pytest.raises(Forbidden, match="had a part"):
        bench.approve(made, bench.wren)
    assert status(room, made) is Phase.FROZEN
    with bench.act(bench.wren) as within:
        draft = drafts.draft(within, bench.case_id, SUSPEND)
    with bench.act(bench.finch) as within:
        drafts.edit(within, draft, Wish((Action.LIMIT,), "milder"))
    frozen = plans.freeze(room.database, room.workspace, bench.wren, draft)
    with pytest.raises(Forbidden, match="had a part"):
        bench.approve(frozen, bench.finch)
    seniors = [replace(who, roles=frozenset({Role.SENIOR_REVIEWER})) for who in (bench.wren, bench.finch, bench.gull)]
    with room.database.look() as connection:
        assert [approval.waiting(connection, who) for who in seniors] == [0, 1, 2]
    bench.approve(frozen, bench.gull)
    assert status(room, frozen) is Phase.APPROVED


def test_whoever_had_a_part_in_a_stale_plan_has_one_in_the_next(room: Room, bench: Bench) -> None:
    with bench.act(bench.wren) as within:
        first = drafts.draft(within, bench.case_id, SUSPEND)
    with bench.act(bench.finch) as within:
        drafts.edit(within, first, SUSPEND)
    with bench.act(bench.wren) as within:
        second = drafts.again(within, first)
    frozen = plans.freeze(room.database, room.workspace, bench.wren, second)
    with pytest.raises(Forbidden, match="had a part"):
        bench.approve(frozen, bench.finch)


def test_one_approves_what_one_has_seen_and_only_once(room: Room, bench: Bench) -> None:
    made = bench.propose()
    with pytest.raises(Stale, match="not the one that was seen"):
        plans.approve(room.database, room.workspace, bench.finch, made.plan_id, "0" * 64, "yes")
    bench.approve(made)
    with pytest.raises(Stale, match="is approved by finch"):
        bench.approve(made, bench.gull)
    with pytest.raises(Stale, match="is approved"):
        plans.refuse(room.database, bench.gull, made.plan_id, str(made.digest), "no")


def test_a_refused_plan_stays_refused(room: Room, bench: Bench) -> None:
    made = bench.propose()
    plans.refuse(room.database, bench.finch, made.plan_id, str(made.digest), "too wide")
    for act in (lambda: bench.approve(made, bench.gull), lambda: bench.begin(made)):
        with pytest.raises(Stale, match="is refused"):
            act()
    own = bench.propose()
    plans.refuse(room.database, bench.wren, own.plan_id, str(own.digest), "taken back")
    with pytest.raises(Forbidden):
        plans.refuse(room.database, room.person("dove", Role.REVIEWER), bench.propose().plan_id, "0", "no")


def test_two_who_approve_at_once_are_one_who_does(room: Room, bench: Bench) -> None:
    made, gate, told = bench.propose(), threading.Barrier(2), []

    def approve(who: Person) -> None:
        gate.wait()
        try:
            bench.approve(made, who)
            told.append(who.id)
        except Stale as fault:
            told.append(fault.what)

    workers = [threading.Thread(target=approve, args=(who,)) for who in (bench.finch, bench.gull)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    (winner,) = [one for one in told if one in {"finch", "gull"}]
    assert f"is approved by {winner}" in told
    assert bench.acts().count("plan_approved") == 1
    assert room.count("plan_orders") == 9


def change_network(bench: Bench) -> None:
    bench.find(2, ["ant", "bee", "cat", "dog", "eel"])


def shield_a_member(bench: Bench) -> None:
    with bench.act(bench.gull) as within:
        protected.add(within, "bee", Why.RESEARCHER, "writes about birds")


def close_the_case(bench: Bench) -> None:
    bench.room.run("UPDATE cases SET status = 'closed'")


CHANGES: list[Callable[[Bench], None]] = [change_network, shield_a_member, close_the_case]


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_it_was_frozen_is_neither_approved_nor_started_nor_gone_on_with(
    room: Room, bench: Bench, change: Callable[[Bench], None]
) -> None:
    frozen, ready, half = (
        bench.propose(Wish((one,), "why")) for one in (Action.LIMIT, Action.SUSPEND, Action.RESTRICT)
    )
    for made in (ready, half):
        bench.approve(made)
    run = bench.begin(half)
    bench.step(run)
    change(bench)
    assert bench.step(run) == ()
    assert status(room, half) is Phase.STOPPED
    for act in (lambda: bench.approve(frozen), lambda: bench.begin(ready), lambda: bench.begin(half)):
        with pytest.raises(Stale, match=r"has changed|case is closed"):
            act()


def test_a_new_preview_after_a_change_leaves_out_what_is_done_already(room: Room, bench: Bench) -> None:
    made = bench.approved(Wish((Action.SUSPEND,), "why"))
    bench.step(bench.begin(made))
    change_network(bench)
    room.clock.later(minutes=5)
    bench.hold()
    with bench.act(bench.wren) as within:
        undo.order(within, made.plan_id, "the network has grown")
    bench.whole(execution_undo(bench, made))
    told = bench.preview(Wish((Action.SUSPEND,), "why"))
    assert [step.account_id for step in told.steps if step.actions == (Action.SUSPEND,)] == [*bench.members, "eel"]
    second = bench.approved(Wish((Action.SUSPEND,), "why", ("bee",)))
    assert bench.whole(bench.begin(second))
    left = bench.preview(Wish((Action.SUSPEND,), "why"))
    assert "bee" not in {step.account_id for step in left.steps}


def execution_undo(bench: Bench, made: Plan) -> execution.Run:
    with bench.act(bench.wren) as within:
        return execution.begin_undo(within, made.plan_id)


def test_two_plans_never_do_the_same_to_one_account(bench: Bench) -> None:
    first, second = bench.propose(), bench.propose()
    bench.approve(first)
    with pytest.raises(Stale, match="another plan does the same"):
        bench.approve(second)


@pytest.mark.parametrize("roles", [(Role.REVIEWER,), (Role.ADMINISTRATOR, Role.AUDITOR), ()])
def test_an_approver_who_is_one_no_more_has_approved_nothing(room: Room, bench: Bench, roles: tuple[Role, ...]) -> None:
    made = bench.approved()
    set_roles(room, bench.finch, *roles)
    with pytest.raises(Stale, match="finch, who approved it, may not approve plans"):
        bench.begin(made)
    set_roles(room, bench.finch, Role.SENIOR_REVIEWER)
    run = bench.begin(made)
    assert len(bench.step(run)) == 1
    with bench.act(at_shell("own")) as within:
        staff.leave(within, "finch")
    assert bench.step(run) == ()
    assert status(room, made) is Phase.STOPPED
    with pytest.raises(Stale, match="does not work here"):
        bench.begin(made)


def test_whoever_may_not_run_plans_any_more_sends_nothing_more(room: Room, bench: Bench) -> None:
    run = bench.begin(bench.approved())
    set_roles(room, bench.wren, Role.VIEWER)
    with pytest.raises(Forbidden, match="may not run plans"):
        bench.step(run)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE plans SET content = replace(content, 'ant', 'swi')",
        "UPDATE plans SET terms = replace(terms, '10000', '99999')",
        "UPDATE plan_orders SET action = 'remove_content' WHERE account_id = 'ant' AND action = 'limit'",
        "DELETE FROM plan_orders WHERE account_id = 'ant'",
        f"UPDATE plan_orders SET account_id = '{SHIELDED}' WHERE account_id = 'ant'",
    ],
)
def test_what_somebody_changed_in_the_database_is_not_carried_out(room: Room, bench: Bench, tampering: str) -> None:
    made = bench.approved()
    room.run(tampering)
    with pytest.raises(Fault, match=r"not what was frozen|other orders than were frozen"):
        bench.begin(made)


def test_who_became_a_likely_minor_or_was_cleared_since_stops_the_start(bench: Bench) -> None:
    made = bench.approved()
    for grounds in (Grounds(minors=frozenset({"ant"})), Grounds(opposed=frozenset({"bee"}))):
        with bench.act(bench.wren) as within, pytest.raises(Stale, match=r"may be a child's|does not belong"):
            execution.begin(within, made.plan_id, grounds)


def test_a_plan_larger_than_allowed_is_refused(bench: Bench) -> None:
    with bench.act(bench.wren) as within:
        made = drafts.draft(within, bench.case_id, SUSPEND)
    with bench.act(bench.wren) as within, pytest.raises(Fault, match="would act on 5 accounts, and 4 is the most"):
        drafts.freeze(within, made, Grounds(), Terms(most_accounts=4))


@pytest.mark.parametrize("why", ["\0", "firecrest\0", "x" * 10_001, " "])
def test_a_reason_is_text_that_both_databases_take(bench: Bench, why: str) -> None:
    """Each act says that the reason is what it lacks, to whoever may do it; to others, that they may not."""
    made = bench.approved()
    with bench.act(bench.wren) as within:
        draft = drafts.draft(within, bench.case_id, SUSPEND)
    acts: tuple[Callable[[Transaction], object], ...] = (
        lambda within: drafts.edit(within, draft, Wish((Action.LIMIT,), why)),
        lambda within: drafts.draft(within, bench.case_id, Wish((Action.LIMIT,), why)),
        lambda within: undo.order(within, made.plan_id, why),
        lambda within: execution.stop(within, made.plan_id, why),
        lambda within: protected.add(within, "dove", Why.REPORTER, why),
        lambda within: holds.place(within, bench.case_id, why, 9),
        lambda within: deciding.close(within, bench.case_id, Outcome.NOTHING, why),
    )
    for act in acts:
        said = []
        for who in (bench.wren, bench.finch):
            with pytest.raises(Fault) as told, bench.act(who) as within:
                act(within)
            said.append(str(told.value))
        assert any("reason" in one for one in said), said
    second = bench.propose(Wish((Action.RESTRICT,), "why"))
    with pytest.raises(Fault, match="reason"), bench.act(bench.finch) as within:
        approval.approve(within, second.plan_id, str(second.digest), why, 9)
    bench.approve(second)
