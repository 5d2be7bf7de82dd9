"""What is known of one account? Why it was found, what speaks against it, its history, and whether it is protected."""

from math import fsum
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response

from ringfence.cases import accounts, acted, profile, protected
from ringfence.cases.accounts import Appearance
from ringfence.cases.audit import Act
from ringfence.cases.people import Permission
from ringfence.cases.profile import Profile
from ringfence.console import drawing, reveals
from ringfence.console.asking import Asker
from ringfence.console.fields import Name, Why
from ringfence.console.page import POST, Page
from ringfence.store import events
from ringfence.store.workspace import Workspace


def show(asking: Asker, account_id: str, text: Literal["shown", ""] = "") -> Response:
    """An account. What it wrote of itself is read, and the read recorded, only where it is asked for."""
    with asking.act() as within:
        account = accounts.find(within, account_id)
        done = {"acts": acted.to_account(within, account_id), "appealed": acted.appeals_of(within, account_id)}
        if text:
            within.demand(Permission.READ_EVIDENCE)
            within.record(Act.PROFILE_READ, account_id)
            reveals.add(within)
    platform = _profile(asking.settings.workspace, account_id)
    told = next((one for one in account.appearances if one.member), None)
    values = {"account": account, "profile": platform, "told": told, "shown": bool(text), "kinds": tuple(protected.Why)}
    return drawing.drawn(asking, "account.html", **values, **done, **_sums(told))


def protect(asking: Asker, account: Name, kind: Annotated[protected.Why, Form()], why: Why) -> Response:
    """Put the account on the protected list."""
    with asking.act() as within:
        protected.add(within, account, kind, why)
    return drawing.see(drawing.account_path(account), "protected")


def unprotect(asking: Asker, account: Name) -> Response:
    """Take it off the list."""
    with asking.act() as within:
        protected.remove(within, account)
    return drawing.see(drawing.account_path(account), "unprotected")


def _profile(workspace: Workspace, account_id: str) -> Profile | None:
    with events.connect(workspace) as store:
        return profile.profile(store, workspace.signals / "terms.parquet", account_id)


def _sums(told: Appearance | None) -> dict[str, object]:
    """What the contributions add up to, and the largest of them, which the bars are drawn by."""
    amounts = [amount for _, amount in told.member.contributions] if told and told.member else []
    return {"total": fsum(amounts), "largest": max((abs(one) for one in amounts), default=0.0) or 1.0}


PAGES = (
    Page("/accounts/{account_id:path}", "account", show, Permission.READ_CASES),
    Page("/protected", "protect", protect, Permission.KEEP_PROTECTED, POST),
    Page("/protected/remove", "unprotect", unprotect, Permission.KEEP_PROTECTED, POST),
)
