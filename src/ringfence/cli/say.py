"""How does a command speak? Results on standard output, progress and faults on standard error."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace

ROOT = typer.Typer(
    name="ringfence",
    help="Child-safety guardrails for the discovery features of social platforms.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ERRORS = Console(stderr=True, highlight=False)

Where = Annotated[Path, typer.Option("--workspace", help="The folder that holds this platform's state.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
HERE = Path()


def workspace(path: Path) -> Workspace:
    return Workspace.open(path)


def fault_line(fault: Fault) -> None:
    """One line, whatever is in it."""
    typer.echo(f"ringfence: {' '.join(str(fault).split())}", err=True)


def as_json(answer: object) -> None:
    typer.echo(msgspec.json.encode(answer, enc_hook=str).decode())


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output; plain and uncut when it is piped."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*["" if cell is None else str(cell) for cell in row])
    out = Console(highlight=False, markup=False)
    (out if out.is_terminal else Console(highlight=False, markup=False, width=200)).print(drawn)


class Bars:
    """Progress bars, one a stage, on standard error; nothing at all when that is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def start(self, name: str) -> None:
        self._task = self._progress.add_task(name, total=1.0)

    def advance(self, share: float) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=min(share, 1.0))


@contextmanager
def bars() -> Iterator[Bars]:
    columns = (SpinnerColumn(), TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal) as progress:
        yield Bars(progress)
