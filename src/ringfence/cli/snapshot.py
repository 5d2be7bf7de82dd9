"""ringfence snapshot"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.cli.publish import differences
from ringfence.guard.files import signer_of
from ringfence.guard.snapshots import shelf, signing, snapshot
from ringfence.guard.snapshots.changes import changes
from ringfence.guard.snapshots.snapshot import Snapshot
from ringfence.model.faults import Fault
from ringfence.store import audit
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(name="snapshot", help="What the guard answers from, version by version.", no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="A version, as `ringfence snapshot list` has it.")]


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show the snapshots that are kept, the last one last, and which is active.

    Example: ringfence snapshot list --workspace platform
    """
    place = say.workspace(workspace)
    known = shelf.versions(place.snapshots)
    active = shelf.activation(place.snapshots, signing.trusted_in(place.snapshots)).version if known else None
    rows = [_row(place, version, active) for version in known]
    if as_json:
        say.as_json({"snapshots": rows})
    else:
        columns = ("version", "active", "created_at", "policy", "terms", "tags", "bytes", "fault")
        say.table("", columns, [[row[name] for name in columns] for row in rows])


@GROUP.command()
def activate(version: Version, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Make a version the one that is served. A corrupt one, or one that was signed elsewhere, is refused.

    Example: ringfence snapshot activate 0123456789abcdef --workspace platform
    """
    place = say.workspace(workspace)
    with place.lock():
        audit.record(place, audit.Action.SNAPSHOT_ACTIVATED, version)
        named = shelf.activate(place.snapshots, version, signer_of(place))
    _say_active(named, as_json)


@GROUP.command()
def rollback(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Go back to the version that was served before. Limits lifted since are in it again until the next publish.

    Example: ringfence snapshot rollback --workspace platform
    """
    place = say.workspace(workspace)
    with place.lock():
        audit.record(place, audit.Action.SNAPSHOT_ACTIVATED, "the version before")
        named = shelf.rollback(place.snapshots, signer_of(place))
    _say_active(named, as_json)


@GROUP.command()
def diff(before: Version, after: Version, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say what differs in the second of two versions. Accounts are counted, and not named.

    Example: ringfence snapshot diff 0123456789abcdef fedcba9876543210 --workspace platform
    """
    place = say.workspace(workspace)
    found = changes(_read(place, before), _read(place, after))
    if as_json:
        say.as_json(found)
        return
    for line in differences(found):
        typer.echo(line)


@GROUP.command()
def verify(
    version: Annotated[str | None, typer.Argument(help="A version; without one, the active one.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Read a snapshot as the guard would: whole, signed by a trusted key, and of a format that this version knows.

    Example: ringfence snapshot verify --workspace platform
    """
    place = say.workspace(workspace)
    trusted = signing.trusted_in(place.snapshots)
    read = _read(place, version) if version else shelf.active(place.snapshots, trusted)
    told = {"version": read.version, "created_at": read.created_at, "policy": read.policy.version,
            "model": read.model_version, "lexicon": read.lexicon_version, "terms": read.term_count,
            "tags": len(read.tags), "accounts": read.counts(), "bytes": read.size}  # fmt: skip
    if as_json:
        say.as_json(told)
    else:
        say.table("", ("", ""), [(name, value) for name, value in told.items() if name != "accounts"])
        say.table("", ("signal", "accounts"), list(read.counts().items()))


def _read(place: Workspace, version: str) -> Snapshot:
    return snapshot.read(shelf.file_of(place.snapshots, version), signing.trusted_in(place.snapshots))


def _row(place: Workspace, version: str, active: str | None) -> dict[str, object]:
    row: dict[str, object] = {"version": version, "active": "yes" if version == active else ""}
    try:
        read = _read(place, version)
    except Fault as fault:
        return {
            **row,
            "created_at": None,
            "policy": None,
            "terms": None,
            "tags": None,
            "bytes": None,
            "fault": fault.what,
        }
    return {**row, "created_at": f"{read.created_at:%Y-%m-%d %H:%M}", "policy": read.policy.version,
            "terms": read.term_count, "tags": len(read.tags), "bytes": read.size, "fault": None}  # fmt: skip


def _say_active(named: shelf.Activation, as_json: bool) -> None:
    if as_json:
        say.as_json(named)
    else:
        typer.echo(f"Snapshot {named.version} is active, and {named.previous or 'none'} can be gone back to")
