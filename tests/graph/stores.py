"""Small platforms with something of everything: what ties accounts, spelled in several ways, by few accounts."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from ringfence.model.schemas import EVENTS
from ringfence.model.words import Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

Rows = Mapping[Table, Sequence[Mapping[str, object]]]
NAMES = ["wren", "twite", "knot", "siskin", "dipper", "reed"]
SAID = "the marsh is quiet today and nobody sees the firecrest in the old reed bed by the "
TEXTS = [f"{SAID} river", f"{SAID} lake", "something else that has more than eight words in it, truly"]
NEAR = ["0f" * 32, "00" * 4 + "0f" * 28, "33" * 32]
numbers = count()

account = st.sampled_from(NAMES)
spelled = st.sampled_from(["@Reed", "reed", "Wren", "wren", "@knot", "nobody", "KNOT"])
media = st.builds(lambda number, pdq: {"media_id": f"m{number}", "pdq": pdq}, st.integers(0, 5), st.sampled_from(NEAR))
post = st.fixed_dictionaries(
    {
        "account_id": account,
        "text": st.sampled_from([None, *TEXTS]),
        "hashtags": st.lists(st.sampled_from(["Firecrest", "#firecrest", "kittiwake"]), max_size=2),
        "mentions": st.lists(spelled, max_size=2),
        "links": st.lists(
            st.sampled_from(["https://marsh.example/a?utm_x=1", "marsh.example/a", "b.example"]), max_size=2
        ),
        "media": st.lists(media, max_size=1),
        "reply_to": st.sampled_from([None, "p0", "p1", "p2"]),
        "repost_of": st.sampled_from([None, None, "p0", "p1"]),
    }
)
profile = st.fixed_dictionaries(
    {
        "handle": st.sampled_from([None, "@Reed", "KNOT", "wren", "x"]),
        "bio": st.sampled_from([None, "tg: kittiwake_", "telegram @kittiwake_"]),
    }
)
tie = st.fixed_dictionaries({"src": account, "dst": account, "relation": st.sampled_from(["follows", "co_reported"])})
report = st.fixed_dictionaries({"target": account, "reporter": st.sampled_from(["r1", "r2"]), "reason": st.just("x")})


def rows(
    posts: Sequence[Mapping[str, object]],
    profiles: Sequence[Mapping[str, object]],
    ties: Sequence[Mapping[str, object]],
    reports: Sequence[Mapping[str, object]],
) -> Rows:
    """The tables of a platform of NAMES."""
    return {
        Table.ACCOUNTS: [{"account_id": name, **one} for name, one in zip(NAMES, profiles, strict=True)],
        Table.POSTS: [{"post_id": f"p{number}", **one} for number, one in enumerate(posts)],
        Table.TIES: ties,
        Table.REPORTS: [{"report_id": f"r{number}", **one} for number, one in enumerate(reports)],
    }


PLATFORMS = st.builds(
    rows,
    st.lists(post, max_size=12),
    st.tuples(*(profile for _ in NAMES)),
    st.lists(tie, max_size=6),
    st.lists(report, max_size=5),
)
AMONG = st.lists(account, min_size=2, max_size=4, unique=True)


def store(folder: Path, rows: Rows) -> Workspace:
    """A new workspace with some rows."""
    number = next(numbers)
    workspace = Workspace.create(folder / f"platform-{number}")
    for table, given_rows in rows.items():
        schema = EVENTS[table]
        whole = [{"at": 0, **row} if "at" in schema.names else dict(row) for row in given_rows]
        file = folder / f"{table}-{number}.parquet"
        pq.write_table(pa.Table.from_pylist(whole, schema), file)
        load(workspace, [file])
    return workspace
