"""What is this case, who is in it, and what became of it? With what a reviewer says and decides about it."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Form, Query
from fastapi.responses import Response
from markupsafe import Markup

from ringfence.cases import cases, comments, deciding, growth, member_pages, plan, reports, timeline
from ringfence.cases.deciding import Outcome
from ringfence.cases.member_pages import Sort, Wanted, Way
from ringfence.cases.members import Standing
from ringfence.cases.people import Permission
from ringfence.cases.priority import WEIGHTS
from ringfence.cases.reports import Decision
from ringfence.console import drawing
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Name, PageNumber, Sought, Text, Why
from ringfence.console.links import Links
from ringfence.console.page import POST, Page
from ringfence.model.words import Role
from ringfence.pictures import growth as growth_picture


def show(
    asking: Asker,
    case_id: str,
    standing: Standing | Literal[""] = "",
    role: Role | Literal[""] = "",
    find: Sought = "",
    least: Annotated[str, Query(max_length=20, pattern=r"^(-?\d+(\.\d+)?)?$")] = "",
    left: Literal["yes", ""] = "",
    sort: Sort = Sort.RANK,
    way: Way = Way.UP,
    number: PageNumber = 1,
) -> Response:
    """A case; or, for a script, the page of its members that it asks for."""
    score = float(least) if least else None
    wanted = Wanted(standing or None, role or None, find.strip(), score, bool(left), sort, way, number)
    if asking.fragment:
        return _members(asking, case_id, wanted)
    with asking.act() as within:
        case = cases.find(within, case_id)
        inside = {"page": member_pages.page(within, case_id, wanted), "counts": member_pages.counts(within, case_id)}
        told = {"comments": comments.of(within, case_id), "reports": reports.of(within, case_id)}
        told |= {"plans": plan.of(within, case_id)}
        past, sizes = timeline.of(within, case_id), growth.of(within, case_id)
    drawn = _grown(case_id, sizes)
    choices = {"outcomes": tuple(Outcome), "decisions": tuple(Decision), "weights": WEIGHTS}
    values = {**inside, **told, **choices, **_chosen(case_id, wanted), "past": past[::-1], "growth": drawn}
    return drawing.drawn(asking, "case.html", case=case, **values)


def comment(asking: Asker, case_id: str, text: Text) -> Response:
    """Say something about the case."""
    with asking.act() as within:
        comments.add(within, case_id, text)
    return drawing.see(f"/cases/{case_id}", "commented")


def answer(
    asking: Asker,
    case_id: str,
    report: Name,
    decision: Annotated[Decision, Form()],
    text: Text,
) -> Response:
    """Decide on a report, and keep what its reporter is told."""
    with asking.act() as within:
        reports.answer(within, report, decision, text)
    return drawing.see(f"/cases/{case_id}", "answered")


def mark(asking: Asker, case_id: str, why: Why) -> Response:
    """Put the case before all that are not urgent."""
    with asking.act() as within:
        deciding.mark_urgent(within, case_id, why)
    return drawing.see(f"/cases/{case_id}", "marked")


def unmark(asking: Asker, case_id: str, why: Why) -> Response:
    """Let the case stand where its priority puts it."""
    with asking.act() as within:
        deciding.unmark(within, case_id, why)
    return drawing.see(f"/cases/{case_id}", "unmarked")


def close(asking: Asker, case_id: str, outcome: Annotated[Outcome, Form()], why: Why) -> Response:
    """End the case."""
    with asking.act() as within:
        deciding.close(within, case_id, outcome, why)
    return drawing.see(f"/cases/{case_id}", "closed")


def reopen(asking: Asker, case_id: str, why: Why) -> Response:
    """Begin it again."""
    with asking.act() as within:
        deciding.reopen(within, case_id, why)
    return drawing.see(f"/cases/{case_id}", "reopened")


def _members(asking: Asking, case_id: str, wanted: Wanted) -> Response:
    with asking.act() as within:
        case = cases.find(within, case_id)
        page, counts = member_pages.page(within, case_id, wanted), member_pages.counts(within, case_id)
    return drawing.drawn(asking, "_members.html", case=case, page=page, counts=counts, **_chosen(case_id, wanted))


def _chosen(case_id: str, wanted: Wanted) -> dict[str, object]:
    links = Links(f"/cases/{case_id}", asdict(wanted), asdict(Wanted()))
    return {"wanted": wanted, "links": links, "standings": tuple(Standing), "roles": tuple(Role), "sorts": tuple(Sort)}


def _grown(case_id: str, days: tuple[growth.Day, ...]) -> Markup | None:
    """The picture, which escapes what it is given; none for a network seen on a single day."""
    several = len(days) > 1
    return Markup(growth_picture.growth(case_id, [(one.day, one.members) for one in days])) if several else None  # noqa: S704


PAGES = (
    Page("/cases/{case_id}", "case", show, Permission.READ_CASES),
    Page("/cases/{case_id}/comments", "comment", comment, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/answers", "answer_report", answer, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/urgent", "mark_urgent", mark, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/not-urgent", "unmark", unmark, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/close", "close_case", close, Permission.WORK_CASES, POST),
    Page("/cases/{case_id}/reopen", "reopen_case", reopen, Permission.WORK_CASES, POST),
)
