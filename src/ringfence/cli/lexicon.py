"""ringfence lexicon"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import pyarrow as pa
import typer

from ringfence.cli import drift, lexicon_files, say
from ringfence.model.faults import Exit, Fault
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace
from ringfence.terms.check import BATCH, Check, Rate, check
from ringfence.terms.explain import Explanation, explain
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.match import FIELDS, Field

GROUP = typer.Typer(name="lexicon", help="The vetted terms of a workspace.", no_args_is_help=True)

for name, command in (
    ("import", lexicon_files.import_),
    ("activate", lexicon_files.activate),
    ("export", lexicon_files.export),
    ("diff", lexicon_files.diff),
    ("key", lexicon_files.key),
    ("drift", drift.command),
):
    GROUP.command(name)(command)

MOST = 20
Sample = Annotated[Path | None, typer.Option(help="JSON lines with `text` and perhaps `lang`; else the store's posts.")]
Which = Annotated[Path | None, typer.Option("--lexicon", help="A file of terms, instead of the workspace's.")]


def chosen_field(name: str) -> Field:
    """A field by its name; a Fault with the choices when there is none of it."""
    for field in FIELDS:
        if field == name:
            return field
    raise Fault("there is no such field", where=f"--field {name}", mend=f"use one of {', '.join(FIELDS)}")


@GROUP.command("check")
def check_(
    lexicon: Annotated[Path | None, typer.Argument(help="A file of terms; else the workspace's lexicon.")] = None,
    sample: Sample = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Run a lexicon over a sample before it is activated: hits per million posts, and its examples.

    Ends with 3 when an example fails. Example: ringfence lexicon check new-terms.csv --sample posts.jsonl
    """
    words = Lexicon.load(lexicon) if lexicon else _audited(say.workspace(workspace))
    with say.bars() as bars:
        bars.start("posts")
        found = check(words, _sampled(sample, workspace, bars.advance))
        bars.advance(1.0)
    if as_json:
        say.as_json(_as_dict(found))
    else:
        _say_check(found, words)
    if found.failed:
        raise typer.Exit(Exit.QUARANTINED)


