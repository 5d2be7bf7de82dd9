"""What if somebody says that a plan was wrong about them? Another reviewer reads it, decides, and gives back."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ringfence.cases import orders, outbox, plan, timeline, trust, undo
from ringfence.cases.actions import REVERSIBLE, Action, Direction
from ringfence.cases.audit import Act, Fact
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.outbox import Kind
from ringfence.cases.people import Permission, Person, may
from ringfence.cases.plan import Plan
from ringfence.cases.plan_tables import APPEALS, HANDS, ORDERS
from ringfence.cases.preview import Step
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.trust import Shared
from ringfence.cases.undo import Lasting
from ringfence.cases.written import demand_text


class Decision(StrEnum):
    """What came of an appeal."""

    UPHOLD = "uphold"  # the plan was right
    OVERTURN = "overturn"


@dataclass(frozen=True, slots=True)
class Appeal:
    """What somebody says of a decision on them, in their own words, and what they were told."""

    appeal_id: str
    plan_id: str
    account_id: str
    statement: str
    received_at: datetime
    received_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: Decision | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """An appeal with what the decision rested on; `step` is None once the evidence is purged.

    `done` are the actions that were, or may have been, carried out. `took_part` are those who may not decide it.
    """

    appeal: Appeal
    step: Step | None
    done: tuple[Action, ...]
    took_part: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows from a decision. `restoring` orders wait for `execution.begin_undo` of the plan.

    `shared` are other decisions that stand and rest on the same seeds, and `trust` is what those seeds have now.
    """

    restoring: int
    lasting: tuple[Lasting, ...] = ()
    shared: tuple[Shared, ...] = ()
    trust: tuple[tuple[str, float], ...] = ()


def receive(within: Transaction, account_id: str, statement: str, plan_id: str | None = None) -> str:
    """Take in an appeal, of whoever the plan acted on, and return its id. A service of the platform's may do it too.

    Without `plan_id` it is against the plan that acted on the account last. Raises Unknown where none did, and Stale
    where an appeal waits already.
    """
    if not may(within.person, Permission.OPEN_CASES):
        within.demand(Permission.WORK_CASES)
    demand_text(statement, "statement")
    found = _acted_on(within, account_id, plan_id)
    case, against = plan.lock(within, found)
    if any(one.decided_at is None for one in _of(within, against.plan_id, account_id)):
        raise Stale("has an appeal that waits already", where=account_id, mend="wait for its decision")
    appeal_id = f"appeal-{secrets.token_hex(8)}"
    row = {"tenant": within.tenant, "appeal_id": appeal_id, "plan_id": against.plan_id, "account_id": account_id}
    told = {"statement": statement, "received_at": within.at, "received_by": within.person.id}
    within.connection.execute(sa.insert(APPEALS).values(**row, **told))
    timeline.add(within, case.case_id, Event.APPEALED, {"appeal": appeal_id, "plan": against.plan_id})
    within.record(Act.APPEAL_RECEIVED, appeal_id, {"plan": against.plan_id, "account": account_id})
    return appeal_id


def listed(within: Transaction, *, waiting: bool = True) -> tuple[Appeal, ...]:
    """The appeals that wait for a decision, or all of them; the one that waits longest first. The read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    asked = sa.select(*APPEALS.c).where(APPEALS.c.tenant == within.tenant)
    if waiting:
        asked = asked.where(APPEALS.c.decided_at.is_(None))
    within.record(Act.APPEALS_READ, "appeals")
    rows = within.connection.execute(asked.order_by(APPEALS.c.received_at, APPEALS.c.appeal_id))
    return tuple(_appeal(row._mapping) for row in rows)  # noqa: SLF001, SQLAlchemy's own name for what is public


def waiting(connection: sa.Connection, person: Person) -> int:
    """How many appeals somebody may decide. It is a count alone, so this read is not recorded."""
    if not may(person, Permission.DECIDE_APPEALS):
        return 0
    other = APPEALS.alias()
    part = sa.exists().where(
        HANDS.c.tenant == APPEALS.c.tenant, HANDS.c.plan_id == APPEALS.c.plan_id, HANDS.c.person_id == person.id
    )
    before = sa.exists().where(
        other.c.tenant == APPEALS.c.tenant,
        other.c.plan_id == APPEALS.c.plan_id,
        other.c.account_id == APPEALS.c.account_id,
        other.c.decided_by == person.id,
    )
    mine = APPEALS.c.tenant == person.tenant, APPEALS.c.decided_at.is_(None), ~part, ~before
    return int(connection.execute(sa.select(sa.func.count()).select_from(APPEALS).where(*mine)).scalar_one())


def find(within: Transaction, appeal_id: str) -> Context:
    """An appeal with what its decision rested on, to decide it. The read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    appeal = _seen(within, appeal_id)
    found = plan.seen(within, appeal.plan_id)
    within.record(Act.APPEALS_READ, appeal_id)
    steps = plan.content(within, found).preview.steps if plan.has_content(within, found.plan_id) else ()
    step = next((one for one in steps if one.account_id == appeal.account_id), None)
    done = tuple(_done_to(within, appeal.plan_id, appeal.account_id))
    return Context(appeal, step, done, _took_part(within, appeal))


def plan_of(within: Transaction, appeal_id: str) -> str:
    """Against which plan an appeal is, for whoever carries out what was decided."""
    within.demand(Permission.RUN_PLANS)
    return _seen(within, appeal_id).plan_id


