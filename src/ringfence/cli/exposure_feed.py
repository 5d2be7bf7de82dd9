"""ringfence exposure feed"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.discovery.minors import likely_minors
from ringfence.exposure.cuts.columns import of_csr
from ringfence.exposure.cuts.odds import Reviews, estimate
from ringfence.exposure.exact import shown_within
from ringfence.exposure.feedback import Effect, Platform, WorthCutting, dearest, effect, ends, worth_cutting
from ringfence.exposure.found import found, numbers
from ringfence.exposure.onward import SLATES, OnwardTag, most_of, onward_tags, used_by
from ringfence.exposure.simulate import TRUSTING, Mask
from ringfence.graph.build import build
from ringfence.graph.csr import Csr, Ids
from ringfence.guard import damping
from ringfence.guard import onward_tags as guarded
from ringfence.guard.collect import collect
from ringfence.guard.limits import journal, state
from ringfence.guard.limits.exempt import exempt
from ringfence.guard.tag_risk import LEADING
from ringfence.guard.together import tags_together
from ringfence.model.faults import Fault
from ringfence.model.words import Relation
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace

TAG_DAYS = 30  # until what is fed of a tag ends


@dataclass(frozen=True, slots=True)
class _Found:
    """`names` of accounts are by dense id; `unlearned` says why nobody can be held for a likely member, if so."""

    on: Platform
    names: pa.Array
    unlearned: str


@dataclass(frozen=True, slots=True)
class _Tags:
    """`own` are shares of tags by flagged users, `users` by flagged or members, `fed` what the guard is told."""

    users: Mapping[str, float]
    own: Mapping[str, float]
    onward: tuple[OnwardTag, ...]
    fed: Mapping[str, float]


def command(
    most: Annotated[int, typer.Option(min=1, help="How many of the dearest slots are traced to their ties.")] = 1_000,
    weight: Annotated[float, typer.Option(min=0, max=0.99, help="What a tie weighs that made one.")] = 0.0,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Tell the guard of ties and hashtags that lead to members without a flag: held by a limit's cap, or only likely.

    Ties go to `ringfence damping export`, tags to the next `ringfence publish`, for 30 days. Nobody is flagged. Run it
    again after every discovery: what was found before is replaced.

    Example: ringfence exposure feed --workspace platform
    """
    place = say.workspace(workspace)
    scores, now = last_results.read_scores(place), datetime.now(UTC)
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("exposure")
        told = _found(place, connection, scores, now)
        bars.advance(0.5)
        slates, priced = dearest(told.on, TRUSTING, most)
        worth = worth_cutting(told.on, priced)
        then = effect(told.on, slates, priced, worth.ties, weight, TRUSTING)
        chances = shown_within(slates, TRUSTING, told.on.members, (SLATES,))[:, 0]
        tags = _tags(connection, told.on, chances)
        bars.advance(1.0)
    audit.record(place, audit.Action.EXPOSURE_FED, f"{len(worth.ties)} ties, {len(tags.fed)} tags")
    with place.lock():
        damping.feed(place, _ties(told, worth, weight))
        guarded.write(place, tags.fed, now + timedelta(days=TAG_DAYS))
    likely = int(told.on.likely.sum())
    if as_json:
        counts = {name: getattr(worth, name) for name in ("slots", "whole", "popular", "spared", "capped")}
        counts |= {"members": int(told.on.members.sum()), "likely": likely, "ties": len(worth.ties)}
        say.as_json({**counts, "weight": weight, "effect": then, "tags": tags.fed, "onward": tags.onward})
        return
    if told.unlearned:
        typer.echo(f"Nobody is counted as a likely member: {told.unlearned}", err=True)
    _say_ties(told.on, worth, then, weight)
    _say_tags(tags)


