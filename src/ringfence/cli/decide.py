"""ringfence decide"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.answers import Decision, Slate
from ringfence.guard.decide import Guard
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

NAMES = {"suggest": Surface.SUGGESTION, "recommend": Surface.RECOMMENDATION}


def command(
    surface: Annotated[str, typer.Argument(help="search, autocomplete, hashtag, suggest or recommend.")],
    subjects: Annotated[list[str], typer.Argument(help="The query, the tag, or the candidates.")],
    viewer: Annotated[str, typer.Option(help="For whom, with suggest and recommend.")] = "",
    prefix: Annotated[str, typer.Option(help="What was typed so far, with autocomplete.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Ask the guard, as a platform would, and see the verdict with its reason.

    Example: ringfence decide suggest --viewer a1 a2 a3
    """
    guard = Guard.load(say.workspace(workspace).snapshots)
    answer = _ask(guard, surface, subjects, viewer, prefix)
    decisions = tuple(answer.decisions) if isinstance(answer, Slate) else (answer,)
    if as_json:
        say.as_json(answer if isinstance(answer, Decision) else {"kept": answer.kept, "decisions": decisions})
        return
    rows = [(one.subject, one.verdict, one.reason, one.message) for one in decisions]
    say.table("", ("subject", "verdict", "reason", "message"), rows)
    first = decisions[0]
    typer.echo(f"policy {first.policy_version}, snapshot {first.snapshot_version}, lexicon {first.lexicon_version}")


def _ask(guard: Guard, surface: str, subjects: list[str], viewer: str, prefix: str) -> Decision | Slate:
    match NAMES.get(surface, surface):
        case Surface.SEARCH:
            return guard.search(" ".join(subjects), viewer)
        case Surface.HASHTAG:
            return guard.hashtag(" ".join(subjects))
        case Surface.AUTOCOMPLETE:
            return guard.autocomplete(prefix, subjects)
        case Surface.SUGGESTION:
            return guard.suggest(viewer, subjects)
        case Surface.RECOMMENDATION:
            return guard.recommend(viewer, Surface.RECOMMENDATION, subjects)
    raise Fault(f"unknown surface {surface!r}", where="decide", mend=f"use one of {', '.join([*Surface, *NAMES])}")
