"""ringfence exposure"""

import importlib.metadata
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ringfence.cli import exposure_feed, exposure_kept, exposure_observed, say
from ringfence.cli.exposure_kept import read
from ringfence.cli.exposure_said import say_audit, say_rise
from ringfence.cli.recommenders import Kept, Own, options, recommenders, repeated, troubles
from ringfence.discovery import last_results
from ringfence.exposure import arms, change, history
from ringfence.exposure.audit import Audit, Measured, Recipe, Trouble, Viewed
from ringfence.exposure.choices import Choice, Rule, named
from ringfence.exposure.everybody import exactly, slates_of_all
from ringfence.exposure.found import found
from ringfence.exposure.measure import measure
from ringfence.exposure.recommenders.platform import Names
from ringfence.exposure.recommenders.references import Kind
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.strata import Strata, strata
from ringfence.exposure.thresholds import Thresholds, judge, parse
from ringfence.exposure.viewers import Repeated, viewed
from ringfence.graph.build import build
from ringfence.graph.csr import Csr, Ids
from ringfence.guard.files import signer_of
from ringfence.guard.snapshots.signing import Trusted
from ringfence.model.faults import Exit, Fault
from ringfence.model.words import Relation, Surface
from ringfence.store import events
from ringfence.store.workspace import Workspace

GROUP = typer.Typer(name="exposure", invoke_without_command=True)
for one in (exposure_kept.verify, exposure_kept.diff):
    GROUP.command()(one)
GROUP.command("history")(exposure_kept.past)
GROUP.command("observed")(exposure_observed.command)
GROUP.command("feed")(exposure_feed.command)


@dataclass(frozen=True, slots=True)
class _Platform:
    """What is measured on: `members` are all that were found."""

    follows: Csr
    names: Names
    members: Ids
    starts: Strata
    seed: int


