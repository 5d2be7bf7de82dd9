"""How does an auditor get the audit, and check it later? As JSON lines, and as one signed head a day."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringfence.cases import audit, heads, verify
from ringfence.cases.audit import Head, Row
from ringfence.cases.tables import AUDIT, AUDIT_HEADS
from ringfence.cases.verify import Kept, Verdict
from ringfence.model.faults import Fault


def exported(connection: sa.Connection, tenant: str) -> Iterator[bytes]:
    """Every row of a tenant as a line of JSON, oldest first, and in the last line the head."""
    for row in verify.rows(connection, tenant):
        yield msgspec.json.encode(Row(*row)) + b"\n"
    head = connection.execute(sa.select(*AUDIT_HEADS.c).where(AUDIT_HEADS.c.tenant == tenant)).one()
    yield msgspec.json.encode(Head(**head._mapping)) + b"\n"  # noqa: SLF001, SQLAlchemy's own name for what is public


def verified(path: Path, key: str, known: Sequence[Head] = ()) -> Verdict:
    """Judge an exported file as `verify.verify` judges the database, without it."""
    with _opened(path) as file:
        last = b""
        for line in file:
            last = line
    head = heads.parse(last, f"{path}, last line")
    with _opened(path) as file:
        lines = (line for line in file if line != last)
        return verify.judge((_row(line, f"{path}:{number}") for number, line in enumerate(lines, 1)), head, known, key)


def anchors(connection: sa.Connection, tenant: str, key: Ed25519PrivateKey) -> tuple[Head, ...]:
    """A signed head for the last row of every day (UTC), oldest first. Verify before: what is signed is vouched for."""
    last = sa.select(sa.func.max(AUDIT.c.number)).where(AUDIT.c.tenant == tenant).group_by(sa.func.date(AUDIT.c.at))
    chosen = sa.select(AUDIT.c.number, AUDIT.c.at, AUDIT.c.hash).where(AUDIT.c.tenant == tenant)
    found = connection.execute(chosen.where(AUDIT.c.number.in_(last)).order_by(AUDIT.c.number))
    return tuple(audit.signed(tenant, row.number, row.at, row.hash, key) for row in found)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its name and rights") from error


def _row(line: bytes, where: str) -> Kept:
    try:
        row = msgspec.json.decode(line, type=Row)
    except msgspec.DecodeError as error:
        raise Fault("is no row of an audit", where=where, mend="find out who changed the file") from error
    return msgspec.structs.astuple(row)
