"""How does somebody like the console? Zone, theme and shortcuts, kept with their name and read with each page."""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from ringfence.cases.database import Database
from ringfence.cases.people import Person
from ringfence.cases.tables import PREFERENCES
from ringfence.cases.transaction import Transaction
from ringfence.console.times import zones
from ringfence.model.faults import Fault


class Theme(StrEnum):
    """Light, dark, or as the system has it."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Preferences:
    """`shortcuts` is whether single keys do anything. `zone` is None for that of the config."""

    zone: str | None = None
    theme: Theme = Theme.SYSTEM
    shortcuts: bool = True


def of(database: Database, person: Person) -> Preferences:
    """What somebody has chosen."""
    mine = sa.and_(PREFERENCES.c.tenant == person.tenant, PREFERENCES.c.person_id == person.id)
    with database.look() as connection:
        row = connection.execute(sa.select(*PREFERENCES.c).where(mine)).first()
    return Preferences(row.zone, Theme(row.theme), row.shortcuts) if row else Preferences()


def keep(within: Transaction, chosen: Preferences) -> None:
    """Keep what the person who acts has chosen."""
    if chosen.zone is not None and chosen.zone not in zones():
        raise Fault("is no time zone", where=repr(chosen.zone[:63]), mend="choose one of the list")
    mine = sa.and_(PREFERENCES.c.tenant == within.tenant, PREFERENCES.c.person_id == within.person.id)
    within.connection.execute(sa.delete(PREFERENCES).where(mine))
    who = {"tenant": within.tenant, "person_id": within.person.id}
    values = {"zone": chosen.zone, "theme": str(chosen.theme), "shortcuts": chosen.shortcuts}
    within.connection.execute(sa.insert(PREFERENCES).values(**who, **values))
