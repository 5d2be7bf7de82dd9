"""Which pages are there? All of them, in the order of the menu: the application mounts these and no others."""

from ringfence.console.page import Page
from ringfence.console.pages import (
    account,
    appeals,
    approvals,
    audit,
    case,
    first,
    holds,
    network,
    people,
    plan,
    propose,
    queue,
    settings,
    sign_in,
    wellbeing,
)

ALL: tuple[Page, ...] = (
    *first.PAGES,
    *queue.PAGES,
    *case.PAGES,
    *network.PAGES,
    *account.PAGES,
    *propose.PAGES,
    *approvals.PAGES,
    *plan.PAGES,
    *appeals.PAGES,
    *holds.PAGES,
    *audit.PAGES,
    *people.PAGES,
    *wellbeing.PAGES,
    *settings.PAGES,
    *sign_in.PAGES,
)
