"""ringfence cases"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from ringfence.cases import arriving, cases, comments, members, queue, reports, timeline
from ringfence.cases.cases import Case
from ringfence.cases.database import Database
from ringfence.cases.people import Person, at_shell
from ringfence.cases.queue import Order, Wanted
from ringfence.cases.transaction import Transaction
from ringfence.cli import say
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(
    name="cases", help="Networks before a reviewer: which comes first, and who holds it.", no_args_is_help=True
)
CaseId = Annotated[str, typer.Argument(help="The id of a case, as `ringfence cases list` has it.")]
By = Annotated[str, typer.Option(help="Who holds it: the id of a reviewer on the list of people.")]
QUEUE = ("case", "about", "size", "priority", "urgent", "opened", "held by")
MEMBERS = ("account", "group", "rank", "score", "probability", "role", "why")


@GROUP.command("list")
def list_(
    order: Annotated[Order, typer.Option(help="What comes first.")] = Order.RISK,
    after: Annotated[str | None, typer.Option(help="The last case of the page before.")] = None,
    most: Annotated[int, typer.Option(help="How many to show.")] = queue.PAGE,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show the open cases, the first to be looked at first. The read is audited.

    Example: ringfence cases list --order urgency --workspace platform
    """
    place = say.workspace(workspace)
    with act(place) as within:
        page = queue.page(within, Wanted(order), after, most)
        at = within.at
    if as_json:
        say.as_json({"open": page.open, "cases": [asdict(one) for one in page.cases]})
        return
    say.table("", QUEUE, [_line(one, at) for one in page.cases])
    if page.more:
        several = f"{page.open:,}{' or more' if page.open == queue.COUNTED else ''}"
        typer.echo(f"{several} cases are open; --after {page.cases[-1].case_id} shows the next")


@GROUP.command()
def show(case_id: CaseId, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show a case: why it stands where it does, who is in it and why, what was reported and what became of it.

    The read is audited.

    Example: ringfence cases show case-0123456789abcdef --workspace platform
    """
    with act(say.workspace(workspace)) as within:
        case = cases.find(within, case_id)
        inside, past = members.of(within, case_id), timeline.of(within, case_id)
        said, told = comments.of(within, case_id), reports.of(within, case_id)
    if as_json:
        parts: dict[str, Sequence[Any]] = {"members": inside, "timeline": past, "comments": said, "reports": told}
        say.as_json({"case": asdict(case)} | {name: [asdict(one) for one in rows] for name, rows in parts.items()})
        return
    about = f"network {case.network_id}" if case.network_id else f"account {case.account_id}"
    typer.echo(f"{case.case_id}: {about}, {case.status}{', urgent' if case.urgent else ''}")
    typer.echo(f"priority {case.priority:.3f}: " + ", ".join(f"{name} {part:.2f}" for name, part in case.parts.items()))
    rows = [
        (one.account_id, one.standing, one.rank, f"{one.score:.2f}", _share(one.probability), one.role or "",
         "; ".join(one.reasons))
        for one in inside if one.left_at is None
    ]  # fmt: skip
    say.table("\nMembers, by group", MEMBERS, sorted(rows, key=lambda row: (row[1] != "above", row[1], row[2])))
    if told:
        about_whom = ((one.report.report_id, one.report.account_id, one.report.reason) for one in told)
        decided = [(*row, one.decision or "") for row, one in zip(about_whom, told, strict=True)]
        say.table("\nReports", ("report", "about", "reason", "decision"), decided)
    for one in said:
        typer.echo(f"\n{one.at:%Y-%m-%d %H:%M} {one.by}: {one.text}")
    say.table(
        "\nTimeline (UTC)",
        ("at", "event", "by", ""),
        [(_day(one.at), one.event, one.by, _said(one.detail)) for one in past],
    )


@GROUP.command("open")
def open_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Open cases for what the last discovery found, bring the others up to date, and take in what was reported.

    The same discovery is opened once, however often this is run.

    Example: ringfence cases open --workspace platform
    """
    place = say.workspace(workspace)
    with closing(Database.open(place)) as database:
        made, received = arriving.take_in(database, at_shell(place.config.cases.tenant), place)
    if as_json:
        say.as_json({**asdict(made), "reports": asdict(received)})
        return
    if made.already:
        typer.echo(f"{made.run_id} is open already")
    else:
        typer.echo(
            f"{made.run_id}: {made.opened:,} cases opened, {made.updated:,} changed, {made.same:,} as before, "
            f"{made.merged:,} merged, {made.gone:,} no longer found, {made.reopened:,} open again"
        )
    typer.echo(f"{received.new:,} reports are new, {received.opened:,} of them in cases of their own")


@GROUP.command()
def lease(
    by: By,
    case_id: Annotated[str | None, typer.Argument(help="A case; without one, the first that nobody holds.")] = None,
    minutes: Annotated[int | None, typer.Option(help="For how long; cases.lease_minutes without it.")] = None,
    order: Annotated[Order, typer.Option(help="What comes first.")] = Order.RISK,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Hold a case for a while, so that nobody else works on it. Whoever holds it already holds it longer.

    Example: ringfence cases lease --by wren --workspace platform
    """
    place = say.workspace(workspace)
    wanted = place.config.cases.lease_minutes if minutes is None else minutes
    with act(place, by) as within:
        taken = queue.take(within, case_id, wanted) if case_id else queue.take_next(within, wanted, order)
    if as_json:
        say.as_json({"case": asdict(taken) if taken else None})
    elif taken:
        typer.echo(f"{by} holds {taken.case_id} until {_day(taken.lease_until)} (UTC)")
    else:
        typer.echo("Every open case is held, or there is none")


@GROUP.command()
def release(case_id: CaseId, by: By, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Let go of a case, so that somebody else may take it.

    Example: ringfence cases release case-0123456789abcdef --by wren --workspace platform
    """
    with act(say.workspace(workspace), by) as within:
        queue.release(within, case_id)
    if as_json:
        say.as_json({"released": case_id})
    else:
        typer.echo(f"{case_id} is free")


@contextmanager
def act(place: Workspace, by: str | None = None) -> Iterator[Transaction]:
    """One act on the cases, by whoever is at the shell or by somebody on the list of people."""
    tenant = place.config.cases.tenant
    person = Person(by, tenant, by, frozenset()) if by else at_shell(tenant)
    database = Database.open(place)
    try:
        with database.transaction(person) as within:
            yield within
    finally:
        database.close()


def _line(case: Case, at: datetime) -> tuple[object, ...]:
    held = case.lease_by if case.lease_until and case.lease_until > at else ""
    urgent = "yes" if case.urgent else ""
    about = case.network_id or case.account_id
    return case.case_id, about, case.size, f"{case.priority:.3f}", urgent, _day(case.opened_at), held


def _share(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.0%}"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _said(detail: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value not in (None, ""))
