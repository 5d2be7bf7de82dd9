"""ringfence exposure feed"""

from collections.abc import Mapping
from io import BytesIO
from typing import Annotated

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.discovery.minors import likely_minors
from ringfence.exposure.choices import Rule, named
from ringfence.exposure.cuts.columns import of_csr
from ringfence.exposure.cuts.odds import estimate
from ringfence.exposure.feedback import Led, ties_that_lead
from ringfence.exposure.simulate import Mask
from ringfence.graph.build import build
from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph
from ringfence.guard.damping import EXTRA
from ringfence.guard.tag_risk import LED, tag_risk
from ringfence.model.faults import Fault
from ringfence.model.words import Relation
from ringfence.store import audit, events
from ringfence.store.disk import write_whole
from ringfence.store.workspace import Workspace

SIGNAL = "network:member"  # as which both, flagged and likely, are counted among the users of a tag


def feed(
    most: Annotated[int, typer.Option(min=1, help="From how many of the dearest slots ties are taken.")] = 1_000,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Tell the guard of ties and hashtags that lead to accounts which are likely members and carry no flag.

    Ties go to `ringfence damping export`, tags to the next `ringfence publish`. Nobody is flagged. Run it again after
    every discovery: what was found before is replaced.

    Example: ringfence exposure feed --workspace platform
    """
    place = say.workspace(workspace)
    scores, seed = last_results.read_scores(place), place.config.discovery.seed
    found = [row["account_id"] for row in scores.select(["account_id", "network_id"]).to_pylist() if row["network_id"]]
    audit.record(place, audit.Action.EXPOSURE_FED, f"{most} slots")
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("exposure")
        graph = build(connection, relations=[Relation.FOLLOWS])
        follows = _follows(graph, str(place.path))
        flagged, minors = np.zeros(graph.size, dtype=np.bool_), likely_minors(connection, graph.size)
        flagged[graph.find(found)] = True
        likely = estimate(of_csr(follows), flagged, seed).adopted & ~minors
        bars.advance(0.5)
        led = ties_that_lead(follows, flagged, likely, minors, named(Rule.TOP_3), most)
        own = tag_risk(connection, _users(graph, flagged))
        with_likely = tag_risk(connection, _users(graph, flagged | likely))
        bars.advance(1.0)
    tags = {tag: share for tag, share in with_likely.items() if share > own.get(tag, 0.0)}
    _write(place, graph, led, tags)
    if as_json:
        told = {name: getattr(led, name) for name in ("spared", "before", "after", "displaced", "touched")}
        say.as_json({"likely": int(likely.sum()), "ties": len(led.src), "tags": tags, **told})
    else:
        _say(led, int(likely.sum()), own, tags)


def _follows(graph: Graph, where: str) -> Csr:
    for ties in graph.relations:
        if ties.relation is Relation.FOLLOWS:
            return ties.forward
    raise Fault("there are no follows", where=where, mend="ingest ties of the relation follows")


def _users(graph: Graph, who: Mask) -> pa.Table:
    names = graph.accounts.take(pa.array(np.flatnonzero(who)))
    return pa.table({"account_id": names, "signal": pa.array([SIGNAL] * len(names), pa.string())})


def _write(place: Workspace, graph: Graph, led: Led, tags: Mapping[str, float]) -> None:
    """Each file whole or not at all."""
    ends = {name: graph.accounts.take(pa.array(ids)) for name, ids in (("src", led.src), ("dst", led.dst))}
    size = len(led.src)
    rest = {"relation": pa.array([str(Relation.FOLLOWS)] * size, pa.string()), "weight": np.zeros(size, np.float32)}
    buffer = BytesIO()
    pq.write_table(pa.table(ends | rest), buffer)
    write_whole(place.path / EXTRA, buffer.getvalue())
    write_whole(place.path / LED, msgspec.json.encode(dict(sorted(tags.items()))))


def _say(led: Led, likely: int, own: Mapping[str, float], tags: Mapping[str, float]) -> None:
    typer.echo(f"{likely:,} accounts without a flag are likely members; have them reviewed")
    typer.echo(
        f"{len(led.src):,} ties that lead to them go to the damping table; {led.spared:,} more were spared: nobody "
        "loses more than three, or half of them"
    )
    typer.echo(
        f"Slots of a session that hold one, behind the filter: {led.before:.4f} before, {led.after:.4f} without these "
        f"ties; of innocent slots {led.displaced:.2%} change hands, for {led.touched:.1%} of accounts"
    )
    rows = [(f"#{tag}", f"{own.get(tag, 0.0):.1%}", f"{share:.1%}") for tag, share in _riskiest(tags)]
    say.table("", ("hashtag", "users flagged", "flagged or likely"), rows)


def _riskiest(tags: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(tags.items(), key=lambda one: (-one[1], one[0]))[:20]
