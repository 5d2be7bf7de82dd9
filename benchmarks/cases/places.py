"""Where are cases measured? In a workspace of its own, over SQLite or a real PostgreSQL that keeps what it commits."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from tests.postgresql import Postgresql

from ringfence.store.workspace import CONFIG, Workspace

RESULTS = Path(__file__).parents[1] / "results"
NAMES = ("postgresql", "sqlite")
Row = tuple[str, ...]


@contextmanager
def server() -> Iterator[Postgresql]:
    started = Postgresql(durable=True)
    started.start()
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def place(name: str, server: Postgresql) -> Iterator[Workspace]:
    """A new workspace whose cases are in the database of that name."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "platform")
        if name == "postgresql":
            file = workspace.path / CONFIG
            file.write_text(file.read_text().replace('database = ""', f'database = "{server.address(server.make())}"'))
            workspace = Workspace.open(workspace.path)
        yield workspace


def versions() -> str:
    """What was measured beside the project, and what else the machine was at."""
    return f"SQLAlchemy {sa.__version__}, psycopg {psycopg.__version__}; load {os.getloadavg()[0]:.1f}."
