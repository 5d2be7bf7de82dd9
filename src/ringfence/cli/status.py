"""ringfence status"""

import duckdb
import typer

from ringfence.cli import say
from ringfence.discovery import results
from ringfence.guard import shelf, signing
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
    if as_json:
        say.as_json({"rows": counts, "discovery": run, "snapshot": active, "snapshots": versions})
        return
    for name, count in counts.items():
        typer.echo(f"{name:<12} {count:>12,}")
    told = f"{run.networks} networks, {run.members:,} accounts, {run.at:%Y-%m-%d %H:%M} UTC" if run else "not run yet"
    typer.echo(f"discovery    {told}")
    typer.echo(f"snapshot     {active or 'none published yet'}")


def _count(rows: duckdb.DuckDBPyConnection) -> int:
    return int(rows.fetchall()[0][0])
