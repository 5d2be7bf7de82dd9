"""A plan as a state machine: whatever people do, whoever dies and whatever a target answers, it comes to its end."""

import json
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cases.conftest import Room
from tests.cases.planning import CHILD, SUSPEND, Bench

from ringfence.cases import execution, heads, plan, undo, verify
from ringfence.cases.actions import REVERSIBLE, Action, Direction, Done, Order, Outcome, Refused, Unclear, Unsent
from ringfence.cases.execution import Run
from ringfence.cases.faults import Stale
from ringfence.cases.plan import Phase, Plan
from ringfence.cases.preview import Wish
from ringfence.cases.verify import Verdict
from ringfence.model.faults import Fault

ANSWERS = ("done", "refused", "answer lost", "order lost", "unsent")
BATCH = st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from([None, 1, 2, 99])),
    st.tuples(st.just("batch"), BATCH),
    st.tuples(st.just("batch"), st.just(["done"] * 4)),
    st.tuples(st.sampled_from(["batch", "die"]), BATCH),
    st.tuples(st.just("batch"), st.just(["answer lost"])),
    st.tuples(st.sampled_from(["stop", "undo", "begin undo"]), st.none()),
    st.tuples(st.just("restore"), st.sampled_from(["ant", "bee", "cat", "dog", CHILD])),
)
NUMBERS = count()


class Target:
    """A platform that does each key once, as the protocol asks it to. `did` counts what it really did."""

    def __init__(self) -> None:
        self.did: Counter[str] = Counter()
        self.on: dict[str, Order] = {}
        self.cancelled: set[str] = set()

    def carry_out(self, order: Order) -> Outcome:
        if order.key in self.cancelled:
            return Refused("was taken back before it came")
        if order.key not in self.did:
            self.did[order.key] += 1
            if order.direction is Direction.DO:
                self.on[order.key] = order
            elif self.on.pop(order.undoes, None) is None:
                self.cancelled.add(order.undoes)
        return Done()


class Story:
    """What is done with one plan, step by step."""

    def __init__(self, bench: Bench, wish: Wish = SUSPEND) -> None:
        self.bench, self.target = bench, Target()
        self.made = bench.approved(wish)
        self.run: Run | None = None

    def do(self, step: str, about: Any) -> None:
        bench, plan_id = self.bench, self.made.plan_id
        with suppress(Stale):
            if step == "begin":
                self.run = bench.begin(self.made, through=about)
            elif step == "begin undo":
                with bench.act() as within:
                    self.run = execution.begin_undo(within, plan_id, about)
            elif step == "batch" and self.run:
                self.batch(self.run, about)
            elif step == "die" and self.run:
                self.die(self.run, about)
            elif step in {"stop", "undo", "restore"}:
                with bench.act() as within:
                    self.person(step, about, within)

    def person(self, step: str, about: Any, within: Any) -> None:
        if step == "stop":
            execution.stop(within, self.made.plan_id, "let me look")
        elif step == "undo":
            undo.order(within, self.made.plan_id, "it was wrong")
        else:
            _, found = plan.lock(within, self.made.plan_id)
            undo.restore(within, found, about, "an appeal")

    def batch(self, run: Run, answers: list[str]) -> None:
        with self.bench.act() as within:
            orders = execution.claim(within, run, len(answers)).orders
        outcomes = {one.key: self.answer(one, how) for one, how in zip(orders, answers, strict=False)}
        if outcomes:
            with self.bench.act() as within:
                execution.settle(within, run, outcomes)

    def answer(self, order: Order, how: str) -> Outcome:
        if how == "unsent":
            return Unsent()
        if how == "denied" or (how == "refused" and order.key not in self.target.did):
            return Refused("not today")
        if how == "order lost":
            return Unclear("no answer")
        told = self.target.carry_out(order)
        return Unclear("no answer") if how == "answer lost" else told

    def die(self, run: Run, answers: list[str]) -> None:
        """The process is killed after it has written orders down as sent, and has asked some of them."""
        with self.bench.act() as within:
            orders = execution.claim(within, run, len(answers)).orders
        for one, how in zip(orders, answers, strict=False):
            self.answer(one, how)
        self.run = None
        self.bench.room.clock.later(minutes=4)

    def status(self) -> Plan:
        with self.bench.act() as within:
            return plan.seen(within, self.made.plan_id)

    def end(self, *, back: bool) -> Plan:
        """Bring it to its end with a target that answers."""
        self.bench.room.clock.later(minutes=4)
        if back:
            self.do("undo", None)
        for _ in range(12):
            self.do("begin", 99)
            self.do("begin undo", None)
            if self.run is None:
                break
            for _ in range(20):
                self.do("batch", ["done"] * 4)
            self.run = None
        return self.status()

    def orders(self) -> list[Any]:
        told = "SELECT account_id, action, direction, state, key, asked FROM plan_orders WHERE plan_id = :plan"
        return self.bench.room.run(told, plan=self.made.plan_id)

    def lasting(self) -> tuple[undo.Lasting, ...]:
        with self.bench.act() as within:
            return undo.lasting(within, self.made.plan_id, REVERSIBLE)

    def audit(self) -> list[tuple[str, dict[str, Any]]]:
        told = "SELECT act, detail FROM audit WHERE subject = :plan ORDER BY number"
        return [(act, json.loads(detail)) for act, detail in self.bench.room.run(told, plan=self.made.plan_id)]


