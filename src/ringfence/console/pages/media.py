"""Which media is known, and which is to be decided on? By hash and by the company it keeps, never a picture.

A decision is on a whole cluster, as the last triage saw it, and on no account. What is ranked is asked for by the page,
since that takes a while.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases.audit import Act as Recorded
from ringfence.cases.people import Permission
from ringfence.console import drawing
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Number, Sought, Why
from ringfence.console.page import POST, Page
from ringfence.discovery import triaging
from ringfence.media.banks import schema
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.listed import Size
from ringfence.media.banks.reviews import Act
from ringfence.media.exchange import kept as kept_fetch
from ringfence.media.exchange import settings as exchanges
from ringfence.media.triage import decide, decisions, kept, tell
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store.workspace import Workspace

MOST = 50  # clusters shown
_ONE = threading.Lock()  # a triage takes all cores and much memory: one at a time
Cluster = Annotated[str, Form(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True, slots=True)
class Fetch:
    """An exchange: what it fills, and when it was last asked. `paging` is that it was left in the middle."""

    name: str
    service: str
    bank: str
    at: datetime | None
    paging: bool
    fault: str


def show(asking: Asker, care: Sought = "") -> Response:
    """Where the list of new media comes in."""
    with asking.act() as within:
        within.demand(Permission.READ_MEDIA)
    return drawing.drawn(asking, "media.html", care=bool(care), told=None)


def listed(asking: Asker, care: Sought = "") -> Response:
    """New media, the likeliest to belong to a network first; or that for those who look after children."""
    with asking.act() as within:
        within.demand(Permission.READ_MEDIA)
        within.record(Recorded.TRIAGE_READ, "care" if care else "review")
    try:
        with _ONE:
            made = triaging.triaged(asking.settings.workspace).found.made
    except Fault as fault:
        return drawing.failed(asking, fault)
    rows = [tell.row(made, int(cluster)) for cluster in made.listed(care=bool(care))[:MOST]]
    told = {"rows": rows, "counts": triaging.counts(made)}
    template = "_media_list.html" if asking.fragment else "media.html"
    return drawing.drawn(asking, template, care=bool(care), told=told)


def cluster(asking: Asker, cluster: str) -> Response:
    """One cluster as the last triage saw it: its hashes, who uploaded it, and what was decided."""
    workspace = asking.settings.workspace
    with asking.act() as within:
        within.demand(Permission.READ_MEDIA)
        within.record(Recorded.TRIAGE_READ, cluster)
    found = kept.group(workspace, cluster)
    stands = decisions.standing(decisions.read(workspace)).get(cluster)
    return drawing.drawn(asking, "media_cluster.html", group=found, stands=stands, opinions=decide.OPINIONS)


def decided(asking: Asker) -> Response:
    """Every decision, the newest first, and which of them stand."""
    with asking.act() as within:
        within.demand(Permission.READ_MEDIA)
        within.record(Recorded.TRIAGE_READ, "decisions")
    made = decisions.read(asking.settings.workspace)
    stand = {one.number for one in decisions.standing(made).values()}
    return drawing.drawn(asking, "media_decisions.html", made=made[::-1], stand=stand)


def decide_on(asking: Asker, cluster: Cluster, opinion: Annotated[Opinion, Form()], why: Why) -> Response:
    """Decide on all of a cluster."""
    workspace = asking.settings.workspace
    with asking.act() as within:
        within.demand(Permission.WORK_CASES)
        within.record(Recorded.TRIAGE_DECIDED, cluster, {"opinion": str(opinion), "why": why})
        decide.decide(workspace, cluster, opinion, within.person.id, why)
    triaging.hand_over(workspace)
    return drawing.see(f"/media/clusters/{cluster}", "decided")


def undo(asking: Asker, number: Number, why: Why) -> Response:
    """Take a decision back."""
    workspace = asking.settings.workspace
    with asking.act() as within:
        within.demand(Permission.WORK_CASES)
        within.record(Recorded.TRIAGE_DECIDED, f"decision {number}", {"opinion": "undone", "why": why})
        decide.undo(workspace, number, within.person.id, why)
    triaging.hand_over(workspace)
    return drawing.see("/media/decisions", "taken_back")


def banks(asking: Asker) -> Response:
    """The banks with their settings and sizes, and the exchanges that fill them."""
    workspace = asking.settings.workspace
    _read(asking, "all banks")
    rows: list[tuple[Bank, Size]] = []
    checkpoints: dict[str, str | None] = {}
    with _banks(workspace) as opened:
        if opened is not None:
            rows = [(bank, opened.size(name)) for name, bank in opened.every().items()]
            checkpoints = {name.casefold(): opened.checkpoint(name) for name in opened.every()}
    told = [_fetch(name, one, checkpoints) for name, one in exchanges.read(workspace.media).items()]
    return drawing.drawn(asking, "media_banks.html", rows=rows, fetches=told)


def quarantine(asking: Asker) -> Response:
    """What is held in quarantine, with what was said of it."""
    _read(asking, "quarantine")
    with _banks(asking.settings.workspace) as opened:
        held = opened.held() if opened is not None else ()
        rows = [(one, opened.signals(one.content), opened.history(one.content)) for one in held] if opened else []
    return drawing.drawn(asking, "media_quarantine.html", rows=rows)


def settle(asking: Asker, number: Number, act: Annotated[Act, Form()], why: Why) -> Response:
    """Let a content out of quarantine, or keep it there by a person's word."""
    if act not in (Act.RELEASE, Act.QUARANTINE):
        raise Fault(f"{act} is not decided here", where="quarantine", mend="use `ringfence media bank`")
    with asking.act() as within, _banks(asking.settings.workspace) as opened:
        within.demand(Permission.WORK_CASES)
        within.record(Recorded.BANK_DECIDED, f"content {number}", {"act": str(act), "why": why})
        if opened is None or opened.content(number).held is None:
            raise Fault("is not in quarantine", where=f"content {number}", mend="open the page again")
        opened.say(number, act, by=within.person.id, why=why)
    return drawing.see("/media/quarantine", "let_out" if act is Act.RELEASE else "kept_in")


