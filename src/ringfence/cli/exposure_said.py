"""How is a measurement of exposure told on a terminal?"""

from collections.abc import Sequence

import numpy as np
import typer

from ringfence.cli import say
from ringfence.cli.figures import told
from ringfence.exposure.audit import Audit, Measured, Trouble, Viewed
from ringfence.exposure.change import Change
from ringfence.exposure.everybody import Exact
from ringfence.exposure.history import Kept


def say_audit(made: Audit, kept: Kept) -> None:
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


def say_rise(one: Change) -> None:
    figure = f"{one.recommender}, {one.stratum}, {one.arm}, {one.figure}"
    typer.echo(f"ROSE: {figure}: {told(one.before)} -> {told(one.after)}")
