"""ringfence hold"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ringfence.cases import holds
from ringfence.cases.holds import Hold
from ringfence.cli import say
from ringfence.cli.desk import By, Why, desk
from ringfence.model.faults import Fault

GROUP = typer.Typer(
    name="hold", help="Evidence that stays: how long, by whose order, and what was purged.", no_args_is_help=True
)
HoldId = Annotated[str, typer.Argument(help="The id of a hold, as `ringfence hold list` has it.")]


@GROUP.command("list")
def list_(
    case: Annotated[str | None, typer.Option(help="Only those of this case.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show what is held, the one that ends first first. The read is audited.

    Example: ringfence hold list --workspace platform
    """
    with desk(workspace) as at, at.act() as within:
        found = holds.listed(within, case)
    _told(found, as_json)


@GROUP.command()
def show(hold_id: HoldId, workspace: say.Where = say.HERE) -> None:
    """Print the evidence that is held, as JSON. The read is audited.

    Example: ringfence hold show hold-0123456789abcdef --workspace platform > evidence.json
    """
    with desk(workspace) as at, at.act() as within:
        _, text = holds.find(within, hold_id)
    typer.echo(text)


@GROUP.command()
def place(
    case_id: Annotated[str, typer.Argument(help="The id of a case.")],
    by: By,
    why: Why,
    days: Annotated[int | None, typer.Option(help="For how long; cases.hold_days without it.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Hold what is known of a case now. An approved plan holds its evidence by itself.

    Example: ringfence hold place case-0123456789abcdef --by finch --why "asked for" --workspace platform
    """
    with desk(workspace, by) as at, at.act() as within:
        made = holds.place(within, case_id, why, at.workspace.config.cases.hold_days if days is None else days)
    _said(made, "placed", as_json)


@GROUP.command()
def extend(
    hold_id: HoldId,
    until: Annotated[str, typer.Option(help="The day until which it stays, as 2028-01-31.")],
    by: By,
    why: Why,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Have evidence stay longer. A clock is never set back.

    Example: ringfence hold extend hold-0123456789abcdef --until 2028-01-31 --by finch --why "asked for"
    """
    day = _day(until)
    with desk(workspace, by) as at, at.act() as within:
        holds.extend(within, hold_id, day, why)
    _said(hold_id, f"extended until {until}", as_json)


@GROUP.command()
def legal(
    hold_id: HoldId,
    by: By,
    why: Why,
    lift: Annotated[bool, typer.Option("--lift", help="Let the clock count again.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Have evidence stay whatever its clock says, because the law asks for it.

    Example: ringfence hold legal hold-0123456789abcdef --by finch --why "court order 12" --workspace platform
    """
    with desk(workspace, by) as at, at.act() as within:
        (holds.lift_legal if lift else holds.set_legal)(within, hold_id, why)
    _said(hold_id, "legal hold lifted" if lift else "under a legal hold", as_json)


@GROUP.command()
def purge(by: By, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Remove all evidence whose clock has run out, and check that it is gone. Digests stay in the audit.

    Example: ringfence hold purge --by finch --workspace platform
    """
    with desk(workspace, by) as at, at.act() as within:
        gone = holds.purge(within)
    _told(gone, as_json)


def _told(found: Sequence[Hold], as_json: bool) -> None:
    if as_json:
        say.as_json({"holds": [asdict(one) for one in found]})
        return
    rows = [
        (one.hold_id, one.case_id, one.plan_id or "", f"{one.until:%Y-%m-%d}", one.legal_by or "",
         "purged" if one.purged_at else "", one.why)
        for one in found
    ]  # fmt: skip
    say.table("", ("hold", "case", "plan", "until", "legal hold by", "", "why"), rows)


def _said(hold_id: str, what: str, as_json: bool) -> None:
    if as_json:
        say.as_json({"hold": hold_id, "done": what})
    else:
        typer.echo(f"{hold_id}: {what}")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Fault(f"{text!r} is no day", where="--until", mend="write it as 2028-01-31") from None
