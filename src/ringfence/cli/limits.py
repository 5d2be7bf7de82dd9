"""ringfence limits"""

from enum import StrEnum
from typing import Annotated, Any

import pyarrow as pa
import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.guard.files import read_policy
from ringfence.guard.limits import automatic as limits
from ringfence.guard.limits import journal, lists, reviews
from ringfence.guard.limits import state as limit_state
from ringfence.guard.limits.automatic import Applied
from ringfence.guard.publish import republish
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(
    name="limits", help="Which accounts leave discovery, until when, and who said so.", no_args_is_help=True
)
Accounts = Annotated[list[str], typer.Argument(help="Account ids.")]
By = Annotated[str, typer.Option(help="Who decides. It is recorded.")]
WAITING: tuple[str, ...] = ("account_id", "why", "strength", "network_id")
STANDING: tuple[str, ...] = ("account_id", "act", "strength", "network_id", "batch", "at", "until", "by")
CARRY = "`ringfence publish` hands it to the guard"


class Listed(StrEnum):
    """The lists there are."""

    LIMITED = "limited"
    HELD = "held"
    EXPIRED = "expired"
    CARE = "care"


@GROUP.command("list")
def list_(
    held: Annotated[bool, typer.Option("--held", help="Those that wait for a person before they are limited.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="Those whose limit has ended by itself.")] = False,
    care: Annotated[bool, typer.Option("--care", help="Likely minors, who are never limited.")] = False,
    network: Annotated[str | None, typer.Option(help="Only accounts of this network.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show the accounts under a limit, or those held, ended or for care. The read is audited.

    Example: ringfence limits list --held --workspace platform
    """
    place = say.workspace(workspace)
    which = _which(held=held, expired=expired, care=care)
    audit.record(place, audit.Action.LIMITS_READ, f"{which}{f' of {network}' if network else ''}")
    rows = _rows(place, which, network).to_pylist()
    if as_json:
        say.as_json({str(which): rows})
        return
    columns = WAITING if which in (Listed.HELD, Listed.CARE) else STANDING
    say.table("", columns, [[_cell(row[name]) for name in columns] for row in rows])


@GROUP.command()
def batches(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show every batch of changes, oldest first, with who made it and whether it was undone. The read is audited.

    Example: ringfence limits batches --workspace platform
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.LIMITS_READ, "batches")
    done = journal.read(place).batches
    undone = limit_state.undone(done)
    rows = [
        {"batch": one.number, "act": str(one.act), "accounts": len(one.accounts), "at": one.at, "by": one.by,
         "why": one.why, "until": one.until, "undoes": one.undoes or None,
         "undone_by": undone[one.number].number if one.number in undone else None}
        for one in done
    ]  # fmt: skip
    if as_json:
        say.as_json({"batches": rows})
        return
    columns = ("batch", "act", "accounts", "at", "by", "why", "until", "undoes", "undone_by")
    say.table("", columns, [[_cell(row[name]) for name in columns] for row in rows])


@GROUP.command()
def apply(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Limit what the last discovery found, as the policy's [automatic] table says. `ringfence publish` does it too.

    Example: ringfence limits apply --workspace platform
    """
    place = say.workspace(workspace)
    done = limits.apply(place, last_results.read_scores(place), read_policy(place))
    if as_json:
        say.as_json(done)
        return
    told(done)
    typer.echo(CARRY)


@GROUP.command()
def confirm(
    accounts: Accounts,
    by: By,
    why: Annotated[str, typer.Option(help="Why, in your own words.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Limit accounts for good, until somebody lifts it. Not for likely minors: they go to care.

    Example: ringfence limits confirm a00000017 --by wren --workspace platform
    """
    _done(reviews.confirm(say.workspace(workspace), accounts, by, why), len(accounts), "confirmed", as_json)


@GROUP.command()
def lift(
    accounts: Accounts,
    by: By,
    why: Annotated[str, typer.Option(help="Why, in your own words.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Give accounts back: no limit, and none is set automatically again.

    Example: ringfence limits lift a00000017 --by wren --why "a bird watcher" --workspace platform
    """
    _done(reviews.lift(say.workspace(workspace), accounts, by, why), len(accounts), "lifted", as_json)


@GROUP.command()
def undo(
    batch: Annotated[int, typer.Argument(help="The number of the batch, as `ringfence limits batches` has it.")],
    by: By,
    why: Annotated[str, typer.Option(help="Why, in your own words.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Undo one batch wholly, and publish. Accounts that it had limited are not limited automatically again.

    Example: ringfence limits undo 12 --by wren --workspace platform
    """
    place = say.workspace(workspace)
    undone = reviews.undo(place, batch, by, why)
    try:
        made = republish(place)
    except Fault as fault:
        mend = f"{fault.mend}, then run `ringfence publish`: the guard does not know of it yet"
        raise Fault(
            f"batch {batch} is undone, and not published: {fault.what}", where=fault.where, mend=mend
        ) from fault
    version = made.version if made else None
    if as_json:
        say.as_json({"undone": batch, "act": str(undone.act), "accounts": len(undone.accounts), "snapshot": version})
        return
    typer.echo(f"Batch {batch} is undone: {undone.act} of {len(undone.accounts):,} accounts")
    typer.echo(f"Snapshot {version} is active" if version else "Nothing was published before, so nothing is now")


def told(done: Applied) -> None:
    """Say what a run did, and loudly when the circuit breaker tripped."""
    typer.echo(
        f"{done.limited:,} accounts are newly limited{f' (batch {done.batch})' if done.batch else ''}, "
        f"{done.held:,} are held for review, {done.care:,} likely minors go to care"
    )
    if done.tripped:
        typer.echo(
            f"ringfence: CIRCUIT BREAKER: the policy's {done.tripped} is reached and {done.held:,} accounts are held, "
            "shown last and not left out; see `ringfence limits list --held`",
            err=True,
        )


def _which(*, held: bool, expired: bool, care: bool) -> Listed:
    asked = [one for one, on in ((Listed.HELD, held), (Listed.EXPIRED, expired), (Listed.CARE, care)) if on]
    if len(asked) > 1:
        raise Fault(f"both --{asked[0]} and --{asked[1]}", where="limits list", mend="ask for one list")
    return asked[0] if asked else Listed.LIMITED


def _rows(place: Workspace, which: Listed, network: str | None) -> pa.Table:
    if which is Listed.HELD:
        return lists.held(place, network=network)
    if which is Listed.CARE:
        return lists.care(place, network)
    return (lists.expired if which is Listed.EXPIRED else lists.limited)(place, network=network)


def _cell(value: Any) -> object:
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else value


def _done(batch: int, count: int, what: str, as_json: bool) -> None:
    if as_json:
        say.as_json({"batch": batch, what: count})
        return
    typer.echo(f"Batch {batch}: {count:,} accounts {what}; {CARRY}")
