import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.cases.conftest import Room
from tests.cases.planning import CHILD, SHIELDED, SUSPEND, UNSURE, Bench

from ringfence.cases import (
    appeals,
    approval,
    deciding,
    drafts,
    execution,
    holds,
    outbox,
    plan,
    plans,
    protected,
    staff,
    undo,
)
from ringfence.cases.actions import Action
from ringfence.cases.appeals import Decision
from ringfence.cases.deciding import Outcome
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.people import MAY, Permission, Person, Role, at_shell
from ringfence.cases.plan import Phase, Plan, Terms
from ringfence.cases.plan_tables import ORDERS, PLANS
from ringfence.cases.preview import Grounds, Wish
from ringfence.cases.protected import Why
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

NAMED = Wish((Action.SUSPEND,), "asked for by name", ("ant", CHILD, SHIELDED, UNSURE, "nobody"))


@pytest.fixture
def bench(room: Room) -> Bench:
    return Bench(room)


@contextmanager
def as_(room: Room, who: Person) -> Iterator[Transaction]:
    with room.database.transaction(who) as within:
        yield within


def set_roles(room: Room, who: Person, *roles: Role) -> None:
    with as_(room, at_shell("own")) as within:
        staff.set_roles(within, who.id, roles)


def status(room: Room, made: Plan) -> Phase:
    with room.database.look() as connection:
        return Phase(connection.execute(sa.select(PLANS.c.status).where(PLANS.c.plan_id == made.plan_id)).scalar_one())


def test_what_was_previewed_is_what_is_frozen_and_what_is_carried_out(room: Room, bench: Bench) -> None:
    seen = bench.preview()
    made = bench.propose()
    with as_(room, bench.finch) as within:
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


def test_a_child_a_protected_account_and_one_in_doubt_are_never_acted_on_even_by_name(room: Room, bench: Bench) -> None:
    made = bench.approved(NAMED)
    orders = bench.whole(bench.begin(made))
    assert {(one.account_id, one.action) for one in orders} == {("ant", Action.SUSPEND), (CHILD, Action.CARE)}
    with as_(room, bench.finch) as within:
        told = plans.show(within, made.plan_id)
    assert told.content is not None
    assert {one.account_id for one in told.content.preview.aside} == {CHILD, SHIELDED, UNSURE, "nobody"}


def test_a_plan_takes_a_lease_and_a_reason(room: Room, bench: Bench) -> None:
    with pytest.raises(Stale, match="not held by you"):
        bench.propose(who=bench.finch)
    with pytest.raises(Fault, match="no reason"):
        bench.propose(Wish((Action.LIMIT,), " "))
    made = bench.propose()
    with as_(room, bench.finch) as within, pytest.raises(Fault, match="no reason"):
        approval.approve(within, made.plan_id, str(made.digest), "", 365)


def test_nobody_approves_what_they_had_a_part_in(room: Room, bench: Bench) -> None:
    set_roles(room, bench.wren, Role.SENIOR_REVIEWER)
    made = bench.propose()
    with pytest.raises(Forbidden, match="had a part"):
        bench.approve(made, bench.wren)
    assert status(room, made) is Phase.FROZEN
    with as_(room, bench.wren) as within:
        draft = drafts.draft(within, bench.case_id, SUSPEND)
    with as_(room, bench.finch) as within:
        drafts.edit(within, draft, Wish((Action.LIMIT,), "milder"))
    frozen = plans.freeze(room.database, room.workspace, bench.wren, draft)
    with pytest.raises(Forbidden, match="had a part"):
        bench.approve(frozen, bench.finch)
    bench.approve(frozen, bench.gull)
    assert status(room, frozen) is Phase.APPROVED


def test_whoever_had_a_part_in_a_stale_plan_has_one_in_the_next(room: Room, bench: Bench) -> None:
    with as_(room, bench.wren) as within:
        first = drafts.draft(within, bench.case_id, SUSPEND)
    with as_(room, bench.finch) as within:
        drafts.edit(within, first, SUSPEND)
    with as_(room, bench.wren) as within:
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


def change_network(_: Room, bench: Bench) -> None:
    bench.find(2, ["ant", "bee", "cat", "dog", "eel"])


def shield_a_member(room: Room, bench: Bench) -> None:
    with as_(room, bench.gull) as within:
        protected.add(within, "bee", Why.RESEARCHER, "writes about birds")


def close_the_case(room: Room, _: Bench) -> None:
    room.run("UPDATE cases SET status = 'closed'")


CHANGES: list[Callable[[Room, Bench], None]] = [change_network, shield_a_member, close_the_case]


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_it_was_frozen_is_neither_approved_nor_started_nor_gone_on_with(
    room: Room, bench: Bench, change: Callable[[Room, Bench], None]
) -> None:
    frozen, ready, half = (
        bench.propose(Wish((one,), "why")) for one in (Action.LIMIT, Action.SUSPEND, Action.RESTRICT)
    )
    for made in (ready, half):
        bench.approve(made)
    run = bench.begin(half)
    bench.step(run)
    change(room, bench)
    assert bench.step(run) == ()
    assert status(room, half) is Phase.STOPPED
    for act in (lambda: bench.approve(frozen), lambda: bench.begin(ready), lambda: bench.begin(half)):
        with pytest.raises(Stale, match=r"has changed|case is closed"):
            act()


