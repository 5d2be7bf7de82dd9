"""ringfence media exchange"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.media.banks.bank import OWN, Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.exchange import column_mapping, columns, imported, rows, services, settings, vpdq_text
from ringfence.media.exchange import feedback as opinions
from ringfence.media.exchange.alone import filling
from ringfence.media.exchange.fetch import Bounds, Fetched, Shelf
from ringfence.media.exchange.fetch import fetch as bring
from ringfence.media.exchange.imported import MOST_REMOVED
from ringfence.media.exchange.secret import Purpose
from ringfence.media.exchange.sent import Judged
from ringfence.model.faults import Exit, Fault
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(
    name="exchange", help="Hashes that others share: fetched, and told what reviewers thought.", no_args_is_help=True
)
Named = Annotated[str, typer.Argument(help="The exchange, as it is named in exchanges.toml.")]
RemoveMost = Annotated[bool, typer.Option("--remove-most", help="Let it remove more than half of the bank.")]
AT_A_TIME = 10_000  # contents read of a bank at once


class Service(StrEnum):
    """Those whose protocol is spoken."""

    NCMEC = "ncmec"
    STOPNCII = "stopncii"
    THREATEXCHANGE = "threatexchange"


class Format(StrEnum):
    """The files that can be imported."""

    CSV = "csv"
    VPDQ = "vpdq"


@GROUP.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called here.")],
    service: Annotated[Service, typer.Option(help="Whose protocol it speaks.")],
    bank: Annotated[str, typer.Option(help="The bank that it fills; it is made where there is none.")],
    secret_env: Annotated[str | None, typer.Option(help="The environment variable with the secret.")] = None,
    secret_file: Annotated[str | None, typer.Option(help="Or the file with it, of mode 0600.")] = None,
    environment: Annotated[str | None, typer.Option(help="NCMEC: industry, npo, exploitative ...")] = None,
    only_member: Annotated[list[int] | None, typer.Option(help="NCMEC: take this member's entries alone.")] = None,
    negative_reason: Annotated[str | None, typer.Option(help="NCMEC: the id of the reason for a negative.")] = None,
    group: Annotated[str | None, typer.Option(help="ThreatExchange: the number of the privacy group.")] = None,
    address: Annotated[str | None, typer.Option(help="Where it is reached, if not at the usual place.")] = None,
    workspace: say.Where = say.HERE,
) -> None:
    """Add an exchange to exchanges.toml, which never holds the secret itself. Nothing is fetched yet.

    Example: ringfence media exchange add ncmec --service ncmec --environment industry --bank ncmec
    --secret-env NCMEC_SECRET --workspace platform
    """
    place = say.workspace(workspace)
    said = {
        "service": str(service), "bank": bank, "secret_env": secret_env, "secret_file": secret_file,
        "environment": environment, "only_members": only_member, "negative_reason": negative_reason,
        "group": group, "address": address,
    }  # fmt: skip
    with place.lock():
        settings.add(place.media, name, said)
        with closing(Banks.of(place)) as banks:
            if bank.casefold() not in {one.casefold() for one in banks.every()}:
                banks.add(Bank(bank, source=str(service)))
    typer.echo(f"{name} is added and fills the bank {bank}; run `ringfence media exchange fetch {name}`")


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show the exchanges, where each is and how large its bank is. No secret is read.

    Example: ringfence media exchange list --workspace platform
    """
    place = say.workspace(workspace)
    with closing(Banks.of(place)) as banks:
        held = {one.casefold() for one in banks.every()}
        listed = [
            {"exchange": name, "service": one.service, "bank": one.bank, "address": services.address(one),
             "secret": one.secret_env or one.secret_file,
             "fetched": one.bank.casefold() in held and banks.checkpoint(one.bank) is not None}
            for name, one in settings.read(place.media).items()
        ]  # fmt: skip
    if as_json:
        say.as_json({"exchanges": listed})
        return
    heads = ("exchange", "service", "bank", "address", "secret", "fetched")
    say.table("", heads, [[row[head] for head in heads] for row in listed])


@GROUP.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Which exchanges; all of them without a name.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Fetch everything, and remove what it no longer has.")] = False,
    remove_most: RemoveMost = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Bring banks up to what their exchanges have. What breaks off goes on with the next run; exit code 1 says so.

    Example: ringfence media exchange fetch ncmec --workspace platform
    """
    place = say.workspace(workspace)
    there = settings.read(place.media)
    bounds = Bounds(most_removed=1.0 if remove_most else MOST_REMOVED)
    done: dict[str, Fetched] = {}
    for name in names or there:
        exchange = settings.named(there, name, place.media)
        try:
            done[name] = _fetched(place, name, exchange, bounds, anew=anew)
        except Fault as fault:
            done[name] = Fetched(0, {}, {}, fault)
        if not as_json:
            _tell(name, done[name])
    if as_json:
        say.as_json({"exchanges": {name: _plain(one) for name, one in done.items()}})
    troubles = [one.trouble for one in done.values() if one.trouble is not None]
    for trouble in troubles:
        say.fault_line(trouble)
    if troubles:
        raise typer.Exit(Exit.REFUSED)


@GROUP.command()
def feedback(name: Named, workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Tell an exchange what reviewers thought of its items, confirmed or not, since the last time.

    Example: ringfence media exchange feedback ncmec --workspace platform
    """
    place = say.workspace(workspace)
    exchange = settings.named(settings.read(place.media), name, place.media)
    with closing(Banks.of(place)) as banks, services.line(exchange, Purpose.FEEDBACK) as line:
        teller = opinions.Teller(exchange, line)
        given = opinions.send(
            teller, _judged(banks, exchange.bank), lambda number: banks.feedback_sent(exchange.bank, [number])
        )
    if as_json:
        say.as_json({"sent": given.sent, "nothing_to_tell": given.nothing, "trouble": _words(given.trouble)})
    else:
        typer.echo(f"{name}: told of {given.sent:,} items; of {given.nothing:,} there was nothing to tell")
    if given.trouble is not None:
        raise given.trouble


