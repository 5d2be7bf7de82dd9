"""Who may be led to members? Pools of accounts that test accounts start by following, read off a platform's events.

| stratum | a test account starts by following |
|---|---|
| `bridge` | an innocent account with many followers among the audience of members |
| `minor` | an account that somebody follows who may be a child |
| `new_account` | nobody |
| `searcher` | the first account on the page of an innocent tag beside tags that lead to members |

The audience are accounts that are no members and follow one. No start is an account that may be a child's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from ringfence.discovery.minors import likely_minors
from ringfence.exposure.measure import NEW_ACCOUNT, UNTIED
from ringfence.exposure.recommenders.popular_in_hashtag import PopularInHashtag
from ringfence.exposure.recommenders.related_hashtags import RelatedHashtags
from ringfence.exposure.simulate import Mask
from ringfence.graph.csr import Csr, Ids, Index
from ringfence.guard.tag_risk import LEADING, LEAST_USERS, tag_risk
from ringfence.terms.plain import plain

BRIDGES = 200  # accounts, as many as a stratum has test accounts
FANS = 5  # among the audience, at least; also what shrinks the lift of accounts with few followers
RISKY, INNOCENT = 0.5, 0.1  # shares of a tag's recent users that are members: from the one on, and below the other
BESIDE = 20  # related tags read of a risky one
PAGE = 50  # accounts of a tag's page read


@dataclass(frozen=True, slots=True)
class Strata:
    """Pools by name, and for each stratum that has nobody a line that says why."""

    starts: Mapping[str, Ids | Index]
    left_out: tuple[str, ...]


def strata(connection: duckdb.DuckDBPyConnection, follows: Csr, members: Ids, seed: int) -> Strata:
    """All pools of a workspace: `connection` is to its events, `members` are all that were found, dense ids."""
    minors = likely_minors(connection, follows.columns)
    member = np.zeros(follows.columns, dtype=np.bool_)
    member[members] = True
    innocent = ~member & ~minors
    found: dict[str, tuple[Ids | Index, str]] = {
        "bridge": (
            bridges(follows, member, innocent),
            "the audience follows nobody more than others do",
        ),
        "minor": (followed_by_minors(follows, minors, seed), "nobody who may be a child follows anybody else"),
        NEW_ACCOUNT: (UNTIED, ""),
        "searcher": (searched(connection, members, innocent), "no innocent tag is beside one that leads to members"),
    }
    return Strata(
        {name: pool for name, (pool, _) in found.items() if len(pool)},
        tuple(f"stratum {name}: {why}" for name, (pool, why) in found.items() if not len(pool)),
    )


def bridges(follows: Csr, member: Mask, innocent: Mask) -> Ids:
    """The 200 innocent accounts with the highest lift above 1, of those with 5 followers in the audience or more.

    lift(c) = a / (f q + 5): of f followers that are no members a are audience, and q is the audience's share of all
    accounts that are no members. Equal lifts go by id.
    """
    source = follows.sources()
    audience = np.zeros(follows.rows, dtype=np.bool_)
    audience[source[member[follows.targets]]] = True
    audience &= ~member
    fans, followers = (
        np.bincount(follows.targets[some[source]], minlength=follows.columns) for some in (audience, ~member)
    )
    usual = audience.sum() / max(int((~member).sum()), 1)
    able = np.flatnonzero(innocent & (fans >= FANS))
    lift = fans[able] / (followers[able] * usual + FANS)
    best = np.argsort(-lift, kind="stable")[: min(BRIDGES, np.count_nonzero(lift > 1))]
    return able[best].astype(np.uint32)


def followed_by_minors(follows: Csr, minors: Mask, seed: int) -> Ids:
    """Of each account that may be a child's one account it follows, drawn at random; never one that may be a child's.

    So whom more of them follow is likelier in it, but stands in it once.
    """
    source = follows.sources()
    ties = np.flatnonzero(minors[source] & ~minors[follows.targets])
    shuffled = np.random.default_rng([seed, *b"minor"]).permutation(ties)
    _, first = np.unique(source[shuffled], return_index=True)
    return np.unique(follows.targets[shuffled[first]])


def searched(connection: duckdb.DuckDBPyConnection, members: Ids, innocent: Mask) -> Ids:
    """The first innocent account on the page of each innocent tag beside risky ones.

    Risky is a tag of whose recent users half are members or more, and innocent one with at least five users of whom
    fewer than a tenth are; beside a tag are the 20 that go with it best.
    """
    risks = tag_risk(connection, as_flags(connection, members))
    related, pages = RelatedHashtags.from_events(connection), PopularInHashtag.from_events(connection)
    beside = {
        name
        for tag, share in risks.items()
        if share >= RISKY
        for name in related(tag, BESIDE).tags
        if risks.get(plain(name), 0.0) < INNOCENT
    }
    shown = [pages(tag, PAGE).ids for tag in sorted(beside)]
    firsts = [page[innocent[page]][:1] for page in shown if len(page) >= LEAST_USERS]
    return np.unique(np.concatenate([np.empty(0, np.uint32), *firsts]))


def as_flags(connection: duckdb.DuckDBPyConnection, members: Ids) -> pa.Table:
    """Members as rows of the guard's flags."""
    connection.register("members_found", pa.table({"id": pa.array(members.astype(np.int64))}))
    names = connection.sql("SELECT account_id FROM account_ids SEMI JOIN members_found USING (id)").to_arrow_table()
    return names.append_column("signal", pa.array([LEADING[0]] * len(names), pa.string()))
