"""ringfence scan"""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ringfence.cli import say
from ringfence.cli.lexicon import chosen_field
from ringfence.discovery import results
from ringfence.model.faults import Fault
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import FIELDS, Field
from ringfence.terms.scan import scan_lines


def command(
    file: Annotated[Path, typer.Argument(help="JSON lines with `text`; - is standard input.")] = Path("-"),
    field: Annotated[str, typer.Option(help=f"What each text is: {', '.join(FIELDS)}.")] = "post",
    store: Annotated[bool, typer.Option("--store", help="Scan the workspace's own posts and profiles.")] = False,
    lexicon: Annotated[Path | None, typer.Option(help="A file of terms, instead of the workspace's lexicon.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Find vetted terms: JSON lines come out with `hits` added; with --store, count them in the workspace.

    Example: ringfence scan posts.jsonl --lexicon lexicon.csv
    """
    if not store:
        _lines(file, Lexicon.load(lexicon or say.workspace(workspace).path), chosen_field(field))
        return
    with say.bars() as bars:
        bars.start("terms")
        signals = results.scan(say.workspace(workspace))
        bars.advance(1.0)
    accounts = len(set(signals["account"].to_pylist()))
    if as_json:
        say.as_json({"hits": signals.num_rows, "accounts": accounts})
    else:
        typer.echo(f"{signals.num_rows:,} hits in posts and profiles of {accounts:,} accounts")


def _lines(file: Path, words: Lexicon, field: Field) -> None:
    if str(file) == "-":
        _copy(sys.stdin.buffer, words, field, "standard input")
        return
    try:
        with file.open("rb") as lines:
            _copy(lines, words, field, str(file))
    except OSError as error:
        raise Fault(
            f"it cannot be read ({error.strerror})", where=str(file), mend="check its name and rights"
        ) from error


def _copy(lines: BinaryIO, words: Lexicon, field: Field, name: str) -> None:
    try:
        for line in scan_lines(lines, words.matcher, field):
            sys.stdout.buffer.write(line + b"\n")
    except Fault as fault:
        raise Fault(fault.what, where=f"{name}, {fault.where}", mend=fault.mend) from fault
    finally:
        sys.stdout.buffer.flush()