def test_a_new_preview_after_a_change_leaves_out_what_is_done_already(room: Room, bench: Bench) -> None:
    made = bench.approved(Wish((Action.SUSPEND,), "why"))
    bench.step(bench.begin(made))
    change_network(room, bench)
    room.clock.later(minutes=5)
    bench.hold()
    with as_(room, bench.wren) as within:
        undo.order(within, made.plan_id, "the network has grown")
    bench.whole(execution_undo(room, bench, made))
    told = bench.preview(Wish((Action.SUSPEND,), "why"))
    assert [step.account_id for step in told.steps if step.actions == (Action.SUSPEND,)] == [*bench.members, "eel"]
    second = bench.approved(Wish((Action.SUSPEND,), "why", ("bee",)))
    assert bench.whole(bench.begin(second))
    left = bench.preview(Wish((Action.SUSPEND,), "why"))
    assert "bee" not in {step.account_id for step in left.steps}


def execution_undo(room: Room, bench: Bench, made: Plan) -> execution.Run:
    with as_(room, bench.wren) as within:
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
    with as_(room, at_shell("own")) as within:
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


def test_who_became_a_likely_minor_or_was_cleared_since_stops_the_start(room: Room, bench: Bench) -> None:
    made = bench.approved()
    for grounds in (Grounds(minors=frozenset({"ant"})), Grounds(opposed=frozenset({"bee"}))):
        with as_(room, bench.wren) as within, pytest.raises(Stale, match=r"may be a child's|does not belong"):
            execution.begin(within, made.plan_id, grounds)


def test_a_plan_larger_than_allowed_is_refused(room: Room, bench: Bench) -> None:
    with as_(room, bench.wren) as within:
        made = drafts.draft(within, bench.case_id, SUSPEND)
    with as_(room, bench.wren) as within, pytest.raises(Fault, match="would act on 5 accounts, and 4 is the most"):
        drafts.freeze(within, made, Grounds(), Terms(most_accounts=4))


def test_a_person_of_another_tenant_finds_nothing_by_any_id(room: Room, bench: Bench) -> None:
    made = bench.approved()
    bench.step(bench.begin(made))
    with as_(room, bench.gull) as within:
        appeal = appeals.receive(within, "ant", "I watch birds")
        hold = holds.listed(within)[0].hold_id
    room.database.welcome("other")
    spy = room.person("spy", Role.SENIOR_REVIEWER, Role.AUDITOR, tenant="other")
    digest = str(made.digest)
    tries: list[Callable[[Transaction], object]] = [
        lambda within: plans.show(within, made.plan_id),
        lambda within: drafts.shown(within, bench.case_id, SUSPEND, Grounds(), Terms()),
        lambda within: drafts.draft(within, bench.case_id, SUSPEND),
        lambda within: drafts.edit(within, made.plan_id, SUSPEND),
        lambda within: drafts.again(within, made.plan_id),
        lambda within: approval.approve(within, made.plan_id, digest, "yes", 365),
        lambda within: approval.refuse(within, made.plan_id, digest, "no"),
        lambda within: execution.begin(within, made.plan_id, Grounds()),
        lambda within: execution.begin_undo(within, made.plan_id),
        lambda within: execution.stop(within, made.plan_id, "why"),
        lambda within: undo.order(within, made.plan_id, "why"),
        lambda within: appeals.receive(within, "ant", "me"),
        lambda within: appeals.find(within, appeal),
        lambda within: appeals.decide(within, appeal, Decision.OVERTURN, "yes"),
        lambda within: holds.place(within, bench.case_id, "why", 9),
        lambda within: holds.find(within, hold),
        lambda within: holds.extend(within, hold, room.clock.now + timedelta(days=999), "why"),
        lambda within: holds.set_legal(within, hold, "why"),
        lambda within: holds.lift_legal(within, hold, "why"),
    ]
    for attempt in tries:
        with as_(room, spy) as within, pytest.raises(Unknown):
            attempt(within)
    with as_(room, spy) as within:
        assert plan.listed(within) == plan.of(within, bench.case_id) == ()
        assert appeals.listed(within, waiting=False) == ()
        assert holds.listed(within) == holds.purge(within) == ()
        assert outbox.take(within) is None
        assert outbox.waiting(within) == 0


