"""Who works here, and in which roles? Nobody changes their own roles, and somebody always keeps the list."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from ringfence.cases.audit import Act
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.cases.people import SHELL, Permission, Person, Role
from ringfence.cases.tables import CREDENTIALS, PEOPLE, ROLES
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

ID = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody on the list. One who has left stays on it, with no roles, for what the audit says of them."""

    person: Person
    active: bool


def everyone(within: Transaction) -> tuple[Colleague, ...]:
    """All who work here or have, by id."""
    within.demand(Permission.KEEP_PEOPLE)
    within.record(Act.PEOPLE_READ, "people")
    return _listed(within)


def add(within: Transaction, person_id: str, name: str, roles: Collection[Role]) -> Person:
    """Put somebody on the list. Raises Fault for an id that is taken, or was."""
    within.demand(Permission.KEEP_PEOPLE)
    if not ID.fullmatch(person_id):
        mend = "use lower-case letters, digits, dots, dashes and @, 63 at the most"
        raise Fault("is no id for a person", where=repr(person_id[:63]), mend=mend)
    if any(one.person.id == person_id for one in _listed(within)):
        raise Fault("is on the list already", where=person_id, mend="choose another id")
    who = {"tenant": within.tenant, "person_id": person_id}
    within.connection.execute(sa.insert(PEOPLE).values(**who, name=name, active=True, created_at=within.at))
    within.connection.execute(sa.insert(CREDENTIALS).values(**who, totp_step=0, attempts=0))
    _put(within, person_id, roles)
    within.record(Act.PERSON_ADDED, person_id, {"roles": sorted(roles)})
    return Person(person_id, within.tenant, name, frozenset(roles))


def set_roles(within: Transaction, person_id: str, roles: Collection[Role]) -> None:
    """Give somebody these roles and no others, from their next act on."""
    before = _other(within, person_id).person.roles
    _put(within, person_id, roles)
    _keep_a_keeper(within)
    within.record(Act.ROLES_CHANGED, person_id, {"before": sorted(before), "after": sorted(roles)})


def leave(within: Transaction, person_id: str) -> None:
    """Take somebody's roles and their way in. What they did stays, and their id is nobody else's."""
    _other(within, person_id)
    _put(within, person_id, ())
    mine = _is(within, CREDENTIALS, person_id)
    within.connection.execute(sa.update(CREDENTIALS).where(mine).values(password=None, totp=None))
    within.connection.execute(sa.update(PEOPLE).where(_is(within, PEOPLE, person_id)).values(active=False))
    _keep_a_keeper(within)
    within.record(Act.PERSON_LEFT, person_id)


def _other(within: Transaction, person_id: str) -> Colleague:
    within.demand(Permission.KEEP_PEOPLE)
    if person_id == within.person.id:
        raise Forbidden("may not change their own roles", where=person_id, mend="ask another administrator")
    for one in _listed(within):
        if one.person.id == person_id and one.active:
            return one
    raise Unknown("nobody here has that id", where=repr(person_id[:63]), mend="see `ringfence people list`")


def _listed(within: Transaction) -> tuple[Colleague, ...]:
    """Everybody, locked: two who change roles at once take turns, so that a keeper is always left."""
    mine = PEOPLE.c.tenant == within.tenant
    rows = within.connection.execute(sa.select(*PEOPLE.c).where(mine).order_by(PEOPLE.c.person_id).with_for_update())
    roles: dict[str, set[Role]] = {}
    for row in within.connection.execute(sa.select(*ROLES.c).where(ROLES.c.tenant == within.tenant)):
        roles.setdefault(row.person_id, set()).add(Role(row.role))
    return tuple(
        Colleague(Person(row.person_id, row.tenant, row.name, frozenset(roles.get(row.person_id, ()))), row.active)
        for row in rows
    )


def _put(within: Transaction, person_id: str, roles: Collection[Role]) -> None:
    within.connection.execute(sa.delete(ROLES).where(_is(within, ROLES, person_id)))
    rows = [{"tenant": within.tenant, "person_id": person_id, "role": str(role)} for role in sorted(set(roles))]
    if rows:
        within.connection.execute(sa.insert(ROLES), rows)


def _is(within: Transaction, table: sa.Table, person_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant == within.tenant, table.c.person_id == person_id)


def _keep_a_keeper(within: Transaction) -> None:
    """Whoever is at the shell can always add one, and may take the last one's role."""
    keepers = any(Role.ADMINISTRATOR in one.person.roles for one in _listed(within))
    if not keepers and not within.person.id.startswith(SHELL):
        raise Forbidden("is the last administrator", where="people", mend="make somebody else one first")