@GROUP.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The file with the hashes.")],
    bank: Annotated[str, typer.Option(help="The bank that gets them, which no exchange fills.")],
    format_: Annotated[Format, typer.Option("--format", help="How the file is written.")] = Format.CSV,
    mapping: Annotated[Path | None, typer.Option(help="CSV: the TOML file that maps its columns.")] = None,
    item: Annotated[str, typer.Option("--id", help="vPDQ: the video's id; else the file's name.")] = "",
    whole: Annotated[bool, typer.Option("--whole", help="It is the whole list: remove what it lacks.")] = False,
    remove_most: RemoveMost = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Read a file of hashes into a bank. Good rows land; bad rows go to a quarantine file, and the exit code is 3.

    Example: ringfence media exchange import list.csv --mapping list.toml --bank partner --workspace platform
    """
    place = say.workspace(workspace)
    _check_bank(place, bank)
    with say.ERRORS.status(f"reading {file.name} ..."):
        read = _rows(file, format_, mapping, item)
    aside = place.media / "quarantine" / f"{read.digest[:16]}.csv"
    with filling(place.media, bank), closing(Banks.of(place)) as banks, say.ERRORS.status(f"{bank} ...") as status:
        if bank.casefold() not in {one.casefold() for one in banks.every()}:
            banks.add(Bank(bank))
        share = 1.0 if remove_most else MOST_REMOVED
        done = imported.land(
            read,
            _shelf(banks, bank),
            f"bank {bank}",
            whole=whole,
            most_removed=share,
            tell=lambda landed: status.update(f"{bank}: {_counts(landed)}"),
        )
        if read.bad:
            rows.quarantine(aside, read.bad)
    if as_json:
        kept = str(aside) if read.bad else None
        say.as_json({"good": done.good, "bad": done.bad, "items": done.landed, "quarantine": kept})
    else:
        typer.echo(f"{file.name}: {done.good:,} rows are good; items: {_counts(done.landed)}")
    if read.bad:
        first = read.bad[0]
        typer.echo(f"{file}:{first.line}: {first.reason} ({done.bad:,} bad rows are in {aside})", err=True)
        raise typer.Exit(Exit.QUARANTINED)


def _fetched(place: Workspace, name: str, exchange: settings.Exchange, bounds: Bounds, *, anew: bool) -> Fetched:
    limits = Bounds(exchange.most_pages, exchange.most_hours * 3600, bounds.idle, bounds.most_removed)
    with (
        services.line(exchange, Purpose.FETCH) as line,
        filling(place.media, exchange.bank),
        closing(Banks.of(place)) as banks,
        say.ERRORS.status(f"{name} ...") as status,
    ):

        def tell(pages: int, landed: Mapping[str, int], since: datetime) -> None:
            status.update(f"{name}: {pages:,} pages, {_counts(landed)}, up to {since:%Y-%m-%d %H:%M}")

        shelf, seen = _shelf(banks, exchange.bank), place.media / f".{name}.seen"
        return bring(name, services.source(exchange), line, shelf, seen, anew=anew, bounds=limits, tell=tell)


def _shelf(banks: Banks, bank: str) -> Shelf:
    return Shelf(partial(banks.land, bank), partial(banks.checkpoint, bank), partial(_known, banks, bank))


def _known(banks: Banks, bank: str) -> Iterator[str]:
    """The ids of what came from outside; what the platform's own people put there stays."""
    last = 0
    while found := banks.contents(bank, AT_A_TIME, last):
        yield from (one.source_id for one in found if not one.source_id.startswith(f"{OWN}-"))
        last = found[-1].content


def _judged(banks: Banks, bank: str) -> Iterator[Judged]:
    for one in banks.feedback_waiting(bank):
        yield Judged(one.id, one.source_id, banks.signals(banks.find(bank, one.source_id)), one.opinion)


def _rows(file: Path, format_: Format, mapping: Path | None, item: str) -> rows.Rows:
    if format_ is Format.VPDQ:
        return vpdq_text.read(file, item)
    if mapping is None:
        raise Fault("needs a mapping of its columns", where=str(file), mend="give one with --mapping")
    return columns.read(file, column_mapping.read(mapping))


def _check_bank(place: Workspace, bank: str) -> None:
    for name, exchange in settings.read(place.media).items():
        if exchange.bank.casefold() == bank.casefold():
            mend = "import into a bank of its own"
            raise Fault(f"is filled by the exchange {name!r}", where=f"bank {bank}", mend=mend)


def _tell(name: str, done: Fetched) -> None:
    typer.echo(f"{name}: {done.pages:,} pages; items: {_counts(done.landed)}")
    for kind, count in sorted(done.passed_over.items()):
        typer.echo(f"  not used: {count:,} of {kind}")


def _counts(landed: Mapping[str, int]) -> str:
    return ", ".join(f"{landed.get(what, 0):,} {what}" for what in ("added", "changed", "removed", "unchanged"))


def _plain(done: Fetched) -> dict[str, object]:
    return {
        "pages": done.pages, "items": done.landed, "not_used": done.passed_over, "trouble": _words(done.trouble)
    }  # fmt: skip


def _words(trouble: Fault | None) -> str | None:
    return None if trouble is None else str(trouble)
