"""ringfence media triage: new media, the likeliest to belong to a network first"""

from typing import Annotated, Any

import typer

from ringfence.cli import say
from ringfence.discovery import triaging
from ringfence.media.triage import decide, decisions, tell
from ringfence.model.words import Opinion
from ringfence.store import audit

GROUP = typer.Typer(name="triage", help="New media, ranked for review by the company it keeps.")
By = Annotated[str, typer.Option(help="Who decides. It is recorded.")]
Reason = Annotated[str, typer.Option(help="Why, in your own words.")]
COLUMNS = ("cluster", "priority", "media", "uploads", "uploaders", "in_networks", "why")


@GROUP.callback(invoke_without_command=True)
def triage(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many clusters are shown.")] = 20,
    care: Annotated[
        bool, typer.Option("--care", help="The list for those who look after children, and not the reviewers'.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Group new media by near hashes, and rank it by who shared it. No media is read. The read is audited.

    Example: ringfence media triage --limit 50 --workspace platform
    """
    if context.invoked_subcommand is not None:
        return
    place = say.workspace(workspace)
    audit.record(place, audit.Action.MEDIA_TRIAGE_READ, "care" if care else "review")
    with say.bars() as bars:
        bars.start("media")
        done = triaging.triaged(place, bars.advance)
        bars.advance(1.0)
    made, classifier, counts = done.found.made, done.classifier, triaging.counts(done.found.made)
    rows = [tell.row(made, int(cluster)) for cluster in made.listed(care=care)[:limit]]
    if as_json:
        said = dict(classifier.counts) if classifier else None
        say.as_json({"list": "care" if care else "review", "counts": counts, "classifier": said, "rows": rows})
        return
    say.table("", COLUMNS, [_cells(row) for row in rows])
    typer.echo("; ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items()))
    if classifier and classifier.counts["asked"]:
        typer.echo("The classifier: " + ", ".join(f"{n:,} {what}" for what, n in classifier.counts.items()), err=True)


@GROUP.command("decide")
def decide_(
    cluster: Annotated[str, typer.Argument(help="A cluster, as `ringfence media triage` names it.")],
    opinion: Annotated[
        Opinion, typer.Option(help="positive is known from now on, negative never matches, investigate stays listed.")
    ],
    by: By,
    reason: Reason,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Decide on a whole cluster at once, and list who uploaded it. Nothing happens to any account.

    Example: ringfence media triage decide 3fa2b17c90de4451 --opinion positive --by wren --reason "reviewed in the room"
    """
    place = say.workspace(workspace)
    made, group = decide.decide(place, cluster, opinion, by, reason)
    triaging.hand_over(place)
    if as_json:
        told = {"uploaders": group.uploaders, "care": group.care}
        say.as_json({"decision": made.number, "opinion": str(opinion), "media": len(made.hashes), **told})
        return
    typer.echo(f"Decision {made.number}: {len(made.hashes):,} media are {opinion}")
    typer.echo(f"Uploaded by {', '.join(group.uploaders) or 'nobody who is no likely child'}")
    if group.care:
        typer.echo(f"For care, and no target: {', '.join(group.care)}")


@GROUP.command()
def undo(
    decision: Annotated[int, typer.Argument(help="The number of the decision.")],
    by: By,
    reason: Reason,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Take one decision back wholly: what stood before it stands again.

    Example: ringfence media triage undo 12 --by wren --reason "the wrong cluster"
    """
    place = say.workspace(workspace)
    made = decide.undo(place, decision, by, reason)
    triaging.hand_over(place)
    if as_json:
        say.as_json({"decision": made.number, "undoes": decision, "cluster": made.cluster})
        return
    typer.echo(f"Decision {decision} on {made.cluster} is undone (decision {made.number})")


@GROUP.command("decisions")
def decisions_(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Show every decision, oldest first, and which of them stand. The read is audited.

    Example: ringfence media triage decisions --workspace platform
    """
    place = say.workspace(workspace)
    audit.record(place, audit.Action.MEDIA_TRIAGE_READ, "decisions")
    made = decisions.read(place)
    stand = {one.number for one in decisions.standing(made).values()}
    rows: list[dict[str, Any]] = [
        {"decision": one.number, "cluster": one.cluster, "opinion": one.opinion, "media": len(one.hashes),
         "by": one.by, "reason": one.reason, "at": one.at, "undoes": one.undoes or None, "stands": one.number in stand}
        for one in made
    ]  # fmt: skip
    if as_json:
        say.as_json({"decisions": rows})
        return
    columns = ("decision", "cluster", "opinion", "media", "by", "reason", "undoes", "stands")
    say.table("", columns, [[row[name] for name in columns] for row in rows])


def _cells(row: Any) -> list[object]:
    short = {**row, "priority": f"{row['priority']:.2f}", "why": "; ".join(row["reasons"])}
    return [short[name] for name in COLUMNS]
