"""Which evidence must stay, until when, and what was purged? It is shown to who asks, and that is recorded."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import holds
from ringfence.cases.faults import Unknown
from ringfence.cases.holds import LONGEST, Hold
from ringfence.cases.people import Permission
from ringfence.console import drawing
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Name, Sought, Why
from ringfence.console.page import POST, Page
from ringfence.model.faults import Fault

MOST_SHOWN = 100_000  # characters; the whole of it is a file


def show(asking: Asker, which: Literal["due", "legal", "purged", ""] = "", about: Sought = "") -> Response:
    """The holds, the one that ends first first."""
    with asking.act() as within:
        found = holds.listed(within, about or None)
        due = {one.hold_id for one in holds.due(within)}
    chosen = {
        "": [one for one in found if not one.purged_at],
        "due": [one for one in found if one.hold_id in due],
        "legal": [one for one in found if one.legal_by and not one.purged_at],
        "purged": [one for one in found if one.purged_at],
    }
    counts = {name: len(some) for name, some in chosen.items()}
    proved = asking.session.proved(asking.at, asking.settings.proof)
    usual = asking.settings.workspace.config.cases.hold_days
    values = {"which": which, "about": about, "due": due, "counts": counts, "proved": proved}
    return drawing.drawn(asking, "holds.html", holds=chosen[which], days=usual, longest=LONGEST, **values)


def one(asking: Asker, hold_id: str, evidence: Literal["shown", ""] = "") -> Response:
    """A hold; and what is held, where somebody asks for it."""
    with asking.act() as within:
        text = None
        if evidence:
            found, text = holds.find(within, hold_id)
        else:
            found = _listed(holds.listed(within), hold_id)
        due = hold_id in {given.hold_id for given in holds.due(within)}
    shown = msgspec.json.format(text, indent=2)[:MOST_SHOWN] if text is not None else ""
    values = {"hold": found, "due": due, "shown": shown, "size": len(text or ""), "cut": len(shown) == MOST_SHOWN}
    return drawing.drawn(asking, "hold.html", **values)


def copy(asking: Asker, hold_id: str) -> Response:
    """The whole evidence as it was held, to the letter: its SHA-256 is the digest. The read is recorded."""
    with asking.act() as within:
        found, text = holds.find(within, hold_id)
    name = {"content-disposition": f'attachment; filename="{found.hold_id}.json"'}
    return Response(text.encode(), media_type="application/json", headers=name)


def place(asking: Asker, case: Name, why: Why, days: Annotated[int, Form()]) -> Response:
    """Hold what is known of a case now."""
    with asking.act() as within:
        hold_id = holds.place(within, case.strip(), why, days)
    return drawing.see(f"/holds/{hold_id}", "held")


def extend(asking: Asker, hold_id: str, until: Annotated[str, Form(max_length=40)], why: Why) -> Response:
    """Have it stay longer, until the end of a day."""
    moment = _end_of(until, asking)
    with asking.act() as within:
        holds.extend(within, hold_id, moment, why)
    return drawing.see(f"/holds/{hold_id}", "extended")


def set_legal(asking: Asker, hold_id: str, why: Why) -> Response:
    """Have it stay whatever the clock says."""
    with asking.act() as within:
        holds.set_legal(within, hold_id, why)
    return drawing.see(f"/holds/{hold_id}", "legal_set")


def lift_legal(asking: Asker, hold_id: str, why: Why) -> Response:
    """Let the clock count again."""
    with asking.act() as within:
        holds.lift_legal(within, hold_id, why)
    return drawing.see(f"/holds/{hold_id}", "legal_lifted")


def purge(asking: Asker) -> Response:
    """Remove the evidence of all that are due. What proves it stays: the digest, here and in the audit."""
    with asking.act() as within:
        gone = holds.purge(within)
    return drawing.see("/holds?which=purged", "purged" if gone else "none_due")


def _listed(found: tuple[Hold, ...], hold_id: str) -> Hold:
    for given in found:
        if given.hold_id == hold_id:
            return given
    raise Unknown("there is no such hold", where=repr(hold_id[:63]), mend="see the holds")


def _end_of(text: str, asking: Asking) -> datetime:
    """The end of a day, where the reviewer is."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007, the zone comes next
        return (datetime.combine(day, time.min, ZoneInfo(asking.zone)) + timedelta(days=1)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault("is no day", where=repr(text[:40]), mend="write it as 2027-11-02") from None


PAGES = (
    Page("/holds", "holds", show, Permission.READ_EVIDENCE, menu="Holds"),
    Page("/holds", "place_hold", place, Permission.KEEP_HOLDS, POST),
    Page("/holds/purge", "purge_holds", purge, Permission.KEEP_HOLDS, POST, proof=True),
    Page("/holds/{hold_id}", "hold", one, Permission.READ_EVIDENCE),
    Page("/holds/{hold_id}/evidence.json", "hold_copy", copy, Permission.READ_EVIDENCE),
    Page("/holds/{hold_id}/extend", "extend_hold", extend, Permission.KEEP_HOLDS, POST),
    Page("/holds/{hold_id}/legal", "set_legal_hold", set_legal, Permission.KEEP_HOLDS, POST, proof=True),
    Page("/holds/{hold_id}/lift", "lift_legal_hold", lift_legal, Permission.KEEP_HOLDS, POST, proof=True),
)
