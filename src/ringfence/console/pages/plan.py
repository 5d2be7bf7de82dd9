"""What would a plan do, to whom and why, how far is it, and who says what next? Each act with its reason."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import acted, approval, cases, changes, execution, ground, orders, plan, plans, undo
from ringfence.cases.actions import Direction, State
from ringfence.cases.cases import Case
from ringfence.cases.changes import Changes
from ringfence.cases.faults import Forbidden, Stale, Unknown
from ringfence.cases.orders import Progress
from ringfence.cases.people import Permission
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.plans import Shown
from ringfence.cases.preview import Preview
from ringfence.cases.transaction import Transaction
from ringfence.console import drawing, plan_view
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import PageNumber, Sought, Why
from ringfence.console.links import Links
from ringfence.console.page import POST, Page
from ringfence.console.plan_view import Standing
from ringfence.console.runs import Place
from ringfence.console.target import MEANING, target
from ringfence.model.faults import Fault

MOST = 200  # orders that are listed one by one
Digest = Annotated[str, Form(max_length=64)]
Part = Literal["acted", "contested", "aside"]
Act = Literal["approve", "refuse", "start", "stop", "undo", "give-back", ""]


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan as its page shows it. `preview` is None where there is nothing to show, and `trouble` says why."""

    shown: Shown
    case: Case
    standing: Standing
    preview: Preview | None
    trouble: str
    changes: Changes | None


def show(
    asking: Asker,
    plan_id: str,
    part: Part = "acted",
    find: Sought = "",
    number: PageNumber = 1,
    do: Act = "",
) -> Response:
    """A plan; or, for a script, the page of its accounts that it asks for."""
    seen = _seen(asking, plan_id)
    chosen = {"part": part, "find": find.strip(), "number": number}
    links = Links(f"/plans/{plan_id}", chosen, {"part": "acted", "find": "", "number": 1})
    rows = plan_view.rows(seen.preview, part, find.strip(), number) if seen.preview else None
    values = {"seen": seen, "plan": seen.shown.plan, "rows": rows, "links": links, "find": find.strip()}
    values |= {"left_out": plan_view.left_out(seen.preview) if seen.preview else ()}
    if asking.fragment:
        return drawing.drawn(asking, "_plan_accounts.html", **values)
    return drawing.drawn(asking, "plan.html", do=do, **(values | _about(asking, seen)))


def progress(asking: Asker, plan_id: str) -> Response:
    """How far it is: counts alone, so this read is not recorded. Once nobody carries it out, the page is new."""
    with asking.act() as within:
        within.demand(Permission.READ_EVIDENCE)
        found = plan.seen(within, plan_id)
        done, undone = (orders.progress(within, plan_id, direction) for direction in Direction)
    if not asking.fragment:
        return drawing.see(f"/plans/{plan_id}")
    going = plan_view.going(asking, found)
    still = plan_view.paused(found, done)
    answer = drawing.drawn(
        asking, "_plan_progress.html", going=going, paused=still, **_far(asking, found, done, undone)
    )
    if not going:
        answer.headers["HX-Refresh"] = "true"
    return answer


def approve(asking: Asker, plan_id: str, digest: Digest, why: Why) -> Response:
    """Agree to what the page showed, by its digest."""
    console = asking.console
    plans.approve(console.database, asking.settings.workspace, asking.person, plan_id, digest, why)
    return drawing.see(f"/plans/{plan_id}", "approved")


def refuse(asking: Asker, plan_id: str, digest: Digest, why: Why) -> Response:
    """Turn it down, or take back what one has proposed."""
    plans.refuse(asking.console.database, asking.person, plan_id, digest, why)
    return drawing.see(f"/plans/{plan_id}", "refused")


def start(asking: Asker, plan_id: str, through: Annotated[str, Form(pattern=r"^(next|all)$")] = "next") -> Response:
    """Start it, or go on, in a thread of the console: the next stage, or all that is left."""
    last = None
    if through == "all":
        with asking.act() as within:
            last = max(orders.progress(within, plan_id, Direction.DO).stages, default=1)
    asking.console.runs.start(_place(asking), plan_id, last)
    return drawing.see(f"/plans/{plan_id}", "started")


def stop(asking: Asker, plan_id: str, why: Why) -> Response:
    """Send nothing more. It asks for no fresh code: whoever sees that something goes wrong must not wait for one."""
    with asking.act() as within:
        execution.stop(within, plan_id, why)
    return drawing.see(f"/plans/{plan_id}", "stopped")


def take_back(asking: Asker, plan_id: str, why: Why) -> Response:
    """Have all of it taken back, the last thing first, and begin with it."""
    told = target(asking.settings.workspace)
    if told.fault:
        raise Fault(told.fault, where="enforcement", mend=told.mend)
    with asking.act() as within:
        made = undo.order(within, plan_id, why, told.reversible)
    if made.ordered:
        asking.console.runs.give_back(_place(asking), plan_id)
    return drawing.see(f"/plans/{plan_id}", "undoing")


