"""What else is known of those whom a plan would act on? Read from the platform's events and from what people said."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.cases.preview import Grounds, Reach
from ringfence.cases.reach import harms
from ringfence.discovery import last_results, reviewed, vetted
from ringfence.discovery.minors import is_likely_minor
from ringfence.discovery.reviewed import Label
from ringfence.store import events
from ringfence.store.workspace import Workspace

ALL = "plan"  # stands for a network's id where only one group is asked about
_PROFILES = """
SELECT account_id, declared_age, bio FROM accounts SEMI JOIN asked USING (account_id)
WHERE declared_age IS NOT NULL OR bio IS NOT NULL
"""
_POSTED = """
WITH mine AS (SELECT hashtags FROM posts JOIN account_ids ids ON posts.account = ids.id
              SEMI JOIN asked ON ids.account_id = asked.account_id)
SELECT (SELECT count(*) FROM mine), (SELECT count(DISTINCT tag) FROM (SELECT unnest(hashtags) AS tag FROM mine))
"""


def read(workspace: Workspace, accounts: Collection[str]) -> Grounds:
    """Who of these may be a child by now, who was said to be none, which seeds lead there; and how far some reach."""
    return Grounds(
        minors=_minors(workspace, accounts),
        opposed=frozenset(accounts) & _opposed(workspace),
        seeds=_seeds(workspace, accounts),
        reach=lambda some: _reach(workspace, some),
    )


def _reach(workspace: Workspace, accounts: Sequence[str]) -> Reach:
    if not accounts:
        return Reach()
    with events.connect(workspace) as connection:
        told, _ = harms(connection, {ALL: sorted(accounts)}, {})
        connection.register("asked", _asked(accounts))
        posts, hashtags = connection.execute(_POSTED).fetchall()[0]
    harm = told.get(ALL)
    if harm is None:
        return Reach()
    return Reach(harm.audience, harm.viewers, harm.minors_reached, posts, hashtags)


def _minors(workspace: Workspace, accounts: Collection[str]) -> frozenset[str]:
    with events.connect(workspace) as connection:
        connection.register("asked", _asked(accounts))
        rows = connection.execute(_PROFILES).fetchall()
    return frozenset(account for account, age, bio in rows if is_likely_minor(age, bio))


def _opposed(workspace: Workspace) -> frozenset[str]:
    answers = reviewed.standing(reviewed.history(workspace).to_pylist()).values()
    said = {one.account_id for one in answers if one.label is Label.NO}
    return frozenset(said) | frozenset(vetted.negative(workspace))


def _seeds(workspace: Workspace, accounts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The seed that each account leads to; an account that is one rests on itself."""
    if not last_results.are_there(workspace):
        return {}  # a case may come of what users reported, before any discovery
    table = last_results.read_explanations(workspace).select(["account_id", "path_to"])
    table = table.filter(pc.is_in(table["account_id"], _asked(accounts)["account_id"].combine_chunks()))
    starts = set(last_results.last_run(workspace).seed_accounts)
    rows = zip(table["account_id"].to_pylist(), table["path_to"].to_pylist(), strict=True)
    led = {account: (seed,) for account, seed in rows if seed}
    return {**led, **{account: (account,) for account in starts & set(accounts)}}


def _asked(accounts: Collection[str]) -> pa.Table:
    return pa.table({"account_id": pa.array(sorted(accounts), pa.string())})
