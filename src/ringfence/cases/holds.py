"""Which evidence must stay, and how long? JSON of what was known, never media; purged when its clock has run out."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from ringfence.cases import cases, members, plan, timeline
from ringfence.cases.audit import Act, Fact
from ringfence.cases.cases import Case
from ringfence.cases.faults import Stale, Unknown
from ringfence.cases.people import Permission
from ringfence.cases.plan import Content, Phase
from ringfence.cases.plan_tables import HOLDS, PLANS
from ringfence.cases.timeline import Event
from ringfence.cases.transaction import Transaction
from ringfence.cases.written import demand_reason
from ringfence.model.faults import Fault

COLUMNS = [column for column in HOLDS.c if column.name not in {"tenant", "content"}]
LONGEST = 36_500  # days; one that must stay for good is under a legal hold
# A plan in one of these may still be carried out or taken back: what it rests on stays that long.
UNFINISHED = (Phase.APPROVED, Phase.RUNNING, Phase.STOPPED, Phase.UNDOING)


@dataclass(frozen=True, slots=True)
class Hold:
    """Evidence that is held, without the evidence. `digest` is the SHA-256 of it; `legal_by` says it must stay."""

    hold_id: str
    case_id: str
    plan_id: str | None
    by: str
    at: datetime
    until: datetime
    digest: str
    why: str
    legal_by: str | None
    legal_why: str | None
    purged_at: datetime | None
    purged_by: str | None


def place(within: Transaction, case_id: str, why: str, days: int) -> str:
    """Hold what is known of a case now, for so many days. Returns the hold's id."""
    within.demand(Permission.KEEP_HOLDS)
    demand_reason(why, case_id)
    return _place(within, cases.lock(within, case_id), None, {}, why, days)


def of_plan(within: Transaction, case: Case, content: Content, digest: str, days: int) -> str:
    """Hold what a plan rests on, as part of its approval."""
    return _place(within, case, content.plan_id, {"plan": content, "plan_digest": digest}, content.why, days)


def listed(within: Transaction, case_id: str | None = None) -> tuple[Hold, ...]:
    """All holds, or those of a case; the one that ends first first. The read is recorded."""
    within.demand(Permission.READ_EVIDENCE)
    asked = sa.select(*COLUMNS).where(HOLDS.c.tenant == within.tenant)
    if case_id is not None:
        asked = asked.where(HOLDS.c.case_id == case_id)
    within.record(Act.HOLDS_READ, case_id or "holds")
    rows = within.connection.execute(asked.order_by(HOLDS.c.until, HOLDS.c.hold_id))
    return tuple(Hold(**row._mapping) for row in rows)  # noqa: SLF001, SQLAlchemy's own name for what is public


def find(within: Transaction, hold_id: str) -> tuple[Hold, str]:
    """A hold and its evidence as JSON. Raises Stale once it is purged, Fault where it is not as it was held."""
    within.demand(Permission.READ_EVIDENCE)
    found = _lock(within, hold_id)
    within.record(Act.HOLD_READ, hold_id)
    text = _content(within, hold_id)
    if text is None:
        raise Stale("was purged", where=hold_id, mend="its digest is in the audit")
    if _digest(text) != found.digest:
        raise Fault("is not what was held", where=hold_id, mend="find out who changed it: `ringfence audit verify`")
    return found, text


def extend(within: Transaction, hold_id: str, until: datetime, why: str) -> None:
    """Have the evidence stay longer. Its clock is never set back."""
    found = _kept(within, hold_id, why)
    if until <= found.until:
        raise Fault(f"is held until {found.until:%Y-%m-%d} already", where=hold_id, mend="name a later day")
    _change(within, hold_id, until=until)
    within.record(Act.HOLD_EXTENDED, hold_id, {"until": until.isoformat(), "why": why})


def set_legal(within: Transaction, hold_id: str, why: str) -> None:
    """Have the evidence stay whatever the clock says, because the law asks for it."""
    found = _kept(within, hold_id, why)
    if found.legal_by:
        raise Stale(f"is under a legal hold of {found.legal_by}", where=hold_id, mend="nothing need be done")
    _change(within, hold_id, legal_by=within.person.id, legal_why=why)
    within.record(Act.LEGAL_HOLD_SET, hold_id, {"why": why})


def lift_legal(within: Transaction, hold_id: str, why: str) -> None:
    """Let the clock count again."""
    found = _kept(within, hold_id, why)
    if not found.legal_by:
        raise Stale("is under no legal hold", where=hold_id, mend="nothing need be done")
    _change(within, hold_id, legal_by=None, legal_why=None)
    within.record(Act.LEGAL_HOLD_LIFTED, hold_id, {"why": why})