def _found(place: Workspace, connection: duckdb.DuckDBPyConnection, scores: pa.Table, now: datetime) -> _Found:
    """Nobody is counted a member whom a person has spoken for, or who may be a child."""
    graph = build(connection, relations=[Relation.FOLLOWS])
    follows = next((ties.forward for ties in graph.relations if ties.relation is Relation.FOLLOWS), None)
    if follows is None:
        raise Fault("there are no follows", where=str(place.path), mend="ingest ties of the relation follows")

    def mask(names: pa.Array | pa.ChunkedArray) -> Mask:
        return _mask(numbers(connection, names), follows)

    spared = exempt(place, connection, pc.unique(scores["account_id"].combine_chunks()))
    given_back = state.lifted(state.fold(journal.read(place).batches))
    signals = collect(place, connection, scores, now)
    flagged = mask(signals.filter(pc.is_in(signals["signal"], pa.array(LEADING)))["account_id"])
    barred = likely_minors(connection, follows.columns) | mask(spared.minors)
    cleared = mask(spared.opposed) | mask(given_back)
    known = _mask(found(connection, scores), follows) & ~cleared & ~barred
    adopted, unlearned = _adopted(follows, known | flagged, cleared, place.config.discovery.seed)
    likely = adopted & ~flagged & ~known & ~barred & ~cleared
    on = Platform(follows, flagged, (known & ~flagged) | likely, likely, barred)
    if not on.innocent.any():
        raise Fault("every account is a member", where=str(place.path), mend="see what `ringfence discover` says")
    return _Found(on, graph.accounts, unlearned)


def _mask(ids: Ids, follows: Csr) -> Mask:
    mask = np.zeros(follows.columns, dtype=np.bool_)
    mask[ids] = True
    return mask


def _adopted(follows: Csr, known: Mask, cleared: Mask, seed: int) -> tuple[Mask, str]:
    """Whom a cut holds for members without being told, and why it can hold nobody for one."""
    reviews = Reviews(np.empty(0, np.uint32), np.flatnonzero(cleared).astype(np.uint32))
    try:
        return estimate(of_csr(follows), known, seed, reviews).adopted, ""
    except Fault as fault:
        return np.zeros(len(known), dtype=np.bool_), fault.what


def _tags(connection: duckdb.DuckDBPyConnection, on: Platform, chances: np.ndarray) -> _Tags:
    everybody = on.flagged | on.members
    own, users = (used_by(connection, some) for some in (on.flagged, everybody))
    onward = onward_tags(connection, chances, everybody, on.barred)
    raised = {tag: share for tag, share in most_of(users).items() if share > own.get(tag, 0.0)}
    return _Tags(users, own, onward, tags_together(raised, most_of({one.tag: one.lift for one in onward})))


def _ties(told: _Found, worth: WorthCutting, weight: float) -> pa.Table:
    source, target = (told.names.take(pa.array(some)) for some in ends(told.on.follows, worth.ties))
    columns = [source, target, pa.repeat(str(Relation.FOLLOWS), len(source)), pa.repeat(weight, len(source))]
    return pa.Table.from_arrays([pa.chunked_array([one]) for one in columns], names=damping.COLUMNS)


def _say_ties(on: Platform, worth: WorthCutting, then: Effect, weight: float) -> None:
    typer.echo(
        f"{on.members.sum():,} members carry no flag, {on.likely.sum():,} of them only likely: have them reviewed"
    )
    typer.echo(
        f"{len(worth.ties):,} ties that lead to them weigh {weight:g} at the next `ringfence damping export`: they "
        f"made {worth.slots:,} slots, {worth.whole:,} of them wholly; {worth.popular:,} slots were backfill"
    )
    typer.echo(
        f"Left alone: {worth.spared:,} ties of likely minors, {worth.capped:,} of accounts that would lose too many"
    )
    typer.echo(
        f"Slots of a session that show one, by friend-of-friend behind the filter: {then.before:.4f} before, "
        f"{then.after:.4f} with these weights (the prices add up to {then.bound:.4f}, which is a first-order bound)"
    )
    share = 0.0 if np.isnan(then.displaced) else then.displaced
    typer.echo(f"Of innocent slots {share:.2%} change hands, for {then.viewers_changed:,} of {then.viewers:,} viewers")


def _say_tags(tags: _Tags) -> None:
    onward = {one.tag: one for one in tags.onward}
    rows = [
        (
            f"#{tag}",
            f"{tags.own.get(tag, 0.0):.1%}",
            f"{tags.users.get(tag, 0.0):.1%}",
            f"{onward[tag].page:.1%}" if tag in onward else "",
            f"{share:.2f}",
        )
        for tag, share in sorted(tags.fed.items(), key=lambda one: (-one[1], one[0]))
    ]
    heads = ("hashtag", "users flagged", "flagged or members", f"shown one in {SLATES} slates", "told the guard")
    if rows:
        say.table("", heads, rows)
    else:
        typer.echo("No hashtag leads to them")
