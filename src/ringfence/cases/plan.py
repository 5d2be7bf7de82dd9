"""What is a plan, and how far is it? From a draft over what is frozen to what was done, or taken back."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from ringfence.cases import cases, ground, members
from ringfence.cases.actions import Direction
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case, Kind, Status
from ringfence.cases.faults import Stale, Unknown
from ringfence.cases.people import Permission
from ringfence.cases.plan_tables import HANDS, PLANS
from ringfence.cases.preview import Preview, Wish
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

CHANGED = "the network has changed since the plan was frozen"
COLUMNS = [column for column in PLANS.c if column.name not in {"tenant", "content"}]  # the content may be megabytes


class Phase(StrEnum):
    """How far a plan is. One that STOPPED goes on where it stood, or is undone."""

    DRAFT = "draft"
    DROPPED = "dropped"
    FROZEN = "frozen"
    APPROVED = "approved"
    REFUSED = "refused"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Part(StrEnum):
    """What somebody had to do with a plan. Who PROPOSED it approves it never; nobody with a part decides an appeal."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    RAN = "ran"
    UNDID = "undid"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Within what a plan is carried out. Frozen with it, so that whoever approves it approves these as well.

    A stage ends where so much of all accounts is done as `stages` says; where `pauses`, the next one waits for somebody
    to say go. It stops where more than `most_failed` of the orders of a run, or `most_in_a_row` one after the other, go
    wrong. `per_second` orders are sent at the most.
    """

    stages: tuple[float, ...] = (0.01, 0.1, 1.0)
    pauses: bool = True
    most_failed: float = 0.05
    most_in_a_row: int = 5
    per_second: float = 50.0
    most_accounts: int = 10_000


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is frozen: all that a second person approves, and all that is carried out."""

    tenant: str
    plan_id: str
    case_id: str
    network_id: str | None
    run_id: str | None  # of the discovery that the scores are of
    facts: str  # the digest of all members of the case and what is said of them
    by: str
    hands: tuple[str, ...]  # all who had a part in proposing it
    at: datetime
    why: str
    terms: Terms
    preview: Preview


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it stands, without its content. `digest` and `facts` are None while it is a draft.

    `terms` are those it is frozen with. `token` is a secret of whoever runs it now.
    """

    plan_id: str
    case_id: str
    status: Phase
    by: str
    at: datetime
    wish: str
    digest: str | None
    facts: str | None
    terms: Terms
    accounts: int
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    run: int
    token: str | None = field(repr=False)
    token_until: datetime | None
    direction: Direction
    through: int
    settled: int
    failed: int
    in_a_row: int
    stopped: str


def frozen(content: Content) -> tuple[str, str]:
    """The canonical JSON of a plan (names sorted, no spaces), and its SHA-256."""
    text = msgspec.json.encode(content, order="sorted").decode()
    return text, hashlib.sha256(text.encode()).hexdigest()


def content(within: Transaction, found: Plan) -> Content:
    """What was frozen. Raises Fault where it is not to the letter what its digest was made of, or not there."""
    text = within.connection.execute(sa.select(PLANS.c.content).where(*mine(within, found.plan_id))).scalar()
    if text is None or found.digest is None:
        mend = "freeze it first" if found.status is Phase.DRAFT else "its evidence was purged when its clock ran out"
        raise Stale("has no content", where=found.plan_id, mend=mend)
    as_frozen = hashlib.sha256(text.encode()).hexdigest() == found.digest
    made = msgspec.json.decode(text, type=Content) if as_frozen else None
    if made is None or (found.facts, found.terms) != (made.facts, made.terms):
        mend = "find out who changed the database: run `ringfence audit verify`"
        raise Fault("is not what was frozen", where=found.plan_id, mend=mend)
    return made


def has_content(within: Transaction, plan_id: str) -> bool:
    """Whether what was frozen is still there: it goes when its evidence is purged."""
    asked = sa.select(PLANS.c.plan_id).where(*mine(within, plan_id), PLANS.c.content.is_not(None))
    return within.connection.execute(asked).first() is not None


def wish(plan: Plan) -> Wish:
    """What was asked for."""
    return msgspec.json.decode(plan.wish, type=Wish)


def find(within: Transaction, plan_id: str) -> Plan:
    """A plan, to show it; the read is recorded. Raises Unknown for one that is not this tenant's."""
    within.demand(Permission.READ_EVIDENCE)
    found = seen(within, plan_id)
    within.record(Act.PLAN_READ, plan_id)
    return found


