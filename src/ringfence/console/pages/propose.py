"""How does somebody who holds a case propose what is to be done? A draft, looked at until it is right, then frozen."""

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import cases, drafts, member_pages, plan, plans
from ringfence.cases.actions import Action
from ringfence.cases.people import Permission
from ringfence.cases.preview import Wish
from ringfence.console import drawing
from ringfence.console.asking import Asker
from ringfence.console.fields import Name, Number, Text, Why
from ringfence.console.links import Links
from ringfence.console.page import POST, Page
from ringfence.console.target import MEANING, target

Actions = Annotated[list[Action], Form(default_factory=list)]
Only = Annotated[str, Form(max_length=150_000)]  # ids of accounts, one a line


def form(asking: Asker, case_id: str) -> Response:
    """What to do, and why."""
    with asking.act() as within:
        case = cases.find(within, case_id)
        counts, others = member_pages.counts(within, case_id), plan.of(within, case_id)
    values = {"counts": counts, "others": others, "target": target(asking.settings.workspace), "meaning": MEANING}
    return drawing.drawn(asking, "plan_new.html", case=case, terms=plans.terms(asking.settings.workspace), **values)


def draft(asking: Asker, case_id: str, actions: Actions, why: Text = "", only: Only = "") -> Response:
    """Begin a draft, and look at what it would do."""
    with asking.act() as within:
        plan_id = drafts.draft(within, case_id, _wish(actions, why, only))
    return drawing.see(f"/plans/{plan_id}", "drafted")


def edit(asking: Asker, plan_id: str, actions: Actions, why: Text = "", only: Only = "") -> Response:
    """Ask for something else. Who was left out stays left out."""
    with asking.act() as within:
        before = plan.wish(plan.lock(within, plan_id)[1])
        drafts.edit(within, plan_id, _wish(actions, why, only, before.left_out))
    return drawing.see(f"/plans/{plan_id}", "edited")


def leave_out(asking: Asker, plan_id: str, account: Name, number: Number = 1, find: Name = "") -> Response:
    """Leave one account out, and go back to where it stood."""
    with asking.act() as within:
        drafts.leave_out(within, plan_id, account)
    return drawing.see(_at(plan_id, "acted", number, find), "left_out")


def take_in(asking: Asker, plan_id: str, account: Name, number: Number = 1, find: Name = "") -> Response:
    """Take one in that was left out."""
    with asking.act() as within:
        drafts.take_in(within, plan_id, account)
    return drawing.see(_at(plan_id, "aside", number, find), "taken_in")


def freeze(asking: Asker, plan_id: str, seen: Annotated[str, Form(max_length=64)]) -> Response:
    """Propose it as it was shown: nobody changes it from now on."""
    plans.freeze_seen(asking.console.database, asking.settings.workspace, asking.person, plan_id, seen)
    return drawing.see(f"/plans/{plan_id}", "frozen")


def drop(asking: Asker, plan_id: str, why: Why) -> Response:
    """Throw a draft away."""
    with asking.act() as within:
        drafts.drop(within, plan_id, why)
    return drawing.see(f"/plans/{plan_id}", "dropped")


def again(asking: Asker, plan_id: str) -> Response:
    """A new draft that asks for the same, of things as they are now."""
    with asking.act() as within:
        made = drafts.again(within, plan_id)
    return drawing.see(f"/plans/{made}", "drafted")


def _at(plan_id: str, part: str, number: int, find: str) -> str:
    chosen = {"part": part, "number": number, "find": find}
    return Links(f"/plans/{plan_id}", chosen, {"part": "acted", "number": 1, "find": ""}).to()


def _wish(actions: list[Action], why: str, only: str, left_out: tuple[str, ...] = ()) -> Wish:
    named = tuple(dict.fromkeys(line.strip() for line in only.splitlines() if line.strip()))
    return Wish(tuple(actions), why.strip(), named or None, left_out)


PAGES = (
    Page("/cases/{case_id}/plan", "plan_form", form, Permission.PROPOSE_PLANS),
    Page("/cases/{case_id}/plan", "draft_plan", draft, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/edit", "edit_plan", edit, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/leave-out", "leave_out", leave_out, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/take-in", "take_in", take_in, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/freeze", "freeze_plan", freeze, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/drop", "drop_plan", drop, Permission.PROPOSE_PLANS, POST),
    Page("/plans/{plan_id}/again", "plan_again", again, Permission.PROPOSE_PLANS, POST),
)
