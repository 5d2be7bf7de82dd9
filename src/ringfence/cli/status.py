"""ringfence status"""

from collections.abc import Iterator

import duckdb
import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.discovery.last_results import Run
from ringfence.guard.limits import lists
from ringfence.guard.limits.lists import Summary
from ringfence.guard.snapshots import shelf
from ringfence.guard.snapshots.standing import Standing, standing
from ringfence.model.faults import Fault
from ringfence.model.words import Table
from ringfence.store import events
from ringfence.store.workspace import Workspace


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say what is in the workspace: events, the last discovery, the guard's snapshot, limits, any trouble.

    Example: ringfence status --workspace platform
    """
    place = say.workspace(workspace)
    with events.connect(place) as connection:
        counts = {
            str(name): _count(connection.execute(f"SELECT count(*) FROM {name}")) for name in (*Table, "quarantine")
        }
    run = last_results.last_run(place) if (place.results / "run.json").exists() else None
    guard = standing(place.snapshots)
    limits, damaged = _limits(place)
    trouble = (*guard.trouble, *damaged)
    if as_json:
        told = {"rows": counts, "discovery": run, "snapshot": guard.snapshot or None,
                "snapshots": shelf.versions(place.snapshots), "guard": guard, "limits": limits,
                "trouble": trouble}  # fmt: skip
        say.as_json(told)
        return
    for name, count in counts.items():
        typer.echo(f"{name:<12} {count:>12,}")
    for name, words in (*_discovery(run), *_guard(guard), *_told(limits), *_trouble(trouble)):
        typer.echo(f"{name:<12} {words}")


def _count(rows: duckdb.DuckDBPyConnection) -> int:
    return int(rows.fetchall()[0][0])


def _limits(place: Workspace) -> tuple[Summary | None, tuple[str, ...]]:
    """How many are limited; or why nobody can tell."""
    try:
        return lists.summary(place), ()
    except Fault as fault:
        return None, (str(fault),)


def _discovery(run: Run | None) -> Iterator[tuple[str, str]]:
    told = f"{run.networks} networks, {run.members:,} accounts, {run.at:%Y-%m-%d %H:%M} UTC" if run else "not run yet"
    yield "discovery", told


def _guard(guard: Standing) -> Iterator[tuple[str, str]]:
    if guard.created_at is None:
        yield "snapshot", "none that can be served" if guard.trouble else "none published yet"
        return
    yield "snapshot", f"{guard.snapshot}, made {guard.created_at:%Y-%m-%d %H:%M} UTC, policy {guard.policy}"
    last = f"number {guard.delta}, up to {guard.delta_at:%Y-%m-%d %H:%M:%S} UTC" if guard.delta_at else "none"
    yield "delta", last


def _told(limits: Summary | None) -> Iterator[tuple[str, str]]:
    if limits is None:
        return
    told = f"{limits.automatic:,} automatic, {limits.confirmed:,} confirmed, {limits.held:,} held"
    yield "limits", f"{told}, {limits.expired:,} ended, {limits.care:,} for care"
    held = f"CIRCUIT BREAKER: the policy's {' and '.join(limits.tripped)} holds accounts for review"
    yield "breaker", held if limits.tripped else "holds nobody"


def _trouble(trouble: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield "trouble", "none" if not trouble else trouble[0]
    for more in trouble[1:]:
        yield "", more