def give_back(asking: Asker, plan_id: str) -> Response:
    """Go on with what was ordered to be taken back."""
    with asking.act() as within:
        within.demand(Permission.RUN_PLANS)
        waits = orders.left(within, plan.seen(within, plan_id).plan_id, Direction.UNDO)[0]
    if not waits:
        raise Stale("has nothing to give back", where=plan_id, mend="see how far it is")
    asking.console.runs.give_back(_place(asking), plan_id)
    return drawing.see(f"/plans/{plan_id}", "undoing")


def _seen(asking: Asking, plan_id: str) -> Seen:
    workspace, told = asking.settings.workspace, target(asking.settings.workspace)
    with asking.act() as within:
        shown = plans.show(within, plan_id, told.reversible)
        case = cases.seen(within, shown.plan.case_id)
        doubt, differs = _doubt(within, case, shown)
    content = shown.content
    preview, trouble = (content.preview, "") if content else (None, "")
    if shown.plan.status is Phase.DRAFT:
        try:
            wish = plan.wish(shown.plan)
            preview = plans.preview(asking.console.database, workspace, asking.person, case.case_id, wish)
        except (Forbidden, Stale, Unknown):
            raise
        except Fault as fault:
            trouble = f"{fault.what[:1].upper()}{fault.what[1:]}: {fault.mend}."
    going, waits = plan_view.going(asking, shown.plan), plan_view.unsettled(shown.undone)
    standing = Standing(shown.plan, shown.proposed_by, going, doubt, waits, told)
    return Seen(shown, case, standing, preview, trouble, differs)


def _doubt(within: Transaction, case: Case, shown: Shown) -> tuple[str, Changes | None]:
    """Why a plan that is frozen may not go on, and what has changed where that is the reason."""
    found = shown.plan
    if found.status not in {Phase.FROZEN, Phase.APPROVED, Phase.STOPPED, Phase.RUNNING}:
        return "", None
    if gone := plan.moved(within, case, found):
        if shown.content is None:
            return gone, None
        return gone, changes.since(shown.content.preview, plan.wish(found), ground.of(within, case))
    return "" if found.status is Phase.FROZEN else approval.vouched(within, found), None


def _about(asking: Asking, seen: Seen) -> dict[str, object]:
    """What the page has beside the accounts."""
    found, told = seen.shown.plan, seen.standing.target
    under = found.terms if found.digest else plans.terms(asking.settings.workspace)
    with asking.act() as within:
        wrong = [
            deed
            for direction in Direction
            for deed in acted.of_plan(within, found.plan_id, direction, (State.FAILED, State.UNKNOWN), MOST)
        ]
        back = acted.of_plan(within, found.plan_id, Direction.UNDO, tuple(State), MOST)
    preview = seen.preview
    return {
        "way": plan_view.way(found, seen.shown.done),
        "acts": plan_view.acts(asking.person, seen.standing),
        "seal": plans.seal(preview, under) if preview and found.status is Phase.DRAFT else "",
        "terms": under,
        "stages": plan_view.stages(preview) if preview else [],
        "stays": plan_view.lasting(preview, told) if preview else {},
        "meaning": MEANING,
        "wish": plan.wish(found),
        "proved": asking.session.proved(asking.at, asking.settings.proof),
        "paused": plan_view.paused(found, seen.shown.done),
        "wrong": wrong,
        "back": back,
        "lasting": seen.shown.lasting,
        "most": MOST,
        "going": seen.standing.going,
        **_far(asking, found, seen.shown.done, seen.shown.undone),
    }


def _far(asking: Asking, found: Plan, done: Progress, undone: Progress) -> dict[str, object]:
    runs, key = asking.console.runs, (asking.tenant, found.plan_id)
    values = {"plan": found, "done": done, "undone": undone, "percent": plan_view.percent, "states": tuple(State)}
    return {**values, "working": runs.of(*key), "last": runs.last(*key)}


def _place(asking: Asking) -> Place:
    return Place(asking.console.database, asking.settings.workspace, asking.person)


PAGES = (
    Page("/plans/{plan_id}", "plan", show, Permission.READ_EVIDENCE),
    Page("/plans/{plan_id}/progress", "plan_progress", progress, Permission.READ_EVIDENCE),
    Page("/plans/{plan_id}/approve", "approve_plan", approve, Permission.APPROVE_PLANS, POST, proof=True),
    Page("/plans/{plan_id}/refuse", "refuse_plan", refuse, Permission.PROPOSE_PLANS, POST, proof=True),
    Page("/plans/{plan_id}/start", "start_plan", start, Permission.RUN_PLANS, POST, proof=True),
    Page("/plans/{plan_id}/stop", "stop_plan", stop, Permission.RUN_PLANS, POST),
    Page("/plans/{plan_id}/undo", "undo_plan", take_back, Permission.RUN_PLANS, POST, proof=True),
    Page("/plans/{plan_id}/give-back", "give_back", give_back, Permission.RUN_PLANS, POST, proof=True),
)
