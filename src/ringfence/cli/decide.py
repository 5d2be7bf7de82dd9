"""ringfence decide"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.guard.answers import Decision, Slate, Viewer
from ringfence.guard.decide import Guard
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

SURFACES = ("search", "autocomplete", "related", "hashtag", "tags", "suggest", "recommend")


def command(
    surface: Annotated[str, typer.Argument(help=f"One of {', '.join(SURFACES)}.")],
    subjects: Annotated[list[str], typer.Argument(help="The query, the tag or tags, or the candidates.")],
    viewer: Annotated[str, typer.Option(help="For whom: an account's id.")] = "",
    minor: Annotated[bool, typer.Option("--minor", help="The viewer is held to be under age.")] = False,
    country: Annotated[str, typer.Option(help="The viewer's country, such as DE; it chooses the help.")] = "",
    language: Annotated[str, typer.Option(help="The viewer's language, such as de; it chooses the words.")] = "",
    prefix: Annotated[str, typer.Option(help="What was typed so far, with autocomplete and related.")] = "",
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Ask the guard, as a platform would, and see the verdict with its reason.

    Example: ringfence decide suggest --viewer a1 a2 a3
    """
    guard = Guard.load(say.workspace(workspace).snapshots)
    answer = _ask(guard, surface, subjects, Viewer(viewer, minor, country, language), prefix)
    decisions = tuple(answer.decisions) if isinstance(answer, Slate) else (answer,)
    if as_json:
        say.as_json(answer if isinstance(answer, Decision) else {"kept": answer.kept, "decisions": decisions})
        return
    rows = [(one.subject, one.verdict, one.reason, one.message) for one in decisions]
    say.table("", ("subject", "verdict", "reason", "message"), rows)
    for line in decisions[0].help:
        typer.echo(f"  {line.name}: {' '.join(filter(None, (line.phone, line.url)))}")
    first = decisions[0]
    if first.degraded:
        typer.echo(f"This answer is degraded: {first.degraded}", err=True)
    typer.echo(f"policy {first.policy_version}, snapshot {first.snapshot_version}, lexicon {first.lexicon_version}")


def _ask(guard: Guard, surface: str, subjects: list[str], viewer: Viewer, prefix: str) -> Decision | Slate:
    match surface:
        case "search":
            return guard.search(" ".join(subjects), viewer)
        case "hashtag":
            return guard.hashtag(" ".join(subjects), viewer)
    return _slate(guard, surface, subjects, viewer, prefix)


def _slate(guard: Guard, surface: str, subjects: list[str], viewer: Viewer, prefix: str) -> Slate:
    match surface:
        case "autocomplete":
            return guard.autocomplete(prefix, subjects, viewer)
        case "related":
            return guard.related(prefix, subjects, viewer)
        case "tags":
            return guard.tags(subjects, viewer)
        case "suggest" | Surface.SUGGESTION:
            return guard.suggest(viewer, subjects)
        case "recommend" | Surface.RECOMMENDATION:
            return guard.recommend(viewer, Surface.RECOMMENDATION, subjects)
    raise Fault(f"unknown surface {surface!r}", where="decide", mend=f"use one of {', '.join(SURFACES)}")
