"""Which plans wait for somebody's yes, which are under way, and which are over? One's own turn comes first."""

from typing import Literal

from fastapi.responses import Response

from ringfence.cases import approval, orders, outbox, plan
from ringfence.cases.actions import Direction
from ringfence.cases.people import Permission, may
from ringfence.cases.plan import Part, Phase, Plan
from ringfence.console import drawing, plan_view
from ringfence.console.asking import Asker, Asking
from ringfence.console.page import POST, Page
from ringfence.console.target import target
from ringfence.enforcement import feedback

MOST = 50  # that are over, and drafts
UNDER_WAY = (Phase.APPROVED, Phase.RUNNING, Phase.STOPPED, Phase.UNDOING)
OVER = (Phase.DONE, Phase.UNDONE, Phase.REFUSED, Phase.DROPPED)


def show(asking: Asker, over: Literal["all", ""] = "") -> Response:
    """All plans, by whose turn it is."""
    with asking.act() as within:
        found = plan.listed(within)
        frozen = [one for one in found if one.status is Phase.FROZEN]
        hands = {one.plan_id: plan.hands(within, one.plan_id, Part.PROPOSED) for one in frozen}
        untold = outbox.waiting(within)
        stopped = [one for one in found if one.status is Phase.STOPPED]
        done = [orders.progress(within, one.plan_id, Direction.DO) for one in stopped]
    paused = {one.plan_id for one, far in zip(stopped, done, strict=True) if plan_view.paused(one, far)}
    past = [one for one in found if one.status in OVER]
    values = {
        "yours": [one for one in frozen if _mine_to_decide(asking, one, hands[one.plan_id])],
        "others": [one for one in frozen if not _mine_to_decide(asking, one, hands[one.plan_id])],
        "under_way": [one for one in found if one.status in UNDER_WAY],
        "drafts": [one for one in found if one.status is Phase.DRAFT][:MOST],
        "past": past if over else past[:MOST],
        "left": 0 if over else max(0, len(past) - MOST),
        "paused": paused,
        "going": {one.plan_id for one in found if plan_view.going(asking, one)},
    }
    told = target(asking.settings.workspace)
    return drawing.drawn(asking, "plans.html", hands=hands, untold=untold, target=told, **values)


def deliver(asking: Asker) -> Response:
    """Tell discovery and the guard what was decided and not told yet. A run does so at its end."""
    with asking.act() as within:
        within.demand(Permission.RUN_PLANS)
    feedback.deliver(asking.settings.workspace, asking.console.database)
    return drawing.see("/plans", "delivered")


def _mine_to_decide(asking: Asking, one: Plan, hands: frozenset[str]) -> bool:
    return may(asking.person, Permission.APPROVE_PLANS) and asking.person.id not in hands | {one.by}


PAGES = (
    Page("/plans", "plans", show, Permission.READ_EVIDENCE, menu="Plans", waits=approval.waiting),
    Page("/plans/deliver", "deliver", deliver, Permission.RUN_PLANS, POST),
)