@GROUP.command("explain")
def explain_(
    text: Annotated[str, typer.Argument(help="The text to look at.")],
    term: Annotated[str | None, typer.Option(help="Only this term, by its id or as it is written.")] = None,
    field: Annotated[str, typer.Option(help=f"What the text is: {', '.join(FIELDS)}.")] = "post",
    lexicon: Which = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show layer by layer how a text is read, and why it did or did not match. The read is audited.

    Example: ringfence lexicon explain "k1ttiw@ke" --term kittiwake
    """
    words = Lexicon.load(lexicon) if lexicon else _audited(say.workspace(workspace))
    only = frozenset(one.id for one in words if term is None or term in (one.id, one.term, one.word))
    if not only:
        raise Fault(
            "the lexicon has no such term", where=f"--term {term}", mend="give the id or the term as it is written"
        )
    told = explain(words.terms, text, chosen_field(field), only)
    if as_json:
        say.as_json(told)
    else:
        _say_explanation(told, narrowed=term is not None)


def _audited(place: Workspace) -> Lexicon:
    words = Lexicon.load(place.path)
    audit.record(place, audit.Action.LEXICON_READ, words.version)
    return words


def _sampled(sample: Path | None, workspace: Path, advance: Callable[[float], object]) -> Iterator[pa.RecordBatch]:
    """The posts to look at; `advance` gets the share of them that was handed out."""
    if sample is not None:
        return _lines(sample, advance)
    return _posts(say.workspace(workspace), advance)


def _posts(place: Workspace, advance: Callable[[float], object]) -> Iterator[pa.RecordBatch]:
    with events.connect(place) as connection:
        [(total,)] = connection.sql("SELECT count(text) FROM posts").fetchall()
        done = 0
        for batch in connection.sql("SELECT text, lang FROM posts WHERE text IS NOT NULL").to_arrow_reader(BATCH):
            yield batch
            done += len(batch)
            advance(done / total)


def _lines(file: Path, advance: Callable[[float], object]) -> Iterator[pa.RecordBatch]:
    rows: list[dict[str, str | None]] = []
    decoder = msgspec.json.Decoder(dict[str, object])
    try:
        size = file.stat().st_size
        read = 0
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                rows.append(_row(decoder, line, f"{file}, line {number}"))
                read += len(line)
                if len(rows) == BATCH:
                    yield _batch(rows)
                    rows = []
                    advance(read / size)
    except OSError as error:
        raise Fault(
            f"it cannot be read ({error.strerror})", where=str(file), mend="check its name and rights"
        ) from error
    if rows:
        yield _batch(rows)


def _row(decoder: "msgspec.json.Decoder[dict[str, object]]", line: bytes, where: str) -> dict[str, str | None]:
    try:
        row = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Fault("it is not a JSON object", where=where, mend='write each line as {"text": "..."}') from error
    text, lang = row.get("text"), row.get("lang")
    if not isinstance(text, str):
        raise Fault("it has no text", where=where, mend='write each line as {"text": "..."}')
    return {"text": text, "lang": lang if isinstance(lang, str) else None}


def _batch(rows: list[dict[str, str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, pa.schema({"text": pa.string(), "lang": pa.string()}))


def _as_dict(found: Check) -> dict[str, object]:
    def rate(one: Rate) -> dict[str, object]:
        return {**asdict(one), "acting_per_million": one.acting_per_million, "weak_per_million": one.weak_per_million}

    rates = {kind: [rate(one) for one in getattr(found, kind)] for kind in ("by_term", "by_language", "by_tier")}
    return {**asdict(found), "overall": rate(found.overall), **rates}


def _say_check(found: Check, words: Lexicon) -> None:
    names = {term.id: term.word for term in words}
    typer.echo(f"{found.terms:,} terms, version {found.version}, over {found.posts:,} posts")
    columns = ("posts", "acting", "per million", "only weak", "per million")
    for title, rates in (
        ("all", (found.overall,)),
        ("language", found.by_language),
        ("tier", found.by_tier),
        ("term", found.by_term),
    ):
        rows = [_cells(names.get(rate.name, rate.name), rate) for rate in rates[:MOST]]
        if rows:
            say.table("", (title, *columns), rows)
        if len(rates) > MOST:
            typer.echo(f"... and {len(rates) - MOST:,} more; --json has all")
    if found.unlicensed:
        typer.echo(f"Without a licence: {found.unlicensed:,} of {found.terms:,} terms.")
    for failed in found.failed:
        typer.echo(f"Failed: {failed.sentence}", err=True)


def _cells(name: str, rate: Rate) -> tuple[object, ...]:
    acting, weak = f"{rate.acting_per_million:,.1f}", f"{rate.weak_per_million:,.1f}"
    return name, f"{rate.posts:,}", rate.acting, acting, rate.weak, weak


def _say_explanation(told: Explanation, *, narrowed: bool) -> None:
    for layer in told.layers:
        typer.echo(f"{layer.name:<10} {layer.text}\n{'':<10} ({layer.does})")
    for character in told.strange:
        typer.echo(f"{'':<10} {character}")
    for hit in told.hits:
        typer.echo(f"Hit, {hit.tier}{'' if hit.acts else ' (weak: it only queues)'}: {hit.reason}")
    for miss in told.misses:
        typer.echo(f'No hit: "{miss.text}" at character {miss.start + 1} is not the term "{miss.term}": {miss.reason}.')
    if narrowed:
        for word in told.unmet:
            typer.echo(f'No hit: the letters of "{word}" stand nowhere in the last layer, one after the other.')
    elif not told.hits and not told.misses:
        typer.echo("No hit: no term's letters stand in the last layer, one after the other.")
