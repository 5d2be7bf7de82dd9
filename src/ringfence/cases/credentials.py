"""Is it really them? A password by argon2id, and a code by TOTP (RFC 6238) that is good once.

Every refusal reads the same, takes as long, and is recorded; which part was wrong is told to nobody.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import argon2
import pyotp
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.cases import people
from ringfence.cases.audit import Act
from ringfence.cases.database import Database
from ringfence.cases.faults import Forbidden, Unknown
from ringfence.cases.people import Permission, Person
from ringfence.cases.tables import CREDENTIALS, PEOPLE
from ringfence.cases.transaction import Transaction
from ringfence.model.faults import Fault

STEP, DRIFT = 30, 1  # seconds a code is shown for, and how many steps a phone's clock may be off
SHORTEST, LONGEST = 12, 1_000  # characters of a password; NIST SP 800-63B asks for 8, and to bound what is hashed
# So many wrong attempts are free, then one a minute, then one in two, four, ... up to MOST_WAIT. Attempts count before
# they are judged, so that many at once are no way around it.
FREE, MOST_WAIT = 5, timedelta(minutes=15)
NONCE = 12  # bytes, of AES-GCM
_HASHER = argon2.PasswordHasher()  # the library's own settings, RFC 9106's for low memory
_REFUSED = ("is refused: name, password or code are not right, or it was tried too often", "wait, then try again")
_CODE_REFUSED = ("is refused: it is not right, was used, or was tried too often", "wait for the next one")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an attempt is judged by."""

    password: str | None
    totp: bytes | None


def hashed(password: str) -> str:
    """A password as it is kept, which takes a while on purpose. Raises Fault for one too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        mend = f"choose one of {SHORTEST} to {LONGEST:,} characters"
        raise Fault("is too short or too long", where="password", mend=mend)
    return _HASHER.hash(password)


def set_password(within: Transaction, person_id: str, password: str) -> None:
    """Keep a password that `hashed` made, for oneself or by an administrator; what was tried before is forgotten."""
    _set(within, person_id, password=password, attempts=0, locked_until=None)
    within.record(Act.PASSWORD_SET, person_id)


def set_totp(within: Transaction, person_id: str, sealing: bytes) -> str:
    """Make a new secret for somebody's codes, and return it as the address that their app takes. It is shown once."""
    secret = pyotp.random_base32()
    nonce = secrets.token_bytes(NONCE)
    sealed = nonce + AESGCM(sealing).encrypt(nonce, secret.encode(), _bound(within.tenant, person_id))
    _set(within, person_id, totp=sealed, totp_step=0)
    within.record(Act.TOTP_SET, person_id)
    return pyotp.TOTP(secret, name=person_id, issuer="ringfence").provisioning_uri()


def sign_in(database: Database, tenant: str, person_id: str, password: str, code: str, sealing: bytes) -> Person:
    """Who signs in, with the roles they have. Raises Forbidden, always with the same words."""
    door = people.service(tenant, "sign-in")
    with database.transaction(door) as within:
        kept, at = _attempt(within, person_id), within.at
    known = kept if kept and kept.password else _Kept(None, None)
    right = _password_right(known.password or _nobodys(), password[: LONGEST + 1])
    step = _step(known.totp, _bound(tenant, person_id), code, at, sealing)
    with database.transaction(door) as within:
        if kept and right and step is not None and _use(within, person_id, step):
            within.record(Act.SIGNED_IN, person_id)
            return people.current(within.connection, Person(person_id, tenant, "", frozenset()))
        # What was typed is written down only where it is somebody's id: it may be a password in the wrong field.
        within.record(Act.SIGN_IN_REFUSED, person_id if kept else "unknown")
    raise Forbidden(_REFUSED[0], where="sign-in", mend=_REFUSED[1])


def vouched(database: Database, tenant: str, person_id: str) -> Person:
    """Let in somebody whom a provider that the operator trusts has vouched for. Raises Forbidden as sign_in does."""
    with database.transaction(people.service(tenant, "sign-in")) as within:
        try:
            person = people.current(within.connection, Person(person_id, tenant, "", frozenset()))
        except Forbidden:
            person = None
        within.record(Act.SIGNED_IN if person else Act.SIGN_IN_REFUSED, person_id, {"way": "provider"})
    if person is None:
        raise Forbidden(_REFUSED[0], where="sign-in", mend=_REFUSED[1])
    return person


