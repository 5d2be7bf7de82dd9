"""Who reviews a demo's networks at the console, and what do they sign in with?"""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import pyotp

from ringfence.cases import arriving, credentials, keys, staff
from ringfence.cases.credentials import STEP
from ringfence.cases.database import Database
from ringfence.cases.people import Role, at_shell
from ringfence.store.workspace import Workspace

# Two, as nobody approves what they proposed. The second sees the audit as well, so that two can walk the whole way.
PEOPLE = (
    ("wren", "Wren", frozenset({Role.REVIEWER, Role.LEXICON_KEEPER})),
    ("tern", "Tern", frozenset({Role.SENIOR_REVIEWER, Role.AUDITOR})),
)
BYTES = 12  # of a password, made anew for every demo


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who can sign in at a demo's console; `address` is what an app that makes codes takes."""

    id: str
    roles: tuple[str, ...]
    password: str
    address: str


def open_cases(workspace: Workspace) -> int:
    """Open a case for every network that was found; how many there are."""
    with closing(Database.open(workspace)) as database:
        made, _ = arriving.take_in(database, at_shell(_tenant(workspace)), workspace)
    return made.opened


def hire(workspace: Workspace) -> tuple[Reviewer, ...]:
    """Put the reviewers on the list, each with a new password and codes. It is for a demo just made."""
    sealing = keys.sealing_key(workspace.path)
    with closing(Database.open(workspace)) as database, database.transaction(at_shell(_tenant(workspace))) as within:
        made = []
        for person, name, roles in PEOPLE:
            password = secrets.token_urlsafe(BYTES)
            staff.add(within, person, name, roles)
            credentials.set_password(within, person, credentials.hashed(password))
            address = credentials.set_totp(within, person, sealing)
            made.append(Reviewer(person, tuple(sorted(roles)), password, address))
    return tuple(made)


def codes(reviewers: tuple[Reviewer, ...], at: datetime) -> Iterator[tuple[str, str, int]]:
    """What each one's phone would show: the id, the code, and for how many more seconds."""
    for one in reviewers:
        parsed = pyotp.parse_uri(one.address)
        if not isinstance(parsed, pyotp.TOTP):
            raise TypeError("a code that is not of the time")
        yield one.id, parsed.at(at), STEP - int(at.timestamp()) % STEP


def _tenant(workspace: Workspace) -> str:
    return workspace.config.cases.tenant
