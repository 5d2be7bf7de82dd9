"""ringfence exposure feed"""

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
from ringfence.exposure import feed
from ringfence.exposure.exact import shown_within
from ringfence.exposure.feed import Effect, WorthCutting
from ringfence.exposure.found import found, numbers
from ringfence.exposure.onward import MOST, SLATES, OnwardTag, onward_tags, shares
from ringfence.exposure.simulate import TRUSTING, Mask
from ringfence.graph.build import build
from ringfence.graph.csr import Csr
from ringfence.guard import damping
from ringfence.guard import onward_tags as guarded
from ringfence.guard.limits import journal, state
from ringfence.guard.limits.exempt import exempt
from ringfence.model.faults import Fault
from ringfence.model.words import Relation
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace

TAG_DAYS = 30  # until what is fed of a tag ends


@dataclass(frozen=True, slots=True)
class _Platform:
    """`names` of accounts are by dense id; both masks have one entry an account."""

    follows: Csr
    names: pa.Array
    members: Mask
    minors: Mask


def command(
    most: Annotated[int, typer.Option(min=1, help="Slots with a member to end, the dearest first.")] = 1_000,
    weight: Annotated[float, typer.Option(min=0, max=0.99, help="What a tie weighs that makes one.")] = 0.0,
    likely: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Count accounts this probable among the members; needs reviewed labels."),
    ] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Hand on what exposure teaches: ties for `ringfence damping export`, tags for the next `ringfence publish`.

    The ties that make friend-of-friend's dearest suggestions get a lower weight, and tags that lead to members though
    members do not use them get a share of risk, for 30 days. It flags no account. It replaces what was fed before.

    Example: ringfence exposure feed --most 1000 --workspace platform
    """
    place = say.workspace(workspace)
    scores = last_results.read_scores(place)
    now = datetime.now(UTC)
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("exposure")
        platform = _platform(place, connection, scores, likely)
        slates, priced = feed.dearest(platform.follows, platform.members, TRUSTING, most)
        bars.advance(0.5)
        worth = feed.worth_cutting(platform.follows, priced, platform.members, platform.minors)
        then = feed.effect(platform.follows, slates, priced, worth.ties, weight, platform.members, TRUSTING)
        chances = shown_within(slates, TRUSTING, platform.members, (SLATES,))[:, 0]
        tags = onward_tags(connection, chances, platform.members, platform.minors)
        bars.advance(1.0)
    audit.record(place, audit.Action.EXPOSURE_FED, f"{len(worth.ties)} ties, {len(tags)} tags")
    with place.lock():
        damping.feed(place, _ties(platform, worth, weight))
        guarded.write(place, shares(tags), now + timedelta(days=TAG_DAYS))
    if as_json:
        counts = {"ties": len(worth.ties), **{name: getattr(worth, name) for name in _COUNTS}}
        say.as_json({**counts, "weight": weight, "effect": then, "tags": tags})
    else:
        _say(worth, then, tags, weight)


_COUNTS = ("slots", "whole", "popular", "spared", "capped")


def _platform(
    place: Workspace, connection: duckdb.DuckDBPyConnection, scores: pa.Table, likely: float | None
) -> _Platform:
    """Members are those found that nobody has spoken for, and the likely ones; never likely minors."""
    graph = build(connection, relations=[Relation.FOLLOWS])
    follows = next((ties.forward for ties in graph.relations if ties.relation is Relation.FOLLOWS), None)
    if follows is None:
        raise Fault("there are no follows", where=str(place.path), mend="ingest ties of the relation follows")
    spared = exempt(place, connection, pc.unique(scores["account_id"].combine_chunks()))
    given_back = state.lifted(state.fold(journal.read(place).batches))
    minors = likely_minors(connection, follows.columns)
    minors[numbers(connection, spared.minors)] = True
    members = np.zeros(follows.columns, dtype=np.bool_)
    members[found(connection, scores)] = True
    if likely is not None:
        members[numbers(connection, _likely(scores, likely, str(place.path)))] = True
    for names_of in (spared.opposed, given_back):
        members[numbers(connection, names_of)] = False
    members &= ~minors
    if not members.any() or members.all():
        raise Fault("no member was found", where=str(place.path), mend="add seeds, and run `ringfence discover`")
    return _Platform(follows, graph.accounts, members, minors)


def _likely(scores: pa.Table, at_least: float, where: str) -> pa.ChunkedArray:
    if scores["probability"].null_count == len(scores):
        mend = "review accounts and run `ringfence review classify`, or leave --likely out"
        raise Fault("there are no probabilities", where=where, mend=mend)
    return scores.filter(pc.greater_equal(scores["probability"], at_least))["account_id"]


def _ties(platform: _Platform, worth: WorthCutting, weight: float) -> pa.Table:
    source, target = (platform.names.take(pa.array(some)) for some in feed.ends(platform.follows, worth.ties))
    columns = [source, target, pa.repeat(str(Relation.FOLLOWS), len(source)), pa.repeat(weight, len(source))]
    return pa.Table.from_arrays([pa.chunked_array([one]) for one in columns], names=damping.COLUMNS)


def _say(worth: WorthCutting, then: Effect, tags: tuple[OnwardTag, ...], weight: float) -> None:
    typer.echo(
        f"{len(worth.ties):,} ties weigh {weight:g} at the next `ringfence damping export`: they make the "
        f"{worth.slots:,} dearest slots with a member, {worth.whole:,} of them wholly; {worth.popular:,} are backfill"
    )
    if worth.spared or worth.capped:
        typer.echo(
            f"Left as they are: {worth.spared:,} ties of likely minors, {worth.capped:,} ties of innocent accounts "
            "that would lose too many"
        )
    typer.echo(
        f"Member slots in a session of an innocent account, by friend-of-friend without a guard: {then.before:.3f} "
        f"before, {then.after:.3f} with these weights (the prices add up to {then.bound:.3f}: a first-order bound)"
    )
    typer.echo(
        f"Of innocent slots {then.displaced:.2%} change hands, for {then.viewers_changed:,} of {then.viewers:,} viewers"
    )
    rows = [
        (one.tag, one.users, f"{one.page:.0%}", f"{one.people:.0%}", f"{one.own:.1%}", f"{min(one.lift, MOST):.2f}")
        for one in tags
    ]
    if rows:
        say.table("", ("tag", "users", "from its page", "from its users", "members among them", "share fed"), rows)
    typer.echo(f"{len(tags):,} tags lead to members unused by them; the next `ringfence publish` takes them in")
