"""Who is tied to whom in a case, and why? What its map is drawn from, and what is told of a node and of an edge."""

import gzip
from dataclasses import asdict
from typing import Literal

import msgspec
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from ringfence.cases import cases, members, why_tied
from ringfence.cases.faults import Unknown
from ringfence.cases.people import Permission
from ringfence.cases.ties import named
from ringfence.console import drawing
from ringfence.console import network as networks
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Sought
from ringfence.console.network import Network, Picture
from ringfence.console.page import Page
from ringfence.discovery.plain_words import STEPS

TOLD = 12  # whom a member is tied to most
LEAST_TO_PACK, LEVEL = 1_000, 5  # bytes; of gzip


def map_of(request: Request, asking: Asker, case_id: str, every: Literal["yes", ""] = "") -> Response:
    """The members and pairs of a case: the first to draw, or all of them."""
    whole = _network(asking, case_id)
    chosen = networks.everybody(whole) if every else networks.first(whole)
    return _packed(request, networks.picture(whole, chosen))


def neighbours(request: Request, asking: Asker, case_id: str, of: Sought) -> Response:
    """A member and all that it is tied to, to be added to the map."""
    whole = _network(asking, case_id)
    return _packed(request, networks.picture(whole, networks.around(whole, _place(whole, case_id, of))))


def member(asking: Asker, case_id: str, of: Sought) -> Response:
    """What is told of one node, beside the map. Who comes without the script sees the account's page."""
    if not asking.fragment:
        return RedirectResponse(drawing.account_path(of), 303)
    whole = _network(asking, case_id)
    place = _place(whole, case_id, of)
    ties = [(one, [str(kind) for kind in named(kinds)]) for one, kinds in networks.strongest(whole, place, TOLD)]
    degree = int(whole.tied.degree()[place])
    told = {"member": whole.members[place], "ties": ties, "degree": degree, "words": STEPS}
    return drawing.drawn(asking, "_network_member.html", case_id=case_id, **told)


def ties(request: Request, asking: Asker, case_id: str, one: Sought, other: Sought) -> Response:
    """Why two members are tied: every row of evidence. The read is recorded."""
    with asking.act() as within:
        question = why_tied.ask(within, case_id, one, other)
    evidence = why_tied.answer(asking.settings.workspace, question)
    if "application/json" in request.headers.get("accept", ""):
        told = {"case": case_id, "one": one, "other": other, "evidence": [asdict(row) for row in evidence]}
        return Response(msgspec.json.encode(told), media_type="application/json")
    template = "_network_ties.html" if asking.fragment else "network_ties.html"
    values = {"case_id": case_id, "one": one, "other": other, "evidence": evidence}
    return drawing.drawn(asking, template, words=STEPS, **values)


def _network(asking: Asking, case_id: str) -> Network:
    with asking.act() as within:
        case = cases.find(within, case_id)
        inside = members.of(within, case_id)
    return networks.network(asking.settings.workspace, case, inside)


def _place(whole: Network, case_id: str, account_id: str) -> int:
    place = whole.place_of(account_id)
    if place is None:
        raise Unknown("has no such member", where=case_id, mend="choose one that is in it now")
    return place


def _packed(request: Request, told: Picture) -> Response:
    content, headers = msgspec.json.encode(told), {"vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", "") and len(content) >= LEAST_TO_PACK:
        content, headers["content-encoding"] = gzip.compress(content, LEVEL, mtime=0), "gzip"
    return Response(content, media_type="application/json", headers=headers)


PAGES = (
    Page("/cases/{case_id}/network.json", "network", map_of, Permission.READ_CASES),
    Page("/cases/{case_id}/neighbours", "neighbours", neighbours, Permission.READ_CASES),
    Page("/cases/{case_id}/member", "network_member", member, Permission.READ_CASES),
    Page("/cases/{case_id}/ties", "ties", ties, Permission.READ_EVIDENCE),
)
