"""Is the audit whole? Every row is hashed anew, and the end compared with every signed head that is known."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from ringfence.cases import heads
from ringfence.cases.audit import NOTHING, Head, digest
from ringfence.cases.tables import AUDIT, AUDIT_HEADS

CHUNK = 5_000  # rows fetched at a time
# In the order of `_columns`.
Kept = tuple[str, int, datetime, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rows` are as they were written; `broken` says what is wrong with the next, empty when all is whole.

    `number` is the first row that is altered, missing, moved or not vouched for; None when all is whole.
    """

    rows: int
    broken: str = ""
    number: int | None = None


def verify(
    connection: sa.Connection,
    tenant: str,
    key: str,
    known: Sequence[Head] = (),
    advanced: Callable[[int], object] = lambda _: None,
) -> Verdict:
    """Read a tenant's whole audit, as one state, and judge it.

    `key` is the public key that heads are signed with, in hexadecimal; `known` are heads from elsewhere: the file
    beside the database, and what an auditor has kept. `advanced` is told how many rows were read, now and then.
    """
    row = connection.execute(sa.select(*AUDIT_HEADS.c).where(AUDIT_HEADS.c.tenant == tenant)).first()
    head = Head(**row._mapping) if row else None  # noqa: SLF001, SQLAlchemy's own name for what is public
    with closing(rows(connection, tenant)) as found:  # where a row is wrong, the rest is left unread
        return judge(_counted(found, advanced), head, known, key)


def _counted(found: Iterable[Kept], advanced: Callable[[int], object]) -> Iterator[Kept]:
    for count, row in enumerate(found, 1):
        if count % CHUNK == 0:
            advanced(count)
        yield row


def rows(connection: sa.Connection, tenant: str, after: int = 0) -> Generator[Kept, None, None]:
    """The rows of a tenant after a number, oldest first, a chunk in memory at a time."""
    asked = sa.select(*_columns()).where(AUDIT.c.tenant == tenant, AUDIT.c.number > after).order_by(AUDIT.c.number)
    with connection.execute(asked, execution_options={"stream_results": True, "yield_per": CHUNK}) as done:
        for chunk in done.partitions():
            for row in chunk:
                yield cast("Kept", row)


def judge(found: Iterable[Kept], head: Head | None, known: Sequence[Head], key: str) -> Verdict:
    """Judge rows by themselves, by their head, and by the heads that are known."""
    if head is None:
        return Verdict(0, "the head is missing", 1)
    for one in (head, *known):
        if one.tenant != head.tenant or not heads.genuine(one, key):
            return Verdict(0, f"the head at row {one.number:,} is not signed with the key of this audit", one.number)
    vouched: dict[int, str] = {}
    for one in (head, *known):
        if vouched.setdefault(one.number, one.hash) != one.hash:
            return Verdict(0, f"two signed heads disagree on row {one.number:,}", one.number)
    return _walked(found, head, vouched)


def _walked(found: Iterable[Kept], head: Head, vouched: Mapping[int, str]) -> Verdict:
    number, before = 0, NOTHING
    for row in found:
        if wrong := _wrong(row, head.tenant, number + 1, before):
            return Verdict(number, wrong, number + 1)
        number, before = row[1], row[8]
        if vouched.get(number, before) != before:
            return Verdict(number - 1, f"row {number:,} is not the one that a head was signed for", number)
    newest = max(vouched)
    if number < newest:
        what = (
            f"row {number + 1:,} is missing"
            if newest == number + 1
            else f"rows {number + 1:,} to {newest:,} are missing"
        )
        return Verdict(number, f"{what} at the end: a signed head vouches for them", number + 1)
    if number > head.number:
        return Verdict(head.number, f"row {head.number + 1:,} is not vouched for by the head", head.number + 1)
    return Verdict(number)


def _wrong(row: Kept, tenant: str, number: int, before: str) -> str:
    """What is wrong with a row that should be the next; empty when nothing is."""
    if row[1] != number:
        return f"row {number:,} is missing"
    if row[7] != before:
        return f"row {number:,} does not rest on the row before it: one of them was altered or moved"
    _, _, at, who, act, subject, detail, _, kept = row
    if row[0] != tenant or digest(tenant, number, at, who, act, subject, detail, before) != kept:
        return f"row {number:,} was altered"
    return ""


def _columns() -> Sequence[sa.Column[object]]:
    names = ("tenant", "number", "at", "who", "act", "subject", "detail", "before", "hash")
    return [AUDIT.c[name] for name in names]