@GROUP.callback()
def command(
    context: typer.Context,
    withhold: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the accounts found to keep from the guard.")
    ] = 0.2,
    test_accounts: Annotated[int, typer.Option(min=1, help="Test accounts a group.")] = 200,
    recommender: Annotated[
        list[Kind] | None,
        typer.Option(help="Whom to ask, friend_of_friend by default. Give it several times to ask several."),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="URL of the platform's own recommender; see docs/recommenders.md.")
    ] = None,
    function: Annotated[
        str | None, typer.Option(help="The platform's own recommender in Python, as package.module:name.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help='Sent to --endpoint, as "name: value"; kept in no file.')
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.001, help="How long the platform's own may take to answer.")] = 5.0,
    retries: Annotated[int, typer.Option(min=0, help="How often --endpoint is asked again where no answer came.")] = 0,
    table: Annotated[
        Path | None, typer.Option(help="Slates of real viewers, Parquet or .csv: viewer_id, shown_id, position.")
    ] = None,
    impressions: Annotated[
        Surface | None, typer.Option(help="Judge what real viewers were last shown on this surface, by the log.")
    ] = None,
    choice: Annotated[Rule, typer.Option(help="Which slot of a slate a test account clicks.")] = Rule.TOP_3,
    thresholds: Annotated[
        Path | None, typer.Option(help="TOML with the bounds that are promised: leak, displaced.")
    ] = None,
    daily: Annotated[
        bool,
        typer.Option("--daily", help="Compare with the last one made by the same command; exit 4 when exposure rose."),
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Measure how far recommenders lead test accounts to members: without the guard, with it, with a cut.

    Some of the accounts found are kept from the guard: exposure to accounts it was told of would prove nothing. The
    result is signed and kept in the workspace, with a page to read.

    Example: ringfence exposure --recommender friend_of_friend --recommender salsa --workspace platform
    """
    if context.invoked_subcommand is not None:
        return
    promised = _thresholds(thresholds)
    place = say.workspace(workspace)
    platform = _platform(place)
    known = platform.members[np.random.default_rng(platform.seed).random(len(platform.members)) >= withhold]
    own, kept_slates = Own(endpoint, function, header or [], seconds, retries), Kept(table, impressions)
    with events.connect(place) as connection:
        shown = repeated(kept_slates, connection, platform.names)
    asked = recommenders(recommender or [], own, platform.follows, platform.names)
    measured, viewers, left_out = _measured(platform, known, asked, shown, named(choice), test_accounts, promised)
    asking = [*options(asked, own, kept_slates), f"--choice {choice}"]
    withheld = len(platform.members) - len(known)
    recipe = Recipe(
        command=" ".join([f"ringfence exposure --withhold {withhold} --test-accounts {test_accounts}", *asking]),
        ringfence=importlib.metadata.version("ringfence"),
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        recommenders=tuple(asked),
        choice=named(choice).name,
        seed=platform.seed,
        withheld=withheld,
        test_accounts=test_accounts,
    )
    made = Audit(recipe, promised, measured, (*platform.starts.left_out, *left_out), viewers)
    signer = signer_of(place)
    trusted = Trusted(frozenset({signer.public}))
    before = history.latest(place, trusted, recipe.command) if daily else None
    kept = history.keep(place, made, signer)
    risen = change.rises(change.changes(before, made)) if before else ()
    if as_json:
        say.as_json({"file": str(kept.measurement), "page": str(kept.page), "audit": made, "rose": risen})
    else:
        say_audit(made, kept)
        for one in risen:
            say_rise(one)
    if risen:
        sys.exit(Exit.ROSE)


def _platform(place: Workspace) -> _Platform:
    """The follow graph, the accounts that the last discovery found, and where test accounts start."""
    scores, seed = last_results.read_scores(place), place.config.discovery.seed
    with events.connect(place) as connection:
        graph = build(connection, relations=[Relation.FOLLOWS])
        follows = next((ties.forward for ties in graph.relations if ties.relation is Relation.FOLLOWS), None)
        if follows is None:
            raise Fault("there are no follows", where=str(place.path), mend="ingest ties of the relation follows")
        members = found(connection, scores)
        _check(follows, members, str(place.path))
        starts = strata(connection, follows, members, seed)
        return _Platform(follows, Names.from_events(connection), members, starts, seed)


def _check(follows: Csr, members: Ids, where: str) -> None:
    """Raises Fault where there is nobody to lead, nobody to lead to, or nobody whom a guard could cost anything."""
    if not len(members):
        raise Fault("no member was found", where=where, mend="add seeds, and run `ringfence discover`")
    following = follows.degree() > 0
    following[members] = False
    if len(members) == len(following):
        raise Fault("every account is a member", where=where, mend="see what `ringfence discover` says of the seeds")
    if not following.any():
        raise Fault("nobody but members follows anybody", where=where, mend="ingest the follows of all accounts")


def _measured(
    platform: _Platform,
    known: Ids,
    asked: Mapping[str, Recommender],
    shown: Mapping[str, Repeated],
    choice: Choice,
    test_accounts: int,
    promised: Thresholds,
) -> tuple[tuple[Measured, ...], tuple[Viewed, ...], tuple[str, ...]]:
    """What each recommender shows, what real viewers are shown, and a line for each part that there cannot be."""
    follows, members, starts, seed = platform.follows, platform.members, platform.starts.starts, platform.seed
    flagged, member = (np.isin(np.arange(follows.columns), some) for some in (known, members))
    measured, left_out = [], []
    with say.bars() as bars:
        bars.start("exposure")
        compared = arms.every(follows, asked, flagged, seed)
        for done, (name, some) in enumerate(compared.arms.items(), start=1):
            exposure = measure(
                follows, members, known, starts, seed, arms=some, choice=choice, test_accounts=test_accounts
            )
            exact = None
            if name == Kind.FRIEND_OF_FRIEND:
                exact = exactly(slates_of_all(follows, flagged, compared.chosen), follows, member, choice)
            computed = [arm.name for arm in exact.arms] if exact else []
            without = ", ".join(arm.name for arm in some if arm.name not in computed)
            left_out.append(f"exact figures of {name} in {without}: not all slates can be built at once")
            wrong = troubles(asked[name])
            measured.append(Measured(name, exposure, judge(exposure, promised), wrong, exact))
            bars.advance(done / len(asked))
        viewers = []
        for name, slates in shown.items():
            some = arms.standing(slates, flagged, compared.chosen)
            groups = viewed(follows, member, slates, some, seed)
            viewers.append(Viewed(name, groups, tuple(Trouble(*one) for one in slates.troubles)))
            left_out.append(f"test accounts of {name}: slates that are kept do not say what would follow a click")
    return tuple(measured), tuple(viewers), (*compared.left_out, *left_out)


def _thresholds(file: Path | None) -> Thresholds:
    if file is None:
        return parse("", "the default bounds")
    return parse(read(file).decode(errors="replace"), str(file))
