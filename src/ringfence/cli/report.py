"""ringfence report"""

import typer

from ringfence.cli import say
from ringfence.discovery import last_results


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Sum up the last discovery for a reader: networks, their size and audience, what they share. Reads are audited.

    Example: ringfence report --workspace platform
    """
    place = say.workspace(workspace)
    run = last_results.last_run(place)
    rows = last_results.read_networks(place).to_pylist()
    if as_json:
        say.as_json({"run": run, "networks": rows})
        return
    typer.echo(f"Discovery of {run.at:%Y-%m-%d %H:%M} UTC, model {run.model}, lexicon {run.lexicon or 'none'}")
    typer.echo(f"Started from {len(run.seed_accounts)} accounts and {run.seed_terms} terms.")
    typer.echo(f"Found {run.networks} networks with {run.members:,} of {run.accounts:,} accounts.")
    for row in rows:
        terms = ", ".join(row["terms"]) or "no hashtag of its own"
        typer.echo(f"  {row['network_id']}: {row['size']} accounts, {row['audience']:,} followers; shares {terms}")
    typer.echo("Scores are uncalibrated ranks. Nothing here is a verdict.")
