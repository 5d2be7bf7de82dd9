"""ringfence publish"""

from collections.abc import Iterator

import typer

from ringfence.cli import limits, say
from ringfence.discovery import last_results
from ringfence.guard import publish as publishing
from ringfence.guard.snapshots.changes import Changes


def command(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Limit what the policy says, and hand terms, policy, accounts and tags to the guard as one snapshot.

    Example: ringfence publish --workspace platform
    """
    place = say.workspace(workspace)
    made = publishing.publish(place, last_results.read_scores(place), last_results.last_run(place).model)
    counts = made.served.counts()
    if as_json:
        say.as_json(
            {
                "snapshot": made.version, "policy": made.served.policy.version, "accounts": counts,
                "limits": made.applied, "changes": made.changes, "tags_without_a_term": len(made.unnamed),
            }
        )  # fmt: skip
        return
    told = ", ".join(f"{count:,} {signal}" for signal, count in counts.items())
    typer.echo(f"Snapshot {made.version} is active: {made.served.term_count:,} terms, {told or 'no account'}")
    if made.applied:
        limits.told(made.applied)
    if made.unnamed:
        typer.echo(
            f"{len(made.unnamed):,} tags are mostly used by those found or lead to them, and no term stands in them"
        )
    for line in differences(made.changes) if made.changes else ():
        typer.echo(line)


def differences(found: Changes) -> Iterator[str]:
    """What differs between two snapshots, a line each; accounts are counted and not named."""
    if found.before == found.after:
        yield f"Nothing differs from {found.before}"
        return
    yield f"Against {found.before}:"
    for signal, count in found.accounts.items():
        if count.new or count.gone:
            yield f"  {signal}: {count.new:,} new, {count.gone:,} gone, {count.now:,} now"
    for name, count in (("terms", found.terms), ("tags", found.tags)):
        if count.new or count.gone:
            yield f"  {name}: {count.new:,} new, {count.gone:,} gone, {count.now:,} now"
    if found.changed_tags:
        yield f"  tags with another share: {found.changed_tags:,}"
    if found.policy_changed:
        yield f"  policy {found.policies[1]} instead of {found.policies[0]}"
    if found.trial_changed:
        yield "  another policy is on trial, or none"
