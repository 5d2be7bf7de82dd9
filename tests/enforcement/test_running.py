import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import pairwise

import pytest
from tests.cases.conftest import Room
from tests.cases.planning import SUSPEND, Bench
from tests.enforcement.platform import SECRET, SLOW, Platform

from ringfence.cases import execution, plan, staff, undo
from ringfence.cases.actions import REVERSIBLE, Action, Done, Order, Outcome, Unclear
from ringfence.cases.faults import Forbidden, Stale
from ringfence.cases.people import Role, at_shell
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.preview import Wish
from ringfence.enforcement import running
from ringfence.enforcement.enforcer import Enforcer
from ringfence.enforcement.pace import Pace
from ringfence.enforcement.webhook import Patience, WebhookEnforcer

LIMIT = Wish((Action.LIMIT,), "why")
PATIENCE = Patience(SLOW / 3, 1, 50)
MANY = [f"m{number:03}" for number in range(60)]


class Told:
    """An enforcer that asks a function, and counts who asks at once."""

    name, at_once, reversible = "told", 4, REVERSIBLE

    def __init__(self, answer: Callable[[Order], Outcome] = lambda _: Done()) -> None:
        self.answer = answer
        self.asked: list[Order] = []

    def carry_out(self, order: Order) -> Outcome:
        self.asked.append(order)
        return self.answer(order)


def hook(platform: Platform, patience: Patience = PATIENCE, at_once: int = 8) -> WebhookEnforcer:
    return WebhookEnforcer(platform.url, SECRET, patience, at_once)


def slowly(_: Order) -> Outcome:
    time.sleep(0.02)
    return Done()


def start(bench: Bench, made: Plan, enforcer: Enforcer, through: int | None = 99) -> str:
    return running.start(bench.room.database, bench.room.workspace, bench.wren, made.plan_id, enforcer, through)


def seen(bench: Bench, made: Plan) -> Plan:
    with bench.act() as within:
        return plan.seen(within, made.plan_id)


@pytest.fixture
def bench(room: Room) -> Bench:
    room.workspace.config.enforcement.__dict__.update(per_second=2_000.0)
    return Bench(room, MANY)


def test_a_plan_is_carried_out_over_a_webhook_and_undone_in_full(bench: Bench, platform: Platform) -> None:
    made, enforcer = bench.approved(SUSPEND), hook(platform)
    assert start(bench, made, enforcer) == "done"
    told = platform.told()
    assert len(told["on"]) == 121
    assert {one["account_id"] for one in told["on"].values()} == {*MANY, "robin"}
    with bench.act() as within:
        undo.order(within, made.plan_id, "it was wrong", enforcer.reversible)
    ended = running.undo(bench.room.database, bench.wren, made.plan_id, enforcer)
    assert ended == "undone"
    left = platform.told()
    assert [one["action"] for one in left["on"].values()] == ["care"]
    assert set(left["did"].values()) == {1}


def test_a_target_that_misbehaves_is_asked_until_it_is_clear(bench: Bench, platform: Platform) -> None:
    made = bench.approved(LIMIT)
    manners = ["ok", "500", "twice", "ok", "slam", "half", "ok", "500 before", "page", "ok"]
    platform.behave(*manners * 6)
    for _ in range(20):
        if start(bench, made, hook(platform)) == "done":
            break
    told = platform.told()
    assert len(told["on"]) == 61
    assert set(told["did"].values()) == {1}


def test_a_target_that_fails_is_left_alone_within_a_few_orders(bench: Bench) -> None:
    made = bench.approved(LIMIT)
    enforcer = Told(lambda _: Unclear("no answer"))
    assert "one after the other went wrong" in start(bench, made, enforcer)
    assert len(enforcer.asked) <= 5 + enforcer.at_once
    assert seen(bench, made).status is Phase.STOPPED
    well = Told()
    assert start(bench, made, well) == "done"
    assert len({one.key for one in well.asked}) == 61


def test_an_open_breaker_stops_the_run_and_loses_nothing(bench: Bench, platform: Platform) -> None:
    made = bench.approved(LIMIT)
    platform.behave(*["500 before"] * 3)
    ended = start(bench, made, hook(platform, Patience(SLOW / 3, 0, 2, 60.0), at_once=1))
    assert "left alone for a while" in ended
    assert seen(bench, made).status is Phase.STOPPED
    assert start(bench, made, hook(platform)) == "done"
    assert set(platform.told()["did"].values()) == {1}
    assert len(platform.told()["did"]) == 61


