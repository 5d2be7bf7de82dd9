"""Which case comes next? The open cases by risk, urgency or age, and who holds which."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import queue, reports
from ringfence.cases.cases import Kind
from ringfence.cases.people import Permission
from ringfence.cases.queue import Held, Order, Wanted
from ringfence.console import drawing
from ringfence.console.asking import Asker
from ringfence.console.fields import Sought
from ringfence.console.links import Links
from ringfence.console.page import POST, Page


def show(
    asking: Asker,
    order: Order = Order.RISK,
    held: Held = Held.ANYBODY,
    kind: Kind | Literal[""] = "",
    urgent: Literal["yes", ""] = "",
    reported: Literal["yes", ""] = "",
    about: Sought = "",
    after: Sought = "",
) -> Response:
    """One page of the queue."""
    wanted = Wanted(order, held, kind or None, bool(urgent), bool(reported), about.strip())
    with asking.act() as within:
        page = queue.page(within, wanted, after or None)
        waiting = reports.waiting(within, [one.case_id for one in page.cases])
        standing = queue.standing(within)
    template = "_queue.html" if asking.fragment else "queue.html"
    links = Links("/queue", asdict(wanted), asdict(Wanted()))
    shown = {"orders": tuple(Order), "holders": tuple(Held), "kinds": tuple(Kind), "counted": queue.COUNTED}
    values = {"page": page, "wanted": wanted, "after": after, "waiting": waiting, "standing": standing, "links": links}
    return drawing.drawn(asking, template, **values, **shown)


def take_next(asking: Asker, order: Annotated[Order, Form()] = Order.RISK) -> Response:
    """Hold the first case that nobody holds, and go there."""
    with asking.act() as within:
        case = queue.take_next(within, asking.settings.lease_minutes, order)
    return drawing.see(f"/cases/{case.case_id}", "taken") if case else drawing.see("/queue", "none")


def take(asking: Asker, case_id: str) -> Response:
    """Hold this case, and go there."""
    with asking.act() as within:
        queue.take(within, case_id, asking.settings.lease_minutes)
    return drawing.see(f"/cases/{case_id}", "taken")


def release(asking: Asker, case_id: str) -> Response:
    """Let go of this case."""
    with asking.act() as within:
        queue.release(within, case_id)
    return drawing.see("/queue", "released")


PAGES = (
    Page("/queue", "queue", show, Permission.READ_CASES, menu="Queue"),
    Page("/queue/next", "take_next", take_next, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/take", "take", take, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/release", "release", release, Permission.WORK_CASES, POST),
)
