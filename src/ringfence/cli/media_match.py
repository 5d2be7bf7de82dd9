"""ringfence media match, and ringfence media index"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer

from ringfence.cli import say
from ringfence.media import hashes
from ringfence.media.banks import journal, schema
from ringfence.media.banks.banks import Banks
from ringfence.media.current import rebuild as build_again
from ringfence.media.index.live import MediaIndex
from ringfence.media.items import Signal
from ringfence.media.match import Answer
from ringfence.media.matcher import INDEX, Matcher
from ringfence.media.queries import Look, Query, read
from ringfence.model.faults import Exit, Fault
from ringfence.model.words import HashKind

INDEX_GROUP = typer.Typer(name="index", help="The index over all banks.", no_args_is_help=True)
AT_ONCE = 1_000  # lines that are matched together
LONGEST = 16 << 20  # bytes of a line; one without an end would take all memory
BY_DIGITS = {2 * hashes.SIZES[kind]: kind for kind in (HashKind.MD5, HashKind.SHA1)}


def match(
    given: Annotated[
        list[str] | None,
        typer.Argument(help="PDQ, MD5 or SHA-1 hashes of one piece of media, told apart by their length."),
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="Its SHA-256, which is as long as a PDQ hash.")] = None,
    quality: Annotated[int | None, typer.Option(min=0, max=100, help="The quality of the PDQ hashes given.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="JSON lines as `ringfence media hash` writes them; - is standard input.")
    ] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Say which known media this is, and what may follow: of hashes, or of a file of JSON lines, one answer a line.

    A line that cannot be read has an answer that says so, and the exit code is then 3. Matching is audited.

    Example: ringfence media hash pictures | ringfence media match --file - --workspace platform
    """
    if (file is None) == (not given and sha256 is None):
        raise Fault("nothing to match, or two things", where="media match", mend="give hashes, or --file")
    place = say.workspace(workspace)
    with closing(Matcher.open(place)) as matcher:
        if file is None:
            answer = matcher.match(_query(given or [], sha256, quality))
            if as_json:
                say.as_json(asdict(answer))
            else:
                _tell(answer)
            return
        with _opened(file) as lines:
            refused = _match_lines(matcher, lines, str(file))
    if refused:
        sys.stderr.write(f"ringfence: {refused:,} lines of {file} could not be read; their answers say why\n")
        raise typer.Exit(Exit.QUARANTINED)


