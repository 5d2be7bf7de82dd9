"""Which hashtags does the share of their flagged users catch, and which innocent ones does it touch?

    python benchmarks/guard/tags.py

Worlds of 20,000 accounts, seeds 41 to 45, from 10 terms and 5 accounts; the threshold was chosen on these. Beside it
the share of posts, as a plain rule would count it, and the share with all risk signals. Writes
benchmarks/results/tags.md.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from ringfence.demo import tables
from ringfence.demo.trial import Trial, cached
from ringfence.discovery.expand import Expansion, scores
from ringfence.guard.snapshots.flags import FLAGS
from ringfence.guard.tag_risk import LEAST_USERS, RECENT_DAYS, tag_risk
from ringfence.store import events
from ringfence.terms.plain import plain
from ringfence.world.plan import plan
from ringfence.world.posts import pools

RESULT = Path(__file__).parents[1] / "results" / "tags.md"
CACHE = Path(tempfile.gettempdir()) / "ringfence-worlds"
ACCOUNTS, WORLDS = 20_000, range(41, 46)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
KINDS = ("of networks", "common", "birds", "of support groups", "spam", "of communities")
EVERY_USE = f"""
WITH last AS (SELECT max(posts."at") AS "at" FROM posts),
uses AS (SELECT unnest(hashtags) AS tag, account FROM posts, last
         WHERE posts."at" > last."at" - to_days({RECENT_DAYS}))
SELECT lower(tag), avg((id IS NOT NULL)::INT) FROM uses LEFT JOIN members ON id = account
GROUP BY 1 HAVING count(*) >= {LEAST_USERS}
"""
WAYS = ("members, by people", "members, by posts", "any risk signal, by people")


def main() -> None:
    CACHE.mkdir(exist_ok=True)
    found: dict[str, dict[str, list[float]]] = {way: {kind: [] for kind in KINDS} for way in WAYS}
    for seed in WORLDS:
        world, trial = cached(CACHE, ACCOUNTS, seed)
        expansion = trial.discover(trial.start(world.seed_accounts, terms=True))
        kinds = kind_of(seed)
        for way, shares in measured(trial, expansion).items():
            for tag, share in shares.items():
                found[way][kinds[tag]].append(share)
        print(f"world {seed}: {int(expansion.members.sum())} members found", file=sys.stderr)
    tables.write(RESULT, report(found), "python benchmarks/guard/tags.py")


def kind_of(seed: int) -> dict[str, str]:
    """The kind of each tag of a world, in its plain form."""
    pool = pools(plan(ACCOUNTS, seed))
    words, starts = pool.words.to_pylist(), (0, pool.birds, pool.networks, pool.support, pool.spam, pool.communities)
    names = ("common", "birds", "of networks", "of support groups", "spam", "of communities")
    ends = (*starts[1:], len(words))
    return {
        plain(word): name for name, start, end in zip(names, starts, ends, strict=True) for word in words[start:end]
    }


def measured(trial: Trial, expansion: Expansion) -> Mapping[str, Mapping[str, float]]:
    """The share of every tag that at least LEAST_USERS used lately, 0 too, by each way of counting."""
    table = scores(expansion)
    rows = table.select(["account_id", "network_id", "reasons", "role"]).to_pylist()
    member = [row["account_id"] for row in rows if row["network_id"]]
    near = [row["account_id"] for row in rows if not row["network_id"] and (row["reasons"] or row["role"])]
    with events.connect(trial.workspace) as connection:
        everybody = tag_risk(connection, flags(all_accounts(trial)))
        connection.register("named", pa.table({"account_id": pa.array(member)}))
        connection.execute("CREATE TABLE members AS SELECT id FROM account_ids SEMI JOIN named USING (account_id)")
        by_posts = dict(connection.execute(EVERY_USE).fetchall())
        ways = (
            tag_risk(connection, flags(member)),
            {tag: share for tag, share in by_posts.items() if tag in everybody},
            tag_risk(connection, flags([*member, *near])),
        )
    return {way: {tag: shares.get(tag, 0.0) for tag in everybody} for way, shares in zip(WAYS, ways, strict=True)}


def all_accounts(trial: Trial) -> list[str]:
    names: list[str] = trial.graph.accounts.to_pylist()
    return names


def flags(names: list[str]) -> pa.Table:
    rows = [{"account_id": name, "signal": "network:member", "strength": 1.0, "until": None} for name in names]
    return pa.Table.from_pylist(rows, FLAGS)


def report(found: Mapping[str, Mapping[str, list[float]]]) -> list[str]:
    lines = []
    for way, kinds in found.items():
        header = ["share from", *(f"{kind} ({len(kinds[kind]):,})" for kind in KINDS)]
        rows = [
            [f"{least:.2f}", *(f"{int((np.array(kinds[kind]) >= least).sum()):,}" for kind in KINDS)]
            for least in THRESHOLDS
        ]
        lines += [f"## {way}", "", *tables.table(header, rows)]
    return lines


if __name__ == "__main__":
    main()
