"""Who may do what about plans, appeals and holds, whose are they, and who looked?"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.cases.conftest import Room
from tests.cases.planning import SUSPEND, Bench

from ringfence.cases import (
    appeals,
    approval,
    drafts,
    execution,
    holds,
    outbox,
    plan,
    plans,
    undo,
)
from ringfence.cases.actions import Action
from ringfence.cases.appeals import Decision
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.people import MAY, Permission, Role, at_shell
from ringfence.cases.plan import Phase, Terms
from ringfence.cases.plan_tables import ORDERS
from ringfence.cases.preview import Grounds, Wish
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault


@pytest.fixture
def bench(room: Room) -> Bench:
    return Bench(room)


def test_a_person_of_another_tenant_finds_nothing_by_any_id(room: Room, bench: Bench) -> None:
    made = bench.approved()
    bench.step(bench.begin(made))
    with bench.act(bench.gull) as within:
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
        lambda within: drafts.drop(within, made.plan_id, "why"),
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
        with bench.act(spy) as within, pytest.raises(Unknown):
            attempt(within)
    with bench.act(spy) as within:
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
    "drop": Permission.PROPOSE_PLANS,
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
        "drop": lambda within: drafts.drop(within, made.plan_id, "why"),
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
        with suppress(Stale, Unknown, Fault), bench.act(who) as within:
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
    with bench.act(bench.finch) as within:
        plans.show(within, made.plan_id)
        plan.listed(within, Phase.FROZEN)
    assert bench.acts().count("plan_read") == before + 2
    assert bench.acts()[-1] == "plans_read"
    with room.database.look() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ORDERS)).scalar_one() == 0
