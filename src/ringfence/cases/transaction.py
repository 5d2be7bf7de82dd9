"""What is one act? One transaction by one person: state, timeline and audit land together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from ringfence.cases import people
from ringfence.cases.audit import Act, Entry, Fact
from ringfence.cases.people import Permission, Person


@dataclass(frozen=True, slots=True)
class Transaction:
    """`person` has the roles of this moment, `at` is the database's time. What is recorded is kept when it ends well.

    What was read in it may be shown once it has ended, and not before: the audit row is written at the end.
    """

    connection: sa.Connection
    person: Person
    at: datetime
    entries: list[Entry] = field(default_factory=list)

    @property
    def tenant(self) -> str:
        """Whose rows this act may touch: no query leaves it out."""
        return self.person.tenant

    def demand(self, permission: Permission) -> None:
        """Raise Forbidden unless the person has the permission now."""
        people.demand(self.person, permission)

    def record(self, act: Act, subject: str, detail: Mapping[str, Fact] | None = None) -> None:
        """Have the act written down."""
        self.entries.append(Entry(act, subject, detail or {}))
