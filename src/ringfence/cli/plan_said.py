"""How does the shell tell of a plan and of what followed from it?"""

from collections import Counter
from dataclasses import asdict

import typer

from ringfence.cases.orders import Progress
from ringfence.cases.plan import Plan
from ringfence.cases.preview import Preview
from ringfence.cli import say
from ringfence.enforcement.feedback import Delivered

STEPS = ("account", "actions", "stage", "probability", "why", "against")


def preview(seen: Preview) -> None:
    """Who is acted on and why, who is set aside, and how far it reaches."""
    blast = seen.blast
    orders = ", ".join(f"{action} {many:,}" for action, many in blast.orders.items())
    typer.echo(f"{blast.accounts:,} accounts ({blast.share:.0%} of the case): {orders}")
    typer.echo(f"{blast.irreversible:,} of these cannot be undone; {blast.contested:,} accounts have counter-evidence")
    reach = (("accounts that follow them", blast.audience), ("shown them lately", blast.viewers),
             ("likely minors among both", blast.minors_reached), ("posts", blast.posts),
             ("hashtags", blast.hashtags))  # fmt: skip
    typer.echo("Reach: " + ", ".join(f"{many:,} {name}" for name, many in reach if many is not None))
    rows = [
        (one.account_id, ", ".join(one.actions), one.stage,
         "" if one.evidence.probability is None else f"{one.evidence.probability:.0%}",
         "; ".join(one.evidence.reasons), "; ".join(one.evidence.against))
        for one in seen.steps
    ]  # fmt: skip
    say.table("", STEPS, rows)
    say.table("\nSet aside", ("account", "why"), [(one.account_id, one.why) for one in seen.aside])
    for why, many in Counter(one.why for one in seen.aside).items():
        typer.echo(f"{many:,}: {why}")


def delivered(done: Delivered) -> None:
    """What discovery and the guard were told."""
    typer.echo(
        f"Discovery was told {done.labels:,} labels and {done.doubts:,} doubts, the guard {done.limits:,} limits"
    )
    if done.unusable:
        typer.echo(f"{done.unusable:,} could not be used: see `ringfence plan show`")
    if done.limits:
        typer.echo("Run `ringfence publish` to hand the limits to the guard")


def told(plan: Plan) -> dict[str, object]:
    """A plan as JSON tells of it: without the secret of whoever runs it."""
    return {name: value for name, value in asdict(plan).items() if name not in {"token", "token_until"}}


def counted(progress: Progress) -> dict[str, dict[str, int]]:
    """How many orders are in each state, by stage."""
    return {
        str(stage): {str(state): many for state, many in states.items()} for stage, states in progress.stages.items()
    }