def confirm(database: Database, person: Person, code: str, sealing: bytes) -> None:
    """Have somebody who signed in give a code again, before an act that asks for it. Raises Forbidden as sign_in does.

    Wrong ones count as attempts to sign in, so that whoever took over a screen cannot guess.
    """
    with database.transaction(person) as within:
        kept, at = _attempt(within, person.id), within.at
    step = _step(kept.totp if kept else None, _bound(person.tenant, person.id), code, at, sealing)
    with database.transaction(person) as within:
        if step is not None and _use(within, person.id, step):
            within.record(Act.CODE_GIVEN, person.id)
            return
        within.record(Act.SIGN_IN_REFUSED, person.id)
    raise Forbidden(_CODE_REFUSED[0], where="code", mend=_CODE_REFUSED[1])


def anybody(database: Database, tenant: str) -> bool:
    """Whether there is somebody who could sign in by a password: what the first run asks, which reads nothing else."""
    has = sa.select(sa.literal(1)).where(CREDENTIALS.c.tenant == tenant, CREDENTIALS.c.password.is_not(None))
    with database.look() as connection:
        return connection.execute(has.limit(1)).first() is not None


def _attempt(within: Transaction, person_id: str) -> _Kept | None:
    """Count an attempt, and return what to judge it by; None where there is nothing or it comes too soon."""
    mine = sa.and_(CREDENTIALS.c.tenant == within.tenant, CREDENTIALS.c.person_id == person_id)
    row = within.connection.execute(sa.select(*CREDENTIALS.c).where(mine).with_for_update()).first()
    if row is None or (row.locked_until and row.locked_until > within.at):
        return None
    over = min(row.attempts + 1 - FREE, 10)  # 2^10 minutes are past the longest wait
    until = within.at + min(MOST_WAIT, timedelta(minutes=2**over)) if over >= 0 else None
    within.connection.execute(sa.update(CREDENTIALS).where(mine).values(attempts=row.attempts + 1, locked_until=until))
    return _Kept(row.password, row.totp)


def _use(within: Transaction, person_id: str, step: int) -> bool:
    """Take the code's step, which nobody has taken, nor a later one; and forget the attempts before."""
    working = sa.exists().where(
        PEOPLE.c.tenant == CREDENTIALS.c.tenant, PEOPLE.c.person_id == CREDENTIALS.c.person_id, PEOPLE.c.active
    )
    mine = sa.and_(CREDENTIALS.c.tenant == within.tenant, CREDENTIALS.c.person_id == person_id)
    done = within.connection.execute(
        sa.update(CREDENTIALS)
        .where(mine, CREDENTIALS.c.totp_step < step, working)
        .values(totp_step=step, attempts=0, locked_until=None)
    )
    return bool(done.rowcount)


@cache
def _nobodys() -> str:
    """What a password is compared with where there is nobody to have one, so that it takes as long."""
    return _HASHER.hash(secrets.token_hex(16))


def _password_right(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _step(sealed: bytes | None, bound: bytes, code: str, at: datetime, sealing: bytes) -> int | None:
    """The time step whose code this is; None for none. Without a secret there is no code, and so no way in."""
    if sealed is None:
        return None
    try:
        secret = AESGCM(sealing).decrypt(sealed[:NONCE], sealed[NONCE:], bound).decode()
    except InvalidTag:  # of another key, or put here from somebody else's row
        return None
    now = int(at.timestamp()) // STEP
    made = pyotp.TOTP(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            return step
    return None


def _set(within: Transaction, person_id: str, **values: object) -> None:
    if person_id != within.person.id:
        within.demand(Permission.KEEP_PEOPLE)
    mine = sa.and_(CREDENTIALS.c.tenant == within.tenant, CREDENTIALS.c.person_id == person_id)
    if not within.connection.execute(sa.update(CREDENTIALS).where(mine).values(**values)).rowcount:
        raise Unknown("nobody here has that id", where=repr(person_id[:63]), mend="see `ringfence people list`")


def _bound(tenant: str, person_id: str) -> bytes:
    """Whose secret it is, which the encryption vouches for."""
    return f"{tenant}\n{person_id}".encode()