def test_a_platform_that_dies_half_way_has_done_each_once_when_it_is_back(bench: Bench, platform: Platform) -> None:
    made = bench.approved(LIMIT)
    platform.behave(*["ok"] * 20, "die")
    assert "went wrong" in start(bench, made, hook(platform))
    platform.start()
    assert start(bench, made, hook(platform)) == "done"
    with bench.act() as within:
        undo.order(within, made.plan_id, "it was wrong")
    platform.behave(*["ok"] * 20, "die")
    assert "went wrong" in running.undo(bench.room.database, bench.wren, made.plan_id, hook(platform))
    platform.start()
    assert running.undo(bench.room.database, bench.wren, made.plan_id, hook(platform)) == "undone"
    told = platform.told()
    assert set(told["did"].values()) == {1}
    assert [one["account_id"] for one in told["on"].values()] == ["robin"]


def test_an_enforcer_that_breaks_tells_nothing_clear(bench: Bench) -> None:
    made = bench.approved(LIMIT)

    def broken(_: Order) -> Outcome:
        raise ZeroDivisionError

    assert "went wrong" in start(bench, made, Told(broken))
    states = Counter(row[0] for row in bench.room.run("SELECT state FROM plan_orders WHERE asked > 0"))
    assert states.keys() == {"unknown"}


def test_a_person_stops_a_run_between_orders(bench: Bench) -> None:
    bench.room.workspace.config.enforcement.__dict__.update(per_second=5.0)
    made = bench.approved(LIMIT)
    told: list[str] = []
    enforcer = Told()
    runner = threading.Thread(target=lambda: told.append(start(bench, made, enforcer)))
    runner.start()
    while len(enforcer.asked) < 3:
        time.sleep(0.01)
    with bench.act(bench.gull) as within:
        execution.stop(within, made.plan_id, "let me look")
    runner.join()
    assert told == ["stopped by gull: let me look"]
    assert len(enforcer.asked) < 30
    assert len({one.key for one in enforcer.asked}) == len(enforcer.asked)


@pytest.mark.parametrize("who", ["wren", "finch"])
def test_a_runner_or_an_approver_demoted_mid_way_stops_the_run(bench: Bench, who: str) -> None:
    bench.room.workspace.config.enforcement.__dict__.update(per_second=20.0)
    made = bench.approved(LIMIT)

    def demote(_: Order) -> Outcome:
        if len(enforcer.asked) == 3:
            with bench.room.database.transaction(at_shell("own")) as within:
                staff.set_roles(within, who, [Role.VIEWER])
        return Done()

    enforcer = Told(demote)
    if who == "wren":
        with pytest.raises(Forbidden):
            start(bench, made, enforcer)
    else:
        assert "finch, who approved it, may not approve plans" in start(bench, made, enforcer)
    assert 3 <= len(enforcer.asked) <= 40
    assert seen(bench, made).status is Phase.STOPPED
    states = {row[0] for row in bench.room.run("SELECT state FROM plan_orders")}
    assert states == {"done", "pending"}


def test_two_runs_at_once_are_one(bench: Bench) -> None:
    made, told = bench.approved(LIMIT), []
    enforcer, gate = Told(slowly), threading.Barrier(2)

    def run() -> None:
        gate.wait()
        try:
            told.append(start(bench, made, enforcer))
        except Stale as fault:
            told.append(fault.what)

    workers = [threading.Thread(target=run) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert "done" in told
    assert len(enforcer.asked) == len({one.key for one in enforcer.asked}) == 61


def test_somebody_at_the_keyboard_breaks_off_and_what_was_sent_is_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench.approved(LIMIT)
    enforcer = Told(slowly)
    result: Callable[[Future[Outcome]], Outcome] = Future.result
    calls: list[None] = []

    def interrupted(self: Future[Outcome]) -> Outcome:
        calls.append(None)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return result(self)

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(bench, made, enforcer)
    monkeypatch.undo()
    assert seen(bench, made).status is Phase.STOPPED
    states = Counter(row[0] for row in bench.room.run("SELECT state FROM plan_orders"))
    assert states["done"] == len(enforcer.asked) < 61
    assert states.keys() == {"done", "pending"}
    assert start(bench, made, enforcer) == "done"


def test_orders_are_sent_no_faster_than_the_plan_allows() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(10.0, lambda: now[0], sleep)
    at: list[float] = []
    for pause in (0.0, 0.0, 0.5, 0.0, 0.0):
        now[0] += pause
        pace.wait()
        at.append(now[0])
    gaps: Sequence[float] = [after - before for before, after in pairwise(at)]
    assert min(gaps) >= 0.1 - 1e-9
    assert sum(slept) == pytest.approx(0.2 + 0.1)