@pytest.mark.parametrize("back", [False, True])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12).map(lambda steps: [("begin", 99), *steps]))
def test_whatever_happens_nothing_is_lost_and_nothing_is_done_twice(
    room: Room, steps: list[tuple[str, Any]], *, back: bool
) -> None:
    story = Story(Bench(room, tenant=f"t{next(NUMBERS)}"))
    for step, about in steps:
        story.do(step, about)
    ended = story.end(back=back)
    told = story.orders()
    target = story.target
    assert set(target.did.values()) <= {1}
    assert set(target.did) <= {row.key for row in told}
    assert {row.account_id for row in told} == {"ant", "bee", "cat", "dog", CHILD}
    assert {row.action for row in told if row.account_id == CHILD} == {Action.CARE}
    by = {(row.account_id, row.action, row.direction): row for row in told}
    for row in told:
        if row.direction == Direction.DO:
            undone = by.get((row.account_id, row.action, Direction.UNDO))
            on = row.key in target.on
            # What cannot be taken back is not asked again in a plan that is undone, whatever became of it.
            given_up = (
                row.state in {"sent", "unknown"} and row.action not in REVERSIBLE and ended.status is Phase.UNDONE
            )
            assert row.state not in {"pending", "sent", "unknown"} or undone is not None or given_up
            assert on == (row.state == "done" and undone is None) or row.state == "failed" or undone or given_up
            assert undone is None or (undone.state == "done" and not on)
            assert not given_up or row.account_id in {one.account_id for one in story.lasting()}
    assert ended.status in ({Phase.UNDONE} if back else {Phase.DONE, Phase.UNDONE})
    if ended.status is Phase.UNDONE:
        assert not [one for one in target.on.values() if one.action in REVERSIBLE]
    check_audit(story)


@pytest.mark.parametrize(
    "before",
    [
        [("batch", ["answer lost"])],  # perhaps done
        [("die", ["done"])],  # sent, and nobody wrote down what became of it
        [("batch", ["answer lost"]), ("stop", None), ("begin", 99), ("batch", ["unsent"])],  # done, and not asked again
        [("batch", ["answer lost"]), ("stop", None), ("begin", 99), ("batch", ["denied"])],  # done, and then denied
    ],
)
def test_what_was_perhaps_done_is_taken_back_as_well(room: Room, before: list[tuple[str, Any]]) -> None:
    story = Story(Bench(room))
    for step, about in [("begin", 99), *before]:
        story.do(step, about)
    assert len(story.target.on) == 1
    assert story.end(back=True).status is Phase.UNDONE
    assert not story.target.on


def check_audit(story: Story) -> None:
    """Every order was written down as sent before it was answered, and its last answer is its state."""
    sent: Counter[str] = Counter()
    last: dict[str, str] = {}
    for act, detail in story.audit():
        if act == "orders_sent":
            sent.update(detail["keys"])
        if act == "order_answered":
            assert sent[detail["key"]]
            assert last.get(detail["key"]) != "done"
            last[detail["key"]] = detail["state"]
    assert set(story.target.did) <= set(sent)
    for row in story.orders():
        assert row.asked <= sent[row.key]
        if row.state in {"done", "failed"}:
            assert last[row.key] == row.state


def test_after_it_all_the_audit_is_whole(room: Room) -> None:
    story = Story(Bench(room))
    for step, about in (("begin", None), ("die", ["done", "answer lost"]), ("begin", 99), ("batch", ["done"] * 3)):
        story.do(step, about)
    assert story.end(back=True).status is Phase.UNDONE
    head = heads.read(room.workspace.audit_heads, "own")
    assert head is not None
    with room.database.look() as connection:
        verdict: Verdict = verify.verify(connection, "own", head.key, [head])
    assert not verdict.broken


def test_a_stage_is_done_before_the_next_begins_and_each_waits_for_a_go(room: Room) -> None:
    bench = Bench(room, [f"m{number:02}" for number in range(30)])
    made = bench.approved(Wish((Action.LIMIT,), "why"))
    sizes = []
    for _ in range(3):
        sizes.append(len(bench.whole(bench.begin(made, through=None))))
        with bench.act() as within:
            sizes.append(plan.seen(within, made.plan_id).stopped)  # type: ignore[arg-type]
    assert sizes == [1, "stage 1 is done", 3, "stage 2 is done", 27, ""]


def test_one_who_runs_a_plan_keeps_others_from_it_until_nothing_is_heard(room: Room) -> None:
    story = Story(Bench(room))
    story.do("begin", 99)
    first = story.run
    assert first is not None
    with pytest.raises(Stale, match="is being run"):
        story.bench.begin(story.made, story.bench.gull)
    with story.bench.act() as within:
        orders = execution.claim(within, first, 2).orders
    room.clock.later(minutes=4)
    second = story.bench.begin(story.made, story.bench.gull)
    with story.bench.act() as within, pytest.raises(Stale, match="somebody else"):
        execution.settle(within, first, {one.key: Done() for one in orders})
    again = story.bench.step(second, most=2, who=story.bench.gull)
    assert [one.key for one in again] == [one.key for one in orders]