NEEDS: dict[str, Permission] = {
    "preview": Permission.READ_EVIDENCE,
    "list": Permission.READ_EVIDENCE,
    "show": Permission.READ_EVIDENCE,
    "draft": Permission.PROPOSE_PLANS,
    "edit": Permission.PROPOSE_PLANS,
    "freeze": Permission.PROPOSE_PLANS,
    "approve": Permission.APPROVE_PLANS,
    "refuse": Permission.APPROVE_PLANS,
    "begin": Permission.RUN_PLANS,
    "stop": Permission.RUN_PLANS,
    "undo": Permission.RUN_PLANS,
    "begin undo": Permission.RUN_PLANS,
    "take a parcel": Permission.RUN_PLANS,
    "list appeals": Permission.READ_EVIDENCE,
    "decide an appeal": Permission.DECIDE_APPEALS,
    "list holds": Permission.READ_EVIDENCE,
    "place a hold": Permission.KEEP_HOLDS,
    "purge": Permission.KEEP_HOLDS,
}


@pytest.mark.parametrize("role", Role)
def test_each_act_is_for_the_roles_that_may_and_for_no_other(room: Room, bench: Bench, role: Role) -> None:
    """Whatever else an act lacks, it is Forbidden to exactly those roles that have not its permission."""
    made = bench.propose()
    who = room.person("dove", role)
    digest = str(made.digest)
    acts: dict[str, Callable[[Transaction], object]] = {
        "preview": lambda within: drafts.shown(within, bench.case_id, SUSPEND, Grounds(), Terms()),
        "list": plan.listed,
        "show": lambda within: plans.show(within, made.plan_id),
        "draft": lambda within: drafts.draft(within, bench.case_id, SUSPEND),
        "edit": lambda within: drafts.edit(within, made.plan_id, SUSPEND),
        "freeze": lambda within: drafts.freeze(within, made.plan_id, Grounds(), Terms()),
        "approve": lambda within: approval.approve(within, made.plan_id, digest, " ", 365),
        "refuse": lambda within: approval.refuse(within, made.plan_id, digest, " "),
        "begin": lambda within: execution.begin(within, made.plan_id, Grounds()),
        "stop": lambda within: execution.stop(within, made.plan_id, "why"),
        "undo": lambda within: undo.order(within, made.plan_id, "why"),
        "begin undo": lambda within: execution.begin_undo(within, made.plan_id),
        "take a parcel": outbox.take,
        "list appeals": appeals.listed,
        "decide an appeal": lambda within: appeals.decide(within, "appeal-0", Decision.UPHOLD, "no"),
        "list holds": holds.listed,
        "place a hold": lambda within: holds.place(within, bench.case_id, "why", 9),
        "purge": holds.purge,
    }
    assert acts.keys() == NEEDS.keys()
    refused = set()
    for name, act in acts.items():
        with suppress(Stale, Unknown, Fault), as_(room, who) as within:
            try:
                act(within)
            except Forbidden:
                refused.add(name)
    assert refused == {name for name, needed in NEEDS.items() if needed not in MAY[role]}


def test_the_shell_proposes_approves_and_runs_nothing(bench: Bench) -> None:
    made = bench.approved()
    with pytest.raises(Forbidden):
        bench.begin(made, at_shell("own"))
    with pytest.raises(Forbidden):
        bench.approve(bench.propose(Wish((Action.RESTRICT,), "why")), at_shell("own"))


def test_every_read_of_a_plan_is_in_the_audit(room: Room, bench: Bench) -> None:
    made = bench.propose()
    before = bench.acts().count("plan_read")
    bench.preview()
    with as_(room, bench.finch) as within:
        plans.show(within, made.plan_id)
        plan.listed(within, Phase.FROZEN)
    assert bench.acts().count("plan_read") == before + 2
    assert bench.acts()[-1] == "plans_read"
    with room.database.look() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ORDERS)).scalar_one() == 0


@pytest.mark.parametrize("why", ["\0", "firecrest\0", "x" * 10_001, " "])
def test_a_reason_is_text_that_both_databases_take(room: Room, bench: Bench, why: str) -> None:
    made = bench.approved()
    acts: tuple[Callable[[Transaction], object], ...] = (
        lambda within: drafts.edit(within, made.plan_id, Wish((Action.LIMIT,), why)),
        lambda within: drafts.draft(within, bench.case_id, Wish((Action.LIMIT,), why)),
        lambda within: undo.order(within, made.plan_id, why),
        lambda within: execution.stop(within, made.plan_id, why),
        lambda within: protected.add(within, "dove", Why.REPORTER, why),
        lambda within: holds.place(within, bench.case_id, why, 9),
        lambda within: deciding.close(within, bench.case_id, Outcome.NOTHING, why),
    )
    for who in (bench.wren, bench.finch):
        for act in acts:
            with pytest.raises(Fault), as_(room, who) as within:
                act(within)
    second = bench.propose(Wish((Action.RESTRICT,), "why"))
    with pytest.raises(Fault, match="reason"), as_(room, bench.finch) as within:
        approval.approve(within, second.plan_id, str(second.digest), why, 9)
    bench.approve(second)
