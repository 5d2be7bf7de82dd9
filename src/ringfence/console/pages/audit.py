"""Who read or changed what? The audit of the cases and of the command line, their check, and a copy for an auditor."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi.responses import Response, StreamingResponse

from ringfence.cases import audit_files, audit_log
from ringfence.cases.audit import Act
from ringfence.cases.audit_log import Wanted
from ringfence.cases.people import Permission
from ringfence.console import checks, drawing
from ringfence.console.asking import Asker, Asking
from ringfence.console.fields import Before, Sought
from ringfence.console.page import POST, Page
from ringfence.model.faults import Fault
from ringfence.store import audit


def show(
    asking: Asker,
    who: Sought = "",
    act: Sought = "",
    subject: Sought = "",
    since: Sought = "",
    until: Sought = "",
    before: Before = None,
) -> Response:
    """Rows of the audit of the cases, the newest first."""
    wanted = Wanted(
        who=who.strip() or None,
        act=_act(act) if act else None,
        subject=subject.strip() or None,
        before=before,
        since=_moment(since, asking.zone),
        until=_moment(until, asking.zone),
    )
    with asking.act() as within:
        rows = audit_log.read(within, wanted, audit_log.PAGE + 1)
    shown, filters = (
        rows[: audit_log.PAGE],
        {"who": who, "act": act, "subject": subject, "since": since, "until": until},
    )
    kept = {name: value for name, value in filters.items() if value}
    return drawing.drawn(
        asking,
        "audit.html",
        rows=shown,
        acts=tuple(Act),
        filters=filters,
        first="/audit?" + urlencode(kept) if before else "",
        older="/audit?" + urlencode({**kept, "before": shown[-1].number}) if len(rows) > len(shown) else "",
        check=checks.last(asking.console.database, asking.tenant),
    )


def command_line(asking: Asker, who: Sought = "", action: Sought = "", before: Before = None) -> Response:
    """Lines of the audit of the command line, the newest first."""
    with asking.act() as within:
        within.demand(Permission.READ_AUDIT)
        within.record(Act.AUDIT_READ, "command line", {"who": who or None, "act": action or None})
    lines = list(enumerate(audit.read(asking.settings.workspace), 1))
    wanted = [
        (number, one)
        for number, one in reversed(lines)
        if (not who or one.who == who) and (not action or one.action == action) and (not before or number < before)
    ]
    shown, kept = wanted[: audit_log.PAGE], {name: value for name, value in (("who", who), ("action", action)) if value}
    older = "/audit/command-line?" + urlencode({**kept, "before": shown[-1][0]}) if len(wanted) > len(shown) else ""
    return drawing.drawn(
        asking,
        "audit_lines.html",
        lines=shown,
        actions=tuple(audit.Action),
        who=who,
        action=action,
        first="/audit/command-line?" + urlencode(kept) if before else "",
        older=older,
        check=checks.last(asking.console.database, asking.tenant),
    )


def verify(asking: Asker) -> Response:
    """Begin to check both audits."""
    with asking.act() as within:
        checks.begin(within, asking.console.database, asking.settings.workspace)
    return _check(asking) if asking.fragment else drawing.see("/audit/check")


def check(asking: Asker) -> Response:
    """How far the check has come, or how it ended."""
    return _check(asking)


def export(asking: Asker) -> Response:
    """The whole audit of the cases as JSON lines, with the signed head at its end."""
    with asking.act() as within:
        within.demand(Permission.READ_AUDIT)
        within.record(Act.AUDIT_EXPORTED, "console")

    def lines() -> Iterator[bytes]:
        with asking.console.database.look() as connection:
            yield from audit_files.exported(connection, asking.tenant)

    name = f"audit-{asking.tenant}-{asking.at:%Y-%m-%d}.jsonl"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


def _check(asking: Asking) -> Response:
    found = checks.last(asking.console.database, asking.tenant)
    return drawing.drawn(asking, "_check.html" if asking.fragment else "audit_check.html", check=found)


def _act(name: str) -> Act:
    try:
        return Act(name)
    except ValueError:
        raise Fault("is no act that is ever recorded", where=repr(name[:63]), mend="choose one of the list") from None


def _moment(text: str, zone: str) -> datetime | None:
    """A time as a field of a form has it, in the reviewer's zone."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault("is no time", where=repr(text[:63]), mend="write it as 2026-11-02T09:30") from None


PAGES = (
    Page("/audit", "audit", show, Permission.READ_AUDIT, menu="Audit"),
    Page("/audit/command-line", "audit_lines", command_line, Permission.READ_AUDIT),
    Page("/audit/check", "audit_check", check, Permission.READ_AUDIT),
    Page("/audit/check", "audit_verify", verify, Permission.READ_AUDIT, POST),
    Page("/audit/export", "audit_export", export, Permission.READ_AUDIT, POST),
)
