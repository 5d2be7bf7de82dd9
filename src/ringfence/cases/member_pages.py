"""Which members of a case are shown, and in which order? A page at a time, of one group or of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa

from ringfence.cases import members
from ringfence.cases.members import Member, Standing
from ringfence.cases.tables import MEMBERS
from ringfence.cases.transaction import Transaction
from ringfence.model.words import Role

PAGE = 50


class Sort(StrEnum):
    """What the members are ordered by."""

    RANK = "rank"
    ACCOUNT = "account"
    SCORE = "score"
    PROBABILITY = "probability"
    ROLE = "role"
    JOINED = "joined"


class Way(StrEnum):
    """Which end comes first."""

    UP = "up"
    DOWN = "down"


_BY: Mapping[Sort, sa.Column[object]] = MappingProxyType(
    {
        Sort.RANK: MEMBERS.c.rank,
        Sort.ACCOUNT: MEMBERS.c.account_id,
        Sort.SCORE: MEMBERS.c.score,
        Sort.PROBABILITY: MEMBERS.c.probability,
        Sort.ROLE: MEMBERS.c.role,
        Sort.JOINED: MEMBERS.c.joined_at,
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which members; what is empty leaves none out. `find` is how an account's id begins. Pages count from 1."""

    standing: Standing | None = None
    role: Role | None = None
    find: str = ""
    least: float | None = None  # a score
    left: bool = False  # those who have left, and no others
    sort: Sort = Sort.RANK
    way: Way = Way.UP
    number: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, how many of them there are in all, and how many pages that makes."""

    members: tuple[Member, ...]
    total: int
    pages: int


def page(within: Transaction, case_id: str, wanted: Wanted = Wanted(), size: int = PAGE) -> Page:
    """One page of the members of a case. Whoever shows it has asked for the case, which is recorded."""
    asked = sa.select(*MEMBERS.c).where(*_chosen(within, case_id, wanted))
    counted = sa.select(sa.func.count()).select_from(asked.subquery())
    total = within.connection.execute(counted).scalar_one()
    pages = max(-(-total // size), 1)
    number = min(max(wanted.number, 1), pages)
    column = _BY[wanted.sort]
    ordered = column.desc().nulls_last() if wanted.way is Way.DOWN else column.asc().nulls_last()
    asked = asked.order_by(ordered, MEMBERS.c.account_id).limit(size).offset((number - 1) * size)
    rows = within.connection.execute(asked)
    return Page(tuple(members.member(row._mapping) for row in rows), total, pages)  # noqa: SLF001, SQLAlchemy's public name


def counts(within: Transaction, case_id: str) -> dict[Standing, int]:
    """How many members of a case are in each group now. As above, the case has been asked for."""
    mine = sa.and_(MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id, MEMBERS.c.left_at.is_(None))
    asked = sa.select(MEMBERS.c.standing, sa.func.count()).where(mine).group_by(MEMBERS.c.standing)
    found = {standing: number for standing, number in within.connection.execute(asked)}  # noqa: C416, rows to a dict
    return {standing: found.get(standing, 0) for standing in Standing}


def _chosen(within: Transaction, case_id: str, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    asked = [MEMBERS.c.tenant == within.tenant, MEMBERS.c.case_id == case_id]
    asked.append(MEMBERS.c.left_at.is_not(None) if wanted.left else MEMBERS.c.left_at.is_(None))
    if wanted.standing is not None:
        asked.append(MEMBERS.c.standing == wanted.standing)
    if wanted.role is not None:
        asked.append(MEMBERS.c.role == wanted.role)
    if wanted.find:
        asked.append(MEMBERS.c.account_id.startswith(wanted.find, autoescape=True))
    if wanted.least is not None:
        asked.append(MEMBERS.c.score >= wanted.least)
    return asked
