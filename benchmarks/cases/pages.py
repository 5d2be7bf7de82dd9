"""How fast is a queue of 100,000 cases read and taken from, on PostgreSQL and on SQLite?

    python -m benchmarks.cases.pages

Every act is whole: roles read anew, the page or the case fetched, the audit row written and synced. Pages are of 50
cases, each the one after the page before. Writes benchmarks/results/cases-queue.md.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa
from benchmarks.cases import places
from benchmarks.cases.places import Row
from tests.postgresql import Postgresql

from ringfence.cases import cases, queue, staff
from ringfence.cases.cases import Kind, Status
from ringfence.cases.database import Database
from ringfence.cases.people import Person, Role, at_shell
from ringfence.cases.priority import Harm, priority
from ringfence.cases.queue import Order, Wanted
from ringfence.cases.tables import CASES
from ringfence.demo import tables

RESULT = places.RESULTS / "cases-queue.md"
CASES_IN_ALL, TIMES, SHARE_LEASED = 100_000, 200, 0.01
HEAD = ("database", "what", "times", "median ms", "p95 ms", "worst ms")


def main() -> None:
    with places.server() as server:
        rows = [row for name in places.NAMES for row in measured(name, server)]
    held = f"One reviewer, {SHARE_LEASED:.0%} of the cases held by others, every commit synced to the disk."
    lines = [f"# A queue of {CASES_IN_ALL:,} cases", "", f"{held} {places.versions()}", "", *tables.table(HEAD, rows)]
    tables.write(RESULT, lines, "python -m benchmarks.cases.pages")


def measured(name: str, server: Postgresql) -> Iterator[Row]:
    with places.place(name, server) as workspace, closing(Database.open(workspace)) as database:
        with database.transaction(at_shell("own")) as within:
            reviewer = staff.add(within, "wren", "Wren", [Role.REVIEWER])
        fill(database)
        for order in Order:
            yield _line(name, f"a page by {order}", list(pages(database, reviewer, order)))
        yield _line(name, "take the next", [timed(lambda: taken(database, reviewer)) for _ in range(TIMES)])


def fill(database: Database) -> None:
    chance = random.Random(7)
    with database.transaction(at_shell("own")) as within:
        for start in range(0, CASES_IN_ALL, 5_000):
            rows = [_case(chance, number, within.at) for number in range(start, start + 5_000)]
            within.connection.execute(sa.insert(CASES), rows)
    with database.look() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))


def _case(chance: random.Random, number: int, at: datetime) -> dict[str, object]:
    harm = Harm(None, chance.randrange(100_000), chance.randrange(1_000), chance.randrange(3), chance.random(), 1.0)
    made = priority(harm)
    leased = chance.random() < SHARE_LEASED
    about = {"harm": harm.kept(), "terms": ["firecrest", "kittiwake"], "audience": 100, "reach": 120}
    return {
        "tenant": "own", "case_id": cases.new_id(), "kind": Kind.NETWORK, "network_id": f"net-{number}",
        "status": Status.OPEN, "opened_at": at - timedelta(seconds=number), "updated_at": at, "run_id": "run-1",
        "urgent": chance.random() < 0.001, "priority": made.total, "urgency": made.urgency, "parts": dict(made.parts),
        "about": about, "size": 50, "facts": "0" * 64, "lease_by": "finch" if leased else None,
        "lease_until": at + timedelta(days=1) if leased else None,
    }  # fmt: skip


def pages(database: Database, reviewer: Person, order: Order) -> Iterator[float]:
    after: str | None = None
    for _ in range(TIMES):
        began = time.perf_counter()
        with database.transaction(reviewer) as within:
            page = queue.page(within, Wanted(order), after)
        yield time.perf_counter() - began
        after = page.cases[-1].case_id


def taken(database: Database, reviewer: Person) -> None:
    with database.transaction(reviewer) as within:
        assert queue.take_next(within, 30)


def timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _line(name: str, what: str, seconds: Sequence[float]) -> Row:
    middle, late = np.quantile(seconds, [0.5, 0.95]) * 1e3
    return name, what, str(len(seconds)), f"{middle:.1f}", f"{late:.1f}", f"{max(seconds) * 1e3:.1f}"


if __name__ == "__main__":
    main()
