"""What is the evidence behind a member, or behind a case? Lists of pieces, each masked until somebody asks for it.

A page never has what it does not show: a piece is sent when it is asked for, after its audit row is written. Media is
never sent at all; a viewer that the operator configured shows it, in an image that is there while a key is held down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from fastapi.responses import JSONResponse, Response

from ringfence.cases import evidence, evidence_store, known_media
from ringfence.cases.evidence import Scope
from ringfence.cases.evidence_store import Kind, Pieces
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.cases.known_media import Standing
from ringfence.cases.people import Permission
from ringfence.cases.transaction import Transaction
from ringfence.console import drawing, reveals
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Name, Sought
from ringfence.console.page import POST, Page
from ringfence.console.pages.wellbeing import rules
from ringfence.console.reveals import Looked
from ringfence.store import events
from ringfence.store.workspace import Workspace

Key = Annotated[str, Form(pattern=r"^[0-9a-f]{24}$")]
Find = Callable[[Transaction, str], Scope]
FINDS: Mapping[str, Find] = {"account": evidence.of_account, "case": evidence.of_case}
Of = Annotated[str, Form(pattern=r"^(account|case)$")]


@dataclass(frozen=True, slots=True)
class Revealed:
    """One piece that was asked for."""

    kind: Kind
    key: str
    value: str


def begin(asking: Asker, account: Sought = "", case: Sought = "") -> Response:
    """Where evidence is looked for, by the id of an account or a case."""
    for of, name in (("accounts", account.strip()), ("cases", case.strip())):
        if name:
            return drawing.see(f"/evidence/{of}/{quote(name, safe='')}")
    return drawing.drawn(asking, "evidence_begin.html")


def of_account(asking: Asker, account_id: str) -> Response:
    """The pieces of one account."""
    return _show(asking, "account", account_id)


def of_case(asking: Asker, case_id: str) -> Response:
    """What members of a case have in common."""
    return _show(asking, "case", case_id)


def reveal(asking: Asker, of: Of, name: Name, key: Key) -> Response:
    """One piece of text, once it is written down that it was asked for."""
    with asking.act() as within:
        scope = FINDS[of](within, name)
    pieces = _pieces(asking.settings.workspace, scope)
    shown = _named(pieces, key)
    with asking.act() as within:
        evidence.reveal(within, FINDS[of](within, name), shown.kind, key)
        reveals.add(within)
        looked = reveals.mine(within, rules(asking), asking.zone)
    if asking.fragment:
        back = _address(scope)
        return drawing.drawn(asking, "_revealed.html", shown=shown, looked=looked, back=back, swapped=True)
    return _drawn(asking, scope, pieces, looked, shown)


def reveal_media(asking: Asker, of: Of, name: Name, key: Key) -> Response:
    """Where the operator's own viewer shows one media; once that is written down, and never for one that is known."""
    if not asking.settings.restricted_viewer:
        mend = "decide by its hashes; an administrator can set `console.restricted_viewer`"
        raise Forbidden("no restricted viewer is configured", where="media", mend=mend)
    with asking.act() as within:
        scope = FINDS[of](within, name)
    found = [one for one in _pieces(asking.settings.workspace, scope).media if one.key == key]
    if not found:
        raise Unknown("there is no such media", where="media", mend="open the page again")
    if known_media.standing(asking.settings.workspace, found)[key] is not Standing.NEW:
        mend = "decide by its hash: known media needs no look, and what cannot be checked gets none"
        raise Forbidden("is known, or cannot be checked", where="media", mend=mend)
    with asking.act() as within:
        evidence.reveal_media(within, FINDS[of](within, name), key, found[0].media_id)
        reveals.add(within)
        looked = reveals.mine(within, rules(asking), asking.zone)
    address = asking.settings.restricted_viewer.replace("{media_id}", quote(found[0].media_id, safe=""))
    return JSONResponse({"address": address, "rest": looked.due})


def rest(asking: Asker, back: Sought = "/") -> Response:
    """The proposal of a break, for a page that is open."""
    with asking.act() as within:
        looked = reveals.mine(within, rules(asking), asking.zone)
    return drawing.drawn(asking, "_rest.html", looked=looked, back=back, swapped=False)


def _show(asking: Asking, of: str, name: str) -> Response:
    with asking.act() as within:
        scope = FINDS[of](within, name)
        evidence.read(within, scope)
        looked = reveals.mine(within, rules(asking), asking.zone)
    return _drawn(asking, scope, _pieces(asking.settings.workspace, scope), looked, None)


def _drawn(asking: Asking, scope: Scope, pieces: Pieces, looked: Looked, shown: Revealed | None) -> Response:
    workspace = asking.settings.workspace
    return drawing.drawn(
        asking,
        "evidence.html",
        scope=scope,
        of="account" if scope.account_id else "case",
        pieces=pieces,
        shared_things={kind: [one for one in pieces.shared if one.kind is kind] for kind in Kind},
        standing=known_media.standing(workspace, pieces.media),
        viewer=bool(asking.settings.restricted_viewer),
        scanned=_hits(workspace).exists(),
        looked=looked,
        shown=shown,
        back=_address(scope),
        swapped=False,
    )


def _pieces(workspace: Workspace, scope: Scope) -> Pieces:
    with events.connect(workspace) as connection:
        if scope.account_id:
            return evidence_store.of_account(connection, _hits(workspace), scope.account_id, scope.members)
        return evidence_store.of_case(connection, _hits(workspace), scope.members)


def _named(pieces: Pieces, key: str) -> Revealed:
    for text in pieces.texts:
        if text.key == key:
            return Revealed(Kind.TEXT, key, text.value)
    for shared in pieces.shared:
        if shared.key == key:
            return Revealed(shared.kind, key, shared.value)
    raise Unknown("there is no such piece", where="evidence", mend="open the page again: it has changed")


def _hits(workspace: Workspace) -> Path:
    return workspace.signals / "terms.parquet"


def _address(scope: Scope) -> str:
    if scope.account_id:
        return f"/evidence/accounts/{quote(scope.account_id, safe='')}"
    return f"/evidence/cases/{scope.case_id}"


PAGES = (
    Page("/evidence", "evidence", begin, Permission.READ_EVIDENCE, menu="Evidence"),
    Page("/evidence/reveal", "reveal", reveal, Permission.READ_EVIDENCE, POST),
    Page("/evidence/media", "reveal_media", reveal_media, Permission.READ_EVIDENCE, POST),
    Page("/evidence/rest", "rest", rest, Permission.READ_EVIDENCE),
    Page("/evidence/accounts/{account_id:path}", "evidence_of_account", of_account, Permission.READ_EVIDENCE),
    Page("/evidence/cases/{case_id}", "evidence_of_case", of_case, Permission.READ_EVIDENCE),
)
