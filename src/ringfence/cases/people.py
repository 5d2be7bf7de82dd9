"""Who may do what? People have roles, and a role is a set of permissions: one closed table."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa

from ringfence.cases.faults import Forbidden
from ringfence.cases.tables import PEOPLE, ROLES

# Before the name of whoever is at the shell, and of a part of ringfence that acts by itself. No id of a person on the
# list has a colon (staff.py).
SHELL, SERVICE = "shell:", "service:"


class Role(StrEnum):
    """What somebody's work is. A person may have several."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    SENIOR_REVIEWER = "senior_reviewer"
    LEXICON_KEEPER = "lexicon_keeper"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """Everything that may be asked for. Reading and changing are apart, and so are proposing and approving."""

    READ_CASES = "read_cases"
    OPEN_CASES = "open_cases"
    WORK_CASES = "work_cases"  # lease, comment, answer, decide
    READ_EVIDENCE = "read_evidence"
    PROPOSE_PLANS = "propose_plans"
    APPROVE_PLANS = "approve_plans"
    RUN_PLANS = "run_plans"  # start, stop, resume, undo
    DECIDE_APPEALS = "decide_appeals"
    KEEP_PROTECTED = "keep_protected"
    KEEP_HOLDS = "keep_holds"
    READ_LEXICON = "read_lexicon"
    KEEP_LEXICON = "keep_lexicon"
    READ_MEDIA = "read_media"  # banks of hashes and triage, never media
    READ_GUARD = "read_guard"
    READ_METRICS = "read_metrics"
    READ_AUDIT = "read_audit"
    KEEP_PEOPLE = "keep_people"


_VIEWS = {Permission.READ_CASES, Permission.READ_METRICS, Permission.READ_GUARD}
_REVIEWS = {
    *_VIEWS,
    Permission.WORK_CASES,
    Permission.READ_EVIDENCE,
    Permission.PROPOSE_PLANS,
    Permission.RUN_PLANS,
    Permission.DECIDE_APPEALS,
    Permission.READ_MEDIA,
    Permission.READ_LEXICON,
}

# An administrator sets up who works here and sees no case; an auditor reads everything and changes nothing.
MAY: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset(_VIEWS),
        Role.REVIEWER: frozenset(_REVIEWS),
        Role.SENIOR_REVIEWER: frozenset(
            {
                *_REVIEWS,
                Permission.OPEN_CASES,
                Permission.APPROVE_PLANS,
                Permission.KEEP_PROTECTED,
                Permission.KEEP_HOLDS,
            }
        ),
        Role.LEXICON_KEEPER: frozenset({Permission.READ_LEXICON, Permission.KEEP_LEXICON, Permission.READ_METRICS}),
        Role.AUDITOR: frozenset(
            {*_VIEWS, Permission.READ_EVIDENCE, Permission.READ_LEXICON, Permission.READ_MEDIA, Permission.READ_AUDIT}
        ),
        Role.ADMINISTRATOR: frozenset({Permission.KEEP_PEOPLE, Permission.READ_METRICS}),
    }
)

# Whoever has a shell on the workspace can read its files anyway. Changing a case takes a person on the list.
_AT_SHELL = frozenset({Role.VIEWER, Role.AUDITOR, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts, for one tenant. `id` is stable and what the audit names."""

    id: str
    tenant: str
    name: str
    roles: frozenset[Role]


def may(person: Person, permission: Permission) -> bool:
    """Whether one of the person's roles has the permission. Cases are opened by the shell and by services as well."""
    if permission is Permission.OPEN_CASES and person.id.startswith((SHELL, SERVICE)):
        return True
    return any(permission in MAY[role] for role in person.roles)


def demand(person: Person, permission: Permission) -> None:
    """Raise Forbidden unless the person has the permission; it names a role that has it."""
    if not may(person, permission):
        able = " or ".join(role.replace("_", " ") for role in Role if permission in MAY[role])
        what = f"may not {permission.replace('_', ' ')}"
        raise Forbidden(what, where=person.id, mend=f"ask {'an' if able[0] == 'a' else 'a'} {able}")


def at_shell(tenant: str) -> Person:
    """Whoever runs this process, by the name that the environment or else the system has; nothing vouches for it."""
    name = getpass.getuser()
    return Person(f"{SHELL}{name}", tenant, name, _AT_SHELL)


def service(tenant: str, name: str) -> Person:
    """A part of ringfence that acts by itself, which may open cases and no more."""
    return Person(f"{SERVICE}{name}", tenant, name, frozenset())


def current(connection: sa.Connection, person: Person) -> Person:
    """The same person with the roles they have now. Raises Forbidden for one who is not, or no longer, on the list.

    Whoever is at the shell, and a service, is on no list and is returned as given.
    """
    if person.id.startswith((SHELL, SERVICE)):
        return person
    rows = connection.execute(
        sa.select(PEOPLE.c.name, ROLES.c.role)
        .select_from(PEOPLE.outerjoin(ROLES, _same_person()))
        .where(PEOPLE.c.tenant == person.tenant, PEOPLE.c.person_id == person.id, PEOPLE.c.active)
    ).all()
    if not rows:
        raise Forbidden("does not work here", where=person.id, mend="ask an administrator")
    return Person(person.id, person.tenant, rows[0].name, frozenset(Role(row.role) for row in rows if row.role))


def _same_person() -> sa.ColumnElement[bool]:
    return sa.and_(ROLES.c.tenant == PEOPLE.c.tenant, ROLES.c.person_id == PEOPLE.c.person_id)
