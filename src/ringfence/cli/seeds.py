"""ringfence seeds"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import opinions, results, retraction, seed_files, vetted
from ringfence.discovery.opinions import Standing
from ringfence.discovery.vetted import Said
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion, SeedKind
from ringfence.store import audit
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(
    name="seeds", help="What people have vetted, from which discovery starts or keeps away.", no_args_is_help=True
)
Kind = Annotated[SeedKind, typer.Option(help="What the seeds are.")]
By = Annotated[str | None, typer.Option(help="Who says so; else the user of this process.")]
Note = Annotated[str, typer.Option(help="Why, in your own words.")]
MOST = 10


@GROUP.command()
def add(
    seeds: Annotated[list[str] | None, typer.Argument(help="Account ids, terms, media hashes or report ids.")] = None,
    kind: Kind = SeedKind.ACCOUNT,
    opinion: Annotated[Opinion, typer.Option(help="Only positive seeds are started from.")] = Opinion.POSITIVE,
    source: Annotated[str, typer.Option(help="Where this is known from.")] = "cli",
    by: By = None,
    note: Note = "",
    expires: Annotated[str | None, typer.Option(help="The last day on which it holds, as 2027-01-31.")] = None,
    file: Annotated[Path | None, typer.Option(help="A CSV file with a seed a row, instead of arguments.")] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Settle what others said of these seeds.")] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Say what you think of seeds. What others said stays in the history; where you contradict them, it is disputed.

    Example: ringfence seeds add a00000017 --source report-12 --expires 2027-01-31
    """
    place = say.workspace(workspace)
    until = None if expires is None else seed_files.last_day(expires, "--expires")
    usual = Said("", opinion, kind, source, by, note, until)
    said = _all_said(seeds or [], file, usual)
    count = (vetted.resolve if resolve else vetted.say)(place, said)
    if as_json:
        say.as_json({"added": len(said), "seeds": count})
    else:
        typer.echo(f"{count:,} seeds")


@GROUP.command()
def retract(
    seeds: Annotated[list[str], typer.Argument(help="Seeds that are on the list.")],
    kind: Kind = SeedKind.ACCOUNT,
    by: By = None,
    note: Note = "",
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Keep what discovery finds without them as its result.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take seeds off the list, and say what rested on them. Discovery is run without them to know.

    Example: ringfence seeds retract a00000017 --note "wrong account" --recompute
    """
    place = say.workspace(workspace)
    before = {(one.kind, one.seed): one for one in vetted.read(place)}
    left = vetted.retract(place, seeds, kind, by, note)
    still = {(one.kind, one.seed) for one in vetted.read(place)}
    gone = [one for key, one in before.items() if key not in still]
    with say.bars() as bars:
        bars.start("without")
        rested = retraction.rested(place, gone)
        bars.advance(1.0)
    if recompute:
        _recompute(place, rested)
    if as_json:
        told = {name: getattr(rested, name) for name in ("difference", "snapshots", "reads")}
        say.as_json({"seeds": left, "recomputed": recompute, **told})
    else:
        typer.echo(f"{left:,} seeds left")
        _say_rested(rested, recompute)


@GROUP.command("list")
def list_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show every seed on the list with what comes of all opinions of it. The read is audited.

    Example: ringfence seeds list --json
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.SEEDS_READ, "seeds.parquet")
    standing = vetted.read(place)
    if as_json:
        say.as_json({"seeds": [_row(one) for one in standing]})
        return
    rows = [
        (one.kind, one.seed, "expired" if one.expired else one.opinion, _day(one.last.expires), one.last.source,
         one.last.by, _minute(one.last.at), one.last.note)
        for one in standing
    ]  # fmt: skip
    say.table("", ("kind", "seed", "opinion", "until", "source", "by", "at (UTC)", "note"), rows)


@GROUP.command()
def history(
    seed: Annotated[str | None, typer.Argument(help="Only this seed.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show everything that was ever said of seeds, oldest first, retractions too. The read is audited.

    Example: ringfence seeds history a00000017
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.SEEDS_READ, f"history of {seed or 'every seed'}")
    entries = [one for one in vetted.history(place) if seed in (None, one.seed)]
    if as_json:
        say.as_json({"entries": opinions.rows(entries)})
        return
    rows = [
        (_minute(one.at), one.by, one.act, one.kind, one.seed, one.opinion, _day(one.expires), one.source, one.note)
        for one in entries
    ]
    say.table("", ("at (UTC)", "by", "act", "kind", "seed", "opinion", "until", "source", "note"), rows)


def _all_said(seeds: list[str], file: Path | None, usual: Said) -> list[Said]:
    if bool(seeds) == bool(file):
        raise Fault("it wants seeds or a file, and one of the two", where="seeds add", mend="see --help")
    if file is not None:
        return seed_files.read(file, usual)
    return [replace(usual, seed=seed) for seed in seeds]


def _recompute(place: Workspace, rested: retraction.Rested) -> None:
    if rested.without is not None:
        audit.record(place, audit.Action.DISCOVERY_RUN, "after a retraction")
        results.keep(place, rested.without)


def _say_rested(rested: retraction.Rested, recomputed: bool) -> None:
    told = rested.difference
    if not (told.left or told.entered or told.moved or told.networks):
        typer.echo("No account found by the last discovery rested on them.")
    else:
        typer.echo(
            f"{len(told.networks):,} networks change: {len(told.left):,} accounts lose their place, "
            f"{len(told.entered):,} enter, {len(told.moved):,} change network"
        )
        rows = [(one.network_id, one.before, one.after) for one in told.networks[:MOST]]
        say.table("", ("network", "members before", "without"), rows)
        _say_accounts("lose their place", told.left)
        _say_accounts("enter", told.entered)
    for entry in rested.snapshots:
        typer.echo(
            f"Snapshot {entry.subject} was published after they were added, by {entry.who} on {_minute(entry.at)}"
        )
    for entry in rested.reads:
        typer.echo(f"{entry.who} read why {entry.subject} was found on {_minute(entry.at)} UTC")
    if recomputed and rested.without is not None:
        typer.echo("Kept as the last discovery; run `ringfence publish` to hand it to the guard.")
    elif rested.nothing_left:
        typer.echo("Nothing is left to start from; the last discovery stands until there is a seed to run it from.")
    elif told.left or told.entered or told.moved:
        typer.echo("Run `ringfence discover` to recompute.")


def _say_accounts(what: str, accounts: tuple[str, ...]) -> None:
    if accounts:
        more = f" and {len(accounts) - MOST:,} more" if len(accounts) > MOST else ""
        typer.echo(f"  {what}: {' '.join(accounts[:MOST])}{more}")


def _row(one: Standing) -> dict[str, object]:
    return {
        "kind": one.kind,
        "seed": one.seed,
        "opinion": one.opinion,
        "expired": one.expired,
        "since": one.since,
        **{name: getattr(one.last, name) for name in ("source", "by", "at", "note", "expires")},
    }


def _day(expires: datetime | None) -> str:
    return "" if expires is None else f"{expires - timedelta(microseconds=1):%Y-%m-%d}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
