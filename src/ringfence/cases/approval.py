"""Who else agrees? A plan is approved by a senior reviewer who had no part in proposing it, and by nobody else."""

import sqlalchemy as sa

from ringfence.cases import drafts, holds, orders, people, plan, timeline
from ringfence.cases.actions import Action
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case
from ringfence.cases.faults import Forbidden, Stale
from ringfence.cases.people import Permission, Person
from ringfence.cases.plan import Content, Part, Phase, Plan
from ringfence.cases.plan_tables import HANDS, PLANS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason


def approve(within: Transaction, plan_id: str, digest: str, why: str, hold_days: int) -> None:
    """Agree to what was frozen under `digest`, which is what whoever approves it has seen.

    Its evidence is held from now on. Raises Forbidden for anybody who had a part in it, and Stale where it is not the
    plan that was seen, is decided on already, or rests on a network that has changed since.
    """
    case, found, content = _decided_on(within, plan_id, digest, why)
    if within.person.id in {found.by, *content.hands, *plan.hands(within, plan_id, Part.PROPOSED)}:
        what = "had a part in proposing this plan"
        raise Forbidden(what, where=within.person.id, mend="ask a senior reviewer who had none")
    if gone := plan.changed(within, case, found):
        raise Stale(gone, where=plan_id, mend="propose it again, and look at it anew")
    _refuse_overlap(within, content)
    orders.write_down(within, content, digest)
    state = {"decided_by": within.person.id, "decided_at": within.at, "decision": why}
    plan.change(within, plan_id, status=Phase.APPROVED, **state)
    plan.lend_hand(within, plan_id, Part.DECIDED)
    holds.of_plan(within, case, content, digest, hold_days)
    timeline.add(within, case.case_id, Event.PLAN_APPROVED, {"plan": plan_id, "why": why})
    within.record(Act.PLAN_APPROVED, plan_id, {"digest": digest, "why": why, "facts": content.facts})


def refuse(within: Transaction, plan_id: str, digest: str, why: str) -> None:
    """Turn a frozen plan down, for good. Whoever proposed it may do so too: that is to take it back."""
    case, found, _ = _decided_on(within, plan_id, digest, why, _may_refuse(within, plan_id))
    state = {"decided_by": within.person.id, "decided_at": within.at, "decision": why}
    plan.change(within, found.plan_id, status=Phase.REFUSED, **state)
    timeline.add(within, case.case_id, Event.PLAN_REFUSED, {"plan": plan_id, "why": why})
    within.record(Act.PLAN_REFUSED, plan_id, {"digest": digest, "why": why})


def waiting(connection: sa.Connection, person: Person) -> int:
    """How many plans wait for somebody's yes. It is a count alone, so this read is not recorded."""
    if not people.may(person, Permission.APPROVE_PLANS):
        return 0
    own = sa.exists().where(
        HANDS.c.tenant == PLANS.c.tenant,
        HANDS.c.plan_id == PLANS.c.plan_id,
        HANDS.c.person_id == person.id,
        HANDS.c.part == Part.PROPOSED,
    )
    mine = PLANS.c.tenant == person.tenant, PLANS.c.status == Phase.FROZEN, PLANS.c.by != person.id, ~own
    return int(connection.execute(sa.select(sa.func.count()).select_from(PLANS).where(*mine)).scalar_one())


def vouched(within: Transaction, found: Plan) -> str:
    """Why a plan's approval does not hold any more; empty where it does. The approver's roles are read anew."""
    if found.decided_by is None or found.decided_by in {found.by, *plan.hands(within, found.plan_id, Part.PROPOSED)}:
        return "nobody else has approved it"
    try:
        approver = Person(found.decided_by, within.tenant, "", frozenset())
        people.demand(people.current(within.connection, approver), Permission.APPROVE_PLANS)
    except Forbidden as fault:
        return f"{found.decided_by}, who approved it, {fault.what}"
    return ""


def _may_refuse(within: Transaction, plan_id: str) -> Permission:
    own = within.person.id in plan.hands(within, plan_id, Part.PROPOSED)
    return Permission.PROPOSE_PLANS if own else Permission.APPROVE_PLANS


def _decided_on(
    within: Transaction, plan_id: str, digest: str, why: str, needed: Permission = Permission.APPROVE_PLANS
) -> tuple[Case, Plan, Content]:
    within.demand(needed)
    case, found = plan.lock(within, plan_id)
    if found.status is not Phase.FROZEN:
        by = f" by {found.decided_by}" if found.decided_by else ""
        raise Stale(f"is {found.status}{by}", where=plan_id, mend="only a frozen plan is decided on")
    if found.digest != digest:
        raise Stale("is not the one that was seen", where=plan_id, mend="look at it, and give its digest")
    demand_reason(why, plan_id)
    return case, found, plan.content(within, found)


def _refuse_overlap(within: Transaction, content: Content) -> None:
    busy = drafts.busy(within, [step.account_id for step in content.preview.steps])
    # To be handed to those who care by two plans harms nobody, and must keep neither from being approved.
    done = {account: actions - {Action.CARE} for account, actions in busy.items()}
    twice = [one for one in content.preview.steps if done.get(one.account_id, frozenset()) & set(one.actions)]
    if twice:
        what = f"another plan does the same to {len(twice):,} of its accounts"
        raise Stale(what, where=content.plan_id, mend="propose it again: they are set aside then")
