"""ringfence status"""

import duckdb
import typer

from ringfence.cli import say
from ringfence.discovery import results
from ringfence.guard import limit_lists, shelf, signing
from ringfence.model.words import Table
from ringfence.store import events


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say what is in the workspace: events, quarantine, the last discovery, the active snapshot.

    Example: ringfence status --workspace platform
    """
    place = say.workspace(workspace)
    with events.connect(place) as connection:
        counts = {
            str(name): _count(connection.execute(f"SELECT count(*) FROM {name}")) for name in (*Table, "quarantine")
        }
    discovered = (place.results / "run.json").exists()
    run = results.last_run(place) if discovered else None
    versions = shelf.versions(place.snapshots)
    active = shelf.activation(place.snapshots, signing.trusted_in(place.snapshots)).version if versions else None
    limits = limit_lists.summary(place)
    if as_json:
        say.as_json({"rows": counts, "discovery": run, "snapshot": active, "snapshots": versions, "limits": limits})
        return
    for name, count in counts.items():
        typer.echo(f"{name:<12} {count:>12,}")
    told = f"{run.networks} networks, {run.members:,} accounts, {run.at:%Y-%m-%d %H:%M} UTC" if run else "not run yet"
    typer.echo(f"discovery    {told}")
    typer.echo(f"snapshot     {active or 'none published yet'}")
    told = f"{limits.automatic:,} automatic, {limits.confirmed:,} confirmed, {limits.held:,} held"
    typer.echo(f"limits       {told}, {limits.care:,} for care")
    if limits.tripped:
        typer.echo(
            f"             CIRCUIT BREAKER: the policy's {' and '.join(limits.tripped)} holds accounts for review"
        )


def _count(rows: duckdb.DuckDBPyConnection) -> int:
    return int(rows.fetchall()[0][0])