def listed(within: Transaction, phase: Phase | None = None) -> tuple[Plan, ...]:
    """All plans, or those in one phase, the newest first; the read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    asked = sa.select(*COLUMNS).where(PLANS.c.tenant == within.tenant)
    if phase is not None:
        asked = asked.where(PLANS.c.status == str(phase))
    within.record(Act.PLANS_READ, "plans", {"status": phase})
    rows = within.connection.execute(asked.order_by(PLANS.c.at.desc(), PLANS.c.plan_id))
    return tuple(_plan(row._mapping) for row in rows)  # noqa: SLF001, as below


def of(within: Transaction, case_id: str) -> tuple[Plan, ...]:
    """The plans for a case, oldest first. Whoever shows them has asked for the case."""
    mine = sa.and_(PLANS.c.tenant == within.tenant, PLANS.c.case_id == case_id)
    rows = within.connection.execute(sa.select(*COLUMNS).where(mine).order_by(PLANS.c.at, PLANS.c.plan_id))
    return tuple(_plan(row._mapping) for row in rows)  # noqa: SLF001, SQLAlchemy's own name for what is public


def seen(within: Transaction, plan_id: str) -> Plan:
    """The same, for an act that shows nobody the plan."""
    return _fetched(within, sa.select(*COLUMNS).where(*mine(within, plan_id)), plan_id)


def lock(within: Transaction, plan_id: str) -> tuple[Case, Plan]:
    """A plan and its case, to change them: nobody else does until this act ends. The case comes first, as elsewhere."""
    case_id = seen(within, plan_id).case_id
    case = cases.lock(within, case_id)
    row = sa.select(*COLUMNS).where(*mine(within, plan_id)).with_for_update(key_share=True)
    return case, _fetched(within, row, plan_id)


def change(within: Transaction, plan_id: str, **values: object) -> None:
    """Set columns of a plan that `lock` has returned."""
    within.connection.execute(sa.update(PLANS).where(*mine(within, plan_id)).values(**values))


def hands(within: Transaction, plan_id: str, *parts: Part) -> frozenset[str]:
    """All who had one of these parts in a plan; any part at all where none is named."""
    asked = sa.select(HANDS.c.person_id).where(HANDS.c.tenant == within.tenant, HANDS.c.plan_id == plan_id)
    if parts:
        asked = asked.where(HANDS.c.part.in_([str(part) for part in parts]))
    return frozenset(within.connection.execute(asked).scalars())


def lend_hand(within: Transaction, plan_id: str, part: Part) -> None:
    """Write down that the person has a part in a plan that `lock` has returned."""
    if within.person.id not in hands(within, plan_id, part):
        row = {"tenant": within.tenant, "plan_id": plan_id, "person_id": within.person.id, "part": str(part)}
        within.connection.execute(sa.insert(HANDS).values(**row))


def mine(within: Transaction, plan_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """One plan, of this tenant."""
    return PLANS.c.tenant == within.tenant, PLANS.c.plan_id == plan_id


def changed(within: Transaction, case: Case, found: Plan) -> str:
    """Why a plan for a case may not go on; empty where it is as it was when it was frozen. Every member is read."""
    return standing(case) or ("" if members.digest(ground.of(within, case)) == found.facts else CHANGED)


def moved(within: Transaction, case: Case, found: Plan) -> str:
    """The same by the digest that is kept with the case, for between two orders: nobody need read all members then."""
    if case.kind is not Kind.NETWORK:
        return changed(within, case, found)
    return standing(case) or ("" if case.facts == found.facts else CHANGED)


def standing(case: Case) -> str:
    """Why nothing may be done about a case, whoever is in it; empty where something may."""
    if case.status is not Status.OPEN:
        return f"the case is {case.status}"
    return "the network is no longer found" if case.gone_at else ""


def _fetched(within: Transaction, asked: sa.Select[Any], plan_id: str) -> Plan:
    row = within.connection.execute(asked).first()
    if row is None:
        raise Unknown("there is no such plan", where=repr(plan_id[:63]), mend="see the plans of the case")
    return _plan(row._mapping)  # noqa: SLF001, as above


def _plan(row: sa.RowMapping) -> Plan:
    told: dict[str, Any] = {str(name): value for name, value in row.items()}
    terms = msgspec.json.decode(told["terms"], type=Terms) if told["terms"] else Terms()
    return Plan(**{**told, "status": Phase(told["status"]), "direction": Direction(told["direction"]), "terms": terms})
