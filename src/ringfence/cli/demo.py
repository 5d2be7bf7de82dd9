"""ringfence demo"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from ringfence.cli import say
from ringfence.demo.run import REPORT, Summary, as_json, run
from ringfence.demo.stages import Clock
from ringfence.demo.tryit import examples
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service.settings import serve
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace
from ringfence.world.plan import DEFAULT_ACCOUNTS

if TYPE_CHECKING:
    from ringfence.demo.reviewers import Reviewer

MARKER = ".ringfence-demo"


def command(
    accounts: Annotated[int, typer.Option(help="How many accounts the generated platform has.")] = DEFAULT_ACCOUNTS,
    seed: Annotated[int, typer.Option(min=0, help="Which platform is generated.")] = 100,
    out: Annotated[Path, typer.Option(help="The folder to work in; an earlier demo there is replaced.")] = Path("demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to serve the guard on afterwards.")] = 8642,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="And the reviewers' console.")] = 8788,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Serve neither afterwards.")] = False,
    as_json_: say.AsJson = False,
) -> None:
    """Generate a platform, find its hidden networks, guard it, and measure the exposure.

    Example: ringfence demo --accounts 20000 --no-serve
    """
    _make_room(out)
    with say.bars() as bars:
        summary = run(out, accounts, seed, Clock(bars.start, bars.advance))
    if as_json_:
        say.as_json(as_json(summary))
    else:
        typer.echo(_told(summary, out))
    if not no_serve:
        with _console(Workspace.open(out / "workspace"), console_port):
            serve(
                out / "workspace" / "snapshots",
                default_policy(),
                port=port,
                examples=examples(out),
                ready=lambda address: typer.echo(f"Try the guard at {address} (Ctrl-C ends it)", err=True),
            )


@contextmanager
def _console(workspace: Workspace, port: int) -> Iterator[None]:
    """Serve the console over the networks that were found, with two people who can sign in, while the block runs."""
    try:
        from ringfence.demo import console, reviewers  # noqa: PLC0415, an extra that may be missing
    except ModuleNotFoundError as missing:
        mend = "pip install 'ringfence[console]'"
        typer.echo(f"There is no console, as {missing.name} is not installed: {mend}", err=True)
        yield
        return
    with say.ERRORS.status("opening cases ..."):
        opened, hired = reviewers.open_cases(workspace), reviewers.hire(workspace)
    with console.console(workspace, port) as address:
        typer.echo(
            f"Review the {opened} networks at {address} as one of two; docs/reviewers.md leads the way", err=True
        )
        for one in hired:
            typer.echo(f"  {one.id:6} password {one.password}   {', '.join(one.roles)}", err=True)
        if not say.ERRORS.is_terminal:
            for one in hired:
                typer.echo(f"  {one.id:6} codes by {one.address}", err=True)
            yield
            return
        with Live(get_renderable=lambda: _phones(hired), console=say.ERRORS, refresh_per_second=1):
            yield


def _phones(hired: tuple["Reviewer", ...]) -> Table:
    """The codes that the reviewers' phones would show now."""
    from ringfence.demo.reviewers import codes  # noqa: PLC0415, as above

    grid = Table.grid(padding=(0, 2))
    for person, code, left in codes(hired, datetime.now(UTC)):
        grid.add_row(f"  {person}", f"code {code[:3]} {code[3:]}", f"for {left} s")
    return grid


def _make_room(out: Path) -> None:
    """An earlier demo is replaced; any other folder that is not empty is refused."""
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).exists():
            raise Fault("it is not empty and holds no demo", where=str(out), mend="name another folder with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).touch()


def _told(summary: Summary, out: Path) -> str:
    stages = "  ".join(f"{name} {seconds:.1f} s" for name, seconds in summary.seconds.items())
    found = round(summary.found_members / summary.precision) if summary.precision > 0 else 0
    fell = 1 - summary.ever_shown_after / summary.ever_shown_before if summary.ever_shown_before else 0.0
    blamed = " All of those are members it did not know." if summary.ever_shown_after else ""
    media = [f"{share:.0%} by {order}" for order, share in summary.media_first.items()]
    arms = ", ".join(f"{arm} {summary.leak[arm]:.1%} and {cost:.1%}" for arm, cost in summary.displaced.items())
    return f"""
A generated platform: {summary.accounts:,} accounts, {summary.ties:,} ties, {summary.posts:,} posts, in which
{summary.planted_members:,} members of hidden networks were planted. ringfence was given 10 terms and 5 accounts.

Found     {summary.networks_found} networks with {found:,} accounts, {summary.found_members:,} of them planted members:
          precision {summary.precision:.2f}, recall {summary.recall:.2f}.
          {summary.innocents_touched} innocent accounts were touched, of {summary.accounts - summary.planted_members:,}.
Against   best single feature {summary.one_feature_auprc:.2f}, keyword rule {summary.keyword_auprc:.2f}, ringfence \
{summary.auprc:.2f} (area under the precision-recall curve).
Exposure  of test accounts that follow one member, {summary.ever_shown_before:.0%} were shown another within ten slates;
          with the guard {summary.ever_shown_after:.0%}, a fall of {fell:.0%}.{blamed}
Arms      leak, and innocent slots that change hands:
          {arms}.
Media     of the first places in the list of new media, as many as there is of it, networks' own media have
          {media[0]}; {", ".join(media[1:])}.
Took      {sum(summary.seconds.values()):.1f} s and {summary.peak_mb:,.0f} MB at the peak: {stages}

The world is generated, a score is not a verdict, and nobody was taken down. Report: {out / REPORT}
"""
