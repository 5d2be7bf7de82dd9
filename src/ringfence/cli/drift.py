"""ringfence lexicon drift"""

from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import drift

COLUMNS = ("word", "flagged accounts", "clusters", "all accounts", "G2", "log-odds", "at least", "q")
CAUTION = (
    "These are questions, not findings: a word may stand here because of a shared place, hobby or event. "
    "Nothing enters a lexicon by itself."
)


def command(
    by: Annotated[str, typer.Option("--by", help="Who reads: a name that `lexicon.drift_readers` holds.")],
    most: Annotated[int, typer.Option("--most", min=1, help="How many words to show.")] = 50,
    workspace: say.Where = say.HERE,
    as_json: say.AsJson = False,
) -> None:
    """Show words that the networks found share and that others like them do not use. The read is audited.

    Candidates for new code words, for vetted people to judge. Nothing enters a lexicon by itself.

    Example: ringfence lexicon drift --by robin --workspace platform
    """
    found = drift.read(say.workspace(workspace), by)
    rows = found.slice(0, most).to_pylist()
    if as_json:
        say.as_json({"candidates": rows, "of": found.num_rows, "note": CAUTION})
        return
    if not rows:
        typer.echo("No word stands out from chance.")
        return
    say.table("", COLUMNS, [_cells(row) for row in rows])
    if found.num_rows > most:
        typer.echo(f"{found.num_rows - most:,} more; `--most {found.num_rows}` shows all.")
    typer.echo(CAUTION)


def _cells(row: dict[str, object]) -> tuple[object, ...]:
    whole = (row[name] for name in ("word", "flagged_accounts", "clusters", "accounts"))
    return (*whole, *(f"{row[name]:.1f}" for name in ("g2", "log_odds", "lower")), f"{row['q']:.2g}")
