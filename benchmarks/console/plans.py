"""How fast is a plan of 10,000 accounts previewed, and carried out and undone against a local webhook?

    python -m benchmarks.console.plans

A network of 10,000 members with 60,000 accounts around it that follow them, in the platform's events. The webhook is a
real server in a process of its own: it checks the signature, does each key once and answers at once. Every order is
written down as sent before it is asked, with its row in the audit, on a database that keeps to the disk what it
commits. Writes benchmarks/results/plans.md.
"""

import hashlib
import hmac
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import urllib3
import uvicorn
from benchmarks.cases import places
from benchmarks.cases.places import Row
from tests.cases.networks import found, network
from tests.postgresql import Postgresql

from ringfence.cases import opening, plans, queue, staff, undo
from ringfence.cases.actions import Action
from ringfence.cases.database import Database
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.preview import Wish
from ringfence.demo import tables
from ringfence.enforcement import running
from ringfence.enforcement.webhook import Patience, WebhookEnforcer
from ringfence.store.load import load
from ringfence.store.workspace import CONFIG, Workspace

RESULT = places.RESULTS / "plans.md"
MEMBERS, AROUND, FOLLOWS, POSTS = 10_000, 60_000, 300_000, 50_000
SECRET = b"a secret for the benchmark alone"
AT = datetime(2026, 10, 1, tzinfo=UTC)
HEAD = ("database", "what", "accounts", "seconds", "a second")
WREN, FINCH = (Person(name, "own", name, frozenset()) for name in ("wren", "finch"))
LIMIT = Wish((Action.LIMIT,), "the benchmark asks for it")


def main() -> None:
    with places.server() as server, webhook() as url:
        rows = [row for name in places.NAMES for row in measured(name, server, url)]
        told = urllib3.request("GET", url).json()
    assert told == {"did": len(places.NAMES) * MEMBERS * 2, "again": 0, "forged": 0}, told
    about = f"One run, every commit synced to the disk, 16 orders at a time. {places.versions()}"
    lines = ["# Plans", "", about, "", *tables.table(HEAD, rows)]
    tables.write(RESULT, lines, "python -m benchmarks.console.plans")


def measured(name: str, server: Postgresql, url: str) -> Iterator[Row]:
    with places.place(name, server) as made:
        place = _quick(made)
        _events(place)
        with closing(Database.open(place)) as database:
            case_id = _case(database)
            began = time.perf_counter()
            seen = plans.preview(database, place, WREN, case_id, LIMIT)
            assert seen.blast.accounts == MEMBERS
            assert seen.blast.audience
            yield _line(name, "preview", time.perf_counter() - began)
            began = time.perf_counter()
            plan = plans.propose(database, place, WREN, case_id, LIMIT)
            yield _line(name, "propose", time.perf_counter() - began)
            began = time.perf_counter()
            plans.approve(database, place, FINCH, plan.plan_id, str(plan.digest), "seen")
            yield _line(name, "approve", time.perf_counter() - began)
            enforcer = WebhookEnforcer(url, SECRET, Patience(), at_once=16)
            began = time.perf_counter()
            ended = running.start(database, place, WREN, plan.plan_id, enforcer, 99)
            assert ended == "done", ended
            yield _line(name, "execute", time.perf_counter() - began)
            with database.transaction(WREN) as within:
                undo.order(within, plan.plan_id, "the benchmark asks for it")
            began = time.perf_counter()
            ended = running.undo(database, WREN, plan.plan_id, enforcer)
            assert ended == "undone", ended
            yield _line(name, "undo", time.perf_counter() - began)


def _quick(place: Workspace) -> Workspace:
    file = place.path / CONFIG
    file.write_text(file.read_text().replace("per_second = 50.0", "per_second = 10000.0"))
    return Workspace.open(place.path)


def _events(place: Workspace) -> None:
    """Members who post, and accounts around them that follow some."""
    chance = np.random.default_rng(7)
    members = [f"m{number:05}" for number in range(MEMBERS)]
    others = np.array([f"o{number:05}" for number in range(AROUND)])
    folder = place.path / "events"
    folder.mkdir()
    bios = ["13 and loves birds" if number % 50 == 0 else "likes long walks" for number in range(MEMBERS + AROUND)]
    pq.write_table(pa.table({"account_id": [*members, *others.tolist()], "bio": bios}), folder / "accounts.parquet")
    names = np.array(members)
    ties = {
        "src": others[chance.integers(0, AROUND, FOLLOWS)].tolist(),
        "dst": names[chance.integers(0, MEMBERS, FOLLOWS)].tolist(),
        "relation": ["follows"] * FOLLOWS,
    }
    pq.write_table(pa.table(ties), folder / "ties.parquet")
    posts = {
        "post_id": [f"p{number}" for number in range(POSTS)],
        "account_id": names[chance.integers(0, MEMBERS, POSTS)].tolist(),
        "at": pa.array([AT] * POSTS, pa.timestamp("us", tz="UTC")),
        "hashtags": [[f"firecrest{number % 100}"] for number in range(POSTS)],
    }
    pq.write_table(pa.table(posts), folder / "posts.parquet")
    load(place, [folder / f"{name}.parquet" for name in ("accounts", "ties", "posts")])


def _case(database: Database) -> str:
    # Those whose profile reads as a child's get care, so that more are in the network than are limited.
    inside = [f"m{number:05}" for number in range(MEMBERS)]
    inside = [name for number, name in enumerate(inside) if number % 50] + [f"x{n:03}" for n in range(MEMBERS // 50)]
    told = network("net-1", inside)
    scores = [{**one, "probability": 0.9} for one in told.scores]
    with database.transaction(at_shell("own")) as within:
        staff.add(within, "wren", "Wren", [Role.REVIEWER])
        staff.add(within, "finch", "Finch", [Role.SENIOR_REVIEWER])
        opening.open_cases(within, found(1, [replace(told, scores=scores)]), 0.5)
    with database.transaction(WREN) as within:
        taken = queue.take_next(within, 600)
    assert taken is not None
    return taken.case_id


def _line(name: str, what: str, seconds: float) -> Row:
    return name, what, f"{MEMBERS:,}", f"{seconds:.1f}", f"{MEMBERS / seconds:,.0f}"


@contextmanager
def webhook() -> Iterator[str]:
    """A platform that does what it is asked, once a key."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    for _ in range(1_200):  # a new interpreter reads its modules first
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/orders"
    finally:
        process.kill()


def _serve(port: int) -> None:
    uvicorn.run(_Platform(), host="127.0.0.1", port=port, log_level="error", access_log=False)


class _Platform:
    def __init__(self) -> None:
        self.did: set[str] = set()
        self.again = self.forged = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "GET":
            answer: dict[str, object] = {"did": len(self.did), "again": self.again, "forged": self.forged}
        else:
            answer = self.carry_out(dict(scope["headers"]), await _body(receive))
        headers: Sequence[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def carry_out(self, headers: dict[bytes, bytes], body: bytes) -> dict[str, object]:
        wanted = hmac.new(SECRET, headers[b"x-ringfence-timestamp"] + b"." + body, hashlib.sha256).hexdigest()
        key = json.loads(body)["key"]
        self.forged += headers[b"x-ringfence-signature"].decode() != f"v1={wanted}"
        self.again += key in self.did
        self.did.add(key)
        return {"key": key, "outcome": "done"}


async def _body(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


if __name__ == "__main__":
    main()
