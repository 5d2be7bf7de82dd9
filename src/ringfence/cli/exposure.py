"""ringfence exposure"""

import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ringfence.cli import exposure_feed, exposure_observed, say
from ringfence.cli.figures import told
from ringfence.cli.recommenders import Kept, Own, options, recommenders, repeated, troubles
from ringfence.discovery import last_results
from ringfence.exposure import arms, change, history
from ringfence.exposure.audit import Audit, Measured, Recipe, Trouble, Viewed
from ringfence.exposure.change import Change
from ringfence.exposure.choices import Choice, Rule, named
from ringfence.exposure.everybody import Exact, exactly, slates_of_all
from ringfence.exposure.history import Kept as Files
from ringfence.exposure.measure import measure
from ringfence.exposure.pooled import FEW, means
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
GROUP.command("observed")(exposure_observed.command)
GROUP.command("feed")(exposure_feed.command)

File = Annotated[Path, typer.Argument(help="A measurement that `ringfence exposure` wrote, or its page.")]


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
    """Measure how far recommenders lead test accounts to members, without the guard, with it, and with a cut.

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
    recipe = Recipe(
        command=" ".join(
            [
                f"ringfence exposure --withhold {withhold} --test-accounts {test_accounts}",
                *options(asked, own, kept_slates),
                f"--choice {choice}",
            ]
        ),
        ringfence=importlib.metadata.version("ringfence"),
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        recommenders=tuple(asked),
        choice=named(choice).name,
        seed=platform.seed,
        withheld=len(platform.members) - len(known),
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
        _say(made, kept)
        for one in risen:
            typer.echo(f"ROSE: {_moved(one)}")
    if risen:
        sys.exit(Exit.ROSE)


@GROUP.command()
def verify(
    file: File,
    key: Annotated[
        list[str] | None, typer.Option(help="A public key to trust; without one, the key that the file names.")
    ] = None,
    as_json: say.AsJson = False,
) -> None:
    """Check that a measurement, or its page, is whole and signed, by a key you trust.

    Without --key it is only shown that nobody changed the file since whoever holds its key signed it.

    Example: ringfence exposure verify platform/exposure/exposure.json --key ed25519:...
    """
    trusted = Trusted.of(key, "--key") if key else None
    read = history.read(_read(file), trusted, str(file))
    if as_json:
        say.as_json({"trusted": bool(key), "audit": read})
        return
    typer.echo(f"Signed, and not changed since. Measured {read.recipe.at} by ringfence {read.recipe.ringfence}")
    if not key:
        typer.echo("Nobody said whose key to trust: give it with --key")
    typer.echo(f"To repeat it: {read.recipe.command}, seed {read.recipe.seed}")


@GROUP.command()
def diff(before: File, after: File, as_json: say.AsJson = False) -> None:
    """Say what differs between two measurements, and whether more than luck does.

    Example: ringfence exposure diff monday.json tuesday.json
    """
    old, new = (history.read(_read(file), None, str(file)) for file in (before, after))
    found, alone = change.changes(old, new), change.missing(old, new)
    if as_json:
        say.as_json({"changes": found, "only_in_one": alone})
        return
    rows = [
        (
            one.recommender,
            one.stratum,
            one.arm,
            one.figure,
            told(one.before),
            told(one.after),
            f"{one.difference:+.1%}",
            one.direction,
        )
        for one in found
    ]
    say.table("", ("recommender", "who starts", "arm", "figure", "before", "after", "difference", ""), rows)
    if old.recipe.command != new.recipe.command:
        typer.echo(f"Not measured alike: `{old.recipe.command}` and `{new.recipe.command}`")
    for name in alone:
        typer.echo(f"Only in one of both: {name}")


@GROUP.command("history")
def past(
    pooled: Annotated[
        bool, typer.Option("--pooled", help="The mean over all made by the same command as the last, and its interval.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """List the measurements of a workspace, the oldest first.

    Example: ringfence exposure history --workspace platform
    """
    place = say.workspace(workspace)
    kept = list(history.every(place, Trusted(frozenset({signer_of(place).public}))))
    if pooled:
        _say_pooled([one for one in kept if one.recipe.command == kept[-1].recipe.command], as_json=as_json)
    elif as_json:
        say.as_json({"measurements": [_judged(one) for one in kept]})
    else:
        rows = [
            (one.recipe.at[:16], asked.recommender, arm.name, told(arm.summary.ever), told(arm.summary.leak))
            for one in kept
            for asked in one.measured
            for arm in asked.exposure.strata[0].arms
        ]
        say.table("", ("at", "recommender", "arm", "shown a member", "an unknown one"), rows)


def _say_pooled(alike: Sequence[Audit], *, as_json: bool) -> None:
    found = means(alike, alike[-1].recipe.seed if alike else 0)
    if as_json:
        say.as_json({"command": alike[-1].recipe.command, "measurements": len(alike), "figures": found})
        return
    rows = [(one.recommender, one.stratum, one.arm, one.figure, told(one.mean)) for one in found]
    say.table("", ("recommender", "who starts", "arm", "figure", f"mean of {len(alike)}"), rows)
    if len(alike) < FEW:
        typer.echo(f"Of fewer than {FEW} measurements the intervals are likelier too narrow than too wide")


def _platform(place: Workspace) -> _Platform:
    """The follow graph, the accounts that the last discovery found, and where test accounts start."""
    scores, seed = last_results.read_scores(place), place.config.discovery.seed
    found = [row["account_id"] for row in scores.select(["account_id", "network_id"]).to_pylist() if row["network_id"]]
    with events.connect(place) as connection:
        graph = build(connection, relations=[Relation.FOLLOWS])
        follows = next((ties.forward for ties in graph.relations if ties.relation is Relation.FOLLOWS), None)
        if follows is None:
            raise Fault("there are no follows", where=str(place.path), mend="ingest ties of the relation follows")
        members = graph.find(found).astype(np.uint32)
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
            found = troubles(asked[name])
            measured.append(Measured(name, exposure, judge(exposure, promised), found, exact))
            bars.advance(done / len(asked))
        viewers = []
        for name, slates in shown.items():
            some = arms.standing(slates, flagged, compared.chosen)
            groups = viewed(follows, member, slates, some, seed)
            viewers.append(Viewed(name, groups, tuple(Trouble(*one) for one in slates.troubles)))
            left_out.append(f"test accounts of {name}: slates that are kept do not say what would follow a click")
    return tuple(measured), tuple(viewers), (*compared.left_out, *left_out)


def _judged(made: Audit) -> dict[str, object]:
    """What a history says of one measurement."""
    findings = [{"recommender": one.recommender, "findings": one.findings} for one in made.measured]
    return {"recipe": made.recipe, "measured": findings}


def _thresholds(file: Path | None) -> Thresholds:
    if file is None:
        return parse("", "the default bounds")
    return parse(_read(file).decode(errors="replace"), str(file))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(file), mend="check its name and rights") from error


def _say(made: Audit, kept: Files) -> None:
    for one in made.measured:
        typer.echo(f"{one.recommender}, ten slates each, clicked by {made.recipe.choice}")
        _say_exposure(one)
        if one.exact:
            _say_exact(one.exact)
    for seen in made.viewed:
        _say_viewed(seen)
    for line in made.left_out:
        typer.echo(f"Not measured: {line}")
    typer.echo(f"Signed, in {kept.measurement}; to read, in {kept.page}")


def _say_exposure(measured: Measured) -> None:
    exposure = measured.exposure
    rows = [
        (stratum.name, stratum.test_accounts, arm.name, told(arm.summary.ever), told(arm.summary.leak))
        for stratum in exposure.strata
        for arm in stratum.arms
    ]
    say.table("", ("who starts", "test accounts", "arm", "shown a member", "one the guard does not know"), rows)
    typer.echo(f"{exposure.members - exposure.known_members} of {exposure.members} members were kept from the guard")
    for cost in exposure.collateral:
        typer.echo(
            f"{cost.arm}: of innocent slots {told(cost.displaced)} change hands, for {told(cost.viewers_changed)} of "
            f"viewers; empty {cost.empty_before:.1%} before, {cost.empty:.1%} now"
        )
    for one in measured.findings:
        typer.echo(f"{one.arm}: {one.figure} at most {one.at_most:.1%}: {one.outcome}, {told(one.measured)}")
    _say_troubles(measured.troubles)


def _say_viewed(seen: Viewed) -> None:
    typer.echo(f"{seen.recommender}, what real viewers that are no members are shown now, whomever they follow")
    rows = [
        (
            group.name,
            f"{group.viewers:,} of {group.of:,}",
            arm.name,
            told(arm.share),
            told(arm.ever_first),
            told(arm.displaced),
            f"{arm.empty:.1%}",
        )
        for group in seen.groups
        for arm in group.arms
    ]
    heads = ("who looks", "viewers", "arm", "members", "shown one", "innocent displaced", "empty slots")
    say.table("", heads, rows)
    _say_troubles(seen.troubles)


def _say_troubles(troubles: Sequence[Trouble]) -> None:
    for one in troubles:
        typer.echo(f"Trouble: {one.name} {one.count:,}" + (f", such as {one.example}" if one.example else ""))


def _say_exact(exact: Exact) -> None:
    typer.echo(f"Everybody who is no member, exactly, within {', '.join(map(str, exact.horizons))} clicks or slates:")
    rows = [
        (
            group.name,
            group.accounts,
            arm.name,
            _shares(group.hit_within),
            _shares(group.shown_within),
            f"{group.empty:.1%}",
        )
        for same in zip(*(arm.groups for arm in exact.arms), strict=True)
        for arm, group in zip(exact.arms, same, strict=True)
    ]
    say.table("", ("who is there", "accounts", "arm", "clicks a member", "shown a member", "empty slots"), rows)


def _shares(within: Sequence[float]) -> str:
    return ", ".join("of nobody" if np.isnan(share) else f"{share:.2%}" for share in within)


def _moved(one: Change) -> str:
    return f"{one.recommender}, {one.stratum}, {one.arm}, {one.figure}: {told(one.before)} -> {told(one.after)}"
