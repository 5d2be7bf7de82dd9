"""ringfence lexicon import, export, diff, activate, key"""

import getpass
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ringfence.cli import say
from ringfence.model.faults import Fault
from ringfence.store import audit, disk
from ringfence.terms import formats, intake, seal, versions
from ringfence.terms.diff import Diff
from ringfence.terms.diff import diff as differences
from ringfence.terms.formats import Format, Layout
from ringfence.terms.lexicon import Lexicon, from_file
from ringfence.terms.rows import as_json, as_text
from ringfence.terms.versions import Event

By = Annotated[str | None, typer.Option("--by", help="Who you are; the user of this computer when left out.")]
Form = Annotated[Format | None, typer.Option("--format", help="The file's format; its suffix says when left out.")]


def import_(
    file: Annotated[Path, typer.Argument(help="A list of terms in UTF-8: CSV, TSV, JSON lines or trend queries.")],
    form: Form = None,
    column: Annotated[
        list[str] | None, typer.Option(help="OURS=THEIRS, such as term=keyword. Once for each column named otherwise.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Who vetted the rows that do not say.")] = None,
    licence: Annotated[str | None, typer.Option(help="Under which terms you may use the rows that do not say.")] = None,
    category: Annotated[str | None, typer.Option(help="The category of the rows that do not say.")] = None,
    by: By = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Replace the workspace's lexicon with a list, once all of it is found to be in order.

    With second_person under [lexicon] in ringfence.toml, it waits until another person activates it.

    Example: ringfence lexicon import terms.csv --column term=keyword --licence "agreement 12"
    """
    place = say.workspace(workspace)
    layout = Layout.of(column or (), {"source": source, "licence": licence, "category": category})
    taken = intake.take(file, form, layout)
    event = versions.propose(place, taken.lexicon, by or getpass.getuser())
    told = intake.warnings(taken)
    if as_json:
        say.as_json({**_state(event), "warnings": told})
        return
    for warning in told:
        typer.echo(f"Note: {warning}", err=True)
    typer.echo(f"{event.terms:,} terms, version {event.version}")
    typer.echo(_sentence(event))


def activate(
    version: Annotated[str, typer.Argument(help="The version, as import said it.")],
    by: By = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Make a proposed lexicon the active one, or an earlier one again.

    Example: ringfence lexicon activate 0123456789abcdef --by "B. Reviewer"
    """
    event = versions.activate(say.workspace(workspace), version, by or getpass.getuser())
    if as_json:
        say.as_json(_state(event))
    else:
        typer.echo(_sentence(event))


def export(
    file: Annotated[str, typer.Argument(help="A .csv, .tsv or .jsonl file, or - for standard output.")],
    form: Form = None,
    workspace: say.Where = say.HERE,
) -> None:
    """Write the active lexicon to a file, in the clear. The read is audited.

    Example: ringfence lexicon export terms.jsonl
    """
    place = say.workspace(workspace)
    out = None if file == "-" else Path(file)
    lexicon = Lexicon.load(place.path)
    content = formats.written(lexicon, form or (formats.format_of(out) if out else Format.CSV))
    if out and out.resolve() == place.lexicon_file.resolve():
        raise Fault("it is the active lexicon itself", where=file, mend="name another file")
    audit.record(place, audit.Action.LEXICON_READ, lexicon.version)
    if out:
        disk.write_whole(out, content)
        typer.echo(f"{len(lexicon):,} terms, version {lexicon.version}, in the clear in {out}", err=True)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def diff(
    other: Annotated[str, typer.Argument(help="A file of terms, or a version, as import said it.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show what would change if a file or a version took the active lexicon's place. The read is audited.

    Example: ringfence lexicon diff new-terms.csv
    """
    place = say.workspace(workspace)
    active = from_file(place.lexicon_file)
    new = from_file(Path(other)) if Path(other).suffix else versions.read(place, other)
    audit.record(place, audit.Action.LEXICON_READ, f"{active.version} {new.version}")
    found = differences(active, new)
    if as_json:
        say.as_json(_as_json(active, new, found))
    else:
        _print(found)


def key() -> None:
    """Print a new key for the environment variable RINGFENCE_LEXICON_KEY, which seals the lexicons of a workspace.

    Keep it where you keep passwords: what is sealed with it cannot be read without it.

    Example: ringfence lexicon key
    """
    typer.echo(seal.new_key())


def _state(event: Event) -> dict[str, Any]:
    active = event.act == "activated"
    return {
        "terms": event.terms,
        "version": event.version,
        "active": active,
        "proposed_by": event.by,
        "approved_by": event.approved_by,
        "people": event.people,
    }


def _sentence(event: Event) -> str:
    if event.act == "activated":
        who = f"{event.approved_by}, after {event.by} had proposed it" if event.people == versions.TWO else event.by
        return f"Active now, by {who} ({event.people})."
    return (
        f"It waits for somebody other than {event.by}: ringfence lexicon activate {event.version} --by NAME. "
        "The active lexicon is as it was."
    )


def _as_json(active: Lexicon, new: Lexicon, found: Diff) -> dict[str, Any]:
    return {
        "active": active.version,
        "other": new.version,
        "added": [as_json(term) for term in found.added],
        "removed": [as_json(term) for term in found.removed],
        "changed": [asdict(one) for one in found.changed],
    }


def _print(found: Diff) -> None:
    if not found:
        typer.echo("No difference.")
        return
    for sign, terms in (("+", found.added), ("-", found.removed)):
        for term in terms:
            cells = as_text(term)
            rest = ", ".join(f"{name} {cell}" for name, cell in cells.items() if name not in ("id", "term"))
            typer.echo(f"{sign} {term.id} {term.term} ({rest})")
    for one in found.changed:
        for field in one.fields:
            typer.echo(f"~ {one.id} {field.column}: {field.old or 'nothing'} -> {field.new or 'nothing'}")
    counts = (("added", found.added), ("removed", found.removed), ("changed", found.changed))
    typer.echo(", ".join(f"{len(terms):,} {name}" for name, terms in counts))
