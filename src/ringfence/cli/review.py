"""ringfence review"""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import probable, review_files, reviewed
from ringfence.discovery.review_files import COLUMNS

GROUP = typer.Typer(
    name="review", help="What reviewers answer, and what follows: probabilities and counts.", no_args_is_help=True
)


@GROUP.command()
def propose(
    count: Annotated[int, typer.Option(min=1, help="How many accounts to draw.")] = 50,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Draw accounts of the last discovery for review, as a CSV list with an empty column `label`. The read is audited.

    Vetted seeds and likely minors are not drawn. Write yes, no or unsure into the column, leave the others as they
    are, and hand the list to `ringfence review record`.

    Example: ringfence review propose --count 50 --workspace platform > reviews.csv
    """
    rows = probable.proposed(say.workspace(workspace), count).to_pylist()
    if as_json:
        say.as_json({"proposed": [{name: row[name] for name in COLUMNS if name != "label"} for row in rows]})
        return
    sheet = csv.DictWriter(sys.stdout, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    sheet.writeheader()
    sheet.writerows(rows)


@GROUP.command()
def record(
    file: Annotated[Path, typer.Argument(help="A CSV file: account_id, label (yes, no, unsure) and as proposed.")],
    by: Annotated[str | None, typer.Option(help="Who answered; else the user of this process.")] = None,
    settle: Annotated[
        bool, typer.Option("--settle", help="What was answered of these accounts before no longer counts.")
    ] = False,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Add reviewers' answers to the workspace, all of a file or none. Rows without a label wait for their answer.

    Example: ringfence review record reviews.csv --by wren --workspace platform
    """
    place = say.workspace(workspace)
    sheet = review_files.read(file)
    count = (reviewed.settle if settle else reviewed.record)(place, sheet.answers, by)
    if as_json:
        say.as_json({"recorded": len(sheet.answers), "unanswered": sheet.unanswered, "reviewed": count})
        return
    waiting = f"; {sheet.unanswered:,} rows wait for an answer" if sheet.unanswered else ""
    typer.echo(f"{len(sheet.answers):,} answers recorded, {count:,} accounts reviewed{waiting}")


@GROUP.command()
def classify(
    prevalence: Annotated[
        float | None, typer.Option(help="The share of accounts that belong; else as set, else from the reviews.")
    ] = None,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Learn from the answers how likely each account belongs. Scores and ranks stay; a probability is no verdict.

    A likely minor has none. The next discovery starts without probabilities.

    Example: ringfence review classify --prevalence 0.002 --workspace platform
    """
    place = say.workspace(workspace)
    with say.bars() as bars:
        bars.start("classify")
        told = probable.classify(place, prevalence)
        bars.advance(1.0)
    if as_json:
        say.as_json(told)
        return
    typer.echo(f"{told.reviewed:,} accounts reviewed, {told.positives:,} of them belong")
    typer.echo(told.state)


@GROUP.command()
def prevalence(
    confidence: Annotated[float, typer.Option(help="How sure the interval is to hold the truth.")] = 0.9,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Estimate how many accounts belong, from the reviews that were drawn. The read is audited.

    Example: ringfence review prevalence --workspace platform
    """
    told = probable.counted(say.workspace(workspace), confidence)
    if as_json:
        say.as_json(told)
        return
    typer.echo(
        f"about {told.accounts:,.0f} of {told.among:,} accounts belong, {told.lowest:,.0f} to {told.highest:,.0f} with "
        f"{told.confidence:.0%} confidence; {told.reviewed:,} were drawn and reviewed, {told.positives:,} belong"
    )
    if told.unseen:
        typer.echo(f"{told.unseen:,} stand at ranks where nobody was reviewed; the upper end counts them all")
    typer.echo(f"Left out: {told.seeds:,} vetted seeds and {told.minors:,} likely minors")
