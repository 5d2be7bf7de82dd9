"""ringfence recidivism"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery.recidivism import returned
from ringfence.graph.kept import graph_of
from ringfence.store import audit, events


def command(
    top: Annotated[int, typer.Option(min=0, help="How many of the likeliest accounts to print.")] = 20,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """List new accounts that are like removed ones, the likeliest first, and why. The read is audited.

    Scores rank; they are no verdicts. Example: ringfence recidivism --top 40 --workspace platform
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.RECIDIVISM_READ, f"top {top}")
    with say.bars() as bars, events.connect(place) as connection:
        bars.start("recidivism")
        found = returned(graph_of(place, connection), connection)
        bars.advance(1.0)
    best = found.slice(0, top).to_pylist()
    if as_json:
        say.as_json({"accounts": found.num_rows, "top": best})
        return
    typer.echo(f"{found.num_rows:,} new accounts are like a removed one in some way")
    rows = [
        (row["rank"], row["account_id"], row["was"], f"{row['score']:.1f}", "care" if row["care"] else "",
         "; ".join(row["reasons"][:2]))
        for row in best
    ]  # fmt: skip
    say.table("", ("rank", "account", "like", "score", "route", "strongest reasons"), rows)
