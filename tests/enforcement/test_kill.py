"""The process is killed at every step of a plan and of its undo: nothing is lost, and nothing is done twice."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.cases.conftest import Room
from tests.cases.planning import Bench
from tests.enforcement.platform import SECRET, SLOW, Platform
from tests.processes import PROCESSES

from ringfence.cases import heads, plan, undo, verify
from ringfence.cases.actions import Action, Order, Outcome
from ringfence.cases.audit import Head
from ringfence.cases.database import Database
from ringfence.cases.faults import Stale
from ringfence.cases.people import Person
from ringfence.cases.plan import Phase
from ringfence.cases.preview import Wish
from ringfence.cases.transaction import Transaction
from ringfence.enforcement import running
from ringfence.enforcement.webhook import Patience, WebhookEnforcer
from ringfence.store.workspace import Workspace

MEMBERS = ("ant", "bee")
LIMIT = Wish((Action.LIMIT,), "why")
KILLED = 9


class Steps:
    """Counts the moments at which a process can die, and dies at one of them."""

    def __init__(self, last: int) -> None:
        self.last, self.past = last, 0

    def here(self) -> None:
        self.past += 1
        if self.past == self.last:
            os._exit(KILLED)


class Dying(WebhookEnforcer):
    """A webhook whose process may die before an order is sent, and after it was answered."""

    steps: Steps

    def carry_out(self, order: Order) -> Outcome:
        self.steps.here()
        told = super().carry_out(order)
        self.steps.here()
        return told


def life(path: Path, tenant: str, plan_id: str, url: str, at: datetime, last: int, told: Any) -> None:
    """One life of the process that runs a plan: carry it out, have it undone, carry that out, as far as it gets."""
    steps = Steps(last)
    workspace = Workspace.open(path)
    database = Database.open(workspace, lambda _: at)
    sa.event.listen(database.engine, "commit", lambda _: steps.here())
    keep = heads.keep

    def kept(folder: Path, head: Head) -> None:
        steps.here()
        keep(folder, head)

    heads.keep = kept
    person = Person("wren", tenant, "wren", frozenset())
    enforcer = Dying(url, SECRET, Patience(SLOW, 1, 50, 1.0), at_once=1)
    enforcer.steps = steps
    with _as(database, person) as within:
        status = plan.seen(within, plan_id).status
    if status in {Phase.APPROVED, Phase.STOPPED, Phase.RUNNING}:
        running.start(database, workspace, person, plan_id, enforcer, 99)
        status = Phase.DONE
    if status is Phase.DONE:
        with _as(database, person) as within:
            undo.order(within, plan_id, "it was wrong", enforcer.reversible)
    try:
        running.undo(database, person, plan_id, enforcer)
    except Stale as fault:
        assert "nothing to undo" in fault.what  # noqa: PT017
    told.send(steps.past)


@contextmanager
def _as(database: Database, person: Person) -> Iterator[Transaction]:
    with database.transaction(person) as within:
        yield within


class Lives:
    """Lives of processes on one plan, each some minutes after the one before."""

    def __init__(self, bench: Bench, platform: Platform) -> None:
        self.bench, self.platform = bench, platform
        self.made = bench.approved(LIMIT)
        self.at = bench.room.clock.now

    def live(self, last: int = 0) -> int | None:
        """How many steps a life had, None where it was killed."""
        here, there = PROCESSES.Pipe()
        self.at += timedelta(minutes=4)
        room = self.bench.room
        given = (room.workspace.path, self.bench.tenant, self.made.plan_id, self.platform.url, self.at, last, there)
        process = PROCESSES.Process(target=life, args=given)
        process.start()
        process.join()
        assert process.exitcode in {0, KILLED}
        return int(here.recv()) if process.exitcode == 0 else None

    def orders(self) -> list[Any]:
        told = "SELECT account_id, direction, state, key FROM plan_orders WHERE plan_id = :plan"
        return self.bench.room.run(told, plan=self.made.plan_id)

    def audit(self) -> list[tuple[str, dict[str, Any]]]:
        told = "SELECT act, detail FROM audit WHERE subject = :plan ORDER BY number"
        return [(act, json.loads(detail)) for act, detail in self.bench.room.run(told, plan=self.made.plan_id)]


def check(lives: Lives) -> None:
    """All was done once and taken back once, and the audit tells of it."""
    told, rows = lives.platform.told(), lives.orders()
    keys = {row.key for row in rows}
    assert {row.state for row in rows} == {"done"}
    assert Counter((row.account_id, row.direction) for row in rows) == {
        **{(one, way): 1 for one in MEMBERS for way in ("do", "undo")},
        ("robin", "do"): 1,
    }
    assert all(told["did"].get(key) == 1 for key in keys)
    assert [one["account_id"] for key, one in told["on"].items() if key in keys] == ["robin"]
    assert told["forged"] == 0
    sent, done = Counter[str](), Counter[str]()
    for act, detail in lives.audit():
        if act == "orders_sent":
            sent.update(detail["keys"])
        if act == "order_answered":
            assert sent[detail["key"]] > done[detail["key"]]
            done[detail["key"]] += detail["state"] == "done"
    assert set(sent) == keys
    assert set(done.values()) == {1}
    asked = Counter({key: many for key, many in told["asked"].items() if key in keys})
    assert not asked - sent  # nothing was asked that was not written down before


@pytest.mark.parametrize("part", range(4))
def test_killed_at_every_step_nothing_is_lost_or_done_twice(room: Room, platform: Platform, part: int) -> None:
    numbers, sqlite = count(1), not room.workspace.config.cases.database
    whole = Lives(Bench(room, MEMBERS, tenant=f"t{part}-0"), platform)
    steps = whole.live()
    assert steps is not None
    check(whole)
    for last in range(1 + part, steps + 1, 4 if sqlite else 12):  # all four parts are every step, or every third
        lives = Lives(Bench(room, MEMBERS, tenant=f"t{part}-{next(numbers)}"), platform)
        assert lives.live(last) is None
        assert lives.live() is not None
        check(lives)
        head = heads.read(room.workspace.audit_heads, lives.bench.tenant)
        assert head is not None
        with room.database.look() as connection:
            verdict = verify.verify(connection, lives.bench.tenant, head.key, [head])
        assert not verdict.broken


def test_killed_at_step_after_step_of_life_after_life_it_still_ends(room: Room, platform: Platform) -> None:
    lives = Lives(Bench(room, MEMBERS), platform)
    for last in count(3):
        if lives.live(last) is not None:
            break
        assert last < 80
    check(lives)