@INDEX_GROUP.command()
def rebuild(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Build the index anew from the banks, beside the one that answers, and put it in its place.

    Example: ringfence media index rebuild --workspace platform
    """
    place = say.workspace(workspace).media
    start = time.perf_counter()
    with say.bars() as bars:
        bars.start("index")
        index = build_again(place / schema.FILE, place / INDEX)
        bars.advance(1.0)
    seconds = time.perf_counter() - start
    if as_json:
        say.as_json({"change": index.upto, "seconds": round(seconds, 3)})
    else:
        typer.echo(f"The index is built up to change {index.upto:,}, in {seconds:.1f} s")


@INDEX_GROUP.command()
def verify(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Read the whole index, and compare it with the banks entry by entry: every one must find itself.

    Example: ringfence media index verify --workspace platform
    """
    place = say.workspace(workspace).media
    index = MediaIndex.open(place / INDEX)
    index.verify()
    checked = 0
    with closing(Banks(place / schema.FILE)) as banks, say.bars() as bars, banks.reading():
        bars.start("verifying")
        change = journal.last(banks.db)
        count = max(banks.entries(), 1)
        index.change(change, tuple(journal.came(banks.db, index.upto)), journal.gone(banks.db, index.upto))
        for batch in journal.came(banks.db, 0):
            found = index.exact(batch.kind, np.unique(batch.values, axis=0))
            missing = set(batch.entries.tolist()) - set(found.entry.tolist())
            if missing:
                what = f"misses {len(missing):,} of {len(batch.entries):,} entries"
                raise Fault(what, where=str(place / INDEX), mend="run `ringfence media index rebuild`")
            checked += len(batch.entries)
            bars.advance(checked / count)
    if as_json:
        say.as_json({"entries": checked, "change": change})
    else:
        typer.echo(f"All {checked:,} entries are found, as of change {change:,}")


@INDEX_GROUP.command()
def status(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Say how far the index on disk has come, and how much of the banks it does not hold yet.

    Example: ringfence media index status --workspace platform
    """
    place = say.workspace(workspace).media
    index = MediaIndex.open(place / INDEX)
    with closing(Banks(place / schema.FILE)) as banks, banks.reading():
        waiting, change, entries = journal.waiting(banks.db, index.upto), journal.last(banks.db), banks.entries()
    if as_json:
        say.as_json({"entries": entries, "change": change, "built": index.upto, "waiting": waiting})
        return
    typer.echo(f"{entries:,} entries; built up to change {index.upto:,} of {change:,}, {waiting:,} entries since")


def _query(given: Sequence[str], sha256: str | None, quality: int | None) -> Query:
    looks, digests = list[Look](), list[Signal]()
    for place, text in enumerate(given, 1):
        kind = BY_DIGITS.get(len(text), HashKind.PDQ)
        value = hashes.parse(kind, text, f"hash {place}")
        if kind is HashKind.PDQ:
            looks.append(Look(value, quality=quality))
        else:
            digests.append(Signal(kind, value))
    if sha256 is not None:
        digests.append(Signal(HashKind.SHA256, hashes.parse(HashKind.SHA256, sha256, "--sha256")))
    return Query("", tuple(digests), tuple(looks))


def _match_lines(matcher: Matcher, lines: BinaryIO, name: str) -> int:
    """Answer every line in its turn. Returns how many could not be read."""
    refused, numbered = 0, enumerate(_lines(lines), 1)
    while some := list(islice(numbered, AT_ONCE)):
        read_of = [_read(line, f"{name}, line {number}") for number, line in some if line.strip()]
        queries = [one for one in read_of if isinstance(one, Query)]
        answers = iter(matcher.match_all(queries))
        for one in read_of:
            if isinstance(one, Query):
                say.as_json(asdict(next(answers)))
            else:
                refused += 1
                say.as_json({"refused": " ".join(str(one).split())})
    return refused


def _read(line: bytes, where: str) -> Query | Fault:
    try:
        if len(line) > LONGEST:
            raise Fault("is longer than 16 MB", where=where, mend="write one object a line")  # noqa: TRY301
        return read(line, where)
    except Fault as fault:
        return fault


def _lines(lines: BinaryIO) -> Iterator[bytes]:
    """Every line; of one that is too long only its beginning."""
    while line := lines.readline(LONGEST + 1):
        if len(line) > LONGEST and not line.endswith(b"\n"):
            while (rest := lines.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        yield line


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        lines = file.open("rb")
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(file), mend="check its name and rights") from error
    with lines:
        yield lines


def _tell(answer: Answer) -> None:
    columns = ("bank", "content", "kind", "distance", "look", "source", "opinion", "remedy", "reasons")
    rows: list[tuple[Any, ...]] = [
        (one.bank, one.content, one.kind, one.distance, one.transform, one.source, one.opinion, one.remedy or "none",
         ", ".join(one.reasons))
        for one in answer.matches
    ]  # fmt: skip
    if rows:
        say.table("", columns, rows)
    known = f"{len(rows)} matches, remedy: {answer.remedy or 'none'}" if rows else "Not known"
    passed = f"; {answer.low_quality} passed over for low quality" if answer.low_quality else ""
    typer.echo(f"{known}{passed}, as of change {answer.change:,}")
    for trouble in answer.degraded:
        typer.echo(f"ringfence: {trouble}", err=True)
