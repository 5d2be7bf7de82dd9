"""Who acts on cases from the shell, and where? A workspace, its database, and a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cases.database import Database
from ringfence.cases.people import Person, at_shell
from ringfence.cases.transaction import Transaction
from ringfence.cli import say
from ringfence.store.workspace import Workspace

By = Annotated[str, typer.Option(help="Who does it: the id of somebody on the list of people.")]
Why = Annotated[str, typer.Option(help="Why, in your own words.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command acts with."""

    workspace: Workspace
    database: Database
    person: Person

    @contextmanager
    def act(self) -> Iterator[Transaction]:
        """One act."""
        with self.database.transaction(self.person) as within:
            yield within


@contextmanager
def desk(path: Path, by: str | None = None) -> Iterator[Desk]:
    """The desk of somebody on the list of people, or of whoever is at the shell."""
    place = say.workspace(path)
    tenant = place.config.cases.tenant
    person = Person(by, tenant, by, frozenset()) if by else at_shell(tenant)
    database = Database.open(place)
    try:
        yield Desk(place, database, person)
    finally:
        database.close()
