"""On whom may a plan for a case act? The members of its network, or the account that a case of its own is about."""

from ringfence.cases import members, protected, reports
from ringfence.cases.cases import Case, Kind
from ringfence.cases.members import Member, Standing
from ringfence.cases.transaction import Transaction


def of(within: Transaction, case: Case) -> tuple[Member, ...]:
    """The members who are in it now. A reported account is one by itself: what was reported is its evidence."""
    if case.kind is Kind.NETWORK or case.account_id is None:
        return tuple(one for one in members.of(within, case.case_id) if one.left_at is None)
    told = reports.of(within, case.case_id)
    group = Standing.PROTECTED if case.account_id in protected.ids(within) else Standing.ABOVE
    reasons = tuple(f"reported: {reason}" for reason in sorted({one.report.reason for one in told}))
    return (Member(case.account_id, group, 1, 0.0, None, None, reasons, (), (), case.opened_at),)
