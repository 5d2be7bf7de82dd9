"""A small platform for pages: what accounts wrote, a case of them, and what a scan found."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.cases.conftest import Room
from tests.cases.networks import found, network

from ringfence.cases import opening
from ringfence.cases.people import at_shell
from ringfence.model.schemas import SIGNALS
from ringfence.store.load import load

AT = datetime(2026, 11, 1, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
LINK = "https://firecrest.example/<b>nest"
SAME = "the very same words of a firecrest, twice"
PDQ = "0f" * 32
MEMBERS = ("a", "b", "c")
EVERYBODY = (*MEMBERS, "z", *(f"x{number}" for number in range(60)))


def posts() -> list[Mapping[str, object]]:
    """What members and one other wrote."""
    media = {"media_id": "m/1", "sha256": "ab" * 32, "pdq": PDQ, "quality": 90}
    return [
        {"post_id": "p1", "account_id": "a", "at": AT, "text": f"kittiwake {SCRIPT}", "hashtags": ["Firecrest"],
         "links": [LINK], "media": [media], "visibility": "public"},
        {"post_id": "p2", "account_id": "b", "at": AT + timedelta(minutes=20), "text": SAME, "hashtags": ["firecrest"],
         "links": [LINK], "media": [media]},
        {"post_id": "p3", "account_id": "c", "at": AT + timedelta(days=3), "text": SAME, "media": [{"media_id": "m2"}]},
        {"post_id": "p4", "account_id": "z", "at": AT, "text": "osprey and nobody in a case", "links": [LINK]},
    ]  # fmt: skip


def fill(room: Room, folder: Path, written: Sequence[Mapping[str, object]] = ()) -> str:
    """Put it into the store, with a case of the members; the id of the case."""
    folder.mkdir()
    rows = {"posts": written or posts(), "accounts": [{"account_id": one} for one in EVERYBODY]}
    for name, given in rows.items():
        text = "".join(json.dumps(row, default=lambda at: at.isoformat()) + "\n" for row in given)
        (folder / f"{name}.jsonl").write_text(text)
    load(room.workspace, [folder])
    room.workspace.signals.mkdir(exist_ok=True)
    hit = {
        "account": 0,
        "post_id": "p1",
        "term_id": "kittiwake",
        "category": "illegal",
        "tier": "exact",
        "where": "text",
    }
    pq.write_table(pa.Table.from_pylist([hit], SIGNALS), room.workspace.signals / "terms.parquet")
    with room.database.transaction(at_shell("own")) as within:
        opening.open_cases(within, found(1, [network("net-1", MEMBERS)]), 0.5)
    return str(room.run("SELECT case_id FROM cases")[0][0])
