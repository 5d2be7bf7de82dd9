"""ringfence exposure"""

from typing import Annotated

import numpy as np
import typer

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.exposure.measure import measure, to_json
from ringfence.graph.build import build
from ringfence.model.faults import Fault
from ringfence.model.words import Relation
from ringfence.store import events
from ringfence.store.disk import write_whole


def command(
    withhold: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the accounts found to keep from the guard.")
    ] = 0.2,
    test_accounts: Annotated[int, typer.Option(min=1, help="Test accounts a group.")] = 200,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Measure how far a friend-of-friend recommender leads test accounts to members, without the guard and with it.

    Some of the accounts found are kept from the guard: exposure to accounts it was told of would prove nothing.

    Example: ringfence exposure --withhold 0.2 --workspace platform
    """
    place = say.workspace(workspace)
    scores = last_results.read_scores(place)
    with events.connect(place) as connection:
        graph = build(connection, relations=[Relation.FOLLOWS])
    follows = next((ties.forward for ties in graph.relations if ties.relation is Relation.FOLLOWS), None)
    found = [row["account_id"] for row in scores.select(["account_id", "network_id"]).to_pylist() if row["network_id"]]
    if follows is None or not found:
        raise Fault(
            "there is nothing to measure", where=str(place.path), mend="ingest follows, and run `ringfence discover`"
        )
    members = graph.find(found).astype(np.uint32)
    seed = place.config.discovery.seed
    known = members[np.random.default_rng(seed).random(len(members)) >= withhold]
    with say.bars() as bars:
        bars.start("exposure")
        measured = measure(follows, members, known, {}, seed, test_accounts=test_accounts)
        bars.advance(1.0)
    write_whole(place.exposure / "exposure.json", to_json(measured).encode())
    if as_json:
        typer.echo(to_json(measured))
        return
    for stratum in measured.strata:
        before, after = stratum.before.ever, stratum.after.ever
        typer.echo(f"{stratum.name}: of {stratum.test_accounts} test accounts, shown a member within ten slates:")
        for arm, ever in (("without the guard", before), ("with the guard", after)):
            typer.echo(f"  {arm:<18} {ever.value:.1%} [{ever.low:.1%}, {ever.high:.1%}]")
    typer.echo(f"{measured.members - measured.known_members} of {measured.members} members were kept from the guard")