def _read(asking: Asking, subject: str) -> None:
    with asking.act() as within:
        within.demand(Permission.READ_MEDIA)
        within.record(Recorded.BANKS_READ, subject)


@contextmanager
def _banks(workspace: Workspace) -> Iterator[Banks | None]:
    """The banks; None where there are none, as looking makes none."""
    if not (workspace.media / schema.FILE).exists():
        yield None
        return
    opened = Banks.of(workspace)
    try:
        yield opened
    finally:
        opened.close()


def _fetch(name: str, one: exchanges.Exchange, checkpoints: dict[str, str | None]) -> Fetch:
    checkpoint = checkpoints.get(one.bank.casefold())
    if checkpoint is None:
        return Fetch(name, one.service, one.bank, None, paging=False, fault="")
    try:
        left = kept_fetch.read(checkpoint, name)
    except Fault as fault:
        return Fetch(name, one.service, one.bank, None, paging=False, fault=fault.what)
    return Fetch(name, one.service, one.bank, left.at, paging=left.paging, fault="")


PAGES = (
    Page("/media", "media", show, Permission.READ_MEDIA, menu="Media"),
    Page("/media/list", "media_list", listed, Permission.READ_MEDIA),
    Page("/media/clusters/{cluster}", "media_cluster", cluster, Permission.READ_MEDIA),
    Page("/media/decide", "decide_on_media", decide_on, Permission.WORK_CASES, POST),
    Page("/media/decisions", "media_decisions", decided, Permission.READ_MEDIA),
    Page("/media/undo", "undo_media", undo, Permission.WORK_CASES, POST),
    Page("/media/banks", "banks", banks, Permission.READ_MEDIA),
    Page("/media/quarantine", "quarantine", quarantine, Permission.READ_MEDIA),
    Page("/media/settle", "settle_quarantine", settle, Permission.WORK_CASES, POST),
)
