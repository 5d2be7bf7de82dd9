"""ringfence publish"""

import typer

from ringfence.cli import say
from ringfence.discovery import results
from ringfence.guard import publish as publishing
from ringfence.guard import shelf, signing


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Hand the lexicon, the policy and the accounts found to the guard, as one new snapshot.

    Example: ringfence publish --workspace platform
    """
    place = say.workspace(workspace)
    publishing.publish(place, results.read_scores(place), results.last_run(place).model)
    made = shelf.active(place.snapshots, signing.trusted_in(place.snapshots))
    counts = made.counts()
    if as_json:
        say.as_json({"snapshot": made.version, "policy": made.policy.version, "accounts": counts})
        return
    told = ", ".join(f"{count:,} {signal}" for signal, count in counts.items())
    typer.echo(f"Snapshot {made.version} is active: {made.term_count:,} terms, {told}")