def decide(
    within: Transaction,
    appeal_id: str,
    decision: Decision,
    answer: str,
    reversible: Collection[Action] = REVERSIBLE,
) -> Decided:
    """Decide an appeal as somebody who had no part in the plan; `answer` is what the account is told.

    To overturn is to have given back what can be, to tell discovery and the guard, and to trust the seeds less.
    """
    within.demand(Permission.DECIDE_APPEALS)
    seen = _seen(within, appeal_id)
    case, against = plan.lock(within, seen.plan_id)
    appeal = _seen(within, appeal_id)  # again, now that nobody else decides it meanwhile
    if appeal.decided_at is not None:
        raise Stale(f"was decided by {appeal.decided_by}", where=appeal_id, mend="see what they decided")
    if within.person.id in _took_part(within, appeal):
        what = "had a part in what is appealed against"
        raise Forbidden(what, where=within.person.id, mend="ask a reviewer who had none")
    demand_text(answer, "answer")
    state = {"decided_at": within.at, "decided_by": within.person.id, "decision": str(decision), "answer": answer}
    mine = APPEALS.c.tenant == within.tenant, APPEALS.c.appeal_id == appeal_id
    within.connection.execute(sa.update(APPEALS).where(*mine).values(**state))
    timeline.add(within, case.case_id, Event.APPEAL_DECIDED, {"appeal": appeal_id, "decision": str(decision)})
    detail: dict[str, Fact] = {"plan": against.plan_id, "account": appeal.account_id, "decision": decision}
    within.record(Act.APPEAL_DECIDED, appeal_id, detail)
    if decision is Decision.UPHOLD:
        return Decided(0)
    return _overturned(within, appeal, against, reversible)


def _overturned(within: Transaction, appeal: Appeal, against: Plan, reversible: Collection[Action]) -> Decided:
    limited = Action.LIMIT in _done_to(within, appeal.plan_id, appeal.account_id)
    back = undo.restore(within, against, appeal.account_id, f"overturned: {appeal.appeal_id}", reversible)
    about = (against.plan_id, within.person.id, appeal.appeal_id)
    outbox.put(within, Kind.DOES_NOT_BELONG, *about, [appeal.account_id])
    if limited:
        outbox.put(within, Kind.LIFT, *about, [appeal.account_id])
    seeds = trust.seeds_of(within, against.plan_id, appeal.account_id)
    now = trust.of(within)
    for seed in seeds:
        told: dict[str, Fact] = {"appeal": appeal.appeal_id, "trust": now[seed].share}
        within.record(Act.SEED_DOUBTED, seed, told)
    # A seed that was wrong about itself is doubted at once, another one when more was wrong than right.
    doubted = [one for one in seeds if now[one].share < trust.DOUBTED or one == appeal.account_id]
    outbox.put(within, Kind.DOUBT, *about, doubted)
    others = [one for one in trust.sharing(within, seeds) if one.account_id != appeal.account_id]
    return Decided(back.ordered, back.lasting, tuple(others), tuple((one, now[one].share) for one in seeds))


def _took_part(within: Transaction, appeal: Appeal) -> frozenset[str]:
    """Who proposed, decided, ran or undid the plan, and who decided on an appeal of the same account before."""
    before = {one.decided_by for one in _of(within, appeal.plan_id, appeal.account_id) if one.decided_by}
    return plan.hands(within, appeal.plan_id) | before


def _acted_on(within: Transaction, account_id: str, plan_id: str | None) -> str:
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.account_id == account_id, _carried_out()
    asked = sa.select(ORDERS.c.plan_id).where(*mine)
    if plan_id is not None:
        asked = asked.where(ORDERS.c.plan_id == plan_id)
    rows = within.connection.execute(asked.order_by(ORDERS.c.changed_at.desc(), ORDERS.c.plan_id))
    found: str | None = rows.scalars().first()
    if found is None:
        raise Unknown("no plan acted on it", where=repr(account_id[:63]), mend="check the account and the plan")
    return found


def _done_to(within: Transaction, plan_id: str, account_id: str) -> list[Action]:
    mine = ORDERS.c.tenant == within.tenant, ORDERS.c.plan_id == plan_id, ORDERS.c.account_id == account_id
    rows = within.connection.execute(sa.select(ORDERS.c.action).where(*mine, _carried_out()).order_by(ORDERS.c.number))
    return [Action(action) for action in rows.scalars()]


def _carried_out() -> sa.ColumnElement[bool]:
    """Care is nothing that was done to anybody."""
    return sa.and_(ORDERS.c.direction == Direction.DO, orders.perhaps_done(), ORDERS.c.action != Action.CARE)


def _of(within: Transaction, plan_id: str, account_id: str) -> list[Appeal]:
    mine = APPEALS.c.tenant == within.tenant, APPEALS.c.plan_id == plan_id, APPEALS.c.account_id == account_id
    return [_appeal(row._mapping) for row in within.connection.execute(sa.select(*APPEALS.c).where(*mine))]  # noqa: SLF001, as above


def _seen(within: Transaction, appeal_id: str) -> Appeal:
    mine = APPEALS.c.tenant == within.tenant, APPEALS.c.appeal_id == appeal_id
    row = within.connection.execute(sa.select(*APPEALS.c).where(*mine)).first()
    if row is None:
        raise Unknown("there is no such appeal", where=repr(appeal_id[:63]), mend="see `ringfence appeal list`")
    return _appeal(row._mapping)  # noqa: SLF001, as above


def _appeal(row: sa.RowMapping) -> Appeal:
    told: dict[str, Any] = {str(name): value for name, value in row.items() if name != "tenant"}
    return Appeal(**{**told, "decision": Decision(told["decision"]) if told["decision"] else None})
