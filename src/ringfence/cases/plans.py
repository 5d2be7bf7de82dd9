"""How do people work with plans? What pages and commands call: each is one whole act by one person.

`preview` shows what would be done, `propose` freezes it, `approve` and `refuse` are another person's, and `execution`
carries it out. What is read from the platform's events is read before the act begins, so that nobody waits for it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from ringfence.cases import approval, cases, drafts, execution, ground, grounds, orders, outbox, plan, undo
from ringfence.cases.actions import REVERSIBLE, Action, Direction
from ringfence.cases.database import Database
from ringfence.cases.execution import Run
from ringfence.cases.faults import Stale
from ringfence.cases.orders import Progress
from ringfence.cases.people import Permission, Person
from ringfence.cases.plan import Content, Plan, Terms
from ringfence.cases.preview import Grounds, Preview, Wish
from ringfence.cases.transaction import Transaction
from ringfence.cases.undo import Lasting
from ringfence.store.config_cases import Enforcement
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan with all there is to show of it. `content` is None for a draft, and once its evidence is purged.

    `proposed_by` are all who had a part in proposing it. `lasting` is what an undo would not take back, and `troubles`
    say what of it discovery or the guard could not use, by account.
    """

    plan: Plan
    content: Content | None
    proposed_by: frozenset[str]
    done: Progress
    undone: Progress
    lasting: tuple[Lasting, ...]
    troubles: dict[str, str]


def terms(workspace: Workspace) -> Terms:
    """The terms of a new plan, as ringfence.toml has them."""
    told: Enforcement = workspace.config.enforcement
    return Terms(told.stages, told.pauses, told.most_failed, told.most_in_a_row, told.per_second, told.most_accounts)


def preview(database: Database, workspace: Workspace, person: Person, case_id: str, wish: Wish) -> Preview:
    """What a plan would do as things stand, whoever holds the case."""
    told = _grounds(database, workspace, person, case_id)
    with database.transaction(person) as within:
        return drafts.shown(within, case_id, wish, told, terms(workspace))


def propose(database: Database, workspace: Workspace, person: Person, case_id: str, wish: Wish) -> Plan:
    """Freeze a plan for a case that one holds, for somebody else to approve. Its digest stands for all of it."""
    told = _grounds(database, workspace, person, case_id)
    with database.transaction(person) as within:
        plan_id = drafts.draft(within, case_id, wish)
        drafts.freeze(within, plan_id, told, terms(workspace))
        return plan.seen(within, plan_id)


def freeze(database: Database, workspace: Workspace, person: Person, plan_id: str) -> Plan:
    """The same of a draft that several have worked on (`drafts.draft`, `drafts.edit`)."""
    told = _grounds(database, workspace, person, _case_of_draft(database, person, plan_id))
    with database.transaction(person) as within:
        drafts.freeze(within, plan_id, told, terms(workspace))
        return plan.seen(within, plan_id)


def seal(seen: Preview, under: Terms) -> str:
    """A digest of what somebody was shown of a draft, for `freeze_seen`."""
    return hashlib.sha256(msgspec.json.encode((seen, under), order="sorted")).hexdigest()


def freeze_seen(database: Database, workspace: Workspace, person: Person, plan_id: str, sealed: str) -> Plan:
    """Freeze a draft as it was shown. Raises Stale where it would do anything else by now."""
    told = _grounds(database, workspace, person, _case_of_draft(database, person, plan_id))
    with database.transaction(person) as within:
        made = drafts.freeze(within, plan_id, told, terms(workspace))
        if seal(made.preview, made.terms) != sealed:
            raise Stale("is not what you were shown any more", where=plan_id, mend="look at it anew, then propose it")
        return plan.seen(within, plan_id)


def approve(database: Database, workspace: Workspace, person: Person, plan_id: str, digest: str, why: str) -> None:
    """Agree to what was frozen under a digest, and hold its evidence."""
    with database.transaction(person) as within:
        approval.approve(within, plan_id, digest, why, workspace.config.cases.hold_days)


def refuse(database: Database, person: Person, plan_id: str, digest: str, why: str) -> None:
    """Turn it down for good, or take back what one has proposed."""
    with database.transaction(person) as within:
        approval.refuse(within, plan_id, digest, why)


def begin(database: Database, workspace: Workspace, person: Person, plan_id: str, through: int | None = None) -> Run:
    """Start or resume an approved plan (`ringfence.enforcement.running` carries it out)."""
    with database.transaction(person) as within:
        within.demand(Permission.RUN_PLANS)
        found = plan.seen(within, plan_id)
    told = _grounds(database, workspace, person, found.case_id)
    with database.transaction(person) as within:
        return execution.begin(within, plan_id, told, through)


def show(within: Transaction, plan_id: str, reversible: Collection[Action] = REVERSIBLE) -> Shown:
    """A plan with all there is to show; `reversible` is what the platform can take back. The read is recorded."""
    found = plan.find(within, plan_id)
    there = plan.has_content(within, plan_id)
    return Shown(
        found,
        plan.content(within, found) if there else None,
        plan.hands(within, plan_id, plan.Part.PROPOSED),
        orders.progress(within, plan_id, Direction.DO),
        orders.progress(within, plan_id, Direction.UNDO),
        undo.lasting(within, plan_id, reversible),
        outbox.troubles(within, plan_id),
    )


def _case_of_draft(database: Database, person: Person, plan_id: str) -> str:
    with database.transaction(person) as within:
        within.demand(Permission.PROPOSE_PLANS)
        return plan.seen(within, plan_id).case_id


def _grounds(database: Database, workspace: Workspace, person: Person, case_id: str) -> Grounds:
    with database.transaction(person) as within:
        within.demand(Permission.READ_EVIDENCE)
        accounts = [one.account_id for one in ground.of(within, cases.seen(within, case_id))]
    return grounds.read(workspace, accounts)
