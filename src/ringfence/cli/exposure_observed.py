"""ringfence exposure observed"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.cli.figures import times, told
from ringfence.discovery import last_results
from ringfence.exposure.found import found
from ringfence.exposure.observed import DAYS, Observed, observed
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Table
from ringfence.store import events

# What is said of each odd kind of row.
_ODD = {
    "unknown": "of a viewer or an account that is none of the platform's, left out",
    "own": "shown to members themselves, left out",
    "repeated": "told more than once, counted once",
    "crowded": "at a position that their slate had before, counted",
    "misplaced": "at no position, counted",
}


def command(
    days: Annotated[int, typer.Option(min=1, help="How many days, up to the last one logged.")] = DAYS,
    surface: Annotated[list[Surface] | None, typer.Option(help="Only this surface; may be given again.")] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Say how much of what real viewers were shown, day by day, were members: read off the logged impressions.

    Example: ringfence exposure observed --days 30 --surface suggestion --workspace platform
    """
    place = say.workspace(workspace)
    scores = last_results.read_scores(place)
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("impressions")
        members = found(connection, scores)
        if not len(members):
            raise Fault("no member was found", where=str(place.path), mend="add seeds, and run `ringfence discover`")
        seen = observed(connection, members, place.config.discovery.seed, days=days, surfaces=surface or ())
        query = f"SELECT count(*) FROM quarantine WHERE table_name = '{Table.IMPRESSIONS}'"
        quarantined = int(connection.sql(query).fetchall()[0][0])
        bars.advance(1.0)
    if as_json:
        rose = [one.surface for one in seen if one.rose]
        say.as_json({"surfaces": seen, "rose": rose, "quarantined": quarantined})
        return
    say.table("", ("surface", "day", "viewers", "slots", "members", "shown one", "amplification"), list(_rows(seen)))
    for one in seen:
        for line in _lines(one):
            typer.echo(f"{one.surface}: {line}")
    if quarantined:
        typer.echo(f"{quarantined:,} impressions are in quarantine and not counted")


def _rows(seen: Sequence[Observed]) -> Iterator[tuple[object, ...]]:
    for one in seen:
        for day in one.days:
            figures = told(day.share), told(day.ever), times(day.amplification)
            yield one.surface, day.day, f"{day.viewers:,}", f"{day.slots:,}", *figures


def _lines(one: Observed) -> Iterator[str]:
    if one.gaps:
        yield f"nothing was logged on {len(one.gaps):,} days, the last of them {one.gaps[-1]}"
    for flaw, words in _ODD.items():
        if rows := getattr(one.flaws, flaw):
            yield f"{rows:,} of {one.flaws.rows:,} rows {words}"
    if one.rose:
        yield f"WARNING: the share of members on {one.days[-1].day} lies above the mean of the days before"
