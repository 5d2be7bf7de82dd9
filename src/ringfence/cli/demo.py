"""ringfence demo"""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.demo.run import REPORT, Summary, as_json, run
from ringfence.demo.stages import Clock
from ringfence.demo.tryit import examples
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service.settings import serve
from ringfence.model.faults import Fault
from ringfence.world.plan import DEFAULT_ACCOUNTS

MARKER = ".ringfence-demo"


def command(
    accounts: Annotated[int, typer.Option(help="How many accounts the generated platform has.")] = DEFAULT_ACCOUNTS,
    seed: Annotated[int, typer.Option(min=0, help="Which platform is generated.")] = 100,
    out: Annotated[Path, typer.Option(help="The folder to work in; an earlier demo there is replaced.")] = Path("demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to serve on afterwards.")] = 8642,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Do not serve the guard afterwards.")] = False,
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
        serve(
            out / "workspace" / "snapshots",
            default_policy(),
            port=port,
            examples=examples(out),
            ready=lambda address: typer.echo(f"Try the guard at {address} (Ctrl-C ends it)", err=True),
        )


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
