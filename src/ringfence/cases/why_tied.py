"""Why are two members of a case tied? Their evidence, row by row, for whoever may read evidence."""

from dataclasses import dataclass

from ringfence.cases import cases, members
from ringfence.cases.audit import Act
from ringfence.cases.cases import Case
from ringfence.cases.faults import Unknown
from ringfence.cases.members import Member
from ringfence.cases.people import Permission
from ringfence.cases.tied import tied
from ringfence.cases.transaction import Transaction
from ringfence.graph.between import Evidence, between
from ringfence.store import events
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Question:
    """Two members of a case, whose evidence somebody was allowed to ask for."""

    case: Case
    members: tuple[Member, ...]
    one: str
    other: str


def ask(within: Transaction, case_id: str, one: str, other: str) -> Question:
    """Ask why two members of a case are tied; the read is recorded.

    Raises Unknown unless both are in the case now: nobody looks up what ties any two accounts of the platform.
    """
    within.demand(Permission.READ_EVIDENCE)
    case = cases.seen(within, case_id)
    inside = members.of(within, case_id)
    there = {member.account_id for member in inside if member.left_at is None}
    if one == other or not {one, other} <= there:
        raise Unknown("are not two members of this case", where=case_id, mend="choose two that are in it now")
    within.record(Act.TIES_READ, case_id, {"one": one, "other": other})
    return Question(case, inside, one, other)


def answer(workspace: Workspace, question: Question) -> tuple[Evidence, ...]:
    """What ties the two. The act that asked has ended, so that the read is recorded before anything is shown."""
    found = tied(workspace, question.case, question.members)
    with events.connect(workspace) as connection:
        return between(connection, question.one, question.other, found.objects)
