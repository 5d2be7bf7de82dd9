"""What does the guard answer from, whom does it leave out by itself, and how is that undone?"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from ringfence.cases.audit import Act as Recorded
from ringfence.cases.people import Permission
from ringfence.cases.tables import CASES
from ringfence.cases.transaction import Transaction
from ringfence.console import drawing, served
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Name, Number, Sought, Why
from ringfence.console.page import POST, Page
from ringfence.guard.limits import journal, lists, reviews
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits.rows import Act
from ringfence.guard.publish import republish
from ringfence.model.faults import Fault

MOST = 300  # accounts of a list, and batches
LISTS = {"limited": lists.limited, "held": lists.held, "expired": lists.expired}


def show(asking: Asker) -> Response:
    """Snapshots, the policy in force, and what is wrong."""
    with asking.act() as within:
        within.demand(Permission.READ_GUARD)
    told = served.served(asking.settings.workspace, asking.at)
    return drawing.drawn(asking, "guard.html", told=told)


def limited(asking: Asker, which: Sought = "limited", network: Sought = "") -> Response:
    """Who is left out of discovery, who waits for a person, whose limit has ended; with what each rests on."""
    if which not in LISTS:
        raise Fault("is no list", where=repr(which[:63]), mend=f"choose of {', '.join(LISTS)}")
    with asking.act() as within:
        within.demand(Permission.READ_GUARD)
        within.record(Recorded.LIMITS_READ, which, {"network": network or None})
    rows = LISTS[which](asking.settings.workspace, asking.at, network or None)
    shown = rows.slice(0, MOST).to_pylist()
    with asking.act() as within:
        cases = _cases(within, [row["network_id"] for row in shown if row["network_id"]])
    return drawing.drawn(
        asking, "guard_limits.html", rows=shown, of=rows.num_rows, which=which, network=network, cases=cases
    )


def batches(asking: Asker) -> Response:
    """Every batch of changes, the newest first, and what undid it."""
    with asking.act() as within:
        within.demand(Permission.READ_GUARD)
        within.record(Recorded.LIMITS_READ, "batches")
    done = journal.read(asking.settings.workspace).batches
    undone = limit_state.undone(done)
    return drawing.drawn(
        asking,
        "guard_batches.html",
        rows=done[: -MOST - 1 : -1],
        of=len(done),
        undone={number: one.number for number, one in undone.items()},
        undo=Act.UNDO,
    )


def undo(asking: Asker, number: Number, why: Why) -> Response:
    """Undo one batch wholly, and publish."""
    _said(why)
    with asking.act() as within:
        within.demand(Permission.RUN_PLANS)
        within.record(Recorded.LIMITS_UNDONE, f"batch {number}", {"why": why})
        reviews.undo(asking.settings.workspace, number, within.person.id, why, within.at)
    _publish(asking, f"batch {number} is undone")
    return drawing.see("/guard/batches", "undone_batch")


def lift(asking: Asker, account: Name, why: Why) -> Response:
    """Give one account back: no limit, and none is set automatically again."""
    _said(why)
    with asking.act() as within:
        within.demand(Permission.RUN_PLANS)
        within.record(Recorded.LIMITS_UNDONE, account, {"why": why})
        reviews.lift(asking.settings.workspace, [account], within.person.id, why, within.at)
    _publish(asking, f"{account} is given back")
    return drawing.see("/guard/limits", "given_back")


def _said(why: str) -> None:
    if not why.strip():
        raise Fault("nobody says why", where="limits", mend="say it in a few words")


def _publish(asking: Asking, done: str) -> None:
    try:
        republish(asking.settings.workspace)
    except Fault as fault:
        mend = f"{fault.mend}, then run `ringfence publish`: the guard does not know of it yet"
        raise Fault(f"{done}, and not published: {fault.what}", where=fault.where, mend=mend) from fault


def _cases(within: Transaction, networks: Sequence[str]) -> dict[Any, str]:
    """The case of each network that has one."""
    some = sorted(set(networks))[:MOST]
    asked = sa.select(CASES.c.network_id, CASES.c.case_id).where(
        CASES.c.tenant == within.tenant, CASES.c.network_id.in_(some)
    )
    return {row.network_id: row.case_id for row in within.connection.execute(asked)}


PAGES = (
    Page("/guard", "guard", show, Permission.READ_GUARD, menu="Guard"),
    Page("/guard/limits", "limits", limited, Permission.READ_GUARD),
    Page("/guard/batches", "limit_batches", batches, Permission.READ_GUARD),
    Page("/guard/undo", "undo_limits", undo, Permission.RUN_PLANS, POST),
    Page("/guard/lift", "lift_limit", lift, Permission.RUN_PLANS, POST),
)
