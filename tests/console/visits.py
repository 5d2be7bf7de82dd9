"""Which pages can be visited, by whom, and at which address? From the table of pages that the application mounts."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Literal

import sqlalchemy as sa
from playwright.sync_api import Page as Tab
from tests.console.browser import Console
from tests.console.people import NAMES

from ringfence.cases import appeals, comments, deciding, plans, protected, queue
from ringfence.cases.actions import Action
from ringfence.cases.database import Database
from ringfence.cases.people import MAY, Permission, Person, Role
from ringfence.cases.preview import Wish
from ringfence.cases.protected import Why
from ringfence.console.page import GET, OPEN, Page
from ringfence.console.pages import ALL
from ringfence.enforcement import configured, running
from ringfence.store.workspace import Workspace

# Who is shown a page: the first of these who may ask for it.
SHOWN_TO = (Role.SENIOR_REVIEWER, Role.AUDITOR, Role.LEXICON_KEEPER, Role.ADMINISTRATOR)
# What stands in an address in braces, by SQL over the cases' tables.
LARGEST = "SELECT case_id FROM cases WHERE kind = 'network' ORDER BY size DESC, case_id LIMIT 1"
MEMBERS = f"SELECT account_id FROM members WHERE case_id = ({LARGEST}) ORDER BY rank, account_id"
PARAMETERS: Mapping[str, str] = {
    "case_id": LARGEST,
    "account_id": f"{MEMBERS} LIMIT 1",
    "other": f"{MEMBERS} LIMIT 1 OFFSET 1",
    "plan_id": "SELECT plan_id FROM plans ORDER BY run DESC, plan_id LIMIT 1",
    "appeal_id": "SELECT appeal_id FROM appeals ORDER BY appeal_id LIMIT 1",
    "hold_id": "SELECT hold_id FROM holds ORDER BY hold_id LIMIT 1",
}
# What some pages ask for behind their address; braces as above.
QUERIES: Mapping[str, str] = {"ties": "?one={account_id}&other={other}", "neighbours": "?of={other}"}


def staged(workspace: Workspace) -> None:
    """Do some of what reviewers do, so that pages have something to show."""
    tenant = workspace.config.cases.tenant
    reviewer, senior = (
        Person(str(role).replace("_", "-"), tenant, NAMES[role], frozenset()) for role in (Role.REVIEWER, SHOWN_TO[0])
    )
    with closing(Database.open(workspace)) as database:
        with database.transaction(senior) as within:
            case = looked_up(within.connection, LARGEST)
            queue.take(within, case, 60)
            comments.add(within, case, "The first twelve share one link within minutes. Looking at who else does.")
            last = f"SELECT account_id FROM members WHERE case_id = '{case}' ORDER BY rank DESC LIMIT 1"
            protected.add(
                within, looked_up(within.connection, last), Why.RESEARCHER, "Writes on birds for a university."
            )
        plans.propose(database, workspace, senior, case, Wish((Action.LIMIT,), "Tied by one link within minutes."))
        with database.transaction(reviewer) as within:
            held = queue.take_next(within, 60)
            if held is None:
                raise AssertionError("no case is free")
            deciding.mark_urgent(within, held.case_id, "A child may be meeting somebody this week.")
        _carried_out(database, workspace, reviewer, senior, held.case_id)


def _carried_out(database: Database, workspace: Workspace, reviewer: Person, senior: Person, case: str) -> None:
    """A plan whose first stage is done, and an appeal against it."""
    wish = Wish((Action.LIMIT, Action.SUSPEND), "All of them lead to one another, and to nobody else.")
    made = plans.propose(database, workspace, reviewer, case, wish)
    plans.approve(database, workspace, senior, made.plan_id, str(made.digest), "Seen, and agreed.")
    running.start(database, workspace, reviewer, made.plan_id, configured.enforcer(workspace), 1)
    with database.transaction(reviewer) as within:
        query = f"SELECT account_id FROM plan_orders WHERE plan_id = '{made.plan_id}' AND state = 'done' LIMIT 1"
        acted_on = looked_up(within.connection, query)
        appeals.receive(within, acted_on, "I photograph birds, and that is my only link.")


def pages(workspace: Workspace) -> Iterator[tuple[Page, str]]:
    """Every page that is asked for by an address, with one that this workspace can fill in."""
    values = dict(known(workspace))
    for page in ALL:
        address = page.path.replace(":path}", "}") + QUERIES.get(page.name, "")
        if page.method == GET and all(name in values for name in _names(address)):
            yield page, address.format(**values)


def known(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The parameters of addresses that this workspace has a value for."""
    with closing(Database.open(workspace)) as database, database.look() as connection:
        for name, query in PARAMETERS.items():
            if value := looked_up(connection, query):
                yield name, value


def looked_up(connection: sa.Connection, query: str) -> str:
    """The one value of a query, empty where there is none."""
    return str(connection.execute(sa.text(query)).scalar() or "")


def visitor(page: Page) -> Role | None:
    """Who is shown a page; None where it is for whoever has not signed in."""
    if page.permission is OPEN:
        return None
    may = (role for role in SHOWN_TO if not isinstance(page.permission, Permission) or page.permission in MAY[role])
    return next(may)


def opened(console: Console, role: Role | None, scheme: Literal["light", "dark"]) -> Tab:
    """A window of somebody with a role, or of somebody who has not signed in."""
    return console.signed_in(role, color_scheme=scheme) if role else console.context(color_scheme=scheme).new_page()


def whole(tab: Tab, address: str) -> bool:
    """Whether an address answers with a page that stands by itself: no part of one, no file, no way elsewhere."""
    answer = tab.request.get(address, headers={"accept": "text/html"}, max_redirects=0)
    html = answer.ok and answer.headers.get("content-type", "").startswith("text/html")
    return html and answer.text().lstrip().lower().startswith("<!doctype html")


def _names(address: str) -> list[str]:
    return [part.split("}")[0] for part in address.split("{")[1:]]
