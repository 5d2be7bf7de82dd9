"""Platforms with networks for the console: events in a store, and cases opened over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.cases.networks import found

from ringfence.cases import opening
from ringfence.cases.database import Database
from ringfence.cases.found import Network
from ringfence.cases.people import at_shell
from ringfence.cases.priority import Harm
from ringfence.model.schemas import EVENTS
from ringfence.model.words import Role, Table
from ringfence.store.load import load
from ringfence.store.workspace import Workspace

BIRDS = (
    "wren",
    "twite",
    "knot",
    "siskin",
    "dipper",
    "dunnock",
    "pipit",
    "reed",
    "robin",
    "linnet",
    "serin",
    "whinchat",
)
START = datetime(2026, 10, 1, tzinfo=UTC)
Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many members each network has, and how many ties between accounts the first has in all."""

    networks: Sequence[int]
    follows: int


# Ids are the platform's own, and may be anything. They take the first places of the smallest network.
ODD = ("https://marsh.example/@knot", "<img src=x onerror=alert(1)>", "reed/../'\"&?#%2F")
SMALL = Sizes((36, 12, 5), 90)
LARGE = Sizes((5_000,), 20_000)


@dataclass(frozen=True, slots=True)
class Platform:
    """A workspace whose cases are open. `cases` are their ids by the networks, the largest first."""

    workspace: Workspace
    cases: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]


def opened(workspace: Workspace, sizes: Sizes) -> Platform:
    """Fill the store of a workspace, and open a case for each network. The same sizes give the same events."""
    chance = np.random.default_rng(11)
    members = tuple(
        tuple(_name(number, place, odd=number == len(SMALL.networks) - 1) for place in range(size))
        for number, size in enumerate(sizes.networks)
    )
    _load(workspace, _events(members, sizes.follows, chance))
    networks = [_network(f"net-{number}", of, chance) for number, of in enumerate(members)]
    database = Database.open(workspace)
    with database.transaction(at_shell(workspace.config.cases.tenant)) as within:
        opening.open_cases(within, found(0, networks), 0.5)
        rows = within.connection.exec_driver_sql("SELECT network_id, case_id FROM cases").all()
    database.close()
    cases = {str(network): str(case) for network, case in rows}
    return Platform(workspace, tuple(cases[f"net-{number}"] for number in range(len(members))), members)


def _name(number: int, place: int, *, odd: bool) -> str:
    return ODD[place] if odd and place < len(ODD) else f"{BIRDS[place % len(BIRDS)]}{number}{place:04d}"


def _network(name: str, members: Sequence[str], chance: np.random.Generator) -> Network:
    roles = [Role.PROMOTER, Role.PROMOTER, Role.AUDIENCE, Role.BRIDGE]
    scores: list[dict[str, Any]] = [
        {
            "account_id": one,
            "rank": place,
            "score": round(0.98 - 0.9 * (place - 1) / len(members), 4),
            "probability": round(max(0.02, 0.99 - 0.7 * (place - 1) / len(members)), 3),
            "role": Role.LIKELY_MINOR if place % 9 == 5 else roles[int(chance.integers(4))],
            "network_id": name,
            "reasons": ["uses hashtag firecrest; 11 of the 14 others who do are among the accounts found"],
        }
        for place, one in enumerate(members, 1)
    ]
    told = {
        one["account_id"]: {
            "against": ["none of the 2 sites it links to leads to another account found"],
            "contributions": [{"words": "long walks from the seeds", "amount": one["score"]}],
        }
        for one in scores
    }
    row = {
        "network_id": name,
        "members": list(members),
        "size": len(members),
        "audience": 40 * len(members),
        "reach": 55 * len(members),
        "terms": ["firecrest", "kittiwake"],
        "key_objects": ["uses_hashtag:firecrest", "shares_link:marsh.example/a"],
        "growth": 0.2,
        "first_seen": START,
    }
    harm = Harm(None, 40 * len(members), 3, sum(one["role"] is Role.LIKELY_MINOR for one in scores), 0.2, 1.0)
    return Network(row, scores, told, harm)


def _events(members: Sequence[Sequence[str]], follows: int, chance: np.random.Generator) -> Mapping[Table, Rows]:
    everybody = [one for of in members for one in of]
    outside = [f"marsh{number:03d}" for number in range(40)]
    accounts = [{"account_id": one, "handle": one, "bio": f"tg: kittiwake_{place % 7}" if place % 5 == 0 else "birds"}
                for place, one in enumerate([*everybody, *outside])]  # fmt: skip
    ties = [
        {"src": of[one], "dst": of[other], "relation": "follows", "at": START}
        for of in members
        for one, other in sorted(_pairs(len(of), min(follows, len(of) * (len(of) - 1) // 4), chance))
    ]
    posts: list[dict[str, object]] = []
    for place, one in enumerate([*everybody[:3_000], *outside]):
        for turn in range(2):
            at = START + timedelta(minutes=int(chance.integers(40_000)))
            tag = "firecrest" if turn == 0 and place % 3 else f"brood{int(chance.integers(9))}"
            link = [f"https://marsh.example/{int(chance.integers(12))}?utm_source=x"] if turn else []
            posts.append({"post_id": f"p{len(posts)}", "account_id": one, "at": at, "hashtags": [tag], "links": link})
    return {Table.ACCOUNTS: accounts, Table.TIES: ties, Table.POSTS: posts}


def _pairs(size: int, many: int, chance: np.random.Generator) -> set[tuple[int, int]]:
    """So many different pairs, most of them within a few groups."""
    found_pairs: set[tuple[int, int]] = set()
    groups = max(1, size // 150)
    while len(found_pairs) < many:
        one, other = chance.integers(0, size, (2, 20 * many))
        near = (one % groups == other % groups) | (chance.random(20 * many) < 0.002 * groups)
        kept = (one != other) & near
        for pair in zip(one[kept].tolist(), other[kept].tolist(), strict=True):
            if pair[::-1] not in found_pairs and len(found_pairs) < many:
                found_pairs.add(pair)
    return found_pairs


def _load(workspace: Workspace, tables: Mapping[Table, Rows]) -> None:
    for table, rows in tables.items():
        file = workspace.path.parent / f"{table}.parquet"
        whole: Any = pa.Table.from_pylist(list(rows), EVENTS[table])
        pq.write_table(whole, file)
        assert load(workspace, [file]).quarantined == 0
