"""ringfence audit verify, export and anchor: the audit of the cases, and of the command line"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ringfence.cases import audit_files, heads, verify
from ringfence.cases.audit import Act, Head
from ringfence.cases.verify import Verdict
from ringfence.cli import say
from ringfence.cli.desk import Desk, desk
from ringfence.model.faults import Exit, Fault
from ringfence.store import audit, disk

Anchors = Annotated[
    list[Path] | None, typer.Option("--anchor", help="A file of `ringfence audit anchor` that was kept elsewhere.")
]
To = Annotated[Path, typer.Argument(help="The file to write.")]


def verified(
    anchor: Anchors = None,
    file: Annotated[Path | None, typer.Option(help="An exported audit to verify instead of the database's.")] = None,
    key: Annotated[str | None, typer.Option(help="The public key of the audit; the workspace's without it.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Check that no row of either audit was altered, removed, moved or cut off. Exit code 1 says that one was.

    The audit of the cases is a signed chain: every row is hashed anew, and its end compared with the head beside the
    database and with every anchor given. That of the command line is a file in which each line names the one before.

    Example: ringfence audit verify --anchor kept-by-the-auditor.jsonl --workspace platform
    """
    known = [head for path in anchor or () for head in heads.file_of(path)]
    with desk(workspace) as at:
        lines = audit.verified(at.workspace)
        trusted = key or at.database.key.public_key().public_bytes_raw().hex()
        verdict = audit_files.verified(file, trusted, known) if file else _verdict(at, trusted, known)
    told = {"cases": verdict, "command_line": lines, "key": trusted}
    if as_json:
        say.as_json(told)
    else:
        typer.echo(f"cases: {verdict.broken or f'{verdict.rows:,} rows, whole, signed with {trusted}'}")
        early = f", {lines.unchained:,} of them from before lines were chained" if lines.unchained > 1 else ""
        typer.echo(f"command line: {lines.broken or f'{lines.lines:,} lines, whole{early}'}")
    if verdict.broken or lines.broken:
        raise typer.Exit(Exit.REFUSED)


def export(to: To, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Write the audit of the cases for an auditor: a line of JSON a row, and the signed head in the last.

    Example: ringfence audit export audit.jsonl --workspace platform
    """
    with desk(workspace) as at:
        with at.act() as within:
            within.record(Act.AUDIT_EXPORTED, to.name)
        with at.database.look() as connection, _written(to) as out:
            rows = sum(1 for line in audit_files.exported(connection, at.person.tenant) if out.write(line)) - 1
    if as_json:
        say.as_json({"rows": rows, "file": str(to)})
    else:
        typer.echo(f"{rows:,} rows in {to}")


def anchor(to: To, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Write one signed head for every day, for somebody else to keep: `verify --anchor` then finds what was cut since.

    The audit is verified first; what is not whole is not signed.

    Example: ringfence audit anchor anchors.jsonl --workspace platform
    """
    with desk(workspace) as at:
        verdict = _verdict(at, at.database.key.public_key().public_bytes_raw().hex(), ())
        if verdict.broken:
            raise Fault(verdict.broken, where=at.database.where, mend="find out who changed it; nothing was signed")
        with at.database.look() as connection:
            days = audit_files.anchors(connection, at.person.tenant, at.database.key)
    heads.write(to, days)
    if as_json:
        say.as_json({"days": len(days), "last": days[-1]})
    else:
        typer.echo(f"{len(days):,} days in {to}, up to row {days[-1].number:,}")


def _verdict(at: Desk, key: str, known: Sequence[Head]) -> Verdict:
    tenant = at.person.tenant
    beside = heads.read(at.database.beside, tenant)
    with at.database.look() as connection:
        return verify.verify(connection, tenant, key, [*known, *([beside] if beside else [])])


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone, which is whole or not there: written aside, then given its name."""
    aside = path.with_name(f".{path.name}.new")
    with disk.writing(path.parent):
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, disk.OWNER_ONLY), "wb") as out:
            yield out
        disk.keep(aside, path)