def due(within: Transaction) -> tuple[Hold, ...]:
    """Those whose clock has run out, under no legal hold, of no plan that may still be carried out or taken back."""
    open_plan = sa.exists().where(
        PLANS.c.tenant == HOLDS.c.tenant, PLANS.c.plan_id == HOLDS.c.plan_id, PLANS.c.status.in_(UNFINISHED)
    )
    asked = sa.select(*COLUMNS).where(HOLDS.c.tenant == within.tenant, HOLDS.c.purged_at.is_(None), ~open_plan)
    over = asked.where(HOLDS.c.until <= within.at, HOLDS.c.legal_by.is_(None))
    rows = within.connection.execute(over.order_by(HOLDS.c.until, HOLDS.c.hold_id).with_for_update())
    return tuple(Hold(**row._mapping) for row in rows)  # noqa: SLF001, as above


def purge(within: Transaction) -> tuple[Hold, ...]:
    """Remove the evidence of all that are due, and see that it is gone. Its digest stays, here and in the audit.

    What the plan had frozen goes with it, unless another hold of the same plan stays.
    """
    within.demand(Permission.KEEP_HOLDS)
    gone = due(within)
    for one in gone:
        text = _content(within, one.hold_id)
        digest = _digest(text) if text is not None else ""
        _change(within, one.hold_id, content=None, purged_at=within.at, purged_by=within.person.id)
        if one.plan_id and not _others(within, one.plan_id):
            plan.change(within, one.plan_id, content=None)
        if _content(within, one.hold_id) is not None:
            raise Fault("could not be purged", where=one.hold_id, mend="see that the database can be written")
        told: dict[str, Fact] = {"digest": digest, "as_held": digest == one.digest, "until": one.until.isoformat()}
        timeline.add(within, one.case_id, Event.PURGED, {"hold": one.hold_id})
        within.record(Act.HOLD_PURGED, one.hold_id, told | {"case": one.case_id})
    return gone


def _place(within: Transaction, case: Case, plan_id: str | None, more: dict[str, Any], why: str, days: int) -> str:
    if not 1 <= days <= LONGEST:
        raise Fault(f"{days} days", where="hold", mend=f"hold it for 1 to {LONGEST:,} days, or under a legal hold")
    told = {
        "case": asdict(case),
        "members": [asdict(one) for one in members.of(within, case.case_id)],
        "timeline": [asdict(one) for one in timeline.of(within, case.case_id)],
        **more,
    }
    text = msgspec.json.encode(told, order="sorted").decode()
    hold_id = f"hold-{secrets.token_hex(8)}"
    row = {"tenant": within.tenant, "hold_id": hold_id, "case_id": case.case_id, "plan_id": plan_id, "why": why}
    when = {"by": within.person.id, "at": within.at, "until": within.at + timedelta(days=days)}
    within.connection.execute(sa.insert(HOLDS).values(**row, **when, content=text, digest=_digest(text)))
    timeline.add(within, case.case_id, Event.HELD, {"hold": hold_id})
    within.record(Act.HOLD_PLACED, hold_id, {"case": case.case_id, "digest": _digest(text), "days": days})
    return hold_id


def _kept(within: Transaction, hold_id: str, why: str) -> Hold:
    within.demand(Permission.KEEP_HOLDS)
    demand_reason(why, hold_id)
    found = _lock(within, hold_id)
    if found.purged_at:
        raise Stale("was purged", where=hold_id, mend="its digest is in the audit")
    return found


def _lock(within: Transaction, hold_id: str) -> Hold:
    row = within.connection.execute(sa.select(*COLUMNS).where(*_mine(within, hold_id)).with_for_update()).first()
    if row is None:
        raise Unknown("there is no such hold", where=repr(hold_id[:63]), mend="see `ringfence hold list`")
    return Hold(**row._mapping)  # noqa: SLF001, as above


def _change(within: Transaction, hold_id: str, **values: object) -> None:
    within.connection.execute(sa.update(HOLDS).where(*_mine(within, hold_id)).values(**values))


def _content(within: Transaction, hold_id: str) -> str | None:
    text: str | None = within.connection.execute(sa.select(HOLDS.c.content).where(*_mine(within, hold_id))).scalar_one()
    return text


def _others(within: Transaction, plan_id: str) -> Sequence[str]:
    mine = HOLDS.c.tenant == within.tenant, HOLDS.c.plan_id == plan_id, HOLDS.c.purged_at.is_(None)
    return within.connection.execute(sa.select(HOLDS.c.hold_id).where(*mine)).scalars().all()


def _mine(within: Transaction, hold_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return HOLDS.c.tenant == within.tenant, HOLDS.c.hold_id == hold_id


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