@pytest.mark.parametrize(("answers", "why"), [(["order lost"] * 4, "one after the other"), (["refused"] * 4, "other")])
def test_too_many_that_go_wrong_stop_it(room: Room, answers: list[str], why: str) -> None:
    story = Story(Bench(room))
    story.do("begin", 99)
    for _ in range(3):
        story.do("batch", answers)
    found = story.status()
    assert found.status is Phase.STOPPED
    assert why in found.stopped
    assert sum(row.asked for row in story.orders()) == 8


def test_a_share_that_goes_wrong_stops_it(room: Room) -> None:
    bench = Bench(room, [f"m{number:02}" for number in range(40)])
    story = Story(bench, Wish((Action.LIMIT,), "why"))
    story.do("begin", 99)
    for _ in range(10):
        story.do("batch", ["done", "done", "done", "order lost"])
    found = story.status()
    assert found.status is Phase.STOPPED
    assert found.stopped == "5 of 20 orders went wrong"


def test_somebody_stops_it_before_its_next_orders_and_says_why(room: Room) -> None:
    story = Story(Bench(room))
    story.do("begin", 99)
    story.do("batch", ["done"])
    with story.bench.act(story.bench.gull) as within, pytest.raises(Fault, match="no reason"):
        execution.stop(within, story.made.plan_id, " ")
    with story.bench.act(story.bench.gull) as within:
        execution.stop(within, story.made.plan_id, "the list looks odd")
    story.do("batch", ["done"])
    assert len(story.target.did) == 1
    assert story.status().stopped == "stopped by gull: the list looks odd"
    assert [act for act, _ in story.audit()].count("plan_stopped") == 1
    assert story.end(back=False).status is Phase.DONE


@pytest.mark.parametrize("outcome", [Refused("no\0" + "x" * 9_000), Unclear("no\0" + "x" * 9_000)])
def test_whatever_a_target_says_can_be_kept(room: Room, outcome: Outcome) -> None:
    bench = Bench(room)
    run = bench.begin(bench.approved(SUSPEND))
    (order,) = bench.step(run, outcome)
    ((why,),) = room.run("SELECT why FROM plan_orders WHERE key = :key", key=order.key)
    assert why.startswith("no xxx")
    assert len(why) == 500


def test_undone_in_reverse_order_and_the_rest_is_named(room: Room) -> None:
    bench = Bench(room)
    made = bench.approved(Wish((Action.SUSPEND, Action.REMOVE_CONTENT, Action.REPORT_TO_AUTHORITY), "why"))
    done = bench.whole(bench.begin(made))
    with bench.act() as within:
        told = undo.order(within, made.plan_id, "it was wrong")
    assert (told.ordered, told.withheld) == (4, 0)
    assert {(one.account_id, one.action) for one in told.lasting} == {
        (one.account_id, one.action) for one in done if one.action is not Action.SUSPEND
    }
    assert all(one.why for one in told.lasting)
    with bench.act() as within:
        run = execution.begin_undo(within, made.plan_id)
    back = bench.whole(run)
    suspended = [one for one in done if one.action is Action.SUSPEND]
    assert [one.undoes for one in back] == [one.key for one in reversed(suspended)]
    with bench.act() as within:
        again = (
            undo.order(within, made.plan_id, "again") if plan.seen(within, made.plan_id).status != "undone" else None
        )
    assert again is None


def test_what_a_platform_cannot_take_back_is_named(room: Room) -> None:
    bench = Bench(room)
    made = bench.approved()
    bench.whole(bench.begin(made))
    with bench.act() as within:
        told = undo.order(within, made.plan_id, "it was wrong", {Action.LIMIT})
    assert told.ordered == 4
    assert {one.action for one in told.lasting} == {Action.SUSPEND, Action.CARE}


def test_an_approved_plan_that_nobody_ran_is_taken_back_at_once(room: Room) -> None:
    bench = Bench(room)
    made = bench.approved()
    with bench.act() as within:
        told = undo.order(within, made.plan_id, "not needed")
        assert (told.ordered, told.withheld, told.lasting) == (0, 9, ())
        assert plan.seen(within, made.plan_id).status is Phase.UNDONE
    assert bench.approved() is not None


@pytest.mark.parametrize("frozen", [True, False])
def test_what_was_never_approved_has_nothing_to_undo(room: Room, *, frozen: bool) -> None:
    bench = Bench(room)
    made = bench.propose()
    if not frozen:
        plan_id = made.plan_id
        room.run("UPDATE plans SET status = 'refused' WHERE plan_id = :plan", plan=plan_id)
    with bench.act() as within, pytest.raises(Stale, match="only what was approved"):
        undo.order(within, made.plan_id, "why")
