"""ringfence ingest"""

from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.ingest import mapping as mappings
from ringfence.model.faults import Exit
from ringfence.model.words import Table
from ringfence.store.load import LoadSummary, load


def command(
    paths: Annotated[list[Path], typer.Argument(help="Parquet or JSONL files, or folders of them.")],
    table: Annotated[Table | None, typer.Option(help="Which table the files hold, if their names do not say.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="A TOML file that maps foreign column names.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Read events into the workspace. Good rows land; bad rows go to quarantine, and the exit code is then 3.

    Example: ringfence ingest posts.parquet --mapping mapping.toml --workspace platform
    """
    place = say.workspace(workspace)
    names: set[str] = set()
    with say.bars() as bars:

        def progress(name: str, rows: int, total: int | None) -> None:
            if name not in names:
                names.add(name)
                bars.start(name)
            bars.advance(rows / total if total else 0.5)

        summary = load(
            place, paths, mapping=mappings.read(mapping) if mapping else None, table=table, progress=progress
        )
    if as_json:
        say.as_json({"landed": summary.landed, "quarantined": summary.quarantined, **_plain(summary)})
    else:
        _tell(summary)
    if summary.quarantined:
        raise typer.Exit(Exit.QUARANTINED)


def _plain(summary: LoadSummary) -> dict[str, object]:
    return {"files": summary.files, "skipped": summary.skipped}


def _tell(summary: LoadSummary) -> None:
    for file in summary.files:
        state = "was there already" if file.unchanged else f"{file.landed:,} rows landed"
        typer.echo(f"{file.file}: {state} in {file.table}")
        if file.unknown:
            typer.echo(f"  columns not used: {', '.join(file.unknown)}")
        for bad in file.quarantined:
            typer.echo(f"{bad.example}: {bad.words} ({bad.rows:,} rows quarantined: {bad.reason})", err=True)
    for name in summary.skipped:
        typer.echo(f"{name}: skipped, not named after a table", err=True)
