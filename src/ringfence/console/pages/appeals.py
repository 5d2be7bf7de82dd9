"""Was a decision wrong? Appeals as support hands them in, and the answer of somebody who had no part in it."""

from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import acted, appeals, plan, trust
from ringfence.cases.appeals import Decision
from ringfence.cases.people import Permission, may
from ringfence.cases.written import LONGEST
from ringfence.console import drawing
from ringfence.console.asking import Asker
from ringfence.console.fields import Name, Text
from ringfence.console.page import POST, Page
from ringfence.console.runs import Place
from ringfence.console.target import target
from ringfence.model.faults import Fault

MOST = 200  # other decisions that are listed


def show(asking: Asker, which: Literal["all", ""] = "") -> Response:
    """The appeals that wait, the one that waits longest first; or all."""
    with asking.act() as within:
        found = appeals.listed(within, waiting=not which)
        seeds = trust.of(within)
    values = {"which": which, "seeds": seeds, "doubted": trust.DOUBTED, "longest": LONGEST}
    return drawing.drawn(asking, "appeals.html", appeals=found, **values)


def receive(asking: Asker, account: Name, statement: Text, against: Name = "") -> Response:
    """Take in what somebody wrote to support."""
    with asking.act() as within:
        appeal_id = appeals.receive(within, account.strip(), statement, against.strip() or None)
    return drawing.see(f"/appeals/{appeal_id}", "received")


def one(asking: Asker, appeal_id: str) -> Response:
    """An appeal, what was done and why, and what else rests on the same seeds."""
    with asking.act() as within:
        context = appeals.find(within, appeal_id)
        about = context.appeal
        against = plan.seen(within, about.plan_id)
        deeds = [deed for deed in acted.to_account(within, about.account_id) if deed.plan_id == about.plan_id]
        seeds = trust.seeds_of(within, about.plan_id, about.account_id)
        told, shared = trust.of(within), trust.sharing(within, seeds)
    others = [given for given in shared if given.account_id != about.account_id]
    values = {
        "context": context,
        "appeal": about,
        "plan": against,
        "deeds": deeds,
        "seeds": [(seed, told.get(seed)) for seed in seeds],
        "others": others[:MOST],
        "more": max(0, len(others) - MOST),
        "doubted": trust.DOUBTED,
        "target": target(asking.settings.workspace),
        "why_not": _why_not(asking.person.id, context.took_part, able=may(asking.person, Permission.DECIDE_APPEALS)),
        "proved": asking.session.proved(asking.at, asking.settings.proof),
        "longest": LONGEST,
        "working": asking.console.runs.of(asking.tenant, about.plan_id),
    }
    return drawing.drawn(asking, "appeal.html", **values)


def decide(asking: Asker, appeal_id: str, decision: Annotated[Decision, Form()], answer: Text) -> Response:
    """Uphold or overturn. What can be given back is given back at once."""
    told = target(asking.settings.workspace)
    if decision is Decision.OVERTURN and told.fault:
        raise Fault(told.fault, where="enforcement", mend=told.mend)
    with asking.act() as within:
        done = appeals.decide(within, appeal_id, decision, answer, told.reversible)
        plan_id = appeals.plan_of(within, appeal_id)
    if done.restoring:
        place = Place(asking.console.database, asking.settings.workspace, asking.person)
        asking.console.runs.give_back(place, plan_id)
    return drawing.see(f"/appeals/{appeal_id}", str(decision))


def _why_not(person_id: str, took_part: frozenset[str], *, able: bool) -> str:
    if not able:
        return "A reviewer who had no part in the plan decides."
    return (
        "You had a part in what is appealed against: a reviewer who had none decides." if person_id in took_part else ""
    )


PAGES = (
    Page("/appeals", "appeals", show, Permission.READ_EVIDENCE, menu="Appeals", waits=appeals.waiting),
    Page("/appeals", "receive_appeal", receive, Permission.WORK_CASES, POST),
    Page("/appeals/{appeal_id}", "appeal", one, Permission.READ_EVIDENCE),
    Page("/appeals/{appeal_id}/decide", "decide_appeal", decide, Permission.DECIDE_APPEALS, POST, proof=True),
)
