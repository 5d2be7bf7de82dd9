"""ringfence media triage: new media, the likeliest to belong to a network first"""

import os
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from ringfence.cli import say
from ringfence.discovery import last_results
from ringfence.discovery.new_media import Known, NewMedia, new_media, nothing_known
from ringfence.media.banks import schema
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.matcher import Matcher
from ringfence.media.triage import asking, decide, decisions, tell
from ringfence.media.triage.classifier import Classifier
from ringfence.media.triage.known import known
from ringfence.media.triage.rank import Parts
from ringfence.media.triage.run import Triage
from ringfence.media.triage.seen import Seen
from ringfence.model.faults import Fault
from ringfence.model.words import Opinion
from ringfence.store import audit
from ringfence.store.workspace import Workspace

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
        classifier, found = _triaged(place, bars.advance)
        bars.advance(1.0)
    made = found.made
    rows = [tell.row(made, int(cluster)) for cluster in made.listed(care=care)[:limit]]
    counts = {
        "clusters": len(made.groups),
        "for_review": len(made.listed(care=False)),
        "for_care": len(made.listed(care=True)),
        "known": int(made.known.sum()),
        "decided": int(made.decided.sum()),
        "on_no_list": made.quiet,
    }
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
    _hand_over(place)
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
    _hand_over(place)
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


def _triaged(place: Workspace, advanced: Callable[[float], None]) -> tuple[Classifier | None, NewMedia]:
    scores = last_results.read_scores(place)
    asked = place.config.media_classifier
    classifier = _classifier(place)
    if classifier is None:
        return None, new_media(place, scores, _known(place))

    def ask(seen: Seen, made: Triage) -> Parts:
        return asking.said(classifier, seen, made, asked.pointer, asked.most, advanced)

    return classifier, new_media(place, scores, _known(place), ask)


def _known(place: Workspace) -> Known:
    """What asks the banks of the platform, where it has any."""
    if not (place.media / schema.FILE).exists():
        return nothing_known

    def asked(media: pa.Table) -> NDArray[np.bool_]:
        matcher = Matcher.open(place)
        try:
            return known(matcher, media)
        finally:
            matcher.close()

    return asked


def _hand_over(place: Workspace) -> None:
    """Bring the platform's own bank up to all decisions, and make it before the first."""
    banks = Banks.of(place)
    try:
        if decide.BANK not in banks.every():
            banks.add(Bank(decide.BANK))
        decide.hand_over(place, banks)
    finally:
        banks.close()


def _classifier(place: Workspace) -> Classifier | None:
    """The one of the configuration; none is shipped."""
    asked = place.config.media_classifier
    if not asked.url:
        return None
    key = os.environ.get(asked.key_variable) if asked.key_variable else None
    if asked.key_variable and not key:
        where = "media_classifier.key_variable"
        raise Fault(f"{asked.key_variable} is not set", where=where, mend="set it, or empty the setting")
    return Classifier(
        asked.url,
        asked.label,
        seconds=asked.seconds,
        retries=asked.retries,
        failures=asked.failures,
        pause=asked.pause_seconds,
        headers={"authorization": f"Bearer {key}"} if key else None,
    )


def _cells(row: Any) -> list[object]:
    short = {**row, "priority": f"{row['priority']:.2f}", "why": "; ".join(row["reasons"])}
    return [short[name] for name in COLUMNS]
