"""ringfence policy: which one is active"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.policies import versions
from ringfence.guard.policies.policy import Policy
from ringfence.guard.rehearsal.examples import outcomes, told
from ringfence.guard.rehearsal.judge import judge_of
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

NEXT = "Next: ringfence publish, which hands it to the guard"
_SHOWN = 3


def activate(
    file: Annotated[Path, typer.Argument(help="The policy file.")],
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Make a policy the workspace's, once it is in order and its examples pass. The one before is kept.

    Example: ringfence policy activate next.toml
    """
    place = say.workspace(workspace)
    policy = read(file)
    refuse_failed(place, policy, str(file))
    event = versions.activate(place, policy)
    _say(event, f"Policy {policy.version} is active", as_json=as_json)


def rollback(workspace: say.Where = say.HERE, as_json: say.AsJson = False) -> None:
    """Go back to the policy that the active one replaced.

    Example: ringfence policy rollback --workspace platform
    """
    event = versions.rollback(say.workspace(workspace))
    _say(event, f"Policy {event.version} is active again", as_json=as_json)


def refuse_failed(place: Workspace, policy: Policy, where: str) -> None:
    """Raise a Fault when an example of the policy fails."""
    judge = judge_of(policy, Lexicon.load(place.lexicon_file))
    failed = [one for one in outcomes(policy, judge, datetime.now(UTC).date()) if not one.passed]
    if failed:
        told_ = "; ".join(f"{told(one.example)} earns {one.got}" for one in failed[:_SHOWN])
        what = f"{len(failed)} of its examples fail: {told_}"
        raise Fault(what, where=where, mend="mend the rules or the examples, and see `ringfence policy test`")


def read(file: Path) -> Policy:
    """The policy in a file."""
    return Policy.parse(text_of(file), str(file))


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("it cannot be read", where=str(file), mend="name a readable UTF-8 file") from error


def _say(event: versions.Event, words: str, *, as_json: bool) -> None:
    if as_json:
        say.as_json(event)
    else:
        typer.echo(words)
        typer.echo(NEXT)
